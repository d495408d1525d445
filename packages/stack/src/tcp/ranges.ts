import { seqGeq, seqGt, seqLeq, seqLt, seqMax, seqMin } from '../core/seq.ts'

/** Places at first. */
const FEW = 8
/** A list with more of them is given up when it is empty. */
const MANY = 256
/**
 * So many empty lists are kept, 2 MiB at most: enough for as many connections that have a gap at the same moment. Fixed, because
 * more of them saves nothing but garbage in a storm of losses.
 */
const MOST_SPARE = 1024

/**
 * The ranges of out-of-order data a receiver holds: sorted, apart from each other, left edge included, right edge not.
 * They say which bytes of the receive ring are filled beyond `rcvNxt`, and they are the SACK blocks (R2018-06).
 */
export class SeqRanges {
  /** How many there are; the arrays hold more, for splicing would make three new ones of what it takes out. */
  count = 0
  left = new Int32Array(FEW)
  right = new Int32Array(FEW)
  /** When a range last grew: the order in which SACK reports them. */
  #touched = new Int32Array(FEW)
  #clock = 0

  /** The end of the last range. Only while `count > 0`. */
  get highest(): number {
    return this.right[this.count - 1]
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
    // Nothing is left to be compared with: numbers stay small, however long the list is in use.
    if (this.count === 0) this.#clock = 0
    const first = this.#reaching(left)
    let end = first
    while (end < this.count && seqLeq(this.left[end], right)) end++
    if (end === first && this.count >= limit) return false
    if (end > first) {
      left = seqMin(left, this.left[first])
      right = seqMax(right, this.right[end - 1])
    }
    if (end === first) this.#open(first)
    else this.#close(first + 1, end)
    this.left[first] = left
    this.right[first] = right
    this.#touched[first] = ++this.#clock
    return true
  }

  /** Takes the ranges that `rcvNxt` has reached. @returns the new `rcvNxt` */
  absorb(rcvNxt: number): number {
    let reached = 0
    for (; reached < this.count && seqLeq(this.left[reached], rcvNxt); reached++) {
      if (seqGeq(this.right[reached], rcvNxt)) rcvNxt = this.right[reached]
    }
    this.#close(0, reached)
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

  /** Makes a place at `index`. */
  #open(index: number): void {
    if (this.count === this.left.length) {
      this.left = doubled(this.left)
      this.right = doubled(this.right)
      this.#touched = doubled(this.#touched)
    }
    this.#move(index + 1, index)
    this.count++
  }

  /** Takes out those from `first` up to `end`. */
  #close(first: number, end: number): void {
    if (first === end) return
    this.#move(first, end)
    this.count -= end - first
  }

  #move(to: number, from: number): void {
    this.left.copyWithin(to, from, this.count)
    this.right.copyWithin(to, from, this.count)
    this.#touched.copyWithin(to, from, this.count)
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

function doubled(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2)
  larger.set(array)
  return larger
}

/** Empty lists, shared by all connections of a stack: a gap costs no new one. */
export class SeqRangesPool {
  /** How many lists wait for their next use. */
  get spare(): number {
    return this.#count
  }

  readonly #free: SeqRanges[] = []
  #count = 0

  take(): SeqRanges {
    return this.#count > 0 ? this.#free[--this.#count] : new SeqRanges()
  }

  give(ranges: SeqRanges): void {
    if (ranges.left.length > MANY || this.#count >= MOST_SPARE) return
    ranges.count = 0
    this.#free[this.#count++] = ranges
  }
}
