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
    for (let i = 0; i < this.count && seqLt(this.left[i], right); i++)
      if (seqGt(this.right[i], left)) return i
    return -1
  }

  /** Bytes of [left, right) that are here already. */
  overlap(left: number, right: number): number {
    let bytes = 0
    for (let i = 0; i < this.count; i++) {
      const from = seqMax(left, this.left[i])
      const to = seqMin(right, this.right[i])
      if (seqGt(to, from)) bytes += (to - from) | 0
    }
    return bytes
  }

  /** Adds [left, right), merging what it touches. @returns false when it would be one range too many */
  add(left: number, right: number, limit: number): boolean {
    let first = 0
    while (first < this.count && seqLt(this.right[first], left)) first++
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
    while (this.count > 0 && seqLeq(this.left[0], rcvNxt)) {
      if (seqGeq(this.right[0], rcvNxt)) rcvNxt = this.right[0]
      this.left.shift()
      this.right.shift()
      this.#touched.shift()
    }
    return rcvNxt
  }

  /**
   * Chooses the blocks of a SACK option, the latest changed first (R2018-04, R2018-05).
   * @returns how many indices were written to `out`
   */
  newest(out: Int32Array, most: number): number {
    let chosen = 0
    while (chosen < most && chosen < this.count) {
      let best = -1
      for (let i = 0; i < this.count; i++) {
        if (best >= 0 && this.#touched[i] < this.#touched[best]) continue
        if (!taken(out, chosen, i)) best = i
      }
      out[chosen++] = best
    }
    return chosen
  }
}

function taken(out: Int32Array, count: number, index: number): boolean {
  for (let i = 0; i < count; i++) if (out[i] === index) return true
  return false
}
