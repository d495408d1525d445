import { type Micros, SECOND } from '../core/timer.ts'

/** How long a path MTU that ICMP told is believed: RFC 1191 section 6.3, RFC 8201 section 4 (R1191-03, N8504-04). */
export const PATH_MTU_LIFETIME: Micros = 600 * SECOND

/** Every IPv6 link carries this much (RFC 8200 section 5; V6-10); smaller claims are discarded (R8201-01). */
export const MIN_MTU_V6 = 1280

/**
 * The least path MTU believed for IPv4. RFC 1191 section 3 allows 68, which lets one forged message cut every segment
 * to a few bytes; 552 is what hosts have used in practice since then. Below it packets go out without DF instead.
 */
export const MIN_MTU_V4 = 552

/** The plateaus of RFC 1191 section 7.1. */
const PLATEAUS = [65_535, 32_000, 17_914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68]

/** The largest plateau below the size that did not fit, for routers that do not tell their MTU (R1191-02). */
export function plateauBelow(size: number): number {
  for (const plateau of PLATEAUS) if (plateau < size) return plateau
  return 68
}
