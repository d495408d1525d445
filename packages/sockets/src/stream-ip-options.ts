import type { OptionValue } from './api.ts'
import {
  AF_INET6,
  IP_MTU,
  IP_MTU_DISCOVER,
  IP_RECVERR,
  IP_TOS,
  IP_TTL,
  IPV6_MTU,
  IPV6_MTU_DISCOVER,
  IPV6_RECVERR,
  IPV6_TCLASS,
  IPV6_UNICAST_HOPS,
  IPV6_V6ONLY,
  SOL_IP,
  SOL_IPV6,
} from './constants.ts'
import { SocketError } from './errno.ts'
import { flagOf, numberOf, rangeOf } from './option-values.ts'
import type { StreamSocket } from './stream-socket.ts'

/** Not a name of SOL_IP. */
const V6ONLY = -1

/** SOL_IP and SOL_IPV6 of a TCP socket: one set of values, whichever way they are named. */
export function streamIpOption(socket: StreamSocket, level: number, name: number): OptionValue {
  const { options, connection } = socket
  if (level === SOL_IPV6 && socket.domain !== AF_INET6) throw new SocketError('EOPNOTSUPP')
  switch (ipName(socket, level, name)) {
    case IP_TOS:
      return options.trafficClass
    case IP_TTL:
      return options.ttl
    case IP_MTU_DISCOVER:
      return options.mtuDiscover
    case IP_MTU:
      if (connection === null || connection.closeReason !== undefined) throw new SocketError('ENOTCONN')
      return connection.info().pathMtu
    case IP_RECVERR:
      return options.receiveErrors ? 1 : 0
    case V6ONLY:
      return options.ipv6Only ? 1 : 0
    default:
      throw new SocketError('ENOPROTOOPT')
  }
}

export function setStreamIpOption(
  socket: StreamSocket,
  level: number,
  name: number,
  value: OptionValue,
): void {
  const { options, connection } = socket
  switch (ipName(socket, level, name)) {
    case IP_TOS:
      // The two low bits are ECN's: TCP keeps its own.
      options.trafficClass = numberOf(value) & 0xfc
      socket.applySettings()
      return
    case IP_TTL: {
      const ttl = rangeOf(value, -1, 255)
      if (ttl === 0) throw new SocketError('EINVAL')
      options.ttl = ttl < 0 ? options.defaultTtl : ttl
      socket.applySettings()
      return
    }
    case IP_MTU_DISCOVER:
      options.mtuDiscover = rangeOf(value, 0, 5)
      socket.applySettings()
      return
    case IP_RECVERR:
      options.receiveErrors = flagOf(value)
      return
    case V6ONLY:
      if (socket.binding !== null || connection !== null) throw new SocketError('EINVAL')
      options.ipv6Only = flagOf(value)
      return
    default:
      throw new SocketError('ENOPROTOOPT')
  }
}

function ipName({ domain }: StreamSocket, level: number, name: number): number {
  if (level === SOL_IP) return name
  if (level === SOL_IPV6 && domain !== AF_INET6) throw new SocketError('ENOPROTOOPT')
  switch (name) {
    case IPV6_UNICAST_HOPS:
      return IP_TTL
    case IPV6_TCLASS:
      return IP_TOS
    case IPV6_MTU_DISCOVER:
      return IP_MTU_DISCOVER
    case IPV6_MTU:
      return IP_MTU
    case IPV6_RECVERR:
      return IP_RECVERR
    case IPV6_V6ONLY:
      return V6ONLY
    default:
      throw new SocketError('ENOPROTOOPT')
  }
}
