/** Where the layers of a packet lie in its bytes, as far as it tells. */
export interface Layout {
  /** Where IP starts: 0, or behind an Ethernet header. */
  readonly ip: number
  /** 4 or 6; 0 for neither. */
  readonly version: number
  /** The transport's protocol number, or that of the last extension header that could be followed. */
  readonly protocol: number
  /** Where the transport starts; -1 where there is none, as in a fragment. */
  readonly upper: number
  /** Where it ends by IP's own length, as far as that is inside the bytes. */
  readonly upperEnd: number
}

const NONE = { version: 0, protocol: 0, upper: -1, upperEnd: -1 }

/** Follows the headers without trusting them. @param ip where IP starts */
export function layoutOf(bytes: Uint8Array, ip: number): Layout {
  const version = ip < bytes.length ? bytes[ip] >>> 4 : 0
  if (version === 4 && bytes.length - ip >= 20) return layout4(bytes, ip)
  if (version === 6 && bytes.length - ip >= 40) return layout6(bytes, ip)
  return { ...NONE, ip }
}

function layout4(bytes: Uint8Array, ip: number): Layout {
  const headerLength = (bytes[ip] & 15) * 4
  const protocol = bytes[ip + 9]
  const upperEnd = Math.min(bytes.length, ip + word(bytes, ip + 2))
  const whole = (word(bytes, ip + 6) & 0x3fff) === 0 && headerLength >= 20 && ip + headerLength <= upperEnd
  return { ip, version: 4, protocol, upper: whole ? ip + headerLength : -1, upperEnd }
}

function layout6(bytes: Uint8Array, ip: number): Layout {
  const upperEnd = Math.min(bytes.length, ip + 40 + word(bytes, ip + 4))
  let protocol = bytes[ip + 6]
  let at = ip + 40
  for (let i = 0; i < 8 && (protocol === 0 || protocol === 43 || protocol === 60); i++) {
    if (at + 8 > upperEnd) return { ip, version: 6, protocol, upper: -1, upperEnd }
    protocol = bytes[at]
    at += (bytes[at + 1] + 1) * 8
  }
  return { ip, version: 6, protocol, upper: protocol !== 44 && at <= upperEnd ? at : -1, upperEnd }
}

export function word(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1]
}

export function putWord(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8
  bytes[at + 1] = value
}

export function double(bytes: Uint8Array, at: number): number {
  return ((word(bytes, at) << 16) | word(bytes, at + 2)) >>> 0
}

export function putDouble(bytes: Uint8Array, at: number, value: number): void {
  putWord(bytes, at, value >>> 16)
  putWord(bytes, at + 2, value)
}
