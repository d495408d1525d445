import { seqDiff, seqLt } from '../core/seq.ts'
import { SECOND } from '../core/timer.ts'
import type { Path } from '../ip/network.ts'
import { TcpFlag } from '../wire/tcp.ts'
import { sendBareAck, sendPacedBareAck } from './bare-ack.ts'
import { mayChallenge, mayRepeatSynAck } from './challenge-ack.ts'
import { MAX_BACKOFF } from './config.ts'
import type { TcpContext } from './context.ts'
import { countRetransmission, DropReason, drop, processed } from './count.ts'
import { answerFastOpen } from './fast-open/server.ts'
import { forgetHalfOpen, HalfOpen, rememberHalfOpen, sendSynAck } from './half-open.ts'
import { initialSequence, isnAfter, timestampOffset } from './isn.ts'
import type { TcpListenerImpl } from './listener.ts'
import { firstWindow } from './own-settings.ts'
import { hasRoomForConnection, promote } from './promote.ts'
import { isPathError, localOf, remoteOf, replyReset } from './reset.ts'
import { type SegmentIn, segmentLength } from './segment-in.ts'
import { agree } from './syn.ts'
import { readSynCookie, sendSynCookie } from './syn-cookies.ts'
import type { Tcb } from './tcb.ts'
import { RetransmitCause } from './trace.ts'

/**
 * A segment for a listener, from a peer nothing is known of (RFC 9293 section 3.10.7.2).
 * @param previous the TIME-WAIT record that makes room for a new incarnation, or null
 * @returns a connection to which the segment then goes on; or null
 */
export function arriveInListen(
  tcp: TcpContext,
  listener: TcpListenerImpl,
  segment: SegmentIn,
  previous: { readonly sndNxt: number } | null,
): Tcb | null {
  const { flags } = segment
  if ((flags & TcpFlag.Rst) !== 0) {
    drop(tcp, 0, segment, DropReason.NoConnection)
    return null
  }
  if ((flags & TcpFlag.Ack) !== 0) {
    const half = readSynCookie(tcp, listener, segment)
    if (half !== null) {
      return hasRoomForConnection(tcp, listener, segment) ? promote(tcp, half, segment) : null
    }
    // SEG-04.
    drop(tcp, 0, segment, DropReason.NoConnection)
    replyReset(tcp, segment)
    return null
  }
  if ((flags & (TcpFlag.Syn | TcpFlag.Fin)) !== TcpFlag.Syn) {
    // SEG-06. Nobody opens and closes at once: SYN-FIN is a scan (dropped by Linux too).
    drop(tcp, 0, segment, DropReason.Unexpected)
    return null
  }
  if (listener.full) {
    // No new handshakes while nobody accepts the finished ones (Linux does the same).
    drop(tcp, 0, segment, DropReason.AcceptQueue)
    return null
  }
  const { packet } = segment
  const path = tcp.network.path(remoteOf(packet), localOf(packet))
  if (isPathError(path)) drop(tcp, 0, segment, DropReason.Unexpected)
  else if (previous === null && wantsCookie(tcp, listener)) {
    processed(tcp, segment)
    sendSynCookie(tcp, listener, segment, path)
  } else open(tcp, listener, segment, path, isnFor(tcp, segment, path, previous))
  return null
}

function isnFor(
  tcp: TcpContext,
  segment: SegmentIn,
  path: Path,
  previous: { readonly sndNxt: number } | null,
): number {
  const { localPort, remotePort } = segment
  const natural = initialSequence(tcp, path.local, localPort, path.remote, remotePort, tcp.engine.now)
  return previous === null ? natural : isnAfter(natural, previous.sndNxt)
}

/** A fast open that is allowed is a connection at once; any other SYN becomes a half-open record. */
function open(tcp: TcpContext, listener: TcpListenerImpl, segment: SegmentIn, path: Path, iss: number): void {
  const { tcb, cookie } = answerFastOpen(tcp, listener, segment, path, iss)
  if (tcb !== null) return
  if (makeRoom(tcp, listener)) {
    processed(tcp, segment)
    openHalf(tcp, listener, segment, path, iss, cookie)
  } else drop(tcp, 0, segment, DropReason.HalfOpenRefused)
}

/** R4987-04: under pressure only. A new incarnation needs an ISN beyond the old one's numbers, which no cookie can promise. */
function wantsCookie(tcp: TcpContext, listener: TcpListenerImpl): boolean {
  const { synCookies } = tcp.config
  return synCookies === 'always' || (synCookies && isQueueFull(tcp, listener))
}

function isQueueFull(tcp: TcpContext, listener: TcpListenerImpl): boolean {
  return listener.synQueue.size >= tcp.limits.synBacklog || tcp.halfOpen.size >= tcp.limits.halfOpen
}

/**
 * The SYN queue's bounds. A full queue gives up its oldest record: in a flood that is most likely a forged one, and whoever
 * answers within the time it takes to fill the queue gets in (R4987-01, R4987-02; RFC 4987 section 3.4).
 */
function makeRoom(tcp: TcpContext, listener: TcpListenerImpl): boolean {
  if (!isQueueFull(tcp, listener)) return true
  const { counters, limits } = tcp
  const { synQueue } = listener
  if (synQueue.oldest === null) return false
  if (synQueue.size >= limits.synBacklog) counters.droppedSynBacklog++
  else counters.droppedHalfOpenLimit++
  forgetHalfOpen(tcp, synQueue.oldest)
  return true
}

/**
 * SEG-05: what the SYN said is kept, the SYN-ACK goes out. Data on the SYN is ignored; the peer sends it again (R7413-01).
 * @param cookie of Fast Open, for the SYN-ACK; null for none
 */
function openHalf(
  tcp: TcpContext,
  listener: TcpListenerImpl,
  segment: SegmentIn,
  path: Path,
  iss: number,
  cookie: Uint8Array | null,
): void {
  const { localPort, remotePort } = segment
  const tsOffset = timestampOffset(tcp, path.local, path.remote)
  const agreement = agree(tcp, path, segment.options, segment.flags)
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
    onSynAckTimeout,
  )
  rememberHalfOpen(tcp, half)
  sendSynAck(tcp, half, cookie)
  half.sentAt = tcp.engine.now
  tcp.engine.timers.set(half.timer, tcp.engine.now + tcp.config.initialRto)
}

function onSynAckTimeout(tcp: TcpContext, half: HalfOpen): void {
  if (isOverdue(tcp, half)) {
    forgetHalfOpen(tcp, half)
    return
  }
  tcp.counters.timeouts++
  if (!half.deferred || half.timeouts >= half.listener.deferAccept - 1) {
    half.retries++
    half.sentAt = -1
    countRetransmission(tcp, half.path, RetransmitCause.Syn)
    sendSynAck(tcp, half)
  }
  half.timeouts++
  const wait = Math.min(tcp.config.maxRto, tcp.config.initialRto * 2 ** Math.min(half.timeouts, MAX_BACKOFF))
  tcp.engine.timers.set(half.timer, tcp.engine.now + Math.min(wait, 120 * SECOND))
}

/** A peer that has answered is waited for until its listener's patience is over, whatever the settings say (Linux's syn_ack_recalc). */
function isOverdue(tcp: TcpContext, half: HalfOpen): boolean {
  if (half.timeouts < tcp.config.synAckRetries) return false
  return !half.deferred || half.timeouts >= half.listener.deferAccept
}

/** TCP_DEFER_ACCEPT: nobody wants to hear of a connection before there is something to read. A FIN counts as that. */
function isDeferred(half: HalfOpen, segment: SegmentIn): boolean {
  if (half.timeouts >= half.listener.deferAccept || segmentLength(segment) > 0) return false
  return segment.seq === half.rcvNxt
}

/**
 * A segment for a half-open connection (SYN-RECEIVED, RFC 9293 section 3.10.7.4).
 * @returns the connection when this was the handshake's last ACK: the segment then goes on to it
 */
export function arriveInHalfOpen(tcp: TcpContext, half: HalfOpen, segment: SegmentIn): Tcb | null {
  const { flags } = segment
  if ((flags & TcpFlag.Rst) !== 0) {
    resetHalfOpen(tcp, half, segment)
    return null
  }
  if ((flags & TcpFlag.Syn) !== 0) {
    // SEG-16: the SYN again gets its SYN-ACK again; any other one is challenged (R5961-04).
    if ((flags & TcpFlag.Ack) === 0 && segment.seq === half.irs) {
      processed(tcp, segment)
      if (mayRepeatSynAck(tcp, half)) {
        sendSynAck(tcp, half)
        half.sentAt = -1
      }
      return null
    }
    drop(tcp, 0, segment, DropReason.ChallengedSyn)
    if (mayChallenge(tcp, half)) sendBareAck(tcp, half)
    return null
  }
  if (!inWindow(tcp, half, segment)) {
    drop(tcp, 0, segment, DropReason.OutOfWindow)
    sendPacedBareAck(tcp, half)
    return null
  }
  if ((flags & TcpFlag.Ack) === 0) {
    drop(tcp, 0, segment, DropReason.NoAck)
    return null
  }
  if (segment.ack !== half.sndNxt) {
    // SEG-15.
    drop(tcp, 0, segment, DropReason.BadAck)
    replyReset(tcp, segment)
    return null
  }
  if (isDeferred(half, segment)) {
    half.deferred = true
    processed(tcp, segment)
    return null
  }
  if (!hasRoomForConnection(tcp, half.listener, segment)) return null
  forgetHalfOpen(tcp, half)
  return promote(tcp, half, segment)
}

/** Back to LISTEN (MUST-11), by RFC 5961's rules for the sequence number, which come first (R5961-08). */
function resetHalfOpen(tcp: TcpContext, half: HalfOpen, segment: SegmentIn): void {
  if (segment.seq === half.rcvNxt) {
    tcp.counters.resetsIn++
    processed(tcp, segment)
    forgetHalfOpen(tcp, half)
    return
  }
  const inside = inWindow(tcp, half, segment)
  drop(tcp, 0, segment, inside ? DropReason.ChallengedReset : DropReason.OutOfWindow)
  if (inside && mayChallenge(tcp, half)) sendBareAck(tcp, half)
}

function inWindow(tcp: TcpContext, half: HalfOpen, segment: SegmentIn): boolean {
  const { options, seq } = segment
  const { agreement } = half
  // PAWS (R7323-25).
  if (agreement.timestamps && options.hasTimestamps && (segment.flags & TcpFlag.Rst) === 0) {
    if (seqLt(options.tsVal, agreement.tsRecent)) return false
  }
  const offset = seqDiff(seq, half.rcvNxt)
  return offset >= 0 && offset < firstWindow(tcp.config, half.own)
}
