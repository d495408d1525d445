import type { Asked, LoadOrder, Order, Reply, Usage } from './tasks.ts'

/** What an end of the measured connections can do. */
export interface Worker {
  /** Bytes of payload that have come in, ever. */
  readonly received: () => number
  readonly load?: (order: LoadOrder) => Promise<unknown>
  readonly stop?: () => Promise<void>
}

/** Obeys the process that started this one, and ends with it. */
export function obey(worker: Worker): void {
  const say = (reply: Reply): void => void process.send?.(reply)
  process.on('message', async ({ id, order }: Asked) => {
    try {
      say({ id, done: await answer(worker, order) })
    } catch (error) {
      say({ id, failed: error instanceof Error ? error.message : String(error) })
    }
  })
  process.on('disconnect', () => process.exit())
  // Ctrl-C goes to the whole group of processes; the parent decides what happens then.
  process.on('SIGINT', () => {})
  say({ ready: true })
}

async function answer(worker: Worker, order: Order): Promise<unknown> {
  if (order === 'stop') return worker.stop?.()
  if (typeof order === 'object') return worker.load?.(order)
  if (order === 'rest') (globalThis as { gc?: () => void }).gc?.()
  const { user, system } = process.cpuUsage()
  const usage: Usage = {
    now: performance.now(),
    cpu: (user + system) / 1e6,
    rss: process.memoryUsage.rss(),
    received: worker.received(),
  }
  return usage
}
