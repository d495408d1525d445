import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createHttp2, createHttps } from '@tapwire/net-api'
import { createDispatcher } from '@tapwire/net-api/fetch'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { payloadHash } from '../../examples/main/payload.ts'
import { KERNEL_SIDE, KernelSide, STACK_SIDE } from '../../examples/shared/kernel-side.ts'
import { cert, key } from '../../packages/net-api/test/support/certificate.ts'
import { PORTS, SIZE, startWeb } from '../clients/web/app.ts'
import {
  CONNECTIONS,
  exerciseAgent,
  exerciseFetch,
  exerciseHttp2,
  ITEMS,
  type WebReport,
  type WebTask,
} from '../clients/web/tasks.ts'
import { kernelObstacle, kernelSuite } from '../support/kernel.ts'
import { allowNoKernelTcp } from '../support/no-kernel-tcp.ts'

/** Of each kind over both versions of IP. */
const KINDS = [
  ['http.Agent', 'http', 'v4', 'http'],
  ['http.Agent', 'http', 'v6', 'http'],
  ['https.Agent', 'https', 'v4', 'https'],
  ['https.Agent', 'https', 'v6', 'https'],
  ['fetch', 'fetch', 'v4', 'http'],
  ['fetch', 'fetch', 'v6', 'http'],
  ['fetch with TLS', 'fetch', 'v4', 'https'],
  ['fetch over HTTP/2', 'fetch over HTTP/2', 'v6', 'http2'],
  ['http2', 'http2', 'v4', 'http2'],
  ['http2', 'http2', 'v6', 'http2'],
] as const

function originOf(side: typeof STACK_SIDE, version: 'v4' | 'v6', port: keyof typeof PORTS): string {
  const scheme = port === 'http' ? 'http' : 'https'
  return `${scheme}://${version === 'v6' ? `[${side.v6}]` : side.v4}:${PORTS[port]}`
}

kernelSuite("Node's web clients and servers, one end on the kernel", kernelObstacle([]), () => {
  allowNoKernelTcp()
  let side: KernelSide
  let kernel: ChildProcess
  let web: { close(): void }

  const large = { bytes: SIZE, sha256: payloadHash(SIZE) }

  beforeAll(async () => {
    side = await KernelSide.open()
    kernel = side.startNode(new URL('../clients/web/kernel-node.ts', import.meta.url))
    const ready = once(kernel, 'message')
    const modules = { http: side.http, https: createHttps(side.net), http2: createHttp2(side.net) }
    web = await startWeb(modules, { key, cert })
    await ready
  })

  afterAll(async () => {
    web?.close()
    await side?.close()
  })

  function expectRight(report: WebReport): void {
    expect(report).toMatchObject({ upload: large, download: large, echo: large, items: ITEMS })
    if (report.connections !== undefined) expect(report.connections).toBeLessThanOrEqual(CONNECTIONS)
  }

  async function runHere({ client, origin }: WebTask): Promise<WebReport> {
    if (client === 'http2') return exerciseHttp2(createHttp2(side.net), origin, { ca: cert })
    if (client === 'http') return exerciseAgent(side.http, origin, {})
    if (client === 'https') return exerciseAgent(createHttps(side.net), origin, { ca: cert })
    const allowH2 = client === 'fetch over HTTP/2'
    const dispatcher = createDispatcher(side.net, {
      connections: CONNECTIONS,
      allowH2,
      connect: { ca: cert },
    })
    const report = await exerciseFetch(origin, dispatcher)
    await dispatcher.close()
    return report
  }

  it.each(KINDS)("%s (%s) over IP%s to the kernel's %s", async (_, client, version, port) => {
    expectRight(await runHere({ client, origin: originOf(KERNEL_SIDE, version, port) }))
  })

  it.each(KINDS)("the kernel's %s (%s) over IP%s to the stack's %s", async (_, client, version, port) => {
    const answered = once(kernel, 'message')
    kernel.send({ client, origin: originOf(STACK_SIDE, version, port) } satisfies WebTask)
    const [{ report, error }] = (await answered) as [{ report: WebReport; error?: string }]
    expect(error).toBeUndefined()
    expectRight(report)
  })
})
