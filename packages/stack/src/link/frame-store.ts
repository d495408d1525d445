import { Memory } from '../core/memory.ts'
import { TX_HEADROOM } from './device.ts'

/** Frames one store holds at most. */
export const STORE_SLOTS = 65_536

/**
 * Frames that are kept for a while and leave in any order: each in a block of its own in the stack's memory, named
 * by a slot number. Bounded in bytes of blocks and in frames; a frame costs no object. Before each
 * frame is the headroom that it needs to be transmitted.
 */
export class FrameStore {
  /** Bytes of blocks taken. */
  bytes = 0
  /** Frames kept. */
  count = 0
  /** Where the frame of each slot lies, or -1, and how long it is. */
  offset: Int32Array = new Int32Array(64).fill(-1)
  length: Int32Array = new Int32Array(64)
  /** Microseconds that a frame is to take on top of what the others do; 0 when it is taken. */
  extraDelay: Float64Array = new Float64Array(64)
  /** The number that whoever took the slot has given the frame. */
  serial: Float64Array = new Float64Array(64)
  readonly memory: Memory
  readonly #maxBytes: number
  /** Free slots, the last freed on top. */
  #free: Int32Array = new Int32Array(64)
  #freeCount = 0
  #used = 0

  constructor(memory: Memory, maxBytes: number) {
    this.memory = memory
    this.#maxBytes = maxBytes
  }

  /** Makes room for `length` bytes. @returns the slot, or -1 when a bound is reached or memory is exhausted */
  take(length: number): number {
    if (this.count === STORE_SLOTS) return -1
    const size = Memory.blockSize(length + TX_HEADROOM)
    if (this.bytes + size > this.#maxBytes) return -1
    const block = this.memory.allocate(length + TX_HEADROOM)
    if (block < 0) return -1
    let slot: number
    if (this.#freeCount > 0) slot = this.#free[--this.#freeCount]
    else {
      if (this.#used === this.offset.length) this.#grow()
      slot = this.#used++
    }
    this.offset[slot] = block + TX_HEADROOM
    this.length[slot] = length
    this.extraDelay[slot] = 0
    this.bytes += size
    this.count++
    return slot
  }

  /** Frees the slot and its block. */
  release(slot: number): void {
    this.memory.free(this.offset[slot] - TX_HEADROOM)
    this.bytes -= Memory.blockSize(this.length[slot] + TX_HEADROOM)
    this.count--
    this.offset[slot] = -1
    this.#free[this.#freeCount++] = slot
  }

  /** Frees everything. */
  clear(): void {
    for (let slot = 0; slot < this.#used; slot++) if (this.offset[slot] >= 0) this.release(slot)
  }

  #grow(): void {
    const size = this.offset.length * 2
    this.offset = grown(this.offset, size)
    this.length = grown(this.length, size)
    this.extraDelay = grownNumbers(this.extraDelay, size)
    this.serial = grownNumbers(this.serial, size)
    this.#free = grown(this.#free, size)
  }
}

function grown(old: Int32Array, size: number): Int32Array {
  const array = new Int32Array(size)
  array.set(old)
  return array
}

function grownNumbers(old: Float64Array, size: number): Float64Array {
  const array = new Float64Array(size)
  array.set(old)
  return array
}
