import { type Micros, NEVER } from '../../core/timer.ts'

/** R9438-01: C in segments per second cubed. */
const C = 0.4
/** What a loss leaves of the window. */
export const BETA_CUBIC = 0.7
/** Makes the Reno-friendly window grow as fast as Reno's with a beta of 0.7 (RFC 9438 section 4.3). */
const ALPHA_CUBIC = (3 * (1 - BETA_CUBIC)) / (1 + BETA_CUBIC)

/**
 * The window of CUBIC as a function of time (RFC 9438 section 4.2), for one stage of congestion avoidance. Windows are in
 * bytes, so C is multiplied by the segment size.
 */
export class CubicCurve {
  /** W_max: where the curve has its plateau; 0 before any loss. */
  wMax = 0
  /** cwnd when ssthresh was last set: from there on the Reno-friendly window grows by one segment per round trip. */
  cwndPrior = 0
  /** When this stage began; NEVER before it. */
  epochStart: Micros = NEVER
  /** K: seconds from there to the plateau. */
  k = 0
  /** W_est: what Reno would have by now. */
  wEst = 0
  /** R9438-09: the stage that follows a timeout starts on the plateau. */
  afterTimeout = false
  /** Fractions of bytes by which the window has still to grow in this stage. */
  rest = 0
  /** When the last ACK came, and whether nothing was in flight any more after it. */
  lastAckAt: Micros = 0
  drained = false

  /** R9438-08: who loses earlier than before makes room for others (fast convergence). */
  reduce(window: number): void {
    this.wMax = window < this.wMax ? (window * (1 + BETA_CUBIC)) / 2 : window
    this.cwndPrior = window
    this.epochStart = NEVER
  }

  /** A stage of congestion avoidance begins with this window. R9438-02, R9438-09, R9438-11. */
  begin(cwnd: number, segment: number, now: Micros): void {
    this.epochStart = now
    this.wEst = cwnd
    this.rest = 0
    if (this.afterTimeout || this.wMax <= cwnd) {
      this.k = 0
      this.wMax = cwnd
    } else this.k = Math.cbrt((this.wMax - cwnd) / (C * segment))
    this.afterTimeout = false
    if (this.cwndPrior === 0) this.cwndPrior = cwnd
  }

  /** W_cubic at this time of the stage, in seconds. */
  at(seconds: number, segment: number): number {
    const t = seconds - this.k
    return C * segment * t * t * t + this.wMax
  }

  /** R9438-05: Reno's growth in the meantime. @returns W_est */
  renoWindow(cwnd: number, ackedBytes: number, segment: number): number {
    const alpha = this.wEst >= this.cwndPrior ? 1 : ALPHA_CUBIC
    this.wEst += (alpha * segment * ackedBytes) / cwnd
    return this.wEst
  }

  copy(from: CubicCurve): void {
    this.wMax = from.wMax
    this.cwndPrior = from.cwndPrior
    this.epochStart = from.epochStart
    this.k = from.k
    this.wEst = from.wEst
    this.afterTimeout = from.afterTimeout
  }
}
