import type { Micros } from '../../core/timer.ts'
import { noteReduction, reducedByEcho } from '../ecn.ts'
import { INFINITE_SSTHRESH, RecoveryState } from '../recovery-state.ts'
import type { Tcb } from '../tcb.ts'
import type { CongestionControl, CongestionName } from './controller.ts'
import { cautiousWindow, initialWindow, smss, traceWindow } from './window.ts'

/** More than this lost from an initial window is a sign that the window was too large (R6928-03). */
const MUCH = 4096

/**
 * What algorithms that take loss for congestion have in common: slow start, the window after a timeout, after a recovery and
 * after a pause (RFC 5681; MUST-19, R5681-28). Each adds how it reduces and how it avoids congestion.
 */
export abstract class LossBased implements CongestionControl {
  abstract readonly name: CongestionName
  /** What is left of the window after a loss. */
  protected abstract readonly beta: number
  /** `bytesAcked` when the initial or restart window began, and its size. */
  #windowStart = 0
  #windowSize = 0
  /** That window was too large for the path once. */
  #cautious = false

  init(tcb: Tcb): void {
    tcb.cwnd = initialWindow(tcb)
    this.#windowStart = tcb.bytesAcked
    this.#windowSize = tcb.cwnd
  }

  /**
   * A loss that is being repaired counts as this algorithm has it. The one before may have set no `ssthresh` for it, and
   * recovery would end with a window of that.
   */
  takeOver(tcb: Tcb): void {
    this.#windowStart = tcb.bytesAcked
    if (tcb.recovery === RecoveryState.Open) return
    tcb.ssthresh = Math.min(tcb.ssthresh, this.#reduced(tcb, tcb.undo.cwnd))
  }

  onRtt(_tcb: Tcb, _rtt: Micros): void {}

  onAck(tcb: Tcb, ackedBytes: number, limited: boolean, now: Micros): void {
    if (!limited) return
    let left = ackedBytes
    if (tcb.cwnd < tcb.ssthresh) left = this.slowStart(tcb, ackedBytes)
    if (left > 0) this.avoid(tcb, left, now)
    traceWindow(tcb, now)
  }

  onLoss(tcb: Tcb, flightSize: number, now: Micros): void {
    // R3168-07: the ECE of this window was the same congestion.
    if (!reducedByEcho(tcb)) this.#reduce(tcb, flightSize)
    tcb.cwnd = Math.min(tcb.cwnd, tcb.ssthresh)
    traceWindow(tcb, now)
  }

  /** R3168-07: as for a loss, but a window that is smaller than two segments stays so (R9438-07). */
  onEcn(tcb: Tcb, flightSize: number, now: Micros): void {
    this.#reduce(tcb, flightSize)
    tcb.cwnd = Math.max(smss(tcb), Math.min(tcb.cwnd, Math.floor(flightSize * this.beta)))
    traceWindow(tcb, now)
  }

  /** R5681-10: the window is one segment; ssthresh is not reduced again by repeats. */
  onTimeout(tcb: Tcb, flightSize: number, first: boolean, now: Micros): void {
    if (first && !reducedByEcho(tcb)) this.#reduce(tcb, flightSize)
    tcb.cwnd = smss(tcb)
    this.timedOut()
    traceWindow(tcb, now)
  }

  /** R9937-07; without SACK R6582-03, which sends no burst when a single ACK has covered everything. */
  onRecovered(tcb: Tcb, now: Micros): void {
    const size = smss(tcb)
    const most = tcb.sackPermitted ? tcb.ssthresh : Math.max(tcb.flightSize, size) + size
    tcb.cwnd = Math.min(tcb.ssthresh, most)
    traceWindow(tcb, now)
  }

  onUndo(tcb: Tcb, now: Micros): void {
    this.#cautious = false
    traceWindow(tcb, now)
  }

  /**
   * R5681-21: the restart window is min(IW, cwnd). ssthresh keeps the memory of what the path carried (RFC 7661 section
   * 4.4.2), so that slow start finds it again.
   */
  onIdle(tcb: Tcb, now: Micros): void {
    const restart = this.#cautious ? cautiousWindow(tcb) : initialWindow(tcb)
    tcb.ssthresh = Math.max(tcb.ssthresh, Math.floor(tcb.cwnd * 0.75))
    tcb.cwnd = Math.min(tcb.cwnd, restart)
    this.#windowStart = tcb.bytesAcked
    this.#windowSize = tcb.cwnd
    traceWindow(tcb, now)
  }

  /** How the window grows above ssthresh. */
  protected abstract avoid(tcb: Tcb, ackedBytes: number, now: Micros): void

  /** A reduction is about to happen. @param window what is being reduced */
  protected reducing(_tcb: Tcb, _window: number): void {}

  /** The window is one segment again. */
  protected timedOut(): void {}

  /** @returns what it did not use: above ssthresh the other rule holds */
  protected slowStart(tcb: Tcb, ackedBytes: number): number {
    return growBy(tcb, slowStartBytes(tcb, ackedBytes), ackedBytes)
  }

  #reduce(tcb: Tcb, flightSize: number): void {
    if (tcb.bytesAcked - this.#windowStart < this.#windowSize && flightSize > MUCH) this.#cautious = true
    this.reducing(tcb, flightSize)
    noteReduction(tcb)
    tcb.ssthresh = this.#reduced(tcb, flightSize)
  }

  /** R5681-09, equation 4, with the factor of the algorithm. */
  #reduced(tcb: Tcb, flightSize: number): number {
    return Math.max(Math.floor(flightSize * this.beta), 2 * smss(tcb))
  }
}

/**
 * R5681-06, by bytes (RFC 3465), so that splitting ACKs gains nothing. One ACK may stand for many segments where receivers
 * answer bursts or super-frames at once, so L has no bound (as in Linux; deviation of R9406-01's 8). After a timeout
 * without SACK an ACK may cover what had arrived before: then L is one segment (RFC 3465 section 2.3).
 */
export function slowStartBytes(tcb: Tcb, ackedBytes: number): number {
  const repairing = tcb.recovery === RecoveryState.Loss && !tcb.sackPermitted
  return repairing ? Math.min(ackedBytes, smss(tcb)) : ackedBytes
}

/** Slow start up to ssthresh. @returns how many of the acknowledged bytes were not used */
export function growBy(tcb: Tcb, bytes: number, ackedBytes: number): number {
  const room = tcb.ssthresh === INFINITE_SSTHRESH ? bytes : tcb.ssthresh - tcb.cwnd
  if (room >= bytes) {
    tcb.cwnd += bytes
    return 0
  }
  tcb.cwnd = tcb.ssthresh
  return Math.min(bytes, ackedBytes) - room
}
