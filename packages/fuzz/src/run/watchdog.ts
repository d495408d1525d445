import { Worker } from 'node:worker_threads'

/** Watches from a thread of its own, for a program that hangs cannot watch itself. */
const WATCHER = `
const { workerData } = require('node:worker_threads')
const { shared, seconds } = workerData
const beats = new Int32Array(shared)
let last = -1
let quiet = 0
setInterval(() => {
  const beat = Atomics.load(beats, 0)
  quiet = beat === last ? quiet + 1 : 0
  last = beat
  if (quiet < seconds) return
  const text = Buffer.from(new Uint8Array(shared, 8, Atomics.load(beats, 1))).toString()
  require('node:fs').writeSync(2, '\\nIt hangs: no step has ended for ' + seconds + ' s in ' + text + '\\n')
  process.kill(process.pid, 'SIGKILL')
}, 1000)
`

/** Ends the process, and says in which scenario it was, when no step ends for a while. */
export class Watchdog {
  readonly #shared = new SharedArrayBuffer(8 + 256)
  readonly #beats = new Int32Array(this.#shared, 0, 2)
  readonly #worker: Worker
  #beat = 0

  /** @param seconds that a step may take */
  constructor(seconds: number) {
    this.#worker = new Worker(WATCHER, { eval: true, workerData: { shared: this.#shared, seconds } })
    this.#worker.unref()
  }

  /** What goes on from now on, in up to 256 bytes. */
  about(text: string): void {
    const bytes = new TextEncoder().encode(text).subarray(0, 256)
    new Uint8Array(this.#shared, 8).set(bytes)
    Atomics.store(this.#beats, 1, bytes.length)
    this.beat()
  }

  beat(): void {
    this.#beat = (this.#beat + 1) | 0
    Atomics.store(this.#beats, 0, this.#beat)
  }

  async stop(): Promise<void> {
    await this.#worker.terminate()
  }
}
