import type { OptionValue } from './api.ts'
import {
  SO_BROADCAST,
  SO_DEBUG,
  SO_DONTROUTE,
  SO_KEEPALIVE,
  SO_LINGER,
  SO_OOBINLINE,
  SO_PRIORITY,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_RCVLOWAT,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SO_SNDLOWAT,
} from './constants.ts'
import { SocketError } from './errno.ts'
import { flagOf, lingerOf, lingerValue, numberOf } from './option-values.ts'
import type { StreamSocket } from './stream-socket.ts'

/** SOL_SOCKET, as a TCP socket answers it. */
export function streamSocketOption(socket: StreamSocket, name: number): OptionValue {
  const { options } = socket
  switch (name) {
    case SO_REUSEADDR:
      return options.reuseAddress ? 1 : 0
    case SO_REUSEPORT:
      return options.reusePort ? 1 : 0
    case SO_KEEPALIVE:
      return options.keepAlive ? 1 : 0
    case SO_LINGER:
      return lingerValue(options.linger)
    case SO_OOBINLINE:
      return options.outOfBandInline ? 1 : 0
    case SO_RCVLOWAT:
      return options.receiveLowWater
    case SO_SNDLOWAT:
      return 1
    case SO_SNDBUF:
      return options.sendBuffer > 0
        ? options.sendBuffer
        : (socket.connection?.info().sndBuffer ?? options.defaultSendBuffer)
    case SO_RCVBUF:
      return options.receiveBuffer > 0
        ? options.receiveBuffer
        : (socket.connection?.info().rcvBuffer ?? options.defaultReceiveBuffer)
    case SO_BROADCAST:
    case SO_DEBUG:
    case SO_DONTROUTE:
    case SO_PRIORITY:
      return options.ignored.get(name) ?? 0
    default:
      throw new SocketError('ENOPROTOOPT')
  }
}

export function setStreamSocketOption(socket: StreamSocket, name: number, value: OptionValue): void {
  const { options, connection } = socket
  switch (name) {
    case SO_REUSEADDR:
      options.reuseAddress = flagOf(value)
      if (socket.binding !== null) socket.binding.reuseAddress = options.reuseAddress
      return
    case SO_REUSEPORT:
      options.reusePort = flagOf(value)
      if (socket.binding !== null) socket.binding.reusePort = options.reusePort
      return
    case SO_KEEPALIVE:
      options.keepAlive = flagOf(value)
      if (connection !== null) options.applyKeepAlive(connection)
      return
    case SO_LINGER:
      options.linger = lingerOf(value)
      return
    case SO_OOBINLINE:
      options.outOfBandInline = flagOf(value)
      return
    case SO_RCVLOWAT: {
      const bytes = numberOf(value)
      options.receiveLowWater = bytes < 0 ? 0x7fff_ffff : Math.max(1, bytes)
      socket.changed.wake()
      return
    }
    case SO_SNDBUF:
    case SO_SNDBUFFORCE:
      options.setSendBuffer(numberOf(value))
      socket.applySettings()
      return
    case SO_RCVBUF:
    case SO_RCVBUFFORCE:
      options.setReceiveBuffer(numberOf(value))
      socket.applySettings()
      return
    case SO_BROADCAST:
    case SO_DEBUG:
    case SO_DONTROUTE:
    case SO_PRIORITY:
      options.ignored.set(name, name === SO_PRIORITY ? numberOf(value) : Number(flagOf(value)))
      return
    default:
      throw new SocketError('ENOPROTOOPT')
  }
}
