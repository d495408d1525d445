import type { Incoming, Outgoing } from './api.ts'
import { SocketError } from './errno.ts'

/** What one call may move at most (MAX_RW_COUNT). */
const MOST = 0x7fff_f000
const ZEROS = new Uint8Array(65_536)

/** A row of buffers to be filled, or of lengths to be forgotten. */
export class Sink {
  readonly length: number
  readonly #parts: readonly Incoming[]
  #part = 0
  #at = 0

  /** @throws EFAULT for what is neither bytes nor a length */
  constructor(parts: readonly Incoming[]) {
    this.#parts = parts
    this.length = totalOf(parts)
  }

  put(bytes: Uint8Array): void {
    let from = 0
    while (from < bytes.length && this.#part < this.#parts.length) {
      const part = this.#parts[this.#part] as Incoming
      const size = sizeOf(part)
      const taken = Math.min(size - this.#at, bytes.length - from)
      if (typeof part !== 'number') part.set(bytes.subarray(from, from + taken), this.#at)
      from += taken
      this.#at += taken
      if (this.#at === size) this.#next()
    }
  }

  #next(): void {
    this.#part++
    this.#at = 0
  }
}

/** A row of buffers to be sent, as one. A single one is not copied; lengths stand for zeros. @throws EFAULT */
export class Source {
  readonly length: number
  readonly #parts: readonly Outgoing[]
  #part = 0
  #at = 0

  constructor(parts: readonly Outgoing[]) {
    this.#parts = parts
    this.length = totalOf(parts)
  }

  /** The next bytes in one piece; empty at the end. */
  next(): Uint8Array {
    for (; this.#part < this.#parts.length; this.#part++, this.#at = 0) {
      const part = this.#parts[this.#part] as Outgoing
      if (this.#at >= sizeOf(part)) continue
      if (typeof part !== 'number') return part.subarray(this.#at)
      return ZEROS.subarray(0, Math.min(ZEROS.length, part - this.#at))
    }
    return ZEROS.subarray(0, 0)
  }

  advance(length: number): void {
    this.#at += length
  }

  /** Everything that is left, in one piece. */
  rest(): Uint8Array {
    let piece = this.next()
    const all = new Uint8Array(this.length)
    let length = 0
    for (; piece.length > 0; piece = this.next()) {
      all.set(piece, length)
      length += piece.length
      this.advance(piece.length)
    }
    return all.subarray(0, length)
  }
}

function sizeOf(part: Incoming): number {
  return typeof part === 'number' ? part : part.length
}

function totalOf(parts: readonly Incoming[]): number {
  let total = 0
  for (const part of parts) {
    if (typeof part === 'number') {
      if (!Number.isInteger(part) || part < 0) throw new SocketError('EFAULT')
    } else if (!(part instanceof Uint8Array)) throw new SocketError('EFAULT')
    total += sizeOf(part)
  }
  return Math.min(total, MOST)
}
