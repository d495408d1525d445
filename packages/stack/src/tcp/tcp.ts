import type { Audit } from '../core/audit.ts'
import type { Engine } from '../core/engine.ts'
import type { IpAddress } from '../ip/address.ts'
import type { Network, NetworkInterface, Path, Transport } from '../ip/network.ts'
import type { IcmpErrorIn, PacketIn } from '../ip/packet-in.ts'
import type { Limits } from '../limits.ts'
import { TcpFlag } from '../wire/tcp.ts'
import {
  type ConnectionHandler,
  type ConnectOptions,
  type ListenerHandler,
  type ListenOptions,
  type TcpApi,
  type TcpConnection,
  type TcpListener,
  TcpState,
} from './api.ts'
import { waitForAnswers } from './awaited-answer.ts'
import { forgetFinished, wakeBlocked } from './blocked.ts'
import { resolveTcpSettings, type TcpConfig, type TcpSettings } from './config.ts'
import { connectionOf } from './connection.ts'
import { TcpContext } from './context.ts'
import { DropReason, drop, processed } from './count.ts'
import type { TcpCounters } from './counters.ts'
import { expireTcb } from './expiry.ts'
import { makeCookie } from './fast-open/cookie.ts'
import { finish } from './finish.ts'
import { forgetHalfOpen } from './half-open.ts'
import { arriveInHalfOpen, arriveInListen } from './handshake-passive.ts'
import { arriveIcmpError } from './icmp-errors.ts'
import { arrive } from './input.ts'
import { ConnectionAudit } from './invariants/connections.ts'
import { auditTables } from './invariants/tables.ts'
import type { TcpListenerImpl } from './listener.ts'
import { ListenerTable } from './listener-table.ts'
import { dispatchEvents } from './notify.ts'
import { openConnection, openListener } from './open.ts'
import { sendReset } from './output.ts'
import { readSegment } from './read-segment.ts'
import { isPathError, replyReset } from './reset.ts'
import { restIdle, wake } from './rest.ts'
import { SegmentIn } from './segment-in.ts'
import { output } from './sender.ts'
import type { Tcb } from './tcb.ts'
import {
  answerInTimeWait,
  arriveInTimeWait,
  TimeWaitQueue,
  type TimeWaitRecord,
  TimeWaitVerdict,
} from './time-wait.ts'
import { type TcpTracer, TraceKind, trace } from './trace.ts'

/** The TCP of one stack: finds whom a segment is for, and owns the tables and the lists of work. */
export class Tcp implements Transport, TcpApi {
  readonly context: TcpContext
  /**
   * Asked about a segment that belongs to nothing here, before it is answered with a RST: true when somebody else takes it, as
   * another stack of the same addresses. The frame that is being delivered is the one it is about.
   */
  onStray: (() => boolean) | null = null
  readonly #listeners = new ListenerTable()
  readonly #timeWait: TimeWaitQueue
  readonly #segment = new SegmentIn()
  #audit: ConnectionAudit | null = null

  constructor(engine: Engine, network: Network, config: TcpConfig, limits: Limits, tracer: TcpTracer | null) {
    this.context = new TcpContext(engine, network, config, limits, expireTcb)
    this.context.tracer = tracer
    this.#timeWait = new TimeWaitQueue(this.context)
  }

  /**
   * Changes the settings of a stack that runs, as sysctl does: they hold for new connections, and for what the old ones look up
   * each time. Those that are left out get their defaults.
   * @throws ERR_OUT_OF_RANGE, ERR_INVALID_ARG_VALUE
   */
  configure(settings: TcpSettings): void {
    Object.assign(this.context.config, resolveTcpSettings(settings))
  }

  /** The Fast Open cookie that a client at `remote` gets today (RFC 7413 section 4.1.2): for whoever plays both sides. */
  fastOpenCookie(local: IpAddress, remote: IpAddress): Uint8Array {
    return makeCookie(this.context, local, remote)
  }

  get counters(): TcpCounters {
    return this.context.counters
  }

  /** How many there are of each kind of record now. */
  get sizes(): {
    connections: number
    orphans: number
    halfOpen: number
    timeWait: number
    listeners: number
  } {
    const { connectionCount, orphans, halfOpen, timeWait } = this.context
    return {
      connections: connectionCount,
      orphans,
      halfOpen: halfOpen.size,
      timeWait: timeWait.size,
      listeners: this.#listeners.size,
    }
  }

  /** For `Stack.debugInvariants`. The first look starts a memory of how connections stood. */
  audit(audit: Audit): void {
    this.#audit ??= new ConnectionAudit()
    auditTables(this.context, this.#listeners, this.#timeWait, audit)
    this.#audit.look(this.context, audit)
  }

  listen(options: ListenOptions, handler: ListenerHandler): TcpListener {
    return openListener(this.context, this.#listeners, options, handler)
  }

  connect(options: ConnectOptions, handler: ConnectionHandler): TcpConnection {
    return openConnection(this.context, this.#listeners, options, handler)
  }

  hasFastOpenCookie(address: IpAddress): boolean {
    const path = this.context.network.path(address, null)
    if (isPathError(path)) return false
    const entry = this.context.fastOpenCache.find(path.local, path.remote)
    return entry !== null && entry.cookie !== null && entry.restUntil <= this.context.engine.clock.now()
  }

  /**
   * The connection of which a trace tells by this number, or null: it is over, in TIME-WAIT, at rest, or nobody's yet. For tools: it
   * looks through all of them.
   */
  connectionById(id: number): TcpConnection | null {
    let found: Tcb | null = null
    this.context.connections.each((tcb) => {
      if (tcb.id === id) found = tcb
    })
    return found === null ? null : connectionOf(found)
  }

  /** Whether any connection, in whatever state, has this local port: not for hot paths. */
  usesPort(port: number): boolean {
    const { connections, halfOpen, timeWait } = this.context
    let uses = false
    const look = (entry: { readonly localPort: number }): void => {
      uses ||= entry.localPort === port
    }
    connections.each(look)
    halfOpen.each(look)
    timeWait.each(look)
    return uses
  }

  onPacket(packet: PacketIn): void {
    const { context } = this
    const segment = this.#segment
    context.counters.segmentsIn++
    packet.iface.counters.tcp.segmentsIn++
    segment.begin(packet)
    // MUST-57, MUST-63, MCAST-03: never for a group; IP has dropped invalid sources.
    if (packet.multicast || packet.linkMulticast) {
      drop(context, 0, segment, DropReason.Multicast)
      return
    }
    if (!readSegment(context, packet, segment)) return
    let tcb = context.connections.find(
      packet.dst0,
      packet.dst1,
      packet.dst2,
      packet.dst3,
      packet.src0,
      packet.src1,
      packet.src2,
      packet.src3,
      segment.localPort,
      segment.remotePort,
    )
    if (tcb === null && context.resting.table.size > 0) tcb = this.#wakeFor(packet, segment)
    const { seq, dataLength, flags, ack } = segment
    trace(context, tcb === null ? 0 : tcb.id, TraceKind.SegmentIn, seq, dataLength, flags, ack)
    if (tcb !== null) arrive(tcb, segment, this.#timeWait)
    else this.#arriveWithoutTcb(packet, segment)
  }

  onIcmpError(error: IcmpErrorIn): void {
    arriveIcmpError(this.context, error)
  }

  /**
   * The interface, or one of its addresses, is gone: what used it has lost its link, and there is nobody left to send a RST
   * to. What uses another address of the interface goes on.
   */
  onInterfaceDown(iface: NetworkInterface): void {
    const { context } = this
    const lost = ({ iface: used, local }: Path): boolean =>
      used === iface && !(iface.up && context.network.isLocal(local))
    context.engine.run(() => {
      context.resting.table.each((resting) => {
        if (lost(resting.path)) wake(context, resting)
      })
      context.connections.each((tcb) => {
        if (lost(tcb.path)) finish(tcb, 'ENETDOWN')
      })
      context.halfOpen.each((half) => {
        if (lost(half.path)) forgetHalfOpen(context, half)
      })
      forgetFinished(context)
    })
  }

  onWritable(): void {
    wakeBlocked(this.context)
  }

  onBurstEnd(): boolean {
    const { context } = this
    restIdle(context)
    let busy = this.#listeners.notice()
    for (let left = context.notify.size; left > 0; left--) {
      const tcb = context.notify.shift() as Tcb
      dispatchEvents(tcb)
      busy = true
    }
    waitForAnswers(context)
    for (let left = context.output.size; left > 0; left--) {
      const tcb = context.output.shift() as Tcb
      tcb.outputQueued = false
      // Applications may have taken their time.
      context.engine.refresh()
      if (tcb.closeReason === undefined && !tcb.blockedQueued) output(tcb)
      busy = true
    }
    return busy
  }

  /** The stack closes: every connection is reset, every listener is gone. */
  close(): void {
    const { context } = this
    context.engine.run(() => {
      this.#listeners.each((listener) => listener.fail('ENETDOWN'))
      context.resting.table.each((resting) => wake(context, resting))
      context.connections.each((tcb) => {
        if (tcb.state >= TcpState.SynReceived) sendReset(tcb)
        finish(tcb, 'ENETDOWN')
      })
      context.halfOpen.each((half) => forgetHalfOpen(context, half))
      this.#timeWait.clear()
    })
  }

  #wakeFor(packet: PacketIn, segment: SegmentIn): Tcb | null {
    const { dst0, dst1, dst2, dst3, src0, src1, src2, src3 } = packet
    const { localPort, remotePort } = segment
    const { table } = this.context.resting
    const resting = table.find(dst0, dst1, dst2, dst3, src0, src1, src2, src3, localPort, remotePort)
    return resting === null ? null : wake(this.context, resting)
  }

  #arriveWithoutTcb(packet: PacketIn, segment: SegmentIn): void {
    const { context } = this
    const { dst0, dst1, dst2, dst3, src0, src1, src2, src3 } = packet
    const { localPort, remotePort } = segment
    const half = context.halfOpen.find(dst0, dst1, dst2, dst3, src0, src1, src2, src3, localPort, remotePort)
    if (half !== null) {
      const tcb = arriveInHalfOpen(context, half, segment)
      if (tcb !== null) arrive(tcb, segment, this.#timeWait)
      return
    }
    const record = context.timeWait.find(
      dst0,
      dst1,
      dst2,
      dst3,
      src0,
      src1,
      src2,
      src3,
      localPort,
      remotePort,
    )
    if (record !== null) {
      if (arriveInTimeWait(context, this.#timeWait, record, segment) === TimeWaitVerdict.Reopen) {
        this.#reopen(packet, segment, record)
      }
      return
    }
    const listener = this.#listenerFor(packet, segment)
    const opens = listener !== null && (segment.flags & TcpFlag.Syn) !== 0
    if (!opens && this.onStray?.()) {
      processed(context, segment)
      return
    }
    if (listener !== null) this.#arriveInListen(listener, segment, null)
    else {
      drop(context, 0, segment, DropReason.NoConnection)
      replyReset(context, segment)
    }
  }

  #listenerFor(packet: PacketIn, segment: SegmentIn): TcpListenerImpl | null {
    const { dst0, dst1, dst2, dst3, src0, src1, src2, src3 } = packet
    const { localPort, remotePort } = segment
    const listener = this.#listeners.find(dst0, dst1, dst2, dst3, localPort)
    if (listener === null || !listener.reusePort) return listener
    const { connections } = this.context
    const hash = connections.hashOf(dst0, dst1, dst2, dst3, src0, src1, src2, src3, localPort, remotePort)
    return this.#listeners.sharing(listener, hash)
  }

  /** A new incarnation of a connection in TIME-WAIT (MAY-2, RFC 6191), if somebody listens for it. */
  #reopen(packet: PacketIn, segment: SegmentIn, record: TimeWaitRecord): void {
    const { context } = this
    const listener = this.#listenerFor(packet, segment)
    if (listener === null) {
      answerInTimeWait(context, this.#timeWait, record, segment)
      return
    }
    if (!listener.full) {
      context.counters.timeWaitReused++
      this.#timeWait.remove(record)
    }
    this.#arriveInListen(listener, segment, record)
  }

  #arriveInListen(listener: TcpListenerImpl, segment: SegmentIn, previous: TimeWaitRecord | null): void {
    const tcb = arriveInListen(this.context, listener, segment, previous)
    if (tcb !== null) arrive(tcb, segment, this.#timeWait)
  }
}
