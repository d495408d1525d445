import {
  type ConnectionHandler,
  packets,
  requireAddress,
  SeededRandom,
  Stack,
  type TcpConnection,
  type TcpListener,
  VirtualClock,
} from '@tapwire/stack'
import { Door } from '../harness/door.ts'
import { addressBytes, ipPacket } from '../harness/peer-packets.ts'
import { Follower } from './follower.ts'
import { CLOSED_PORT, FIRST_PORT, type Peer, WRITTEN } from './peer.ts'
import { BEHAVIOURS, type Behaviour, type Script } from './script.ts'

const OURS = '10.88.0.1'
const THEIRS = '10.88.1.1'
/** Milliseconds of virtual time from a step to the next: about what the kernel's side takes. */
const PAUSE = 400
/** Connections on one stack, before there is a new one. */
const PER_STACK = 400

/** tapwire, in virtual time: one script after the other. */
export class TapwirePeer implements Peer {
  readonly name = 'tapwire'
  readonly #us = addressBytes(OURS)
  readonly #them = addressBytes(THEIRS)
  #world: World | null = null
  #count = 0

  async play(scripts: readonly Script[]): Promise<Follower[]> {
    return scripts.map((script) => this.#playOne(script))
  }

  async close(): Promise<void> {
    await this.#world?.stack.close()
  }

  #playOne(script: Script): Follower {
    if (this.#count++ % PER_STACK === 0) {
      this.#world?.stack.close()
      this.#world = new World()
    }
    const world = this.#world as World
    const follower = new Follower(script)
    const port = 2000 + (this.#count % PER_STACK)
    world.follower = follower
    world.remotePort = port
    world.localPort =
      script.opening === 'closed' ? CLOSED_PORT : FIRST_PORT + BEHAVIOURS.indexOf(script.behaviour)
    if (script.opening === 'active') world.connect(script.behaviour)
    world.clock.advance(PAUSE)
    for (const step of script.steps) {
      this.#send(world, follower.segment(step, port, world.localPort))
      world.clock.advance(PAUSE)
      world.stack.debugInvariants()
    }
    world.follower = null
    this.#send(world, follower.reset(port, world.localPort))
    world.abortAll()
    world.clock.advance(PAUSE)
    return follower
  }

  #send(world: World, tcp: packets.TcpFields): void {
    world.door.deliver(ipPacket(this.#them, this.#us, { tcp }))
    world.door.endBurst()
  }
}

class World {
  readonly clock = new VirtualClock()
  readonly stack: Stack
  readonly door = new Door('ip', null)
  follower: Follower | null = null
  remotePort = 0
  localPort = 0
  readonly #connections: TcpConnection[] = []

  constructor() {
    const limits = { memory: 4 << 20, resetsPerSecond: 1_000_000, challengeAcksPerSecond: 1_000_000 }
    const tcp = { outOfWindowAckInterval: 0 }
    this.stack = new Stack({ clock: this.clock, random: new SeededRandom(1), limits, tcp })
    this.stack.addInterface(this.door, { addresses: [`${OURS}/16`] })
    this.door.onSent = (bytes) => this.#hear(bytes)
    for (const [i, behaviour] of BEHAVIOURS.entries()) {
      this.stack.tcp.listen(
        { port: FIRST_PORT + i },
        { onConnection: (listener) => this.#accept(listener, behaviour) },
      )
    }
  }

  connect(behaviour: Behaviour): void {
    const handler = handlerOf(behaviour)
    const options = { address: requireAddress(THEIRS), port: this.remotePort }
    const connection = this.stack.tcp.connect(options, { ...handler, onConnect: (c) => begin(c, behaviour) })
    this.#connections.push(connection)
    this.localPort = connection.localPort
  }

  abortAll(): void {
    for (const connection of this.#connections.splice(0)) connection.abort()
  }

  #accept(listener: TcpListener, behaviour: Behaviour): void {
    for (let c = listener.accept(); c !== null; c = listener.accept()) {
      c.handler = handlerOf(behaviour)
      this.#connections.push(c)
      begin(c, behaviour)
    }
  }

  #hear(bytes: Uint8Array): void {
    const { tcp } = packets.decodePacket(bytes)
    if (tcp !== undefined && tcp.destinationPort === this.remotePort) this.follower?.hear(tcp)
  }
}

function begin(connection: TcpConnection, behaviour: Behaviour): void {
  if (behaviour === 'write' || behaviour === 'writeShut') connection.write(new Uint8Array(WRITTEN).fill(0x62))
  if (behaviour === 'shut' || behaviour === 'writeShut') connection.shutdown()
  if (behaviour === 'close') connection.close()
}

function handlerOf(behaviour: Behaviour): ConnectionHandler {
  return {
    onReadable: (connection) => {
      if (behaviour !== 'drain' && behaviour !== 'closeAtEnd') return
      connection.consume(connection.readable)
      if (connection.ended && behaviour === 'closeAtEnd') connection.close()
    },
    onClose: (connection) => connection.close(),
  }
}
