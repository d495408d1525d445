import { type Micros, SECOND } from '../core/timer.ts'

/** Linux's window for the minimum is 300 s; two halves of it forget after 150 to 300 s. */
const HALF: Micros = 150 * SECOND

/** The smallest round-trip time of the last minutes (R8985-06): a path that has become longer is believed in the end. */
export class MinRtt {
  /** In microseconds; 0 before the first sample. */
  value: Micros = 0
  /** Of this half of the window, which began then, and of the one before; 0 for none. */
  current: Micros = 0
  previous: Micros = 0
  since: Micros = 0

  sample(rtt: Micros, now: Micros): void {
    if (this.value === 0) this.since = now
    while (now - this.since >= HALF) {
      const skipped = now - this.since >= 2 * HALF
      this.previous = skipped ? 0 : this.current
      this.current = 0
      this.since = skipped ? now : this.since + HALF
    }
    if (this.current === 0 || rtt < this.current) this.current = rtt
    this.value = this.previous === 0 ? this.current : Math.min(this.current, this.previous)
  }
}
