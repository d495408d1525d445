import type { CongestionName, Stack, TcpConnection, TcpListener } from '@tapwire/stack'

/** Linux's net.core.rmem_max and wmem_max: SO_RCVBUF and SO_SNDBUF ask for no more. */
const MOST_BUFFER = 212_992
const LEAST_SEND = 4608
const LEAST_RECEIVE = 2304

/** What `setsockopt` can say of a TCP socket: kept here while there is no connection, and put into one when there is. */
export class StreamOptions {
  reuseAddress = false
  reusePort = false
  ipv6Only = false
  keepAlive = false
  /** Seconds. */
  keepIdle = 7200
  keepInterval = 75
  keepCount = 9
  /** Seconds; null for off. */
  linger: number | null = null
  outOfBandInline = false
  receiveLowWater = 1
  noDelay = false
  cork = false
  /** The last write said MSG_MORE. */
  more = false
  userTimeout = 0
  notSentLowWater = 0
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
  /** As `getsockopt` tells them, doubled; 0 leaves them to the stack. */
  sendBuffer = 0
  receiveBuffer = 0
  congestion: CongestionName
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
    this.congestion = config.congestion
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

  forListener(): { fastOpen?: number } {
    return this.fastOpen > 0 ? { fastOpen: this.fastOpen } : {}
  }

  forConnect(): object {
    return {}
  }

  apply(connection: TcpConnection): void {
    if (this.noDelay) connection.noDelay = true
    if (this.cork) connection.cork = true
    if (this.userTimeout > 0) connection.userTimeout = this.userTimeout
    this.applyNotSent(connection)
    connection.congestion = this.congestion
    connection.trafficClass = this.trafficClass
    this.applyKeepAliveTo(connection)
  }

  applySettings(_: TcpConnection): void {}

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

  setSendBuffer(bytes: number, connection: TcpConnection | null): void {
    this.sendBuffer = Math.max(LEAST_SEND, 2 * asked(bytes))
    if (connection !== null) this.applySettings(connection)
  }

  setReceiveBuffer(bytes: number, connection: TcpConnection | null): void {
    this.receiveBuffer = Math.max(LEAST_RECEIVE, 2 * asked(bytes))
    if (connection !== null) this.applySettings(connection)
  }

  setDeferAccept(seconds: number, _: TcpListener | null): void {
    this.deferAccept = Math.max(0, seconds)
  }

  setWindowClamp(bytes: number, _closed: boolean): void {
    this.windowClamp = bytes
  }

  setQuickAck(value: number, _: TcpConnection | null): void {
    this.quickAck = value !== 0
  }
}

function asked(bytes: number): number {
  return bytes < 0 ? MOST_BUFFER : Math.min(bytes, MOST_BUFFER)
}
