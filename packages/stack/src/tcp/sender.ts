import { seqAdd, seqDiff, seqLeq, seqMax } from '../core/seq.ts'
import { type Micros, NEVER } from '../core/timer.ts'
import { TcpFlag } from '../wire/tcp.ts'
import { TcpState } from './api.ts'
import { awaitsAnswer } from './awaited-answer.ts'
import { noteHoldup } from './busy-time.ts'
import { noteWindowUse } from './congestion/window.ts'
import { countRetransmission } from './count.ts'
import { checkIfApplicationLimited, onPacketSent } from './delivery-rate.ts'
import { advanceReduction } from './ecn.ts'
import { holdsRetransmissions } from './f-rto.ts'
import { restartRto, setLossTimer } from './loss-timer.ts'
import { extraOptions } from './options-out.ts'
import { emit, sendAck } from './output.ts'
import { endPaced, paced, pacedSend, startPaced } from './pacing.ts'
import { probePayload, probeSent } from './path-mtu-search.ts'
import { startPersist } from './persist.ts'
import { pipe } from './pipe.ts'
import { RecoveryState } from './recovery-state.ts'
import { currentRto } from './rtt.ts'
import { payloadSize, superPayloadSize } from './segment-size.ts'
import { afterSend } from './send-buffer.ts'
import type { SentRecord } from './sent-record.ts'
import { canSendNew, setState } from './states.ts'
import type { Tcb } from './tcb.ts'
import { RetransmitCause, TraceKind, trace } from './trace.ts'
import { noteRetransmission } from './undo.ts'

/**
 * Sends all that a connection owes and may send: first what is lost, then what is new, and an ACK if nothing of that
 * carried it. Called at the end of a burst. @returns false when the device was full
 */
export function output(tcb: Tcb): boolean {
  if (tcb.state >= TcpState.Established) {
    const mss = payloadSize(tcb)
    startPaced(tcb)
    if (!sendLost(tcb, mss)) return false
    // NextSeg() of R6675-04: new data only when nothing lost waits.
    if ((tcb.sent.nextLost() === null || holdsRetransmissions(tcb)) && !sendNew(tcb, mss - extraOptions(tcb)))
      return false
    endPaced(tcb)
    checkIfApplicationLimited(tcb, mss)
    noteHoldup(tcb)
  }
  if (tcb.ackNow && tcb.state >= TcpState.SynReceived && !awaitsAnswer(tcb)) return sendAck(tcb)
  return true
}

/**
 * Sends again what is marked lost, oldest first, while the window allows (RFC 6675 section 5, step C; R8985-13).
 * @returns false when the device was full
 */
function sendLost(tcb: Tcb, mss: number): boolean {
  if (holdsRetransmissions(tcb)) return true
  for (let record = tcb.sent.nextLost(); record !== null; record = tcb.sent.nextLost()) {
    if (!isWindowOpenFor(tcb, record)) return true
    const flying = pipe(tcb)
    // The first retransmission of a recovery does not wait for the window (R5681-17).
    if (flying > 0 && !tcb.fastRetransmit && flying + Math.min(record.length, mss) > tcb.cwnd) return true
    const cause = tcb.recovery === RecoveryState.Loss ? RetransmitCause.Timeout : RetransmitCause.Recovery
    const room = Math.min(Math.max(mss, tcb.cwnd - flying), paced(tcb, record.length, mss))
    if (room === 0) return true
    if (!retransmit(tcb, record, mss, room, cause)) return false
    tcb.fastRetransmit = false
  }
  return true
}

/**
 * R7323-10, SHLD-16, MAY-7: once more whatever the window has become, for it held the data the first time; after that only inside
 * the latest window. The oldest byte is always tried: it is the probe that learns of the window (as in Linux).
 */
function isWindowOpenFor(tcb: Tcb, record: SentRecord): boolean {
  return (
    record.retransmissions === 0 ||
    record.start === tcb.sndUna ||
    seqLeq(record.end, seqAdd(tcb.sndUna, tcb.sndWnd))
  )
}

/**
 * Sends a record again, or as much of its front as one frame holds.
 * @param room bytes the congestion window leaves
 */
export function retransmit(
  tcb: Tcb,
  record: SentRecord,
  mss: number,
  room: number,
  cause: RetransmitCause,
): boolean {
  const most = Math.max(mss, Math.min(superPayloadSize(tcb, mss), room - (room % mss)))
  const fin = tcb.finSent && record.end === tcb.sndNxt
  let data = record.length - (fin ? 1 : 0)
  const cut = data > most
  if (cut) data = most
  // As the first time.
  const push = record.pushed && !cut
  const flags = TcpFlag.Ack | (push ? TcpFlag.Psh : 0) | (fin && !cut ? TcpFlag.Fin : 0)
  if (!emit(tcb, record.start, flags, seqDiff(record.start, tcb.sndUna), data, mss)) return false
  if (cut) tcb.sent.split(record, seqAdd(record.start, data))
  const now = tcb.tcp.engine.now
  tcb.sent.markRetransmitted(record, now)
  onPacketSent(tcb, record, now)
  pacedSend(tcb, data, now)
  noteRetransmission(tcb, record.length, now)
  tcb.prr.out += record.length
  tcb.retransmits++
  tcb.bytesRetransmitted += data
  countRetransmission(tcb.tcp, tcb.path, cause)
  tcb.lastSendAt = now
  // R6298-09.
  if (record === tcb.sent.head || tcb.retransmitAt === NEVER) {
    restartRto(tcb, now)
    setLossTimer(tcb, now)
  }
  trace(tcb.tcp, tcb.id, TraceKind.Retransmit, record.start, data, cause)
  return true
}

function sendNew(tcb: Tcb, mss: number): boolean {
  if (!canSendNew(tcb.state)) return true
  restartAfterIdle(tcb)
  const before = tcb.sndNxt
  tcb.cwndLimited = false
  const taken = sendWhatFits(tcb, mss)
  if (tcb.sndNxt !== before || tcb.cwndLimited) noteWindowUse(tcb, tcb.cwndLimited)
  if (tcb.sndNxt !== before) setLossTimer(tcb, tcb.tcp.engine.now)
  if (!taken) return false
  if (tcb.pacingAt !== NEVER || tcb.sent.count > 0) return true
  if (tcb.unsent > 0 || (tcb.finQueued && !tcb.finSent)) startPersist(tcb, mss)
  return true
}

function sendWhatFits(tcb: Tcb, mss: number): boolean {
  const probe = probePayload(tcb, mss)
  if (probe > 0) {
    if (!emit(tcb, tcb.sndNxt, TcpFlag.Ack, seqDiff(tcb.sndNxt, tcb.sndUna), probe, probe)) return false
    probeSent(tcb, probe)
    commitNew(tcb, probe, false, false, probe)
  }
  for (;;) {
    let length = sendable(tcb, mss)
    if (length < 0) return true
    if (length > 0) {
      length = paced(tcb, length, mss)
      if (length === 0) return true
    }
    if (!sendSegmentOfNew(tcb, length, mss)) return false
  }
}

/** @returns false when the device was full */
function sendSegmentOfNew(tcb: Tcb, length: number, mss: number): boolean {
  const last = length === tcb.unsent
  // SHLD-15: the FIN has to fit into the window as well.
  const fin = last && tcb.finQueued && tcb.sndWnd - tcb.flightSize > length
  // MUST-61, MUST-60, SHLD-27: PSH on the segment that empties the queue.
  const push = last && length > 0
  const flags = TcpFlag.Ack | (push ? TcpFlag.Psh : 0) | (fin ? TcpFlag.Fin : 0)
  if (!emit(tcb, tcb.sndNxt, flags, seqDiff(tcb.sndNxt, tcb.sndUna), length, mss)) return false
  commitNew(tcb, length, push, fin, mss)
  return true
}

/** One segment of new data as a tail loss probe: neither Nagle nor the congestion window holds it (R8985-18). */
export function sendProbeData(tcb: Tcb, mss: number): boolean {
  if (!canSendNew(tcb.state)) return false
  const length = Math.min(tcb.unsent, mss)
  if (length === 0 || tcb.sndWnd - tcb.flightSize < length) return false
  return sendSegmentOfNew(tcb, length, mss)
}

/** The device took new data: now it is in flight. */
function commitNew(tcb: Tcb, length: number, push: boolean, fin: boolean, mss: number): void {
  const now = tcb.tcp.engine.now
  const end = seqAdd(tcb.sndNxt, length + (fin ? 1 : 0))
  if (tcb.sent.count === 0) restartRto(tcb, now)
  const record = tcb.sent.append(tcb.sndNxt, end, now)
  record.pushed = push
  onPacketSent(tcb, record, now)
  pacedSend(tcb, length, now)
  tcb.prr.out += seqDiff(end, tcb.sndNxt)
  tcb.sndNxt = end
  if (length % mss !== 0) tcb.sndSmall = end
  tcb.lastSendAt = now
  tcb.persistAt = NEVER
  tcb.override = false
  if (fin) finSent(tcb)
  afterSend(tcb)
}

/** SEG-26: the FIN has left, after everything queued. */
function finSent(tcb: Tcb): void {
  tcb.finSent = true
  setState(tcb, tcb.state === TcpState.CloseWait ? TcpState.LastAck : TcpState.FinWait1)
}

/** R5681-21: after a pause of more than an RTO the old window says nothing any more. */
function restartAfterIdle(tcb: Tcb): void {
  if (tcb.sent.count > 0 || tcb.unsent === 0 || tcb.lastSendAt === 0) return
  const now = tcb.tcp.engine.now
  if (now - tcb.lastSendAt > currentRto(tcb)) shrinkAfterIdle(tcb, now)
  tcb.congestion.onRestart?.(tcb, now)
}

function shrinkAfterIdle(tcb: Tcb, now: Micros): void {
  if (tcb.tcp.config.slowStartAfterIdle) tcb.congestion.onIdle(tcb, now)
}

/**
 * How many bytes the next frame of new data should carry: 0 for a FIN alone, -1 for nothing now. Sender-side
 * silly-window avoidance (MUST-38, SHLD-28), Nagle, cork and the congestion window meet here.
 * R5681-01: never beyond the smaller of the two windows.
 */
function sendable(tcb: Tcb, mss: number): number {
  const unsent = tcb.unsent
  if (tcb.finSent || (unsent === 0 && !tcb.finQueued)) return -1
  // R5681-01. MUST-34: negative after the peer has shrunk its window.
  const window = tcb.sndWnd - tcb.flightSize
  if (unsent === 0) return window > 0 ? 0 : -1
  const congestion = tcb.cwnd - pipe(tcb)
  if (congestion < Math.min(unsent, mss)) tcb.cwndLimited = true
  const room = Math.min(window, congestion)
  if (room <= 0) return -1
  const length = Math.min(unsent, room, superPayloadSize(tcb, mss))
  const tail = length % mss
  if (tail === 0) return length
  if ((length === unsent && mayEndShort(tcb)) || tcb.override) return length
  if (length > tail) return length - tail
  // SHLD-28, MUST-38 (3): half of the largest window ever seen is worth a short segment.
  return length === window && length < unsent && 2 * length >= tcb.maxSndWnd ? length : -1
}

/**
 * Whether a segment that is not full may go: Nagle in Minshall's form (SHLD-7, SEG-34): hold it only while an earlier
 * short one is unacknowledged, so that the tail of a large write does not wait.
 */
function mayEndShort(tcb: Tcb): boolean {
  if (tcb.finQueued) return true
  if (tcb.corked || tcb.more) return false
  return tcb.noDelay || tcb.sent.count === 0 || seqLeq(tcb.sndSmall, tcb.sndUna)
}

/** Keeps `sndSmall`, and ECN's mark, from looking like the future once the sequence space has moved on. */
export function advanceSndSmall(tcb: Tcb): void {
  tcb.sndSmall = seqMax(tcb.sndSmall, tcb.sndUna)
  if (tcb.ecn.on) advanceReduction(tcb)
}
