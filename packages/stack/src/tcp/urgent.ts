import { seqAdd, seqDiff, seqGeq, seqGt, seqLeq } from '../core/seq.ts'
import { TcpState } from './api.ts'
import type { SegmentIn } from './segment-in.ts'
import { canReceive } from './states.ts'
import type { Tcb } from './tcb.ts'
import { ConnectionEvent, notify } from './wants.ts'

/** What the 16 bits of the urgent pointer can tell. */
const FURTHEST = 0xffff

/**
 * The urgent mechanism (RFC 9293 section 3.8.5, RFC 6093): a mark in the stream, which stays in it (R6093-03). The pointer is
 * the sequence number after the urgent data (MUST-62, R6093-01).
 */
export class Urgent {
  /** The peer has named `rcvUp`, and the application has not read so far yet. */
  receiving = false
  rcvUp = 0
  /** What was written up to `sndUp` is urgent, and not all of it acknowledged. */
  sending = false
  sndUp = 0
}

/**
 * The URG bit of an acceptable segment (RFC 9293 section 3.10.7.4, sixth step), with the window shut as well (MUST-66). The
 * application hears of each advance, and of repetitions nothing (MUST-32).
 */
export function noteUrgent(tcb: Tcb, segment: SegmentIn): void {
  if (!canReceive(tcb.state)) return
  const { urgent } = tcb
  const up = seqAdd(segment.seq, segment.urgentPointer)
  if (seqLeq(up, nextToRead(tcb)) || (urgent.receiving && seqLeq(up, urgent.rcvUp))) return
  urgent.receiving = true
  urgent.rcvUp = up
  notify(tcb, ConnectionEvent.Urgent)
}

/** MUST-33: bytes to be read until the urgent data ends; it is any length (MUST-31). */
export function urgentLeft(tcb: Tcb): number {
  const { urgent } = tcb
  if (!urgent.receiving) return 0
  const left = seqDiff(urgent.rcvUp, nextToRead(tcb))
  // A pointer beyond the peer's last byte means that one.
  return Math.max(0, isAtEnd(tcb) ? Math.min(left, tcb.readable) : left)
}

/** The application has read: behind the mark nothing is urgent any more. */
export function afterUrgentRead(tcb: Tcb): void {
  if (urgentLeft(tcb) === 0) tcb.urgent.receiving = false
}

/** All that is queued is urgent now (MUST-30). A later call moves the mark on. */
export function markUrgent(tcb: Tcb): void {
  const first = tcb.state >= TcpState.Established ? tcb.sndUna : seqAdd(tcb.iss, 1)
  tcb.urgent.sending = true
  tcb.urgent.sndUp = seqAdd(first, tcb.sendQueued)
}

/** The pointer of a segment that starts at `seq`; 0 for one that is not urgent. */
export function urgentPointer(tcb: Tcb, seq: number): number {
  const { urgent } = tcb
  if (!urgent.sending) return 0
  if (tcb.state >= TcpState.Established && seqGeq(tcb.sndUna, urgent.sndUp)) {
    urgent.sending = false
    return 0
  }
  return seqGt(urgent.sndUp, seq) ? Math.min(FURTHEST, seqDiff(urgent.sndUp, seq)) : 0
}

function nextToRead(tcb: Tcb): number {
  return seqAdd(tcb.rcvNxt, -tcb.readable - (isAtEnd(tcb) ? 1 : 0))
}

/** The peer's FIN has been counted. */
function isAtEnd(tcb: Tcb): boolean {
  return tcb.rcvFinSeen && seqGt(tcb.rcvNxt, tcb.rcvFin)
}
