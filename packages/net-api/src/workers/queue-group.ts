import { EventEmitter } from 'node:events'
import type { Worker } from 'node:worker_threads'
import type { TapQueues } from '@tapwire/tap-driver'
import type { FromWorker, QueueCounters, QueueStats, ToWorker } from './messages.ts'
import { addCounters } from './sum.ts'

/** Milliseconds that a thread has to close what it opened; after that it is ended. */
const TIME_TO_CLOSE = 5000

/** What a group has counted; the counters of a queue that failed are those of the last time they were asked for. */
export interface GroupStats {
  readonly total: QueueCounters
  readonly queues: readonly QueueStats[]
}

/** Why a queue ended by itself. */
export interface QueueFailure extends Error {
  /** The queue's number. */
  readonly queue: number
}

interface GroupEvents {
  /**
   * The thread of a queue ended by itself: its connections are lost, the others take its flows from now on, and answer what is
   * left of them with a reset. Without a listener the error is uncaught, as a worker's is.
   */
  error: [QueueFailure]
  /** No queue is left: once, by `close()` or because all have failed. */
  close: []
}

/** The queues of an interface with a thread and a stack for each, as `startQueues` has started them. Keeps the process alive. */
export class QueueGroup extends EventEmitter<GroupEvents> {
  /** The interface's name, index and link-layer address on the kernel's side. */
  readonly name: string
  readonly hostIndex: number
  readonly hostMac: string
  /** @internal Settles when all modules have run. */
  readonly running: Promise<void>
  readonly #tap: TapQueues
  readonly #workers = new Map<number, Worker>()
  readonly #lastStats: (QueueStats | undefined)[] = []
  /** Who waits for an answer of which queue, by the number of the question. */
  readonly #asked = new Map<number, { readonly index: number; answer(stats: QueueStats | null): void }>()
  readonly #failures = new Map<number, Error>()
  #nextId = 0
  #closing: Promise<void> | null = null
  #started = false
  #stop: (error: Error) => void = () => {}

  /** @internal */
  constructor(tap: TapQueues, workers: readonly Worker[]) {
    super()
    this.#tap = tap
    this.name = tap.name
    this.hostIndex = tap.hostIndex
    this.hostMac = tap.hostMac
    const first = workers.map((worker, index) => this.#watch(worker, index))
    const failed = new Promise<never>((_, reject) => {
      this.#stop = reject
    })
    this.running = Promise.race([Promise.all(first), failed]).then(
      () => {
        this.#started = true
      },
      async (error: Error) => {
        await this.close()
        throw error
      },
    )
  }

  /** How many queues are served. */
  get size(): number {
    return this.#workers.size
  }

  /** Asks every thread for its counters, and adds them up. */
  async stats(): Promise<GroupStats> {
    await Promise.all([...this.#workers].map(([index, worker]) => this.#ask(index, worker)))
    const queues = this.#lastStats.filter((stats) => stats !== undefined)
    const [head, ...rest] = queues.map(({ index: _, ...counters }) => counters as QueueCounters)
    if (head === undefined) throw new Error('No queue of this group has told its counters')
    return { total: rest.reduce(addCounters, head), queues }
  }

  /**
   * Closes every stack and ends its thread, after what its module returned has run; then the interface goes. Calling it again
   * waits for the same.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#workers].map(([index, worker]) => this.#end(index, worker)))
    this.#tap.close()
  }

  #end(index: number, worker: Worker): Promise<void> {
    return new Promise((resolve) => {
      const impatience = setTimeout(() => {
        // A thread that is ended from outside must not have anything to read any more: see `TapDevice`.
        this.#tap.closeQueue(index)
        void worker.terminate()
      }, TIME_TO_CLOSE)
      worker.once('exit', () => {
        clearTimeout(impatience)
        resolve()
      })
      worker.postMessage({ ask: 'close' } satisfies ToWorker)
    })
  }

  /** @returns when the module of this queue has run */
  #watch(worker: Worker, index: number): Promise<void> {
    this.#workers.set(index, worker)
    const running = new Promise<void>((resolve) => {
      worker.on('message', (message: FromWorker) => {
        if (message.say === 'running') resolve()
        else this.#answered(message.id, message.stats)
      })
    })
    worker.on('error', (error) => this.#failures.set(index, error))
    worker.on('exit', (code) => this.#ended(index, code))
    return running
  }

  async #ask(index: number, worker: Worker): Promise<void> {
    const id = this.#nextId++
    const stats = await new Promise<QueueStats | null>((resolve) => {
      this.#asked.set(id, { index, answer: resolve })
      worker.postMessage({ ask: 'stats', id } satisfies ToWorker)
    })
    if (stats !== null) this.#lastStats[index] = stats
  }

  #answered(id: number, stats: QueueStats | null): void {
    this.#asked.get(id)?.answer(stats)
    this.#asked.delete(id)
  }

  #ended(index: number, code: number): void {
    this.#workers.delete(index)
    for (const [id, asked] of this.#asked) if (asked.index === index) this.#answered(id, null)
    // Nobody reads it any more: the kernel has to choose among the others.
    this.#tap.closeQueue(index)
    if (this.#closing === null) this.#failed(index, code)
    if (this.#workers.size === 0) this.emit('close')
  }

  #failed(index: number, code: number): void {
    const cause = this.#failures.get(index)
    const why = cause?.message ?? `it ended with status ${code}`
    const failure = Object.assign(
      new Error(`The thread of queue ${index} of ${this.name} has ended: ${why}`, { cause }),
      { queue: index },
    )
    if (this.#started) this.emit('error', failure)
    else this.#stop(failure)
  }
}
