// The stack that is idle, in a process that has nothing else to do: what a test runner does meanwhile is not counted. Started
// in the namespace of its clients; says 'ready', and on 'measure' what it has spent.
import { readFileSync } from 'node:fs'
import { PerformanceObserver } from 'node:perf_hooks'
import { createNet } from '@tapwire/net-api'
import { Stack } from '@tapwire/stack'
import { openTap } from '@tapwire/tap-driver'
import { KERNEL_SIDE, STACK_SIDE } from '../../examples/shared/kernel-side.ts'

/** What the process spent, in parts of one CPU. */
export interface Spent {
  readonly connections: number
  /** By V8's collections. */
  readonly collection: number
  /** By everything else in the thread that the stack runs in. */
  readonly rest: number
}

const [port, milliseconds] = process.argv.slice(2).map(Number)
const wait = (span: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, span))

const tap = await openTap({
  name: 'tap0',
  hostAddresses: [`${KERNEL_SIDE.v4}/24`, `${KERNEL_SIDE.v6}/64`],
})
const stack = new Stack()
stack.addInterface(tap, { addresses: [`${STACK_SIDE.v4}/24`, `${STACK_SIDE.v6}/64`] })
createNet(stack)
  .createServer((connection) => connection.on('error', () => {}))
  .listen(port)

/** Milliseconds of CPU that the thread of the event loop, where all of the stack runs, has used (Linux's schedstats). */
function threadTime(): number {
  const [nanoseconds] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')
  return Number(nanoseconds) / 1e6
}

/**
 * V8's own housekeeping goes on for a while after a program has become quiet: collections, which are told apart, and work in
 * threads of its own (up to 1.5 % of a CPU were seen, while a profile showed the loop idle all the time).
 */
async function measure(): Promise<Spent> {
  let collecting = 0
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) collecting += duration
  })
  await wait(3000)
  observer.observe({ entryTypes: ['gc'] })
  const before = threadTime()
  await wait(milliseconds)
  const spent = threadTime() - before
  observer.disconnect()
  const { connections } = stack.tcp.sizes
  const rest = Math.max(0, spent - collecting) / milliseconds
  return { connections, rest, collection: collecting / milliseconds }
}

process.once('message', async () => process.send?.(await measure()))
process.on('disconnect', () => process.exit())
process.send?.('ready')
