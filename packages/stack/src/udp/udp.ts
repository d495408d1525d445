import type { Audit } from '../core/audit.ts'
import { TapwireError } from '../core/errors.ts'
import { WorkQueue } from '../core/work-queue.ts'
import type { IpAddress } from '../ip/address.ts'
import { formatAddress } from '../ip/address-text.ts'
import type { Internet } from '../ip/internet.ts'
import type { NetworkInterface, Transport } from '../ip/network.ts'
import { type IcmpErrorIn, IcmpErrorKind, PacketIn, Protocol } from '../ip/packet-in.ts'
import type { RoutedPath } from '../ip/routed-path.ts'
import { RxChecksum } from '../link/device.ts'
import { addressSum6, segmentChecksumValid, wordSum } from '../wire/pseudo-header.ts'
import {
  checkUdpHeader,
  UDP_HEADER_LENGTH,
  UdpCheck,
  udpChecksum,
  udpDestinationPort,
  udpLength,
  udpSourcePort,
} from '../wire/udp.ts'
import {
  type UdpApi,
  type UdpBindOptions,
  type UdpError,
  type UdpHandler,
  UdpMessage,
  type UdpSocket,
  type UdpTarget,
} from './api.ts'
import { UdpCounters } from './counters.ts'
import { arriveIcmpError } from './icmp-errors.ts'
import { Memberships } from './memberships.ts'
import { QueueResult, ReceiveQueue } from './receive-queue.ts'
import { isForMany, UdpSender } from './sender.ts'
import { requireOpen, Socket } from './socket.ts'
import { type PortSpan, SocketTable } from './socket-table.ts'

/** UDP (RFC 768): sockets, and the datagrams between them and IP. */
export class Udp implements Transport, UdpApi {
  readonly counters = new UdpCounters()
  /** As `Tcp.onStray`, for datagrams to a port that nobody has here; not for those put together from fragments. */
  onStray: (() => boolean) | null = null
  readonly #internet: Internet
  readonly #sockets: SocketTable
  readonly #sender: UdpSender
  /** Sockets that have something to tell at the end of the burst. */
  readonly #listed = new WorkQueue<Socket>()
  /** Sockets that found the device full. */
  readonly #waiting = new Set<Socket>()
  readonly #message: UdpMessage
  /** A copy of an own datagram, as if it had come in. */
  readonly #own = new PacketIn()
  #current: Socket | null = null
  readonly #handOver = (): void => this.#current?.handler.onMessage(this.#current, this.#message)

  readonly #tellReadable = (): void => this.#current?.handler.onReadable?.(this.#current)

  constructor(internet: Internet, dynamicPorts?: PortSpan) {
    this.#internet = internet
    this.#sockets = new SocketTable(internet.limits.udpSockets, dynamicPorts)
    this.#sender = new UdpSender(internet, this.counters, (socket, path, port, block, length) =>
      this.#loopBack(socket, path, port, block, length),
    )
    this.#message = new UdpMessage(internet.memory)
    internet.registerTransport(Protocol.Udp, this)
  }

  /** How many sockets there are. */
  get size(): number {
    return this.#sockets.size
  }

  /** For `Stack.debugInvariants`. */
  audit(audit: Audit): void {
    let count = 0
    for (const socket of this.#sockets.all()) {
      count++
      audit.subject = `the UDP socket on port ${socket.localPort}`
      audit.check(!socket.closed, 'it is closed and bound')
      socket.queue.audit(audit)
    }
    audit.subject = 'UDP'
    audit.check(count === this.size, 'sockets counted, and sockets', this.size, count)
    audit.check(count <= this.#internet.limits.udpSockets, 'more sockets than the limit', count)
  }

  // ---- sockets ---------------------------------------------------------------------------------------------

  bind(options: UdpBindOptions, handler: UdpHandler): UdpSocket {
    const { address = null, port = 0, ipv6Only = false, reuseAddress = false } = options
    requirePort(port, 0)
    // `::` without `ipv6Only` takes both versions, as everywhere (DUAL-02).
    const bound = address?.isUnspecified && !address.isV4 ? null : address
    if (bound !== null && !isForMany(bound) && !this.#internet.isLocal(bound)) {
      throw new TapwireError('EADDRNOTAVAIL', `${formatAddress(bound)} is not an address of this stack`)
    }
    if (this.#sockets.isFull) {
      this.counters.socketsRefused++
      throw new TapwireError(
        'EMFILE',
        `limits.udpSockets (${this.#internet.limits.udpSockets}) are open already`,
      )
    }
    const chosen = port !== 0 ? port : this.#sockets.freePort(this.#internet.engine.random)
    if (chosen === 0) throw new TapwireError('EADDRINUSE', 'Every ephemeral UDP port is in use')
    const queue = new ReceiveQueue(this.#internet.memory, this.#internet.limits.udpReceiveBuffer)
    const memberships = new Memberships(this.#internet)
    const socket = new Socket(this, handler, bound, chosen, ipv6Only, reuseAddress, queue, memberships)
    this.#sockets.add(socket)
    return socket
  }

  /** See `UdpSocket.connect`. */
  connect(socket: Socket, address: IpAddress, port: number): void {
    requireOpen(socket)
    requirePort(port, 1)
    const path = this.#sender.pathTo(socket, address, null)
    socket.connectedPath = path
    socket.remoteAddress = path.remote
    socket.remotePort = port
    socket.pendingError = null
  }

  /** See `UdpSocket.send`. */
  send(socket: Socket, bytes: Uint8Array, target: UdpTarget | undefined): boolean {
    requireOpen(socket)
    if (target !== undefined) requirePort(target.port, 1)
    const { engine } = this.#internet
    engine.enter()
    try {
      const sent = this.#sender.send(socket, bytes, target)
      // Before this entry ends, which may be when the room is told of.
      if (!sent) this.#waiting.add(socket)
      return sent
    } finally {
      engine.leave()
    }
  }

  groupInterface(group: IpAddress): number {
    const path = this.#internet.path(group, null)
    return typeof path === 'string' ? 0 : path.iface.index
  }

  close(socket: Socket): void {
    if (socket.closed) return
    socket.closed = true
    socket.memberships.leaveAll()
    this.#waiting.delete(socket)
    this.#sockets.remove(socket)
    socket.queue.clear()
  }

  /** The stack closes. */
  closeAll(): void {
    for (const socket of [...this.#sockets.all()]) {
      this.close(socket)
      this.#internet.engine.callOut(() => socket.handler.onClose?.(socket))
    }
  }

  // ---- datagrams in ----------------------------------------------------------------------------------------

  onPacket(packet: PacketIn): void {
    this.counters.datagramsIn++
    const { view } = this.#internet.memory
    if (checkUdpHeader(view, packet.offset, packet.length) !== UdpCheck.Ok) {
      this.counters.droppedLength++
      return
    }
    // UDP-02: what lies behind the length is no part of it.
    const length = udpLength(view, packet.offset)
    if (!this.#hasGoodChecksum(packet, length)) return
    const localPort = udpDestinationPort(view, packet.offset)
    const remotePort = udpSourcePort(view, packet.offset)
    if (packet.multicast) this.#onGroupDatagram(packet, localPort, remotePort, length)
    else this.#onDatagram(packet, localPort, remotePort, length)
  }

  /** UDP-01, V6-12: none is fine in IPv4 only. */
  #hasGoodChecksum(packet: PacketIn, length: number): boolean {
    const { memory } = this.#internet
    if (udpChecksum(memory.view, packet.offset) === 0) {
      // A sender that leaves the sum to its device may leave one that is 0 so far.
      if (packet.version === 4 || packet.checksum !== RxChecksum.Unverified) return true
      this.counters.droppedNoChecksum++
      return false
    }
    if (packet.checksum !== RxChecksum.Unverified) return true
    const { src0, src1, src2, src3, dst0, dst1, dst2, dst3 } = packet
    const addresses =
      packet.version === 4
        ? wordSum(src3) + wordSum(dst3)
        : addressSum6(src0, src1, src2, src3, dst0, dst1, dst2, dst3)
    if (segmentChecksumValid(memory, packet.offset, length, addresses, Protocol.Udp)) return true
    this.counters.droppedChecksum++
    return false
  }

  #onDatagram(packet: PacketIn, localPort: number, remotePort: number, length: number): void {
    const socket = this.#sockets.find(packet, localPort, remotePort)
    if (socket === null) {
      if (this.onStray !== null && !packet.reassembled && this.onStray()) {
        this.counters.delivered++
        return
      }
      this.counters.droppedNoListener++
      // UDP-03, IC6-07
      this.#internet.sendError(packet, IcmpErrorKind.PortUnreachable)
    } else this.#queue(socket, packet, remotePort, length)
  }

  /** UDP-08: every socket that matches has its own copy; nobody is told when none does. */
  #onGroupDatagram(packet: PacketIn, localPort: number, remotePort: number, length: number): void {
    const isMulticast = packet.version === 6 || packet.dst3 >>> 28 === 14
    let taken = false
    for (const socket of this.#sockets.on(localPort)) {
      if (!matchesGroup(socket, packet, remotePort, isMulticast)) continue
      if (taken) this.counters.extraCopies++
      taken = true
      this.#queue(socket, packet, remotePort, length)
    }
    if (!taken) this.counters.droppedNoListener++
  }

  /** RFC 1112 section 7.1: what this host sends to a group it is in, it receives as well; broadcasts likewise. */
  #loopBack(sender: Socket, path: RoutedPath, port: number, block: number, length: number): void {
    const { local, remote, iface, version, multicast } = path
    if (multicast && !iface.groups.has(remote.a0, remote.a1, remote.a2, remote.a3)) return
    const packet = this.#own
    packet.version = version
    packet.src0 = local.a0
    packet.src1 = local.a1
    packet.src2 = local.a2
    packet.src3 = local.a3
    packet.dst0 = remote.a0
    packet.dst1 = remote.a1
    packet.dst2 = remote.a2
    packet.dst3 = remote.a3
    packet.iface = iface
    packet.ttl = multicast ? sender.multicastTtl : sender.ttl
    packet.tos = sender.tos
    packet.offset = block - UDP_HEADER_LENGTH
    this.counters.loopedBack++
    this.#onGroupDatagram(packet, port, sender.localPort, UDP_HEADER_LENGTH + length)
  }

  #queue(socket: Socket, packet: PacketIn, remotePort: number, length: number): void {
    const end = packet.offset + length
    // A super-frame is several datagrams of `gsoSize` bytes that the device has merged.
    const step = packet.gsoSize > 0 ? packet.gsoSize : Math.max(1, length)
    let at = packet.offset + UDP_HEADER_LENGTH
    let first = true
    do {
      if (!first) this.counters.extraCopies++
      first = false
      const size = Math.min(step, end - at)
      const result = socket.queue.push(packet, remotePort, at, size)
      if (result === QueueResult.Queued) this.counters.delivered++
      else {
        socket.dropped++
        if (result === QueueResult.Full) this.counters.droppedQueueFull++
        else this.counters.droppedNoMemory++
      }
      at += size
    } while (at < end)
    this.#list(socket)
  }

  // ---- errors in, and what is gone -------------------------------------------------------------------------

  onIcmpError(error: IcmpErrorIn): void {
    const socket = arriveIcmpError(error, this.#internet.memory, this.#sockets, this.counters)
    if (socket !== null) this.#list(socket)
  }

  onInterfaceDown(iface: NetworkInterface): void {
    for (const socket of this.#sockets.all()) {
      if (!iface.up) socket.memberships.forget(iface.index)
      const local = socket.connectedPath?.local ?? socket.boundAddress
      if (local === null || local.isUnspecified || local.isMulticast || this.#internet.isLocal(local))
        continue
      socket.pendingError = 'ENETDOWN'
      this.#list(socket)
    }
  }

  // ---- telling applications --------------------------------------------------------------------------------

  onWritable(): void {
    if (this.#waiting.size === 0) return
    for (const socket of this.#waiting) {
      socket.owesWritable = true
      this.#list(socket)
    }
    this.#waiting.clear()
  }

  /** A socket that is no longer paused has its queue handed over. */
  wake(socket: Socket): void {
    if (!socket.closed) this.#internet.engine.run(() => this.#list(socket))
  }

  /** See `UdpSocket.receive`. */
  receive(socket: Socket, read: (message: UdpMessage) => void): boolean {
    const message = this.#message
    if (socket.closed || !socket.queue.shift(message)) return false
    try {
      read(message)
    } finally {
      socket.queue.release(message)
    }
    return true
  }

  #list(socket: Socket): void {
    if (socket.listed) return
    socket.listed = true
    this.#listed.push(socket)
  }

  onBurstEnd(): boolean {
    let left = this.#listed.size
    if (left === 0) return false
    for (; left > 0; left--) {
      const socket = this.#listed.shift()
      if (socket === null) break
      socket.listed = false
      this.#tell(socket)
    }
    return true
  }

  #tell(socket: Socket): void {
    const { engine } = this.#internet
    if (socket.pendingError !== null && !socket.closed) this.#tellError(socket, socket.pendingError)
    this.#current = socket
    while (!socket.closed && !socket.paused && socket.queue.shift(this.#message)) {
      engine.callOut(this.#handOver)
      if (socket.closed) this.#internet.memory.free(this.#message.offset)
      else socket.queue.release(this.#message)
    }
    if (!socket.closed && socket.paused && socket.queue.size > 0) engine.callOut(this.#tellReadable)
    this.#current = null
    if (socket.owesWritable && !socket.closed) this.#tellWritable(socket)
  }

  // Apart from `#tell`: a function with closures in it makes room for what they capture at every call.

  #tellError(socket: Socket, error: UdpError): void {
    socket.pendingError = null
    this.#internet.engine.callOut(() => socket.handler.onError?.(socket, error))
  }

  #tellWritable(socket: Socket): void {
    socket.owesWritable = false
    this.#internet.engine.callOut(() => socket.handler.onWritable?.(socket))
  }
}

function matchesGroup(socket: Socket, packet: PacketIn, remotePort: number, isMulticast: boolean): boolean {
  const bound = socket.boundAddress
  // A socket on one unicast address receives no broadcasts, as everywhere else.
  if (bound !== null && !isForMany(bound)) return false
  return socket.match(packet, remotePort) > 0 && socket.takesGroup(packet, isMulticast)
}

function requirePort(port: number, lowest: number): void {
  if (!Number.isInteger(port) || port < lowest || port > 65_535) {
    throw new TapwireError(
      'ERR_OUT_OF_RANGE',
      `A port must be an integer from ${lowest} to 65535. Received ${port}`,
    )
  }
}
