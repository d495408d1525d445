import { finishChecksum, foldSum, sumBytes } from '../core/checksum.ts'
import { UDP_CHECKSUM } from '../wire/udp.ts'
import type { LinkDevice } from './device.ts'
import { TransportLayout } from './transport-layout.ts'

const layout = new TransportLayout()

/**
 * Finishes a checksum that was left partial, as a network card does: sums from `start` to the frame's end and
 * stores the result at `start + field`, where the pseudo-header's sum stood. All positions count from the frame's
 * start. UDP's is never 0, which would mean "none" (RFC 768).
 */
export function completeChecksumAt(
  view: DataView,
  offset: number,
  length: number,
  start: number,
  field: number,
): void {
  const sum = finishChecksum(sumBytes(view, offset + start, length - start))
  view.setUint16(offset + start + field, sum === 0 && field === UDP_CHECKSUM ? 0xffff : sum)
}

/**
 * Computes the TCP or UDP checksum of the whole frame at `offset`, whatever its field held: for frames that came
 * in as `RxChecksum.Partial`, which do not say where their transport header is.
 * @returns false when it is no whole TCP or UDP packet; nothing was changed
 */
export function completeChecksum(
  view: DataView,
  offset: number,
  length: number,
  medium: LinkDevice['medium'],
): boolean {
  if (!layout.parse(view, offset, length, length, medium)) return false
  writeTransportChecksum(view, offset, layout)
  return true
}

/** As `completeChecksum`, for a frame that was parsed already. */
export function writeTransportChecksum(view: DataView, offset: number, at: TransportLayout): void {
  const field = offset + at.checksumField
  view.setUint16(field, 0)
  const sum = sumBytes(view, offset + at.transport, at.end - at.transport, at.pseudoSum(view, offset))
  const value = finishChecksum(sum)
  view.setUint16(field, value === 0 && !at.isTcp ? 0xffff : value)
}

/** Whether the TCP or UDP checksum of a parsed frame is right, or UDP's was not used (IPv4 only, RFC 768). */
export function transportChecksumValid(view: DataView, offset: number, at: TransportLayout): boolean {
  if (!at.isTcp && at.version === 4 && view.getUint16(offset + at.checksumField) === 0) return true
  const sum = sumBytes(view, offset + at.transport, at.end - at.transport, at.pseudoSum(view, offset))
  return foldSum(sum) === 0xffff
}
