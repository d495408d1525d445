import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createNetns, type Netns } from '@tapwire/tap-driver'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { STACK_SIDE } from '../../examples/shared/kernel-side.ts'
import { kernelObstacle, kernelSuite } from '../support/kernel.ts'
import type { Spent } from './idle-server.ts'

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

    beforeEach(() => {
      netns = createNetns()
    })

    afterEach(() => netns.close())

    /** A program beside this file, in the namespace. */
    function start(program: string, args: readonly unknown[]): ChildProcess {
      const file = fileURLToPath(new URL(program, import.meta.url))
      const node = `exec ${process.execPath} --import tsx ${file} ${args.join(' ')}`
      // The files that a process may have open are few by default.
      return netns.spawn('sh', ['-c', `ulimit -n ${FILES} && ${node}`], {
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      })
    }

    it('use no measurable CPU', async () => {
      const server = start('idle-server.ts', [PORT, IDLE])
      const children = [server]
      try {
        await once(server, 'message')
        const clients = [STACK_SIDE.v4, STACK_SIDE.v6].map((host) =>
          start('idle-clients.ts', [PORT, EACH, host]),
        )
        children.push(...clients)
        await Promise.all(clients.map((client) => once(client, 'message')))
        const started = performance.now()
        const opened = clients.map((client) => once(client, 'message'))
        for (const client of clients) client.send('go')
        await Promise.all(opened)
        const seconds = (performance.now() - started) / 1000
        server.send('measure')
        const [{ connections, rest, collection }] = (await once(server, 'message')) as [Spent]
        const percent = (share: number): string => `${(share * 100).toFixed(3)} %`
        console.log(
          `${connections} connections in ${seconds.toFixed(2)} s; then ${percent(rest)} of a CPU in ${IDLE / 1000} s, and V8's collections ${percent(collection)}`,
        )
        expect(connections).toBe(CONNECTIONS)
        expect(rest).toBeLessThan(MOST_CPU)
      } finally {
        for (const child of children) child.kill('SIGKILL')
      }
    }, 120_000)
  },
)
