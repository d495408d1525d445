import type { Result } from './api.ts'
import { SOMAXCONN, TCP_CLOSE } from './constants.ts'
import { SocketError } from './errno.ts'
import type { StreamSocket } from './stream-socket.ts'
import { Association } from './stream-states.ts'
import { BLOCKED, type Blocked, tryAgain } from './waiting.ts'

/** inet_listen(). */
export function listenOn(socket: StreamSocket, backlog: number): void {
  // sk_ack_backlog may exceed it by one; a negative number is a large one.
  const places = (backlog < 0 ? SOMAXCONN : Math.min(backlog, SOMAXCONN)) + 1
  if (socket.listener !== null) {
    socket.listener.backlog = places
    return
  }
  if (socket.association !== Association.None || socket.state !== TCP_CLOSE) throw new SocketError('EINVAL')
  const binding = socket.binding ?? socket.takePort(socket.any, 0)
  const { ipv6Only, reusePort } = socket.options
  socket.listener = socket.stack.tcp.listen(
    {
      address: binding.address,
      port: binding.port,
      ipv6Only,
      reusePort,
      backlog: places,
      ...socket.options.forListener(),
    },
    {
      onConnection: () => socket.changed.wake(),
      onClose: () => {
        socket.listener = null
        socket.error = 'ENETDOWN'
        socket.changed.wake()
      },
    },
  )
  binding.listening = true
  socket.receiveShut = false
  socket.sendShut = false
}

/** inet_csk_accept(). @param make gives the new socket its descriptor */
export function acceptFrom(socket: StreamSocket, make: (accepted: StreamSocket) => number): Result<number> {
  const attempt = (): number | Blocked => {
    if (socket.listener === null) throw new SocketError('EINVAL')
    if (socket.listener.pending === 0) return BLOCKED
    const connection = socket.listener.accept()
    if (connection === null) return BLOCKED
    return make(socket.accepted(connection))
  }
  const patience = socket.nonblocking ? 0 : socket.receiveTimeout
  return socket.waiting.call(attempt, [socket.changed], patience, tryAgain, socket.hold)
}
