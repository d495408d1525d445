import { randomBelow, SeededRandom } from '../../src/core/random.ts'
import {
  type ConnectionHandler,
  type LinkDevice,
  packets,
  parseAddress,
  Stack,
  TapwireError,
  type TcpConnection,
  type TcpListener,
  TcpState,
  type UdpSocket,
  VirtualClock,
} from '../../src/index.ts'
import { AddressState } from '../../src/ip/link-port.ts'
import type { HalfOpen } from '../../src/tcp/half-open.ts'
import type { Tcb } from '../../src/tcp/tcb.ts'
import { ip, pattern } from '../support/packets.ts'
import { GROUP4, GROUP6, PAIRS4, PAIRS6, PEER_MAC, type Sample } from './corpus.ts'
import { DoorDevice, OUR_MAC } from './door-device.ts'
import { Layout, locate, mend, mutate, nudge } from './mutator.ts'

export const LIMITS = {
  memory: 16 << 20,
  neighbours: 32,
  neighbourQueue: 4,
  neighbourQueueBytes: 32_768,
  reassemblies: 32,
  reassembliesPerSource: 8,
  reassemblyBytes: 262_144,
  fragmentsPerDatagram: 16,
  paths: 48,
  pings: 16,
  udpReceiveBuffer: 16_384,
  connections: 40,
  listeners: 4,
  synBacklog: 12,
  halfOpen: 16,
  timeWait: 16,
  outOfOrderRanges: 3,
  icmpErrorsPerSecond: 20,
  loopbackQueueBytes: 131_072,
} as const

const TCP = {
  receiveBuffer: 16_384,
  receiveBufferMax: 65_536,
  sendBuffer: 16_384,
  sendBufferMax: 65_536,
  timeWait: 2000,
} as const

/** A ring may be twice what it holds, rounded up to a power of two. */
const MEMORY_OF_CONNECTION = 2 * 131_072

/** What the tables and buffers may hold together, in bytes. */
export const MEMORY_BOUND =
  LIMITS.connections * MEMORY_OF_CONNECTION +
  2 * LIMITS.reassemblyBytes +
  3 * LIMITS.udpReceiveBuffer +
  LIMITS.neighbourQueueBytes +
  LIMITS.loopbackQueueBytes

/** One each for connections and half-open ones, neighbours, own addresses, pings; and some of which there is one. */
export const TIMER_BOUND = LIMITS.connections + LIMITS.halfOpen + LIMITS.neighbours + LIMITS.pings + 8 + 16

/** What applications write, in parts of any length. */
const WRITTEN = pattern(20_000)

/** Frames that can come again, or late. */
const KEPT = 16
const LONGEST_KEPT = 2048
/** Bytes that a super-frame's payload has. */
const SUPER_PAYLOAD = 7000

/**
 * A stack that has everything going on at once, and the outside of its one door: connections in many states, sockets, pings,
 * fragments. Whatever the frames do to it, `restock` brings it back to that.
 */
export class LiveStack {
  readonly clock = new VirtualClock()
  readonly stack: Stack
  readonly device: DoorDevice
  readonly random: SeededRandom
  readonly faults: unknown[] = []
  readonly udp: UdpSocket[] = []
  listener!: TcpListener
  /** Memory that a stack has without an interface and without anything going on. */
  readonly idleMemory: number
  frames = 0
  pingsSent = 0
  pingsEnded = 0
  addressesLost = 0
  readonly #connections: TcpConnection[] = []
  readonly #layout = new Layout()
  readonly #kept = Array.from({ length: KEPT }, () => new Uint8Array(LONGEST_KEPT))
  readonly #keptLength = new Int32Array(KEPT)
  #nextKept = 0
  #nextPort = 1024
  #live: Tcb[] = []
  readonly #header: number

  constructor(medium: LinkDevice['medium'], offloads: boolean, seed: number) {
    this.random = new SeededRandom(seed)
    this.device = new DoorDevice(medium, offloads)
    this.#header = medium === 'ethernet' ? 14 : 0
    this.stack = new Stack({
      clock: this.clock,
      random: new SeededRandom(seed + 1),
      limits: LIMITS,
      tcp: TCP,
    })
    this.idleMemory = this.stack.memory.allocated
    this.stack.events.on('fault', (error) => this.faults.push(error))
    const own = [...PAIRS4.map(([us]) => `${us}/24`), ...PAIRS6.map(([us]) => `${us}/64`)]
    this.stack.addInterface(this.device, { addresses: own, gateway: [PAIRS4[0][1], PAIRS6[0][1]] })
    this.#openSockets()
    this.restock()
  }

  get iface(): Stack['interfaces'][number] {
    return this.stack.interfaces[1]
  }

  // ---- what goes on in the stack ---------------------------------------------------------------------------

  #openSockets(): void {
    const { tcp, udp } = this.stack
    this.listener = tcp.listen(
      { port: 7, backlog: 8 },
      { onConnection: (listener) => this.#accept(listener) },
    )
    tcp.listen({ port: 8, backlog: 2 }, { onConnection: () => {} })
    const handler = { onMessage: () => {} }
    const open = udp.bind({ port: 9 }, handler)
    open.joinGroup(parseAddress(GROUP4)!)
    open.joinGroup(parseAddress(GROUP6)!)
    const paused = udp.bind({ port: 11 }, handler)
    paused.paused = true
    const connected = udp.bind({ port: 10 }, handler)
    connected.connect(parseAddress(PAIRS4[0][1])!, 5353)
    this.udp.push(open, paused, connected)
  }

  readonly #handler: ConnectionHandler = {
    onReadable: (connection) => {
      // Half of them read at once, the others when `restock` has them do it.
      if ((connection.remotePort & 1) === 0) connection.consume(connection.readable)
    },
    onClose: (connection) => connection.close(),
  }

  #accept(listener: TcpListener): void {
    for (let connection = listener.accept(); connection !== null; connection = listener.accept()) {
      connection.handler = this.#handler
      this.#connections.push(connection)
    }
  }

  /** Lets applications act and time pass, and replaces what has ended. */
  restock(): void {
    const { device, random } = this
    device.endBurst()
    device.refill(4096)
    if (device.medium === 'ethernet') this.#introducePeer()
    this.#regainAddresses()
    this.#actAll()
    for (let i = 0; i < 6; i++) this.#openPassively()
    for (let i = 0; i < 2; i++) this.#openActively()
    this.#pingAndSend()
    device.endBurst()
    device.refill(randomBelow(random, 4) === 0 ? 20 : 4096)
    this.clock.advance(randomBelow(random, 16) === 0 ? 20_000 : randomBelow(random, 250))
    if (randomBelow(random, 64) === 0) this.clock.advance(120_000)
    this.#noteLive()
  }

  /** Twice the same claim: once could be a mistake. */
  claim(frame: Uint8Array): void {
    for (let i = 0; i < 2; i++) {
      this.device.u8.set(frame, this.device.at)
      this.#deliver(frame.length, 0, 0)
    }
  }

  #noteLive(): void {
    this.#live.length = 0
    this.stack.tcp.context.connections.each((tcb) => this.#live.push(tcb))
  }

  /** Somebody else claimed them, and the stack gave way (RFC 5227 section 2.4). */
  #regainAddresses(): void {
    for (const own of [...this.iface.addresses]) {
      if (own.state !== AddressState.Duplicate || own.address.isLinkLocal) continue
      this.iface.removeAddress(own.address)
      this.iface.addAddress({ address: own.address, length: own.prefixLength })
      this.addressesLost++
    }
  }

  #actAll(): void {
    const { random } = this
    for (let i = this.#connections.length - 1; i >= 0; i--) {
      const connection = this.#connections[i]
      if (connection.closeReason !== undefined) {
        connection.close()
        this.#connections.splice(i, 1)
      } else if (randomBelow(random, 3) === 0) this.#act(connection)
    }
  }

  #act(connection: TcpConnection): void {
    const { random } = this
    switch (randomBelow(random, 12)) {
      case 0:
        connection.shutdown()
        return
      case 1:
        connection.close()
        return
      case 2:
        connection.abort()
        return
      case 3:
        connection.setKeepAlive(true, { idle: 50, interval: 20, count: 3 })
        return
      case 4:
        connection.noDelay = !connection.noDelay
        return
      case 5:
        connection.cork = !connection.cork
        return
      case 6:
      case 7:
        connection.consume(connection.readable)
        return
      default:
        if (connection.state !== TcpState.SynSent && connection.writable > 0) {
          connection.write(WRITTEN.subarray(0, randomBelow(random, WRITTEN.length)))
        }
    }
  }

  /** A SYN, and the ACK that its SYN-ACK asks for; one in three stays half open. */
  #openPassively(): void {
    const { random, stack } = this
    const { connections, halfOpen } = stack.tcp.sizes
    if (connections >= LIMITS.connections - 8 || halfOpen >= LIMITS.synBacklog) return
    const v6 = randomBelow(random, 2) === 0
    const pair = (v6 ? PAIRS6 : PAIRS4)[randomBelow(random, 2)]
    const remotePort = this.#nextPort++
    if (this.#nextPort > 30_000) this.#nextPort = 1024
    const seq = random.uint32()
    this.#segment(pair, remotePort, seq, 0, 0x02)
    this.device.endBurst()
    if (randomBelow(random, 3) === 0) return
    let half: HalfOpen | null = null
    stack.tcp.context.halfOpen.each((record) => {
      if (record.remotePort === remotePort) half = record
    })
    if (half !== null) this.#segment(pair, remotePort, seq + 1, (half as HalfOpen).sndNxt, 0x10)
    this.device.endBurst()
  }

  #openActively(): void {
    const { random, stack } = this
    if (stack.tcp.sizes.connections >= LIMITS.connections - 8) return
    const pair = (randomBelow(random, 2) === 0 ? PAIRS6 : PAIRS4)[randomBelow(random, 2)]
    // Sometimes to somebody who does not exist.
    const far = randomBelow(random, 4) === 0
    const address = parseAddress(far ? `10.0.0.${10 + randomBelow(random, 60)}` : pair[1])!
    try {
      this.#connections.push(stack.tcp.connect({ address, port: 80 }, this.#handler))
    } catch (error) {
      allow(error, 'ENOBUFS', 'EADDRNOTAVAIL', 'ENETUNREACH', 'EHOSTUNREACH')
    }
  }

  #pingAndSend(): void {
    const { random, stack } = this
    const pair = (randomBelow(random, 2) === 0 ? PAIRS6 : PAIRS4)[randomBelow(random, 2)]
    const address = parseAddress(
      randomBelow(random, 4) === 0 ? `10.0.0.${10 + randomBelow(random, 60)}` : pair[1],
    )!
    try {
      stack.icmp.ping(address, {}, () => this.pingsEnded++)
      this.pingsSent++
    } catch (error) {
      allow(error, 'ENOBUFS', 'EADDRNOTAVAIL', 'ENETUNREACH', 'EHOSTUNREACH', 'EMSGSIZE')
    }
    try {
      this.udp[0].send(this.#kept[0].subarray(0, randomBelow(random, LONGEST_KEPT)), { address, port: 5353 })
      this.udp[2].send(this.#kept[0].subarray(0, 100))
    } catch (error) {
      allow(error, 'ENOBUFS', 'EADDRNOTAVAIL', 'ENETUNREACH', 'EHOSTUNREACH', 'EMSGSIZE')
    }
    if (randomBelow(random, 8) === 0) {
      this.udp[1].paused = false
      this.udp[1].paused = true
    }
  }

  /** A bare segment from the peer to port 7. */
  #segment(
    pair: readonly [string, string],
    remotePort: number,
    seq: number,
    ack: number,
    flags: number,
  ): void {
    const { view, u8, at } = this.device
    const start = at + this.#header
    const v6 = pair[0].includes(':')
    const upper = start + (v6 ? 40 : 20)
    const end = upper + 24
    u8.fill(0, at, end)
    this.#writeEthernet(v6 ? 0x86dd : 0x0800)
    if (v6) {
      view.setUint32(start, 0x60000000)
      view.setUint16(start + 4, 24)
      view.setUint16(start + 6, 0x0640)
      u8.set(ip(pair[1]), start + 8)
      u8.set(ip(pair[0]), start + 24)
    } else {
      view.setUint16(start, 0x4500)
      view.setUint16(start + 2, 44)
      view.setUint16(start + 8, 0x4006)
      u8.set(ip(pair[1]), start + 12)
      u8.set(ip(pair[0]), start + 16)
    }
    view.setUint16(upper, remotePort)
    view.setUint16(upper + 2, 7)
    view.setUint32(upper + 4, seq >>> 0)
    view.setUint32(upper + 8, ack >>> 0)
    view.setUint16(upper + 12, 0x6000 | flags)
    view.setUint16(upper + 14, 40_000)
    view.setUint32(upper + 20, 0x020405b4)
    locate(this.#layout, view, start, end)
    mend(this.#layout, view)
    this.#deliver(end - at, 0, 0)
  }

  /** An ARP request and a neighbour solicitation from the peer, so that the stack can answer it. */
  #introducePeer(): void {
    const { view, u8, at } = this.device
    u8.fill(0, at, at + 42)
    this.#writeEthernet(0x0806)
    u8.set([0, 1, 8, 0, 6, 4, 0, 1, ...PEER_MAC, ...ip(PAIRS4[0][1])], at + 14)
    u8.set(ip(PAIRS4[0][0]), at + 38)
    this.#deliver(42, 0, 0)
    for (const [us, peer] of PAIRS6) {
      const start = at + 14
      u8.fill(0, at, start + 72)
      this.#writeEthernet(0x86dd)
      view.setUint32(start, 0x60000000)
      view.setUint16(start + 4, 32)
      view.setUint16(start + 6, 0x3aff)
      u8.set(ip(peer), start + 8)
      u8.set(ip(us), start + 24)
      u8[start + 40] = 135
      u8.set(ip(us), start + 48)
      u8.set([1, 1, ...PEER_MAC], start + 64)
      locate(this.#layout, view, start, start + 72)
      mend(this.#layout, view)
      this.#deliver(86, 0, 0)
    }
    this.device.endBurst()
  }

  #writeEthernet(type: number): void {
    if (this.#header === 0) return
    const { u8, view, at } = this.device
    u8.set(OUR_MAC, at)
    u8.set(PEER_MAC, at + 6)
    view.setUint16(at + 12, type)
  }

  #deliver(length: number, checksum: 0 | 1 | 2, gsoSize: number): void {
    this.frames++
    this.device.deliver(length, checksum, gsoSize)
  }

  // ---- frames that are not nice ----------------------------------------------------------------------------

  /** A frame of random bytes; half of them are led past the first checks. */
  randomFrame(): void {
    const { random, device } = this
    const { u8, view, at } = device
    const start = at + this.#header
    const length = randomBelow(random, 160)
    for (let i = 0; i < length; i += 4) view.setUint32(at + i, random.uint32())
    const lead = randomBelow(random, 4)
    if (lead > 0 && length >= this.#header) {
      const type = [0x0800, 0x86dd, 0x0806, 0x0800][randomBelow(random, 4)]
      this.#writeEthernet(type)
      if (lead > 1) u8[start] = type === 0x86dd ? 0x60 : 0x45
      if (lead > 2) this.#addressed(start, at + length, type === 0x86dd)
    }
    this.#deliver(length, this.#checksumState(), this.#gsoSize())
  }

  /** Random bytes behind an IP header that is right. */
  #addressed(start: number, end: number, v6: boolean): void {
    const { u8, view } = this.device
    const { random } = this
    const protocol = [1, 6, 17, 58, 6, 44][randomBelow(random, 6)]
    if (v6 && end - start >= 40) {
      view.setUint16(start + 4, end - start - 40)
      u8[start + 6] = protocol
      u8.set(ip(PAIRS6[0][1]), start + 8)
      u8.set(ip(PAIRS6[0][0]), start + 24)
    } else if (!v6 && end - start >= 20) {
      view.setUint16(start + 2, end - start)
      view.setUint16(start + 6, randomBelow(random, 8) === 0 ? random.uint32() & 0x3fff : 0)
      u8[start + 9] = protocol
      u8.set(ip(PAIRS4[0][1]), start + 12)
      u8.set(ip(PAIRS4[0][0]), start + 16)
    }
    locate(this.#layout, view, start, end)
    mend(this.#layout, view)
  }

  #checksumState(): 0 | 1 | 2 {
    return [0, 0, 0, 0, 0, 0, 1, 2][randomBelow(this.random, 8)] as 0 | 1 | 2
  }

  #gsoSize(): number {
    if (randomBelow(this.random, 16) > 0) return 0
    return [1, 100, 536, 1448, 65_535][randomBelow(this.random, 5)]
  }

  /** A valid frame, mutated, or one of the last ones once more. */
  mutated(samples: readonly Sample[]): void {
    const { random } = this
    if (randomBelow(random, 16) === 0) {
      this.#again(randomBelow(random, KEPT))
      return
    }
    const { device } = this
    const { u8, view, at } = device
    const sample = samples[randomBelow(random, samples.length)]
    let start = at + this.#header
    if (sample.kind === 'raw') {
      u8.set(sample.bytes, at)
      start = at + 14
    } else {
      this.#writeEthernet(sample.bytes[0] >>> 4 === 6 ? 0x86dd : 0x0800)
      if (this.#header > 0) u8.set(sample.mac, at)
      u8.set(sample.bytes, start)
    }
    let end = sample.kind === 'raw' ? at + sample.bytes.length : start + sample.bytes.length
    if (sample.kind === 'tcp' || sample.kind === 'quotes-tcp') this.#aim(sample, start)
    if (sample.kind === 'fragment') this.#identify(start)
    const gsoSize = this.#gsoSize()
    locate(this.#layout, view, start, end)
    if (gsoSize > 0 && this.#layout.upper >= 0 && randomBelow(random, 2) === 0) end = this.#makeSuper(end)
    for (let n = randomBelow(random, 4); n > 0; n--) {
      end = mutate(random, view, at, this.#layout, 64)
      locate(this.#layout, view, start, end)
    }
    if (randomBelow(random, 8) > 0) mend(this.#layout, view)
    const length = end - at
    this.#keep(length)
    this.#deliver(length, this.#checksumState(), gsoSize)
  }

  /** Fragments that come about the same time belong together; later ones are not held back by what became of them. */
  #identify(start: number): void {
    const { view } = this.device
    const id = this.frames >>> 10
    if (view.getUint8(start) >>> 4 === 4) view.setUint16(start + 4, view.getUint16(start + 4) + (id << 3))
    else view.setUint32(start + 44, view.getUint32(start + 44) + (id << 3))
  }

  /** A longer payload, as of segments that were merged. @returns where it ends */
  #makeSuper(end: number): number {
    const { u8, view } = this.device
    const { ip: start, version } = this.#layout
    const grown = end + SUPER_PAYLOAD
    u8.fill(0x55, end, grown)
    if (version === 4) view.setUint16(start + 2, grown - start)
    else view.setUint16(start + 4, grown - start - 40)
    locate(this.#layout, view, start, grown)
    return grown
  }

  #keep(length: number): void {
    if (length > LONGEST_KEPT) return
    const { u8, at } = this.device
    this.#kept[this.#nextKept].set(u8.subarray(at, at + length))
    this.#keptLength[this.#nextKept] = length
    this.#nextKept = (this.#nextKept + 1) % KEPT
  }

  /** Duplicated, or late and so out of order. */
  #again(which: number): void {
    const length = this.#keptLength[which]
    this.device.u8.set(this.#kept[which].subarray(0, length), this.device.at)
    this.#deliver(length, this.#checksumState(), 0)
  }

  /** The frame becomes one of a live connection, or is about one; nearly where that stands. */
  #aim(sample: Sample, start: number): void {
    const { random } = this
    const live = this.#live
    if (live.length === 0) return
    const tcb = live[randomBelow(random, live.length)]
    if (tcb.closeReason !== undefined) return
    const v6 = sample.bytes[0] >>> 4 === 6
    if (tcb.local.isV4 === v6) return
    const { view } = this.device
    this.#writeAddresses(tcb, start, false)
    locate(this.#layout, view, start, start + sample.bytes.length)
    const { upper } = this.#layout
    if (upper < 0) return
    if (sample.kind === 'quotes-tcp') {
      const quoted = upper + 8
      this.#writeAddresses(tcb, quoted, true)
      const segment = quoted + (v6 ? 40 : 20)
      view.setUint16(segment, tcb.localPort)
      view.setUint16(segment + 2, tcb.remotePort)
      view.setInt32(segment + 4, tcb.sndUna + (randomBelow(random, 4) === 0 ? nudge(random) : 0))
      return
    }
    this.#aimSegment(tcb, upper)
  }

  #aimSegment(tcb: Tcb, upper: number): void {
    const { random } = this
    const { view, u8 } = this.device
    view.setUint16(upper, tcb.remotePort)
    view.setUint16(upper + 2, tcb.localPort)
    const early = randomBelow(random, 4) === 0
    view.setInt32(upper + 4, tcb.rcvNxt + (early ? randomBelow(random, 12_000) : 0))
    const flight = (tcb.sndNxt - tcb.sndUna) | 0
    const acked = [0, flight, flight, randomBelow(random, Math.max(0, flight) + 1)][randomBelow(random, 4)]
    view.setInt32(upper + 8, tcb.sndUna + acked)
    const headerEnd = upper + (u8[upper + 12] >>> 4) * 4
    // Timestamps come first where there are any: NOP, NOP, TS.
    if (headerEnd >= upper + 32 && view.getUint32(upper + 20) === 0x0101080a) {
      view.setInt32(upper + 24, tcb.tsRecent + randomBelow(random, 3))
      view.setInt32(upper + 28, tcb.tsOffset + this.clock.now() / 1000 - randomBelow(random, 300))
    }
    this.#aimSack(tcb, upper, headerEnd, flight)
  }

  /** Blocks somewhere in what is in flight. */
  #aimSack(tcb: Tcb, upper: number, headerEnd: number, flight: number): void {
    const { u8, view } = this.device
    for (let at = upper + 20; at + 2 <= headerEnd; at += u8[at] < 2 ? 1 : Math.max(2, u8[at + 1])) {
      if (u8[at] !== 5) continue
      for (let block = at + 2; block + 8 <= Math.min(headerEnd, at + u8[at + 1]); block += 8) {
        const left = randomBelow(this.random, Math.max(1, flight))
        view.setInt32(block, tcb.sndUna + left)
        view.setInt32(block + 4, tcb.sndUna + left + randomBelow(this.random, 3000))
      }
    }
  }

  #writeAddresses(tcb: Tcb, start: number, outgoing: boolean): void {
    const { view } = this.device
    const source = outgoing ? tcb.local : tcb.remote
    const destination = outgoing ? tcb.remote : tcb.local
    if (tcb.local.isV4) {
      view.setInt32(start + 12, source.a3)
      view.setInt32(start + 16, destination.a3)
      return
    }
    view.setInt32(start + 8, source.a0)
    view.setInt32(start + 12, source.a1)
    view.setInt32(start + 16, source.a2)
    view.setInt32(start + 20, source.a3)
    view.setInt32(start + 24, destination.a0)
    view.setInt32(start + 28, destination.a1)
    view.setInt32(start + 32, destination.a2)
    view.setInt32(start + 36, destination.a3)
  }

  /** The peer pings, in IPv4. */
  ask(): void {
    const [us, peer] = PAIRS4[0]
    const bytes = packets.buildFrame({
      ipv4: { source: Uint8Array.from(ip(peer)), destination: Uint8Array.from(ip(us)) },
      icmpv4: { type: 8, body: this.#kept[0].subarray(0, 50) },
    })
    if (this.device.medium === 'ethernet') this.#introducePeer()
    this.#writeEthernet(0x0800)
    this.device.u8.set(bytes, this.device.at + this.#header)
    this.#deliver(this.#header + bytes.length, 0, 0)
    this.device.endBurst()
  }

  /** Something of everything that a closing stack has to give up. */
  leaveSomethingGoingOn(): void {
    const { device } = this
    if (device.medium === 'ethernet') this.#introducePeer()
    this.restock()
    for (let i = 0; i < 4; i++) this.#openPassively()
    const fragment = packets.buildFrame({
      ipv4: {
        source: Uint8Array.from(ip(PAIRS4[0][1])),
        destination: Uint8Array.from(ip(PAIRS4[0][0])),
        protocol: 17,
        moreFragments: true,
        payload: this.#kept[0].subarray(0, 1000),
      },
    })
    this.#writeEthernet(0x0800)
    device.u8.set(fragment, device.at + this.#header)
    this.#deliver(this.#header + fragment.length, 0, 0)
    device.endBurst()
    this.stack.icmp.ping(parseAddress('127.0.0.1')!, {}, () => {})
    this.stack.icmp.ping(parseAddress('10.0.0.77')!, {}, () => {})
    this.udp[1].paused = true
    this.udp[0].send(this.#kept[0].subarray(0, 100), { address: parseAddress('127.0.0.1')!, port: 11 })
  }

  /** The peer answers the last echo request, as far as there was one. */
  answerEcho(): void {
    const { echo, u8, at, view } = this.device
    if (echo.length === 0) return
    u8.set(echo, at)
    this.#writeEthernet(echo[this.#header] >>> 4 === 6 ? 0x86dd : 0x0800)
    const start = at + this.#header
    locate(this.#layout, view, start, at + echo.length)
    const v6 = this.#layout.version === 6
    const size = v6 ? 16 : 4
    const from = start + (v6 ? 8 : 12)
    const source = u8.slice(from, from + size)
    u8.copyWithin(from, from + size, from + 2 * size)
    u8.set(source, from + size)
    u8[this.#layout.upper] = v6 ? 129 : 0
    mend(this.#layout, view)
    this.#deliver(echo.length, 0, 0)
    this.device.echo = new Uint8Array(0)
  }
}

function allow(error: unknown, ...codes: string[]): void {
  if (!(error instanceof TapwireError) || !codes.includes(error.code)) throw error
}
