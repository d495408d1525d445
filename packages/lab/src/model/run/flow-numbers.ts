/**
 * One direction's sequence numbers, as people count them: the SYN is 0, the first byte 1, and so on beyond 2^32. What is asked for
 * lies within 2^31 of the farthest that was seen.
 */
export class SequenceCounter {
  /** Null until a SYN was seen. */
  #isn: number | null = null
  #farthest = 0

  get known(): boolean {
    return this.#isn !== null
  }

  /** As on the wire; 0 while it is not known. */
  get isn(): number {
    return this.#isn ?? 0
  }

  begin(isn: number): void {
    if (this.#isn === isn) return
    this.#isn = isn
    this.#farthest = 0
  }

  /** @param seq as on the wire; without a SYN the first one asked for is taken for number 1 */
  relative(seq: number): number {
    this.#isn ??= (seq - 1) >>> 0
    return this.#farthest + ((seq - this.#isn - this.#farthest) | 0)
  }

  /** The same for a number that was really used, which moves the farthest. */
  used(seq: number): number {
    const relative = this.relative(seq)
    if (relative > this.#farthest) this.#farthest = relative
    return relative
  }

  /** As on the wire. */
  absolute(relative: number): number {
    return (this.isn + relative) >>> 0
  }
}

/** What is known of the two directions of one connection: from its segments alone. */
export class FlowNumbers {
  readonly seq = { A: new SequenceCounter(), B: new SequenceCounter() }
  /** Shifts of the windows that they send; -1 while a SYN has not said so. */
  readonly scale = { A: -1, B: -1 }
  /** Both SYNs had the option. */
  get scaled(): boolean {
    return this.scale.A >= 0 && this.scale.B >= 0
  }
}
