import {
  type ConnectOptions,
  createCable,
  type ImpairedDevice,
  impair,
  requireAddress,
  SeededRandom,
  Stack,
  TapwireError,
  type TcpConnection,
  type TcpListener,
  VirtualClock,
} from '@tapwire/stack'
import { Dice, subSeed } from '../dice.ts'
import { Attacker } from './attacker.ts'
import { expectNothing } from './lone-stack.ts'
import { Recorder } from './recorder.ts'
import type { World } from './scenario.ts'
import { StreamEnd } from './stream.ts'

/** Milliseconds in which even a connection whose peer says nothing any more is given up. */
const LONG = 2 * 3_600_000

/** Microseconds in which a connection comes about on the other side, or not at all. */
const LONGEST_HANDSHAKE = 300_000_000

const PORTS = [7, 8] as const

/** Two stacks on a cable that can be made as bad as one likes, with somebody on the path; and all connections between them. */
export class TwoStacks implements World {
  readonly clock = new VirtualClock()
  readonly dice: Dice
  readonly stacks: readonly [Stack, Stack]
  readonly link: ImpairedDevice
  readonly attacker: Attacker
  readonly recorder = new Recorder('ip', ['b'])
  readonly ends = new Map<string, StreamEnd>()
  readonly faults: unknown[] = []
  readonly #listeners: TcpListener[] = []
  /** Connections for which something was forged, some before they came about; true where it had data. */
  readonly #forged = new Map<string, boolean>()
  readonly #idle: readonly { memory: number; timers: number }[]
  #nextPort = 20_000
  #finishing = false
  delivered = 0
  opened = 0
  stalled = 0

  constructor(seed: number) {
    const { clock } = this
    const dice = new Dice(subSeed(seed, 1))
    this.dice = dice
    const [a, b] = createCable({ clock, medium: 'ip' })
    this.link = impair(a, { clock, seed: subSeed(seed, 2), latency: 5 })
    this.attacker = new Attacker(b, dice)
    this.attacker.onPacket = (outbound, bytes) =>
      this.recorder.note(0, clock.epoch + clock.now(), outbound, bytes)
    this.attacker.onForged = (portA, portB, withData) => this.#taint(portA, portB, withData)
    const tcp = {
      congestion: dice.pick(['cubic', 'newreno', 'bbr'] as const),
      ecn: dice.pick([true, 'passive', false] as const),
      pacing: dice.one(4),
      sack: !dice.one(5),
      timestamps: !dice.one(5),
      windowScaling: !dice.one(5),
      receiveBuffer: dice.pick([4096, 32_768, 131_072]),
      fastOpenServer: dice.pick([0, 8]),
      timeWait: dice.pick([500, 60_000]),
    }
    const limits = { memory: dice.one(3) ? 1 << 20 : 16 << 20 }
    this.stacks = [0, 1].map((i) => {
      const stack = new Stack({ clock, random: new SeededRandom(subSeed(seed, 3 + i)), tcp, limits })
      stack.events.on('fault', (error) => this.faults.push(error))
      const addresses = [`10.9.0.${i + 1}/24`, `fd09::${i + 1}/64`]
      stack.addInterface(i === 0 ? this.link : this.attacker, { addresses })
      return stack
    }) as unknown as readonly [Stack, Stack]
    this.#idle = this.stacks.map(({ memory, engine }) => ({
      memory: memory.allocated,
      timers: engine.timers.size,
    }))
    this.listenAll()
  }

  listenAll(): void {
    for (const side of [0, 1] as const) for (const port of PORTS) this.#listen(side, port)
  }

  unlistenAll(): void {
    for (const listener of this.#listeners.splice(0)) listener.close()
  }

  #listen(side: 0 | 1, port: number): void {
    const onConnection = (listener: TcpListener): void => {
      for (let c = listener.accept(); c !== null; c = listener.accept()) this.#adopt(c)
    }
    this.#listeners.push(this.stacks[side].tcp.listen({ port }, { onConnection }))
  }

  connect(): void {
    const { dice } = this
    const side = dice.pick([0, 1] as const)
    const address = requireAddress(`${dice.one(2) ? '10.9.0.' : 'fd09::'}${2 - side}`)
    const port = dice.one(20) ? 9 : dice.pick(PORTS)
    const options: ConnectOptions = { address, port, localPort: this.#nextPort++, fastOpen: dice.one(4) }
    if (this.#nextPort > 60_000) this.#nextPort = 20_000
    try {
      this.#adopt(this.stacks[side].tcp.connect(options, {}))
      this.opened++
    } catch (error) {
      if (!(error instanceof TapwireError) || error.code !== 'EADDRINUSE') throw error
    }
  }

  /** One of the ends that are not over yet, or null. */
  someEnd(): StreamEnd | null {
    const ends = [...this.ends.values()]
    return ends.length === 0 ? null : this.dice.pick(ends)
  }

  #adopt(connection: TcpConnection): void {
    const name = nameOf(connection.localPort, connection.remotePort)
    const end = new StreamEnd(connection, () =>
      this.ends.get(nameOf(connection.remotePort, connection.localPort)),
    )
    // A second connection with the ports of one that has failed.
    const before = this.ends.get(name)
    if (before !== undefined && before.connection.closeReason === undefined) end.forged = true
    const forged = this.#forged.get(name)
    end.attacked = forged !== undefined
    end.forged ||= forged === true
    this.ends.set(name, end)
    if (this.#finishing) wind(end)
  }

  #taint(portA: number, portB: number, withData: boolean): void {
    for (const name of [nameOf(portA, portB), nameOf(portB, portA)]) {
      this.#forged.set(name, withData || this.#forged.get(name) === true)
      const end = this.ends.get(name)
      if (end === undefined) continue
      end.attacked = true
      if (withData) end.forged = true
    }
  }

  check(): void {
    if (this.faults.length > 0) throw this.faults[0]
    for (const stack of this.stacks) stack.debugInvariants()
    for (const end of this.ends.values()) {
      const problem = end.problem()
      // Damage that no checksum shows is nothing that a stack can know of.
      if (problem !== null && this.attacker.collisions === 0) throw new Error(problem)
    }
  }

  /** Those that are over on both sides are forgotten; those that never had another side after some minutes. */
  tidy(): void {
    for (const [name, end] of this.ends) {
      if (end.connection.closeReason === undefined) continue
      const otherName = nameOf(end.connection.remotePort, end.connection.localPort)
      const other = this.ends.get(otherName)
      if (other === undefined) {
        end.overSince ??= this.clock.now()
        if (this.clock.now() - end.overSince < LONGEST_HANDSHAKE) continue
      } else if (other.connection.closeReason === undefined) continue
      for (const one of other === undefined ? [end] : [end, other]) {
        this.delivered += one.received
        one.close()
      }
      this.ends.delete(name)
      this.ends.delete(otherName)
    }
  }

  /** The link is mended, and everybody finishes: what was written arrives, and nothing stays behind. */
  async finish(): Promise<void> {
    const { clock, link, attacker } = this
    attacker.malice = { flip: 0, cut: 0, forge: 0, forgeData: 0, complain: 0 }
    link.set({
      latency: 5,
      jitter: 0,
      loss: 0,
      duplicate: 0,
      reorder: 0,
      corrupt: 0,
      bandwidth: Number.POSITIVE_INFINITY,
    })
    this.#finishing = true
    for (const end of this.ends.values()) wind(end)
    const over = (): boolean =>
      [...this.ends.values()].every((end) => end.connection.closeReason !== undefined)
    clock.runUntil(over, LONG)
    this.check()
    this.#giveUpStalled()
    for (const end of this.ends.values()) this.#checkDelivery(end)
    for (const end of this.ends.values()) {
      this.delivered += end.received
      end.close()
    }
    this.unlistenAll()
    clock.advance(LONG)
    this.check()
    for (const [i, stack] of this.stacks.entries()) this.#checkRest(i, stack)
    await Promise.all(this.stacks.map((stack) => stack.close()))
  }

  /** SND.WL1 beyond what the peer will ever send, a FIN that it never sent: no TCP recovers from what an attacker on the path can do. */
  #giveUpStalled(): void {
    for (const end of this.ends.values()) {
      if (end.connection.closeReason !== undefined || !(end.attacked || this.attacker.collisions > 0))
        continue
      this.stalled++
      end.abort()
    }
  }

  #checkDelivery(end: StreamEnd): void {
    const { connection } = end
    const other = this.ends.get(nameOf(connection.remotePort, connection.localPort))
    if (connection.closeReason === undefined) throw new Error(`port ${connection.localPort} never ends`)
    if (connection.closeReason !== null || end.gone || end.forged || other === undefined || other.gone) return
    if (other.connection.closeReason !== null || this.attacker.collisions > 0) return
    if (end.received === other.sent) return
    throw new Error(`port ${connection.localPort}: ${end.received} bytes arrived of ${other.sent}`)
  }

  #checkRest(i: number, { memory, engine, tcp }: Stack): void {
    const { connections, halfOpen, timeWait } = tcp.sizes
    expectNothing(`TCP of stack ${i}`, connections + halfOpen + timeWait)
    expectNothing(`memory of stack ${i}`, memory.allocated - this.#idle[i].memory)
    expectNothing(`timers of stack ${i}`, engine.timers.size - this.#idle[i].timers)
  }

  figures(): Readonly<Record<string, number>> {
    const [a, b] = this.stacks.map((stack) => stack.tcp.counters)
    return {
      connections: this.opened,
      delivered: this.delivered,
      retransmitted: a.retransmitted + b.retransmitted,
      recoveries: a.fastRecoveries + b.fastRecoveries,
      badChecksums: a.droppedBadChecksum + b.droppedBadChecksum,
      forged: this.attacker.forged,
      flipped: this.attacker.flipped,
      collisions: this.attacker.collisions,
      stalled: this.stalled,
    }
  }
}

/** It takes what comes, says no more, and finds out when it has lost the other side without knowing. */
function wind(end: StreamEnd): void {
  end.eager = true
  end.read(Number.POSITIVE_INFINITY)
  end.shutdown()
  end.connection.setKeepAlive(true, { idle: 60_000, interval: 1000, count: 3 })
}

function nameOf(from: number, to: number): string {
  return `${from} to ${to}`
}
