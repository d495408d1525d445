export interface EthernetFrame {
  readonly destination: string
  readonly source: string
  readonly type: number
  readonly payload: Uint8Array
}

const HEADER = 12

export function readEthernet(frame: Uint8Array): EthernetFrame | null {
  if (frame.length < 14) return null
  return {
    destination: macText(frame.subarray(0, 6)),
    source: macText(frame.subarray(6, 12)),
    type: (frame[12] << 8) | frame[13],
    payload: frame.subarray(HEADER),
  }
}

function macText(mac: Uint8Array): string {
  return Array.from(mac, (byte) => byte.toString(16).padStart(2, '0')).join(':')
}
