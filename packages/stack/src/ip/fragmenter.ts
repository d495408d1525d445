import { foldSum, sumBytes } from '../core/checksum.ts'
import { TapwireError } from '../core/errors.ts'
import type { Memory } from '../core/memory.ts'
import { TxDescriptor } from '../link/device.ts'

/** Bytes before a fragment's IP header that stay free for the link's header and the device's. */
const HEAD_END = 128

/**
 * Holds a datagram in one piece while it is being sent in several. One per stack and version: sending is not
 * re-entrant, and the block is given back at once.
 */
export class Fragmenter {
  readonly descriptor: TxDescriptor
  readonly headEnd: number
  readonly #memory: Memory
  #block = -1

  constructor(memory: Memory) {
    this.#memory = memory
    this.descriptor = new TxDescriptor(memory)
    // The header area is small and lasts as long as the stack: allocated once, at the start.
    const block = memory.allocate(2 * HEAD_END)
    if (block < 0) throw new TapwireError('ENOMEM', 'The memory of the stack is used up')
    this.headEnd = block + HEAD_END
  }

  /** Copies what `whole` holds, and completes its checksum. @returns where it lies, or -1 without memory */
  begin(whole: TxDescriptor): number {
    this.#block = this.#memory.allocate(whole.length)
    if (this.#block < 0) return -1
    whole.copyTo(this.#memory, this.#block)
    if (whole.checksumStart >= 0) this.#completeChecksum(whole)
    return this.#block
  }

  /** A fragment's checksum cannot be left to the device: it covers all of them. */
  #completeChecksum(whole: TxDescriptor): void {
    const { view } = this.#memory
    const start = this.#block + whole.checksumStart
    // The field holds the pseudo-header's sum already, and so counts itself in.
    const sum = foldSum(sumBytes(view, start, whole.length - whole.checksumStart))
    const value = ~sum & 0xffff
    view.setUint16(start + whole.checksumOffset, value === 0 ? 0xffff : value)
  }

  end(): void {
    if (this.#block >= 0) this.#memory.free(this.#block)
    this.#block = -1
  }
}
