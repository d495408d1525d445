import { seqGeq, seqGt, seqLeq, seqLt } from '../core/seq.ts'
import type { TcpOptions } from '../wire/tcp.ts'
import { isCovered, type SentRecord } from './sent-log.ts'
import type { Tcb } from './tcb.ts'
import { TraceKind } from './trace.ts'

/** Segments that must be SACKed above a hole before it counts as lost (RFC 6675 section 2). */
export const DUP_THRESH = 3

/**
 * Cutting records at block edges stops here: a peer that SACKs single bytes would otherwise make us keep a record for
 * each of them. Blocks that then cover a record in part say nothing.
 */
const MOST_RECORDS_BY_SPLITTING = 16_384

/** Notes what the peer's SACK blocks cover (R6675-01). @returns the bytes newly SACKed */
export function applySack(tcb: Tcb, options: TcpOptions): number {
  const before = tcb.sent.sackedBytes
  for (let i = 0; i < options.sackCount; i++) {
    const left = options.sackLeft[i]
    const right = options.sackRight[i]
    // Outside of what is in flight: a D-SACK (RFC 2883), an old ACK, or nonsense (R2018-10).
    if (seqGeq(left, right) || seqLt(left, tcb.sndUna) || seqGt(right, tcb.sndNxt)) continue
    markBlock(tcb, left, right)
  }
  return tcb.sent.sackedBytes - before
}

function markBlock(tcb: Tcb, left: number, right: number): void {
  const log = tcb.sent
  for (let record = log.head; record !== null && seqLt(record.start, right); record = record.next) {
    if (record.sacked || seqLeq(record.end, left)) continue
    if (log.count < MOST_RECORDS_BY_SPLITTING) cutAtEdges(tcb, record, left, right)
    if (isCovered(record, left, right)) log.markSacked(record)
  }
}

/** After it, `record` is the part before the block (and the loop goes on with the part inside), or lies inside. */
function cutAtEdges(tcb: Tcb, record: SentRecord, left: number, right: number): void {
  if (seqLt(record.start, left)) tcb.sent.split(record, left)
  else if (seqGt(record.end, right)) tcb.sent.split(record, right)
}

/**
 * IsLost() of RFC 6675 section 4 (R6675-02), by bytes: more than (DupThresh - 1) segments were SACKed above it. Walks from the
 * highest SACKed record down; what was sent again already is not judged twice.
 * @returns whether anything was marked
 */
export function markLostBySack(tcb: Tcb): boolean {
  const log = tcb.sent
  if (log.sackedBytes === 0) return false
  const before = log.lostBytes
  const threshold = (DUP_THRESH - 1) * tcb.sndMss
  let above = 0
  let record = log.tail
  while (record !== null && seqGt(record.start, log.highestSacked)) record = record.previous
  for (; record !== null; record = record.previous) {
    if (record.sacked) above += record.length
    else if (above > threshold && !record.lost && record.retransmissions === 0) markLost(tcb, record)
  }
  return log.lostBytes > before
}

export function markLost(tcb: Tcb, record: SentRecord): void {
  if (record.lost || record.sacked) return
  tcb.sent.markLost(record)
  tcb.tcp.tracer?.onTrace(TraceKind.MarkedLost, tcb.tcp.engine.now, tcb.id, record.start, record.length, 0)
}
