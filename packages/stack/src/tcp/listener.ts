import type { Micros } from '../core/timer.ts'
import { WorkQueue } from '../core/work-queue.ts'
import type { IpAddress } from '../ip/address.ts'
import type { CloseReason, ConnectionSettings, ListenerHandler, TcpConnection, TcpListener } from './api.ts'
import { abortTcb } from './close.ts'
import { connectionOf } from './connection.ts'
import type { TcpContext } from './context.ts'
import { FastOpenQueue } from './fast-open/queue.ts'
import { forgetHalfOpen } from './half-open.ts'
import type { ListenerTable } from './listener-table.ts'
import { NO_SETTINGS, type OwnSettings, withSettings } from './own-settings.ts'
import { SynQueue } from './syn-queue.ts'
import type { Tcb } from './tcb.ts'
import { ConnectionEvent, notify } from './wants.ts'

/** A passive open: what it listens on, and the connections that wait to be accepted (RFC 9293 section 3.9.1). */
export class TcpListenerImpl implements TcpListener {
  readonly #tcp: TcpContext
  readonly #table: ListenerTable
  readonly #queue = new WorkQueue<Tcb>()
  readonly localAddress: IpAddress
  readonly localPort: number
  readonly ipv6Only: boolean
  #backlog: number
  /** More may wait than the backlog is now: it was larger. */
  #largestBacklog: number
  readonly reusePort: boolean
  handler: ListenerHandler | null
  /** Its connections in SYN-RECEIVED. */
  readonly synQueue = new SynQueue()
  /** When a SYN cookie was last sent for it. */
  lastCookieAt: Micros = Number.NEGATIVE_INFINITY
  readonly fastOpen: FastOpenQueue
  /** For the connections that come from it. */
  own: OwnSettings = NO_SETTINGS
  deferAccept = 0
  closed = false
  #noticePending = false

  constructor(
    tcp: TcpContext,
    address: IpAddress,
    port: number,
    ipv6Only: boolean,
    backlog: number,
    fastOpen: number,
    reusePort: boolean,
    handler: ListenerHandler,
    table: ListenerTable,
  ) {
    this.#tcp = tcp
    this.#table = table
    this.localAddress = address
    this.localPort = port
    this.ipv6Only = ipv6Only
    this.#backlog = backlog
    this.#largestBacklog = backlog
    this.reusePort = reusePort
    this.fastOpen = new FastOpenQueue(fastOpen)
    this.handler = handler
  }

  get pending(): number {
    return this.#queue.size
  }

  get backlog(): number {
    return this.#backlog
  }

  /** Those that wait already go on waiting. */
  set backlog(places: number) {
    this.#backlog = places
    this.#largestBacklog = Math.max(this.#largestBacklog, places)
  }

  /** How many can be waiting at most. */
  get largestBacklog(): number {
    return this.#largestBacklog
  }

  get fastOpenLimit(): number {
    return this.fastOpen.limit
  }

  set fastOpenLimit(requests: number) {
    this.fastOpen.limit = requests
  }

  get full(): boolean {
    return this.#queue.size >= this.backlog
  }

  /** A handshake is complete: the connection waits, and the application is told at the end of the burst. */
  push(tcb: Tcb): void {
    tcb.listener = this
    this.#queue.push(tcb)
    if (this.#noticePending) return
    this.#noticePending = true
    this.#table.wantNotice(this)
  }

  /** Tells the application of waiting connections. */
  notice(): void {
    this.#noticePending = false
    if (this.closed) return
    const { handler } = this
    if (handler !== null) this.#tcp.engine.callOut(() => handler.onConnection(this))
  }

  accept(): TcpConnection | null {
    const tcb = this.#queue.shift()
    if (tcb === null) return null
    tcb.listener = null
    this.#tcp.counters.accepted++
    // What arrived while it waited is told to whoever handles it from now on.
    if (tcb.urgent.receiving) notify(tcb, ConnectionEvent.Urgent)
    if (tcb.readable > 0 || tcb.rcvFinSeen) notify(tcb, ConnectionEvent.Readable)
    if (tcb.closeReason !== undefined) notify(tcb, ConnectionEvent.Close)
    if (tcb.notifyQueued) this.#tcp.engine.settleSoon()
    return connectionOf(tcb)
  }

  configure(settings: ConnectionSettings): void {
    this.own = withSettings(this.own, settings)
  }

  close(): void {
    this.#tcp.engine.run(() => this.#shut())
  }

  /** As `close`, by the stack: the application is told why. */
  fail(reason: CloseReason): void {
    if (this.closed) return
    this.#shut()
    const { handler } = this
    this.#tcp.engine.callOut(() => handler?.onClose?.(this, reason))
  }

  #shut(): void {
    if (this.closed) return
    this.closed = true
    this.#table.remove(this)
    const { synQueue } = this
    while (synQueue.oldest !== null) forgetHalfOpen(this.#tcp, synQueue.oldest)
    for (let tcb = this.#queue.shift(); tcb !== null; tcb = this.#queue.shift()) abortTcb(tcb)
  }
}
