import { AsyncResource } from 'node:async_hooks'
import {
  type CloseReason,
  type ListenerHandler,
  TapwireError,
  type TcpConnection,
  type TcpListener,
} from '@tapwire/stack'
import type { NetContext } from './context.ts'
import { type Endpoint, endpoint, readAddress } from './endpoint.ts'
import type { ServerHandle, ServerHandleOwner } from './server-handle.ts'
import { TcpHandle } from './tcp-handle.ts'
import type { Turn } from './turns.ts'

/**
 * Whom accepted connections belong to: with Node their later events run in nobody's async context, neither that of the
 * listener nor that of whatever happened to bring the connection.
 */
const nobody = new AsyncResource('TCPWRAP')

/** Connections that are accepted in one round of the event loop, each in a turn of its own. */
const ACCEPTS_PER_ROUND = 64

export interface ListenTarget {
  /** Null listens on every address of both families. */
  readonly address: string | null
  readonly port: number
  readonly ipv6Only: boolean
  readonly reusePort: boolean
  readonly backlog: number
}

/** One listener as a server sees it; connections are accepted one a turn. */
export class ListenHandle extends AsyncResource implements ServerHandle, ListenerHandler, Turn {
  readonly #context: NetContext
  #owner: ServerHandleOwner
  #listener: TcpListener | null = null
  #family: 4 | 6 = 6
  /** Turns that are on their way. */
  #posted = 0
  #gone: { reason: CloseReason } | null = null
  #referenced = true
  #holding = false

  constructor(context: NetContext, owner: ServerHandleOwner) {
    super('TCPSERVERWRAP')
    this.#context = context
    this.#owner = owner
  }

  /** @returns null, or the errno name of why not */
  listen(target: ListenTarget): string | null {
    const { interfaces } = this.#context.stack
    const address = target.address === null ? null : readAddress(target.address, interfaces)
    if (target.address !== null && address === null) return 'EINVAL'
    this.#family = address === null ? 6 : address.family
    const every = address === null || (address.isUnspecified && !address.isV4)
    const { port, backlog, reusePort } = target
    const { stack } = this.#context
    try {
      this.#listener = every
        ? stack.tcp.listen({ address: null, port, backlog, reusePort, ipv6Only: target.ipv6Only }, this)
        : stack.tcp.listen({ address, port, backlog, reusePort }, this)
    } catch (error) {
      if (error instanceof TapwireError) return error.code
      throw error
    }
    this.#hold()
    return null
  }

  /** NS-01: from now on another server is told of connections; both can close it. */
  passTo(owner: ServerHandleOwner): void {
    this.#owner = owner
  }

  /** What is bound: `::` for every address of both families. */
  getsockname(): Endpoint | null {
    const listener = this.#listener
    if (listener === null) return null
    const { interfaces } = this.#context.stack
    const bound = endpoint(listener.localAddress, listener.localPort, this.#family, interfaces)
    return this.#family === 6 && listener.localAddress.isUnspecified ? { ...bound, address: '::' } : bound
  }

  close(): void {
    const listener = this.#listener
    this.#listener = null
    this.#hold()
    if (listener === null) return
    listener.handler = null
    listener.close()
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

  /** NS-27: the stack speaks of connections whose handshake is done. */
  get answersLater(): boolean {
    return true
  }

  onConnection(): void {
    this.#post()
  }

  onClose(_listener: TcpListener, reason: CloseReason): void {
    this.#gone = { reason }
    this.#post()
  }

  serve(): void {
    this.#posted--
    if (this.#listener !== null) this.runInAsyncScope(this.#serve, this)
  }

  #serve(): void {
    try {
      const connection = this.#gone === null ? (this.#listener?.accept() ?? null) : null
      if (connection !== null) this.#accepted(connection)
      else if (this.#gone !== null) {
        const { reason } = this.#gone
        this.close()
        this.#owner.onHandleGone(reason)
      }
    } finally {
      // Also after a listener that has thrown: nobody else tells of those that wait.
      if (this.#posted === 0 && this.#listener !== null && this.#hasWork()) this.#post()
    }
  }

  #accepted(connection: TcpConnection): void {
    const handle = nobody.runInAsyncScope(() => new TcpHandle(this.#context, this.#family))
    handle.adopt(connection)
    this.#owner.onHandleConnection(handle)
  }

  #post(): void {
    const waiting = Math.min(this.#listener?.pending ?? 0, ACCEPTS_PER_ROUND)
    for (const turns = Math.max(1, waiting); this.#posted < turns; this.#posted++)
      this.#context.turns.post(this)
  }

  #hasWork(): boolean {
    return this.#gone !== null || (this.#listener !== null && this.#listener.pending > 0)
  }

  #hold(): void {
    const holds = this.#listener !== null && this.#referenced
    if (holds === this.#holding) return
    this.#holding = holds
    if (holds) this.#context.liveness.hold()
    else this.#context.liveness.release()
  }
}
