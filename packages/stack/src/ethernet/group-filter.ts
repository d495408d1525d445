import type { IpAddress } from '../ip/address.ts'
import { groupMacHigh, groupMacLow } from './mac.ts'

/**
 * Which multicast frames are ours (ETH-05): the MACs of the joined groups, each counted, since groups share MACs and
 * several users join the same group. Grows with what the application joins, never with what arrives.
 */
export class GroupFilter {
  /** Users by the last four bytes of the MAC; for 33-33 and 01-00-5E apart. */
  readonly #v6 = new Map<number, number>()
  readonly #v4 = new Map<number, number>()

  join(group: IpAddress): void {
    const table = this.#table(groupMacHigh(group))
    const low = groupMacLow(group)
    table.set(low, (table.get(low) ?? 0) + 1)
  }

  /** Takes back one `join`; without one it does nothing. */
  leave(group: IpAddress): void {
    const table = this.#table(groupMacHigh(group))
    const low = groupMacLow(group)
    const users = table.get(low) ?? 0
    if (users > 1) table.set(low, users - 1)
    else table.delete(low)
  }

  /** Whether frames to this group MAC are ours. */
  has(high: number, low: number): boolean {
    if (high === 0x3333) return this.#v6.has(low)
    return high === 0x0100 && this.#v4.has(low)
  }

  get size(): number {
    return this.#v4.size + this.#v6.size
  }

  clear(): void {
    this.#v4.clear()
    this.#v6.clear()
  }

  #table(high: number): Map<number, number> {
    return high === 0x3333 ? this.#v6 : this.#v4
  }
}
