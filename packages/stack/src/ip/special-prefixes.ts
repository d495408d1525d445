import type { IpAddress } from './address.ts'

/** What a special-purpose prefix may be used for (RFC 6890 section 2.2.2). */
export interface SpecialPrefix {
  readonly name: string
  /** The first address as a word, and the number of leading bits that count. */
  readonly word: number
  readonly bits: number
  /** May be the source of a packet on a wire. */
  readonly source: boolean
  /** May be the destination of a packet on a wire. */
  readonly destination: boolean
  /** A router may pass it on. */
  readonly forwardable: boolean
  /** Has a meaning beyond one administration. */
  readonly global: boolean
}

function prefix(name: string, word: number, bits: number, flags: string): SpecialPrefix {
  return {
    name,
    word: word | 0,
    bits,
    source: flags.includes('s'),
    destination: flags.includes('d'),
    forwardable: flags.includes('f'),
    global: flags.includes('g'),
  }
}

/** The registry of RFC 6890, in one table (MART-01); flags: Source, Destination, Forwardable, Global. */
const SPECIAL_PREFIXES_V4: readonly SpecialPrefix[] = [
  prefix('limited broadcast', 0xffffffff, 32, 'd'),
  prefix('this network', 0x00000000, 8, 's'),
  prefix('private use', 0x0a000000, 8, 'sdf'),
  prefix('shared address space', 0x64400000, 10, 'sdf'),
  prefix('loopback', 0x7f000000, 8, ''),
  prefix('link local', 0xa9fe0000, 16, 'sd'),
  prefix('private use', 0xac100000, 12, 'sdf'),
  prefix('IETF protocol assignments', 0xc0000000, 24, 'sdf'),
  prefix('documentation', 0xc0000200, 24, 'sdf'),
  prefix('6to4 relay anycast', 0xc0586300, 24, 'sdfg'),
  prefix('private use', 0xc0a80000, 16, 'sdf'),
  prefix('benchmarking', 0xc6120000, 15, 'sdf'),
  prefix('documentation', 0xc6336400, 24, 'sdf'),
  prefix('documentation', 0xcb007100, 24, 'sdf'),
  prefix('multicast', 0xe0000000, 4, 'd'),
  prefix('reserved', 0xf0000000, 4, ''),
]

/** The entry a word falls into, or null: an ordinary global address. For edges; the hot path tests bits directly. */
export function specialPrefixV4(word: number): SpecialPrefix | null {
  for (const entry of SPECIAL_PREFIXES_V4) {
    if (((word ^ entry.word) & maskOf(entry.bits)) === 0) return entry
  }
  return null
}

function maskOf(bits: number): number {
  return bits === 0 ? 0 : (-1 << (32 - bits)) | 0
}

/**
 * A source that no packet from a wire can have: 127/8, multicast, 240/4 and the limited broadcast (IP-06); 0/8 is
 * judged by the caller, because a host that is only starting sends from 0.0.0.0.
 */
export function isMartianSourceV4(word: number): boolean {
  // 224/3 holds multicast, reserved and broadcast in one comparison.
  return word >>> 29 === 7 || word >>> 24 === 127
}

/** A destination nothing on a wire can have: 0/8, 127/8, 240/4 except the limited broadcast. */
export function isMartianDestinationV4(word: number): boolean {
  const top = word >>> 24
  return top === 127 || top === 0 || (word >>> 28 === 15 && word !== -1)
}

/** Unicast as far as the bits tell: what a host may be told to use as its own or a peer's address. */
export function isUnicast(address: IpAddress): boolean {
  if (address.isUnspecified || address.isMulticast) return false
  return !(address.isV4 && address.a3 >>> 28 === 15)
}
