import type { Audit } from '../../core/audit.ts'
import { seqDiff } from '../../core/seq.ts'
import type { SentLog } from '../sent-log.ts'
import type { SentRecord } from '../sent-record.ts'
import type { Tcb } from '../tcb.ts'

/** The records of what is in flight cover it without a gap, and the sums that are kept are the sums of the records. */
export function auditSentLog(tcb: Tcb, audit: Audit): void {
  const log = tcb.sent
  const flight = seqDiff(tcb.sndNxt, tcb.sndUna)
  let count = 0
  let bytes = 0
  let sacked = 0
  let lost = 0
  let retransmitted = 0
  let flying = 0
  let edge = tcb.sndUna
  let previous: SentRecord | null = null
  for (let record = log.head; record !== null; record = record.next) {
    audit.check(
      record.start === edge,
      'the log of what was sent has a gap',
      seqDiff(record.start, edge),
      count,
    )
    audit.check(record.length > 0, 'a record of the log is empty', count)
    audit.check(record.previous === previous, 'the log is torn', count)
    auditMarks(record, audit)
    edge = record.end
    count++
    bytes += record.length
    if (record.sacked) sacked += record.length
    if (record.lost) lost += record.length
    if (record.retransmitted) retransmitted += record.length
    if (record.flying) flying++
    previous = record
    // A ring of records would never end.
    if (count > log.count + 1) break
  }
  audit.check(log.tail === previous, 'the tail of the log is not its last record')
  audit.check(edge === tcb.sndNxt, 'the log does not end at SND.NXT', seqDiff(edge, tcb.sndNxt))
  audit.check(bytes === flight, 'bytes in the log, and bytes in flight', bytes, flight)
  audit.check(count === log.count, 'records counted, and records', log.count, count)
  audit.check(bytes === log.bytes, 'bytes counted, and bytes of records', log.bytes, bytes)
  audit.check(
    sacked === log.sackedBytes,
    'SACKed bytes counted, and those of records',
    log.sackedBytes,
    sacked,
  )
  audit.check(lost === log.lostBytes, 'lost bytes counted, and those of records', log.lostBytes, lost)
  audit.check(
    retransmitted === log.retransmittedBytes,
    'retransmitted bytes counted, and those of records',
    log.retransmittedBytes,
    retransmitted,
  )
  audit.check(log.pipe >= 0, 'fewer than no bytes are in the network', log.pipe)
  auditByTime(log, flying, audit)
}

/** What is SACKed is neither lost nor on its way. A tail loss probe, or an undone recovery, leaves records sent again and not lost. */
function auditMarks(record: SentRecord, audit: Audit): void {
  const { sacked, lost, retransmitted, flying } = record
  audit.check(!(sacked && (lost || retransmitted)), 'a record is SACKed and lost')
  audit.check(
    flying === (!sacked && (!lost || retransmitted)),
    'a record stands wrongly among those in the network',
  )
}

function auditByTime(log: SentLog, flying: number, audit: Audit): void {
  let listed = 0
  let older: SentRecord | null = null
  for (let record = log.byTime.oldest; record !== null; record = record.newer) {
    audit.check(record.older === older && record.flying, 'the list by time of sending is torn', listed)
    audit.check(
      older === null || older.sentAt <= record.sentAt,
      'the list by time of sending is out of order',
      listed,
    )
    older = record
    if (++listed > flying) break
  }
  audit.check(listed === flying, 'records in the network, and records listed by time', flying, listed)
}
