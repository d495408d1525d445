import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { QueueStats } from '@tapwire/net-api/workers'
import { createNetns } from '@tapwire/tap-driver'
import type { QueueBundle } from './bundle.ts'
import type { Load, LoadReport, LoadRequest } from './load.ts'

const STACK = '10.77.0.2'
const LOAD = fileURLToPath(new URL('load.ts', import.meta.url))
/** Seconds of processor time that each thread has for compiling what it runs, and of waiting for that where others are busy. */
const WARM = 1
const LONGEST_WARM_UP = 12

/** One run of one load against so many queues. */
export interface Sample {
  readonly queues: number
  readonly load: Load
  /** Bytes, or connections. */
  readonly amount: number
  readonly seconds: number
  /** Seconds of processor time: of each queue's thread, and of the load. */
  readonly threads: readonly number[]
  readonly client: number
  /** Bytes of a frame, on average, in the direction of the load. */
  readonly frame: number
  /** Frames that came in at a wrong queue. */
  readonly passedOn: number
}

export interface Lab {
  run(load: Load, connections: number, seconds: number): Promise<Sample>
  close(): Promise<void>
}

/** So many queues in a namespace of their own, and the load on the other side. @throws TapError without the rights */
export async function openLab({ workers, module }: QueueBundle, queues: number): Promise<Lab> {
  const netns = createNetns()
  const closing: (() => unknown)[] = [() => netns.close()]
  const close = async (): Promise<void> => {
    for (const end of closing.splice(0).reverse()) await end()
  }
  try {
    const group = await workers.startQueues({
      module,
      queues,
      tap: { netns: netns.path, hostAddresses: ['10.77.0.1/24'] },
      interface: { addresses: [`${STACK}/24`] },
    })
    closing.push(() => group.close())
    // The load closes first: its ports would be in TIME-WAIT, and looking for a free one would be what is measured.
    const forget = netns.spawn('sh', ['-c', 'echo 16 > /proc/sys/net/ipv4/tcp_max_tw_buckets'])
    await once(forget, 'exit')
    const stdio = ['ignore', 'inherit', 'inherit', 'ipc'] as const
    const client = netns.spawn(process.execPath, ['--import', 'tsx', LOAD, STACK], { stdio: [...stdio] })
    closing.push(() => client.kill('SIGKILL'))
    const gone = once(client, 'exit').then((): never => {
      throw new Error('the process of the load has ended')
    })
    // Told by whoever waits for an answer then.
    gone.catch(() => {})
    const ask = async (request: LoadRequest): Promise<LoadReport> => {
      client.send(request)
      const [answer] = (await Promise.race([once(client, 'message'), gone])) as [LoadReport | string]
      if (typeof answer === 'string') throw new Error(answer)
      return answer
    }
    const warmUp = async (load: Load, connections: number): Promise<void> => {
      const cold = (await group.stats()).queues
      for (let waited = 0; waited < LONGEST_WARM_UP; waited++) {
        await ask({ load, connections, seconds: 1 })
        const warm = (await group.stats()).queues
        if (warm.every(({ cpuTime }, i) => cpuTime - (cold[i] as QueueStats).cpuTime > WARM * 1000)) return
      }
    }
    const run: Lab['run'] = async (load, connections, seconds) => {
      await warmUp(load, connections)
      const before = (await group.stats()).queues
      const { cpu, ...done } = await ask({ load, connections, seconds })
      const after = (await group.stats()).queues
      const each = (of: (stats: QueueStats) => number): number[] =>
        after.map((stats, i) => of(stats) - of(before[i] as QueueStats))
      const sum = (of: (stats: QueueStats) => number): number =>
        each(of).reduce((total, count) => total + count, 0)
      return {
        queues,
        load,
        ...done,
        threads: each(({ cpuTime }) => cpuTime / 1000),
        client: cpu,
        frame:
          load === 'sending'
            ? sum(({ tap }) => tap.txBytes) / sum(({ tap }) => tap.txFrames)
            : sum(({ tap }) => tap.rxBytes) / sum(({ tap }) => tap.rxFrames),
        passedOn: sum(({ siblings }) => siblings.passedOn),
      }
    }
    return { run, close }
  } catch (error) {
    await close()
    throw error
  }
}
