import { once } from 'node:events'
import { openSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { finished, pipeline } from 'node:stream/promises'
import type { TLSSocket } from 'node:tls'
import { createHttps, createTls } from '@tapwire/net-api'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { payloadHash, payloadStream } from '../../examples/main/payload.ts'
import { KERNEL_SIDE, KernelSide, STACK_SIDE } from '../../examples/shared/kernel-side.ts'
import { cert, key } from '../../packages/net-api/test/support/certificate.ts'
import { type Digest, digestOf, SIZE } from '../clients/web/app.ts'
import { startDaemon, stopDaemon } from '../support/daemon.ts'
import { Folder } from '../support/folder.ts'
import { kernelObstacle, kernelSuite } from '../support/kernel.ts'
import { allowNoKernelTcp } from '../support/no-kernel-tcp.ts'

const large: Digest = { bytes: SIZE, sha256: payloadHash(SIZE) }

const WAYS = [
  ['TLS 1.2 over IPv4', '-tls1_2', 'TLSv1.2', 'v4'],
  ['TLS 1.3 over IPv4', '-tls1_3', 'TLSv1.3', 'v4'],
  ['TLS 1.3 over IPv6', '-tls1_3', 'TLSv1.3', 'v6'],
] as const

const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host)

kernelSuite('openssl and TLS of the stack', kernelObstacle(['openssl', 'setpriv']), () => {
  allowNoKernelTcp()
  let side: KernelSide
  let folder: Folder
  let pem: { cert: string; key: string }

  beforeAll(async () => {
    folder = new Folder()
    pem = folder.writeCertificate()
    await folder.writePayload('large', SIZE)
    side = await KernelSide.open()
  })

  afterAll(async () => {
    await side?.close()
    folder?.remove()
  })

  it.each(WAYS)(
    's_client verifies the server and moves 16 MiB each way, %s',
    async (_, flag, name, version) => {
      const server = createTls(side.net)
        .createServer({ key, cert, ALPNProtocols: ['tapwire'] })
        .listen(0)
      const { port } = server.address() as AddressInfo
      const accepted = once(server, 'secureConnection') as Promise<[TLSSocket]>
      const to = ['-connect', `${bracketed(STACK_SIDE[version])}:${port}`, flag, '-alpn', 'tapwire']
      const trust = ['-CAfile', pem.cert, '-verify_return_error', '-verify_hostname', 'tapwire.test']
      const input = openSync(folder.file('large'), 'r')
      const client = side.start(
        'openssl',
        ['s_client', '-quiet', ...to, ...trust, '-servername', 'tapwire.test'],
        {
          stdio: [input, 'pipe', 'ignore'],
        },
      )
      const received = digestOf(client.stdout as AsyncIterable<Uint8Array>)
      const [socket] = await accepted
      expect([socket.getProtocol(), socket.alpnProtocol]).toEqual([name, 'tapwire'])
      const [sent] = await Promise.all([
        takeAll(socket),
        pipeline(payloadStream(SIZE), socket, { end: false }),
      ])
      socket.end()
      expect(sent).toEqual(large)
      expect(await received).toEqual(large)
      server.close()
    },
  )

  it('s_client comes back five times and goes on with its session', async () => {
    const server = createTls(side.net)
      .createServer({ key, cert }, (socket) => socket.on('error', () => {}).resume())
      .listen(0)
    const { port } = server.address() as AddressInfo
    const args = ['s_client', '-reconnect', '-tls1_2', '-connect', `${STACK_SIDE.v4}:${port}`]
    const { stdout } = await side.run('openssl', args)
    expect(stdout.match(/^Reused, TLSv1.2/gm)).toHaveLength(5)
    server.close()
  })

  it.each(WAYS)('s_server gets and sends 16 MiB at once, %s', async (_, flag, name, version) => {
    const port = 4433
    const server = await startDaemon(
      side,
      port,
      'openssl',
      ['s_server', '-quiet', '-accept', `*:${port}`, '-cert', pem.cert, '-key', pem.key, flag],
      { stdio: ['pipe', 'pipe', 'ignore'] },
    )
    const socket = createTls(side.net).connect({ host: KERNEL_SIDE[version], port, ca: cert })
    await once(socket, 'secureConnect')
    expect([socket.authorized, socket.getProtocol()]).toEqual([true, name])
    // Neither end ends before it has all: s_server would take the end of its input for an order to leave.
    const [got, told] = await Promise.all([
      takeAll(socket),
      takeAll(server.stdout!),
      pipeline(payloadStream(SIZE), socket, { end: false }),
      pipeline(payloadStream(SIZE), server.stdin!, { end: false }),
    ])
    expect(got).toEqual(large)
    expect(told).toEqual(large)
    socket.end()
    await finished(socket.resume())
    await stopDaemon(server, 'SIGKILL')
  })

  it("https gets 16 MiB of s_server's own web server, one connection after the other", async () => {
    const port = 4434
    const args = ['s_server', '-WWW', '-accept', `*:${port}`, '-cert', pem.cert, '-key', pem.key]
    const server = await startDaemon(side, port, 'openssl', args, { cwd: folder.path })
    const https = createHttps(side.net)
    for (const host of [KERNEL_SIDE.v4, KERNEL_SIDE.v6, KERNEL_SIDE.v4]) {
      const request = https.get(`https://${bracketed(host)}:${port}/large`, { ca: cert, agent: false })
      const [response] = await once(request, 'response')
      expect(await digestOf(response)).toEqual(large)
    }
    await stopDaemon(server, 'SIGKILL')
  })
})

/** Takes `SIZE` bytes of a stream that goes on. */
async function takeAll(stream: NodeJS.ReadableStream): Promise<Digest> {
  return digestOf(firstBytes(stream as AsyncIterable<Uint8Array> & NodeJS.ReadableStream))
}

async function* firstBytes(stream: NodeJS.ReadableStream): AsyncGenerator<Uint8Array> {
  let left = SIZE
  while (left > 0) {
    const chunk = stream.read() as Buffer | null
    if (chunk === null) await once(stream, 'readable')
    else {
      left -= chunk.length
      yield chunk
    }
  }
}
