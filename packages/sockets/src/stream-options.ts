import type {
  CongestionName,
  ConnectionSettings,
  ListenOptions,
  Stack,
  TcpConnection,
  TcpListener,
} from '@tapwire/stack'
import { IP_PMTUDISC_DONT, IP_PMTUDISC_PROBE } from './constants.ts'
import { SocketError } from './errno.ts'

/** net.core.rmem_max and wmem_max of Linux 6.18: SO_RCVBUF and SO_SNDBUF ask for no more. */
const MOST_BUFFER = 4_194_304
const LEAST_SEND = 4608
const LEAST_RECEIVE = 2304
/** Of the doubled number so many eighths are payload, the rest Linux's bookkeeping (measured on 6.18 over loopback: 0.59 to 0.8). */
const PAYLOAD_SHARE = 5
/** Seconds; TCP_RTO_MAX. */
const LONGEST_WAIT = 120

/** What `setsockopt` can say of a TCP socket: kept here while there is no connection, and put into one when there is. */
export class StreamOptions {
  reuseAddress = false
  reusePort = false
  ipv6Only = false
  keepAlive = false
  /** Seconds. */
  keepIdle: number
  keepInterval: number
  keepCount: number
  /** Seconds; null for off. */
  linger: number | null = null
  outOfBandInline = false
  receiveLowWater = 1
  noDelay = false
  cork = false
  userTimeout = 0
  notSentLowWater: number
  receiveErrors = false
  mtuDiscover = 1
  maxSegment = 0
  windowClamp = 0
  synRetries = 0
  /** Seconds; 0 for the stack's, -1 for none at all. */
  linger2 = 0
  deferAccept = 0
  fastOpen = 0
  fastOpenConnect = false
  quickAck = true
  /** TCP_INQ: `recvmsg` tells how much is left to read. */
  tellsUnread = false
  /** As `getsockopt` tells them, doubled; 0 leaves them to the stack. */
  sendBuffer = 0
  receiveBuffer = 0
  /** Null for the stack's. */
  congestion: CongestionName | null = null
  readonly defaultCongestion: CongestionName
  trafficClass: number
  ttl: number
  readonly defaultTtl: number
  readonly defaultSynRetries: number
  readonly defaultSendBuffer: number
  readonly defaultReceiveBuffer: number
  /** Seconds. */
  readonly defaultFinWait2: number
  /** Options that mean nothing here, as they were set. */
  ignored = new Map<number, number>()

  constructor(stack: Stack) {
    const { config } = stack.tcp.context
    this.defaultCongestion = config.congestion
    this.keepIdle = config.keepAliveIdle / 1e6
    this.keepInterval = config.keepAliveInterval / 1e6
    this.keepCount = config.keepAliveCount
    this.notSentLowWater = config.notSentLowWater === 0x7fff_ffff ? 0 : config.notSentLowWater
    this.trafficClass = config.trafficClass
    this.ttl = config.ttl
    this.defaultTtl = config.ttl
    this.defaultSynRetries = config.synRetries
    this.defaultSendBuffer = config.sendBuffer
    this.defaultReceiveBuffer = config.receiveBuffer
    this.defaultFinWait2 = config.finWait2 / 1e6
  }

  /** What an accepted socket gets of its listener: nearly everything (sk_clone). */
  inherit(from: StreamOptions): void {
    const { ignored } = from
    Object.assign(this, from)
    this.ignored = new Map(ignored)
    this.deferAccept = 0
    this.fastOpen = 0
  }

  forListener(): Pick<ListenOptions, 'fastOpen' | 'settings' | 'deferAccept'> {
    const { fastOpen } = this
    return {
      ...(fastOpen > 0 ? { fastOpen } : {}),
      deferAccept: timeoutsOf(this.deferAccept),
      settings: this.settings(),
    }
  }

  /** What has been said of the connection itself; the rest stays the stack's. */
  settings(): ConnectionSettings {
    const { maxSegment, windowClamp, synRetries, linger2, mtuDiscover } = this
    return {
      maxSegment,
      windowClamp,
      ttl: this.ttl === this.defaultTtl ? 0 : this.ttl,
      trafficClass: this.trafficClass,
      sendBuffer: Math.floor((this.sendBuffer * PAYLOAD_SHARE) / 8),
      receiveBuffer: this.receiveBuffer >> 1,
      synRetries: synRetries === 0 ? -1 : synRetries,
      finWait2: linger2 < 0 ? -1 : linger2 * 1000,
      pathMtuDiscovery:
        mtuDiscover === IP_PMTUDISC_DONT ? 'never' : mtuDiscover >= IP_PMTUDISC_PROBE ? 'probe' : 'want',
    }
  }

  /** A connection is there, made with `settings()`: the rest of what was said before. */
  apply(connection: TcpConnection): void {
    if (this.noDelay) connection.noDelay = true
    if (this.cork) connection.cork = true
    if (this.userTimeout > 0) connection.userTimeout = this.userTimeout
    if (!this.quickAck) connection.setQuickAck(false)
    if (this.notSentLowWater > 0) this.applyNotSent(connection)
    if (this.congestion !== null) connection.congestion = this.congestion
    this.applyKeepAliveTo(connection)
  }

  applyNotSent(connection: TcpConnection): void {
    const { notSentLowWater } = this
    connection.notSentLowWater =
      notSentLowWater === 0 || notSentLowWater > 0x7fff_ffff ? Number.POSITIVE_INFINITY : notSentLowWater
  }

  applyKeepAliveTo(connection: TcpConnection | null): void {
    if (connection !== null && this.keepAlive) this.applyKeepAlive(connection)
  }

  applyKeepAlive(connection: TcpConnection): void {
    connection.setKeepAlive(this.keepAlive, {
      idle: this.keepIdle * 1000,
      interval: this.keepInterval * 1000,
      count: this.keepCount,
    })
  }

  setSendBuffer(bytes: number): void {
    this.sendBuffer = Math.max(LEAST_SEND, 2 * asked(bytes))
  }

  setReceiveBuffer(bytes: number): void {
    this.receiveBuffer = Math.max(LEAST_RECEIVE, 2 * asked(bytes))
  }

  setDeferAccept(seconds: number, listener: TcpListener | null): void {
    // In whole timeouts of the SYN-ACK: 1, 3, 7, 15 s, and so on.
    const timeouts = timeoutsOf(seconds)
    this.deferAccept = secondsOf(timeouts)
    if (listener !== null) listener.deferAccept = timeouts
  }

  setWindowClamp(bytes: number, closed: boolean): void {
    if (bytes === 0 && !closed) throw new SocketError('EINVAL')
    this.windowClamp = bytes === 0 ? 0 : Math.max(LEAST_RECEIVE / 2, bytes)
  }

  setQuickAck(value: number, connection: TcpConnection | null): void {
    this.quickAck = value !== 0
    connection?.setQuickAck(value !== 0)
  }
}

/** secs_to_retrans(): how many timeouts, of 1, 2, 4, … s and at most 120 s, are as long as that. */
function timeoutsOf(seconds: number): number {
  if (seconds <= 0) return 0
  let count = 1
  for (let wait = 1, sum = 1; seconds > sum && count < 255; sum += wait) {
    count++
    wait = Math.min(2 * wait, LONGEST_WAIT)
  }
  return count
}

/** retrans_to_secs(). */
function secondsOf(timeouts: number): number {
  let sum = 0
  for (let i = 0, wait = 1; i < timeouts; i++, wait = Math.min(2 * wait, LONGEST_WAIT)) sum += wait
  return sum
}

function asked(bytes: number): number {
  return bytes < 0 ? MOST_BUFFER : Math.min(bytes, MOST_BUFFER)
}
