import type { Memory, TxDescriptor } from '@tapwire/stack'
import type { Libc } from './libc.ts'
import { VIRTIO_HEADER, writeVirtioHeader } from './virtio-header.ts'

const TWO_POW_32 = 0x1_0000_0000
/** Head and two pieces of payload. */
const MAX_PIECES = 3

/**
 * Hands a frame's pieces to the kernel where they lie: one `write` or `writev` per frame, the virtio header put
 * into the head room, so that it and the headers are one piece. The iovec array is allocated once; pieces that
 * touch are joined.
 */
export class FrameWriter {
  readonly #libc: Libc
  readonly #fd: number
  readonly #virtio: boolean
  /** struct iovec { u64 base, u64 length }, as 32-bit halves: no BigInt, which would be an allocation. */
  readonly #iovecs = new Uint32Array(new ArrayBuffer(16 * MAX_PIECES))
  readonly #iovecsAddress: number
  /** The memory that `#base` belongs to; referenced, so that it stays where it is. */
  #memory: Memory | null = null
  #base = 0

  constructor(libc: Libc, fd: number, virtio: boolean) {
    this.#libc = libc
    this.#fd = fd
    this.#virtio = virtio
    this.#iovecsAddress = libc.addressOf(this.#iovecs.buffer)
  }

  /** @returns what the system call returned: -1 when the kernel refused, `errno()` tells why */
  write(frame: TxDescriptor): number {
    if (frame.memory !== this.#memory) this.#bind(frame.memory)
    let start = frame.headOffset
    if (this.#virtio) {
      start -= VIRTIO_HEADER
      writeVirtioHeader(frame.memory.view, start, frame)
    }
    let end = frame.headOffset + frame.headLength
    let pieces = 0
    if (frame.payloadLength > 0) {
      if (frame.payloadOffset !== end) {
        this.#setPiece(pieces++, start, end - start)
        start = frame.payloadOffset
      }
      end = frame.payloadOffset + frame.payloadLength
    }
    if (frame.payload2Length > 0) {
      if (frame.payload2Offset !== end) {
        this.#setPiece(pieces++, start, end - start)
        start = frame.payload2Offset
      }
      end = frame.payload2Offset + frame.payload2Length
    }
    if (pieces === 0) return this.#libc.write(this.#fd, this.#base + start, end - start)
    this.#setPiece(pieces++, start, end - start)
    return this.#libc.writev(this.#fd, this.#iovecsAddress, pieces)
  }

  #bind(memory: Memory): void {
    this.#memory = memory
    this.#base = this.#libc.addressOf(memory.buffer)
  }

  #setPiece(index: number, offset: number, length: number): void {
    const address = this.#base + offset
    const at = index * 4
    // A typed array keeps a number modulo 2^32, which is the low half.
    this.#iovecs[at] = address
    this.#iovecs[at + 1] = address / TWO_POW_32
    this.#iovecs[at + 2] = length
  }
}
