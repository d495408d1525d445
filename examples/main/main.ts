// The main job: servers on tapwire's stack, real clients on the other side of the wire. See options.ts for its use.
import { once } from 'node:events'
import { chooseWorld } from './choose-world.ts'
import { HELP, type Options, readOptions } from './options.ts'
import { startServers } from './server.ts'
import { makeSteps, type Outcome, type Step } from './steps.ts'
import { formatTable } from './table.ts'
import type { World } from './world.ts'

interface StepResult extends Outcome {
  readonly name: string
  readonly right: boolean
}

/** @throws Error when `work` takes longer than `milliseconds` */
async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${milliseconds / 1000} s`)), milliseconds)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

async function runStep(step: Step, world: World): Promise<StepResult> {
  try {
    const outcome = await within(step.timeout, step.run(world))
    console.log(`  ✔ ${step.name}: ${outcome.result}`)
    return { ...outcome, name: step.name, right: true }
  } catch (error) {
    const result = error instanceof Error ? error.message : String(error)
    console.log(`  ✘ ${step.name}: ${result}`)
    return { name: step.name, result, by: '', right: false }
  }
}

/** Runs every step, whatever became of the ones before. @returns whether all were right */
async function runSteps(world: World, options: Options): Promise<boolean> {
  const results: StepResult[] = []
  for (const step of makeSteps(options)) results.push(await runStep(step, world))
  const rows = results.map(({ name, result, by, right }) => [name, right ? 'right' : 'WRONG', result, by])
  const counters = world.counters().map(([name, value]) => [name, '', value, "tapwire's counters"])
  console.log(`\n${formatTable(['step', '', 'seen', 'by'], [...rows, ...counters])}\n`)
  console.log(`Capture of the first exchange: ${world.capturePath}`)
  const right = results.filter((result) => result.right).length
  console.log(`${right} of ${results.length} steps were right.`)
  return right === results.length
}

async function stayUp(world: World): Promise<void> {
  console.log('The servers stay up until Ctrl-C. To reach them:')
  for (const line of await world.howToReach()) console.log(`  ${line}`)
  console.log(`Everything up to the first MiB is captured in ${world.capturePath}`)
  await new Promise(() => setInterval(() => {}, 0x7fff_ffff))
}

/** Ctrl-C and its kin take down what was made, then end the process as if nobody had caught them. */
function cleanUpOnSignals(world: World): void {
  for (const [signal, number] of [
    ['SIGINT', 2],
    ['SIGTERM', 15],
    ['SIGHUP', 1],
  ] as const) {
    process.once(signal, () => {
      world.closeNow()
      // A progress bar may have hidden the cursor and switched line wrapping off.
      const restore = process.stdout.isTTY ? '\x1b[?25h\x1b[?7h' : ''
      process.stdout.write(`${restore}\nRemoved everything that was made.\n`)
      process.exit(128 + number)
    })
  }
  process.once('exit', () => world.closeNow())
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2))
  if (options === null) {
    process.stdout.write(HELP)
    return 0
  }
  const world = await chooseWorld(options)
  if (typeof world === 'number') return world
  cleanUpOnSignals(world)
  console.log(`tapwire: ${world.description}\n`)
  const servers = await startServers(world.servers)
  try {
    if (options.serve) await stayUp(world)
    return (await runSteps(world, options)) ? 0 : 1
  } finally {
    servers.close()
    await world.close()
  }
}

main().then(
  async (status) => {
    // A pipe takes its time; exit would cut off what it has not taken yet.
    if (process.stdout.writableLength > 0) await once(process.stdout, 'drain')
    process.exit(status)
  },
  (error: unknown) => {
    console.error(`tapwire: ${error instanceof Error ? error.message : String(error)}`)
    process.exit(1)
  },
)
