export interface EthernetFrame {
  readonly destination: string
  readonly source: string
  readonly type: number
  readonly payload: Uint8Array
}

export function readEthernet(frame: Uint8Array): EthernetFrame | null {
  // Where in the frame is each of these?
  return { destination: '', source: '', type: 0, payload: frame }
}
