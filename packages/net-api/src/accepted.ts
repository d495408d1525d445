import type { DuplexOptions } from 'node:stream'
import type { SocketHandle } from './socket-handle.ts'

/** Like Node's: 'close' is emitted when the handle is closed, and text is encoded as it is sent, so that `writableLength` counts characters. */
export const STREAM_OPTIONS = { emitClose: false, autoDestroy: true, decodeStrings: false } as const

/**
 * What the constructor of sockets is given for a connection that was accepted, instead of options: there is one, and the next
 * connection overwrites it. Options of its own for each were a third of what accepting a connection allocates.
 */
export class Accepted {
  handle: SocketHandle | null = null
  /** Nothing is read until the application asks for it. */
  paused = false
  stream: DuplexOptions = {}
}

const accepted = new Accepted()

/** @param highWaterMark of both directions, in bytes */
export function acceptedWith(
  handle: SocketHandle,
  paused: boolean,
  allowHalfOpen: boolean,
  highWaterMark: number,
): Accepted {
  accepted.handle = handle
  accepted.paused = paused
  const { stream } = accepted
  if (stream.allowHalfOpen !== allowHalfOpen || stream.readableHighWaterMark !== highWaterMark) {
    accepted.stream = {
      ...STREAM_OPTIONS,
      allowHalfOpen,
      readableHighWaterMark: highWaterMark,
      writableHighWaterMark: highWaterMark,
    }
  }
  return accepted
}
