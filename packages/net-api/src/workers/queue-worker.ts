// What runs in the thread of one queue: its device, its stack, and the user's module on them.
import { readFileSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { type LinkDevice, Stack } from '@tapwire/stack'
import { openTapQueue } from '@tapwire/tap-driver'
import { createNet } from '../create-net.ts'
import type { QueueModule } from './index.ts'
import type { FromWorker, QueueStats, ToWorker, WorkerStart } from './messages.ts'
import { QueueDevice } from './queue-device.ts'

if (parentPort === null) throw new Error('This module is the inside of a worker thread: use startQueues()')
const port = parentPort
const start = workerData as WorkerStart
const { index } = start.queue

/** No two stacks give out the same port: to whoever answers they are one host. */
function portShare(queues: number, [first, last]: readonly [number, number]): [number, number] {
  const count = last - first + 1
  const cut = (part: number): number => first + Math.floor((part * count) / queues)
  return [cut(index), cut(index + 1) - 1]
}

function say(message: FromWorker): void {
  port.postMessage(message)
}

const tcp = {
  ...start.stack.tcp,
  ephemeralPorts: portShare(start.queues, start.stack.tcp?.ephemeralPorts ?? [32_768, 65_535]),
}
const stack = new Stack({ ...start.stack, tcp })
const tap = openTapQueue(start.queue)
// An interface that goes away ends the thread, as any failure does; the group tells why.
tap.once('close', (error: Error | null) => {
  if (error === null) return
  setImmediate(() => {
    throw error
  })
})

const module = (await import(start.module)) as QueueModule
const wrapped: LinkDevice = module.wrap?.(tap, index) ?? tap
const device = new QueueDevice(wrapped, index, start.siblings)
stack.addInterface(device, start.interface)
stack.tcp.onStray = device.takeStray
stack.udp.onStray = device.takeStray

let cleanUp: (() => unknown) | undefined

function stats(): QueueStats {
  return {
    index,
    tcp: { ...stack.tcp.counters },
    udp: { ...stack.udp.counters },
    tap: { ...tap.counters },
    siblings: { ...device.siblings.counters },
    connections: stack.tcp.sizes.connections,
    cpuTime: cpuTime(),
  }
}

/** schedstat begins with the nanoseconds that the thread has run. 0 where the kernel was built without it. */
function cpuTime(): number {
  try {
    return Number.parseInt(readFileSync('/proc/thread-self/schedstat', 'latin1'), 10) / 1e6
  } catch {
    return 0
  }
}

async function close(): Promise<void> {
  try {
    await cleanUp?.()
  } finally {
    await stack.close()
  }
  // Of this thread only. Whatever the module has left open ends with it.
  process.exit(0)
}

port.on('message', (message: ToWorker) => {
  if (message.ask === 'stats') say({ say: 'stats', id: message.id, stats: stats() })
  else void close()
})

const context = { queues: start.queues, data: start.data }
cleanUp = (await module.default(createNet(stack), stack, index, context)) ?? undefined
say({ say: 'running' })
