import { AsyncResource } from 'node:async_hooks'
import { type CloseReason, type ConnectionHandler, TapwireError, type TcpConnection } from '@tapwire/stack'
import { beginConnection, type ConnectFailure, type ConnectTarget } from './begin-connection.ts'
import type { NetContext } from './context.ts'
import { type Endpoint, endpoint } from './endpoint.ts'
import { errnoException } from './errors.ts'
import { LastTurn } from './last-turn.ts'
import { fill, finishWrite, type PendingWrite } from './pending-write.ts'
import type { HandleOwner, SocketHandle } from './socket-handle.ts'
import type { Turn } from './turns.ts'

/** The most that one 'data' event carries, as with Node's own reads (NF-01). */
const READ_SIZE = 65_536

/** How often a connection is read from in one round of the event loop, if so much waits: as often as libuv reads. */
const READS_PER_ROUND = 32

/** A write of so many bytes is part of a stream: its last, short segment waits for the next write. */
const STREAM = 16_384

/** The longest idle time of keepalive probes, in milliseconds; Linux refuses more, which Node does not tell anybody. */
const LONGEST_KEEPALIVE = 32_767_000

/**
 * One TCP connection as a socket sees it: what a handle of libuv is to Node's own `net.Socket`. It turns the stack's
 * notifications into turns, holds at most one write that the send ring has not taken wholly, and reads only when asked,
 * so that unread bytes stay in the stack's ring and close the peer's window (NF-02).
 */
export class TcpHandle extends AsyncResource implements SocketHandle, ConnectionHandler, Turn {
  owner: HandleOwner | null = null
  /** Whether data is wanted. Node's HTTP server sets it, too, beside its calls of `readStart` and `readStop`. */
  reading = false
  // NaN until the constructor has set them to 0, so that the fields are made for floats: see `TcpCounters` of the stack.
  bytesRead = Number.NaN
  /** Bytes given to `write`, whether sent or not. */
  bytesWritten = Number.NaN
  /** Bytes of the pending write that the send ring has not taken yet. */
  writeQueueSize = 0
  readonly #context: NetContext
  #family: 4 | 6
  #connection: TcpConnection | null = null
  #onConnected: ((error: CloseReason) => void) | null = null
  #handshakeDone = false
  #failure: CloseReason = null
  #endTold = false
  #pending: PendingWrite | null = null
  #roomAgain = false
  #shutdownDone: (() => void) | null = null
  #writeTurn = false
  /** Turns that are on their way. */
  #posted = 0
  #referenced = true
  #holding = false

  constructor(context: NetContext, family: 4 | 6 = 4, type = 'TCPWRAP') {
    super(type)
    this.bytesRead = 0
    this.bytesWritten = 0
    this.#context = context
    this.#family = family
  }

  /** Takes over a connection from an accept queue. */
  adopt(connection: TcpConnection): void {
    this.#connection = connection
    connection.handler = this
    if (connection.closeReason !== undefined) this.#failure = connection.closeReason
  }

  /**
   * Starts a connection. @param connected told how it went, unless this call already says that it cannot be
   * @returns null when the handshake is on its way
   */
  connect(target: ConnectTarget, connected: (error: CloseReason) => void): ConnectFailure | null {
    if (this.#connection !== null) {
      return { syscall: 'connect', code: this.#onConnected === null ? 'EISCONN' : 'EALREADY' }
    }
    this.#family = target.family
    const begun = beginConnection(this.#context.stack, target, this)
    if ('syscall' in begun) return begun
    this.#connection = begun
    this.#onConnected = connected
    this.#hold()
    return null
  }

  readStart(): void {
    this.reading = true
    this.#hold()
    if (this.#readWork()) this.#postReads()
  }

  readStop(): void {
    this.reading = false
    this.#hold()
  }

  /** Moves what has arrived into `target`. For the owner, within `onHandleRead`. */
  read(target: Uint8Array): number {
    const length = this.#connection?.read(target) ?? 0
    this.bytesRead += length
    return length
  }

  /** How many bytes `read` is to ask for. */
  get readSize(): number {
    return Math.min(this.#connection?.readable ?? 0, READ_SIZE)
  }

  /**
   * Hands bytes to the stack as one burst, so that many small chunks fill whole segments. One write at a time.
   * @param callback called at once when the send ring took everything or the connection is over, else in a later turn
   */
  write(chunks: readonly Uint8Array[], callback: (error: Error | null) => void): void {
    let length = 0
    for (const chunk of chunks) length += chunk.length
    this.bytesWritten += length
    this.writeQueueSize = length
    const write: PendingWrite = { chunks, index: 0, offset: 0, callback, scope: null }
    this.#roomAgain = false
    const error = this.#advance(write)
    if (error !== null || this.writeQueueSize === 0) {
      this.writeQueueSize = 0
      callback(error)
      return
    }
    write.scope = new AsyncResource('WRITEWRAP')
    this.#pending = write
    this.#hold()
    // On a loopback the room may have been made while the write was going on.
    if (this.#roomAgain) this.#post()
  }

  /** Sends FIN after all that was written. @param done called in a later turn (NF-04) */
  shutdown(done: () => void): void {
    const scope = new AsyncResource('SHUTDOWNWRAP')
    this.#shutdownDone = () => scope.runInAsyncScope(done)
    this.#post()
    this.#connection?.shutdown()
  }

  /** The application is done; FIN, or RST when data was left unread (NF-14). @param closed called in a later turn */
  close(closed?: () => void): void {
    this.#end(closed, (connection) => connection.close())
  }

  /** As `close`, but with RST (NF-16). */
  reset(closed?: () => void): void {
    this.#end(closed, (connection) => connection.abort())
  }

  getsockname(): Endpoint | null {
    const connection = this.#connection
    if (connection === null) return null
    const { interfaces } = this.#context.stack
    return endpoint(connection.localAddress, connection.localPort, this.#family, interfaces)
  }

  getpeername(): Endpoint | null {
    const connection = this.#connection
    if (connection === null) return null
    const { interfaces } = this.#context.stack
    return endpoint(connection.remoteAddress, connection.remotePort, this.#family, interfaces)
  }

  setNoDelay(enabled: boolean): void {
    if (this.#connection !== null) this.#connection.noDelay = enabled
  }

  /**
   * @param initialDelay seconds; 0 keeps what is set (NF-22)
   * @param interval seconds between probes, and how many: where there is a delay, one second and ten unless they are given
   */
  setKeepAlive(enabled: boolean, initialDelay: number, interval?: number, count?: number): void {
    const idle = Math.min(initialDelay * 1000, LONGEST_KEEPALIVE)
    const options = { idle, interval: (interval || 1) * 1000, count: count || 10 }
    this.#connection?.setKeepAlive(enabled, initialDelay > 0 ? options : undefined)
  }

  /** NF-23: the DSCP byte of what is sent. @throws EBADF before the connection is begun */
  setTypeOfService(trafficClass: number): void {
    if (this.#connection === null) throw errnoException('EBADF', 'setTypeOfService')
    this.#connection.trafficClass = trafficClass
  }

  getTypeOfService(): number {
    if (this.#connection === null) throw errnoException('EBADF', 'getTypeOfService')
    return this.#connection.trafficClass
  }

  ref(): void {
    this.#referenced = true
    this.#hold()
  }

  unref(): void {
    this.#referenced = false
    this.#hold()
  }

  hasRef(): boolean {
    return this.#referenced
  }

  getAsyncId(): number {
    return this.asyncId()
  }

  getProviderType(): number {
    return 0
  }

  onConnect(): void {
    this.#handshakeDone = true
    this.#post()
  }

  /** While nobody reads nothing will be answered. */
  get answersLater(): boolean {
    return this.reading
  }

  onReadable(): void {
    if (this.reading) this.#postReads()
  }

  onWritable(): void {
    this.#roomAgain = true
    if (this.#pending !== null) this.#post()
  }

  onClose(_connection: TcpConnection, reason: CloseReason): void {
    this.#failure = reason
    if (reason !== null) this.#post()
  }

  serve(): void {
    this.#posted--
    if (this.#connection !== null && this.#hasWork()) this.runInAsyncScope(this.#serve, this)
  }

  /** One event: the end of the handshake, one read, or progress of the pending write, in turns. */
  #serve(): void {
    try {
      if (this.#onConnected !== null) this.#tellConnected(this.#onConnected)
      else if (this.#shutdownDone !== null) this.#tellShutdown(this.#shutdownDone)
      else if (this.#writeWork() && (this.#writeTurn || !this.#readWork())) this.#continueWrite()
      else if (this.#readWork()) this.#deliver()
    } finally {
      // Also after a listener that has thrown: the program may outlive that, and wait for the rest.
      if (this.#posted === 0 && this.#connection !== null && this.#hasWork()) this.#postReads()
    }
  }

  #hasWork(): boolean {
    if (this.#onConnected !== null) return this.#handshakeDone || this.#failure !== null
    return this.#shutdownDone !== null || this.#writeWork() || this.#readWork()
  }

  #readWork(): boolean {
    const connection = this.#connection
    if (!this.reading || connection === null || this.#onConnected !== null) return false
    return connection.readable > 0 || (!this.#endTold && (connection.ended || this.#failure !== null))
  }

  #writeWork(): boolean {
    return this.#pending !== null && (this.#roomAgain || this.#failure !== null)
  }

  #tellConnected(connected: (error: CloseReason) => void): void {
    if (!this.#handshakeDone && this.#failure === null) return
    this.#onConnected = null
    this.#hold()
    // A reset right behind the handshake is told after it, as the first read's error.
    const error = this.#handshakeDone ? null : this.#failure
    if (!this.#handshakeDone) this.#failure = null
    connected(error)
  }

  #tellShutdown(done: () => void): void {
    this.#shutdownDone = null
    done()
  }

  #deliver(): void {
    this.#writeTurn = true
    const connection = this.#connection as TcpConnection
    const { owner } = this
    if (connection.readable > 0) {
      owner?.onHandleActivity()
      if (owner?.onHandleRead(this) === false) this.readStop()
    } else if (connection.ended && !this.#endTold) {
      // As with libuv nothing is read after the end, not even a reset: only a write hears of that.
      this.#endTold = true
      this.readStop()
      owner?.onHandleActivity()
      owner?.onHandleEnd()
    } else if (this.#failure !== null) {
      // NE-05, NE-06
      const code = this.#failure
      this.readStop()
      owner?.onHandleError(errnoException(code, 'read'))
    }
  }

  #continueWrite(): void {
    this.#writeTurn = false
    this.#roomAgain = false
    const write = this.#pending as PendingWrite
    const before = this.writeQueueSize
    const error = this.#advance(write)
    if (before !== this.writeQueueSize) this.owner?.onHandleActivity()
    if (error === null && this.writeQueueSize > 0) return
    this.#pending = null
    this.writeQueueSize = 0
    this.#hold()
    if (this.#connection?.cork) this.#uncorkNextTurn(this.#connection)
    finishWrite(write, error)
  }

  /** Offers the rest of a write to the send ring. Into a connection that was reset it fails (NF-13, NE-07). */
  #advance(write: PendingWrite): Error | null {
    const connection = this.#connection
    if (connection === null) return errnoException('EBADF', 'write')
    if (this.#failure !== null) return errnoException(this.#failure, 'write')
    try {
      if (this.writeQueueSize >= STREAM && !connection.cork) this.#corkForTurn(connection)
      this.#context.stack.engine.run(() => {
        this.writeQueueSize -= fill(connection, write)
      })
      return null
    } catch (error) {
      if (error instanceof TapwireError) return errnoException(error.code, 'write')
      throw error
    }
  }

  /**
   * What is written until the turn after this one leaves in full segments; without it each 64 KiB had a frame for its last 376
   * bytes. A write that the send ring has not taken yet goes on with it: until then the end of what it took is no end.
   */
  #corkForTurn(connection: TcpConnection): void {
    connection.cork = true
    this.#uncorkNextTurn(connection)
  }

  #uncorkNextTurn(connection: TcpConnection): void {
    this.#context.turns.post({
      serve: () => {
        if (this.#pending === null) connection.cork = false
      },
    })
  }

  #end(closed: (() => void) | undefined, finish: (connection: TcpConnection) => void): void {
    const connection = this.#connection
    const pending = this.#pending
    const shutdownDone = this.#shutdownDone
    this.#connection = null
    this.#pending = null
    this.#shutdownDone = null
    this.#onConnected = null
    this.reading = false
    this.#hold()
    // Posted before the FIN leaves: on a loopback the peer's answer would come first otherwise.
    this.#context.turns.post(new LastTurn(this, pending, shutdownDone, closed))
    if (connection === null) return
    connection.handler = null
    finish(connection)
  }

  #post(): void {
    if (this.#posted > 0) return
    this.#posted++
    this.#context.turns.post(this)
  }

  /** A turn for each read that is due: a round of the loop for every 64 KiB would cost more than the read. */
  #postReads(): void {
    const reads = Math.ceil((this.#connection?.readable ?? 0) / READ_SIZE)
    const turns = Math.max(1, Math.min(reads, READS_PER_ROUND))
    for (; this.#posted < turns; this.#posted++) this.#context.turns.post(this)
  }

  /** A handle keeps the process alive while it waits for something and is `ref`ed. */
  #hold(): void {
    const waits = this.reading || this.#onConnected !== null || this.#pending !== null
    const holds = waits && this.#referenced && this.#connection !== null
    if (holds === this.#holding) return
    this.#holding = holds
    if (holds) this.#context.liveness.hold()
    else this.#context.liveness.release()
  }
}
