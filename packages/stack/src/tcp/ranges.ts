import { seqGeq, seqGt, seqLeq, seqLt, seqMax, seqMin } from '../core/seq.ts'

/**
 * The ranges of out-of-order data a receiver holds: sorted, apart from each other, left edge included, right edge not.
 * They say which bytes of the receive ring are filled beyond `rcvNxt`, and they are the SACK blocks (R2018-06).
 */
export class SeqRanges {
  readonly left: number[] = []
  readonly right: number[] = []
  /** When a range last grew: the order in which SACK reports them. */
  readonly #touched: number[] = []
  #clock = 0

  get count(): number {
    return this.left.length
  }

  /** The end of the last range. Only while `count > 0`. */
  get highest(): number {
    return this.right[this.right.length - 1]
  }

  /**
   * The first piece of [left, right) that is here already (R2883-03).
   * @returns the index of its range, or -1
   */
  firstOverlap(left: number, right: number): number {
    let i = this.#reaching(left)
    if (i < this.count && !seqGt(this.right[i], left)) i++
    return i < this.count && seqLt(this.left[i], right) ? i : -1
  }

  /** Bytes of [left, right) that are here already. */
  overlap(left: number, right: number): number {
    let bytes = 0
    for (let i = this.#reaching(left); i < this.count && seqLt(this.left[i], right); i++) {
      const from = seqMax(left, this.left[i])
      const to = seqMin(right, this.right[i])
      if (seqGt(to, from)) bytes += (to - from) | 0
    }
    return bytes
  }

  /** Adds [left, right), merging what it touches. @returns false when it would be one range too many */
  add(left: number, right: number, limit: number): boolean {
    const first = this.#reaching(left)
    let end = first
    while (end < this.count && seqLeq(this.left[end], right)) end++
    if (end === first && this.count >= limit) return false
    if (end > first) {
      left = seqMin(left, this.left[first])
      right = seqMax(right, this.right[end - 1])
    }
    // Nearly always a range grows. Splicing would make three arrays of what it takes out, for every segment behind a gap.
    if (end === first + 1) {
      this.left[first] = left
      this.right[first] = right
      this.#touched[first] = ++this.#clock
      return true
    }
    this.left.splice(first, end - first, left)
    this.right.splice(first, end - first, right)
    this.#touched.splice(first, end - first, ++this.#clock)
    return true
  }

  /** Takes the ranges that `rcvNxt` has reached. @returns the new `rcvNxt` */
  absorb(rcvNxt: number): number {
    let reached = 0
    for (; reached < this.count && seqLeq(this.left[reached], rcvNxt); reached++) {
      if (seqGeq(this.right[reached], rcvNxt)) rcvNxt = this.right[reached]
    }
    // Nearly always it is one. Splicing would make three arrays of what it takes out.
    if (reached === 1) {
      this.left.shift()
      this.right.shift()
      this.#touched.shift()
    } else if (reached > 1) {
      this.left.splice(0, reached)
      this.right.splice(0, reached)
      this.#touched.splice(0, reached)
    }
    return rcvNxt
  }

  /**
   * Chooses the blocks of a SACK option, the latest changed first (R2018-04, R2018-05).
   * @returns how many indices were written to `out`
   */
  newest(out: Int32Array, most: number): number {
    const touched = this.#touched
    let chosen = 0
    // One pass, which keeps the best so far in order: there may be thousands of ranges, and this is done for every ACK.
    for (let i = 0; i < this.count; i++) {
      const when = touched[i]
      if (chosen === most && when < touched[out[most - 1]]) continue
      let at = chosen < most ? chosen++ : most - 1
      for (; at > 0 && touched[out[at - 1]] < when; at--) out[at] = out[at - 1]
      out[at] = i
    }
    return chosen
  }

  /** The index of the first range that ends at `seq` or later; `count` if there is none. */
  #reaching(seq: number): number {
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (seqLt(this.right[middle], seq)) low = middle + 1
      else high = middle
    }
    return low
  }
}
