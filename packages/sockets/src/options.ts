import type { OptionValue } from './api.ts'
import {
  IPPROTO_TCP,
  SO_ACCEPTCONN,
  SO_BROADCAST,
  SO_DOMAIN,
  SO_ERROR,
  SO_PROTOCOL,
  SO_RCVTIMEO,
  SO_SNDTIMEO,
  SO_TYPE,
  SOL_IP,
  SOL_IPV6,
  SOL_SOCKET,
  SOL_TCP,
} from './constants.ts'
import { datagramOption, setDatagramOption } from './datagram-options.ts'
import { DatagramSocket } from './datagram-socket.ts'
import { ERRNO, SocketError } from './errno.ts'
import type { SocketFile } from './file.ts'
import { numberOf, timeOf, timeValue } from './option-values.ts'
import { setStreamIpOption, streamIpOption } from './stream-ip-options.ts'
import type { StreamSocket } from './stream-socket.ts'
import { setStreamSocketOption, streamSocketOption } from './stream-socket-options.ts'
import { setStreamTcpOption, streamTcpOption } from './stream-tcp-options.ts'

/** getsockopt(2). @throws ENOPROTOOPT for what there is not, EOPNOTSUPP for a level that the protocol has not */
export function getOption(socket: StreamSocket | DatagramSocket, level: number, name: number): OptionValue {
  if (level === SOL_SOCKET) {
    const common = commonOption(socket, name)
    if (common !== null) return common
  }
  if (socket instanceof DatagramSocket) return datagramOption(socket, level, name)
  if (level === SOL_SOCKET) return streamSocketOption(socket, name)
  if (level === SOL_TCP) return streamTcpOption(socket, name)
  if (level === SOL_IP || level === SOL_IPV6) return streamIpOption(socket, level, name)
  throw new SocketError('EOPNOTSUPP')
}

/** setsockopt(2). */
export function setOption(
  socket: StreamSocket | DatagramSocket,
  level: number,
  name: number,
  value: OptionValue,
): void {
  if (level === SOL_SOCKET && setCommonOption(socket, name, value)) return
  if (socket instanceof DatagramSocket) setDatagramOption(socket, level, name, value)
  else if (level === SOL_SOCKET) setStreamSocketOption(socket, name, value)
  else if (level === SOL_TCP) setStreamTcpOption(socket, name, value)
  else if (level === SOL_IP || level === SOL_IPV6) setStreamIpOption(socket, level, name, value)
  else throw new SocketError('ENOPROTOOPT')
}

function commonOption(socket: StreamSocket | DatagramSocket, name: number): OptionValue | null {
  switch (name) {
    case SO_TYPE:
      return socket.type
    case SO_DOMAIN:
      return socket.domain
    case SO_PROTOCOL:
      return socket.protocol
    case SO_ERROR: {
      const error = socket.takeError()
      return error === null ? softErrorOf(socket) : ERRNO[error]
    }
    case SO_ACCEPTCONN:
      return !(socket instanceof DatagramSocket) && socket.listener !== null ? 1 : 0
    case SO_RCVTIMEO:
      return timeValue(socket.receiveTimeout)
    case SO_SNDTIMEO:
      return timeValue(socket.sendTimeout)
    default:
      return null
  }
}

/** sk_err_soft, which SO_ERROR takes as well. */
function softErrorOf(socket: StreamSocket | DatagramSocket): number {
  if (socket instanceof DatagramSocket || socket.softError === null) return 0
  const error = socket.softError
  socket.softError = null
  return ERRNO[error]
}

function setCommonOption(socket: SocketFile, name: number, value: OptionValue): boolean {
  switch (name) {
    case SO_TYPE:
    case SO_PROTOCOL:
    case SO_DOMAIN:
    case SO_ERROR:
    case SO_ACCEPTCONN:
      throw new SocketError('ENOPROTOOPT')
    case SO_RCVTIMEO:
      socket.receiveTimeout = timeOf(value)
      return true
    case SO_SNDTIMEO:
      socket.sendTimeout = timeOf(value)
      return true
    default:
      if (name === SO_BROADCAST && socket.protocol === IPPROTO_TCP) numberOf(value)
      return false
  }
}
