import { Dice, TIGHT_LIMITS } from '@tapwire/fuzz'
import {
  type ConnectionHandler,
  type LinkDevice,
  parseAddress,
  SeededRandom,
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
import { pattern } from '../support/packets.ts'
import { GROUP4, GROUP6, PAIRS4, PAIRS6 } from './corpus.ts'
import { Outside } from './outside.ts'

export const LIMITS = { ...TIGHT_LIMITS, memory: 16 << 20, icmpErrorsPerSecond: 20 } as const

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
const DATAGRAM = pattern(2048)

/**
 * A stack that has everything going on at once, and the outside of its one door: connections in many states, sockets, pings,
 * fragments. Whatever the frames do to it, `restock` brings it back to that.
 */
export class LiveStack {
  readonly clock = new VirtualClock()
  readonly dice: Dice
  readonly outside: Outside
  readonly stack: Stack
  readonly faults: unknown[] = []
  readonly udp: UdpSocket[] = []
  listener!: TcpListener
  /** Memory that a stack has without an interface and without anything going on. */
  readonly idleMemory: number
  pingsSent = 0
  pingsEnded = 0
  addressesLost = 0
  readonly #connections: TcpConnection[] = []
  #nextPort = 1024

  constructor(medium: LinkDevice['medium'], offloads: boolean, seed: number) {
    this.dice = new Dice(seed)
    this.outside = new Outside(medium, offloads, this.dice, () => this.clock.now())
    this.stack = new Stack({
      clock: this.clock,
      random: new SeededRandom(seed + 1),
      limits: LIMITS,
      tcp: TCP,
    })
    this.idleMemory = this.stack.memory.allocated
    this.stack.events.on('fault', (error) => this.faults.push(error))
    const own = [...PAIRS4.map(([us]) => `${us}/24`), ...PAIRS6.map(([us]) => `${us}/64`)]
    this.stack.addInterface(this.outside.device, { addresses: own, gateway: [PAIRS4[0][1], PAIRS6[0][1]] })
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
    const { outside, dice } = this
    const { device } = outside
    device.endBurst()
    device.refill(4096)
    outside.introducePeer()
    this.#regainAddresses()
    this.#actAll()
    for (let i = 0; i < 6; i++) this.#openPassively()
    for (let i = 0; i < 2; i++) this.#openActively()
    this.#pingAndSend()
    device.endBurst()
    device.refill(dice.one(4) ? 20 : 4096)
    this.clock.advance(dice.one(16) ? 20_000 : dice.below(250))
    if (dice.one(64)) this.clock.advance(120_000)
    this.#noteLive()
  }

  #noteLive(): void {
    const { live } = this.outside
    live.length = 0
    this.stack.tcp.context.connections.each((tcb) => live.push(tcb))
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
    const { dice } = this
    for (let i = this.#connections.length - 1; i >= 0; i--) {
      const connection = this.#connections[i]
      if (connection.closeReason !== undefined) {
        connection.close()
        this.#connections.splice(i, 1)
      } else if (dice.one(3)) this.#act(connection)
    }
  }

  #act(connection: TcpConnection): void {
    const { dice } = this
    switch (dice.below(12)) {
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
          connection.write(WRITTEN.subarray(0, dice.below(WRITTEN.length)))
        }
    }
  }

  /** A SYN, and the ACK that its SYN-ACK asks for; one in three stays half open. */
  #openPassively(): void {
    const { dice, stack } = this
    const { connections, halfOpen } = stack.tcp.sizes
    if (connections >= LIMITS.connections - 8 || halfOpen >= LIMITS.synBacklog) return
    const v6 = dice.one(2)
    const pair = dice.pick(v6 ? PAIRS6 : PAIRS4)
    const remotePort = this.#nextPort++
    if (this.#nextPort > 30_000) this.#nextPort = 1024
    const seq = dice.uint32()
    this.outside.segment(pair, remotePort, seq, 0, 0x02)
    this.outside.device.endBurst()
    if (dice.one(3)) return
    let half: HalfOpen | null = null
    stack.tcp.context.halfOpen.each((record) => {
      if (record.remotePort === remotePort) half = record
    })
    if (half !== null) this.outside.segment(pair, remotePort, seq + 1, (half as HalfOpen).sndNxt, 0x10)
    this.outside.device.endBurst()
  }

  #openActively(): void {
    const { dice, stack } = this
    if (stack.tcp.sizes.connections >= LIMITS.connections - 8) return
    const pair = dice.pick(dice.one(2) ? PAIRS6 : PAIRS4)
    // Sometimes to somebody who does not exist.
    const far = dice.one(4)
    const address = parseAddress(far ? `10.0.0.${10 + dice.below(60)}` : pair[1])!
    try {
      this.#connections.push(stack.tcp.connect({ address, port: 80 }, this.#handler))
    } catch (error) {
      allow(error, 'ENOBUFS', 'EADDRNOTAVAIL', 'ENETUNREACH', 'EHOSTUNREACH')
    }
  }

  #pingAndSend(): void {
    const { dice, stack } = this
    const pair = dice.pick(dice.one(2) ? PAIRS6 : PAIRS4)
    const address = parseAddress(dice.one(4) ? `10.0.0.${10 + dice.below(60)}` : pair[1])!
    try {
      stack.icmp.ping(address, {}, () => this.pingsEnded++)
      this.pingsSent++
    } catch (error) {
      allow(error, 'ENOBUFS', 'EADDRNOTAVAIL', 'ENETUNREACH', 'EHOSTUNREACH', 'EMSGSIZE')
    }
    try {
      this.udp[0].send(DATAGRAM.subarray(0, dice.below(DATAGRAM.length)), { address, port: 5353 })
      this.udp[2].send(DATAGRAM.subarray(0, 100))
    } catch (error) {
      allow(error, 'ENOBUFS', 'EADDRNOTAVAIL', 'ENETUNREACH', 'EHOSTUNREACH', 'EMSGSIZE')
    }
    if (dice.one(8)) {
      this.udp[1].paused = false
      this.udp[1].paused = true
    }
  }

  /** Something of everything that a closing stack has to give up. */
  leaveSomethingGoingOn(): void {
    this.outside.introducePeer()
    this.restock()
    for (let i = 0; i < 4; i++) this.#openPassively()
    this.outside.loneFragment()
    this.stack.icmp.ping(parseAddress('127.0.0.1')!, {}, () => {})
    this.stack.icmp.ping(parseAddress('10.0.0.77')!, {}, () => {})
    this.udp[1].paused = true
    this.udp[0].send(DATAGRAM.subarray(0, 100), { address: parseAddress('127.0.0.1')!, port: 11 })
  }
}

function allow(error: unknown, ...codes: string[]): void {
  if (!(error instanceof TapwireError) || !codes.includes(error.code)) throw error
}
