import { type Micros, NEVER, SECOND } from '../../core/timer.ts'
import { INFINITE_SSTHRESH, RecoveryState } from '../recovery-state.ts'
import type { Tcb } from '../tcb.ts'
import { BETA_CUBIC, CubicCurve } from './cubic-curve.ts'
import { HyStart } from './hystart.ts'
import { growBy, LossBased, slowStartBytes } from './loss-based.ts'
import { smss } from './window.ts'

/** CUBIC (RFC 9438; MAY-18), with HyStart++ in the first slow start (R9438-11). */
export class Cubic extends LossBased {
  readonly name = 'cubic'
  protected readonly beta = BETA_CUBIC
  readonly #curve = new CubicCurve()
  /** The curve as it was before the reductions of this recovery, for undoing them (R9438-10). */
  readonly #before = new CubicCurve()
  #reduced = false
  readonly #hystart = new HyStart()
  /** Fractions of bytes by which the window has still to grow. */
  #rest = 0
  #lastAckAt: Micros = 0
  /** Nothing was in flight any more after the last ACK. */
  #drained = false

  override onRtt(tcb: Tcb, rtt: Micros): void {
    if (tcb.ssthresh === INFINITE_SSTHRESH) this.#hystart.sample(rtt)
  }

  override onAck(tcb: Tcb, ackedBytes: number, limited: boolean, now: Micros): void {
    if (tcb.recovery === RecoveryState.Open) this.#reduced = false
    // R9438-06: time in which the window was not used up is no time of the curve.
    if (this.#curve.epochStart !== NEVER) {
      const since = now - this.#lastAckAt
      if (!limited) this.#curve.epochStart += since
      else if (this.#drained) this.#curve.epochStart += Math.max(0, Math.round(since - tcb.srtt))
    }
    this.#lastAckAt = now
    this.#drained = tcb.sent.count === 0
    super.onAck(tcb, ackedBytes, limited, now)
  }

  override onUndo(tcb: Tcb, now: Micros): void {
    if (this.#reduced) this.#curve.copy(this.#before)
    this.#reduced = false
    super.onUndo(tcb, now)
  }

  /** What follows is a new stage, wherever slow start ends. */
  override onIdle(tcb: Tcb, now: Micros): void {
    super.onIdle(tcb, now)
    this.#curve.epochStart = NEVER
  }

  protected override slowStart(tcb: Tcb, ackedBytes: number): number {
    const bytes = slowStartBytes(tcb, ackedBytes)
    // R9406-05.
    if (tcb.ssthresh !== INFINITE_SSTHRESH) return growBy(tcb, bytes, ackedBytes)
    return growBy(tcb, this.#hystart.grow(tcb, bytes), ackedBytes)
  }

  protected avoid(tcb: Tcb, ackedBytes: number, now: Micros): void {
    const curve = this.#curve
    const segment = smss(tcb)
    const { cwnd } = tcb
    if (curve.epochStart === NEVER) {
      curve.begin(cwnd, segment, now)
      this.#rest = 0
    }
    const t = (now - curve.epochStart) / SECOND
    const reno = curve.renoWindow(cwnd, ackedBytes, segment)
    let growth: number
    if (curve.at(t, segment) < reno) growth = reno - cwnd
    else {
      // R9438-03, R9438-04: towards where the curve will be in a round trip.
      const target = Math.min(1.5 * cwnd, curve.at(t + tcb.srtt / SECOND, segment))
      growth = ((target - cwnd) / cwnd) * ackedBytes
    }
    if (growth <= 0) return
    this.#rest += growth
    const whole = Math.floor(this.#rest)
    this.#rest -= whole
    tcb.cwnd = cwnd + whole
  }

  protected override reducing(_tcb: Tcb, window: number): void {
    if (!this.#reduced) this.#before.copy(this.#curve)
    this.#reduced = true
    this.#curve.reduce(window)
  }

  protected override timedOut(): void {
    this.#curve.afterTimeout = true
    this.#curve.epochStart = NEVER
  }
}
