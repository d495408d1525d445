import { IpAddress } from './address.ts'
import { AddressState, type InterfaceAddress } from './link-port.ts'

/** One line of the policy table of RFC 6724 section 2.1. */
interface Policy {
  readonly prefix: IpAddress
  readonly length: number
  readonly precedence: number
  readonly label: number
}

function policy(
  a0: number,
  a1: number,
  a2: number,
  a3: number,
  length: number,
  precedence: number,
  label: number,
) {
  return { prefix: new IpAddress(a0, a1, a2, a3), length, precedence, label }
}

/** The default table (SEL-03), longest prefix first. */
const POLICIES: readonly Policy[] = [
  policy(0, 0, 0, 1, 128, 50, 0),
  policy(0, 0, 0xffff, 0, 96, 35, 4),
  policy(0, 0, 0, 0, 96, 1, 3),
  policy(0x20010000, 0, 0, 0, 32, 5, 5),
  policy(0x20020000, 0, 0, 0, 16, 30, 2),
  policy(0x3ffe0000, 0, 0, 0, 16, 1, 12),
  policy(0xfec00000, 0, 0, 0, 10, 1, 11),
  policy(0xfc000000, 0, 0, 0, 7, 3, 13),
  policy(0, 0, 0, 0, 0, 40, 1),
]

function policyOf(address: IpAddress): Policy {
  for (const entry of POLICIES) {
    if (commonPrefixLength(address, entry.prefix) >= entry.length) return entry
  }
  return POLICIES[POLICIES.length - 1]
}

export function labelOf(address: IpAddress): number {
  return policyOf(address).label
}

export function precedenceOf(address: IpAddress): number {
  return policyOf(address).precedence
}

/** Multicast scopes of RFC 4291 section 2.7; unicast ones mapped to them (RFC 6724 section 3.1). */
export function scopeOf(address: IpAddress): number {
  if (address.isV4) {
    // SEL-05: 127/8 and 169.254/16 are link-local, everything else global, RFC 1918 too.
    return address.isLoopback || address.isLinkLocal ? LINK_SCOPE : GLOBAL_SCOPE
  }
  if (address.isMulticast) return (address.a0 >>> 16) & 15
  if (address.isLoopback || address.isLinkLocal) return LINK_SCOPE
  if ((address.a0 & 0xffc00000) === (0xfec00000 | 0)) return SITE_SCOPE
  return GLOBAL_SCOPE
}

const LINK_SCOPE = 2
const SITE_SCOPE = 5
const GLOBAL_SCOPE = 14

/** How many leading bits of the 128 two addresses share; IPv4 in its mapped form. */
export function commonPrefixLength(a: IpAddress, b: IpAddress): number {
  let differs = a.a0 ^ b.a0
  if (differs !== 0) return Math.clz32(differs)
  differs = a.a1 ^ b.a1
  if (differs !== 0) return 32 + Math.clz32(differs)
  differs = a.a2 ^ b.a2
  if (differs !== 0) return 64 + Math.clz32(differs)
  differs = a.a3 ^ b.a3
  return differs === 0 ? 128 : 96 + Math.clz32(differs)
}

/**
 * The source to use towards `remote`, out of the outgoing interface's addresses (SEL-01, SEL-04): RFC 6724 section 5,
 * rules 1, 2, 3, 5.5, 6 and 8. Rule 4 (home addresses) and 7 (temporary ones) have nothing to choose from here, rule 5
 * is met by the candidates; an address still being checked counts as deprecated (RFC 4429 section 3.1).
 * Between equals the address configured first wins.
 */
export function selectSource(
  candidates: readonly InterfaceAddress[],
  remote: IpAddress,
  nextHop: IpAddress,
): IpAddress | null {
  let best: InterfaceAddress | null = null
  for (const candidate of candidates) {
    if (!candidate.usable || candidate.address.isV4 !== remote.isV4) continue
    if (best === null || isBetterSource(candidate, best, remote, nextHop)) best = candidate
  }
  return best === null ? null : best.address
}

function isBetterSource(
  a: InterfaceAddress,
  b: InterfaceAddress,
  remote: IpAddress,
  nextHop: IpAddress,
): boolean {
  // Rule 1: prefer same address.
  if (a.address.equals(remote) !== b.address.equals(remote)) return a.address.equals(remote)
  // Rule 2: prefer appropriate scope.
  const scopeA = scopeOf(a.address)
  const scopeB = scopeOf(b.address)
  if (scopeA !== scopeB) {
    const wanted = scopeOf(remote)
    return scopeA < scopeB ? scopeA >= wanted : scopeB < wanted
  }
  // Rule 3: avoid deprecated addresses.
  const sureA = a.state === AddressState.Preferred
  if (sureA !== (b.state === AddressState.Preferred)) return sureA
  // Rule 5.5: prefer addresses in a prefix of the next hop.
  const nearA = nextHop.matches(a.address, a.prefixLength)
  if (nearA !== nextHop.matches(b.address, b.prefixLength)) return nearA
  // Rule 6: prefer matching label.
  const label = labelOf(remote)
  const sameA = labelOf(a.address) === label
  if (sameA !== (labelOf(b.address) === label)) return sameA
  // Rule 8: longest matching prefix, no longer than the source's own (SEL-01).
  return sharedBits(a, remote) > sharedBits(b, remote)
}

/** CommonPrefixLen(S, D) of RFC 6724 section 2.2: no more than the source's own prefix. */
export function sharedBits(candidate: InterfaceAddress, remote: IpAddress): number {
  const own = candidate.address.isV4 ? candidate.prefixLength + 96 : candidate.prefixLength
  return Math.min(commonPrefixLength(candidate.address, remote), own)
}
