// How often V8 collects garbage while a stack moves bytes in bulk.
import { constants, PerformanceObserver } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type Api, type Bulk, type Direction, openBulk } from './bulk.ts'

const HELP = `node --import tsx bench/collections.ts [--api core|net] [--offload on|off] [--gib N]

Counts V8's garbage collections (the 'gc' entries of perf_hooks) in a process whose stack receives, then sends, N GiB: over a
TAP in a network namespace that the program makes, with a Node process on the kernel's side. A transfer of a tenth of that goes
before, uncounted, until all is compiled. Needs the right to make namespaces and devices (root).

  --api       core (default): the stack's own connections; net: createNet(stack), which makes a Buffer for each read
  --offload   on (default): 64 KiB super-frames; off: 1,500-byte frames
  --gib       for each direction, above 0; default 10
  --help

  sudo node --import tsx bench/collections.ts --gib 1`

const KINDS = new Map([
  [constants.NODE_PERFORMANCE_GC_MINOR, 'minor'],
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weak callbacks'],
])

/** The collections between `start` and `stop`, by kind. */
class Collections {
  readonly #counts = new Map<string, number>()
  readonly #observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      // Its types do not know it, Node has it since 16.
      const { kind } = (entry as unknown as { detail: { kind: number } }).detail
      const name = KINDS.get(kind) ?? 'other'
      this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1)
    }
  })

  start(): void {
    this.#observer.observe({ entryTypes: ['gc'] })
  }

  async stop(): Promise<string> {
    // Entries are told in a turn of their own.
    await sleep(50)
    this.#observer.disconnect()
    const parts = [...this.#counts].map(([name, count]) => `${count} ${name}`)
    return parts.length === 0 ? 'none' : parts.join(', ')
  }
}

async function measure(bulk: Bulk, direction: Direction, gib: number): Promise<void> {
  await bulk.move(direction, Math.ceil((gib / 10) * 2 ** 30))
  const collections = new Collections()
  const before = process.memoryUsage().heapUsed
  collections.start()
  const seconds = await bulk.move(direction, Math.ceil(gib * 2 ** 30))
  const counted = await collections.stop()
  const grown = (process.memoryUsage().heapUsed - before) / 1e6
  const rate = ((gib * 2 ** 30) / seconds / 1e6).toFixed(0)
  console.log(
    `${direction.padEnd(10)} ${gib} GiB at ${rate} MB/s: ${counted}; the heap is ${grown.toFixed(1)} MB larger`,
  )
}

const { values } = parseArgs({
  options: {
    api: { type: 'string', default: 'core' },
    offload: { type: 'string', default: 'on' },
    gib: { type: 'string', default: '10' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
const { api, offload } = values
const gib = Number(values.gib)
if (values.help || !/^(net|core)$/.test(api) || !/^(on|off)$/.test(offload) || !(gib > 0)) {
  console.log(HELP)
  process.exit(values.help ? 0 : 2)
}
try {
  const bulk = await openBulk(api as Api, offload === 'on')
  process.once('SIGINT', () => void bulk.close().then(() => process.exit(130)))
  try {
    for (const direction of ['receiving', 'sending'] as const) await measure(bulk, direction, gib)
  } finally {
    await bulk.close()
  }
} catch (error) {
  console.error(`Collections could not be counted: ${(error as Error).message}`)
  process.exitCode = 1
}
