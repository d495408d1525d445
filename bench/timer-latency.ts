// How late the timers of a program are while its stack moves bytes in bulk.
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type Api, type Direction, openBulk } from './bulk.ts'

const HELP = `node --import tsx bench/timer-latency.ts [--api net|core] [--offload on|off] [--seconds N] [--most MS]

How late timers ring in a process whose stack is receiving, or sending, as fast as it can: over a TAP in a network namespace
that the program makes, with a Node process on the kernel's side. Timers of 1 to 10 ms follow each other; each one's lateness
counts. The first line is the same process while its stack is idle: where that is late already, the machine is too busy for the rest to
mean anything. Needs the right to make namespaces and devices (root).

  --api       net (default): createNet(stack); core: the stack's own connections
  --offload   on (default): 64 KiB super-frames; off: 1,500-byte frames
  --seconds   of each transfer, from 1; default 5
  --most      the 99th percentile, in ms, beyond which the status is 1; default 5
  --help

  sudo node --import tsx bench/timer-latency.ts --offload off --seconds 10`

interface Lateness {
  readonly count: number
  readonly median: number
  readonly p99: number
  readonly worst: number
}

/** Milliseconds beyond what was asked for, until `done`. */
async function lateness(done: Promise<unknown>): Promise<Lateness> {
  let over = false
  const finished = done.finally(() => {
    over = true
  })
  const late: number[] = []
  for (let delay = 1; !over; delay = (delay % 10) + 1) {
    const due = performance.now() + delay
    await new Promise((resolve) => setTimeout(resolve, delay))
    late.push(Math.max(0, performance.now() - due))
  }
  await finished
  late.sort((a, b) => a - b)
  const at = (share: number): number => late[Math.min(late.length - 1, Math.floor(late.length * share))]
  return { count: late.length, median: at(0.5), p99: at(0.99), worst: at(1) }
}

function tell(what: string, { count, median, p99, worst }: Lateness, rate: string): void {
  const ms = (value: number): string => value.toFixed(2).padStart(8)
  console.log(
    `${what.padEnd(11)}${rate.padStart(8)}${ms(median)}${ms(p99)}${ms(worst)}${String(count).padStart(8)}`,
  )
}

/** @returns the 99th percentiles: idle, and the largest of the others */
async function measure(api: Api, offload: boolean, seconds: number): Promise<[number, number]> {
  const bulk = await openBulk(api, offload)
  process.once('SIGINT', () => void bulk.close().then(() => process.exit(130)))
  try {
    console.log(`${''.padEnd(11)}    MB/s  median     p99   worst  timers   (ms late)`)
    const idle = await lateness(sleep(seconds * 1000))
    tell('idle', idle, '-')
    let largest = 0
    for (const direction of ['receiving', 'sending'] as const satisfies readonly Direction[]) {
      // Warm first, and so much that it takes as long as was asked for.
      let bytes = 16_000_000
      for (let i = 0; i < 3; i++)
        bytes = Math.ceil((bytes / (await bulk.move(direction, bytes))) * (i < 2 ? 0.3 : seconds))
      let took = 0
      const result = await lateness(
        bulk.move(direction, bytes).then((time) => {
          took = time
        }),
      )
      tell(direction, result, (bytes / took / 1e6).toFixed(0))
      largest = Math.max(largest, result.p99)
    }
    return [idle.p99, largest]
  } finally {
    await bulk.close()
  }
}

const { values } = parseArgs({
  options: {
    api: { type: 'string', default: 'net' },
    offload: { type: 'string', default: 'on' },
    seconds: { type: 'string', default: '5' },
    most: { type: 'string', default: '5' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
const { api, offload } = values
const [seconds, most] = [Number(values.seconds), Number(values.most)]
const right = /^(net|core)$/.test(api) && /^(on|off)$/.test(offload) && seconds >= 1 && most > 0
if (values.help || !right) {
  console.log(HELP)
  process.exit(values.help ? 0 : 2)
}
try {
  const [idle, largest] = await measure(api as Api, offload === 'on', seconds)
  if (largest > most) {
    const why = idle > most / 2 ? ' The machine is busy: so they were in an idle process.' : ''
    console.error(
      `A timer in a hundred was more than ${largest.toFixed(2)} ms late; ${most} ms are allowed.${why}`,
    )
    process.exitCode = 1
  }
} catch (error) {
  console.error(`Timers could not be measured: ${(error as Error).message}`)
  process.exitCode = 1
}
