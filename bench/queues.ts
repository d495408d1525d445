// One queue against several: what a thread and a stack for each bring.
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { machine } from './machine.ts'
import { median } from './median.ts'
import { writePart } from './page.ts'
import { startProgress } from './progress.ts'
import { bundleQueues } from './queues/bundle.ts'
import type { Load } from './queues/load.ts'
import { type Lab, openLab, type Sample } from './queues/measure.ts'

const HELP = `pnpm bench:queues [--queues 1,2] [--rounds N] [--seconds N] [--connections N] [--json] [--no-write]

What several queues bring: a TAP in a network namespace that the program makes, with a thread and a stack for each queue
(startQueues of @tapwire/net-api/workers), and one Node process on the kernel's side as the load. Numbers of queues take turns.
Needs the right to make namespaces and devices (root), and a processor for each queue and one for the load; with less of them
the column 'alone' still tells: the rate that the busiest thread's processor time allows, if every thread had a processor.

  --queues       how many, several numbers to compare; default 1,2
  --rounds       from 1; default 3; the table has medians
  --seconds      of each run, from 0.2; default 3
  --connections  at a time; default 64: the kernel deals flows out by chance, and few are dealt out unevenly
  --json         every run, instead of the table
  --no-write     leave docs/performance.md as it is, which gets the table otherwise
  --help

  sudo pnpm bench:queues --queues 1,2,4 --rounds 5`

const LOADS: readonly Load[] = ['receiving', 'sending', 'connecting']
const GIB = 2 ** 30

function fail(sentence: string): never {
  console.error(`tapwire: ${sentence}`)
  process.exit(1)
}

function numbers(name: string, text: string, least: number, whole: boolean): number[] {
  const list = text.split(',').map(Number)
  const right = (value: number): boolean => value >= least && (!whole || Number.isInteger(value))
  if (!list.every(right)) fail(`--${name} takes ${whole ? 'whole ' : ''}numbers from ${least}, not '${text}'`)
  return list
}

function options() {
  const flags = {
    queues: { type: 'string', default: '1,2' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '64' },
    json: { type: 'boolean', default: false },
    'no-write': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  } as const
  try {
    const { values } = parseArgs({ options: flags })
    return {
      help: values.help,
      json: values.json,
      write: !values['no-write'] && !values.json,
      queues: numbers('queues', values.queues, 1, true),
      rounds: numbers('rounds', values.rounds, 1, true)[0] as number,
      seconds: numbers('seconds', values.seconds, 0.2, false)[0] as number,
      connections: numbers('connections', values.connections, 1, true)[0] as number,
    }
  } catch (error) {
    fail(`${(error as Error).message} (see --help)`)
  }
}

/** Amount a second if every thread had a processor of its own: what the busiest one sets. */
function alone({ amount, threads }: Sample): number {
  return amount / Math.max(...threads)
}

function table(samples: readonly Sample[], rounds: number, seconds: number): string {
  const lines = [
    `${machine()}; medians of ${rounds} rounds of ${seconds} s.`,
    '',
    '| load | queues | rate | processor time of the threads | share of each | of the load | alone | against the first |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
  ]
  for (const load of LOADS) {
    const rows = byQueues(samples.filter((sample) => sample.load === load))
    const first = median((rows[0]?.[1] ?? []).map(alone))
    for (const [queues, runs] of rows) lines.push(row(load, queues, runs, first))
  }
  return lines.join('\n')
}

function byQueues(samples: readonly Sample[]): [number, Sample[]][] {
  const groups = new Map<number, Sample[]>()
  for (const sample of samples) groups.set(sample.queues, [...(groups.get(sample.queues) ?? []), sample])
  return [...groups]
}

function row(load: Load, queues: number, runs: readonly Sample[], first: number): string {
  const bytes = load !== 'connecting'
  const rate = (perSecond: number): string =>
    bytes ? `${(perSecond / 1e6).toFixed(0)} MB/s` : `${(perSecond / 1000).toFixed(1)}k/s`
  const unit = (run: Sample): number => (bytes ? run.amount / GIB : run.amount / 1000)
  const per = (of: (run: Sample) => number): string =>
    median(runs.map((run) => of(run) / unit(run))).toFixed(3)
  const sum = ({ threads }: Sample): number => threads.reduce((total, time) => total + time, 0)
  const shares = Array.from({ length: queues }, (_, i) =>
    median(runs.map((run) => ((run.threads[i] ?? 0) / sum(run)) * 100)).toFixed(0),
  )
  const mine = median(runs.map(alone))
  return `| ${[
    load,
    queues,
    rate(median(runs.map(({ amount, seconds }) => amount / seconds))),
    `${per(sum)} s/${bytes ? 'GiB' : '1,000'}`,
    `${shares.join(' : ')} %`,
    `${per(({ client }) => client)} s`,
    rate(mine),
    `${(mine / first).toFixed(2)} ×`,
  ].join(' | ')} |`
}

async function measure({
  queues,
  rounds,
  seconds,
  connections,
  json,
  write,
}: ReturnType<typeof options>): Promise<void> {
  const bundle = await bundleQueues(new URL('./queues/on-queue.ts', import.meta.url))
  let lab: Lab | null = null
  let stopped = false
  const cleanUp = async (): Promise<void> => {
    await lab?.close()
    lab = null
    bundle.remove()
  }
  process.once('SIGINT', () => {
    stopped = true
    void cleanUp().finally(() => process.exit(130))
  })
  const progress = startProgress(rounds * queues.length * LOADS.length)
  const samples: Sample[] = []
  try {
    for (let round = 0; round < rounds; round++) {
      for (const count of queues) {
        lab = await openLab(bundle, count)
        for (const load of LOADS) {
          const sample = await lab.run(load, load === 'connecting' ? 32 : connections, seconds)
          samples.push(sample)
          progress.add(`${count} queues, ${load}`)
        }
        await lab.close()
        lab = null
      }
    }
  } catch (error) {
    if (!stopped) throw error
  } finally {
    progress.stop()
    if (!stopped) await cleanUp()
  }
  if (json) {
    console.log(JSON.stringify(samples, null, 1))
    return
  }
  const text = table(samples, rounds, seconds)
  console.log(text)
  if (!write) return
  writePart('bench queues', text)
  console.error('\nWritten to docs/performance.md.')
}

const wanted = options()
if (wanted.help) console.log(HELP)
else {
  const most = Math.max(...wanted.queues)
  if (availableParallelism() < most + 1) {
    console.error(
      `tapwire: ${most} queues and the load on ${availableParallelism()} processors: the rates say little, the processor times and 'alone' do`,
    )
  }
  await measure(wanted).catch((error: Error) => fail(error.message))
}
