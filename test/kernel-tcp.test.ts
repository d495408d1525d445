import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import * as nodeNet from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createNet } from '@tapwire/net-api'
import { Stack } from '@tapwire/stack'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mustRun } from '../examples/shared/programs.ts'
import { cert, key } from '../packages/net-api/test/support/certificate.ts'
import { NO_KERNEL_TCP, watchKernelTcp } from './support/kernel-tcp.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

/** A server, a connection and both its ends. */
async function openSome(net: typeof nodeNet): Promise<() => void> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const accepted = once(server, 'connection')
  const socket = net.connect((server.address() as nodeNet.AddressInfo).port, '127.0.0.1')
  const [[other]] = await Promise.all([accepted, once(socket, 'connect')])
  return () => {
    server.close()
    for (const end of [socket, other]) end.destroy()
  }
}

describe("the count of the kernel's TCP sockets", () => {
  it("sees each of Node's own, while it is open and when it is gone", async () => {
    const watch = watchKernelTcp()
    const close = await openSome(nodeNet)
    const { made, active, descriptors } = watch.count()
    expect([made, descriptors]).toEqual([3, process.platform === 'linux' ? 3 : 0])
    expect(active).toBeGreaterThanOrEqual(1)
    close()
    await expect.poll(() => watch.count()).toEqual({ made: 3, active: 0, descriptors: 0 })
    watch.stop()
  })

  it("sees nothing of a stack's", async () => {
    const watch = watchKernelTcp()
    const stack = new Stack()
    const close = await openSome(createNet(stack))
    expect(watch.count()).toEqual(NO_KERNEL_TCP)
    close()
    await stack.close()
    watch.stop()
  })
})

describe('a program of a process of its own', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tapwire-kernel-tcp-'))
  const pem = join(folder, 'pem')

  beforeAll(async () => {
    writeFileSync(pem, `${key}====${cert}`)
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    await mustRun(process.execPath, [tsc, '-b'], { cwd: root, timeout: 180_000 })
  }, 200_000)

  afterAll(() => rmSync(folder, { recursive: true }))

  /** @returns what it printed, and what it had of the kernel's TCP while all was open, and when it ended */
  async function run(
    imports: readonly string[],
  ): Promise<{ said: string[]; counts: (typeof NO_KERNEL_TCP)[] }> {
    const watch = join(root, 'test/support/report-kernel-tcp.mjs')
    const options = [watch, ...imports].flatMap((file) => ['--import', file])
    const program = join(root, 'test/clients/program.cjs')
    const env = { ...process.env, NODE_NO_WARNINGS: '1', TAPWIRE_CONFIG: '{}' }
    const { stdout } = await mustRun(process.execPath, [...options, program, pem], { env })
    const lines = stdout.trimEnd().split('\n')
    const counts = lines
      .filter((line) => line.includes('{'))
      .map((line) => JSON.parse(line.slice(line.indexOf('{'))))
    return { said: lines.filter((line) => !line.includes('{')), counts }
  }

  const everything = ['net', 'undici', 'fetch', 'https', 'http2', 'ws']

  it('opens sockets of the kernel as it is', async () => {
    const { said, counts } = await run([])
    expect(said).toEqual(everything)
    expect(counts).toHaveLength(2)
    expect(counts[0].made).toBeGreaterThan(12)
    expect(counts[0].active).toBeGreaterThan(5)
    if (process.platform === 'linux') expect(counts[0].descriptors).toBeGreaterThan(5)
  })

  it('opens none with @tapwire/net-api/register', async () => {
    const { said, counts } = await run([join(root, 'packages/net-api/dist/register/register.js')])
    expect(said).toEqual(everything)
    expect(counts).toEqual([NO_KERNEL_TCP, NO_KERNEL_TCP])
  })
})
