import { seqDiff, seqLt } from '../core/seq.ts'
import { SECOND } from '../core/timer.ts'
import { TcpFlag } from '../wire/tcp.ts'
import { sendBareAck, sendPacedBareAck } from './bare-ack.ts'
import { mayChallenge } from './challenge-ack.ts'
import { MAX_BACKOFF } from './config.ts'
import type { TcpContext } from './context.ts'
import { establish } from './establish.ts'
import { forgetHalfOpen, HalfOpen, rememberHalfOpen, sendSynAck } from './half-open.ts'
import { initialSequence, isnAfter, timestampOffset } from './isn.ts'
import type { TcpListenerImpl } from './listener.ts'
import { synWindow } from './receive-window.ts'
import { isPathError, localOf, remoteOf, replyReset } from './reset.ts'
import type { SegmentIn } from './segment-in.ts'
import { adopt, agree } from './syn.ts'
import { Tcb, type TcbTimeout } from './tcb.ts'

/**
 * A segment for a listener, from a peer nothing is known of (RFC 9293 section 3.10.7.2).
 * @param previous the TIME-WAIT record that makes room for a new incarnation, or null
 */
export function arriveInListen(
  tcp: TcpContext,
  listener: TcpListenerImpl,
  segment: SegmentIn,
  previous: { readonly sndNxt: number } | null,
): void {
  const { flags } = segment
  if ((flags & TcpFlag.Rst) !== 0) return
  if ((flags & TcpFlag.Ack) !== 0) {
    // SEG-04.
    replyReset(tcp, segment)
    return
  }
  if ((flags & (TcpFlag.Syn | TcpFlag.Fin)) !== TcpFlag.Syn) {
    // SEG-06. Nobody opens and closes at once: SYN-FIN is a scan (dropped by Linux too).
    tcp.counters.droppedUnexpected++
    return
  }
  if (!hasRoom(tcp, listener)) return
  openHalf(tcp, listener, segment, previous)
}

/**
 * The SYN queue's bounds, and no new handshakes while nobody accepts the finished ones (Linux does the same). A full
 * queue gives up its oldest record: in a flood that is most likely a forged one, and whoever answers within the time it takes
 * to fill the queue gets in (R4987-02; RFC 4987 section 3.4).
 */
function hasRoom(tcp: TcpContext, listener: TcpListenerImpl): boolean {
  const { counters, limits } = tcp
  const { synQueue } = listener
  if (listener.full) {
    counters.droppedAcceptQueue++
    return false
  }
  if (synQueue.size >= limits.synBacklog) counters.droppedSynBacklog++
  else if (tcp.halfOpen.size >= limits.halfOpen) counters.droppedHalfOpenLimit++
  else return true
  if (synQueue.oldest === null) return false
  forgetHalfOpen(tcp, synQueue.oldest)
  return true
}

/** SEG-05: what the SYN said is kept, the SYN-ACK goes out. Data on the SYN is ignored; the peer sends it again. */
function openHalf(
  tcp: TcpContext,
  listener: TcpListenerImpl,
  segment: SegmentIn,
  previous: { readonly sndNxt: number } | null,
): void {
  const { localPort, remotePort, packet } = segment
  const path = tcp.network.path(remoteOf(packet), localOf(packet))
  if (isPathError(path)) {
    tcp.counters.droppedUnexpected++
    return
  }
  const natural = initialSequence(tcp, path.local, localPort, path.remote, remotePort, tcp.engine.now)
  const iss = previous === null ? natural : isnAfter(natural, previous.sndNxt)
  const tsOffset = timestampOffset(tcp, path.local, path.remote)
  const agreement = agree(tcp, path, segment.options, segment.flags)
  const expire = (half: HalfOpen): void => onSynAckTimeout(tcp, half)
  const half = new HalfOpen(
    listener,
    path,
    localPort,
    remotePort,
    iss,
    segment.seq,
    tsOffset,
    agreement,
    tcp,
    expire,
  )
  rememberHalfOpen(tcp, half)
  sendSynAck(tcp, half)
  tcp.engine.timers.set(half.timer, tcp.engine.now + tcp.config.initialRto)
}

function onSynAckTimeout(tcp: TcpContext, half: HalfOpen): void {
  if (half.retries >= tcp.config.synAckRetries) {
    forgetHalfOpen(tcp, half)
    return
  }
  half.retries++
  tcp.counters.retransmitted++
  tcp.counters.timeouts++
  sendSynAck(tcp, half)
  const wait = Math.min(tcp.config.maxRto, tcp.config.initialRto * 2 ** Math.min(half.retries, MAX_BACKOFF))
  tcp.engine.timers.set(half.timer, tcp.engine.now + Math.min(wait, 120 * SECOND))
}

/**
 * A segment for a half-open connection (SYN-RECEIVED, RFC 9293 section 3.10.7.4).
 * @returns the connection when this was the handshake's last ACK: the segment then goes on to it
 */
export function arriveInHalfOpen(
  tcp: TcpContext,
  half: HalfOpen,
  segment: SegmentIn,
  expire: TcbTimeout,
): Tcb | null {
  const { flags } = segment
  if ((flags & TcpFlag.Rst) !== 0) {
    resetHalfOpen(tcp, half, segment)
    return null
  }
  if ((flags & TcpFlag.Syn) !== 0) {
    // SEG-16: the SYN again gets its SYN-ACK again; any other one is challenged (R5961-04).
    if ((flags & TcpFlag.Ack) === 0 && segment.seq === half.irs) sendSynAck(tcp, half)
    else if (mayChallenge(tcp, half)) sendBareAck(tcp, half)
    return null
  }
  if (!inWindow(tcp, half, segment)) {
    tcp.counters.droppedOutOfWindow++
    sendPacedBareAck(tcp, half)
    return null
  }
  if ((flags & TcpFlag.Ack) === 0) {
    tcp.counters.droppedNoAck++
    return null
  }
  if (segment.ack !== half.sndNxt) {
    // SEG-15.
    tcp.counters.droppedBadAck++
    replyReset(tcp, segment)
    return null
  }
  return promote(tcp, half, segment, expire)
}

/** Back to LISTEN (MUST-11), by RFC 5961's rules for the sequence number, which come first (R5961-08). */
function resetHalfOpen(tcp: TcpContext, half: HalfOpen, segment: SegmentIn): void {
  if (segment.seq === half.rcvNxt) {
    tcp.counters.resetsIn++
    forgetHalfOpen(tcp, half)
  } else if (!inWindow(tcp, half, segment)) tcp.counters.droppedOutOfWindow++
  else if (mayChallenge(tcp, half)) sendBareAck(tcp, half)
}

function inWindow(tcp: TcpContext, half: HalfOpen, segment: SegmentIn): boolean {
  const { options, seq } = segment
  const { agreement } = half
  // PAWS (R7323-25).
  if (agreement.timestamps && options.hasTimestamps && (segment.flags & TcpFlag.Rst) === 0) {
    if (seqLt(options.tsVal, agreement.tsRecent)) return false
  }
  const offset = seqDiff(seq, half.rcvNxt)
  return offset >= 0 && offset < synWindow(tcp.config.receiveBuffer)
}

/** The half-open record becomes a connection in ESTABLISHED, if there is room for one. */
function promote(tcp: TcpContext, half: HalfOpen, segment: SegmentIn, expire: TcbTimeout): Tcb | null {
  const { listener } = half
  if (listener.full) {
    // The peer believes it is connected: its data will ask again, and so will our SYN-ACK timer.
    tcp.counters.droppedAcceptQueue++
    return null
  }
  if (tcp.connections.size >= tcp.limits.connections) {
    tcp.counters.droppedConnectionLimit++
    return null
  }
  forgetHalfOpen(tcp, half)
  const tcb = new Tcb(tcp, half.path, half.localPort, half.remotePort, true, expire)
  tcb.tsOffset = half.tsOffset
  tcb.synRetransmitted = half.retries
  adopt(tcb, half.agreement, half.irs, half.iss)
  tcb.sndUna = segment.ack
  tcb.sndNxt = segment.ack
  tcb.sndWnd = segment.window << tcb.sndScale
  tcb.maxSndWnd = tcb.sndWnd
  tcb.sndWl1 = segment.seq
  tcb.sndWl2 = segment.ack
  tcp.connections.add(tcb)
  tcp.counters.passiveOpens++
  establish(tcb)
  listener.push(tcb)
  return tcb
}
