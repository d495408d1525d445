import type { Audit } from '../core/audit.ts'
import { seqGt, seqLt } from '../core/seq.ts'
import { type Micros, Timer } from '../core/timer.ts'
import type { IpAddress } from '../ip/address.ts'
import type { Path } from '../ip/network.ts'
import { TcpFlag } from '../wire/tcp.ts'
import { type AckSource, sendBareAck, sendPacedBareAck } from './bare-ack.ts'
import type { TcpContext } from './context.ts'
import { DropReason, drop, processed } from './count.ts'
import { finish } from './finish.ts'
import type { OwnSettings } from './own-settings.ts'
import { receiveWindow } from './receive-window.ts'
import { type SegmentIn, segmentLength } from './segment-in.ts'
import type { Tcb } from './tcb.ts'

/** What is left of a connection in TIME-WAIT: enough to answer a repeated FIN and to judge a new SYN. */
export class TimeWaitRecord implements AckSource {
  readonly local: IpAddress
  readonly remote: IpAddress
  readonly localPort: number
  readonly remotePort: number
  readonly path: Path
  readonly sndNxt: number
  readonly rcvNxt: number
  readonly windowField: number
  readonly timestamps: boolean
  readonly tsOffset: number
  tsRecent: number
  readonly trafficClass: number
  readonly own: OwnSettings
  expiresAt: Micros
  lastOutOfWindowAck: Micros = Number.NEGATIVE_INFINITY
  hash = 0
  hashNext: TimeWaitRecord | null = null
  /** Neighbours in the queue. */
  sooner: TimeWaitRecord | null = null
  later: TimeWaitRecord | null = null

  constructor(tcb: Tcb, expiresAt: Micros) {
    this.local = tcb.local
    this.remote = tcb.remote
    this.localPort = tcb.localPort
    this.remotePort = tcb.remotePort
    this.path = tcb.path
    this.sndNxt = tcb.sndNxt
    this.rcvNxt = tcb.rcvNxt
    this.windowField = Math.min(0xffff, receiveWindow(tcb) >>> tcb.rcvScale)
    this.timestamps = tcb.timestamps
    this.tsOffset = tcb.tsOffset
    this.tsRecent = tcb.tsRecent
    this.trafficClass = tcb.trafficClass
    this.own = tcb.own
    this.expiresAt = expiresAt
  }
}

/**
 * All connections in TIME-WAIT (MUST-13). They wait equally long, so whichever came or was renewed last expires last: a list
 * and one timer serve any number.
 */
export class TimeWaitQueue {
  readonly #tcp: TcpContext
  readonly #timer = new Timer((now) => this.#expire(now))
  #first: TimeWaitRecord | null = null
  #last: TimeWaitRecord | null = null

  constructor(tcp: TcpContext) {
    this.#tcp = tcp
  }

  /** The connection becomes a record; its application learns that it is over. */
  enter(tcb: Tcb): void {
    const tcp = this.#tcp
    const record = new TimeWaitRecord(tcb, tcp.engine.now + tcp.config.timeWait)
    finish(tcb, null)
    if (tcp.limits.timeWait === 0 || tcp.config.timeWait === 0) return
    if (tcp.timeWait.size >= tcp.limits.timeWait && this.#first !== null) {
      tcp.counters.timeWaitOverflow++
      this.remove(this.#first)
    }
    tcp.timeWait.add(record)
    tcp.counters.timeWaits++
    this.#append(record)
  }

  remove(record: TimeWaitRecord): void {
    this.#unlink(record)
    this.#tcp.timeWait.remove(record)
  }

  /** The whole time begins again: the peer has not seen our last ACK. */
  renew(record: TimeWaitRecord): void {
    const { engine, config } = this.#tcp
    this.#unlink(record)
    record.expiresAt = engine.now + config.timeWait
    this.#append(record)
  }

  clear(): void {
    while (this.#first !== null) this.remove(this.#first)
    this.#tcp.engine.timers.clear(this.#timer)
  }

  /** The queue has what the table has, soonest first, and a timer for the first. */
  audit(audit: Audit): void {
    const { engine, timeWait } = this.#tcp
    audit.subject = 'the queue of TIME-WAIT'
    let count = 0
    let sooner: TimeWaitRecord | null = null
    for (let record = this.#first; record !== null && count <= timeWait.size; record = record.later) {
      audit.check(record.sooner === sooner, 'it is torn', count)
      audit.check(sooner === null || sooner.expiresAt <= record.expiresAt, 'it is out of order', count)
      sooner = record
      count++
    }
    audit.check(count === timeWait.size, 'records in the table, and in the queue', timeWait.size, count)
    audit.check(this.#last === sooner, 'its end is not its last record')
    if (this.#first === null) return
    const rings = engine.timers.holds(this.#timer) && this.#timer.deadline <= this.#first.expiresAt
    audit.check(rings, 'no timer rings for its first record')
  }

  #append(record: TimeWaitRecord): void {
    record.sooner = this.#last
    if (this.#last === null) this.#first = record
    else this.#last.later = record
    this.#last = record
    this.#tcp.engine.timers.setEarlier(this.#timer, record.expiresAt)
  }

  #unlink(record: TimeWaitRecord): void {
    if (record.sooner === null) this.#first = record.later
    else record.sooner.later = record.later
    if (record.later === null) this.#last = record.sooner
    else record.later.sooner = record.sooner
    record.sooner = null
    record.later = null
  }

  #expire(now: Micros): void {
    while (this.#first !== null && this.#first.expiresAt <= now) this.remove(this.#first)
    if (this.#first !== null) this.#tcp.engine.timers.set(this.#timer, this.#first.expiresAt)
  }
}

/** What a segment means for a connection in TIME-WAIT. */
export const TimeWaitVerdict = {
  /** Answered or dropped; the record stays. */
  Done: 0,
  /** A SYN that may open a new connection (RFC 6191, MAY-2, SHLD-4): the record has to go, if somebody listens. */
  Reopen: 1,
} as const
export type TimeWaitVerdict = (typeof TimeWaitVerdict)[keyof typeof TimeWaitVerdict]

/** A segment for a connection in TIME-WAIT (RFC 9293 section 3.10.7.4). */
export function arriveInTimeWait(
  tcp: TcpContext,
  queue: TimeWaitQueue,
  record: TimeWaitRecord,
  segment: SegmentIn,
): TimeWaitVerdict {
  const { flags } = segment
  // RFC 1337, fix F1 (R6191-05): a RST does not end TIME-WAIT.
  if ((flags & TcpFlag.Rst) !== 0) {
    drop(tcp, 0, segment, DropReason.TimeWait)
    return TimeWaitVerdict.Done
  }
  if ((flags & (TcpFlag.Syn | TcpFlag.Ack | TcpFlag.Fin)) === TcpFlag.Syn && mayReuse(record, segment)) {
    return TimeWaitVerdict.Reopen
  }
  answerInTimeWait(tcp, queue, record, segment)
  return TimeWaitVerdict.Done
}

/** R7323-20, R6191-04: the last timestamp of this incarnation is what the next one's SYN is judged by. */
function rememberTime(record: TimeWaitRecord, { flags, ack, options }: SegmentIn): void {
  if (!record.timestamps || !options.hasTimestamps || (flags & TcpFlag.Ack) === 0 || ack !== record.sndNxt)
    return
  if (seqGt(options.tsVal, record.tsRecent)) record.tsRecent = options.tsVal
}

/** MUST-13: a repeated FIN is acknowledged again. So is all else that is not just an ACK where it should be (Linux). */
export function answerInTimeWait(
  tcp: TcpContext,
  queue: TimeWaitQueue,
  record: TimeWaitRecord,
  segment: SegmentIn,
): void {
  const { flags, seq, dataLength } = segment
  const length = segmentLength(segment)
  // The FIN ends where the stream ended.
  const repeatsFin = (flags & TcpFlag.Fin) !== 0 && ((seq + length) | 0) === record.rcvNxt
  const isExpected = length === 0 && seq === record.rcvNxt
  if (repeatsFin) queue.renew(record)
  if (repeatsFin || isExpected) processed(tcp, segment)
  else drop(tcp, 0, segment, DropReason.TimeWait)
  if (isExpected) {
    rememberTime(record, segment)
    return
  }
  if ((flags & TcpFlag.Fin) !== 0 || dataLength > 0) sendBareAck(tcp, record)
  else sendPacedBareAck(tcp, record)
}

/**
 * R6191-01 to R6191-03: newer by timestamp, or by sequence number where timestamps do not tell. What is refused draws the
 * ACK of RFC 9293, and not silence (R6191-04): a peer that really is new answers it with the RST that we ignore, then
 * with its SYN again.
 */
function mayReuse(record: TimeWaitRecord, segment: SegmentIn): boolean {
  const { options, seq } = segment
  if (options.hasTimestamps) {
    if (!record.timestamps || seqGt(options.tsVal, record.tsRecent)) return true
    if (seqLt(options.tsVal, record.tsRecent)) return false
  }
  return seqGt(seq, record.rcvNxt)
}
