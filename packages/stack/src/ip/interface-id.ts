import type { Random } from '../core/random.ts'
import { HalfSipHash } from '../core/siphash.ts'
import { IpAddress } from './address.ts'

/** Four int32 words that make interface identifiers stable over restarts, and unpredictable for everybody else. */
export type StableSecret = readonly [number, number, number, number]

export function randomSecret(random: Random): StableSecret {
  return [random.uint32(), random.uint32(), random.uint32(), random.uint32()]
}

/** DAD conflicts after which forming a link-local address is given up: IDGEN_RETRIES of RFC 7217 section 5. */
export const IID_RETRIES = 3

/**
 * A stable, opaque link-local address (RFC 7217 section 5; SL-10): F(prefix, interface, DAD counter, secret) with
 * HalfSipHash as F, once per half, so that all 128 bits of the secret count. Never made from the MAC alone (SL-12).
 * @param name of the interface, the "Net_Iface" of the RFC
 */
export function stableLinkLocal(
  secret: StableSecret,
  name: string,
  mac: Uint8Array | null,
  dadCounter: number,
): IpAddress {
  for (let attempt = dadCounter; ; attempt += IID_RETRIES + 1) {
    const high = hash(secret[0], secret[1], name, mac, attempt)
    const low = hash(secret[2], secret[3], name, mac, attempt)
    if (!isReserved(high, low)) return new IpAddress(0xfe800000, 0, high, low)
  }
}

function hash(k0: number, k1: number, name: string, mac: Uint8Array | null, counter: number): number {
  const state = new HalfSipHash({ k0, k1 })
    .start()
    .word(0xfe800000 | 0)
    .word(0)
  for (let i = 0; i < name.length; i++) state.word(name.charCodeAt(i))
  if (mac !== null) for (const byte of mac) state.word(byte)
  return state.word(counter).end()
}

/** RFC 5453: the subnet-router anycast, and the reserved anycast block fdff:ffff:ffff:ff80 and up. */
function isReserved(high: number, low: number): boolean {
  if (high === 0 && low === 0) return true
  return high === (0xfdffffff | 0) && low >>> 0 >= 0xffffff80
}
