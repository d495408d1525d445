import {
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  POLLPRI,
  POLLRDHUP,
  POLLRDNORM,
  POLLWRNORM,
  TCP_CLOSE,
  TCP_CLOSING,
  TCP_FIN_WAIT1,
  TCP_LAST_ACK,
  TCP_SYN_RECV,
  TCP_SYN_SENT,
} from './constants.ts'
import type { StreamSocket } from './stream-socket.ts'
import { isAtMark, isUrgentHere } from './stream-urgent.ts'

/** tcp_poll(). */
export function readiness(socket: StreamSocket): number {
  const { state, connection, listener } = socket
  if (listener !== null) return listener.pending > 0 ? POLLIN | POLLRDNORM : 0
  let bits = 0
  if ((socket.receiveShut && socket.sendShut) || state === TCP_CLOSE) bits |= POLLHUP
  if (socket.receiveShut) bits |= POLLIN | POLLRDNORM | POLLRDHUP
  if (socket.deferred !== null) bits |= POLLOUT | POLLWRNORM
  else if (state !== TCP_SYN_SENT && state !== TCP_SYN_RECV) {
    if (socket.inOrder >= lowWater(socket)) bits |= POLLIN | POLLRDNORM
    if (socket.sendShut || connection === null || connection.hasRoom()) bits |= POLLOUT | POLLWRNORM
    if (isUrgentHere(socket)) bits |= POLLPRI
  }
  if (socket.error !== null) bits |= POLLERR
  return bits
}

/** SO_RCVLOWAT for poll; an urgent byte that comes next does not count. */
function lowWater(socket: StreamSocket): number {
  const atMark = isUrgentHere(socket) && isAtMark(socket) && !socket.options.outOfBandInline
  return socket.options.receiveLowWater + (atMark ? 1 : 0)
}

/** SIOCOUTQ: what is queued and not acknowledged, the FIN included. */
export function outstanding(socket: StreamSocket): number {
  const { connection, state } = socket
  if (connection === null || state === TCP_SYN_SENT || state === TCP_SYN_RECV) return 0
  const fin = state === TCP_FIN_WAIT1 || state === TCP_CLOSING || state === TCP_LAST_ACK
  return connection.unacknowledged + (fin ? 1 : 0)
}
