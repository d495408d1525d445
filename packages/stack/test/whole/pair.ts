import { StreamEnd } from '@tapwire/fuzz'
import {
  type ConnectOptions,
  createCable,
  type ImpairedDevice,
  impair,
  type Limits,
  parseAddress,
  SeededRandom,
  Stack,
  type TcpConnection,
  type TcpListener,
  type TcpSettings,
  VirtualClock,
} from '../../src/index.ts'

export interface PairOptions {
  readonly seed: number
  readonly tcp?: TcpSettings
  readonly limits?: Partial<Limits>
}

/** Two stacks on a cable that can be made as bad as one likes, and the ends of all connections between them. */
export class Pair {
  readonly clock = new VirtualClock()
  readonly stacks: readonly [Stack, Stack]
  readonly link: ImpairedDevice
  readonly ends = new Map<string, StreamEnd>()
  readonly listeners: TcpListener[] = []
  readonly faults: unknown[] = []
  readonly #idle: readonly { memory: number; timers: number }[]

  constructor(options: PairOptions) {
    const { clock } = this
    const { seed, tcp = {}, limits = {} } = options
    const [a, b] = createCable({ clock, medium: 'ip' })
    this.link = impair(a, { clock, seed, latency: 5 })
    this.stacks = [0, 1].map((i) => {
      const stack = new Stack({ clock, random: new SeededRandom(seed * 2 + i), tcp, limits })
      stack.events.on('fault', (error) => this.faults.push(error))
      stack.addInterface(i === 0 ? this.link : b, { addresses: [`10.9.0.${i + 1}/24`, `fd09::${i + 1}/64`] })
      return stack
    }) as unknown as readonly [Stack, Stack]
    this.#idle = this.stacks.map(({ memory, engine }) => ({
      memory: memory.allocated,
      timers: engine.timers.size,
    }))
  }

  listen(side: 0 | 1, port: number): void {
    const listener = this.stacks[side].tcp.listen(
      { port },
      {
        onConnection: () => {
          for (let c = listener.accept(); c !== null; c = listener.accept()) this.#adopt(c)
        },
      },
    )
    this.listeners.push(listener)
  }

  connect(side: 0 | 1, localPort: number, port: number, family: 4 | 6 = 4): StreamEnd {
    const address = parseAddress(`${family === 4 ? '10.9.0.' : 'fd09::'}${2 - side}`)
    if (address === null) throw new Error('no address')
    const options: ConnectOptions = { address, port, localPort }
    return this.#adopt(this.stacks[side].tcp.connect(options, {}))
  }

  #adopt(connection: TcpConnection): StreamEnd {
    const end = new StreamEnd(connection, () =>
      this.ends.get(streamName(connection.remotePort, connection.localPort)),
    )
    this.ends.set(streamName(connection.localPort, connection.remotePort), end)
    return end
  }

  /** @returns what is left in either stack that was not there when it began, in words; empty when nothing is */
  leftovers(): string[] {
    const left: string[] = []
    for (const [i, { memory, engine, tcp }] of this.stacks.entries()) {
      const { connections, halfOpen, timeWait } = tcp.sizes
      if (connections + halfOpen + timeWait > 0) left.push(`stack ${i}: ${JSON.stringify(tcp.sizes)}`)
      const bytes = memory.allocated - this.#idle[i].memory
      if (bytes !== 0) left.push(`stack ${i}: ${bytes} bytes`)
      const timers = engine.timers.size - this.#idle[i].timers
      if (timers !== 0) left.push(`stack ${i}: ${timers} timers`)
      const { blocked, notify, output } = tcp.context
      if (blocked.size + notify.size + output.size > 0) left.push(`stack ${i}: work`)
    }
    return left
  }
}

function streamName(from: number, to: number): string {
  return `${from} to ${to}`
}
