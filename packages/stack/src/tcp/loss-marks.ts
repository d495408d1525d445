import type { SentRecord } from './sent-record.ts'
import type { Tcb } from './tcb.ts'
import { TraceKind, trace } from './trace.ts'

/** DupThresh: segments that must have arrived above a hole before it counts as lost (RFC 5681 section 3.2, RFC 8985 section 6.2). */
export function dupThresh(tcb: Tcb): number {
  return tcb.tcp.config.duplicateThreshold
}

export function markLost(tcb: Tcb, record: SentRecord): void {
  takeForLost(tcb, record)
  trace(tcb.tcp, tcb.id, TraceKind.MarkedLost, record.start, record.length)
}

/** Marks a record and tells congestion control, if that was news. */
export function takeForLost(tcb: Tcb, record: SentRecord): void {
  const before = tcb.sent.lostEver
  tcb.sent.markLost(record)
  if (tcb.sent.lostEver !== before) tcb.congestion.onPacketLost?.(tcb, record, tcb.tcp.engine.now)
}
