import type { CongestionName } from '@tapwire/stack'
import type { OptionValue } from './api.ts'
import {
  TCP_CLOSE,
  TCP_CONGESTION,
  TCP_CORK,
  TCP_DEFER_ACCEPT,
  TCP_FASTOPEN,
  TCP_FASTOPEN_CONNECT,
  TCP_INFO,
  TCP_INQ,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_LINGER2,
  TCP_LISTEN,
  TCP_MAXSEG,
  TCP_NODELAY,
  TCP_NOTSENT_LOWAT,
  TCP_QUICKACK,
  TCP_SYNCNT,
  TCP_USER_TIMEOUT,
  TCP_WINDOW_CLAMP,
} from './constants.ts'
import { SocketError } from './errno.ts'
import { flagOf, numberOf, rangeOf } from './option-values.ts'
import type { StreamSocket } from './stream-socket.ts'
import { EMPTY_TCP_INFO, type TcpInfoStruct, tcpInfoStruct } from './tcp-info.ts'

/** SOL_TCP (do_tcp_getsockopt). */
export function streamTcpOption(socket: StreamSocket, name: number): OptionValue {
  const { options, connection } = socket
  switch (name) {
    case TCP_NODELAY:
      return options.noDelay ? 1 : 0
    case TCP_CORK:
      return options.cork ? 1 : 0
    case TCP_KEEPIDLE:
      return options.keepIdle
    case TCP_KEEPINTVL:
      return options.keepInterval
    case TCP_KEEPCNT:
      return options.keepCount
    case TCP_SYNCNT:
      return options.synRetries > 0 ? options.synRetries : options.defaultSynRetries
    case TCP_LINGER2:
      return options.linger2 === 0 ? options.defaultFinWait2 : options.linger2
    case TCP_DEFER_ACCEPT:
      return options.deferAccept
    case TCP_WINDOW_CLAMP:
      return options.windowClamp
    case TCP_MAXSEG:
      return maxSegment(socket)
    case TCP_INFO:
      return infoOf(socket)
    case TCP_QUICKACK:
      return options.quickAck ? 1 : 0
    case TCP_CONGESTION:
      return congestionText(connection?.congestion ?? options.congestion ?? options.defaultCongestion)
    case TCP_USER_TIMEOUT:
      return options.userTimeout
    case TCP_FASTOPEN:
      return options.fastOpen
    case TCP_FASTOPEN_CONNECT:
      return options.fastOpenConnect ? 1 : 0
    case TCP_NOTSENT_LOWAT:
      return options.notSentLowWater
    case TCP_INQ:
      return options.tellsUnread ? 1 : 0
    default:
      throw new SocketError('ENOPROTOOPT')
  }
}

/** Of a listener: how many wait, and may wait, to be accepted. */
function infoOf({ connection, listener, stack, state }: StreamSocket): TcpInfoStruct {
  if (connection !== null) {
    return tcpInfoStruct(connection.info(), state, stack.tcp.context.config.duplicateThreshold)
  }
  const waiting =
    listener === null ? {} : { tcpi_unacked: listener.pending, tcpi_sacked: listener.backlog - 1 }
  return { ...EMPTY_TCP_INFO, tcpi_state: state, ...waiting }
}

/** With a connection the one in use; else what the user asked for. */
function maxSegment({ connection, options, state }: StreamSocket): number {
  const { maxSegment: asked } = options
  if (asked > 0 && (state === TCP_CLOSE || state === TCP_LISTEN)) return asked
  return connection === null ? 536 : connection.info().segmentSize
}

export function setStreamTcpOption(socket: StreamSocket, name: number, value: OptionValue): void {
  const { options, connection } = socket
  switch (name) {
    case TCP_NODELAY:
      options.noDelay = flagOf(value)
      if (connection !== null) connection.noDelay = options.noDelay
      return
    case TCP_CORK:
      options.cork = flagOf(value)
      if (connection !== null) connection.cork = options.cork
      return
    case TCP_KEEPIDLE:
      options.keepIdle = rangeOf(value, 1, 32_767)
      options.applyKeepAliveTo(connection)
      return
    case TCP_KEEPINTVL:
      options.keepInterval = rangeOf(value, 1, 32_767)
      options.applyKeepAliveTo(connection)
      return
    case TCP_KEEPCNT:
      options.keepCount = rangeOf(value, 1, 127)
      options.applyKeepAliveTo(connection)
      return
    case TCP_SYNCNT:
      options.synRetries = rangeOf(value, 1, 127)
      break
    case TCP_LINGER2: {
      const seconds = numberOf(value)
      options.linger2 = seconds < 0 ? -1 : Math.min(seconds, 120)
      break
    }
    case TCP_DEFER_ACCEPT:
      options.setDeferAccept(numberOf(value), socket.listener)
      return
    case TCP_WINDOW_CLAMP:
      options.setWindowClamp(numberOf(value), socket.state === TCP_CLOSE)
      break
    case TCP_MAXSEG: {
      const bytes = numberOf(value)
      // 0 takes it back; the bounds are Linux's TCP_MIN_MSS and MAX_TCP_WINDOW.
      if (bytes !== 0 && (bytes < 88 || bytes > 32_767)) throw new SocketError('EINVAL')
      options.maxSegment = bytes
      break
    }
    case TCP_QUICKACK:
      options.setQuickAck(numberOf(value), connection)
      return
    case TCP_CONGESTION:
      options.congestion = congestionOf(value)
      if (connection !== null) connection.congestion = options.congestion
      return
    case TCP_USER_TIMEOUT:
      options.userTimeout = rangeOf(value, 0, 0x7fff_ffff)
      if (connection !== null) connection.userTimeout = options.userTimeout
      return
    case TCP_FASTOPEN: {
      const length = numberOf(value)
      if (length < 0 || (socket.state !== TCP_CLOSE && socket.state !== TCP_LISTEN)) {
        throw new SocketError('EINVAL')
      }
      options.fastOpen = Math.min(length, 4096)
      if (socket.listener !== null) socket.listener.fastOpenLimit = options.fastOpen
      return
    }
    case TCP_FASTOPEN_CONNECT:
      options.fastOpenConnect = rangeOf(value, 0, 1) === 1
      if (socket.state !== TCP_CLOSE) throw new SocketError('EINVAL')
      return
    case TCP_INQ:
      options.tellsUnread = rangeOf(value, 0, 1) === 1
      return
    case TCP_NOTSENT_LOWAT:
      options.notSentLowWater = numberOf(value) >>> 0
      if (connection !== null) options.applyNotSent(connection)
      socket.changed.wake()
      return
    default:
      throw new SocketError('ENOPROTOOPT')
  }
  socket.applySettings()
}

/** Linux's name for NewReno is 'reno'. @throws ENOENT for an algorithm that there is not */
function congestionOf(value: OptionValue): CongestionName {
  if (typeof value !== 'string') throw new SocketError('EINVAL')
  if (value === 'reno' || value === 'newreno') return 'newreno'
  if (value === 'cubic' || value === 'bbr') return value
  throw new SocketError('ENOENT')
}

function congestionText(name: CongestionName): string {
  return name === 'newreno' ? 'reno' : name
}
