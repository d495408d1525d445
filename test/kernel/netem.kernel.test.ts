import { afterAll, beforeAll, expect, it } from 'vitest'
import { MEBIBYTE, payloadHash } from '../../examples/main/payload.ts'
import { RemoteClient } from '../../examples/main/remote.ts'
import { startServers } from '../../examples/main/server.ts'
import type { TransferReport } from '../../examples/main/tasks.ts'
import { KernelSide, STACK_SIDE } from '../../examples/shared/kernel-side.ts'
import { kernelSuite } from '../support/kernel.ts'

const SIZE = 64 * MEBIBYTE
const IMPAIRMENT = ['loss', '5%', 'delay', '10ms', 'reorder', '10%']
const LONG = 600_000

kernelSuite('a link with loss 5% delay 10ms reorder 10%', ['tc'], () => {
  let side: KernelSide
  let servers: { close(): void }
  let client: RemoteClient
  let noNetem = ''

  beforeAll(async () => {
    side = await KernelSide.open()
    const tc = await side.run('tc', ['qdisc', 'add', 'dev', side.tap.name, 'root', 'netem', ...IMPAIRMENT])
    if (tc.status !== 0) noNetem = `tc cannot impair here: ${tc.stderr.trim()}`
    servers = await startServers({
      createServer: side.net.createServer,
      createHttpServer: side.http.createServer,
    })
    client = new RemoteClient(
      side.startNode(new URL('../../examples/main/kernel-client.ts', import.meta.url)),
    )
    await client.ready
  })

  afterAll(async () => {
    servers?.close()
    await side?.close()
  })

  type Transfer = (address: string) => Promise<TransferReport>

  /** Both versions at the same time, each a flow of its own: the link is idle most of the time. */
  async function overBoth(name: string, transfer: Transfer): Promise<void> {
    await Promise.all(
      (['v4', 'v6'] as const).map(async (version) => {
        const { bytes, sha256, seconds } = await transfer(STACK_SIDE[version])
        console.log(`${name} over IP${version}: ${(bytes / MEBIBYTE / seconds).toFixed(1)} MiB/s`)
        expect([version, bytes, sha256]).toEqual([version, SIZE, payloadHash(SIZE)])
      }),
    )
  }

  it(
    'takes 64 MiB with equal hash, over IPv4 and IPv6',
    async (context) => {
      context.skip(noNetem !== '', noNetem)
      await overBoth('upload', (address) => client.upload(address, SIZE, () => {}))
    },
    LONG,
  )

  it(
    'gives 64 MiB with equal hash, over IPv4 and IPv6',
    async (context) => {
      context.skip(noNetem !== '', noNetem)
      await overBoth('download', (address) => client.download(address, SIZE, () => {}))
    },
    LONG,
  )
})
