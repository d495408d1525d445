import { YoungGarbage } from './young-garbage.ts'

/** The largest block whose size glibc learns from: 32 MiB with its header and the page it is rounded to. */
const LESSON = 32 * 1024 * 1024 - 8192

/** Reads from this size on are of a stream, and stand in a row in one block of the other size. */
const IN_BULK = 32_768
const BLOCK = 262_144

let taught = false
let block = Buffer.alloc(0)
let used = 0

const young = new YoungGarbage()

/**
 * Memory for what is read, as Node's own sockets have it: fresh for each read, and never used again while anybody keeps it.
 *
 * Collected by the million, such blocks go back to the kernel, which has to give and clear their pages again: 250,000 page
 * faults a GiB, and half of the time that receiving one takes (measured with glibc). Having seen a large block freed, glibc keeps
 * as much as that; asking for it costs address space, once.
 *
 * Four reads of 64 KiB share a block, which saves V8 three of four things to look after (4 % of a GiB's processor time); smaller ones do
 * not, so that nobody who keeps a little keeps much.
 */
export function readBuffer(length: number): Buffer {
  if (!taught) {
    taught = true
    Buffer.allocUnsafeSlow(LESSON)
  }
  if (length < IN_BULK) {
    young.note(length)
    return Buffer.allocUnsafe(length)
  }
  if (used + length > block.length) {
    young.note(BLOCK)
    block = Buffer.allocUnsafeSlow(BLOCK)
    used = 0
  }
  const start = used
  used += length
  return block.subarray(start, used)
}
