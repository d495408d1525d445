import { EventEmitter } from 'node:events'
import type { AddressInfo, BlockList, ListenOptions } from 'node:net'
import { deprecate, promisify } from 'node:util'
import type { CloseReason } from '@tapwire/stack'
import { acceptedWith } from './accepted.ts'
import { isBlocked } from './block-list.ts'
import { kContext, type NetContext } from './context.ts'
import { listenTrace, publishServerSocket } from './diagnostics.ts'
import { describedHostPortException, errnoException, serverNotRunning } from './errors.ts'
import { listen } from './listen.ts'
import { ListenHandle, type ListenTarget } from './listen-handle.ts'
import { nodeBehaviour } from './node-version.ts'
import type { ServerHandle, ServerHandleOwner } from './server-handle.ts'
import type { Socket } from './socket.ts'
import type { SocketHandle } from './socket-handle.ts'
import { kKeepAlive, kKeepAliveDelay, kNoDelay } from './socket-settings.ts'
import { TcpHandle } from './tcp-handle.ts'

/** What is told of a connection that was over the limit (NS-22). */
export interface DropArgument {
  localAddress?: string
  localPort?: number
  localFamily?: string
  remoteAddress?: string
  remotePort?: number
  remoteFamily?: string
}

/**
 * `net.Server` over a stack. As with `Socket`, the fields are set by `initServer`. The methods rely on nothing but
 * these fields, so that Node's `http.Server`, which has them too, can borrow them.
 */
export class Server extends EventEmitter implements ServerHandleOwner {
  declare readonly [kContext]: NetContext
  declare allowHalfOpen: boolean
  declare pauseOnConnect: boolean
  declare noDelay: boolean
  declare keepAlive: boolean
  /** Seconds. */
  declare keepAliveInitialDelay: number
  declare highWaterMark: number
  declare maxConnections: number
  /** NS-23: of no consequence outside of a cluster. */
  declare dropMaxConnection?: boolean
  declare _handle: ServerHandle | null
  declare blockList?: BlockList
  /** Kept after `close`, as Node does. */
  declare _pipeName?: string
  declare _connections: number
  declare _unref: boolean
  /** Counts calls of `listen` and `close`, so that a lookup that ends after either is not acted upon. */
  declare _listeningId: number

  listen(port?: number, hostname?: string, backlog?: number, listeningListener?: () => void): this
  listen(port?: number, hostname?: string, listeningListener?: () => void): this
  listen(port?: number, backlog?: number, listeningListener?: () => void): this
  listen(port?: number, listeningListener?: () => void): this
  listen(path: string, backlog?: number, listeningListener?: () => void): this
  listen(path: string, listeningListener?: () => void): this
  listen(options: ListenOptions, listeningListener?: () => void): this
  listen(handle: unknown, backlog?: number, listeningListener?: () => void): this
  listen(handle: unknown, listeningListener?: () => void): this
  listen(...args: unknown[]): this {
    listen(this, args)
    return this
  }

  /** @internal The step after names are resolved; a failure is told on the next tick (NS-05, NS-08, NS-09). */
  _listenOn(target: ListenTarget): void {
    const handle = new ListenHandle(this[kContext], this)
    const error = handle.listen(target)
    if (error === null) this._listensWith(handle)
    else this._listenFailed(describedHostPortException(error, 'listen', target.address ?? '::', target.port))
  }

  /** @internal */
  _listensWith(handle: ServerHandle): void {
    this._handle = handle
    listenTrace.done(this)
    if (this._unref) handle.unref()
    process.nextTick(() => {
      if (this._handle !== null) this.emit('listening')
    })
  }

  /** @internal NS-25: 'close' does not follow. */
  _listenFailed(error: Error): void {
    listenTrace.failed(this, error)
    process.nextTick(() => this.emit('error', error))
  }

  onHandleConnection(handle: SocketHandle): void {
    if (isFull(this)) {
      // NS-22: of a pipe there is nothing to tell.
      if (handle instanceof TcpHandle) this.emit('drop', dropArgument(handle))
      else this.emit('drop')
      handle.close()
      return
    }
    // NM-06
    if (this.blockList !== undefined && isBlocked(this.blockList, handle.getpeername()?.address)) {
      handle.close()
      return
    }
    const socket = makeSocket(this, handle)
    this._connections++
    socket.server = this
    socket._server = this
    this.emit('connection', socket)
    publishServerSocket(socket)
  }

  /** The stack or the interface is gone. 'error' only where somebody asked for it: nobody did anything wrong. */
  onHandleGone(reason: CloseReason): void {
    this._handle = null
    this._listeningId++
    if (reason !== null && this.listenerCount('error') > 0)
      this.emit('error', errnoException(reason, 'accept'))
    this._emitCloseIfDrained()
  }

  /** NS-14 */
  address(): AddressInfo | string | null {
    return this._handle?.getsockname() ?? this._pipeName ?? null
  }

  close(callback?: (error?: Error) => void): this {
    this._listeningId++
    if (typeof callback === 'function') {
      if (this._handle === null) this.once('close', () => callback(serverNotRunning()))
      else this.once('close', callback)
    }
    this._handle?.close()
    this._handle = null
    this._emitCloseIfDrained()
    return this
  }

  /** @internal 'close' comes when the last connection has ended (NS-15), before or after that one's own (NS-16). */
  _emitCloseIfDrained(): void {
    if (this._handle !== null || this._connections > 0) return
    process.nextTick(() => this.emit('close'))
  }

  /** NS-18 */
  getConnections(callback: (error: Error | null, count: number) => void): this {
    process.nextTick(callback, null, this._connections)
    return this
  }

  /** @deprecated since 0.9.7 of Node and gone from Node 20: `getConnections` (NS-19). */
  get connections(): number {
    return countConnections(this)
  }

  set connections(count: number) {
    setConnections(this, count)
  }

  /** NS-24 */
  ref(): this {
    this._unref = false
    this._handle?.ref()
    return this
  }

  unref(): this {
    this._unref = true
    this._handle?.unref()
    return this
  }

  /** NS-20 */
  get listening(): boolean {
    return this._handle !== null
  }

  /** NS-17 */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this._handle === null) return
    await promisify((done: (error?: Error) => void) => this.close(done))()
  }

  override [EventEmitter.captureRejectionSymbol](
    error: Error,
    event: string | symbol,
    socket: unknown,
  ): void {
    if (event === 'connection') (socket as Socket).destroy(error)
    else this.emit('error', error)
  }
}

/** NS-21 */
function isFull(server: Server): boolean {
  const { maxConnections, _connections } = server
  const limited = nodeBehaviour.zeroConnectionsIsALimit ? maxConnections != null : Boolean(maxConnections)
  return limited && _connections >= maxConnections
}

const CONNECTIONS_TEXT =
  'Server.connections property is deprecated. Use Server.getConnections method instead.'
const countConnections = deprecate((server: Server) => server._connections, CONNECTIONS_TEXT, 'DEP0020')
const setConnections = deprecate(
  (server: Server, count: number) => {
    server._connections = count
  },
  CONNECTIONS_TEXT,
  'DEP0020',
)

/** NS-26, NM-03, NM-04 */
function makeSocket(server: Server, handle: SocketHandle): Socket {
  const { Socket } = server[kContext]
  const { pauseOnConnect, allowHalfOpen, highWaterMark } = server
  const socket = new Socket(
    acceptedWith(handle, Boolean(pauseOnConnect), Boolean(allowHalfOpen), highWaterMark),
  )
  if (!(handle instanceof TcpHandle)) return socket
  if (server.noDelay) {
    socket[kNoDelay] = true
    handle.setNoDelay(true)
  }
  if (server.keepAlive) {
    socket[kKeepAlive] = true
    socket[kKeepAliveDelay] = server.keepAliveInitialDelay
    handle.setKeepAlive(true, server.keepAliveInitialDelay)
  }
  return socket
}

function dropArgument(handle: TcpHandle): DropArgument {
  const argument: DropArgument = Object.create(null)
  const local = handle.getsockname()
  const remote = handle.getpeername()
  if (local !== null) {
    argument.localAddress = local.address
    argument.localPort = local.port
    argument.localFamily = local.family
  }
  if (remote !== null) {
    argument.remoteAddress = remote.address
    argument.remotePort = remote.port
    argument.remoteFamily = remote.family
  }
  return argument
}
