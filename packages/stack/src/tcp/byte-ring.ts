import { Memory } from '../core/memory.ts'

/** The smallest block a ring takes when it first needs one. */
const SMALLEST = 4096

/** A ring that starts with so much is part of a stream. */
const STREAM = 16_384

/**
 * A ring of bytes in the stack's memory. Positions count from `start`, the oldest byte kept; the ring does not know
 * which positions hold data (a receive ring has holes), so whoever grows it says how much is worth keeping. An empty ring
 * holds no memory.
 *
 * A reader that keeps up empties the ring after each burst. So one that starts with a lot takes a block as large as its last
 * one at once: growing to it, step by step, moves each byte once more (a fourteenth of the time that receiving takes, measured).
 */
export class ByteRing {
  readonly #memory: Memory
  /** The block's offset, -1 for none. */
  block = -1
  /** Bytes of the block, a power of two, or 0. */
  capacity = 0
  /** Index in the block of position 0. */
  start = 0
  #lastCapacity = 0

  constructor(memory: Memory) {
    this.#memory = memory
  }

  /** Makes positions 0 to `need` usable, moving the first `keep` bytes along if it must. @returns false: no memory */
  ensure(need: number, keep: number): boolean {
    if (need <= this.capacity) return true
    const size = this.#wanted(need)
    const block = this.#memory.allocate(size)
    if (block < 0) return false
    if (this.block >= 0) {
      const first = Math.min(keep, this.capacity - this.start)
      this.#memory.move(block, this.block + this.start, first)
      this.#memory.move(block + first, this.block, keep - first)
      this.#memory.free(this.block)
    }
    this.block = block
    this.capacity = Memory.blockSize(size)
    this.start = 0
    return true
  }

  /** The last size only while memory is plenty. */
  #wanted(need: number): number {
    if (need < STREAM) return Math.max(need, SMALLEST)
    const { allocated, size } = this.#memory
    return allocated > size / 4 ? need : Math.max(need, this.#lastCapacity)
  }

  /** Where a position lies in the stack's memory. */
  offset(position: number): number {
    return this.block + ((this.start + position) & (this.capacity - 1))
  }

  /** How many bytes from `position` on lie in one piece. */
  contiguous(position: number): number {
    return this.capacity - ((this.start + position) & (this.capacity - 1))
  }

  /** Copies from elsewhere in the stack's memory. The room was made with `ensure`. */
  writeFrom(position: number, source: number, length: number): void {
    const first = Math.min(length, this.contiguous(position))
    this.#memory.move(this.offset(position), source, first)
    if (first < length) this.#memory.move(this.block, source + first, length - first)
  }

  /** Copies `length` bytes of `bytes`, from `from` on. The room was made with `ensure`. */
  write(position: number, bytes: Uint8Array, from: number, length: number): void {
    const u8 = this.#memory.u8
    const first = Math.min(length, this.contiguous(position))
    const whole = from === 0 && first === bytes.length
    u8.set(whole ? bytes : bytes.subarray(from, from + first), this.offset(position))
    if (first < length) u8.set(bytes.subarray(from + first, from + length), this.block)
  }

  /** Copies the first `length` bytes out to `target`. */
  read(target: Uint8Array, length: number): void {
    const u8 = this.#memory.u8
    const first = Math.min(length, this.contiguous(0))
    const at = this.offset(0)
    target.set(u8.subarray(at, at + first), 0)
    if (first < length) target.set(u8.subarray(this.block, this.block + length - first), first)
  }

  /** Forgets the first `length` bytes. */
  drop(length: number): void {
    this.start = (this.start + length) & (this.capacity - 1)
  }

  /** Gives the block back; what was in it is lost. */
  release(): void {
    if (this.block < 0) return
    this.#memory.free(this.block)
    this.#lastCapacity = this.capacity
    this.block = -1
    this.capacity = 0
    this.start = 0
  }
}
