import { smss } from './congestion/window.ts'
import { pipe, renoSacked } from './pipe.ts'
import type { Tcb } from './tcb.ts'

/**
 * Proportional rate reduction, RFC 9937 (R9937-01: which replaces RFC 6937): the window comes down to `ssthresh` in the
 * course of one round trip, clocked by what arrives, instead of by half a round trip of silence.
 */
export class PrrState {
  /** Bytes delivered and bytes sent since recovery began; sent without one, too, and then nobody looks. */
  delivered = 0
  // NaN until the constructor has set it to 0: see `TcpCounters`.
  out = Number.NaN
  /** RecoverFS: bytes in flight when it began. */
  recoverFs = 1

  constructor() {
    this.out = 0
  }
}

/** R9937-02: called when the ACK that starts recovery has been counted; it delivered `delivered` bytes. */
export function startPrr(tcb: Tcb, delivered: number): void {
  const { prr, sent } = tcb
  const arrived = tcb.sackPermitted ? sent.sackedBytes : renoSacked(tcb)
  prr.delivered = 0
  prr.out = 0
  prr.recoverFs = Math.max(1, sent.bytes - arrived + delivered)
}

/**
 * Sets the window by what has been delivered until now. An ACK that delivers nothing gives nothing (R9937-03).
 * @param safe the ACK moved SND.UNA and showed no further loss
 */
export function reduceWindow(tcb: Tcb, delivered: number, safe: boolean): void {
  if (delivered <= 0) return
  tcb.prr.delivered += delivered
  setWindow(tcb, delivered, safe)
}

/** A timer has found losses: what has left the network by that is no invitation to send as much. */
export function keepReducing(tcb: Tcb): void {
  setWindow(tcb, 0, false)
}

function setWindow(tcb: Tcb, delivered: number, safe: boolean): void {
  const { prr, ssthresh } = tcb
  const flying = pipe(tcb)
  let count = flying > ssthresh ? proportional(tcb) : catchUp(tcb, delivered, safe, ssthresh - flying)
  // R9937-06: the retransmission that opens the recovery leaves at once. So does one when nothing is on its way any more, for
  // there will be no ACK to give it room.
  if (prr.out === 0 || flying === 0) count = Math.max(count, smss(tcb))
  tcb.cwnd = flying + Math.max(0, count)
}

/** R9937-04. */
function proportional(tcb: Tcb): number {
  const { delivered, recoverFs, out } = tcb.prr
  return Math.ceil((delivered * tcb.ssthresh) / recoverFs) - out
}

/** R9937-05: below the target as much as arrives (CRB), and a segment more while things go well (SSRB). */
function catchUp(tcb: Tcb, delivered: number, safe: boolean, room: number): number {
  const { prr } = tcb
  const count = Math.max(prr.delivered - prr.out, delivered) + (safe ? smss(tcb) : 0)
  return Math.min(room, count)
}
