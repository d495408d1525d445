import type { Endpoint } from './endpoint.ts'
import { kBytesRead, kBytesWritten, kPeername, Socket } from './socket.ts'
import { pendingBytes } from './socket-bytes.ts'

/** Both ends, as far as they are known. */
const local = (socket: Socket): Endpoint | null => socket._handle?.getsockname() ?? null

/** NF-26: what was read while the socket was open stays readable. */
function remote(socket: Socket): Endpoint | null {
  const handle = socket._handle
  if (handle !== null && !socket.connecting) socket[kPeername] ??= handle.getpeername()
  return socket[kPeername]
}

const dispatched = (socket: Socket): number => socket._handle?.bytesWritten ?? socket[kBytesWritten] ?? 0

/** NF-25 to NF-27 */
const accessors: Record<string, (socket: Socket) => unknown> = {
  localAddress: (socket) => local(socket)?.address,
  localPort: (socket) => local(socket)?.port,
  localFamily: (socket) => local(socket)?.family,
  remoteAddress: (socket) => remote(socket)?.address,
  remotePort: (socket) => remote(socket)?.port,
  remoteFamily: (socket) => remote(socket)?.family,
  bytesRead: (socket) => socket._handle?.bytesRead ?? socket[kBytesRead] ?? 0,
  /** NF-27: with what is still waiting in the stream. */
  bytesWritten: (socket) => dispatched(socket) + pendingBytes(socket),
  _bytesDispatched: dispatched,
}

/** As Node has them: enumerable, and not to be replaced. */
export function defineAccessors(): void {
  for (const [name, read] of Object.entries(accessors)) {
    Object.defineProperty(Socket.prototype, name, {
      enumerable: true,
      configurable: false,
      get(this: Socket) {
        return read(this)
      },
    })
  }
}
