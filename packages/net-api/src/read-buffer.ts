/** The largest block whose size glibc learns from: 32 MiB with its header and the page it is rounded to. */
const LESSON = 32 * 1024 * 1024 - 8192

let taught = false

/**
 * Memory for what is read, as Node's own sockets have it: each read its own, so that nobody who keeps a little of it
 * keeps much. Collected by the million, such blocks go back to the kernel, which has to give and clear their pages
 * again: 250,000 page faults a GiB, and half of the time that receiving one takes (measured with glibc). Having seen
 * a large block freed, glibc keeps as much as that; asking for it costs address space, once.
 */
export function readBuffer(length: number): Buffer {
  if (!taught) {
    taught = true
    Buffer.allocUnsafeSlow(LESSON)
  }
  return Buffer.allocUnsafe(length)
}
