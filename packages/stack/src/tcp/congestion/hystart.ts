import { seqGeq } from '../../core/seq.ts'
import { MILLISECOND, type Micros } from '../../core/timer.ts'
import type { Tcb } from '../tcb.ts'

// RFC 9406 section 4.3 (R9406-01, R9406-06).
const MIN_RTT_THRESH = 4 * MILLISECOND
const MAX_RTT_THRESH = 16 * MILLISECOND
const MIN_RTT_DIVISOR = 8
const N_RTT_SAMPLE = 8
const CSS_GROWTH_DIVISOR = 4
const CSS_ROUNDS = 5

/**
 * HyStart++ (RFC 9406): the first slow start ends when the round-trip time begins to rise, which is before the queue
 * overflows. Conservative slow start (CSS) first tests whether that rise lasts.
 */
export class HyStart {
  /** In conservative slow start. */
  css = false
  #cssRounds = 0
  #cssBaseline: Micros = Number.POSITIVE_INFINITY
  /** R9406-02: the round lasts until this is acknowledged. */
  #windowEnd = 0
  /** Nothing was in flight when the round began: the next ACK shows what it has to last for. */
  #endUnknown = true
  #lastRoundMin: Micros = Number.POSITIVE_INFINITY
  #roundMin: Micros = Number.POSITIVE_INFINITY
  #samples = 0
  /** Fractions of bytes that CSS has not given yet. */
  #rest = 0

  /** @param samples how many there were already, of which the shortest took `min` */
  constructor(samples = 0, min: Micros = 0) {
    this.#samples = samples
    if (samples > 0) this.#roundMin = min
  }

  /** A round-trip sample of this round; called before `grow` for the same ACK. */
  sample(rtt: Micros): void {
    this.#samples++
    if (rtt < this.#roundMin) this.#roundMin = rtt
  }

  /**
   * An ACK in slow start. @param bytes what plain slow start would add
   * @returns what to add; ssthresh is set when slow start is over (R9406-04)
   */
  grow(tcb: Tcb, bytes: number): number {
    if (this.#endUnknown) {
      this.#endUnknown = false
      this.#windowEnd = tcb.sndNxt
    }
    if (this.#samples >= N_RTT_SAMPLE) this.#judge()
    const growth = this.css ? this.#slowly(bytes) : bytes
    if (seqGeq(tcb.sndUna, this.#windowEnd)) this.#endRound(tcb, growth)
    return growth
  }

  #judge(): void {
    if (this.css) {
      // R9406-04: it was not the queue.
      if (this.#roundMin < this.#cssBaseline) this.css = false
      return
    }
    const last = this.#lastRoundMin
    if (last === Number.POSITIVE_INFINITY) return
    // R9406-03.
    const threshold = Math.max(MIN_RTT_THRESH, Math.min(last / MIN_RTT_DIVISOR, MAX_RTT_THRESH))
    if (this.#roundMin < last + threshold) return
    this.css = true
    this.#cssBaseline = this.#roundMin
    this.#cssRounds = 0
    this.#rest = 0
  }

  #slowly(bytes: number): number {
    const growth = bytes / CSS_GROWTH_DIVISOR + this.#rest
    const whole = Math.floor(growth)
    this.#rest = growth - whole
    return whole
  }

  #startRound(tcb: Tcb): void {
    this.#windowEnd = tcb.sndNxt
    this.#endUnknown = tcb.sndNxt === tcb.sndUna
    this.#lastRoundMin = this.#roundMin
    this.#roundMin = Number.POSITIVE_INFINITY
    this.#samples = 0
  }

  /** The round in which CSS began counts as one (R9406-04). */
  #endRound(tcb: Tcb, growth: number): void {
    if (this.css && ++this.#cssRounds >= CSS_ROUNDS) tcb.ssthresh = tcb.cwnd + growth
    this.#startRound(tcb)
  }
}
