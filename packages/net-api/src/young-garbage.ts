import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** A program that never reads so much in bulk is left alone. */
const BEGIN = 64 * 1024 * 1024

/** Less than V8 lets come together where it leaves least: 8 MiB, while its young generation is small. */
const PACE = 6 * 1024 * 1024

/** Collections that take longer, in milliseconds, find much alive: the next ones are V8's own. One alone may have been interrupted. */
const DEAR = 1
const DEAR_IN_A_ROW = 8

/** Until this one tries again. */
const REST = 1024 * 1024 * 1024

/** Collects the young generation of this thread's heap, now. */
export type CollectYoung = () => void

/**
 * Takes dead read buffers from V8 before it thinks of collecting the whole heap. V8 itself collects the young generation after 32 MiB of
 * Buffers, but counts them to the size of the heap as well; after a major collection it may let that grow by less (8 MiB and
 * the size of the young generation, when little is promoted), and then a major collection follows every 24 MiB, for as long as data
 * comes: 820 ms of processor time for a GiB received instead of 225 (measured; heap of 16 MB).
 */
export class YoungGarbage {
  readonly #find: () => CollectYoung | null
  readonly #now: () => number
  #collect: CollectYoung | null = null
  #left = BEGIN
  #dear = 0

  /** @param find called once, when the first collection is due; null: there is no way to collect @param now milliseconds */
  constructor(find: () => CollectYoung | null = collectYoung, now: () => number = () => performance.now()) {
    this.#find = find
    this.#now = now
  }

  /** So many bytes are about to be made for a read. */
  note(bytes: number): void {
    this.#left -= bytes
    if (this.#left < 0) this.#due()
  }

  #due(): void {
    this.#collect ??= this.#find()
    if (this.#collect === null) {
      this.#left = Number.POSITIVE_INFINITY
      return
    }
    const start = this.#now()
    this.#collect()
    this.#dear = this.#now() - start > DEAR ? this.#dear + 1 : 0
    this.#left = this.#dear < DEAR_IN_A_ROW ? PACE : REST
    if (this.#left === REST) this.#dear = 0
  }
}

/** V8 has no other face for it than the function of `--expose-gc`, which new contexts get while the flag is set. */
export function collectYoung(): CollectYoung | null {
  const exposed: unknown = globalThis.gc ?? exposeGc()
  if (typeof exposed !== 'function') return null
  const options = { type: 'minor' }
  return () => void exposed(options)
}

function exposeGc(): unknown {
  try {
    setFlagsFromString('--expose-gc')
    return runInNewContext('typeof gc === "function" ? gc : null')
  } catch {
    return null
  } finally {
    setFlagsFromString('--no-expose-gc')
  }
}
