import type { StreamSocket } from './stream-socket.ts'

/** The urgent byte has come, and stands beside the stream. */
export function isUrgentHere(socket: StreamSocket): boolean {
  const { connection, urgentAt } = socket
  if (connection === null || urgentAt < socket.consumed || socket.urgentTaken) return false
  return connection.readable > urgentAt - socket.consumed
}

/** It, or -1 while it has not come. */
export function urgentByte(socket: StreamSocket): number {
  const { connection, stack } = socket
  if (connection === null || !isUrgentHere(socket)) return -1
  connection.peek(socket.urgentAt - socket.consumed)
  return stack.memory.copyOut(connection.peekOffset, 1)[0] ?? -1
}

/** SIOCINQ (tcp_inq): bytes to be read, those before the urgent one if there is one. */
export function beforeUrgent(socket: StreamSocket): number {
  const { inOrder, urgentAt, consumed } = socket
  if (socket.options.outOfBandInline || urgentAt < consumed || urgentAt - consumed >= inOrder) return inOrder
  return urgentAt - consumed
}

/** The next byte is the urgent one. */
export function isAtMark(socket: StreamSocket): boolean {
  return socket.urgentAt === socket.consumed
}
