import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { ClientHttp2Session } from 'node:http2'
import type { AddressInfo, Server, Socket } from 'node:net'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { promisify } from 'node:util'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { cert, key } from './support/certificate.ts'
import { gone, sha256 } from './support/helpers.ts'
import { secureWorlds } from './support/tls-worlds.ts'

const TRUST = { ca: cert, servername: 'tapwire.test' }

afterAll(async () => {
  for (const world of secureWorlds) await world.close()
})

describe.each(secureWorlds)('$name: TLS', (world) => {
  const { secureServer, secureClient, v4, v6, client: net } = world
  const servers: Server[] = []
  const sockets: Socket[] = []

  async function listening<S extends Server>(server: S): Promise<number> {
    servers.push(server)
    server.on('connection', (socket) => sockets.push(socket))
    server.on('tlsClientError', () => {})
    server.listen(0)
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy()
    for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve))
  })

  async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
    const chunks: Uint8Array[] = []
    for await (const chunk of stream) chunks.push(chunk)
    return Buffer.concat(chunks)
  }

  const echoServer = (): Promise<number> =>
    listening(secureServer.tls.createServer({ key, cert }, (socket) => socket.pipe(socket)))

  test('tls.connect in every form', async () => {
    const port = await echoServer()
    const forms: unknown[][] = [
      [{ port, host: v4, ...TRUST }],
      [port, v4, TRUST],
      [port, { host: v6, ...TRUST }],
      [{ socket: net.connect(port, v4), ...TRUST }],
    ]
    for (const form of forms) {
      const socket = await new Promise<TLSSocket>((resolve, reject) => {
        const made = (secureClient.tls.connect as (...args: unknown[]) => TLSSocket)(...form, () =>
          resolve(made),
        )
        made.on('error', reject)
      })
      expect(socket.authorized).toBe(true)
      socket.end('form')
      expect(String(await bytesOf(socket))).toBe('form')
    }
  })

  test('both ends know their addresses', async () => {
    let seen: Partial<TLSSocket> = {}
    const port = await listening(
      secureServer.tls.createServer({ key, cert }, (socket) => {
        const { remoteAddress, remotePort, remoteFamily, localPort } = socket
        seen = { remoteAddress, remotePort, remoteFamily, localPort } as Partial<TLSSocket>
        socket.end()
      }),
    )
    const socket = secureClient.tls.connect({ port, host: v4, ...TRUST })
    await once(socket, 'secureConnect')
    expect([socket.remoteAddress, socket.remotePort, socket.remoteFamily]).toEqual([v4, port, 'IPv4'])
    const { localPort } = socket
    expect(socket.address()).toMatchObject({ port: localPort, family: 'IPv4' })
    socket.setNoDelay(true).setKeepAlive(true, 1000).unref().ref()
    socket.resume()
    await once(socket, 'close')
    expect(seen).toMatchObject({ remotePort: localPort, localPort: port, remoteFamily: 'IPv6' })
    expect(seen.remoteAddress).toMatch(/^::ffff:/)
  })

  test('megabytes, both ways at once', async () => {
    const port = await echoServer()
    const bytes = randomBytes(4 << 20)
    const socket = secureClient.tls.connect({ port, host: v4, ...TRUST })
    socket.end(bytes)
    expect(sha256(await bytesOf(socket))).toBe(sha256(bytes))
  })

  test('a session goes on', async () => {
    const port = await echoServer()
    const first = secureClient.tls.connect({ port, host: v4, ...TRUST })
    const [session] = await once(first, 'session')
    first.destroy()
    const second = secureClient.tls.connect({ port, host: v4, session, ...TRUST })
    await once(second, 'secureConnect')
    expect(second.isSessionReused()).toBe(true)
    second.destroy()
  })

  test('errors are those of Node', async () => {
    const port = await echoServer()
    const untrusted = secureClient.tls.connect({ port, host: v4, servername: 'tapwire.test' })
    const [mistrust] = await once(untrusted, 'error')
    expect(mistrust.code).toBe('DEPTH_ZERO_SELF_SIGNED_CERT')
    const refused = secureClient.tls.connect({ port: 1, host: v4 })
    const [error] = await once(refused, 'error')
    expect(error).toMatchObject({ code: 'ECONNREFUSED', syscall: 'connect', address: v4, port: 1 })
    await gone(refused)
  })

  test('what is no TLS is told to the server', async () => {
    const server = secureServer.tls.createServer({ key, cert })
    const port = await listening(server)
    const told = once(server, 'tlsClientError')
    const plain = net.connect(port, v4, () => plain.write('GET / HTTP/1.0\r\n\r\n'))
    plain.on('error', () => {})
    const [error] = await told
    expect(error.code).toMatch(/^ERR_SSL_/)
    plain.destroy()
  })

  test('a peer that ends in the middle of the handshake is told, and let go', async () => {
    const server = secureServer.tls.createServer({ key, cert })
    const port = await listening(server)
    const told = once(server, 'tlsClientError')
    const plain = net.connect(port, v4, () => plain.end())
    expect((await told)[0].code).toBe('ECONNRESET')
    plain.resume()
    await once(plain, 'close')
  })

  test('half-open: the server goes on after the end of the client', async () => {
    const server = secureServer.tls.createServer({ key, cert, allowHalfOpen: true }, (socket) => {
      let text = ''
      socket.on('data', (piece) => {
        text += piece
      })
      socket.on('end', () => setTimeout(() => socket.end(`${text}, and more`), 20))
    })
    const port = await listening(server)
    const socket = secureClient.tls.connect({
      ...TRUST,
      port,
      host: v4,
      allowHalfOpen: true,
    } as ConnectionOptions)
    socket.end('said')
    expect(String(await bytesOf(socket))).toBe('said, and more')
  })

  test('the idle time of a connection that never comes to be', async () => {
    const port = await listening(world.server.createServer(() => {}))
    const socket = secureClient.tls.connect({ port, host: v4, timeout: 30, ...TRUST })
    await once(socket, 'timeout')
    socket.destroy()
  })

  test('https: an agent that keeps connections and sessions', async () => {
    const port = await listening(
      secureServer.https.createServer({ key, cert }, (request, response) => {
        response.setHeader('x-port', String(request.socket.remotePort))
        request.pipe(response)
      }),
    )
    const agent = new secureClient.https.Agent({ keepAlive: true, maxSockets: 1, ...TRUST })
    const ports = new Set<unknown>()
    for (let i = 0; i < 3; i++) {
      const body = randomBytes(300_000)
      const request = secureClient.https.request({ host: v4, port, agent, method: 'POST' })
      request.end(body)
      const [response] = (await once(request, 'response')) as [IncomingMessage]
      ports.add(response.headers['x-port'])
      expect(sha256(await bytesOf(response))).toBe(sha256(body))
    }
    expect(ports.size).toBe(1)
    agent.destroy()
  })

  test('https: get of a URL, by the global agent', async () => {
    const port = await listening(
      secureServer.https.createServer({ key, cert }, (_, response) => response.end('yes')),
    )
    const request = secureClient.https.get(`https://${v4}:${port}/`, TRUST)
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    expect(String(await bytesOf(response))).toBe('yes')
    secureClient.https.globalAgent.destroy()
  })

  async function http2Answers(session: ClientHttp2Session): Promise<string[]> {
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const stream = session.request({ ':path': `/${i}`, ':method': 'POST' })
        stream.end(String(i).repeat(1000))
        return sha256(await bytesOf(stream))
      }),
    )
    await new Promise<void>((resolve) => session.close(resolve))
    return answers
  }

  const HASHES = Array.from({ length: 20 }, (_, i) => sha256(Buffer.from(String(i).repeat(1000))))

  test('http2 in clear', async () => {
    const server = secureServer.http2.createServer()
    server.on('stream', (stream) => {
      stream.respond({ ':status': 200 })
      stream.pipe(stream)
    })
    const port = await listening(server as unknown as Server)
    expect(await http2Answers(secureClient.http2.connect(`http://${v4}:${port}`))).toEqual(HASHES)
  })

  test('http2 over TLS', async () => {
    const server = secureServer.http2.createSecureServer({ key, cert })
    server.on('stream', (stream) => {
      stream.respond({ ':status': 200 })
      stream.pipe(stream)
    })
    const port = await listening(server as unknown as Server)
    const session = secureClient.http2.connect(`https://${v4}:${port}`, TRUST)
    expect(await http2Answers(session)).toEqual(HASHES)
  })

  test('a socket tells of connecting, and of what became of it', async () => {
    const port = await echoServer()
    const log: unknown[] = []
    const watch = (socket: TLSSocket): Promise<unknown> => {
      for (const event of ['connect', 'ready', 'secureConnect'])
        socket.on(event, () => log.push([event, socket.connecting]))
      socket.on('error', ({ code }: NodeJS.ErrnoException) => log.push(code))
      log.push(socket.connecting)
      return new Promise<void>((resolve) =>
        socket.on('close', (failed) => {
          log.push(failed)
          resolve()
        }),
      )
    }
    const socket = secureClient.tls.connect({ port, host: v4, ...TRUST })
    const closed = watch(socket)
    await once(socket, 'secureConnect')
    socket.end()
    await closed
    const above = secureClient.tls.connect({ socket: net.connect(port, v4), ...TRUST })
    log.push(above.connecting)
    await once(above, 'connect')
    above.destroy()
    await watch(secureClient.tls.connect({ port: 9, host: v4 }))
    const done = [
      ['connect', false],
      ['ready', false],
      ['secureConnect', false],
    ]
    expect(log).toEqual([true, ...done, false, true, true, 'ECONNREFUSED', true])
  })

  test('a TLSSocket that is made of a connection has its addresses', async () => {
    const { TLSSocket } = secureServer.tls
    const seen: unknown[] = []
    const plain = world.server.createServer((socket) => {
      const secure = new TLSSocket(socket, { isServer: true, key, cert })
      secure.on('data', () => {
        seen.push(secure.remotePort, secure.localPort, secure instanceof TLSSocket)
        secure.end()
      })
    })
    const port = await listening(plain)
    const socket = secureClient.tls.connect({ port, host: v4, ...TRUST })
    await once(socket, 'secureConnect')
    const { localPort } = socket
    socket.write('x')
    socket.resume()
    await once(socket, 'close')
    expect(seen).toEqual([localPort, port, true])
    expect(socket).toBeInstanceOf(secureClient.tls.TLSSocket)
  })

  test('agents open connections in every form', async () => {
    const port = await echoServer()
    const agent = new secureClient.https.Agent()
    const create = agent as unknown as { createConnection(...args: unknown[]): TLSSocket }
    for (const form of [[port, v4, TRUST], [port, { host: v4, ...TRUST }], [{ port, host: v4, ...TRUST }]]) {
      const socket = create.createConnection(...form)
      await once(socket, 'secureConnect')
      socket.destroy()
    }
  })

  test('http2: what is no URL, a promise, and who the other side is', async () => {
    const server = secureServer.http2.createServer()
    const peers: unknown[] = []
    server.on('session', ({ socket }) => peers.push(socket.remotePort, typeof socket.remoteAddress))
    const port = await listening(server as unknown as Server)
    const { connect } = secureClient.http2
    for (const authority of [
      `http://${v4}:${port}`,
      { protocol: 'http:', host: v4, port },
      { protocol: 'http:', hostname: v4, port },
      { host: v4, port },
    ]) {
      const session = connect(authority as unknown as string, { protocol: 'http:' })
      await once(session, 'connect')
      const { remotePort, localPort } = session.socket
      expect(remotePort).toBe(port)
      await expect.poll(() => peers.splice(0)).toEqual([localPort, 'string'])
      session.destroy()
    }
    const promise = promisify(connect) as unknown as (url: string) => Promise<ClientHttp2Session>
    const promised = await promise(`http://${v4}:${port}`)
    expect(promised.socket.remotePort).toBe(port)
    promised.destroy()
    await expect(promise(`http://${v4}:9`)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    expect(() => connect('ftp://x')).toThrow(
      expect.objectContaining({ code: 'ERR_HTTP2_UNSUPPORTED_PROTOCOL' }),
    )
  })

  test('http2: connect comes after the connection, and not without one', async () => {
    const session = secureClient.http2.connect(`http://${v4}:9`)
    const log: unknown[] = []
    session.on('connect', () => log.push('connect'))
    session.on('error', ({ code }: NodeJS.ErrnoException) => log.push(code))
    await new Promise<void>((resolve) => session.on('close', resolve))
    expect(log).toEqual(['ECONNREFUSED'])
  })
})
