import type { ChildProcess } from 'node:child_process'
import { ADDRESSES, type Cpus, Network, type Target } from './network.ts'
import {
  type Answers,
  type Figure,
  isBulk,
  type LoadOrder,
  type Order,
  type Reply,
  type Usage,
} from './tasks.ts'

/** Milliseconds for an answer, on a machine that does other things as well. */
const PATIENCE = 120_000

export interface Measured {
  readonly target: string
  readonly figure: Figure
  readonly connections: number
  /** Bytes per second; round trips or connections per second; bytes per held connection. */
  readonly value: number
  /** Seconds of processor time of server and load, and what was moved in it: bytes, round trips, connections. */
  readonly cpu: number
  readonly amount: number
}

/** A target that is up: its network, its server, and the load before it. */
export class BenchTarget {
  readonly target: Target
  readonly #network: Network
  readonly #server: End
  readonly #load: End

  private constructor(network: Network) {
    const { target } = network
    this.target = target
    this.#network = network
    const args = [target.offload ? 'on' : 'off', String(target.rtt)]
    this.#server = new End(network.start('server', `${target.stack}-end.ts`, args))
    this.#load = new End(network.start('load', 'load-end.ts'))
  }

  static async open(target: Target, cpus: Cpus): Promise<BenchTarget> {
    const network = await Network.open(target, cpus)
    try {
      const bench = new BenchTarget(network)
      await Promise.all([bench.#server.ready, bench.#load.ready])
      await network.settle()
      return bench
    } catch (error) {
      network.close()
      throw error
    }
  }

  /** One run. @param settle milliseconds before bytes count @throws Error when a process is gone, or does not answer */
  async measure(figure: Figure, connections: number, seconds: number, settle: number): Promise<Measured> {
    const order: LoadOrder = { figure, address: ADDRESSES.server, connections, seconds }
    const result = isBulk(figure)
      ? await this.#transfer(order, settle)
      : figure === 'memory'
        ? await this.#hold(order)
        : await this.#count(order)
    return { target: this.target.name, figure, connections, ...result }
  }

  /** What came in at the other end, by the clock of that end, between two moments in the middle of it. */
  async #transfer(order: LoadOrder, settle: number): Promise<Result> {
    await this.#load.ask(order)
    await sleep(settle)
    const [server, load] = await this.#usages()
    await sleep(order.seconds * 1000)
    const [serverAfter, loadAfter] = await this.#usages()
    await this.#load.ask('stop')
    const [from, to] = order.figure === 'rx' ? [server, serverAfter] : [load, loadAfter]
    const amount = to.received - from.received
    const cpu = serverAfter.cpu - server.cpu + loadAfter.cpu - load.cpu
    return { value: (amount * 1000) / (to.now - from.now), amount, cpu }
  }

  async #count(order: LoadOrder): Promise<Result> {
    const [server, load] = await this.#usages()
    const answer = (await this.#load.ask(order)) as Answers['load']
    const [serverAfter, loadAfter] = await this.#usages()
    return { ...answer!, cpu: serverAfter.cpu - server.cpu + loadAfter.cpu - load.cpu }
  }

  async #hold(order: LoadOrder): Promise<Result> {
    const before = await this.#server.usage('rest')
    await this.#load.ask(order)
    const after = await this.#server.usage('rest')
    await this.#load.ask({ ...order, connections: 0 })
    return { value: (after.rss - before.rss) / order.connections, amount: order.connections, cpu: 0 }
  }

  #usages(): Promise<[Usage, Usage]> {
    return Promise.all([this.#server.usage('usage'), this.#load.usage('usage')])
  }

  close(): void {
    this.#network.close()
  }
}

type Result = Pick<Measured, 'value' | 'amount' | 'cpu'>

const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds)
  })

interface Waiting {
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: Error) => void
}

/** A process that answers. */
class End {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, Waiting>()
  readonly ready: Promise<void>
  #asked = 0

  constructor(child: ChildProcess) {
    this.#child = child
    child.on('error', (error) => this.#fail(error))
    child.on('exit', (status, signal) =>
      this.#fail(new Error(`a process of the benchmark ended (${signal ?? status})`)),
    )
    child.on('message', (reply: Reply) => {
      const id = 'ready' in reply ? 0 : reply.id
      const waiting = this.#waiting.get(id)
      this.#waiting.delete(id)
      if ('failed' in reply) waiting?.reject(new Error(reply.failed))
      else waiting?.resolve('done' in reply ? reply.done : null)
    })
    this.ready = this.#answer(0, 'that it is ready').then(() => {})
  }

  ask(order: Order): Promise<unknown> {
    const id = ++this.#asked
    this.#child.send({ id, order })
    return this.#answer(id, JSON.stringify(order))
  }

  usage(order: 'usage' | 'rest'): Promise<Usage> {
    return this.ask(order) as Promise<Usage>
  }

  #answer(id: number, what: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id)
        reject(new Error(`a process of the benchmark does not answer: ${what}`))
      }, PATIENCE)
      const over = (end: () => void): void => {
        clearTimeout(timer)
        end()
      }
      this.#waiting.set(id, {
        resolve: (answer) => over(() => resolve(answer)),
        reject: (error) => over(() => reject(error)),
      })
    })
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}
