import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createNet } from '@tapwire/net-api'
import { Stack } from '@tapwire/stack'
import { createNetns, type Netns, openTap, type TapDevice } from '@tapwire/tap-driver'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { KERNEL_SIDE, STACK_SIDE } from '../../examples/shared/kernel-side.ts'
import { kernelObstacle, kernelSuite } from '../support/kernel.ts'

const CONNECTIONS = 10_000
/** Of one client process; there are two. */
const EACH = CONNECTIONS / 2
const FILES = EACH + 1000
const PORT = 7
/** What is watched, and how long. */
const IDLE = 12_000
const MOST_CPU = 0.005

/** Why a client process cannot have so many sockets, or null. */
function fileObstacle(): string | null {
  const most = /^Max open files\s+\S+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
  return most !== undefined && Number(most) < FILES ? `a process may open ${most} files only` : null
}

kernelSuite(
  'ten thousand idle connections over a TAP',
  kernelObstacle(['ip', 'sh']) ?? fileObstacle(),
  () => {
    let netns: Netns
    let tap: TapDevice
    let stack: Stack

    beforeEach(async () => {
      netns = createNetns()
      tap = await openTap({
        name: 'tap0',
        hostAddresses: [`${KERNEL_SIDE.v4}/24`, `${KERNEL_SIDE.v6}/64`],
        netns,
      })
      stack = new Stack()
      stack.addInterface(tap, { addresses: [`${STACK_SIDE.v4}/24`, `${STACK_SIDE.v6}/64`] })
      createNet(stack)
        .createServer((connection) => connection.on('error', () => {}))
        .listen(PORT)
    })

    afterEach(async () => {
      await stack.close()
      await tap.close()
      netns.close()
    })

    it('use no measurable CPU', async () => {
      const program = fileURLToPath(new URL('idle-clients.ts', import.meta.url))
      const hosts = [STACK_SIDE.v4, STACK_SIDE.v6]
      const clients = hosts.map((host) => {
        const node = `exec ${process.execPath} --import tsx ${program} ${PORT} ${EACH} ${host}`
        // The files that a process may have open are few by default.
        return netns.spawn('sh', ['-c', `ulimit -n ${FILES} && ${node}`], {
          stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
        })
      })
      try {
        await Promise.all(clients.map((client) => once(client, 'message')))
        const started = performance.now()
        const opened = clients.map((client) => once(client, 'message'))
        for (const client of clients) client.send('go')
        await Promise.all(opened)
        const seconds = (performance.now() - started) / 1000
        // What the opening left behind is collected now, or V8 would do it while the test measures.
        await wait(3000)
        collectGarbage()
        await wait(1000)
        expect(stack.tcp.sizes.connections).toBe(CONNECTIONS)
        const before = process.cpuUsage()
        await wait(IDLE)
        const { user, system } = process.cpuUsage(before)
        const share = (user + system) / 1000 / IDLE
        console.log(
          `${CONNECTIONS} connections in ${seconds.toFixed(2)} s; then ${(share * 100).toFixed(3)} % of a CPU in ${IDLE / 1000} s (user ${user / 1000} ms, system ${system / 1000} ms)`,
        )
        expect(share).toBeLessThan(MOST_CPU)
        expect(stack.tcp.sizes.connections).toBe(CONNECTIONS)
      } finally {
        for (const client of clients) client.kill('SIGKILL')
      }
    }, 120_000)
  },
)

function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  for (let i = 0; i < 3; i++) runInNewContext('gc')()
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
