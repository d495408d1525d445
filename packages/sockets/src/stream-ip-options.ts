import type { OptionValue } from './api.ts'
import { AF_INET6, IP_MTU, IP_MTU_DISCOVER, IP_RECVERR, IP_TOS, IP_TTL, SOL_IPV6 } from './constants.ts'
import { SocketError } from './errno.ts'
import { ipOptionName, V6ONLY } from './ip-option-names.ts'
import { flagOf, numberOf, rangeOf } from './option-values.ts'
import type { StreamSocket } from './stream-socket.ts'

/** SOL_IP and SOL_IPV6 of a TCP socket: one set of values, whichever way they are named. */
export function streamIpOption(socket: StreamSocket, level: number, name: number): OptionValue {
  const { options, connection } = socket
  if (level === SOL_IPV6 && socket.domain !== AF_INET6) throw new SocketError('EOPNOTSUPP')
  switch (ipOptionName(level, name)) {
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
  if (level === SOL_IPV6 && socket.domain !== AF_INET6) throw new SocketError('ENOPROTOOPT')
  switch (ipOptionName(level, name)) {
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
