import { randomBytes } from 'node:crypto'
import { MessageChannel, Worker } from 'node:worker_threads'
import { openTapQueues, type TapQueues } from '@tapwire/tap-driver'
import type { QueuesOptions } from './index.ts'
import type { SiblingPort, WorkerStart } from './messages.ts'
import { QueueGroup } from './queue-group.ts'

/** Beside this file, in whichever form that is: source, built, or bundled. */
const WORKER = new URL(`./queue-worker${/\.\w+$/.exec(import.meta.url)?.[0] ?? '.js'}`, import.meta.url)

/** As `startQueues`. */
export async function startGroup(options: QueuesOptions): Promise<QueueGroup> {
  const { queues } = options
  const tap = await openTapQueues({ ...options.tap, queues })
  const workers: Worker[] = []
  try {
    const common = {
      queues,
      module: options.module.href,
      interface: { ...options.interface, mac: options.interface.mac ?? options.tap?.mac ?? randomMac() },
      // One for all: their link-local addresses are the same.
      stack: { stableSecret: randomBytes(16), ...options.stack },
      data: options.data,
    }
    const ports = connect(queues)
    for (const [index, queue] of tap.queues.entries()) {
      const siblings = ports[index] as SiblingPort[]
      const start: WorkerStart = { ...common, queue, siblings }
      workers.push(startWorker(start, options.execArgv))
    }
  } catch (error) {
    await abandon(tap, workers)
    throw error
  }
  const group = new QueueGroup(tap, workers)
  await group.running
  return group
}

function startWorker(start: WorkerStart, execArgv: readonly string[] | undefined): Worker {
  return new Worker(WORKER, {
    workerData: start,
    transferList: start.siblings.map(({ port }) => port),
    name: `${start.queue.tun.name} queue ${start.queue.index}`,
    ...(execArgv === undefined ? {} : { execArgv: [...execArgv] }),
  })
}

/** A channel for each pair. @returns for each of them the ports to the others, the next one first */
function connect(count: number): SiblingPort[][] {
  const ports: SiblingPort[][] = Array.from({ length: count }, () => [])
  for (let a = 0; a < count; a++) {
    for (let b = a + 1; b < count; b++) {
      const { port1, port2 } = new MessageChannel()
      ports[a]?.push({ index: b, port: port1 })
      ports[b]?.push({ index: a, port: port2 })
    }
  }
  return ports.map((own, index) =>
    own.sort((x, y) => ((x.index - index + count) % count) - ((y.index - index + count) % count)),
  )
}

async function abandon(tap: TapQueues, workers: readonly Worker[]): Promise<void> {
  tap.close()
  await Promise.all(workers.map((worker) => worker.terminate()))
}

/** Locally administered, unicast. */
function randomMac(): string {
  return ['02', ...randomBytes(5).toString('hex').match(/../g)!].join(':')
}
