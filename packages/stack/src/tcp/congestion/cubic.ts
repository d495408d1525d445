import { type Micros, NEVER, SECOND } from '../../core/timer.ts'
import { INFINITE_SSTHRESH, RecoveryState } from '../recovery-state.ts'
import type { Tcb } from '../tcb.ts'
import { BETA_CUBIC, CubicCurve } from './cubic-curve.ts'
import { HyStart } from './hystart.ts'
import { growBy, LossBased, slowStartBytes } from './loss-based.ts'
import { smss } from './window.ts'

/**
 * CUBIC (RFC 9438; MAY-18), with HyStart++ in the first slow start (R9438-11). Most connections never fill their first window: the
 * parts are made when they are first needed.
 */
export class Cubic extends LossBased {
  /** Since slow start was over. */
  #curve: CubicCurve | null = null
  /** The curve as it was before the reductions of this recovery, for undoing them (R9438-10). */
  #before: CubicCurve | null = null
  #reduced = false
  /** Since the window was first used up; until then there are just round trips: how many, and the shortest. */
  #hystart: HyStart | null = null
  #samples = 0
  #minSample: Micros = 0

  get name(): 'cubic' {
    return 'cubic'
  }

  protected get beta(): number {
    return BETA_CUBIC
  }

  override onRtt(tcb: Tcb, rtt: Micros): void {
    if (tcb.ssthresh !== INFINITE_SSTHRESH) return
    if (this.#hystart !== null) this.#hystart.sample(rtt)
    else if (this.#samples++ === 0 || rtt < this.#minSample) this.#minSample = rtt
  }

  override onAck(tcb: Tcb, ackedBytes: number, limited: boolean, now: Micros): void {
    if (tcb.recovery === RecoveryState.Open) this.#reduced = false
    // R9438-06: time in which the window was not used up is no time of the curve.
    const curve = this.#curve
    if (curve !== null) {
      if (curve.epochStart !== NEVER) {
        const since = now - curve.lastAckAt
        if (!limited) curve.epochStart += since
        else if (curve.drained) curve.epochStart += Math.max(0, Math.round(since - tcb.srtt))
      }
      noteAck(curve, tcb, now)
    }
    super.onAck(tcb, ackedBytes, limited, now)
  }

  override onUndo(tcb: Tcb, now: Micros): void {
    if (this.#reduced && this.#before !== null) this.#curve?.copy(this.#before)
    this.#reduced = false
    super.onUndo(tcb, now)
  }

  /** What follows is a new stage, wherever slow start ends. */
  override onIdle(tcb: Tcb, now: Micros): void {
    super.onIdle(tcb, now)
    if (this.#curve !== null) this.#curve.epochStart = NEVER
  }

  protected override slowStart(tcb: Tcb, ackedBytes: number): number {
    const bytes = slowStartBytes(tcb, ackedBytes)
    // R9406-05.
    if (tcb.ssthresh !== INFINITE_SSTHRESH) return growBy(tcb, bytes, ackedBytes)
    this.#hystart ??= new HyStart(this.#samples, this.#minSample)
    return growBy(tcb, this.#hystart.grow(tcb, bytes), ackedBytes)
  }

  protected avoid(tcb: Tcb, ackedBytes: number, now: Micros): void {
    this.#curve ??= new CubicCurve()
    const curve = this.#curve
    const segment = smss(tcb)
    const { cwnd } = tcb
    if (curve.epochStart === NEVER) {
      curve.begin(cwnd, segment, now)
      noteAck(curve, tcb, now)
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
    curve.rest += growth
    const whole = Math.floor(curve.rest)
    curve.rest -= whole
    tcb.cwnd = cwnd + whole
  }

  protected override reducing(_tcb: Tcb, window: number): void {
    this.#curve ??= new CubicCurve()
    if (!this.#reduced) {
      this.#before ??= new CubicCurve()
      this.#before.copy(this.#curve)
    }
    this.#reduced = true
    this.#curve.reduce(window)
  }

  protected override timedOut(): void {
    this.#curve ??= new CubicCurve()
    this.#curve.afterTimeout = true
    this.#curve.epochStart = NEVER
  }
}

/** Of the last ACK, for telling at the next how long the window was not in use. */
function noteAck(curve: CubicCurve, tcb: Tcb, now: Micros): void {
  curve.lastAckAt = now
  curve.drained = tcb.sent.count === 0
}
