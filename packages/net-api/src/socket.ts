import type { AddressInfo, BlockList, SocketConnectOpts, SocketReadyState } from 'node:net'
import { Duplex } from 'node:stream'
import { connectPipe, lookupAndConnect } from './connect.ts'
import { isNormalized, normalizeArgs } from './connect-args.ts'
import { kContext, type NetContext } from './context.ts'
import type { CustomRead } from './custom-read.ts'
import { publishClientSocket } from './diagnostics.ts'
import type { Endpoint } from './endpoint.ts'
import { invalidHandleType, missingArgs, pathRefused, socketClosed } from './errors.ts'
import { type PipeConnectOwner, PipeHandle } from './ipc/pipe-handle.ts'
import { nodeBehaviour } from './node-version.ts'
import { readBuffer } from './read-buffer.ts'
import type { Server } from './server.ts'
import type { Outgoing, OutgoingEncoding, WritevEntry } from './socket-bytes.ts'
import type { HandleOwner, SocketHandle } from './socket-handle.ts'
import type { SocketOptions } from './socket-init.ts'
import {
  applySettings,
  getTypeOfService,
  type KeepAliveOptions,
  kKeepAlive,
  kKeepAliveCount,
  kKeepAliveDelay,
  kKeepAliveInterval,
  type kNoDelay,
  kTypeOfService,
  setKeepAlive,
  setNoDelay,
  setTypeOfService,
} from './socket-settings.ts'
import { send, type WriteCallback } from './socket-writes.ts'
import { TcpHandle } from './tcp-handle.ts'
import { type IdleTimer, startIdleTimer } from './timeouts.ts'
import { validateFunction, validateTimeout } from './validate.ts'

export const kIdleTimer = Symbol('idleTimer')
export const kBytesRead = Symbol('bytesRead')
export const kBytesWritten = Symbol('bytesWritten')
export const kOnRead = Symbol('onRead')
const kResetting = Symbol('resetting')
export const kPeername = Symbol('peername')

/**
 * `net.Socket` over a stack. Its fields are set by `initSocket`, not by a constructor: `createNet` makes a constructor
 * function for each stack, which Node's may also be called without `new` (NM-14).
 */
export class Socket extends Duplex implements HandleOwner, PipeConnectOwner {
  declare readonly [kContext]: NetContext
  declare connecting: boolean
  declare server: Server | null
  /** NF-20: milliseconds, as given to `setTimeout`. */
  declare timeout?: number
  /** This and the next eight: `socket-accessors.ts`. */
  declare readonly localAddress?: string
  declare readonly localPort?: number
  declare readonly localFamily?: string
  declare readonly remoteAddress: string | undefined
  declare readonly remotePort: number | undefined
  declare readonly remoteFamily: string | undefined
  declare readonly bytesRead: number
  declare readonly bytesWritten: number
  declare readonly _bytesDispatched: number
  declare autoSelectFamilyAttemptedAddresses: string[]
  /** Open, or being opened; null otherwise. Libraries look at it to see whether a socket is alive. */
  declare _handle: SocketHandle | null
  declare _server: Server | null
  declare _parent: Socket | null
  declare _host: string | null
  declare _hadError: boolean
  declare _aborted: boolean
  declare _pendingData: Outgoing | null
  declare _pendingEncoding: OutgoingEncoding
  declare blockList?: BlockList
  declare [kNoDelay]: boolean
  declare [kKeepAlive]: boolean
  declare [kKeepAliveDelay]: number
  declare [kKeepAliveInterval]: number | undefined
  declare [kKeepAliveCount]: number | undefined
  declare [kTypeOfService]: number | undefined
  declare [kIdleTimer]: IdleTimer | null
  /** What the handle had counted when it was closed; null before. (Not 0: the 2^31st byte would change the shape of all sockets.) */
  declare [kBytesRead]: number | null
  declare [kBytesWritten]: number | null
  declare [kOnRead]: CustomRead | null
  declare [kResetting]: boolean
  declare [kPeername]: Endpoint | null

  connect(options: SocketConnectOpts, connectionListener?: () => void): this
  connect(port: number, host: string, connectionListener?: () => void): this
  connect(port: number, connectionListener?: () => void): this
  connect(path: string, connectionListener?: () => void): this
  connect(...args: unknown[]): this {
    const normalized = isNormalized(args[0]) ? args[0] : normalizeArgs<SocketOptions>(args)
    const options = normalized[0] as SocketOptions
    if (nodeBehaviour.connectIsPublished) publishClientSocket(this)
    if (normalized[1] !== null) this.once('connect', normalized[1] as () => void)
    if (this._parent?.connecting) return this
    // NM-08: null is a port that is wrong, undefined is none.
    if (options.port === undefined && options.path == null) throw missingArgs('options', 'port', 'path')
    const { path } = options
    if (path && this[kContext].ipc === 'refuse') throw pathRefused(path)
    reopen(this, Boolean(path))
    this._unrefTimer()
    this.connecting = true
    if (path) connectPipe(this, path)
    else lookupAndConnect(this, options)
    return this
  }

  /** @internal A handle for the next attempt; the one before is closed. */
  _newHandle(family: 4 | 6): TcpHandle {
    this._handle?.close()
    const handle = new TcpHandle(this[kContext], family)
    this._attach(handle)
    return handle
  }

  /** @internal */
  _attach(handle: SocketHandle): void {
    this._handle = handle
    handle.owner = this
  }

  /** @internal The handshake succeeded (NK-16). */
  _afterConnect(): void {
    this.connecting = false
    this._unrefTimer()
    applySettings(this)
    // NF-35
    this.emit('connect')
    this.emit('ready')
    // Starts reading, so that an end of the peer is seen although nobody asked for data yet.
    if (!this.isPaused()) this.read(0)
  }

  onPipeAttempt(path: string): void {
    this.emit('connectionAttempt', path, undefined, undefined)
  }

  onPipeConnected(): void {
    if (!this.destroyed) this._afterConnect()
  }

  onPipeRefused(path: string, error: Error): void {
    if (this.destroyed) return
    this.connecting = false
    this.emit('connectionAttemptFailed', path, undefined, undefined, error)
    this.destroy(error)
  }

  onHandleRead(handle: SocketHandle): boolean {
    const custom = this[kOnRead]
    if (custom !== null) return custom.deliver(handle)
    const chunk = readBuffer(handle.readSize)
    handle.read(chunk)
    return this.push(chunk)
  }

  /** NF-06, NE-10 */
  onHandleEnd(): void {
    if (this.readableEnded) return
    this.push(null)
    this.read(0)
  }

  /** NF-12 */
  onHandleError(error: Error): void {
    this.destroy(error)
  }

  onHandleActivity(): void {
    this._unrefTimer()
  }

  override _read(size: number): void {
    const handle = this._handle
    if (this.connecting || handle === null) this.once('connect', () => this._read(size))
    else if (!handle.reading) handle.readStart()
  }

  /** NF-03, NF-34: the callback comes when the handle has taken all of it; until then `write` returns false. */
  override _write(data: Buffer | string, encoding: OutgoingEncoding, callback: WriteCallback): void {
    send(this, data, encoding, callback)
  }

  /** NF-33 */
  override _writev(entries: readonly WritevEntry[], callback: WriteCallback): void {
    send(this, entries, '', callback)
  }

  /** NF-07, NF-08: FIN. Whoever allows half-open calls it when he wants to. */
  override _final(callback: WriteCallback): void {
    // NF-05
    if (nodeBehaviour.endsUnconnected ? this.connecting : this.pending) {
      this.once('connect', () => this._final(callback))
      return
    }
    if (this._handle === null) callback()
    else this._handle.shutdown(callback)
  }

  /** NF-14, NF-17, NF-18, NK-21: 'close' is the last that is heard, once; 'error' comes before it, by the stream. */
  override _destroy(error: Error | null, callback: WriteCallback): void {
    this.connecting = false
    for (let socket: Socket | null = this; socket !== null; socket = socket._parent)
      socket[kIdleTimer]?.clear()
    const handle = this._handle
    if (handle === null) {
      callback(error)
      process.nextTick(() => this.emit('close'))
    } else {
      this[kBytesRead] = handle.bytesRead
      this[kBytesWritten] = handle.bytesWritten
      closeHandle(this, handle, error !== null)
      this._handle = null
      callback(error)
    }
    const server = this._server
    if (server === null) return
    server._connections--
    server._emitCloseIfDrained()
  }

  /** NF-04, NF-09 */
  override end(...args: unknown[]): this {
    ;(Duplex.prototype.end as (...args: unknown[]) => unknown).apply(this, args)
    return this
  }

  /** NF-31 */
  override pause(): this {
    const handle = this._handle
    if (this[kOnRead] !== null && !this.connecting && handle?.reading) handle.readStop()
    return super.pause()
  }

  override resume(): this {
    startCustomRead(this)
    return super.resume()
  }

  override read(size?: number): unknown {
    startCustomRead(this)
    return super.read(size)
  }

  /** NF-15 */
  destroySoon(): void {
    if (this.writable) this.end()
    if (this.writableFinished) this.destroy()
    else this.once('finish', () => this.destroy())
  }

  /** NF-16 */
  resetAndDestroy(): this {
    if (this._handle === null) return this.destroy(socketClosed())
    if (!(this._handle instanceof TcpHandle)) throw invalidHandleType()
    if (this.connecting) this.once('connect', () => reset(this))
    else reset(this)
    return this
  }

  /** NF-19 */
  setTimeout(timeout: number, callback?: () => void): this {
    if (this.destroyed) return this
    this.timeout = timeout
    const span = validateTimeout(timeout, 'msecs')
    this[kIdleTimer]?.clear()
    this[kIdleTimer] = null
    if (span > 0) {
      const { turns, stack } = this[kContext]
      this[kIdleTimer] = startIdleTimer(stack.clock, turns, span, () => this._onTimeout())
    }
    if (callback === undefined) return this
    validateFunction(callback, 'callback')
    if (span > 0) this.once('timeout', callback)
    else this.removeListener('timeout', callback)
    return this
  }

  _onTimeout(): void {
    this.emit('timeout')
  }

  /** Something moved: the idle timer, and those of the sockets this one is part of, start again. */
  _unrefTimer(): void {
    for (let socket: Socket | null = this; socket !== null; socket = socket._parent)
      socket[kIdleTimer]?.refresh()
  }

  /** NF-21: before connect it is remembered. */
  setNoDelay(noDelay = true): this {
    setNoDelay(this, Boolean(noDelay))
    return this
  }

  /** NF-22: milliseconds; as one object, or with an interval and a count, since Node 24. */
  setKeepAlive(enable?: boolean | KeepAliveOptions, delay?: number, interval?: number, count?: number): this {
    const given = { enable: enable as boolean, initialDelay: delay, interval, count }
    setKeepAlive(this, enable !== null && typeof enable === 'object' ? enable : given)
    return this
  }

  /** NF-23. @param tos 0 to 255; the two low bits are TCP's own @throws EBADF before the attempt has begun */
  setTypeOfService(tos: number): this {
    setTypeOfService(this, tos)
    return this
  }

  getTypeOfService(): number {
    return getTypeOfService(this)
  }

  /** NF-31: without a connection it is done when there is one. */
  ref(): this {
    if (this._handle === null) this.once('connect', this.ref)
    else this._handle.ref()
    return this
  }

  unref(): this {
    if (this._handle === null) this.once('connect', this.unref)
    else this._handle.unref()
    return this
  }

  /** NF-24 */
  address(): AddressInfo | Record<string, never> {
    return this._handle?.getsockname() ?? {}
  }

  /** NF-28 */
  get bufferSize(): number {
    // Node gives undefined without a handle, although its types say number.
    return this._handle === null ? (undefined as unknown as number) : this.writableLength
  }

  /** NF-30 */
  get pending(): boolean {
    return this._handle === null || this.connecting
  }

  get _connecting(): boolean {
    return this.connecting
  }

  /** NF-29, NK-05 */
  get readyState(): SocketReadyState {
    if (this.connecting) return 'opening'
    if (this.readable) return this.writable ? 'open' : 'readOnly'
    return this.writable ? 'writeOnly' : 'closed'
  }
}

Object.assign(Socket.prototype, {
  [kKeepAlive]: false,
  [kKeepAliveDelay]: 0,
  [kKeepAliveInterval]: undefined,
  [kKeepAliveCount]: undefined,
  [kTypeOfService]: undefined,
  [kOnRead]: null,
  [kResetting]: false,
})

/** NK-22: one object may serve for several connections, one after the other. */
function reopen(socket: Socket, pipe: boolean): void {
  if (Object.hasOwn(socket, 'write')) delete (socket as Partial<Socket>).write
  if (socket.destroyed) {
    socket._handle = null
    socket[kPeername] = null
  }
  if (socket._handle !== null)
    return // Node's streams have no public way back from destroyed; this is the one its own sockets take.
  ;(socket as unknown as { _undestroy(): void })._undestroy()
  if (pipe) socket._attach(new PipeHandle())
  else socket._newHandle(4)
}

function closeHandle(socket: Socket, handle: SocketHandle, failed: boolean): void {
  if (socket[kResetting] && handle instanceof TcpHandle) handle.reset(() => void socket.emit('close', failed))
  else handle.close(() => void socket.emit('close', failed))
  if (socket[kResetting]) socket[kResetting] = false
}

function reset(socket: Socket): void {
  socket[kResetting] = true
  socket.destroy()
}

/** With `onread` no data passes through the stream's buffer, which would ask for more when it is empty (NF-32). */
function startCustomRead(socket: Socket): void {
  const handle = socket._handle
  if (socket[kOnRead] !== null && !socket.connecting && handle !== null && !handle.reading) handle.readStart()
}
