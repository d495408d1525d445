import type {
  CloseReason,
  ConnectionHandler,
  IpAddress,
  Stack,
  TcpConnection,
  TcpListener,
} from '@tapwire/stack'
import { ANY_V4, ANY_V6, readAddress, tellAddress } from './address.ts'
import type { Result, SocketAddress } from './api.ts'
import type { Binding, Bindings } from './bindings.ts'
import { AF_INET, SOCK_STREAM, TCP_CLOSE, TCP_LISTEN, TCP_SYN_SENT } from './constants.ts'
import { type ErrnoName, isErrnoName, SocketError } from './errno.ts'
import { SocketFile } from './file.ts'
import { connectTo } from './stream-connect.ts'
import { shutDown } from './stream-ending.ts'
import { StreamOptions } from './stream-options.ts'
import { readiness } from './stream-readiness.ts'
import { Association, LINUX_STATES } from './stream-states.ts'
import type { Waiting } from './waiting.ts'

/**
 * A TCP socket: what it is between the calls. Each group of calls has a file of its own: `stream-connect.ts`, `stream-accept.ts`,
 * `stream-read.ts`, `stream-write.ts`, `stream-urgent.ts`, `stream-readiness.ts` and `stream-ending.ts`.
 */
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
  wasAccepted = false
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
    this.takePort(address, given.port)
  }

  localName(): SocketAddress {
    const { connection, binding, domain } = this
    if (connection !== null) return tellAddress(domain, connection.localAddress, connection.localPort)
    return tellAddress(domain, binding?.address ?? this.any, binding?.port ?? 0)
  }

  peerName(): SocketAddress {
    const { connection, state } = this
    if (connection === null || state === TCP_CLOSE || state === TCP_SYN_SENT)
      throw new SocketError('ENOTCONN')
    return tellAddress(this.domain, connection.remoteAddress, connection.remotePort)
  }

  /** The address of a socket that has none. */
  get any(): IpAddress {
    return this.domain === AF_INET ? ANY_V4 : ANY_V6
  }

  takePort(address: IpAddress, port: number): Binding {
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

  /** A socket for a connection that was waiting at this one, with its options. */
  accepted(connection: TcpConnection): StreamSocket {
    const socket = new StreamSocket(this.waiting, this.stack, this.bindings, this.domain, this.protocol)
    socket.options.inherit(this.options)
    socket.receiveTimeout = this.receiveTimeout
    socket.sendTimeout = this.sendTimeout
    socket.association = Association.Connected
    socket.wasAccepted = true
    socket.adopt(connection)
    socket.options.apply(connection)
    return socket
  }

  /** As it was before it was connected. */
  reset(): void {
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

  /** The connection is this socket's from now on. */
  adopt(connection: TcpConnection): void {
    this.connection = connection
    connection.handler = this.handler
    if (connection.urgentLeft > 0) this.#markUrgent(connection)
    this.#noteEnd(connection)
    if (connection.closeReason !== undefined) this.#closed(connection, connection.closeReason)
  }

  readonly handler: ConnectionHandler = {
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

  override poll(): number {
    return readiness(this)
  }

  connect(given: SocketAddress): Result<0> {
    return connectTo(this, given)
  }

  shutdown(how: number): void {
    shutDown(this, how)
  }

  /** Bytes of the stream that can be read. */
  get inOrder(): number {
    return this.connection?.readable ?? 0
  }
}
