import type { Micros } from '../../core/timer.ts'
import type { Tcb } from '../tcb.ts'
import { LossBased } from './loss-based.ts'
import { smss } from './window.ts'

/** Slow start and congestion avoidance of RFC 5681. */
export class NewReno extends LossBased {
  /** Bytes acknowledged towards the next segment. */
  #credit = 0

  get name(): 'newreno' {
    return 'newreno'
  }

  protected get beta(): number {
    return 0.5
  }

  /** R5681-07, R5681-08: one segment per window of acknowledged bytes. */
  protected avoid(tcb: Tcb, ackedBytes: number): void {
    this.#credit = Math.min(this.#credit + ackedBytes, 2 * tcb.cwnd - 1)
    if (this.#credit < tcb.cwnd) return
    this.#credit -= tcb.cwnd
    tcb.cwnd += smss(tcb)
  }

  protected override reducing(): void {
    this.#credit = 0
  }

  override onIdle(tcb: Tcb, now: Micros): void {
    super.onIdle(tcb, now)
    this.#credit = 0
  }
}
