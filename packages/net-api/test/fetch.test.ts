import { createHash, randomBytes } from 'node:crypto'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { TLSSocket } from 'node:tls'
import { createHttp, createHttp2, createNet } from '@tapwire/net-api'
import { createCable, Stack } from '@tapwire/stack'
import type { Agent } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDispatcher } from '../src/fetch.ts'
import { cert, key } from './support/certificate.ts'
import { listening } from './support/helpers.ts'

/** What Node's own `fetch` takes beside the standard's options. */
type Init = RequestInit & { dispatcher: Agent; duplex?: 'half' }

describe('fetch through a stack', () => {
  const left = new Stack()
  const right = new Stack()
  const http = createHttp(left)
  const dispatcher = createDispatcher(right, { connect: { ca: cert, timeout: 500 } })
  let server: Server
  let origin: string
  let connections = 0

  const request = (url: string, init: Omit<Init, 'dispatcher'> = {}): Promise<Response> =>
    fetch(url, { ...init, dispatcher } as Init)

  function serve(incoming: IncomingMessage, response: ServerResponse): void {
    response.setHeader('x-peer', incoming.socket.remoteAddress ?? '')
    incoming.pipe(response)
  }

  beforeAll(async () => {
    const [a, b] = createCable()
    left.addInterface(a, { addresses: ['10.9.0.1/24'] })
    right.addInterface(b, { addresses: ['10.9.0.2/24'] })
    server = http.createServer(serve)
    server.on('connection', () => connections++)
    origin = `http://10.9.0.1:${await listening(server)}`
  })

  afterAll(async () => {
    await dispatcher.close()
    server.close()
    await left.close()
    await right.close()
  })

  it('brings a large body there and back', async () => {
    const body = randomBytes(3 << 20)
    const response = await request(origin, { method: 'POST', body })
    expect(response.status).toBe(200)
    expect(response.headers.get('x-peer')).toContain('10.9.0.2')
    const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
    expect(hash(new Uint8Array(await response.arrayBuffer()))).toBe(hash(body))
  })

  it('streams a request body, and uses a connection again', async () => {
    const before = connections
    for (let i = 0; i < 5; i++) {
      const body = new ReadableStream({
        start(controller) {
          for (let n = 0; n < 100; n++) controller.enqueue(new TextEncoder().encode(`${n},`))
          controller.close()
        },
      })
      const response = await request(origin, { method: 'POST', body, duplex: 'half' })
      expect((await response.text()).split(',')).toHaveLength(101)
    }
    expect(connections - before).toBeLessThanOrEqual(1)
  })

  it('goes on with many at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, async (_, i) =>
        (await request(origin, { method: 'PUT', body: `${i}` })).text(),
      ),
    )
    expect(answers).toEqual(Array.from({ length: 50 }, (_, i) => `${i}`))
  })

  it('tells that nobody listens, and that nobody answers', async () => {
    await expect(request('http://10.9.0.1:4999/')).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
    await expect(request('https://10.9.0.1:4999/')).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
    // A host that is not there: neighbour discovery takes longer than this dispatcher allows.
    await expect(request('http://10.9.0.77/')).rejects.toMatchObject({
      cause: { code: 'UND_ERR_CONNECT_TIMEOUT' },
    })
  })

  it("minds undici's own options of connections, too", async () => {
    const impatient = createDispatcher(right, { connectTimeout: 300 })
    await expect(fetch('http://10.9.0.77/', { dispatcher: impatient } as Init)).rejects.toMatchObject({
      cause: { code: 'UND_ERR_CONNECT_TIMEOUT' },
    })
    await impatient.close()
    const server = createHttp2(left).createSecureServer({ key, cert, allowHTTP1: true }, (asked, answer) =>
      answer.end(asked.httpVersion),
    )
    const url = `https://10.9.0.1:${await listening(server)}/`
    for (const [allowH2, version] of [
      [true, '2.0'],
      [false, '1.1'],
    ] as const) {
      const modern = createDispatcher(right, { allowH2, connect: { ca: cert } })
      expect(await (await fetch(url, { dispatcher: modern } as Init)).text()).toBe(version)
      await modern.close()
    }
    server.close()
  })

  it('speaks TLS over the stack, and trusts only whom it was told to', async () => {
    const net = createNet(left)
    const raw = net.createServer((socket) => {
      const secure = new TLSSocket(socket, { isServer: true, key, cert })
      secure.on('error', () => {})
      secure.once('data', () =>
        secure.end('HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nsealed'),
      )
    })
    const url = `https://10.9.0.1:${await listening(raw)}/`
    expect(await (await request(url)).text()).toBe('seale')
    const stranger = createDispatcher(right)
    await expect(fetch(url, { dispatcher: stranger } as Init)).rejects.toMatchObject({
      cause: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
    })
    await stranger.close()
    raw.close()
  })

  it('ends a request that is aborted', async () => {
    const silent = http.createServer(() => {})
    const url = `http://10.9.0.1:${await listening(silent)}/`
    await expect(request(url, { signal: AbortSignal.timeout(50) })).rejects.toMatchObject({
      name: 'TimeoutError',
    })
    silent.close()
    silent.closeAllConnections()
  })
})
