/**
 * An IPv4 or IPv6 address as four int32 words, IPv4 in its mapped form ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2), so
 * that one comparison serves both. Immutable; text is made and read in `address-text.ts` only.
 */
export class IpAddress {
  readonly a0: number
  readonly a1: number
  readonly a2: number
  readonly a3: number
  /** The interface index a link-local address belongs to (RFC 4007), 0 for none. */
  readonly zone: number

  constructor(a0: number, a1: number, a2: number, a3: number, zone = 0) {
    this.a0 = a0 | 0
    this.a1 = a1 | 0
    this.a2 = a2 | 0
    this.a3 = a3 | 0
    this.zone = zone
  }

  /** @param word the address in network order, e.g. 0x7f000001 for 127.0.0.1 */
  static v4(word: number): IpAddress {
    return new IpAddress(0, 0, V4_MAPPED, word)
  }

  /** Reads 4 or 16 bytes in network order. */
  static fromBytes(bytes: Uint8Array): IpAddress {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    if (bytes.length === 4) return IpAddress.v4(view.getInt32(0))
    return new IpAddress(view.getInt32(0), view.getInt32(4), view.getInt32(8), view.getInt32(12))
  }

  get isV4(): boolean {
    return this.a2 === V4_MAPPED && this.a1 === 0 && this.a0 === 0
  }

  get family(): 4 | 6 {
    return this.isV4 ? 4 : 6
  }

  /** 0.0.0.0 or :: */
  get isUnspecified(): boolean {
    return this.a3 === 0 && this.a1 === 0 && this.a0 === 0 && (this.a2 === 0 || this.a2 === V4_MAPPED)
  }

  /** 127.0.0.0/8 or ::1 */
  get isLoopback(): boolean {
    if (this.isV4) return this.a3 >>> 24 === 127
    return this.a3 === 1 && this.a2 === 0 && this.a1 === 0 && this.a0 === 0
  }

  /** 224.0.0.0/4 or ff00::/8 */
  get isMulticast(): boolean {
    return this.isV4 ? this.a3 >>> 28 === 14 : this.a0 >>> 24 === 0xff
  }

  /** 169.254.0.0/16 or fe80::/10 */
  get isLinkLocal(): boolean {
    return this.isV4 ? this.a3 >>> 16 === 0xa9fe : (this.a0 & 0xffc00000) === (0xfe800000 | 0)
  }

  /** 255.255.255.255 */
  get isLimitedBroadcast(): boolean {
    return this.isV4 && this.a3 === -1
  }

  /** Same address; the zone does not count. */
  equals(other: IpAddress): boolean {
    return this.hasWords(other.a0, other.a1, other.a2, other.a3)
  }

  /** Whether it is the address with these words, as packets have them; the last one differs most often. */
  hasWords(a0: number, a1: number, a2: number, a3: number): boolean {
    return this.a3 === a3 && this.a2 === a2 && this.a1 === a1 && this.a0 === a0
  }

  /** Whether the first `length` bits agree; for IPv4, bits of the 32-bit form. */
  matches(prefix: IpAddress, length: number): boolean {
    const bits = prefix.isV4 ? length + 96 : length
    return (
      wordMatches(this.a0, prefix.a0, bits) &&
      wordMatches(this.a1, prefix.a1, bits - 32) &&
      wordMatches(this.a2, prefix.a2, bits - 64) &&
      wordMatches(this.a3, prefix.a3, bits - 96)
    )
  }

  withZone(zone: number): IpAddress {
    return new IpAddress(this.a0, this.a1, this.a2, this.a3, zone)
  }

  /** 4 bytes for IPv4, 16 for IPv6, in network order. */
  toBytes(): Uint8Array {
    const bytes = new Uint8Array(this.isV4 ? 4 : 16)
    const view = new DataView(bytes.buffer)
    if (this.isV4) {
      view.setInt32(0, this.a3)
      return bytes
    }
    view.setInt32(0, this.a0)
    view.setInt32(4, this.a1)
    view.setInt32(8, this.a2)
    view.setInt32(12, this.a3)
    return bytes
  }
}

/** The third word of an IPv4-mapped address. */
export const V4_MAPPED = 0xffff

export const ANY_V4 = IpAddress.v4(0)
export const ANY_V6 = new IpAddress(0, 0, 0, 0)
export const LOOPBACK_V4 = IpAddress.v4(0x7f000001)
export const LOOPBACK_V6 = new IpAddress(0, 0, 0, 1)
export const BROADCAST_V4 = IpAddress.v4(0xffffffff)

/** The first `bits` bits of a word set: 0 or less gives none, 32 or more all. */
export function prefixMask(bits: number): number {
  if (bits <= 0) return 0
  return bits >= 32 ? -1 : (-1 << (32 - bits)) | 0
}

function wordMatches(a: number, b: number, bits: number): boolean {
  return ((a ^ b) & prefixMask(bits)) === 0
}
