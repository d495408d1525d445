import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MEBIBYTE, payloadHash } from '../../examples/main/payload.ts'
import { fetchPageWithCurl, readPingOutput } from '../../examples/main/programs.ts'
import { PAGE } from '../../examples/main/server.ts'
import { KERNEL_SIDE, KernelSide, STACK_SIDE } from '../../examples/shared/kernel-side.ts'
import { kernelObstacle, kernelSuite } from '../support/kernel.ts'
import { Peers } from '../support/peers.ts'

const VERSIONS = ['v4', 'v6'] as const
const SIZE = 16 * MEBIBYTE

describe.each([true, false])('with offload %s', (offload) => {
  kernelSuite("the kernel's clients and the stack's servers", kernelObstacle([]), () => {
    let peers: Peers

    beforeAll(async () => {
      peers = await Peers.open({ tap: { offload } })
    })

    afterAll(() => peers?.close())

    it.each(VERSIONS)('uploads 16 MiB over IP%s with equal hash', async (version) => {
      const report = await peers.client.upload(STACK_SIDE[version], SIZE, () => {})
      expect(report).toMatchObject({ bytes: SIZE, sha256: payloadHash(SIZE) })
    })

    it.each(VERSIONS)('downloads 16 MiB over IP%s with equal hash', async (version) => {
      const report = await peers.client.download(STACK_SIDE[version], SIZE, () => {})
      expect(report).toMatchObject({ bytes: SIZE, sha256: payloadHash(SIZE) })
    })

    it.each(VERSIONS)('keeps 200 echo connections open at once over IP%s', async (version) => {
      expect(await peers.client.echo(STACK_SIDE[version], 200)).toMatchObject({ open: 200, correct: 200 })
    })
  })
})

kernelSuite("the kernel's ping and curl", kernelObstacle(['ping', 'curl']), () => {
  let peers: Peers
  let side: KernelSide

  beforeAll(async () => {
    peers = await Peers.open()
    side = peers.side
  })

  afterAll(() => peers?.close())

  it.each(VERSIONS)('has every ping over IP%s answered, small and fragmented', async (version) => {
    for (const size of ['56', '8000']) {
      const args = ['-n', '-c', '5', '-i', '0.05', '-W', '2', '-s', size, STACK_SIDE[version]]
      const { stdout } = await side.mustRun('ping', args)
      expect(readPingOutput(stdout)).toMatchObject({ sent: 5, answered: 5 })
    }
  })

  it.each(VERSIONS)('gives curl the page over IP%s', async (version) => {
    const page = await fetchPageWithCurl(STACK_SIDE[version], (command, args) => side.mustRun(command, args))
    expect(page).toMatchObject({ status: 200, body: PAGE })
  })

  it.each(VERSIONS)('refuses curl where nobody listens over IP%s', async (version) => {
    const host = version === 'v6' ? `[${STACK_SIDE.v6}]` : STACK_SIDE.v4
    const { status, stderr } = await side.run('curl', [
      '--silent',
      '--show-error',
      '-g',
      `http://${host}:81/`,
    ])
    // 7: failed to connect. A RST comes at once; without one curl would wait for minutes.
    expect([status, stderr]).toEqual([7, expect.stringMatching(/refused|connect/i)])
  })
})

kernelSuite("the stack's clients and the kernel's servers", kernelObstacle([]), () => {
  let side: KernelSide
  let port: number

  beforeAll(async () => {
    side = await KernelSide.open()
    const server = side.startNode(new URL('kernel-echo.ts', import.meta.url))
    ;[port] = (await once(server, 'message')) as [number]
  })

  afterAll(() => side?.close())

  it.each(VERSIONS)('connects over IP%s, half-closes and reads to the end', async (version) => {
    const socket = side.net.connect({ port, host: KERNEL_SIDE[version], allowHalfOpen: true })
    socket.end('from the stack')
    expect(await text(socket)).toBe('from the stack')
    expect(socket.bytesRead).toBe(14)
  })

  it.each(VERSIONS)('is refused over IP%s where nobody listens', async (version) => {
    const socket = side.net.connect(1, KERNEL_SIDE[version])
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException]
    expect([error.code, error.syscall]).toEqual(['ECONNREFUSED', 'connect'])
  })
})
