/** What the bits of an IPv6 address say about where it may stand in a packet from a wire (RFC 4291). */

/** ff00::/8 */
export function isMulticast6(a0: number): boolean {
  return a0 >>> 24 === 0xff
}

/** ::1 or ::ffff:0:0/96, which have no business outside a host (V6-16). */
export function isHostInternal6(a0: number, a1: number, a2: number, a3: number): boolean {
  if ((a0 | a1) !== 0) return false
  return a2 === 0xffff || (a2 === 0 && a3 === 1)
}

/** A group whose scope never leaves a node, or is reserved: 0 and 1 (RFC 4291 section 2.7; V6-17). */
export function isNodeScope6(a0: number): boolean {
  return ((a0 >>> 16) & 15) <= 1
}
