import { seqAdd, seqGeq, seqGt, seqLt } from '../core/seq.ts'
import { type Micros, Timer } from '../core/timer.ts'
import type { IpAddress } from '../ip/address.ts'
import type { Path } from '../ip/network.ts'
import { TcpFlag, TIMESTAMPS_LENGTH, writeTimestamps } from '../wire/tcp.ts'
import type { TcpContext } from './context.ts'
import { finish } from './finish.ts'
import { receiveWindow } from './receive-window.ts'
import { type SegmentIn, segmentLength } from './segment-in.ts'
import { optionsStart, sendSegment } from './segment-out.ts'
import type { Tcb } from './tcb.ts'
import { timestampNow } from './timestamps.ts'

/** What is left of a connection in TIME-WAIT: enough to answer a repeated FIN and to judge a new SYN. */
export class TimeWaitRecord {
  readonly local: IpAddress
  readonly remote: IpAddress
  readonly localPort: number
  readonly remotePort: number
  readonly path: Path
  readonly sndNxt: number
  readonly rcvNxt: number
  readonly window: number
  readonly windowField: number
  readonly timestamps: boolean
  readonly tsOffset: number
  readonly trafficClass: number
  tsRecent: number
  tsRecentAt: Micros
  hash = 0
  hashNext: TimeWaitRecord | null = null
  expiresAt: Micros
  /** Left the table before its time (reuse, eviction). */
  gone = false

  constructor(tcb: Tcb, expiresAt: Micros) {
    this.local = tcb.local
    this.remote = tcb.remote
    this.localPort = tcb.localPort
    this.remotePort = tcb.remotePort
    this.path = tcb.path
    this.sndNxt = tcb.sndNxt
    this.rcvNxt = tcb.rcvNxt
    this.window = receiveWindow(tcb)
    this.windowField = Math.min(0xffff, this.window >>> tcb.rcvScale)
    this.timestamps = tcb.timestamps
    this.tsOffset = tcb.tsOffset
    this.trafficClass = tcb.trafficClass
    this.tsRecent = tcb.tsRecent
    this.tsRecentAt = tcb.tsRecentAt
    this.expiresAt = expiresAt
  }
}

/**
 * All connections in TIME-WAIT (MUST-13). They wait equally long, so they expire in the order they came: a queue and one
 * timer serve any number. A record that was renewed goes to the end again when its first turn comes.
 */
export class TimeWaitQueue {
  readonly #tcp: TcpContext
  readonly #timer = new Timer((now) => this.#expire(now))
  #queue: (TimeWaitRecord | null)[] = []
  #head = 0

  constructor(tcp: TcpContext) {
    this.#tcp = tcp
  }

  /** The connection becomes a record; its application learns that it is over. */
  enter(tcb: Tcb): void {
    const tcp = this.#tcp
    const now = tcp.engine.now
    const record = new TimeWaitRecord(tcb, now + tcp.config.timeWait)
    finish(tcb, null)
    if (tcp.limits.timeWait === 0 || tcp.config.timeWait === 0) return
    if (tcp.timeWait.size >= tcp.limits.timeWait) {
      tcp.counters.timeWaitOverflow++
      this.#dropOldest()
    }
    tcp.timeWait.add(record)
    tcp.counters.timeWaits++
    this.#push(record)
  }

  remove(record: TimeWaitRecord): void {
    if (record.gone) return
    record.gone = true
    this.#tcp.timeWait.remove(record)
  }

  clear(): void {
    this.#tcp.timeWait.each((record) => this.remove(record))
    this.#queue = []
    this.#head = 0
    this.#tcp.engine.timers.clear(this.#timer)
  }

  #push(record: TimeWaitRecord): void {
    this.#queue.push(record)
    this.#tcp.engine.timers.setEarlier(this.#timer, record.expiresAt)
  }

  #shift(): TimeWaitRecord | null {
    if (this.#head === this.#queue.length) return null
    const record = this.#queue[this.#head]
    this.#queue[this.#head++] = null
    if (this.#head > 1024 && this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head)
      this.#head = 0
    }
    return record
  }

  #dropOldest(): void {
    for (let record = this.#shift(); record !== null; record = this.#shift()) {
      if (record.gone) continue
      this.remove(record)
      return
    }
  }

  #expire(now: Micros): void {
    while (this.#head < this.#queue.length) {
      const first = this.#queue[this.#head] as TimeWaitRecord
      if (!first.gone && first.expiresAt > now) {
        // Renewed since it was queued? Then others behind it may be due: give it a new place.
        if (!this.#renewed(first)) break
        this.#shift()
        this.#push(first)
        continue
      }
      this.#shift()
      this.remove(first)
    }
    const next = this.#queue[this.#head]
    if (next !== null && next !== undefined) this.#tcp.engine.timers.set(this.#timer, next.expiresAt)
  }

  #renewed(first: TimeWaitRecord): boolean {
    const second = this.#queue[this.#head + 1]
    return second !== null && second !== undefined && second.expiresAt < first.expiresAt
  }
}

/**
 * A segment for a connection in TIME-WAIT (RFC 9293 section 3.10.7.4).
 * @returns true when it is a SYN that may open a new connection (RFC 6191, MAY-2): the record has to go
 */
export function arriveInTimeWait(tcp: TcpContext, record: TimeWaitRecord, segment: SegmentIn): boolean {
  const { flags, seq } = segment
  const now = tcp.engine.now
  // RFC 1337 (R1337-01): a RST does not end TIME-WAIT.
  if ((flags & TcpFlag.Rst) !== 0) return false
  if ((flags & (TcpFlag.Syn | TcpFlag.Ack)) === TcpFlag.Syn && mayReuse(record, segment)) return true
  if ((flags & TcpFlag.Fin) !== 0 && seqGeq(seqAdd(seq, segmentLength(segment)), record.rcvNxt)) {
    record.expiresAt = now + tcp.config.timeWait
  }
  if (segmentLength(segment) > 0 || seq !== record.rcvNxt) sendTimeWaitAck(tcp, record)
  return false
}

/** R6191-01: newer by timestamp, or by sequence number where timestamps do not tell. */
function mayReuse(record: TimeWaitRecord, segment: SegmentIn): boolean {
  const { options, seq } = segment
  if (record.timestamps && options.hasTimestamps) {
    if (seqGt(options.tsVal, record.tsRecent)) return true
    if (seqLt(options.tsVal, record.tsRecent)) return false
  }
  return seqGt(seq, record.rcvNxt)
}

function sendTimeWaitAck(tcp: TcpContext, record: TimeWaitRecord): void {
  const length = record.timestamps ? TIMESTAMPS_LENGTH : 0
  if (length > 0) {
    const tsVal = timestampNow(tcp.engine.now, record.tsOffset)
    writeTimestamps(tcp.network.memory.view, optionsStart(tcp, length), tsVal, record.tsRecent)
  }
  sendSegment(
    tcp,
    record.path,
    record.localPort,
    record.remotePort,
    record.sndNxt,
    record.rcvNxt,
    TcpFlag.Ack,
    record.windowField,
    length,
    record.trafficClass,
    null,
    0,
    0,
    1,
  )
}
