import { seqAdd, seqDiff } from '../../core/seq.ts'
import { TCP_HEADER_LENGTH, TCP_MAX_HEADER_LENGTH } from '../../wire/tcp.ts'
import type { CloseReason } from '../api.ts'
import type { SegmentIn } from '../segment-in.ts'
import { defaultMss } from '../segment-size.ts'
import type { Tcb } from '../tcb.ts'
import { holdWhileUnanswered } from '../wants.ts'

/*
 * Fast Open for active opens (RFC 7413 section 4.2.1). The first SYN asks for a cookie, or brings one and the first bytes that
 * the application has written. Whatever of them its answer does not acknowledge is sent as if it never had been.
 */

/** What the first SYN of a connection said. */
export interface FastOpenAttempt {
  /** Length 0 asks for one. */
  readonly cookie: Uint8Array
  /** Bytes of data that went with it. */
  readonly data: number
}

const REQUEST = new Uint8Array(0)

/** Decides what the first SYN says; null: nothing of Fast Open, for it has failed lately or there is nothing to say. */
export function planFastOpen(tcb: Tcb): FastOpenAttempt | null {
  const { tcp, path } = tcb
  const entry = tcp.fastOpenCache.find(tcb.local, tcb.remote)
  // R7413-06.
  if (entry !== null && entry.restUntil > tcp.engine.now) return null
  if (entry === null || entry.cookie === null) return { cookie: REQUEST, data: 0 }
  const mss = Math.min(
    entry.mss > 0 ? entry.mss : defaultMss(path),
    path.mtu - path.headerLength - TCP_HEADER_LENGTH,
  )
  // A SYN's options may take all there is room for.
  const room = Math.max(0, mss - (TCP_MAX_HEADER_LENGTH - TCP_HEADER_LENGTH))
  const data = Math.min(tcb.sendQueued, room)
  return data > 0 ? { cookie: entry.cookie, data } : null
}

/** The most that an answer to our SYN may acknowledge: the SYN, and the data that may have gone with it. */
export function mostAckOfSyn(tcb: Tcb): number {
  return seqAdd(tcb.iss, 1 + (tcb.fastOpen === null ? 0 : tcb.fastOpen.data))
}

/** The SYN is acknowledged, and with it as much of its data as `ack` says: what is left is unsent. */
export function takeAckOfSyn(tcb: Tcb, ack: number): void {
  const acked = seqDiff(ack, tcb.iss) - 1
  tcb.sndUna = ack
  tcb.sndNxt = ack
  if (acked === 0) return
  tcb.sendRing.drop(acked)
  tcb.sendQueued -= acked
  tcb.bytesAcked += acked
  if (tcb.sendQueued === 0) tcb.sendRing.release()
  holdWhileUnanswered(tcb)
  tcb.fastOpenTaken = true
  tcb.tcp.counters.fastOpenDataAcked++
  tcb.tcp.fastOpenCache.worked(tcb.local, tcb.remote)
}

/** What the SYN-ACK teaches about its server (R7413-03, R7413-06). */
export function learnFromSynAck(tcb: Tcb, segment: SegmentIn): void {
  const attempt = tcb.fastOpen
  if (attempt === null) return
  const { tcp } = tcb
  const { options, ack } = segment
  if (tcb.synRetransmitted > 0) tcb.fastOpenFailure = 'synRetransmitted'
  else if (attempt.data === 0) tcb.fastOpenFailure = 'cookieUnavailable'
  else if (ack === seqAdd(tcb.iss, 1)) tcb.fastOpenFailure = 'dataNotAcked'
  if (options.fastOpenLength > 0) {
    const cookie = tcp.network.memory.copyOut(options.fastOpenOffset, options.fastOpenLength)
    tcp.fastOpenCache.keep(tcb.local, tcb.remote, cookie, options.mss)
    return
  }
  // Not answered the first time, or its data ignored: something on the way does not like it.
  const ignored = ack === seqAdd(tcb.iss, 1) && (attempt.data > 0 || tcb.synRetransmitted > 0)
  if (ignored) noteFailure(tcb)
}

/** The attempt ended without a connection. A refusal is an answer like any other. */
export function learnFromFailure(tcb: Tcb, reason: CloseReason): void {
  if (tcb.fastOpen !== null && reason !== 'ECONNREFUSED') noteFailure(tcb)
}

function noteFailure(tcb: Tcb): void {
  const { tcp } = tcb
  tcp.counters.fastOpenFailed++
  tcp.fastOpenCache.failed(tcb.local, tcb.remote, tcp.engine.now)
}
