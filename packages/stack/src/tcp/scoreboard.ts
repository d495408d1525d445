import { seqGeq, seqGt, seqLeq, seqLt } from '../core/seq.ts'
import type { TcpOptions } from '../wire/tcp.ts'
import type { AckNews } from './ack-news.ts'
import { noteDelivered } from './delivered.ts'
import { isCovered } from './sent-log.ts'
import type { SentRecord } from './sent-record.ts'
import type { Tcb } from './tcb.ts'

/** Which blocks of the ACK count, lowest first. */
const order = new Int32Array(4)

/**
 * RFC 2883 section 5 (R2883-04): whether the first block reports duplicates, by the ACK's own number or its second
 * block, never by SND.UNA.
 */
export function isDsack(options: TcpOptions, ack: number): boolean {
  if (options.sackCount === 0) return false
  const left = options.sackLeft[0]
  const right = options.sackRight[0]
  if (seqGeq(left, right)) return false
  if (seqLt(left, ack)) return seqLeq(right, ack)
  if (options.sackCount < 2) return false
  return seqGeq(left, options.sackLeft[1]) && seqLeq(right, options.sackRight[1])
}

/** Notes what the peer's SACK blocks cover (R6675-01), lowest first, so that the order of blocks is none of arrival. */
export function applySack(tcb: Tcb, options: TcpOptions, news: AckNews): void {
  const before = tcb.sent.sackedBytes
  const count = sortBlocks(tcb, options, news.dsack ? 1 : 0)
  for (let i = 0; i < count; i++) {
    markBlock(tcb, options.sackLeft[order[i]], options.sackRight[order[i]], news)
  }
  news.sacked = tcb.sent.sackedBytes - before
}

/** R2018-10: what lies outside of what is in flight is an old ACK, or nonsense. */
function sortBlocks(tcb: Tcb, options: TcpOptions, first: number): number {
  const { sackLeft, sackRight } = options
  let count = 0
  for (let i = first; i < options.sackCount; i++) {
    const left = sackLeft[i]
    if (seqGeq(left, sackRight[i]) || seqLt(left, tcb.sndUna) || seqGt(sackRight[i], tcb.sndNxt)) continue
    let place = count++
    for (; place > 0 && seqLt(left, sackLeft[order[place - 1]]); place--) order[place] = order[place - 1]
    order[place] = i
  }
  return count
}

function markBlock(tcb: Tcb, left: number, right: number, news: AckNews): void {
  const log = tcb.sent
  let record = log.find(left)
  while (record !== null && seqLt(record.start, right)) {
    if (!record.sacked) {
      cutAtEdges(tcb, record, left, right)
      if (isCovered(record, left, right)) {
        noteDelivered(tcb, record, record.end, false, news)
        record = log.markSacked(record)
      }
    }
    record = record.next
  }
}

/**
 * After it, `record` is the part before the block (and the loop goes on with the part inside), or lies inside; unless there are
 * too many records already.
 */
function cutAtEdges(tcb: Tcb, record: SentRecord, left: number, right: number): void {
  if (isCovered(record, left, right)) return
  if (tcb.sent.count >= tcb.tcp.limits.sackRecords) {
    tcb.tcp.counters.sackCutsRefused++
    return
  }
  if (seqLt(record.start, left)) tcb.sent.split(record, left)
  else if (seqGt(record.end, right)) tcb.sent.split(record, right)
}
