import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import type { QueueGroup } from '@tapwire/net-api/workers'
import { createNetns, type Netns } from '@tapwire/tap-driver'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { bundleQueues, type QueueBundle } from '../../bench/queues/bundle.ts'
import { KERNEL_SIDE, STACK_SIDE } from '../../examples/shared/kernel-side.ts'
import { type Finished, hasProgram, mustRun } from '../../examples/shared/programs.ts'
import { kernelObstacle, kernelSuite } from '../support/kernel.ts'
import { askingServer, datagrams, echoClients, read } from './queue-clients.ts'
import type { QueueTask } from './queue-module.ts'

const LONG = 60_000

const closing: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

let bundle: QueueBundle
beforeAll(async () => {
  bundle = await bundleQueues(new URL('./queue-module.ts', import.meta.url))
})
afterAll(() => bundle?.remove())

interface Lab {
  readonly group: QueueGroup
  readonly netns: Netns
  /** Runs a program of `node -e` on the kernel's side, and reads the last line that it prints. */
  node(program: string): Promise<string>
}

function run(netns: Netns, command: string, args: readonly string[]): Promise<Finished> {
  return mustRun(command, args, { spawn: (...words) => netns.spawn(...words), timeout: LONG })
}

/** @param before runs on the kernel's side before there is an interface, and says so by a first line */
async function lab(task: QueueTask = {}, before: string | null = null): Promise<Lab & { before: Line[] }> {
  const netns = createNetns()
  closing.push(() => netns.close())
  const lines = before === null ? [] : await startBefore(netns, before)
  const group = await bundle.workers.startQueues({
    module: bundle.module,
    queues: 2,
    tap: { netns: netns.path, hostAddresses: [`${KERNEL_SIDE.v4}/24`, `${KERNEL_SIDE.v6}/64`] },
    interface: { addresses: [`${STACK_SIDE.v4}/24`, `${STACK_SIDE.v6}/64`] },
    data: task,
  })
  closing.push(() => group.close())
  return {
    group,
    netns,
    before: lines,
    async node(program) {
      const { stdout } = await run(netns, process.execPath, ['-e', program])
      return stdout.trim().split('\n').at(-1) ?? ''
    },
  }
}

type Line = Promise<string>

/** Starts a program of `node -e`. @returns its second line, when it has said its first */
async function startBefore(netns: Netns, program: string): Promise<Line[]> {
  const child = netns.spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  closing.push(() => void child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout! })
  await once(lines, 'line')
  return [once(lines, 'line').then(([line]) => line as string)]
}

function openFds(): number {
  return readdirSync('/proc/self/fd').length
}

kernelSuite('queues with a stack each, and the kernel', kernelObstacle(['ip']), () => {
  for (const version of ['v4', 'v6'] as const) {
    it(
      `hundreds of connections are spread over both, and each echo is right, IP${version}`,
      async () => {
        const { group, node } = await lab()
        expect(JSON.parse(await node(echoClients(STACK_SIDE[version], 400, 9000)))).toEqual({ wrong: [] })
        const { queues, total } = await group.stats()
        expect(queues).toHaveLength(2)
        expect(total.tcp.accepted).toBe(400)
        for (const { tcp } of queues) expect(tcp.accepted).toBeGreaterThan(100)
        expect(total.tap.rxFrames).toBe(queues[0]!.tap.rxFrames + queues[1]!.tap.rxFrames)
        expect(total.siblings.refused).toBe(0)
      },
      LONG,
    )
  }

  it(
    'connections from both to the kernel come back to whom they belong, after seconds of silence too',
    async () => {
      // The kernel remembers the queue of a flow for three seconds; then a hash decides, as likely wrong as right.
      const connect = { host: KERNEL_SIDE.v4, times: 40 }
      const { group, before } = await lab({ connect }, askingServer(80, 4500))
      expect(JSON.parse(await before[0]!)).toEqual({ wrong: [] })
      const { queues, total } = await group.stats()
      for (const { tcp } of queues) expect(tcp.activeOpens).toBe(40)
      expect(total.tcp.resetsOut).toBe(0)
      // Both asked for the kernel's link-layer address, and both had the answer.
      expect(total.siblings.sharedIn).toBeGreaterThan(0)
      expect(total.siblings.passedIn).toBeGreaterThan(5)
      expect(total.siblings.cameBack).toBe(0)
    },
    LONG,
  )

  it(
    'who listens on one queue alone has every connection, and every datagram',
    async () => {
      const { group, node } = await lab({ echo: [1] })
      expect(JSON.parse(await node(echoClients(STACK_SIDE.v4, 60, 3000)))).toEqual({ wrong: [] })
      expect(JSON.parse(await node(datagrams(STACK_SIDE.v4, 60)))).toEqual({ back: 60 })
      const { queues } = await group.stats()
      expect(queues.map(({ tcp }) => tcp.accepted)).toEqual([0, 60])
      expect(queues[0]!.siblings.passedOn).toBeGreaterThan(10)
    },
    LONG,
  )

  it(
    'datagrams are answered by whichever queue has them',
    async () => {
      const { group, node } = await lab()
      expect(JSON.parse(await node(datagrams(STACK_SIDE.v4, 100)))).toEqual({ back: 100 })
      const { queues } = await group.stats()
      for (const { udp } of queues) expect(udp.delivered).toBeGreaterThan(10)
    },
    LONG,
  )

  it(
    'what nobody listens for is refused at once, though all are asked; pings are answered once',
    async () => {
      const { group, node, netns } = await lab()
      for (const address of Object.values(STACK_SIDE)) {
        for (let i = 0; i < 5; i++) expect(await node(read(address, 99))).toBe('ECONNREFUSED')
        if (!hasProgram('ping')) continue
        const { stdout } = await run(netns, 'ping', ['-c', '3', '-i', '0.2', address])
        expect(stdout).toMatch(/3 (packets )?received/)
        expect(stdout).not.toMatch(/DUP|duplicates/)
      }
      const { total } = await group.stats()
      expect(total.siblings.cameBack).toBe(10)
      expect(total.tcp.resetsOut).toBe(10)
    },
    LONG,
  )

  it(
    'a thread that crashes is told of, loses its own connections only, and the others take its flows',
    async () => {
      const { group, node } = await lab({ crashes: 1 })
      let failure: Error | null = null
      group.once('error', (error) => {
        failure = error
      })
      // From one port after another, until it is queue 1 that is asked.
      while (failure === null) await node(read(STACK_SIDE.v4, 13))
      expect(failure).toMatchObject({
        queue: 1,
        message: expect.stringContaining('crashed as it was asked to'),
      })
      expect(group.size).toBe(1)
      for (let i = 0; i < 4; i++) expect(await node(read(STACK_SIDE.v4, 17))).toBe('0')
      expect(JSON.parse(await node(echoClients(STACK_SIDE.v6, 50, 2000)))).toEqual({ wrong: [] })
      expect((await group.stats()).queues.map(({ index }) => index)).toContain(0)
    },
    LONG,
  )

  it(
    'a thread that does not come back is ended, and the process goes on, though frames wait for it',
    async () => {
      const before = openFds()
      const { group, node, netns } = await lab({ hangs: true })
      await node(read(STACK_SIDE.v4, 13))
      await sleep(200)
      // From so many ports that some are for the queue that nobody reads any more.
      expect(JSON.parse(await node(datagrams(STACK_SIDE.v4, 20))).back).toBeLessThan(20)
      await group.close()
      expect(group.size).toBe(0)
      netns.close()
      await sleep(100)
      expect(openFds()).toBeLessThanOrEqual(before)
    },
    LONG,
  )

  it(
    'an interface that is deleted ends every queue, each with its reason',
    async () => {
      const { group, netns } = await lab()
      const failures: string[] = []
      group.on('error', ({ message }) => failures.push(message))
      // Not `once`, which would fail with the first 'error'.
      const closed = new Promise<void>((resolve) => group.on('close', resolve))
      await run(netns, 'ip', ['link', 'del', group.name])
      await closed
      expect(failures).toHaveLength(2)
      for (const message of failures) expect(message).toMatch(/tap0 has ended: The interface tap0 is gone/)
      await group.close()
    },
    LONG,
  )

  it(
    'a module that fails at its start is the caller’s error, and leaves nothing behind',
    async () => {
      const before = openFds()
      await expect(lab({ throws: 1 })).rejects.toThrow(/queue 1 .*the module does not want to/)
      await closing.pop()?.()
      expect(openFds()).toBe(before)
    },
    LONG,
  )

  it(
    'closing ends threads, interface and descriptors; it can be done twice',
    async () => {
      const before = openFds()
      const { group, netns } = await lab()
      const warnings: string[] = []
      const warned = ({ name }: Error): number => warnings.push(name)
      process.on('warning', warned)
      // Asked again and again, as by a dashboard: nothing is left of it.
      for (let i = 0; i < 20; i++) expect((await group.stats()).queues).toHaveLength(2)
      await sleep(10)
      process.off('warning', warned)
      expect(warnings).toEqual([])
      const closed = once(group, 'close')
      await Promise.all([group.close(), group.close()])
      await closed
      expect(group.size).toBe(0)
      const { stdout } = await run(netns, 'cat', ['/proc/net/dev'])
      expect(stdout).not.toContain(group.name)
      netns.close()
      expect(openFds()).toBe(before)
    },
    LONG,
  )
})
