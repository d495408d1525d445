export interface TcpOptions {
  mss: number | null
  windowScale: number | null
  sackPermitted: boolean
  timestamps: { value: number; echo: number } | null
  sack: [left: number, right: number][]
}

const END = 0
const NOP = 1

export function parseOptions(bytes: Uint8Array): TcpOptions {
  const options: TcpOptions = {
    mss: null,
    windowScale: null,
    sackPermitted: false,
    timestamps: null,
    sack: [],
  }
  let at = 0
  while (at < bytes.length && bytes[at] !== END) {
    if (bytes[at] === NOP) {
      at++
      continue
    }
    const length = bytes[at + 1] ?? 0
    if (length < 2 || at + length > bytes.length) break
    readOption(options, bytes[at], bytes.subarray(at + 2, at + length))
    at += length
  }
  return options
}

function readOption(options: TcpOptions, kind: number, data: Uint8Array): void {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  const { length } = data
  if (kind === 2 && length === 2) options.mss = view.getUint16(0, true)
  else if (kind === 3 && length === 1) options.windowScale = data[0]
  else if (kind === 4 && length === 0) options.sackPermitted = true
  else if (kind === 8 && length === 8) {
    options.timestamps = { value: view.getUint32(0), echo: view.getUint32(4) }
  } else if (kind === 5 && length % 8 === 0) {
    for (let at = 0; at < length; at += 8) options.sack.push([view.getUint32(at), view.getUint32(at + 4)])
  }
}
