import { type TcpListener, TcpState } from '@tapwire/stack'
import type { Result } from './api.ts'
import type { Binding } from './bindings.ts'
import {
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  TCP_CLOSE,
  TCP_CLOSING,
  TCP_FIN_WAIT1,
  TCP_LAST_ACK,
  TCP_SYN_SENT,
} from './constants.ts'
import { SocketError } from './errno.ts'
import type { StreamSocket } from './stream-socket.ts'
import { Association } from './stream-states.ts'
import { BLOCKED, type Blocked } from './waiting.ts'

/** A name that nobody else is kept from. */
const UNBOUND: Binding = {
  address: null,
  ipv6Only: false,
  port: 0,
  reuseAddress: true,
  reusePort: false,
  listening: false,
}

/** tcp_disconnect(): back to a socket that has never been connected; its peer gets a RST where it knows of it. */
export function disconnect(socket: StreamSocket): void {
  const { connection, listener } = socket
  socket.reset()
  // One that was accepted keeps its name (it is bound as its listener was).
  if (connection !== null && socket.wasAccepted) {
    socket.binding ??= { ...UNBOUND, address: connection.localAddress, port: connection.localPort }
  }
  if (listener !== null) stopListening(socket, listener)
  if (connection === null) return
  const opening = connection.state === TcpState.SynSent || connection.state === TcpState.SynReceived
  const over = connection.closeReason !== undefined
  connection.abort()
  if (opening || !over) socket.error = 'ECONNRESET'
  socket.changed.wake()
}

function stopListening(socket: StreamSocket, listener: TcpListener): void {
  socket.listener = null
  if (socket.binding !== null) socket.binding.listening = false
  listener.close()
  socket.changed.wake()
}

/** inet_shutdown(). */
export function shutDown(socket: StreamSocket, how: number): void {
  if (how !== SHUT_RD && how !== SHUT_WR && how !== SHUT_RDWR) throw new SocketError('EINVAL')
  const { state, listener, connection } = socket
  if (listener !== null) {
    if (how !== SHUT_WR) disconnect(socket)
    else socket.sendShut = true
    return
  }
  if (state === TCP_SYN_SENT) {
    disconnect(socket)
    return
  }
  if (socket.association === Association.Connecting) {
    socket.association = state === TCP_CLOSE ? Association.Disconnecting : Association.Connected
  }
  if (how !== SHUT_WR) socket.receiveShut = true
  if (how !== SHUT_RD) socket.sendShut = true
  if (state === TCP_CLOSE) {
    socket.changed.wake()
    throw new SocketError('ENOTCONN')
  }
  if (how !== SHUT_WR) connection?.refuseData()
  if (how !== SHUT_RD) connection?.shutdown()
  socket.changed.wake()
}

/** Before the last reference goes: SO_LINGER makes `close` wait until all is acknowledged, or its time is over. */
export function lingerOn(socket: StreamSocket): Result<0> {
  const { connection } = socket
  const seconds = socket.options.linger
  if (connection === null || seconds === null || seconds === 0 || connection.readable > 0) return 0
  if (connection.closeReason !== undefined) return 0
  connection.shutdown()
  socket.sendShut = true
  const attempt = (): 0 | Blocked => {
    const { state } = socket
    return state === TCP_FIN_WAIT1 || state === TCP_CLOSING || state === TCP_LAST_ACK ? BLOCKED : 0
  }
  return socket.waiting.call<0>(attempt, [socket.changed], seconds * 1e6, () => 0, socket.hold)
}
