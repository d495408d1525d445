import { checksumPlace } from './checksums.ts'
import { type Layout, layoutOf, putWord, word } from './layout.ts'

const TCP = 6
const UDP = 17

/**
 * Ways in which a packet can say something of itself that is not so. Each changes the bytes it is given, by a value from 0 to
 * 65,535, and leaves them alone where it does not apply. None puts checksums right: `mendChecksums` does.
 */
const IN_PLACE = {
  /** The transport's checksum is off. */
  checksum(bytes: Uint8Array, { upper, protocol }: Layout, value: number): void {
    const place = checksumPlace(protocol)
    if (upper >= 0 && place >= 0 && upper + place + 2 <= bytes.length) putWord(bytes, upper + place, value)
  },
  headerChecksum(bytes: Uint8Array, { ip, version }: Layout, value: number): void {
    if (version === 4) putWord(bytes, ip + 10, value)
  },
  /** IPv4's total length, or IPv6's payload length. */
  totalLength(bytes: Uint8Array, { ip, version }: Layout, value: number): void {
    if (version !== 0)
      putWord(bytes, ip + (version === 4 ? 2 : 4), nearly(word(bytes, ip + (version === 4 ? 2 : 4)), value))
  },
  headerLength(bytes: Uint8Array, { ip, version }: Layout, value: number): void {
    if (version === 4) bytes[ip] = 0x40 | (value & 15)
  },
  version(bytes: Uint8Array, { ip }: Layout, value: number): void {
    if (ip < bytes.length) bytes[ip] = ((value & 15) << 4) | (bytes[ip] & 15)
  },
  /** The packet says that it is a piece of a larger one, or which. */
  fragment(bytes: Uint8Array, { ip, version }: Layout, value: number): void {
    if (version === 4) putWord(bytes, ip + 6, value)
    else if (version === 6 && bytes[ip + 6] === 44 && bytes.length >= ip + 48) putWord(bytes, ip + 42, value)
  },
  nextHeader(bytes: Uint8Array, { ip, version }: Layout, value: number): void {
    if (version !== 0) bytes[ip + (version === 4 ? 9 : 6)] = value
  },
  /** The length of the first extension header, in units of 8 bytes. */
  extensionLength(bytes: Uint8Array, { ip, version }: Layout, value: number): void {
    if (version === 6 && bytes.length > ip + 41) bytes[ip + 41] = value % 8
  },
  hopLimit(bytes: Uint8Array, { ip, version }: Layout, value: number): void {
    if (version !== 0) bytes[ip + (version === 4 ? 8 : 7)] = value % 3
  },
  /** TCP's data offset, or UDP's length. */
  upperLength(bytes: Uint8Array, { upper, upperEnd, protocol }: Layout, value: number): void {
    if (protocol === TCP && upper >= 0 && upperEnd - upper >= 20) bytes[upper + 12] = value
    if (protocol === UDP && upper >= 0 && upperEnd - upper >= 8)
      putWord(bytes, upper + 4, nearly(upperEnd - upper, value))
  },
  /** The length byte of one of TCP's options, wherever one might be. */
  optionLength(bytes: Uint8Array, { upper, upperEnd, protocol }: Layout, value: number): void {
    if (protocol !== TCP || upper < 0 || upperEnd - upper < 22) return
    const room = Math.min(upperEnd - upper - 20, 40)
    bytes[upper + 20 + ((value >>> 8) % room)] = value & 63
  },
} as const

export type Lie = keyof typeof IN_PLACE

/** The names of all lies. */
export const LIES = Object.keys(IN_PLACE) as readonly Lie[]

/** @returns a copy of the packet that lies. @param ip where IP starts @param value what it says, 0 to 65,535 */
export function lie(bytes: Uint8Array, ip: number, what: Lie, value: number): Uint8Array {
  const copy = bytes.slice()
  IN_PLACE[what](copy, layoutOf(copy, ip), value)
  return copy
}

/** Half of all wrong lengths are wrong by a little. */
function nearly(truth: number, value: number): number {
  return value < 0x8000 ? (truth + (value % 33) - 16) & 0xffff : (value - 0x8000) * 2
}
