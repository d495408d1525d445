const CHUNK_SHIFT = 8
const CHUNK = 1 << CHUNK_SHIFT

/**
 * Rows of numbers outside of the JavaScript heap, all of one width: 4 bytes for what fits into 32 bits and 8 for the rest, where
 * a field of an object takes 8 and 24. They come in chunks, which stay: a row that was given back is taken again.
 */
export class NumberRows {
  readonly #wordsPerRow: number
  readonly #doublesPerRow: number
  readonly #words: Int32Array[] = []
  readonly #doubles: Float64Array[] = []
  readonly #free: number[] = []

  constructor(wordsPerRow: number, doublesPerRow: number) {
    this.#wordsPerRow = wordsPerRow
    this.#doublesPerRow = doublesPerRow
  }

  /** @returns the number of a row whose contents are undefined */
  take(): number {
    if (this.#free.length === 0) this.#grow()
    return this.#free.pop() as number
  }

  give(row: number): void {
    this.#free.push(row)
  }

  /** The chunk that the row lies in; `wordsAt` says where in it. */
  words(row: number): Int32Array {
    return this.#words[row >>> CHUNK_SHIFT]
  }

  wordsAt(row: number): number {
    return (row & (CHUNK - 1)) * this.#wordsPerRow
  }

  doubles(row: number): Float64Array {
    return this.#doubles[row >>> CHUNK_SHIFT]
  }

  doublesAt(row: number): number {
    return (row & (CHUNK - 1)) * this.#doublesPerRow
  }

  #grow(): void {
    const first = this.#words.length << CHUNK_SHIFT
    this.#words.push(new Int32Array(CHUNK * this.#wordsPerRow))
    this.#doubles.push(new Float64Array(CHUNK * this.#doublesPerRow))
    for (let row = first + CHUNK - 1; row >= first; row--) this.#free.push(row)
  }
}
