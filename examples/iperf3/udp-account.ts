import type { Counts } from './stream.ts'

/** A jump ahead of more datagrams than this is no loss but a datagram of somebody else. */
const FARTHEST = 2 ** 31

/** What datagrams tell of the path: which are missing or late, and how unevenly they come. */
export class UdpAccount {
  readonly #counts: Counts
  #highest = 0
  #transit: number | null = null

  constructor(counts: Counts) {
    this.#counts = counts
  }

  /**
   * @param count the datagram's number, from 1
   * @param sent seconds, by the sender's clock
   * @param now seconds, by the receiver's
   */
  take(count: number, sent: number, now: number): void {
    const counts = this.#counts
    if (count > this.#highest + FARTHEST) return
    if (count > this.#highest) {
      const step = count - this.#highest
      counts.packets += step
      counts.errors += step - 1
      this.#highest = count
    } else {
      // It was taken for lost when a later one came.
      counts.outOfOrder++
      if (counts.errors > 0) counts.errors--
    }
    const transit = now - sent
    // RFC 3550 section 6.4.1, with the gain that it recommends.
    if (this.#transit !== null) counts.jitter += (Math.abs(transit - this.#transit) - counts.jitter) / 16
    this.#transit = transit
  }
}
