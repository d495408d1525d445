import {
  type CloseReason,
  type ConnectionHandler,
  type IpAddress,
  type Stack,
  type TcpConnection,
  type TcpListener,
  TcpState,
} from '@tapwire/stack'
import { ANY_V4, ANY_V6, LOOPBACK_V4, LOOPBACK_V6, readAddress, tellAddress } from './address.ts'
import type { Result, SocketAddress } from './api.ts'
import type { Binding, Bindings } from './bindings.ts'
import {
  AF_INET,
  AF_UNSPEC,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  POLLPRI,
  POLLRDHUP,
  POLLRDNORM,
  POLLWRNORM,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SOCK_STREAM,
  SOMAXCONN,
  TCP_CLOSE,
  TCP_CLOSE_WAIT,
  TCP_CLOSING,
  TCP_ESTABLISHED,
  TCP_FIN_WAIT1,
  TCP_FIN_WAIT2,
  TCP_LAST_ACK,
  TCP_LISTEN,
  TCP_SYN_RECV,
  TCP_SYN_SENT,
  TCP_TIME_WAIT,
} from './constants.ts'
import { type ErrnoName, isErrnoName, SocketError } from './errno.ts'
import { SocketFile } from './file.ts'
import { StreamOptions } from './stream-options.ts'
import { BLOCKED, type Blocked, tryAgain, type Waiting } from './waiting.ts'

/** Linux's numbers, by the stack's. */
const LINUX_STATES: { readonly [K in TcpState]: number } = {
  [TcpState.Closed]: TCP_CLOSE,
  [TcpState.Listen]: TCP_LISTEN,
  [TcpState.SynSent]: TCP_SYN_SENT,
  [TcpState.SynReceived]: TCP_SYN_RECV,
  [TcpState.Established]: TCP_ESTABLISHED,
  [TcpState.FinWait1]: TCP_FIN_WAIT1,
  [TcpState.FinWait2]: TCP_FIN_WAIT2,
  [TcpState.CloseWait]: TCP_CLOSE_WAIT,
  [TcpState.Closing]: TCP_CLOSING,
  [TcpState.LastAck]: TCP_LAST_ACK,
  [TcpState.TimeWait]: TCP_TIME_WAIT,
}

/** What Linux's `struct socket` knows of connecting (SS_UNCONNECTED, …). */
export const Association = { None: 0, Connecting: 1, Connected: 2, Disconnecting: 3 } as const
export type Association = (typeof Association)[keyof typeof Association]

/** A name that nobody else is kept from. */
const UNBOUND: Binding = {
  address: null,
  ipv6Only: false,
  port: 0,
  reuseAddress: true,
  reusePort: false,
  listening: false,
}

/** A TCP socket: what it is between the calls. Reading and writing are in `stream-read.ts` and `stream-write.ts`. */
export class StreamSocket extends SocketFile {
  readonly stack: Stack
  readonly bindings: Bindings
  readonly options: StreamOptions
  association: Association = Association.None
  connection: TcpConnection | null = null
  listener: TcpListener | null = null
  binding: Binding | null = null
  /** sk_shutdown. */
  receiveShut = false
  sendShut = false
  /** sk_err_soft: what an ICMP error said, for SO_ERROR. */
  softError: ErrnoName | null = null
  /** The connection's last state before it was over: a RST in CLOSE-WAIT is EPIPE. */
  closeWait = false
  #over = false
  #wasAccepted = false
  /** TCP_FASTOPEN_CONNECT: whom the first write is to connect to, with its data on the SYN; null for nobody. */
  deferred: SocketAddress | null = null
  /** Bytes that have been read: where in the stream we are. */
  consumed = 0
  /** Where in the stream the urgent byte is, -1 for none; and whether it has been taken by MSG_OOB. */
  urgentAt = -1
  urgentTaken = false

  constructor(waiting: Waiting, stack: Stack, bindings: Bindings, domain: number, protocol: number) {
    super(waiting, domain, SOCK_STREAM, protocol)
    this.stack = stack
    this.bindings = bindings
    this.options = new StreamOptions(stack)
  }

  /** sk_state. */
  get state(): number {
    if (this.listener !== null) return TCP_LISTEN
    if (this.deferred !== null) return TCP_SYN_SENT
    return this.connection === null ? TCP_CLOSE : LINUX_STATES[this.connection.state]
  }

  /** SOCK_DONE: the peer's FIN is here. */
  get done(): boolean {
    return this.connection?.ended ?? false
  }

  // ---- addresses ---------------------------------------------------------------------------------------------

  bind(given: SocketAddress): void {
    const address = readAddress(this.domain, given)
    if (this.state !== TCP_CLOSE || this.binding !== null) throw new SocketError('EINVAL')
    if (!address.isUnspecified && !this.stack.ip.isLocal(address)) throw new SocketError('EADDRNOTAVAIL')
    this.#takePort(address, given.port)
  }

  localName(): SocketAddress {
    const { connection, binding, domain } = this
    if (connection !== null) return tellAddress(domain, connection.localAddress, connection.localPort)
    return tellAddress(domain, binding?.address ?? this.#any, binding?.port ?? 0)
  }

  peerName(): SocketAddress {
    const { connection, state } = this
    if (connection === null || state === TCP_CLOSE || state === TCP_SYN_SENT)
      throw new SocketError('ENOTCONN')
    return tellAddress(this.domain, connection.remoteAddress, connection.remotePort)
  }

  get #any(): IpAddress {
    return this.domain === AF_INET ? ANY_V4 : ANY_V6
  }

  #takePort(address: IpAddress, port: number): Binding {
    const binding: Binding = {
      address,
      ipv6Only: this.options.ipv6Only,
      port,
      reuseAddress: this.options.reuseAddress,
      reusePort: this.options.reusePort,
      listening: false,
    }
    this.bindings.take(binding)
    this.binding = binding
    return binding
  }

  #dropPort(): void {
    if (this.binding !== null) this.bindings.drop(this.binding)
    this.binding = null
  }

  /** Options that the stack keeps have changed: for the connection, or for those that a listener is going to make. */
  applySettings(): void {
    const target = this.connection ?? this.listener
    target?.configure(this.options.settings())
  }

  // ---- passive opens -----------------------------------------------------------------------------------------

  listen(backlog: number): void {
    // sk_ack_backlog may exceed it by one; a negative number is a large one.
    const places = (backlog < 0 ? SOMAXCONN : Math.min(backlog, SOMAXCONN)) + 1
    if (this.listener !== null) {
      this.listener.backlog = places
      return
    }
    if (this.association !== Association.None || this.state !== TCP_CLOSE) throw new SocketError('EINVAL')
    const binding = this.binding ?? this.#takePort(this.#any, 0)
    const { ipv6Only, reusePort } = this.options
    this.listener = this.stack.tcp.listen(
      {
        address: binding.address,
        port: binding.port,
        ipv6Only,
        reusePort,
        backlog: places,
        ...this.options.forListener(),
      },
      {
        onConnection: () => this.changed.wake(),
        onClose: () => {
          this.listener = null
          this.error = 'ENETDOWN'
          this.changed.wake()
        },
      },
    )
    binding.listening = true
    this.receiveShut = false
    this.sendShut = false
  }

  accept(make: (accepted: StreamSocket) => number): Result<number> {
    const attempt = (): number | Blocked => {
      if (this.listener === null) throw new SocketError('EINVAL')
      if (this.listener.pending === 0) return BLOCKED
      const connection = this.listener.accept()
      if (connection === null) return BLOCKED
      return make(this.#accepted(connection))
    }
    const patience = this.nonblocking ? 0 : this.receiveTimeout
    return this.waiting.call(attempt, [this.changed], patience, tryAgain, this.hold)
  }

  #accepted(connection: TcpConnection): StreamSocket {
    const socket = new StreamSocket(this.waiting, this.stack, this.bindings, this.domain, this.protocol)
    socket.options.inherit(this.options)
    socket.receiveTimeout = this.receiveTimeout
    socket.sendTimeout = this.sendTimeout
    socket.association = Association.Connected
    socket.#wasAccepted = true
    socket.#adopt(connection)
    socket.options.apply(connection)
    return socket
  }

  // ---- active opens ------------------------------------------------------------------------------------------

  connect(given: SocketAddress): Result<0> {
    if (given.family === AF_UNSPEC) {
      this.disconnect()
      return 0
    }
    if (this.association === Association.Connected) throw new SocketError('EISCONN')
    if (this.association === Association.Disconnecting) throw new SocketError('EINVAL')
    if (this.deferred !== null) throw new SocketError('EISCONN')
    const already = this.association === Association.Connecting
    if (!already) {
      if (this.state !== TCP_CLOSE) throw new SocketError('EISCONN')
      if (this.#defers(given)) return 0
      this.open(given, null)
      // Whatever has come of it by now (over loopback, all), it began as a wait.
      if (this.nonblocking) throw new SocketError('EINPROGRESS')
    }
    const progress: ErrnoName = already ? 'EALREADY' : 'EINPROGRESS'
    const late = (): never => {
      throw new SocketError(progress)
    }
    const patience = this.nonblocking ? 0 : this.sendTimeout
    return this.waiting.call(() => this.outcome(), [this.changed], patience, late, this.hold)
  }

  /** tcp_fastopen_defer_connect(): with a cookie at hand the SYN waits for data to take along. */
  #defers(given: SocketAddress): boolean {
    if (!this.options.fastOpenConnect || given.port === 0) return false
    if (!this.stack.tcp.hasFastOpenCookie(readAddress(this.domain, given))) return false
    this.deferred = given
    this.association = Association.Connecting
    return true
  }

  /** Sends the SYN. @param data what goes along by Fast Open, and is queued in any case; null for a plain open */
  open(given: SocketAddress, data: Uint8Array | null): void {
    let remote = readAddress(this.domain, given)
    if (remote.isUnspecified) remote = remote.isV4 ? LOOPBACK_V4 : LOOPBACK_V6
    // Nobody can listen on port 0, and the answer would be a RST.
    if (given.port === 0) throw new SocketError('ECONNREFUSED')
    const { binding } = this
    const bound = binding !== null && binding.address !== null && !binding.address.isUnspecified
    this.association = Association.Connecting
    this.error = null
    this.deferred = null
    try {
      const connection = this.stack.tcp.connect(
        {
          address: remote,
          port: given.port,
          localAddress: bound ? binding.address : null,
          localPort: binding?.port ?? 0,
          ...(data === null ? {} : { initialData: data, initialDataOnSyn: true, fastOpen: true }),
          settings: this.options.settings(),
          ...(this.options.fastOpenConnect ? { fastOpen: true } : {}),
        },
        this.#handler,
      )
      this.#adopt(connection)
      this.options.apply(connection)
    } catch (error) {
      this.association = Association.None
      throw error
    }
  }

  /** What `connect` has come to. */
  outcome(): 0 | Blocked {
    const { state } = this
    if (state === TCP_SYN_SENT || state === TCP_SYN_RECV) return BLOCKED
    if (state === TCP_CLOSE) {
      const error = this.takeError() ?? 'ECONNABORTED'
      // It may have been connected in between, and what it received is lost with it.
      this.connection?.abort()
      this.#reset()
      throw new SocketError(error)
    }
    this.association = Association.Connected
    return 0
  }

  /** tcp_disconnect(): back to a socket that has never been connected; its peer gets a RST where it knows of it. */
  disconnect(): void {
    const { connection, listener } = this
    this.#reset()
    // One that was accepted keeps its name (it is bound as its listener was).
    if (connection !== null && this.#wasAccepted) {
      this.binding ??= { ...UNBOUND, address: connection.localAddress, port: connection.localPort }
    }
    if (listener !== null) this.#stopListening(listener)
    if (connection === null) return
    const opening = connection.state === TcpState.SynSent || connection.state === TcpState.SynReceived
    const over = connection.closeReason !== undefined
    connection.abort()
    if (opening || !over) this.error = 'ECONNRESET'
    this.changed.wake()
  }

  #stopListening(listener: TcpListener): void {
    this.listener = null
    if (this.binding !== null) this.binding.listening = false
    listener.close()
    this.changed.wake()
  }

  #reset(): void {
    this.connection = null
    this.deferred = null
    this.association = Association.None
    this.receiveShut = false
    this.sendShut = false
    this.closeWait = false
    this.#over = false
    this.softError = null
    this.consumed = 0
    this.urgentAt = -1
  }

  // ---- the connection ----------------------------------------------------------------------------------------

  #adopt(connection: TcpConnection): void {
    this.connection = connection
    connection.handler = this.#handler
    if (connection.urgentLeft > 0) this.#markUrgent(connection)
    this.#noteEnd(connection)
    if (connection.closeReason !== undefined) this.#closed(connection, connection.closeReason)
  }

  readonly #handler: ConnectionHandler = {
    onConnect: () => this.changed.wake(),
    onReadable: (connection) => {
      this.#noteEnd(connection)
      this.changed.wake()
    },
    onWritable: () => this.changed.wake(),
    onFinAcked: () => this.changed.wake(),
    onUrgent: (connection) => {
      this.#markUrgent(connection)
      this.changed.wake()
    },
    onSoftError: (_, reason) => this.#noteSoftError(reason),
    onClose: (connection, reason) => {
      this.#closed(connection, reason)
      this.changed.wake()
    },
  }

  #noteEnd(connection: TcpConnection): void {
    if (!connection.ended) return
    this.receiveShut = true
    if (!this.sendShut) this.closeWait = true
  }

  /** tcp_check_urg(): the byte before the pointer is the one, and a later one takes its place. */
  #markUrgent(connection: TcpConnection): void {
    const at = this.consumed + connection.urgentLeft - 1
    if (at === this.urgentAt) return
    this.urgentAt = at
    this.urgentTaken = false
  }

  /** An ICMP error is for SO_ERROR, or with IP_RECVERR for everybody. Silence (ETIMEDOUT) is no news before it is final. */
  #noteSoftError(reason: CloseReason): void {
    if (reason === null || reason === 'ETIMEDOUT' || !isErrnoName(reason)) return
    if (!this.options.receiveErrors) {
      this.softError = reason
      return
    }
    this.error = reason
    this.changed.wake()
  }

  /** tcp_reset(), tcp_write_err() and tcp_done(). */
  #closed(connection: TcpConnection, reason: CloseReason): void {
    // Of one that was over when it was accepted, the news comes twice.
    if (connection !== this.connection || this.#over) return
    this.#over = true
    if (reason === 'ECONNRESET' && this.closeWait && !this.sendShut) this.error = 'EPIPE'
    else if (reason !== null) this.error = reason
    else if (connection.wasReset) this.error = 'ECONNRESET'
    this.receiveShut = true
    this.sendShut = true
  }

  // ---- endings -----------------------------------------------------------------------------------------------

  shutdown(how: number): void {
    if (how !== SHUT_RD && how !== SHUT_WR && how !== SHUT_RDWR) throw new SocketError('EINVAL')
    const { state, listener, connection } = this
    if (listener !== null) {
      if (how !== SHUT_WR) this.disconnect()
      else this.sendShut = true
      return
    }
    if (state === TCP_SYN_SENT) {
      this.disconnect()
      return
    }
    if (this.association === Association.Connecting) {
      this.association = state === TCP_CLOSE ? Association.Disconnecting : Association.Connected
    }
    if (how !== SHUT_WR) this.receiveShut = true
    if (how !== SHUT_RD) this.sendShut = true
    if (state === TCP_CLOSE) {
      this.changed.wake()
      throw new SocketError('ENOTCONN')
    }
    if (how !== SHUT_WR) connection?.refuseData()
    if (how !== SHUT_RD) connection?.shutdown()
    this.changed.wake()
  }

  /** Before the last reference goes: SO_LINGER makes `close` wait until all is acknowledged, or its time is over. */
  linger(): Result<0> {
    const { connection } = this
    const seconds = this.options.linger
    if (connection === null || seconds === null || seconds === 0 || connection.readable > 0) return 0
    if (connection.closeReason !== undefined) return 0
    connection.shutdown()
    this.sendShut = true
    const attempt = (): 0 | Blocked => {
      const { state } = this
      return state === TCP_FIN_WAIT1 || state === TCP_CLOSING || state === TCP_LAST_ACK ? BLOCKED : 0
    }
    return this.waiting.call<0>(attempt, [this.changed], seconds * 1e6, () => 0, this.hold)
  }

  override release(linger: boolean): void {
    const { connection, listener } = this
    this.listener = null
    listener?.close()
    if (connection !== null) {
      if (linger && this.options.linger === 0) connection.abort()
      else connection.close()
      connection.handler = null
    }
    this.connection = null
    this.#dropPort()
  }

  // ---- readiness ---------------------------------------------------------------------------------------------

  /** tcp_poll(). */
  override poll(): number {
    const { state, connection, listener } = this
    if (listener !== null) return listener.pending > 0 ? POLLIN | POLLRDNORM : 0
    let bits = 0
    if ((this.receiveShut && this.sendShut) || state === TCP_CLOSE) bits |= POLLHUP
    if (this.receiveShut) bits |= POLLIN | POLLRDNORM | POLLRDHUP
    if (this.deferred !== null) bits |= POLLOUT | POLLWRNORM
    else if (state !== TCP_SYN_SENT && state !== TCP_SYN_RECV) {
      if (this.inOrder >= this.lowWater) bits |= POLLIN | POLLRDNORM
      if (this.sendShut || connection === null || connection.hasRoom()) bits |= POLLOUT | POLLWRNORM
      if (this.urgentHere) bits |= POLLPRI
    }
    if (this.error !== null) bits |= POLLERR
    return bits
  }

  /** The urgent byte has come, and stands beside the stream. */
  get urgentHere(): boolean {
    const { connection, urgentAt } = this
    if (connection === null || urgentAt < this.consumed || this.urgentTaken) return false
    return connection.readable > urgentAt - this.consumed
  }

  /** It, or -1 while it has not come. */
  urgentByte(): number {
    const { connection, stack } = this
    if (connection === null || !this.urgentHere) return -1
    connection.peek(this.urgentAt - this.consumed)
    return stack.memory.copyOut(connection.peekOffset, 1)[0] ?? -1
  }

  /** SIOCINQ (tcp_inq): bytes to be read, those before the urgent one if there is one. */
  get beforeUrgent(): number {
    const { inOrder, urgentAt, consumed } = this
    if (this.options.outOfBandInline || urgentAt < consumed || urgentAt - consumed >= inOrder) return inOrder
    return urgentAt - consumed
  }

  /** SIOCOUTQ: what is queued and not acknowledged, the FIN included. */
  get outstanding(): number {
    const { connection, state } = this
    if (connection === null || state === TCP_SYN_SENT || state === TCP_SYN_RECV) return 0
    const fin = state === TCP_FIN_WAIT1 || state === TCP_CLOSING || state === TCP_LAST_ACK
    return connection.unacknowledged + (fin ? 1 : 0)
  }

  /** Bytes of the stream that can be read. */
  get inOrder(): number {
    return this.connection?.readable ?? 0
  }

  /** SO_RCVLOWAT for poll; an urgent byte that comes next does not count. */
  get lowWater(): number {
    const atMark = this.urgentHere && this.urgentAt === this.consumed && !this.options.outOfBandInline
    return this.options.receiveLowWater + (atMark ? 1 : 0)
  }
}
