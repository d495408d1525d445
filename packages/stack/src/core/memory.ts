import type { Audit } from './audit.ts'
import { TapwireError } from './errors.ts'

/** The smallest block handed out, in bytes; also the grain of every block's alignment. */
export const MIN_BLOCK = 1024
const MIN_SHIFT = 10
const NONE = -1

/**
 * One fixed ArrayBuffer that holds every byte a stack works on: frames being received and sent, and the
 * rings of its sockets. A packet is an `(offset, length)` in it, so that no view, slice or string is made
 * per segment, and a driver can hand `address + offset` to the kernel. An untouched page costs nothing
 * (measured: 0.1 MB for 256 MiB).
 *
 * Blocks come from a binary buddy allocator: powers of two from 1 KiB up, split on demand, merged again
 * when freed. The bookkeeping lives in typed arrays, so allocating a block allocates no object.
 */
export class Memory {
  readonly buffer: ArrayBuffer
  readonly u8: Uint8Array
  readonly view: DataView
  /** The same as aligned words of the host's order. */
  readonly words: Int32Array
  readonly size: number
  /** Bytes now handed out, each block counted with its whole (rounded) size. */
  allocated = 0
  /** How often `allocate` found nothing. */
  exhausted = 0
  readonly #maxOrder: number
  /** First free block (index in units of MIN_BLOCK) of each order, or NONE. */
  readonly #freeHead: Int32Array
  readonly #next: Int32Array
  readonly #previous: Int32Array
  /** order + 1 of the block that starts here; positive = free, negative = in use, 0 = inside a block. */
  readonly #state: Int8Array

  /** @param size bytes, a power of two from 64 KiB to 1 GiB */
  constructor(size: number) {
    if (!Number.isInteger(size) || size < 1 << 16 || size > 1 << 30 || (size & (size - 1)) !== 0) {
      throw new TapwireError(
        'ERR_OUT_OF_RANGE',
        `The memory of a stack must be a power of two from 65536 to 1073741824 bytes. Received ${size}`,
      )
    }
    this.size = size
    this.buffer = new ArrayBuffer(size)
    this.u8 = new Uint8Array(this.buffer)
    this.view = new DataView(this.buffer)
    this.words = new Int32Array(this.buffer)
    const blocks = size >>> MIN_SHIFT
    this.#maxOrder = 31 - Math.clz32(blocks)
    this.#freeHead = new Int32Array(this.#maxOrder + 1).fill(NONE)
    this.#next = new Int32Array(blocks)
    this.#previous = new Int32Array(blocks)
    this.#state = new Int8Array(blocks)
    this.#pushFree(0, this.#maxOrder)
  }

  /** The size that `allocate(size)` really takes. */
  static blockSize(size: number): number {
    return MIN_BLOCK << orderOf(size)
  }

  /** @returns the offset of a block of at least `size` bytes (contents undefined), or -1 when there is none */
  allocate(size: number): number {
    // More than there is also means more than the arithmetic of `orderOf` holds.
    const wanted = size <= this.size ? orderOf(size) : this.#maxOrder + 1
    let order = wanted
    while (order <= this.#maxOrder && this.#freeHead[order] === NONE) order++
    if (order > this.#maxOrder) {
      this.exhausted++
      return -1
    }
    const block = this.#freeHead[order]
    this.#unlinkFree(block, order)
    while (order > wanted) {
      order--
      this.#pushFree(block + (1 << order), order)
    }
    this.#state[block] = -(wanted + 1)
    this.allocated += MIN_BLOCK << wanted
    return block << MIN_SHIFT
  }

  /** Gives back a block that `allocate` returned. A wrong offset is a programmer's error and throws. */
  free(offset: number): void {
    let block = offset >>> MIN_SHIFT
    const state = this.#state[block]
    if ((offset & (MIN_BLOCK - 1)) !== 0 || !(state < 0)) {
      throw new TapwireError('ERR_INVALID_ARG_VALUE', `No block of memory is allocated at offset ${offset}`)
    }
    let order = -state - 1
    this.allocated -= MIN_BLOCK << order
    this.#state[block] = 0
    while (order < this.#maxOrder) {
      const buddy = block ^ (1 << order)
      if (this.#state[buddy] !== order + 1) break
      this.#unlinkFree(buddy, order)
      block &= buddy
      order++
    }
    this.#pushFree(block, order)
  }

  /** Takes every block back, whoever has it: for the next user, when the one before is gone. */
  reset(): void {
    this.#freeHead.fill(NONE)
    this.#state.fill(0)
    this.allocated = 0
    this.exhausted = 0
    this.#pushFree(0, this.#maxOrder)
  }

  /** Moves bytes inside this memory; the ranges may overlap. */
  move(target: number, source: number, length: number): void {
    this.u8.copyWithin(target, source, source + length)
  }

  /** Copies bytes in from outside. */
  copyIn(target: number, bytes: Uint8Array): void {
    this.u8.set(bytes, target)
  }

  /** A fresh copy of a range: for edges and tests, never for the hot path. */
  copyOut(offset: number, length: number): Uint8Array {
    return this.u8.slice(offset, offset + length)
  }

  /** Copies a range to another memory (which may be this one). */
  copyTo(other: Memory, target: number, source: number, length: number): void {
    if (other === this) this.u8.copyWithin(target, source, source + length)
    else other.u8.set(this.u8.subarray(source, source + length), target)
  }

  /** @returns how many bytes the allocated block that starts at `offset` has; 0 when none does */
  blockAt(offset: number): number {
    if (!(offset >= 0 && offset < this.size) || (offset & (MIN_BLOCK - 1)) !== 0) return 0
    const state = this.#state[offset >>> MIN_SHIFT]
    return state < 0 ? MIN_BLOCK << (-state - 1) : 0
  }

  /** Every byte is in one block, which is allocated or on the list of its size; and the sums are right. */
  audit(audit: Audit): void {
    audit.subject = 'the memory'
    let used = 0
    let free = 0
    for (let block = 0; block < this.#state.length; ) {
      const state = this.#state[block]
      audit.check(state !== 0, 'no block begins where the one before it ends', block << MIN_SHIFT)
      if (state === 0) return
      const order = Math.abs(state) - 1
      audit.check(
        (block & ((1 << order) - 1)) === 0,
        'a block lies where its size may not',
        block << MIN_SHIFT,
      )
      if (state < 0) used += MIN_BLOCK << order
      else free++
      block += 1 << order
    }
    audit.check(
      used === this.allocated,
      'bytes counted as allocated, and bytes of such blocks',
      this.allocated,
      used,
    )
    audit.check(free === this.#countFree(audit), 'free blocks, and blocks on the lists of free ones', free)
  }

  #countFree(audit: Audit): number {
    let listed = 0
    for (let order = 0; order <= this.#maxOrder; order++) {
      let previous = NONE
      for (let block = this.#freeHead[order]; block !== NONE; block = this.#next[block]) {
        const sound = this.#state[block] === order + 1 && this.#previous[block] === previous
        audit.check(sound, 'a list of free blocks is torn', order, block << MIN_SHIFT)
        if (!sound) return listed
        previous = block
        listed++
      }
    }
    return listed
  }

  #pushFree(block: number, order: number): void {
    const head = this.#freeHead[order]
    this.#next[block] = head
    this.#previous[block] = NONE
    if (head !== NONE) this.#previous[head] = block
    this.#freeHead[order] = block
    this.#state[block] = order + 1
  }

  #unlinkFree(block: number, order: number): void {
    const next = this.#next[block]
    const previous = this.#previous[block]
    if (previous === NONE) this.#freeHead[order] = next
    else this.#next[previous] = next
    if (next !== NONE) this.#previous[next] = previous
    this.#state[block] = 0
  }
}

function orderOf(size: number): number {
  return size <= MIN_BLOCK ? 0 : 32 - Math.clz32((size - 1) >>> MIN_SHIFT)
}
