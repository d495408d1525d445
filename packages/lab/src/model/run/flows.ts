import { type ConnectionSettings, requireAddress, SeededRandom, type TcpConnection } from '@tapwire/stack'
import type { FlowSettings, HostName } from '../scenario.ts'
import { other, serverPort } from './addresses.ts'
import { behave } from './behaviour.ts'
import { EndOfFlow } from './end-of-flow.ts'
import type { World } from './world.ts'

/** A's ports are drawn from here on; nobody else's are as high. */
const FIRST_PORT = 40_000
const PORTS = 20_000

/** One connection of the scenario, and the applications at its ends. */
export class Flow {
  readonly index: number
  readonly settings: FlowSettings
  readonly ends: Readonly<Record<HostName, EndOfFlow>>
  readonly #world: World
  readonly #portA: number

  constructor(world: World, settings: FlowSettings, index: number, portA: number) {
    this.#world = world
    this.settings = settings
    this.index = index
    this.#portA = portA
    const { recorder } = world
    const end = (host: HostName) =>
      new EndOfFlow(
        (what) => world.soon(host, index, what),
        (call, bytes) => recorder.called(host, index, call, bytes),
      )
    this.ends = { A: end('A'), B: end('B') }
    behave(this, world)
    this.#prepare()
    world.at(settings.start ?? 0, () => this.#open())
  }

  /** Milliseconds of the run at which it begins. */
  get start(): number {
    return this.settings.start ?? 0
  }

  /** An application acts at a time of the run. */
  at(time: number, host: HostName, what: () => void): void {
    this.#world.at(time, () => this.#world.as(host, this.index, what))
  }

  close(host: HostName): void {
    this.#end(host, 'close')
  }

  abort(host: HostName): void {
    this.#end(host, 'abort')
  }

  #end(host: HostName, how: 'close' | 'abort'): void {
    this.#world.as(host, this.index, () => this.ends[host].end(how))
  }

  #prepare(): void {
    const { places, recorder } = this.#world
    const simultaneous = this.settings.app === 'simultaneousOpen'
    const conversation = recorder.conversations.of('A', this.#portA, serverPort(this.index))
    const { A, B } = places
    recorder.book.begin('A', this.index, endpoint(A.address, this.#portA), 'CLOSED', conversation)
    const state = simultaneous ? 'CLOSED' : 'LISTEN'
    recorder.book.begin('B', this.index, endpoint(B.address, serverPort(this.index)), state, conversation)
    if (simultaneous) return
    const backlog = this.settings.app === 'synFlood' ? { backlog: this.settings.backlog } : {}
    this.#world.stacks.B.tcp.listen(
      { port: serverPort(this.index), settings: this.#connectionSettings('B'), ...backlog },
      {
        onConnection: (listener) => {
          for (let one = listener.accept(); one !== null; one = listener.accept()) this.#accept(one)
        },
      },
    )
  }

  #accept(connection: TcpConnection): void {
    if (this.ends.B.connection !== null) return
    this.#set(connection, 'B')
    this.ends.B.adopt(connection)
  }

  #open(): void {
    this.#connect('A', this.#portA, serverPort(this.index))
    if (this.settings.app === 'simultaneousOpen') this.#connect('B', serverPort(this.index), this.#portA)
  }

  #connect(host: HostName, localPort: number, port: number): void {
    const { places, stacks } = this.#world
    this.#world.as(host, this.index, () => {
      const address = requireAddress(places[other(host)].address)
      const settings = this.#connectionSettings(host)
      const end = this.ends[host]
      this.#world.recorder.called(host, this.index, 'connect', 0)
      const connection = stacks[host].tcp.connect({ address, port, localPort, settings }, end)
      end.connection = connection
      this.#set(connection, host)
      const { keepAlive = 0 } = this.settings
      if (keepAlive > 0) connection.setKeepAlive(true, { idle: keepAlive, interval: keepAlive })
    })
  }

  #set(connection: TcpConnection, host: HostName): void {
    const { nagle = true, congestion = this.#world.scenario.hosts[host].congestion } = this.settings
    if (!nagle) connection.noDelay = true
    if (congestion !== undefined) connection.congestion = congestion
  }

  #connectionSettings(host: HostName): ConnectionSettings {
    const { sendBuffer = 0, receiveBuffer = 0, maxSegment = 0 } = this.#world.scenario.hosts[host]
    return { sendBuffer, receiveBuffer, maxSegment }
  }
}

function endpoint(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

/** A's port of each flow: the same seed gives the same ones. */
export function portsOf(seed: number, flows: number): number[] {
  const random = new SeededRandom(seed)
  const first = FIRST_PORT + (random.uint32() % PORTS)
  return Array.from({ length: flows }, (_, i) => first + i)
}

/** Which flow has such a pair of ports; what is nobody's counts to the first. */
export function flowOfPorts(ports: readonly number[], portA: number, portB: number): number {
  const byClient = ports.indexOf(portA)
  if (byClient >= 0) return byClient
  const byServer = portB - serverPort(0)
  return byServer >= 0 && byServer < ports.length ? byServer : 0
}
