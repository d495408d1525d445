import type { Result, SocketAddress } from './api.ts'
import type { Source } from './buffers.ts'
import {
  AF_UNSPEC,
  MSG_DONTWAIT,
  MSG_FASTOPEN,
  MSG_MORE,
  MSG_NOSIGNAL,
  MSG_OOB,
  TCP_CLOSE,
  TCP_CLOSE_WAIT,
  TCP_ESTABLISHED,
  TCP_SYN_RECV,
  TCP_SYN_SENT,
} from './constants.ts'
import { SocketError } from './errno.ts'
import { openStream, outcomeOf } from './stream-connect.ts'
import type { StreamSocket } from './stream-socket.ts'
import { Association } from './stream-states.ts'
import { BLOCKED, type Blocked, tryAgain } from './waiting.ts'

/** More than any SYN has room for. */
const MOST_ON_SYN = 2048

/** tcp_sendmsg(): all of it, or for one that must not wait as much as there is room for. */
export function writeStream(
  socket: StreamSocket,
  source: Source,
  flags: number,
  to: SocketAddress | null,
  sigpipe: () => void,
): Result<number> {
  if ((flags & MSG_FASTOPEN) !== 0 || socket.deferred !== null) {
    return openFast(socket, source, flags, socket.deferred ?? to)
  }
  let sent = 0
  const attempt = (): number | Blocked => {
    // What went wrong after a part was taken is for the next call.
    if (sent > 0 && !isOpen(socket)) return sent
    try {
      if (!mayWrite(socket)) return BLOCKED
    } catch (error) {
      if (error instanceof SocketError && error.code === 'EPIPE' && (flags & MSG_NOSIGNAL) === 0) sigpipe()
      throw error
    }
    sent += push(socket, source, flags)
    return sent === source.length ? sent : BLOCKED
  }
  const patience = socket.nonblocking || (flags & MSG_DONTWAIT) !== 0 ? 0 : socket.sendTimeout
  const late = (): number => (sent > 0 ? sent : tryAgain())
  return socket.waiting.call(attempt, [socket.changed], patience, late, socket.hold)
}

/** Whether the connection takes data now. @returns false while it is being opened @throws what it ended with, EPIPE */
function mayWrite(socket: StreamSocket): boolean {
  const { state } = socket
  if (state !== TCP_ESTABLISHED && state !== TCP_CLOSE_WAIT) {
    socket.throwError()
    if (state === TCP_SYN_SENT || state === TCP_SYN_RECV) return false
    throw new SocketError('EPIPE')
  }
  if (socket.error === null && !socket.sendShut) return true
  socket.throwError()
  throw new SocketError('EPIPE')
}

function isOpen({ state, error, sendShut }: StreamSocket): boolean {
  return (state === TCP_ESTABLISHED || state === TCP_CLOSE_WAIT) && error === null && !sendShut
}

/** As much as there is room for. */
function push(socket: StreamSocket, source: Source, flags: number): number {
  const { connection } = socket
  if (connection === null) return 0
  const more = (flags & MSG_MORE) !== 0
  let sent = 0
  socket.stack.engine.run(() => {
    for (let piece = source.next(); piece.length > 0; piece = source.next()) {
      const urgent = (flags & MSG_OOB) !== 0 && sent + piece.length >= source.length
      const taken = urgent ? connection.writeUrgent(piece) : connection.write(piece, 0, more)
      source.advance(taken)
      sent += taken
      if (taken < piece.length) break
    }
  })
  return sent
}

/** tcp_sendmsg_fastopen(): connect and the first data in one (RFC 7413). The SYN takes along what it may, the rest follows. */
function openFast(
  socket: StreamSocket,
  source: Source,
  flags: number,
  to: SocketAddress | null,
): Result<number> {
  if (to === null || to.family === AF_UNSPEC) throw new SocketError('EOPNOTSUPP')
  if (socket.deferred === null) {
    if (socket.association === Association.Connecting) throw new SocketError('EALREADY')
    if (socket.association !== Association.None || socket.state !== TCP_CLOSE)
      throw new SocketError('EISCONN')
  }
  // A SYN takes a segment at most.
  openStream(socket, to, source.next().subarray(0, MOST_ON_SYN))
  let sent = socket.connection?.unacknowledged ?? 0
  source.advance(sent)
  const wait = !(socket.nonblocking || (flags & MSG_DONTWAIT) !== 0)
  if (!wait && sent === 0) throw new SocketError('EINPROGRESS')
  if (!wait || sent === source.length) return sent
  const attempt = (): number | Blocked => {
    if (socket.association === Association.Connecting && outcomeOf(socket) === BLOCKED) return BLOCKED
    sent += push(socket, source, flags)
    return sent === source.length ? sent : BLOCKED
  }
  const late = (): number => {
    if (sent === 0) throw new SocketError('EINPROGRESS')
    return sent
  }
  return socket.waiting.call(attempt, [socket.changed], socket.sendTimeout, late, socket.hold)
}
