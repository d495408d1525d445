import { LOOPBACK_V4, LOOPBACK_V6, readAddress } from './address.ts'
import type { Result, SocketAddress } from './api.ts'
import { AF_UNSPEC, TCP_CLOSE, TCP_SYN_RECV, TCP_SYN_SENT } from './constants.ts'
import { type ErrnoName, SocketError } from './errno.ts'
import { disconnect } from './stream-ending.ts'
import type { StreamSocket } from './stream-socket.ts'
import { Association } from './stream-states.ts'
import { BLOCKED, type Blocked } from './waiting.ts'

/** inet_stream_connect(). */
export function connectTo(socket: StreamSocket, given: SocketAddress): Result<0> {
  if (given.family === AF_UNSPEC) {
    disconnect(socket)
    return 0
  }
  if (socket.association === Association.Connected) throw new SocketError('EISCONN')
  if (socket.association === Association.Disconnecting) throw new SocketError('EINVAL')
  if (socket.deferred !== null) throw new SocketError('EISCONN')
  const already = socket.association === Association.Connecting
  if (!already) {
    if (socket.state !== TCP_CLOSE) throw new SocketError('EISCONN')
    if (defers(socket, given)) return 0
    openStream(socket, given, null)
    // Whatever has come of it by now (over loopback, all), it began as a wait.
    if (socket.nonblocking) throw new SocketError('EINPROGRESS')
  }
  const progress: ErrnoName = already ? 'EALREADY' : 'EINPROGRESS'
  const late = (): never => {
    throw new SocketError(progress)
  }
  const patience = socket.nonblocking ? 0 : socket.sendTimeout
  return socket.waiting.call(() => outcomeOf(socket), [socket.changed], patience, late, socket.hold)
}

/** tcp_fastopen_defer_connect(): with a cookie at hand the SYN waits for data to take along. */
function defers(socket: StreamSocket, given: SocketAddress): boolean {
  if (!socket.options.fastOpenConnect || given.port === 0) return false
  if (!socket.stack.tcp.hasFastOpenCookie(readAddress(socket.domain, given))) return false
  socket.deferred = given
  socket.association = Association.Connecting
  return true
}

/** Sends the SYN. @param data what goes along by Fast Open, and is queued in any case; null for a plain open */
export function openStream(socket: StreamSocket, given: SocketAddress, data: Uint8Array | null): void {
  let remote = readAddress(socket.domain, given)
  if (remote.isUnspecified) remote = remote.isV4 ? LOOPBACK_V4 : LOOPBACK_V6
  // Nobody can listen on port 0, and the answer would be a RST.
  if (given.port === 0) throw new SocketError('ECONNREFUSED')
  const { binding } = socket
  const bound = binding !== null && binding.address !== null && !binding.address.isUnspecified
  socket.association = Association.Connecting
  socket.error = null
  socket.deferred = null
  try {
    const connection = socket.stack.tcp.connect(
      {
        address: remote,
        port: given.port,
        localAddress: bound ? binding.address : null,
        localPort: binding?.port ?? 0,
        ...(data === null ? {} : { initialData: data, initialDataOnSyn: true, fastOpen: true }),
        settings: socket.options.settings(),
        ...(socket.options.fastOpenConnect ? { fastOpen: true } : {}),
      },
      socket.handler,
    )
    socket.adopt(connection)
    socket.options.apply(connection)
  } catch (error) {
    socket.association = Association.None
    throw error
  }
}

/** What `connect` has come to. */
export function outcomeOf(socket: StreamSocket): 0 | Blocked {
  const { state } = socket
  if (state === TCP_SYN_SENT || state === TCP_SYN_RECV) return BLOCKED
  if (state === TCP_CLOSE) {
    const error = socket.takeError() ?? 'ECONNABORTED'
    // It may have been connected in between, and what it received is lost with it.
    socket.connection?.abort()
    socket.reset()
    throw new SocketError(error)
  }
  socket.association = Association.Connected
  return 0
}
