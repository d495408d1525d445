import { TapwireError } from '../core/errors.ts'
import { MILLISECOND, NEVER } from '../core/timer.ts'
import type { IpAddress } from '../ip/address.ts'
import {
  type CloseReason,
  type CongestionName,
  type ConnectionHandler,
  type ConnectionSettings,
  type TcpConnection,
  type TcpInfo,
  TcpState,
} from './api.ts'
import { afterRead } from './autotune.ts'
import { abortTcb, closeTcb, shutdownTcb } from './close.ts'
import { DSCP_MASK } from './config.ts'
import { createCongestionControl } from './congestion/choose.ts'
import { checkCongestionName } from './congestion/names.ts'
import type { TcpContext } from './context.ts'
import { setQuickAck } from './delayed-ack.ts'
import { tcpInfo } from './info.ts'
import { inspectTcb, type TcpInspection } from './inspect.ts'
import { withSettings } from './own-settings.ts'
import { receiveWindow } from './receive-window.ts'
import { finReceived } from './receiver.ts'
import { wake } from './rest.ts'
import type { RestingConnection } from './resting.ts'
import { hasRoom, makeRoom, noteStarved, writableBytes } from './send-buffer.ts'
import type { Tcb } from './tcb.ts'
import { armCork, armKeepalive, CORK_LIMIT } from './timers.ts'
import { afterUrgentRead, markUrgent, urgentLeft } from './urgent.ts'
import { advertiseUserTimeout } from './user-timeout-option.ts'
import { ConnectionEvent, holdWhileUnanswered, notify, wantOutput } from './wants.ts'

/** The application's handle of a TCB. Its methods enter the stack, so that what they cause has happened on return. */
export class Connection implements TcpConnection {
  readonly #tcp: TcpContext
  #awake: Tcb | null
  /** While it is put away. */
  #resting: RestingConnection | null = null
  owner: unknown = null
  peekOffset = 0

  constructor(tcb: Tcb) {
    this.#tcp = tcb.tcp
    this.#awake = tcb
  }

  /** Whatever is asked of a connection that rests wakes it. */
  get #tcb(): Tcb {
    const resting = this.#resting
    return resting === null ? (this.#awake as Tcb) : wake(this.#tcp, resting)
  }

  /** @internal */
  rest(resting: RestingConnection): void {
    this.#resting = resting
    this.#awake = null
  }

  /** @internal */
  wake(tcb: Tcb): void {
    this.#awake = tcb
    this.#resting = null
  }

  get id(): number {
    return this.#tcb.id
  }

  get handler(): ConnectionHandler | null {
    return this.#tcb.handler
  }

  set handler(handler: ConnectionHandler | null) {
    if (!this.#tcb.orphaned) this.#tcb.handler = handler
  }

  get state(): TcpState {
    return this.#tcb.state
  }

  get localAddress(): IpAddress {
    return this.#tcb.local
  }

  get localPort(): number {
    return this.#tcb.localPort
  }

  get remoteAddress(): IpAddress {
    return this.#tcb.remote
  }

  get remotePort(): number {
    return this.#tcb.remotePort
  }

  get readable(): number {
    return this.#tcb.readable
  }

  get ended(): boolean {
    return finReceived(this.#tcb)
  }

  get writable(): number {
    return writableBytes(this.#tcb)
  }

  hasRoom(): boolean {
    const tcb = this.#tcb
    tcb.wantsWritable = true
    return hasRoom(tcb)
  }

  get unacknowledged(): number {
    return this.#tcb.sendQueued
  }

  get closeReason(): CloseReason | undefined {
    return this.#tcb.closeReason
  }

  get wasReset(): boolean {
    return this.#tcb.wasReset
  }

  read(target: Uint8Array): number {
    const tcb = this.#tcb
    const length = Math.min(target.length, tcb.readable)
    if (length === 0) return 0
    tcb.receiveRing.read(target, length)
    this.consume(length)
    return length
  }

  peek(from = 0): number {
    const tcb = this.#tcb
    if (tcb.readable <= from) return 0
    this.peekOffset = tcb.receiveRing.offset(from)
    return Math.min(tcb.readable - from, tcb.receiveRing.contiguous(from))
  }

  consume(length: number): void {
    const tcb = this.#tcb
    if (!(Number.isInteger(length) && length >= 0 && length <= tcb.readable)) {
      throw new TapwireError(
        'ERR_OUT_OF_RANGE',
        `Only ${tcb.readable} bytes can be consumed. Received ${length}`,
      )
    }
    const { engine } = tcb.tcp
    engine.enter()
    tcb.receiveRing.drop(length)
    tcb.readable -= length
    if (tcb.readable === 0 && tcb.outOfOrder === null) tcb.receiveRing.release()
    if (tcb.urgent.receiving) afterUrgentRead(tcb)
    if (tcb.closeReason === undefined) afterRead(tcb, length)
    engine.leave()
  }

  write(bytes: Uint8Array, start = 0, more = false): number {
    const tcb = this.#tcb
    if (tcb.finQueued || tcb.closeReason !== undefined) {
      throw new TapwireError('EPIPE', 'Nothing can be written to a connection after it was shut down')
    }
    if (!(Number.isInteger(start) && start >= 0 && start <= bytes.length)) {
      throw new TapwireError(
        'ERR_OUT_OF_RANGE',
        `'start' must be an integer from 0 to ${bytes.length}. Received ${start}`,
      )
    }
    const length = Math.min(bytes.length - start, writableBytes(tcb))
    const taken = makeRoom(tcb, length)
    if (taken < bytes.length - start) tcb.wantsWritable = true
    if (taken === 0) {
      if (length > 0) noteStarved(tcb)
      return 0
    }
    const { engine } = tcb.tcp
    // Before entering: what is no Uint8Array throws here.
    tcb.sendRing.write(tcb.sendQueued, bytes, start, taken)
    engine.enter()
    tcb.sendQueued += taken
    tcb.more = more
    holdWhileUnanswered(tcb)
    // MAY-16
    if ((tcb.corked || more) && tcb.corkAt === NEVER) armCork(tcb, engine.now + CORK_LIMIT)
    wantOutput(tcb)
    engine.leave()
    return taken
  }

  writeUrgent(bytes: Uint8Array, start = 0): number {
    let taken = 0
    // One entry: the bytes must not leave before they are marked.
    this.#tcb.tcp.engine.run(() => {
      taken = this.write(bytes, start)
      if (taken > 0) markUrgent(this.#tcb)
    })
    return taken
  }

  get urgentLeft(): number {
    return urgentLeft(this.#tcb)
  }

  shutdown(): void {
    const tcb = this.#tcb
    const { engine } = tcb.tcp
    engine.enter()
    shutdownTcb(tcb)
    engine.leave()
  }

  refuseData(): void {
    this.#tcb.deaf = true
  }

  close(): void {
    const tcb = this.#tcb
    const { engine } = tcb.tcp
    engine.enter()
    closeTcb(tcb)
    engine.leave()
  }

  abort(): void {
    this.#tcb.tcp.engine.run(() => abortTcb(this.#tcb))
  }

  get noDelay(): boolean {
    return this.#tcb.noDelay
  }

  /** MUST-17. */
  set noDelay(on: boolean) {
    const tcb = this.#tcb
    tcb.noDelay = on
    if (!on) return
    // What is queued goes at once, corked or not (Linux).
    if (tcb.unsent > 0 && tcb.state >= TcpState.Established) tcb.override = true
    this.#push()
  }

  get cork(): boolean {
    return this.#tcb.corked
  }

  set cork(on: boolean) {
    const tcb = this.#tcb
    tcb.corked = on
    if (!on) this.#push()
  }

  /** MUST-24, MUST-25, MUST-27, MUST-28. */
  setKeepAlive(enabled: boolean, options: { idle?: number; interval?: number; count?: number } = {}): void {
    const tcb = this.#tcb
    if (!enabled) {
      tcb.keepalive = null
      tcb.keepaliveAt = NEVER
      return
    }
    const { config } = tcb.tcp
    const {
      idle = config.keepAliveIdle / MILLISECOND,
      interval = config.keepAliveInterval / MILLISECOND,
      count = config.keepAliveCount,
    } = options
    if (
      !(
        idle >= 1 &&
        idle <= 32_767_000 &&
        interval >= 1 &&
        interval <= 32_767_000 &&
        count >= 1 &&
        count <= 127
      )
    ) {
      throw new TapwireError(
        'ERR_OUT_OF_RANGE',
        `Keepalive needs idle and interval from 1 to 32767000 ms and count from 1 to 127. Received ${idle}, ${interval}, ${count}`,
      )
    }
    const wasOn = tcb.keepalive !== null
    tcb.keepalive = {
      idle: Math.round(idle * MILLISECOND),
      interval: Math.round(interval * MILLISECOND),
      count,
    }
    tcb.unansweredProbes = 0
    if (tcb.state < TcpState.Established) return
    // MUST-26: changed, the times are those of the silence that is; switched on, they begin now (as in Linux).
    const now = tcb.tcp.engine.clock.now()
    const since = wasOn ? tcb.lastReceiveAt : now
    armKeepalive(tcb, Math.max(now, since + tcb.keepalive.idle))
  }

  get notSentLowWater(): number {
    return this.#tcb.notSentLowWater
  }

  set notSentLowWater(bytes: number) {
    if (!(bytes >= 1)) {
      throw new TapwireError(
        'ERR_OUT_OF_RANGE',
        `The not-sent low-water mark must be at least 1 byte. Received ${bytes}`,
      )
    }
    this.#tcb.notSentLowWater = bytes
  }

  get trafficClass(): number {
    return this.#tcb.trafficClass
  }

  /** MUST-48, SHLD-21. */
  set trafficClass(value: number) {
    if (!Number.isInteger(value) || value < 0 || value > 255) {
      throw new TapwireError(
        'ERR_OUT_OF_RANGE',
        `The traffic class must be an integer from 0 to 255. Received ${value}`,
      )
    }
    this.#tcb.trafficClass = value & DSCP_MASK
  }

  get congestion(): CongestionName {
    return this.#tcb.congestion.name
  }

  set congestion(name: CongestionName) {
    const tcb = this.#tcb
    if (name === tcb.congestion.name) return
    tcb.congestion = createCongestionControl(checkCongestionName(name))
    if (tcb.state >= TcpState.Established) tcb.congestion.takeOver(tcb, tcb.tcp.engine.clock.now())
  }

  get userTimeout(): number {
    return this.#tcb.userTimeout / MILLISECOND
  }

  /** MUST-21. */
  set userTimeout(value: number) {
    if (!(Number.isInteger(value) && value >= 0 && value <= 0x7fff_ffff)) {
      throw new TapwireError(
        'ERR_OUT_OF_RANGE',
        `The user timeout must be an integer from 0 to 2147483647 ms. Received ${value}`,
      )
    }
    this.#tcb.userTimeout = value * MILLISECOND
    advertiseUserTimeout(this.#tcb, this.#tcb.userTimeout)
  }

  configure(settings: ConnectionSettings): void {
    const tcb = this.#tcb
    const own = withSettings(tcb.own, settings)
    const { trafficClass, receiveBuffer, sendBuffer } = settings
    tcb.own = own
    if (trafficClass !== undefined && own.trafficClass >= 0) tcb.trafficClass = own.trafficClass
    if (receiveBuffer) {
      const promised = tcb.readable + receiveWindow(tcb)
      tcb.rcvBuf = Math.max(promised, Math.min(receiveBuffer, 0xffff << tcb.rcvScale))
    }
    if (sendBuffer !== undefined && tcb.wantsWritable) {
      tcb.tcp.engine.run(() => notify(tcb, ConnectionEvent.Writable))
    }
  }

  setQuickAck(on: boolean): void {
    this.#tcb.tcp.engine.run(() => setQuickAck(this.#tcb, on))
  }

  info(): TcpInfo {
    return tcpInfo(this.#tcb)
  }

  inspect(): TcpInspection {
    return inspectTcb(this.#tcb)
  }

  /** What is queued may go now. */
  #push(): void {
    const tcb = this.#tcb
    if (tcb.sendQueued > 0) tcb.tcp.engine.run(() => wantOutput(tcb))
  }
}

/** The handle of a TCB, made when it is first asked for. */
export function connectionOf(tcb: Tcb): TcpConnection {
  tcb.connection ??= new Connection(tcb)
  return tcb.connection
}
