import type { Socket } from './socket.ts'

/** A chunk as the stream hands it to `_writev`. */
export interface WritevEntry {
  readonly chunk: Buffer | string
  readonly encoding: OutgoingEncoding
}

/** What the stream hands down: one chunk, or several at once. */
export type Outgoing = Buffer | string | readonly WritevEntry[]

/** How text is to be turned into bytes; '' beside several chunks, which have their own. */
export type OutgoingEncoding = BufferEncoding | 'buffer' | ''

const bytesOf = (chunk: Buffer | string, encoding: OutgoingEncoding): Buffer =>
  typeof chunk === 'string' ? Buffer.from(chunk, encoding as BufferEncoding) : chunk

const lengthOf = (chunk: Buffer | string, encoding: OutgoingEncoding): number =>
  typeof chunk === 'string' ? Buffer.byteLength(chunk, encoding as BufferEncoding) : chunk.length

export function chunksOf(data: Outgoing, encoding: OutgoingEncoding): Buffer[] {
  if (typeof data === 'string' || Buffer.isBuffer(data)) return [bytesOf(data, encoding)]
  return (data as readonly WritevEntry[]).map((entry) => bytesOf(entry.chunk, entry.encoding))
}

/** Bytes that were written to a socket but have not reached its handle: they wait in the stream, or for 'connect'. */
export function pendingBytes(socket: Socket): number {
  let bytes = 0
  // The chunks that wait in a Writable are not part of its documented face, but Node's own sockets count them so.
  const waiting = (socket as unknown as { writableBuffer?: readonly WritevEntry[] }).writableBuffer ?? []
  for (const entry of waiting) bytes += lengthOf(entry.chunk, entry.encoding)
  const data = socket._pendingData
  if (data === null) return bytes
  if (typeof data === 'string' || Buffer.isBuffer(data))
    return bytes + lengthOf(data, socket._pendingEncoding)
  for (const entry of data as readonly WritevEntry[]) bytes += lengthOf(entry.chunk, entry.encoding)
  return bytes
}
