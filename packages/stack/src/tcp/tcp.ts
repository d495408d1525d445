import type { Audit } from '../core/audit.ts'
import type { Engine } from '../core/engine.ts'
import { TapwireError } from '../core/errors.ts'
import { ANY_V6, type IpAddress } from '../ip/address.ts'
import { formatAddress } from '../ip/address-text.ts'
import type { Network, NetworkInterface, Path, PathError, Transport } from '../ip/network.ts'
import { type IcmpErrorIn, type PacketIn, Protocol } from '../ip/packet-in.ts'
import type { Limits } from '../limits.ts'
import { addressSum6, segmentChecksumValid } from '../wire/pseudo-header.ts'
import {
  checkTcpHeader,
  parseTcpOptions,
  TCP_HEADER_LENGTH,
  TcpCheck,
  TcpFlag,
  tcpAck,
  tcpDataOffset,
  tcpDestinationPort,
  tcpFlags,
  tcpSeq,
  tcpSourcePort,
  tcpUrgentPointer,
  tcpWindow,
} from '../wire/tcp.ts'
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
import { startActiveOpen } from './handshake-active.ts'
import { arriveInHalfOpen, arriveInListen } from './handshake-passive.ts'
import { arriveIcmpError } from './icmp-errors.ts'
import { arrive } from './input.ts'
import { ConnectionAudit } from './invariants/connections.ts'
import { auditTables } from './invariants/tables.ts'
import { TcpListenerImpl } from './listener.ts'
import { ListenerTable } from './listener-table.ts'
import { dispatchEvents } from './notify.ts'
import { sendReset } from './output.ts'
import { NO_SETTINGS, withSettings } from './own-settings.ts'
import { ephemeralListenPort, ephemeralPort, tupleIsFree } from './ports.ts'
import { isPathError, replyReset } from './reset.ts'
import { restIdle, wake } from './rest.ts'
import { SegmentIn } from './segment-in.ts'
import { makeRoom, writableBytes } from './send-buffer.ts'
import { output } from './sender.ts'
import { Tcb, takeSettings } from './tcb.ts'
import {
  answerInTimeWait,
  arriveInTimeWait,
  TimeWaitQueue,
  type TimeWaitRecord,
  TimeWaitVerdict,
} from './time-wait.ts'
import { type TcpTracer, TraceKind, trace } from './trace.ts'

const DEFAULT_BACKLOG = 511

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
    const { context } = this
    const address = options.address ?? ANY_V6
    const ipv6Only = options.ipv6Only ?? false
    const backlog = checkRange('backlog', options.backlog ?? DEFAULT_BACKLOG, 1, 65_535)
    if (!address.isUnspecified && !context.network.isLocal(address)) {
      throw new TapwireError('EADDRNOTAVAIL', `${formatAddress(address)} is not an address of this stack`)
    }
    const fastOpen = checkRange('fastOpen', options.fastOpen ?? context.config.fastOpenServer, 0, 65_535)
    const reusePort = options.reusePort ?? false
    const deferAccept = checkRange('deferAccept', options.deferAccept ?? 0, 0, 255)
    const own = withSettings(NO_SETTINGS, options.settings)
    let port = checkRange('port', options.port ?? 0, 0, 65_535)
    if (port === 0) port = ephemeralListenPort(context, (candidate) => this.#listeners.has(candidate))
    if (port === 0 || this.#listeners.conflicts(address, port, ipv6Only, reusePort)) {
      throw new TapwireError(
        'EADDRINUSE',
        `Something listens on ${formatAddress(address)} port ${port} already`,
      )
    }
    if (this.#listeners.size >= context.limits.listeners) {
      context.counters.listenersRefused++
      throw new TapwireError('ENOBUFS', `The limit of ${context.limits.listeners} listeners is reached`)
    }
    const listener = new TcpListenerImpl(
      context,
      address,
      port,
      ipv6Only,
      backlog,
      fastOpen,
      reusePort,
      handler,
      this.#listeners,
    )
    listener.own = own
    listener.deferAccept = deferAccept
    this.#listeners.add(listener)
    return listener
  }

  connect(options: ConnectOptions, handler: ConnectionHandler): TcpConnection {
    const { context } = this
    const remote = options.address
    const remotePort = checkRange('port', options.port, 1, 65_535)
    const wantedPort = checkRange('localPort', options.localPort ?? 0, 0, 65_535)
    // MUST-46.
    if (remote.isMulticast || remote.isLimitedBroadcast || remote.isUnspecified) {
      throw new TapwireError('ENETUNREACH', `TCP cannot connect to ${formatAddress(remote)}`)
    }
    const local = options.localAddress ?? null
    const own = withSettings(NO_SETTINGS, options.settings)
    // MUST-44: the routes choose the source address.
    const path = context.network.path(remote, local === null || local.isUnspecified ? null : local)
    if (isPathError(path)) throw pathFailure(path, remote)
    if (path.broadcast) {
      throw new TapwireError('ENETUNREACH', `${formatAddress(remote)} is a broadcast address`)
    }
    if (context.connectionCount >= context.limits.connections) {
      context.counters.connectsRefused++
      throw new TapwireError('ENOBUFS', `The limit of ${context.limits.connections} connections is reached`)
    }
    const localPort = wantedPort > 0 ? wantedPort : this.#choosePort(path.local, remote, remotePort)
    if (localPort === 0) {
      // R6056-03.
      throw new TapwireError(
        'EADDRNOTAVAIL',
        `Every ephemeral port is in use towards ${formatAddress(remote)} port ${remotePort}`,
      )
    }
    if (!tupleIsFree(context, path.local, localPort, path.remote, remotePort)) {
      throw new TapwireError(
        'EADDRINUSE',
        `A connection from port ${localPort} to ${formatAddress(remote)} port ${remotePort} exists already`,
      )
    }
    const tcb = new Tcb(context, path, localPort, remotePort, false)
    tcb.handler = handler
    takeSettings(tcb, own)
    if (options.initialData !== undefined) queueInitialData(tcb, options.initialData)
    // Over a loopback all may be over when this returns, and the TCB another's (`rest.ts`).
    const connection = connectionOf(tcb)
    context.engine.run(() => {
      context.connections.add(tcb)
      startActiveOpen(tcb, options.fastOpen ?? false)
      if (options.initialDataOnSyn) forgetUnsentData(tcb)
    })
    return connection
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
    if (!this.#read(packet, segment)) return
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

  #choosePort(local: IpAddress, remote: IpAddress, remotePort: number): number {
    return ephemeralPort(this.context, local, remote, remotePort, (port) => this.#listeners.has(port))
  }

  /** Reads and checks the header once, at the door. @returns false: dropped and counted */
  #read(packet: PacketIn, segment: SegmentIn): boolean {
    const { context } = this
    const { memory } = context.network
    const { view } = memory
    const { offset, length } = packet
    const check = checkTcpHeader(view, offset, length)
    if (check !== TcpCheck.Ok) {
      drop(context, 0, segment, check === TcpCheck.Short ? DropReason.TooShort : DropReason.BadOffset)
      return false
    }
    // MUST-3; a checksum of 1 (partial) or 2 (valid) was vouched for by the device.
    if (
      packet.checksum === 0 &&
      !segmentChecksumValid(memory, offset, length, pseudoSum(packet), Protocol.Tcp)
    ) {
      drop(context, 0, segment, DropReason.BadChecksum)
      return false
    }
    const headerLength = tcpDataOffset(view, offset)
    if (
      !parseTcpOptions(view, offset + TCP_HEADER_LENGTH, headerLength - TCP_HEADER_LENGTH, segment.options)
    ) {
      // MUST-7: what could be read is used, the rest is not.
      context.counters.malformedOptions++
    }
    segment.remotePort = tcpSourcePort(view, offset)
    segment.localPort = tcpDestinationPort(view, offset)
    segment.seq = tcpSeq(view, offset)
    segment.ack = tcpAck(view, offset)
    segment.flags = tcpFlags(view, offset)
    segment.window = tcpWindow(view, offset)
    segment.urgentPointer = tcpUrgentPointer(view, offset)
    segment.dataOffset = offset + headerLength
    segment.dataLength = length - headerLength
    return true
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

/** Of either version: the mapped prefix of IPv4 adds 0xffff twice, which is zero in ones' complement. */
function pseudoSum(packet: PacketIn): number {
  const { src0, src1, src2, src3, dst0, dst1, dst2, dst3 } = packet
  return addressSum6(src0, src1, src2, src3, dst0, dst1, dst2, dst3)
}

/** Before the SYN, so that it can take some of it along. */
function queueInitialData(tcb: Tcb, bytes: Uint8Array): void {
  const { length } = bytes
  checkRange('initialData.length', length, 0, writableBytes(tcb))
  if (length === 0) return
  if (makeRoom(tcb, length) < length) {
    tcb.sendRing.release()
    tcb.tcp.counters.writesNoMemory++
    throw new TapwireError('ENOBUFS', `There is no memory for ${length} bytes of initial data`)
  }
  tcb.sendRing.write(0, bytes, 0, length)
  tcb.sendQueued = length
}

/** What the SYN did not take along has not been written. */
function forgetUnsentData(tcb: Tcb): void {
  tcb.sendQueued = tcb.fastOpen === null ? 0 : tcb.fastOpen.data
  if (tcb.sendQueued === 0) tcb.sendRing.release()
}

function checkRange(name: string, value: number, low: number, high: number): number {
  if (Number.isInteger(value) && value >= low && value <= high) return value
  throw new TapwireError(
    'ERR_OUT_OF_RANGE',
    `'${name}' must be an integer from ${low} to ${high}. Received ${value}`,
  )
}

function pathFailure(error: PathError, remote: IpAddress): TapwireError {
  const texts: { readonly [K in PathError]: string } = {
    ENETUNREACH: 'there is no route to it',
    EHOSTUNREACH: 'it cannot be reached',
    EADDRNOTAVAIL: 'the local address is not one of this stack',
    ENETDOWN: 'the interface is down',
    EINVAL: 'the zone of the address is not an interface of this stack',
    EAFNOSUPPORT: 'local and remote address are of different versions',
  }
  return new TapwireError(error, `Cannot connect to ${formatAddress(remote)}: ${texts[error]}`)
}
