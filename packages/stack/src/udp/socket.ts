import { TapwireError } from '../core/errors.ts'
import { ANY_V6, type IpAddress } from '../ip/address.ts'
import type { Path } from '../ip/network.ts'
import type { PacketIn } from '../ip/packet-in.ts'
import type { UdpError, UdpHandler, UdpMessage, UdpSocket, UdpTarget } from './api.ts'
import type { Memberships } from './memberships.ts'
import type { ReceiveQueue } from './receive-queue.ts'
import type { Udp } from './udp.ts'

/** What a socket is, and whom it receives from; the traffic itself goes through `Udp`. */
export class Socket implements UdpSocket {
  handler: UdpHandler
  owner: unknown = null
  readonly localPort: number
  readonly reuseAddress: boolean
  readonly queue: ReceiveQueue
  remoteAddress: IpAddress | null = null
  remotePort = 0
  broadcast = false
  dontFragment = false
  multicastLoopback = true
  multicastAll = false
  multicastInterface = 0
  dropped = 0
  closed = false
  /** Stands on the list of those that have something to tell their application. */
  listed = false
  pendingError: UdpError | null = null
  owesWritable = false
  connectedPath: Path | null = null
  /** The last path used without `connect`. */
  lastPath: Path | null = null
  /** Null: every address of both versions, or of IPv6 alone. */
  readonly boundAddress: IpAddress | null
  readonly #ipv6Only: boolean
  readonly #udp: Udp
  readonly #maxReceiveBuffer: number
  readonly memberships: Memberships
  #ttl = 64
  #multicastTtl = 1
  #tos = 0
  #paused = false

  constructor(
    udp: Udp,
    handler: UdpHandler,
    address: IpAddress | null,
    port: number,
    ipv6Only: boolean,
    reuseAddress: boolean,
    queue: ReceiveQueue,
    memberships: Memberships,
  ) {
    this.#udp = udp
    this.handler = handler
    this.boundAddress = address
    this.localPort = port
    this.#ipv6Only = ipv6Only
    this.reuseAddress = reuseAddress
    this.queue = queue
    this.memberships = memberships
    this.#maxReceiveBuffer = queue.limit
  }

  get localAddress(): IpAddress {
    return this.connectedPath?.local ?? this.boundAddress ?? ANY_V6
  }

  get queuedBytes(): number {
    return this.queue.bytes
  }

  get ttl(): number {
    return this.#ttl
  }

  set ttl(value: number) {
    this.#ttl = requireRange('ttl', value, 1, 255)
  }

  get multicastTtl(): number {
    return this.#multicastTtl
  }

  set multicastTtl(value: number) {
    this.#multicastTtl = requireRange('multicastTtl', value, 0, 255)
  }

  get receiveBuffer(): number {
    return this.queue.limit
  }

  set receiveBuffer(value: number) {
    this.queue.limit = requireRange('receiveBuffer', value, 1, this.#maxReceiveBuffer)
  }

  get tos(): number {
    return this.#tos
  }

  set tos(value: number) {
    this.#tos = requireRange('tos', value, 0, 255)
  }

  get paused(): boolean {
    return this.#paused
  }

  set paused(value: boolean) {
    this.#paused = value
    if (!value && this.queue.size > 0) this.#udp.wake(this)
  }

  connect(address: IpAddress, port: number): void {
    this.#udp.connect(this, address, port)
  }

  disconnect(): void {
    this.remoteAddress = null
    this.remotePort = 0
    this.connectedPath = null
  }

  send(bytes: Uint8Array, target?: UdpTarget): boolean {
    return this.#udp.send(this, bytes, target)
  }

  joinGroup(group: IpAddress, interfaceIndex = 0): void {
    requireOpen(this)
    this.memberships.join(group, interfaceIndex)
  }

  leaveGroup(group: IpAddress, interfaceIndex = 0): void {
    this.memberships.leave(group, interfaceIndex)
  }

  joinSource(group: IpAddress, source: IpAddress, interfaceIndex: number): void {
    requireOpen(this)
    this.memberships.joinSource(group, source, interfaceIndex)
  }

  leaveSource(group: IpAddress, source: IpAddress, interfaceIndex: number): void {
    this.memberships.leaveSource(group, source, interfaceIndex)
  }

  isMember(group: IpAddress, interfaceIndex: number): boolean {
    return this.memberships.has(group, interfaceIndex)
  }

  receive(read: (message: UdpMessage) => void): boolean {
    return this.#udp.receive(this, read)
  }

  close(): void {
    this.#udp.close(this)
  }

  // ---- who it receives from --------------------------------------------------------------------------------

  /** Whether both could be meant by one datagram. */
  overlaps(other: Socket): boolean {
    const a = this.boundAddress
    const b = other.boundAddress
    if (a !== null && b !== null && !a.isUnspecified && !b.isUnspecified) return a.equals(b)
    return (this.takesV4 && other.takesV4) || (this.takesV6 && other.takesV6)
  }

  get takesV4(): boolean {
    return this.boundAddress === null ? !this.#ipv6Only : this.boundAddress.isV4
  }

  get takesV6(): boolean {
    return this.boundAddress === null || !this.boundAddress.isV4
  }

  /** 0 when a packet to this port is not for this socket; more the better it fits. */
  match(packet: PacketIn, remotePort: number): number {
    if (packet.version === 4 ? !this.takesV4 : !this.takesV6) return 0
    let score = 1
    const bound = this.boundAddress
    if (bound !== null && !bound.isUnspecified) {
      if (!bound.hasWords(packet.dst0, packet.dst1, packet.dst2, packet.dst3)) return 0
      score += 1
    }
    const remote = this.remoteAddress
    if (remote !== null) {
      if (remotePort !== this.remotePort) return 0
      if (!remote.hasWords(packet.src0, packet.src1, packet.src2, packet.src3)) return 0
      score += 2
    }
    return score
  }

  /** UDP-08: a group's datagrams are for those who joined it; broadcasts for everybody on the port. */
  takesGroup(packet: PacketIn, isMulticast: boolean): boolean {
    if (!isMulticast) return true
    // Groups that the host itself is in for good need no joining.
    return this.memberships.takes(packet) ?? (this.multicastAll || isAllNodes(packet))
  }
}

export function requireOpen(socket: Socket): void {
  if (socket.closed) throw new TapwireError('EINVAL', 'The UDP socket is closed')
}

function isAllNodes(packet: PacketIn): boolean {
  if (packet.version === 4) return packet.dst3 === (0xe0000001 | 0)
  return packet.dst0 === (0xff020000 | 0) && packet.dst1 === 0 && packet.dst2 === 0 && packet.dst3 === 1
}

function requireRange(name: string, value: number, low: number, high: number): number {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new TapwireError(
      'ERR_OUT_OF_RANGE',
      `'${name}' must be an integer from ${low} to ${high}. Received ${value}`,
    )
  }
  return value
}
