import { Duplex } from 'node:stream'
import { closedBeforeConnection, endedByPeer, socketClosed } from './errors.ts'
import type { Socket } from './socket.ts'
import { chunksOf, type Outgoing, type OutgoingEncoding } from './socket-bytes.ts'

export type WriteCallback = (error?: Error | null) => void

/** From a socket's stream to its handle, now or once there is a connection. */
export function send(socket: Socket, data: Outgoing, encoding: OutgoingEncoding, done: WriteCallback): void {
  if (socket.connecting) {
    sendWhenConnected(socket, data, encoding, done)
    return
  }
  socket._pendingData = null
  socket._pendingEncoding = ''
  if (socket._handle === null) {
    // NK-25, NF-11
    done(socketClosed())
    return
  }
  socket._unrefTimer()
  socket._handle.write(chunksOf(data, encoding), done)
}

/** NK-20 */
function sendWhenConnected(
  socket: Socket,
  data: Outgoing,
  encoding: OutgoingEncoding,
  done: WriteCallback,
): void {
  socket._pendingData = data
  socket._pendingEncoding = encoding
  const closed = (): void => done(closedBeforeConnection())
  socket.once('connect', () => {
    socket.off('close', closed)
    send(socket, data, encoding, done)
  })
  socket.once('close', closed)
}

/** The other side sent FIN, and this one answered with its own: writing has become an error (NF-10). */
export function writeAfterEnd(this: Socket, ...args: unknown[]): boolean {
  if (!this.writableEnded)
    return (Duplex.prototype.write as (...args: unknown[]) => boolean).apply(this, args)
  const callback = args.findLast((arg) => typeof arg === 'function') as WriteCallback | undefined
  const error = endedByPeer()
  if (callback !== undefined) process.nextTick(callback, error)
  this.destroy(error)
  return false
}
