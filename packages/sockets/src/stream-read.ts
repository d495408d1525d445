import type { Result } from './api.ts'
import type { Sink } from './buffers.ts'
import {
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  MSG_WAITALL,
  TCP_CLOSE,
  TCP_LISTEN,
} from './constants.ts'
import { SocketError } from './errno.ts'
import type { StreamSocket } from './stream-socket.ts'
import { isAtMark, urgentByte } from './stream-urgent.ts'
import { BLOCKED, type Blocked, tryAgain } from './waiting.ts'

/** tcp_recvmsg(). @param tell is given the flags of the answer */
export function readStream(
  socket: StreamSocket,
  sink: Sink,
  flags: number,
  tell: (flags: number) => void,
): Result<number> {
  // TCP keeps nothing there.
  if ((flags & MSG_ERRQUEUE) !== 0) throw new SocketError('EAGAIN')
  if (socket.state === TCP_LISTEN) throw new SocketError('ENOTCONN')
  if ((flags & MSG_OOB) !== 0) return readUrgent(socket, sink, flags, tell)
  const wanted = sink.length
  const target = Math.max(
    1,
    (flags & MSG_WAITALL) !== 0 ? wanted : Math.min(wanted, socket.options.receiveLowWater),
  )
  let got = 0
  const attempt = (): number | Blocked => {
    // What was looked at is looked at again, from its beginning.
    got =
      (flags & MSG_PEEK) !== 0 ? look(socket, wanted, target) : got + take(socket, sink, wanted - got, flags)
    if (got >= target || (got === wanted && wanted > 0)) return finish(got)
    if (got > 0) {
      const over =
        socket.error !== null || socket.receiveShut || socket.state === TCP_CLOSE || isAtMark(socket)
      return over ? finish(got) : BLOCKED
    }
    if (wanted === 0 && socket.inOrder > 0) return 0
    if (socket.done) return 0
    socket.throwError()
    if (socket.receiveShut) return 0
    if (socket.state === TCP_CLOSE) throw new SocketError('ENOTCONN')
    return BLOCKED
  }
  const finish = (length: number): number => {
    if ((flags & MSG_PEEK) !== 0) peekInto(socket, sink, length)
    return length
  }
  const patience = socket.nonblocking || (flags & MSG_DONTWAIT) !== 0 ? 0 : socket.receiveTimeout
  const late = (): number => (got > 0 ? finish(got) : tryAgain())
  return socket.waiting.call(attempt, [socket.changed], patience, late, socket.hold)
}

/** How much can be read before the mark; the urgent byte itself, when it comes first and stands in the stream, with what follows. */
function beforeMark(socket: StreamSocket, length: number): number {
  const { urgentAt, consumed } = socket
  return urgentAt > consumed ? Math.min(length, urgentAt - consumed) : length
}

/** The urgent byte comes next and stands beside the stream: it is passed over. */
function skipMark(socket: StreamSocket): void {
  const { connection, options } = socket
  if (!isAtMark(socket) || options.outOfBandInline || connection === null || connection.readable === 0) return
  connection.consume(1)
  socket.consumed++
}

function take(socket: StreamSocket, sink: Sink, room: number, flags: number): number {
  const { connection, stack } = socket
  if (connection === null || room === 0) return 0
  skipMark(socket)
  let left = beforeMark(socket, Math.min(room, connection.readable))
  let got = 0
  // One entry: an ACK that reading causes is for all of it.
  stack.engine.run(() => {
    while (left > 0) {
      const length = Math.min(left, connection.peek())
      if ((flags & MSG_TRUNC) === 0) sink.put(stack.memory.copyOut(connection.peekOffset, length))
      connection.consume(length)
      socket.consumed += length
      got += length
      left -= length
    }
  })
  return got
}

function look(socket: StreamSocket, wanted: number, target: number): number {
  const { connection } = socket
  if (connection === null) return 0
  const skipped = isAtMark(socket) && !socket.options.outOfBandInline && connection.readable > 0 ? 1 : 0
  const length = beforeMark(socket, Math.min(wanted, connection.readable - skipped))
  return length < target && length < wanted ? length : Math.min(length, wanted)
}

function peekInto(socket: StreamSocket, sink: Sink, length: number): void {
  const { connection, stack } = socket
  if (connection === null) return
  let at = isAtMark(socket) && !socket.options.outOfBandInline ? 1 : 0
  for (let left = length; left > 0; ) {
    const part = Math.min(left, connection.peek(at))
    sink.put(stack.memory.copyOut(connection.peekOffset, part))
    at += part
    left -= part
  }
}

/** tcp_recv_urg(): the urgent byte, once; it is not waited for. */
function readUrgent(socket: StreamSocket, sink: Sink, flags: number, tell: (flags: number) => void): number {
  if (socket.options.outOfBandInline || socket.urgentAt < socket.consumed || socket.urgentTaken)
    throw new SocketError('EINVAL')
  if (socket.state === TCP_CLOSE && !socket.done) throw new SocketError('ENOTCONN')
  const byte = urgentByte(socket)
  // It has been announced, and not arrived.
  if (byte < 0) return socket.state === TCP_CLOSE || socket.receiveShut ? 0 : tryAgain()
  if ((flags & MSG_PEEK) === 0) socket.urgentTaken = true
  tell(MSG_OOB | (sink.length === 0 ? MSG_TRUNC : 0))
  if (sink.length > 0 && (flags & MSG_TRUNC) === 0) sink.put(Uint8Array.of(byte))
  return Math.min(1, sink.length)
}
