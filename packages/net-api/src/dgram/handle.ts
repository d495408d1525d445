import { AsyncResource } from 'node:async_hooks'
import {
  type IpAddress,
  parseAddress,
  type UdpError,
  type UdpHandler,
  type UdpMessage,
  type UdpSocket,
} from '@tapwire/stack'
import type { NetStack } from '../context.ts'
import { type Endpoint, endpoint, readAddress } from '../endpoint.ts'
import type { Liveness } from '../liveness.ts'
import type { Turn, Turns } from '../turns.ts'
import { codeOf } from './errors.ts'
import type { Found, OwnLookup } from './lookup.ts'
import { Memberships } from './memberships.ts'
import { type SendRequest, trySend, WaitingSends } from './waiting-sends.ts'

/** What the handles of one `createDgram` share. */
export interface HandleContext {
  readonly stack: NetStack
  readonly turns: Turns
  readonly liveness: Liveness
}

/** What a handle tells the socket above it; each call is a turn of its own. */
export interface HandleOwner {
  onHandleMessage(bytes: Buffer, from: Endpoint): void
  onHandleError(code: string): void
  /** The stack was closed. */
  onHandleGone(): void
}

/** How a handle is bound. */
export interface BindFlags {
  readonly reuseAddress: boolean
  readonly ipv6Only: boolean
}

/** Linux's figures: it counts its own bookkeeping in, and so doubles what it is asked for (socket(7)). */
const LEAST_BUFFER = { receive: 2304, send: 4608 } as const
const USUAL_BUFFER = 212_992
const LARGEST_SEND_BUFFER = 8 * 1024 * 1024

const UNBOUND: Record<4 | 6, Endpoint> = {
  4: { address: '0.0.0.0', family: 'IPv4', port: 0 },
  6: { address: '::', family: 'IPv6', port: 0 },
}

/**
 * One UDP socket as `dgram.Socket` sees it: what a handle of libuv is to Node's own. Methods return 0 or the errno name
 * of why not. Datagrams wait in the stack's queue, whose size bounds them, until each has had its turn.
 */
export class UdpHandle implements UdpHandler, Turn {
  /** A field, as an `AsyncResource` has a `bind` of its own. */
  readonly #resource = new AsyncResource('UDPWRAP')
  readonly #context: HandleContext
  readonly #owner: HandleOwner
  readonly #lookup: OwnLookup
  readonly family: 4 | 6
  #socket: UdpSocket | null = null
  /** A kernel's socket is there from the first `bind` on, and has an address even when that failed. */
  #tried = false
  #receiving = false
  #closed = false
  #gone = false
  #failure: UdpError | null = null
  readonly #waiting: WaitingSends
  #sendBuffer = USUAL_BUFFER
  #largestReceiveBuffer = 0
  #posted = false
  #referenced = true
  #holding = false
  readonly #memberships: Memberships
  readonly #read = (message: UdpMessage): void => this.#take(message)
  #bytes: Buffer = Buffer.alloc(0)
  #from: Endpoint | null = null

  constructor(context: HandleContext, family: 4 | 6, owner: HandleOwner, lookup: OwnLookup) {
    this.#context = context
    this.family = family
    this.#owner = owner
    this.#lookup = lookup
    this.#waiting = new WaitingSends(context.turns)
    this.#memberships = new Memberships(context.stack, family)
  }

  // ---- addresses -------------------------------------------------------------------------------------------

  /** An address in the notation of this handle's family; null when it is none. */
  #parse(text: string): IpAddress | null {
    if (text.includes(':') !== (this.family === 6)) return null
    const { interfaces } = this.#context.stack
    // A zone that does not exist counts as none, as with if_nametoindex(3) in libuv's hands.
    return readAddress(text, interfaces) ?? parseAddress(text.split('%', 1)[0])
  }

  /** The address of a name; no name at all means this host. */
  lookup(name: unknown, found: Found): void {
    this.#lookup((name as string) || (this.family === 4 ? '127.0.0.1' : '::1'), this.family, found)
  }

  bind(address: string, port: number, flags: BindFlags): string | 0 {
    const parsed = this.#parse(address)
    if (parsed === null || this.#socket !== null) return 'EINVAL'
    this.#tried = true
    if (!parsed.isV4 && parsed.isLinkLocal && parsed.zone === 0) return 'EINVAL'
    return this.#open(parsed, port & 0xffff, flags)
  }

  #open(address: IpAddress, port: number, { reuseAddress, ipv6Only }: BindFlags): string | 0 {
    if (this.#closed) return 'EBADF'
    return codeOf(() => {
      const socket = this.#context.stack.udp.bind({ address, port, reuseAddress, ipv6Only }, this)
      socket.paused = true
      socket.multicastAll = true
      this.#largestReceiveBuffer = socket.receiveBuffer
      socket.receiveBuffer = Math.min(socket.receiveBuffer, USUAL_BUFFER)
      this.#socket = socket
    })
  }

  /** Joining a group and asking for addresses needs a socket; without one, any port will do, as in libuv. */
  #opened(): UdpSocket | null {
    if (this.#socket === null) {
      const any = parseAddress(this.family === 4 ? '0.0.0.0' : '::') as IpAddress
      this.#open(any, 0, { reuseAddress: true, ipv6Only: false })
    }
    return this.#socket
  }

  connect(address: string, port: number): string | 0 {
    const parsed = this.#parse(address)
    const socket = this.#socket
    if (parsed === null) return 'EINVAL'
    return socket === null ? 'EBADF' : codeOf(() => socket.connect(parsed, port))
  }

  disconnect(): string | 0 {
    this.#socket?.disconnect()
    return this.#socket === null ? 'EBADF' : 0
  }

  getsockname(): Endpoint | string {
    const socket = this.#socket
    if (socket === null && this.#tried) return { ...UNBOUND[this.family] }
    if (socket === null) return 'EBADF'
    return endpoint(socket.localAddress, socket.localPort, this.family, this.#context.stack.interfaces)
  }

  getpeername(): Endpoint | string {
    const socket = this.#socket
    if (socket === null) return 'EBADF'
    if (socket.remoteAddress === null) return 'ENOTCONN'
    return endpoint(socket.remoteAddress, socket.remotePort, this.family, this.#context.stack.interfaces)
  }

  // ---- options ---------------------------------------------------------------------------------------------

  setBroadcast(enabled: boolean): string | 0 {
    return this.#set((socket) => {
      socket.broadcast = enabled
    })
  }

  setTTL(ttl: number): string | 0 {
    const value = ttl | 0
    if (value < 1 || value > 255) return 'EINVAL'
    return this.#set((socket) => {
      socket.ttl = value
    })
  }

  setMulticastTTL(ttl: number): string | 0 {
    const value = ttl | 0
    if (value < 0 || value > 255) return 'EINVAL'
    return this.#set((socket) => {
      socket.multicastTtl = value
    })
  }

  setMulticastLoopback(enabled: boolean): string | 0 {
    return this.#set((socket) => {
      socket.multicastLoopback = enabled
    })
  }

  setMulticastInterface(text: string): string | 0 {
    const index = this.#memberships.outgoing(text)
    if (index === 'EINVAL') return index
    if (typeof index === 'string') return this.#socket === null ? 'EBADF' : index
    return this.#set((socket) => {
      socket.multicastInterface = index
    })
  }

  #set(apply: (socket: UdpSocket) => void): string | 0 {
    if (this.#socket === null) return 'EBADF'
    apply(this.#socket)
    return 0
  }

  /** @param size 0 asks for it. @returns the size, or why not */
  bufferSize(size: number, which: 'receive' | 'send'): number | string {
    const socket = this.#socket
    if (size > 0x7fff_ffff) return 'EINVAL'
    if (socket === null) return 'EBADF'
    const wanted = Math.max(LEAST_BUFFER[which], size * 2)
    if (which === 'receive') {
      if (size > 0) socket.receiveBuffer = Math.min(wanted, this.#largestReceiveBuffer)
      return socket.receiveBuffer
    }
    if (size > 0) this.#sendBuffer = Math.min(wanted, LARGEST_SEND_BUFFER)
    return this.#sendBuffer
  }

  // ---- groups ----------------------------------------------------------------------------------------------

  addMembership(group: unknown, iface: unknown): string | 0 {
    return this.#memberships.add(this.#opened(), group, iface)
  }

  dropMembership(group: unknown, iface: unknown): string | 0 {
    return this.#memberships.drop(this.#opened(), group, iface)
  }

  addSourceSpecificMembership(source: string, group: string, iface: unknown): string | 0 {
    return this.#memberships.addSource(this.#opened(), source, group, iface)
  }

  dropSourceSpecificMembership(source: string, group: string, iface: unknown): string | 0 {
    return this.#memberships.dropSource(this.#opened(), source, group, iface)
  }

  // ---- datagrams out ---------------------------------------------------------------------------------------

  /**
   * @param address null sends where the socket is connected to
   * @param done told in a later turn, only when this returned 0
   * @returns the size and 1 when it was sent at once, 0 when it waits for the device, or why not
   */
  send(
    bytes: Uint8Array,
    address: string | null,
    port: number,
    done: (code: string | null, size: number) => void,
  ): number | string {
    const socket = this.#socket
    if (socket === null) return 'EBADF'
    const parsed = address === null ? null : this.#parse(address)
    if (address !== null && parsed === null) return 'EINVAL'
    const connected = socket.remoteAddress !== null
    if (connected !== (parsed === null)) return connected ? 'EISCONN' : 'EDESTADDRREQ'
    // What ICMP said of an earlier datagram is told by whichever call comes first.
    const failure = this.#failure
    this.#failure = null
    if (failure !== null) return failure
    const target = parsed === null ? undefined : { address: parsed, port }
    const request: SendRequest = { bytes, target, done }
    if (this.#waiting.count === 0) {
      const sent = trySend(socket, request)
      if (sent !== false) return sent === true ? bytes.length + 1 : sent
    }
    this.#waiting.push(request)
    this.#hold()
    return 0
  }

  getSendQueueSize(): number {
    return this.#waiting.bytes
  }

  getSendQueueCount(): number {
    return this.#waiting.count
  }

  onWritable(socket: UdpSocket): void {
    this.#waiting.resume(socket)
    this.#hold()
  }

  // ---- datagrams in ----------------------------------------------------------------------------------------

  recvStart(): void {
    this.#receiving = true
    this.#hold()
    this.#post()
  }

  recvStop(): void {
    this.#receiving = false
    this.#hold()
  }

  onMessage(): void {
    throw new Error('A paused socket hands nothing over')
  }

  onReadable(): void {
    if (this.#receiving) this.#post()
  }

  onError(_socket: UdpSocket, error: UdpError): void {
    this.#failure = error
    if (this.#receiving) this.#post()
  }

  onClose(): void {
    this.#gone = true
    this.#post()
  }

  serve(): void {
    this.#posted = false
    if (!this.#closed) this.#resource.runInAsyncScope(this.#serve, this)
  }

  #serve(): void {
    if (this.#gone) {
      this.#owner.onHandleGone()
      return
    }
    const failure = this.#failure
    this.#failure = null
    if (!this.#receiving || (failure === null && !this.#socket?.receive(this.#read))) return
    // Before the event: a listener may throw, and the program may outlive that and wait for the rest.
    this.#post()
    if (failure !== null) this.#owner.onHandleError(failure)
    else this.#owner.onHandleMessage(this.#bytes, this.#from as Endpoint)
  }

  #take(message: UdpMessage): void {
    const bytes = message.bytes()
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const { interfaces } = this.#context.stack
    this.#from = endpoint(message.remoteAddress, message.remotePort, this.family, interfaces)
  }

  #post(): void {
    if (this.#posted || this.#closed) return
    this.#posted = true
    this.#context.turns.post(this)
  }

  // ---- life ------------------------------------------------------------------------------------------------

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#receiving = false
    this.#waiting.cancel()
    this.#hold()
    this.#socket?.close()
    this.#socket = null
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
    return this.#referenced && !this.#closed
  }

  getAsyncId(): number {
    return this.#resource.asyncId()
  }

  /** A handle keeps the process alive while it receives, or has something to send, and is `ref`ed. */
  #hold(): void {
    const holds = (this.#receiving || this.#waiting.count > 0) && this.#referenced && !this.#closed
    if (holds === this.#holding) return
    this.#holding = holds
    if (holds) this.#context.liveness.hold()
    else this.#context.liveness.release()
  }
}
