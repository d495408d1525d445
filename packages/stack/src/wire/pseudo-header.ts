import { finishChecksum, foldSum, sumBytes, sumMemory, type WordMemory } from '../core/checksum.ts'

/**
 * The pseudo-header that transports sum with their segments (RFC 9293 section 3.1, RFC 768, RFC 8200 section 8.1;
 * V6-11), from addresses as int32 words. All results are running sums for `core/checksum.ts`, not yet folded.
 */

/** One int32 word as two 16-bit ones. */
export function wordSum(word: number): number {
  return (word >>> 16) + (word & 0xffff)
}

/** Both IPv4 addresses: the part that stays the same for a whole connection. */
export function addressSum4(source: number, destination: number): number {
  return wordSum(source) + wordSum(destination)
}

/** Both IPv6 addresses: the part that stays the same for a whole connection. */
export function addressSum6(
  source0: number,
  source1: number,
  source2: number,
  source3: number,
  destination0: number,
  destination1: number,
  destination2: number,
  destination3: number,
): number {
  return (
    wordSum(source0) +
    wordSum(source1) +
    wordSum(source2) +
    wordSum(source3) +
    wordSum(destination0) +
    wordSum(destination1) +
    wordSum(destination2) +
    wordSum(destination3)
  )
}

/**
 * Completes the pseudo-header of either version.
 * @param addresses from `addressSum4`, `addressSum6` or `Path.pseudoSum`
 * @param length bytes of the transport's header and payload
 */
export function pseudoHeaderSum(addresses: number, protocol: number, length: number): number {
  // IPv6 has a 32-bit length; a super-frame's stays below 2^17, so that both halves matter.
  return addresses + protocol + wordSum(length)
}

/** Whether a received segment's checksum is right: everything together, the field included, sums to all ones. */
export function transportChecksumValid(
  view: DataView,
  offset: number,
  length: number,
  addresses: number,
  protocol: number,
): boolean {
  return foldSum(sumBytes(view, offset, length, pseudoHeaderSum(addresses, protocol, length))) === 0xffff
}

/** As `transportChecksumValid`, for a segment in a stack's memory, which is what most of the work is. */
export function segmentChecksumValid(
  memory: WordMemory,
  offset: number,
  length: number,
  addresses: number,
  protocol: number,
): boolean {
  return foldSum(sumMemory(memory, offset, length, pseudoHeaderSum(addresses, protocol, length))) === 0xffff
}

/** The value for a checksum field that is zero now, over one contiguous range. */
export function transportChecksum(
  view: DataView,
  offset: number,
  length: number,
  addresses: number,
  protocol: number,
): number {
  return finishChecksum(sumBytes(view, offset, length, pseudoHeaderSum(addresses, protocol, length)))
}
