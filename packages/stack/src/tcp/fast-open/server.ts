import { seqAdd, seqGt, seqLeq } from '../../core/seq.ts'
import { type Micros, NEVER, SECOND, Timer } from '../../core/timer.ts'
import type { Path } from '../../ip/network.ts'
import { TcpFlag } from '../../wire/tcp.ts'
import { mayRepeatSynAck } from '../challenge-ack.ts'
import { MAX_BACKOFF } from '../config.ts'
import type { TcpContext } from '../context.ts'
import { countRetransmission, DropReason, drop } from '../count.ts'
import { establish, raiseRtoAfterSynTimeout } from '../establish.ts'
import { finish } from '../finish.ts'
import { timestampOffset } from '../isn.ts'
import type { TcpListenerImpl } from '../listener.ts'
import { firstWindow } from '../own-settings.ts'
import { receiveText } from '../receiver.ts'
import { replyReset } from '../reset.ts'
import type { SegmentIn } from '../segment-in.ts'
import { adopt, agree, sendTcbSyn } from '../syn.ts'
import { Tcb, takeSettings } from '../tcb.ts'
import { RetransmitCause } from '../trace.ts'
import { CookieVerdict, checkCookie, makeCookie } from './cookie.ts'
import { leaveFastOpenQueue } from './queue.ts'

/*
 * Fast Open for listeners (RFC 7413 section 4.2.2). A SYN whose cookie is good makes a connection at once: its data can be read
 * and answered before the handshake is done. The connection counts as ESTABLISHED from then on, except that its SYN-ACK has a
 * timer of its own until an ACK covers it (`fastOpenPending`).
 */

/** What a SYN to a listener gets besides its SYN-ACK. */
export interface FastOpenAnswer {
  /** The connection that it has made, or null: an ordinary handshake then. */
  readonly tcb: Tcb | null
  /** For the SYN-ACK; null for none. */
  readonly cookie: Uint8Array | null
}

const NOTHING: FastOpenAnswer = { tcb: null, cookie: null }

/** Looks at the Fast Open option of a SYN (R7413-01: without the listener's permission at none). */
export function answerFastOpen(
  tcp: TcpContext,
  listener: TcpListenerImpl,
  segment: SegmentIn,
  path: Path,
  iss: number,
): FastOpenAnswer {
  const { options } = segment
  const queue = listener.fastOpen
  if (queue.limit === 0) return NOTHING
  const free = tcp.config.fastOpenWithoutCookie && segment.dataLength > 0
  if (options.fastOpenOffset < 0 && !free) return NOTHING
  const verdict = free ? CookieVerdict.Good : checkCookie(tcp, path.local, path.remote, options)
  const cookie = verdict === CookieVerdict.Good ? null : makeCookie(tcp, path.local, path.remote)
  if (cookie !== null) tcp.counters.fastOpenCookiesSent++
  if (verdict === CookieVerdict.Bad) {
    if (options.fastOpenLength > 0) tcp.counters.fastOpenCookiesRefused++
    return { tcb: null, cookie }
  }
  if (segment.dataLength === 0) return { tcb: null, cookie }
  if (!queue.hasRoom(tcp.engine.now) || tcp.connectionCount >= tcp.limits.connections) {
    tcp.counters.fastOpenQueueFull++
    return { tcb: null, cookie }
  }
  return { tcb: open(tcp, listener, segment, path, iss, cookie), cookie }
}

/** R7413-04: the connection is there, its data is taken, the SYN-ACK acknowledges both. */
function open(
  tcp: TcpContext,
  listener: TcpListenerImpl,
  segment: SegmentIn,
  path: Path,
  iss: number,
  cookie: Uint8Array | null,
): Tcb {
  const tcb = new Tcb(tcp, path, segment.localPort, segment.remotePort, true)
  takeSettings(tcb, listener.own)
  tcb.tsOffset = timestampOffset(tcp, path.local, path.remote)
  adopt(tcb, agree(tcp, path, segment.options, segment.flags), segment.seq, iss)
  tcb.sndUna = seqAdd(iss, 1)
  tcb.sndNxt = tcb.sndUna
  tcb.sndWnd = segment.window
  tcb.maxSndWnd = segment.window
  tcb.sndWl1 = segment.seq
  tcb.sndWl2 = iss
  tcb.fastOpenPending = { queue: listener.fastOpen, timer: new Timer((now) => onSynAckTimeout(tcb, now)) }
  listener.fastOpen.enter()
  tcp.connections.add(tcb)
  tcp.counters.passiveOpens++
  tcp.counters.fastOpenAccepted++
  tcb.fastOpenTaken = true
  establish(tcb)
  segment.flags &= ~TcpFlag.Syn
  segment.seq = tcb.rcvNxt
  receiveText(tcb, segment)
  sendSynAck(tcb, cookie)
  armSynAck(tcb, tcp.engine.now)
  listener.push(tcb)
  return tcb
}

function sendSynAck(tcb: Tcb, cookie: Uint8Array | null): void {
  sendTcbSyn(tcb, TcpFlag.Syn | TcpFlag.Ack, cookie === null ? null : { cookie, data: 0 })
  // It acknowledges the data, and its window counts from there.
  tcb.rcvAdv = seqAdd(tcb.rcvNxt, firstWindow(tcb.tcp.config, tcb.own))
  tcb.lastAckSent = tcb.rcvNxt
  tcb.ackNow = false
  tcb.unackedBytes = 0
  tcb.delayedAckAt = NEVER
}

function armSynAck(tcb: Tcb, now: Micros): void {
  const { config, engine } = tcb.tcp
  const wait = Math.min(config.maxRto, config.initialRto * 2 ** Math.min(tcb.synRetransmitted, MAX_BACKOFF))
  if (tcb.fastOpenPending !== null)
    engine.timers.set(tcb.fastOpenPending.timer, now + Math.min(wait, 120 * SECOND))
}

/** R7413-05: sent again without the option. */
function onSynAckTimeout(tcb: Tcb, now: Micros): void {
  const { config, counters } = tcb.tcp
  if (tcb.synRetransmitted >= config.synAckRetries) {
    finish(tcb, tcb.softError ?? 'ETIMEDOUT')
    return
  }
  tcb.synRetransmitted++
  tcb.retransmits++
  countRetransmission(tcb.tcp, tcb.path, RetransmitCause.Syn)
  counters.timeouts++
  repeatSynAck(tcb)
  armSynAck(tcb, now)
}

/** The window that data since has been promised stays. */
function repeatSynAck(tcb: Tcb): void {
  sendTcbSyn(tcb, TcpFlag.Syn | TcpFlag.Ack)
}

/** The SYN once more, its data with it or not: the SYN-ACK was lost (SEG-16). @returns whether it was that */
export function repeatsSyn(tcb: Tcb, segment: SegmentIn): boolean {
  const { flags } = segment
  if ((flags & (TcpFlag.Syn | TcpFlag.Ack | TcpFlag.Rst)) !== TcpFlag.Syn || segment.seq !== tcb.irs)
    return false
  if (mayRepeatSynAck(tcb.tcp, tcb)) repeatSynAck(tcb)
  return true
}

/**
 * An acceptable segment while the SYN-ACK waits for its ACK. One that does not cover the SYN draws RST (SEG-15).
 * @returns whether the segment is processed further
 */
export function confirmsFastOpen(tcb: Tcb, segment: SegmentIn): boolean {
  if (seqLeq(segment.ack, tcb.iss) || seqGt(segment.ack, tcb.sndNxt)) {
    drop(tcb.tcp, tcb.id, segment, DropReason.BadAck)
    replyReset(tcb.tcp, segment)
    return false
  }
  leaveFastOpenQueue(tcb, false)
  raiseRtoAfterSynTimeout(tcb)
  return true
}
