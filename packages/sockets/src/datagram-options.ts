import type { OptionValue } from './api.ts'
import {
  AF_INET6,
  IP_MTU,
  IP_MTU_DISCOVER,
  IP_RECVERR,
  IP_TOS,
  IP_TTL,
  SO_BROADCAST,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SOL_IP,
  SOL_IPV6,
  SOL_SOCKET,
} from './constants.ts'
import type { DatagramSocket } from './datagram-socket.ts'
import { SocketError } from './errno.ts'
import { ipOptionName, V6ONLY } from './ip-option-names.ts'
import { flagOf, numberOf, rangeOf } from './option-values.ts'

/** Linux's wmem_default, which does nothing here: datagrams leave at once, or wait for the device. */
const DEFAULT_BUFFER = 212_992
/** net.core.rmem_max and wmem_max. */
const MOST = 212_992
const LEAST_RECEIVE = 2304
const LEAST_SEND = 4608

export function datagramOption(socket: DatagramSocket, level: number, name: number): OptionValue {
  if (level === SOL_SOCKET) return socketOption(socket, name)
  if (level !== SOL_IP && level !== SOL_IPV6) throw new SocketError('EOPNOTSUPP')
  if (level === SOL_IPV6 && socket.domain !== AF_INET6) throw new SocketError('EOPNOTSUPP')
  switch (ipOptionName(level, name)) {
    case IP_TTL:
      return socket.ttl
    case IP_TOS:
      return socket.tos
    case IP_MTU_DISCOVER:
      return socket.mtuDiscover
    case IP_RECVERR:
      return socket.receiveErrors ? 1 : 0
    case IP_MTU:
      return pathMtu(socket)
    case V6ONLY:
      return socket.ipv6Only ? 1 : 0
    default:
      throw new SocketError('ENOPROTOOPT')
  }
}

function socketOption(socket: DatagramSocket, name: number): number {
  switch (name) {
    case SO_REUSEADDR:
      return socket.reuseAddress ? 1 : 0
    case SO_REUSEPORT:
      return socket.reusePort ? 1 : 0
    case SO_BROADCAST:
      return socket.broadcast ? 1 : 0
    case SO_RCVBUF:
      return socket.receiveBuffer > 0 ? socket.receiveBuffer : socket.stack.limits.udpReceiveBuffer
    case SO_SNDBUF:
      return socket.sendBuffer > 0 ? socket.sendBuffer : DEFAULT_BUFFER
    default:
      throw new SocketError('ENOPROTOOPT')
  }
}

export function setDatagramOption(
  socket: DatagramSocket,
  level: number,
  name: number,
  value: OptionValue,
): void {
  if (level === SOL_SOCKET) setSocketOption(socket, name, value)
  else if (level === SOL_IP || (level === SOL_IPV6 && socket.domain === AF_INET6)) {
    setIpOption(socket, ipOptionName(level, name), value)
  } else throw new SocketError('ENOPROTOOPT')
  socket.applyOptions()
}

function setSocketOption(socket: DatagramSocket, name: number, value: OptionValue): void {
  switch (name) {
    case SO_REUSEADDR:
      socket.reuseAddress = flagOf(value)
      return
    case SO_REUSEPORT:
      socket.reusePort = flagOf(value)
      return
    case SO_BROADCAST:
      socket.broadcast = flagOf(value)
      return
    case SO_RCVBUF:
    case SO_RCVBUFFORCE:
      socket.receiveBuffer = doubled(value, LEAST_RECEIVE)
      return
    case SO_SNDBUF:
    case SO_SNDBUFFORCE:
      socket.sendBuffer = doubled(value, LEAST_SEND)
      return
    default:
      throw new SocketError('ENOPROTOOPT')
  }
}

function setIpOption(socket: DatagramSocket, name: number, value: OptionValue): void {
  switch (name) {
    case IP_TTL: {
      const ttl = rangeOf(value, -1, 255)
      if (ttl === 0) throw new SocketError('EINVAL')
      socket.ttl = ttl < 0 ? 64 : ttl
      return
    }
    case IP_TOS:
      socket.tos = numberOf(value) & 0xff
      return
    case IP_MTU_DISCOVER:
      socket.mtuDiscover = rangeOf(value, 0, 5)
      return
    case IP_RECVERR:
      socket.receiveErrors = flagOf(value)
      return
    case V6ONLY:
      if (socket.socket !== null) throw new SocketError('EINVAL')
      socket.ipv6Only = flagOf(value)
      return
    default:
      throw new SocketError('ENOPROTOOPT')
  }
}

function pathMtu({ socket, stack }: DatagramSocket): number {
  const remote = socket?.remoteAddress ?? null
  if (remote === null) throw new SocketError('ENOTCONN')
  const path = stack.ip.path(remote, null)
  if (typeof path === 'string') throw new SocketError('ENOTCONN')
  return path.mtu
}

/** As Linux stores what it is told: doubled, for its own bookkeeping. */
function doubled(value: OptionValue, least: number): number {
  const wanted = numberOf(value)
  return Math.max(2 * (wanted < 0 ? MOST : Math.min(wanted, MOST)), least)
}
