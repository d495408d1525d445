import {
  F_DUPFD,
  F_DUPFD_CLOEXEC,
  F_GETFD,
  F_GETFL,
  F_SETFD,
  F_SETFL,
  FD_CLOEXEC,
  FIONBIO,
  O_NONBLOCK,
  O_RDWR,
  SIOCATMARK,
  SIOCINQ,
  SIOCOUTQ,
  SIOCOUTQNSD,
} from './constants.ts'
import { DatagramSocket } from './datagram-socket.ts'
import type { Descriptors } from './descriptors.ts'
import { SocketError } from './errno.ts'
import { type OpenFile, SocketFile } from './file.ts'
import { outstanding } from './stream-readiness.ts'
import { StreamSocket } from './stream-socket.ts'
import { beforeUrgent, isAtMark } from './stream-urgent.ts'

/** fcntl(2). */
export function control(files: Descriptors, fd: number, command: number, argument: number): number {
  const file = files.get(fd)
  switch (command) {
    case F_GETFL:
      return O_RDWR | file.statusFlags
    case F_SETFL:
      file.nonblocking = (argument & O_NONBLOCK) !== 0
      return 0
    case F_GETFD:
      return files.closesOnExec(fd) ? FD_CLOEXEC : 0
    case F_SETFD:
      files.setCloseOnExec(fd, (argument & FD_CLOEXEC) !== 0)
      return 0
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
      if (!(argument >= 0)) throw new SocketError('EINVAL')
      return files.add(file, command === F_DUPFD_CLOEXEC, argument)
    default:
      throw new SocketError('EINVAL')
  }
}

/** ioctl(2): what it stores in C, it returns here. */
export function request(file: OpenFile, name: number, argument: number): number {
  if (name === FIONBIO) {
    file.nonblocking = argument !== 0
    return 0
  }
  if (!(file instanceof SocketFile)) throw new SocketError('ENOTTY')
  if (file instanceof StreamSocket) return streamRequest(file, name)
  if (file instanceof DatagramSocket) return datagramRequest(file, name)
  throw new SocketError('ENOTTY')
}

/** tcp_ioctl(). */
function streamRequest(socket: StreamSocket, name: number): number {
  if (name !== SIOCINQ && name !== SIOCOUTQ && name !== SIOCOUTQNSD && name !== SIOCATMARK) {
    throw new SocketError('ENOTTY')
  }
  if (name === SIOCATMARK) return isAtMark(socket) ? 1 : 0
  if (socket.listener !== null) throw new SocketError('EINVAL')
  const { connection } = socket
  if (connection === null) return 0
  if (name === SIOCINQ) return beforeUrgent(socket)
  return name === SIOCOUTQ ? outstanding(socket) : connection.info().unsent
}

/** udp_ioctl(): the size of the next datagram. */
function datagramRequest(socket: DatagramSocket, name: number): number {
  if (name === SIOCINQ) return socket.head()?.bytes.length ?? 0
  if (name === SIOCOUTQ) return 0
  throw new SocketError('ENOTTY')
}
