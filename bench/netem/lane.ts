import type { ChildProcess } from 'node:child_process'
import type { Cell, Measured, Side } from './cells.ts'
import { Network, SERVERS } from './network.ts'
import type { Answer, Order, PeerReport } from './peer.ts'
import { watchProcessor } from './processor.ts'

/** Milliseconds that a run may take longer than it should. */
const PATIENCE = 60_000
/** Milliseconds for a process to start, on a machine that starts many. */
const START = 120_000

/** A network of its own with the processes at its ends, which stay from run to run: the compiler has warmed up then. */
export class Lane {
  readonly #network: Network
  readonly #client: End
  readonly #servers: { readonly [S in Side]: End }
  #port = 5000

  private constructor(network: Network) {
    this.#network = network
    this.#client = new End(network.startNode(network.client, 'kernel-end.mjs'))
    this.#servers = {
      kernel: new End(network.startNode(network.server, 'kernel-end.mjs')),
      tapwire: new End(network.startNode(network.router, 'tapwire-end.mjs')),
    }
  }

  static async open(): Promise<Lane> {
    const network = await Network.open()
    try {
      const lane = new Lane(network)
      await Promise.all([lane.#client, lane.#servers.kernel, lane.#servers.tapwire].map((end) => end.ready))
      return lane
    } catch (error) {
      network.close()
      throw error
    }
  }

  /** One transfer from end to end. */
  async measure(cell: Cell, side: Side, rate: number, seconds: number): Promise<Measured> {
    const server = this.#servers[side]
    const sends = cell.direction === 'sending'
    await this.#network.impair(cell, rate)
    const port = this.#port++
    const busy = watchProcessor()
    const served = server.order({ serve: port, sends, seconds }, seconds)
    await server.listening
    const order: Order = { connect: port, address: SERVERS[side], sends: !sends, seconds }
    const [atServer, atClient] = await Promise.all([served, this.#client.order(order, seconds)])
    const [sender, receiver] = sends ? [atServer, atClient] : [atClient, atServer]
    return {
      cell: cell.name,
      side,
      rate: (receiver.bytes * 8) / receiver.seconds / 1e6,
      retransmitted: sender.counters.RetransSegs ?? sender.counters.retransmitted ?? 0,
      busy: busy(),
      counters: sender.counters,
    }
  }

  close(): void {
    this.#network.close()
  }
}

/** A process at one end. */
class End {
  readonly #child: ChildProcess
  readonly ready: Promise<void>
  listening: Promise<void> = Promise.resolve()
  #answer: (answer: Answer) => void = () => {}
  #fail: (error: Error) => void = () => {}

  constructor(child: ChildProcess) {
    this.#child = child
    this.ready = within(
      START,
      'start',
      new Promise((resolve, reject) => {
        this.#fail = reject
        this.#answer = (answer) => {
          if ('ready' in answer) resolve()
        }
      }),
    )
    child.on('message', (answer: Answer) => this.#answer(answer))
    child.on('error', (error) => this.#fail(error))
    child.on('exit', (status, signal) =>
      this.#fail(new Error(`an end's process ended (${signal ?? status})`)),
    )
  }

  order(order: Order, seconds: number): Promise<PeerReport> {
    let listening = (): void => {}
    let refused: (error: Error) => void = () => {}
    this.listening = new Promise((resolve, reject) => {
      listening = resolve
      refused = reject
    })
    // Nobody may be waiting for it.
    this.listening.catch(() => {})
    const report = new Promise<PeerReport>((resolve, reject) => {
      this.#fail = (error) => {
        refused(error)
        reject(error)
      }
      this.#answer = (answer) => {
        if ('listening' in answer) listening()
        else if ('done' in answer) resolve(answer.done)
        else if ('failed' in answer) this.#fail(new Error(answer.failed))
      }
    })
    this.#child.send(order)
    return within(seconds * 1000 + PATIENCE, JSON.stringify(order), report)
  }
}

function within<T>(milliseconds: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${milliseconds} ms: ${what}`)), milliseconds)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
