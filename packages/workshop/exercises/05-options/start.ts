export interface TcpOptions {
  /** Maximum segment size in bytes. */
  mss: number | null
  /** The shift, 0 to 14. */
  windowScale: number | null
  sackPermitted: boolean
  timestamps: { value: number; echo: number } | null
  /** Left and right edge of each block. */
  sack: [left: number, right: number][]
}

export function parseOptions(bytes: Uint8Array): TcpOptions {
  console.log('the first option is of kind', bytes[0])
  return { mss: null, windowScale: null, sackPermitted: false, timestamps: null, sack: [] }
}
