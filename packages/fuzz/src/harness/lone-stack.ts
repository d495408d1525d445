import { type packets, SeededRandom, Stack, VirtualClock } from '@tapwire/stack'
import { Dice, subSeed } from '../dice.ts'
import { mendChecksums } from '../mutators/checksums.ts'
import { mutatePacket } from '../mutators/mutate.ts'
import { Applications } from './applications.ts'
import { Door } from './door.ts'
import { type Flow, Flows } from './flows.ts'
import { addressBytes, framed, introduction, ipPacket } from './peer-packets.ts'
import { Recorder } from './recorder.ts'
import type { World } from './scenario.ts'
import { optionsFor, segmentFor } from './segments.ts'
import { TIGHT_LIMITS } from './tight-limits.ts'

const OUR_MAC = Uint8Array.of(2, 0, 0, 0, 0, 1)
const PEER_MAC = Uint8Array.of(2, 0, 0, 0, 0, 9)
const MACS = { source: PEER_MAC, destination: OUR_MAC }

/** The stack has the first of each pair, its peer the second. */
const PAIRS = [
  ['10.0.0.2', '10.0.0.1'],
  ['fd00::2', 'fd00::1'],
] as const

/** Whom applications speak to: the peer, the stack itself, and somebody who is not there. */
const FAR = ['10.0.0.1', 'fd00::1', '10.0.0.1', 'fd00::1', '127.0.0.1', '10.0.0.50', 'fd00::50'] as const

/** Milliseconds. A peer may ask for a user timeout of an hour (RFC 5482); nothing else takes as long. */
const LONG = 4 * 3_600_000

/** One stack with applications, and all of its outside in the hands of the fuzzer. */
export class LoneStack implements World {
  readonly clock = new VirtualClock()
  readonly dice: Dice
  readonly stack: Stack
  readonly door: Door
  readonly flows = new Flows()
  readonly recorder: Recorder
  readonly apps: Applications
  readonly faults: unknown[] = []
  readonly towards = PAIRS.map(([us, peer]) => ({
    source: addressBytes(peer),
    destination: addressBytes(us),
  }))
  readonly macs = { sourceMac: PEER_MAC, destinationMac: OUR_MAC }
  /** Where IP starts in a frame. */
  readonly header: number
  framesIn = 0
  framesOut = 0
  #memoryBefore: number
  #memoryIdle: number
  #nextPort = 1024
  /** A packet that came once, to come again. */
  #kept: Uint8Array[] = []

  constructor(medium: 'ethernet' | 'ip', seed: number) {
    this.dice = new Dice(subSeed(seed, 1))
    this.header = medium === 'ethernet' ? 14 : 0
    this.recorder = new Recorder(medium, ['stack'])
    this.door = new Door(medium, OUR_MAC)
    const { dice } = this
    this.stack = new Stack({
      clock: this.clock,
      random: new SeededRandom(subSeed(seed, 2)),
      limits: TIGHT_LIMITS,
      conflictDetection: dice.one(4) ? 'optimistic' : 'off',
      tcp: {
        receiveBuffer: dice.pick([4096, 16_384, 131_072]),
        receiveBufferMax: dice.pick([16_384, 131_072]),
        sendBuffer: 16_384,
        sendBufferMax: 65_536,
        timeWait: dice.pick([0, 500, 2000]),
        congestion: dice.pick(['cubic', 'newreno', 'bbr'] as const),
        ecn: dice.pick([true, 'passive', false] as const),
        sack: !dice.one(4),
        timestamps: !dice.one(4),
        windowScaling: !dice.one(4),
        userTimeoutOption: dice.one(4),
        pacing: dice.one(4),
        retries: dice.pick([3, 15]),
        synCookies: dice.pick([true, true, false, 'always'] as const),
      },
    })
    this.stack.events.on('fault', (error) => this.faults.push(error))
    this.#memoryBefore = this.stack.memory.allocated
    this.door.onSent = (bytes) => this.#noteSent(bytes)
    const addresses = PAIRS.map(([us], i) => `${us}/${i === 0 ? 24 : 64}`)
    this.stack.addInterface(this.door, { addresses, gateway: PAIRS.map(([, peer]) => peer) })
    this.#memoryIdle = this.stack.memory.allocated
    this.apps = new Applications(this.stack, dice)
    this.apps.listen(7, 8, dice.one(2) ? 4 : 0)
    this.apps.listen(8, 1)
    this.apps.bind(9, false)
    this.apps.bind(11, true)
    this.introduce()
  }

  #noteSent(bytes: Uint8Array): void {
    this.framesOut++
    this.recorder.note(0, this.clock.epoch + this.clock.now(), true, bytes)
    this.flows.note(bytes, this.header)
  }

  /** A frame comes in, as a burst of its own or with what follows. */
  deliverFrame(frame: Uint8Array): void {
    this.framesIn++
    this.recorder.note(0, this.clock.epoch + this.clock.now(), false, frame)
    this.door.deliver(frame)
    if (!this.dice.one(4)) this.door.endBurst()
  }

  /** An IP packet comes in. */
  deliverPacket(packet: Uint8Array): void {
    if (this.#kept.length < 16) this.#kept.push(packet)
    else this.#kept[this.dice.below(16)] = packet
    this.deliverFrame(this.header === 0 ? packet : framed(MACS, packet))
  }

  /** A packet that came lately comes once more. */
  again(): void {
    if (this.#kept.length > 0) this.deliverPacket(this.dice.pick(this.#kept))
  }

  /** The peer's MAC addresses become known, so that the stack can answer. */
  introduce(): void {
    if (this.header === 0) return
    for (const { source, destination } of this.towards) {
      this.deliverFrame(introduction(MACS, source, destination))
    }
    this.door.endBurst()
  }

  /** A segment of a connection that the stack has. @param damaged also in ways that are no segment any more */
  segment(flow: Flow, fields: packets.TcpFields, damaged: boolean): void {
    const packet = packetOf(flow, fields)
    if (this.dice.one(12)) packet[flow.isV4 ? 1 : 0] |= flow.isV4 ? 3 : 0
    if (this.dice.one(12)) mendChecksums(packet, 0)
    this.deliverPacket(damaged ? mutatePacket(this.dice, packet, 0) : packet)
  }

  /** Somebody opens a connection, and goes on as far as he likes. */
  open(): void {
    const { dice } = this
    const { source, destination } = dice.pick(this.towards)
    const sourcePort = this.#nextPort++
    if (this.#nextPort > 60_000) this.#nextPort = 1024
    const seq = dice.one(4) ? (0xffff_ffff - dice.below(3000)) >>> 0 : dice.uint32()
    const destinationPort = dice.pick([7, 7, 8])
    const options: packets.TcpOption[] = [{ name: 'mss', value: dice.pick([1460, 536, 200]) }]
    if (!dice.one(3))
      options.push({ name: 'sackPermitted' }, { name: 'timestamps', value: 1_000_000, echo: 0 })
    if (!dice.one(3)) options.push({ name: 'windowScale', shift: dice.pick([0, 7, 14]) })
    const tcp = { sourcePort, destinationPort, seq, flags: dice.one(6) ? 0xc2 : 0x02, options }
    this.deliverPacket(ipPacket(source, destination, { tcp }))
    this.door.endBurst()
    const flow = this.flows.list.at(-1)
    if (flow === undefined || flow.remotePort !== sourcePort || dice.one(4)) return
    this.answer(flow)
  }

  /** The peer answers a SYN or SYN-ACK as it should, so that connections get somewhere. */
  answer(flow: Flow): void {
    const { dice } = this
    if (flow.opening === 'no') return
    const ports = { sourcePort: flow.remotePort, destinationPort: flow.localPort }
    const options = optionsFor(dice, flow, flow.opening === 'active')
    const active = flow.opening === 'active'
    const seq = active ? dice.uint32() : flow.expects
    const flags = active ? (dice.one(8) ? 0x02 : 0x12) : 0x10
    this.deliverPacket(packetOf(flow, { ...ports, seq, ack: flow.next, flags, window: 0xffff, options }))
    if (active) flow.expects = (seq + 1) >>> 0
    flow.opening = 'no'
    this.door.endBurst()
  }

  /** An ICMP error about something that the stack has sent. */
  complain(flow: Flow): void {
    const { dice } = this
    const quoted = ipPacket(flow.local, flow.remote, {
      tcp: {
        sourcePort: flow.localPort,
        destinationPort: flow.remotePort,
        seq: (flow.next - dice.below(3000)) >>> 0,
        flags: 0x10,
      },
    })
    const rest = dice.pick([0, 0, 68, 300, 576, 1279, 1280, 1400, 0xffff])
    const message = flow.isV4
      ? {
          icmpv4: {
            type: dice.pick([3, 3, 11, 12, 4]),
            code: dice.pick([0, 1, 2, 3, 4, 4, 13]),
            rest,
            body: quoted,
          },
        }
      : { icmpv6: { type: dice.pick([1, 2, 2, 3, 4]), code: dice.below(8), rest, body: quoted } }
    const packet = ipPacket(flow.remote, flow.local, message)
    this.deliverPacket(dice.one(4) ? mutatePacket(dice, packet, 0) : packet)
  }

  /** A segment of a connection, or a new connection where there is none. */
  talk(damagedOneIn: number): void {
    const flow = this.flows.pick(this.dice)
    if (flow === null) this.open()
    else if (flow.opening !== 'no' && this.dice.one(2)) this.answer(flow)
    else this.segment(flow, segmentFor(this.dice, flow), this.dice.one(damagedOneIn))
  }

  applicationsAct(): void {
    this.apps.act(FAR)
    if (this.dice.one(8)) this.apps.tidy()
  }

  /** Time passes, seldom much; and the device has room, or has not. */
  pass(): void {
    const { dice } = this
    this.door.endBurst()
    this.door.refill(dice.one(8) ? dice.below(20) : 10_000)
    this.clock.advance(dice.one(64) ? dice.pick([1000, 20_000, 120_000]) : dice.below(dice.one(4) ? 400 : 20))
    if (dice.one(4)) this.introduce()
  }

  check(): void {
    if (this.faults.length > 0) throw faultOf(this.faults)
    this.stack.debugInvariants()
  }

  async finish(): Promise<void> {
    const { stack, clock, door } = this
    door.endBurst()
    door.refill(Number.POSITIVE_INFINITY)
    this.apps.closeAll()
    clock.advance(LONG)
    this.check()
    const { sizes } = stack.tcp
    expectNothing(
      'TCP',
      sizes.connections + sizes.halfOpen + sizes.timeWait + sizes.listeners + sizes.orphans,
    )
    expectNothing('memory in use', stack.memory.allocated - this.#memoryIdle)
    expectNothing('UDP sockets', stack.udp.size)
    await stack.close()
    clock.advance(LONG)
    if (this.faults.length > 0) throw faultOf(this.faults)
    expectNothing('memory after the stack has closed', stack.memory.allocated - this.#memoryBefore)
    expectNothing('timers after the stack has closed', stack.engine.timers.size)
  }

  figures(): Readonly<Record<string, number>> {
    const { tcp, icmp, udp, ip } = this.stack
    return {
      framesIn: this.framesIn,
      framesOut: this.framesOut,
      established: tcp.counters.established,
      retransmitted: tcp.counters.retransmitted,
      challengeAcks: tcp.counters.challengeAcks,
      resets: tcp.counters.resetsIn,
      outOfOrder: tcp.counters.outOfOrderIn,
      malformedOptions: tcp.counters.malformedOptions,
      errors: icmp.counters.errorsIn,
      datagrams: udp.counters.delivered,
      reassembled: ip.counters.reassembled,
    }
  }
}

export function expectNothing(what: string, left: number): void {
  if (left !== 0) throw new Error(`Something is left behind: ${what} (${left})`)
}

function faultOf(faults: readonly unknown[]): unknown {
  const [fault] = faults
  return fault instanceof Error ? fault : new Error(`A fault: ${String(fault)}`)
}

/** From the peer of a connection. */
function packetOf(flow: Flow, tcp: packets.TcpFields): Uint8Array {
  return ipPacket(flow.remote, flow.local, { tcp })
}
