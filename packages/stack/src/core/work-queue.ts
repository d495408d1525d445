/**
 * A first-in first-out list of objects that owe work. It keeps its slots, so that adding and taking allocate
 * nothing once it has grown; whoever adds keeps a flag of its own so that nothing stands on it twice.
 */
export class WorkQueue<T> {
  #slots: (T | null)[] = new Array<T | null>(16).fill(null)
  #head = 0
  #count = 0

  get size(): number {
    return this.#count
  }

  push(item: T): void {
    if (this.#count === this.#slots.length) this.#grow()
    this.#slots[(this.#head + this.#count) & (this.#slots.length - 1)] = item
    this.#count++
  }

  /** Takes the oldest, or null. */
  shift(): T | null {
    if (this.#count === 0) return null
    const item = this.#slots[this.#head]
    this.#slots[this.#head] = null
    this.#head = (this.#head + 1) & (this.#slots.length - 1)
    this.#count--
    return item
  }

  /** From the oldest on; the visitor must not change the list. */
  each(visit: (item: T) => void): void {
    for (let i = 0; i < this.#count; i++) visit(this.#slots[(this.#head + i) & (this.#slots.length - 1)] as T)
  }

  #grow(): void {
    const old = this.#slots
    const grown = new Array<T | null>(old.length * 2).fill(null)
    for (let i = 0; i < this.#count; i++) grown[i] = old[(this.#head + i) & (old.length - 1)]
    this.#slots = grown
    this.#head = 0
  }
}
