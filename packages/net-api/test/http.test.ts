import { once } from 'node:events'
import type { IncomingMessage, RequestListener, RequestOptions, Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { drained, gone, pattern, sha256, until } from './support/helpers.ts'
import { worlds } from './support/worlds.ts'

afterAll(async () => {
  for (const world of worlds) await world.close()
})

const MIB = 1024 * 1024

async function body(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

describe.each(worlds)('$name: http', (world) => {
  const { serverHttp, clientHttp, client, v4, v6 } = world
  const servers: Server[] = []

  async function serve(listener: RequestListener): Promise<number> {
    const server = serverHttp.createServer(listener)
    servers.push(server)
    server.listen(0)
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }

  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections()
      if (server.listening) await new Promise((resolve) => server.close(resolve))
    }
  })

  async function ask(
    options: RequestOptions,
    data?: Buffer | string,
  ): Promise<{ response: IncomingMessage; data: Buffer }> {
    const request = clientHttp.request({ host: v4, ...options })
    request.end(data)
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    return { response, data: await body(response) }
  }

  test.each([4, 6])('GET over IPv%i', async (family) => {
    const port = await serve((request, response) => {
      response.setHeader('x-path', request.url as string)
      response.end(`hello ${request.socket.remoteFamily}`)
    })
    const host = family === 4 ? v4 : `[${v6}]`
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      clientHttp.get(`http://${host}:${port}/page?x=1`, { agent: false }, resolve).on('error', reject)
    })
    expect(answer.statusCode).toBe(200)
    expect(answer.headers['x-path']).toBe('/page?x=1')
    expect(String(await body(answer))).toBe('hello IPv6')
  })

  test('the forms of request', async () => {
    const port = await serve((request, response) => response.end(request.method))
    const url = new URL(`http://${v4}:${port}/`)
    const forms = [
      () => clientHttp.request(url),
      () => clientHttp.request(String(url), { method: 'PUT' }),
      () => clientHttp.request({ host: v4, port, method: 'PATCH', agent: false }),
    ]
    const methods: string[] = []
    for (const form of forms) {
      const request = form().end()
      const [response] = await once(request, 'response')
      methods.push(String(await body(response)))
    }
    expect(methods).toEqual(['GET', 'PUT', 'PATCH'])
    clientHttp.globalAgent.destroy()
  })

  test('POST of 16 MiB, and as much back, chunked', async () => {
    const port = await serve((request, response) => request.pipe(response))
    const bytes = pattern(16 * MIB)
    const { data } = await ask({ port, method: 'POST', agent: false }, bytes)
    expect(sha256(data)).toBe(sha256(bytes))
  })

  test('a large body to a slow reader', async () => {
    const bytes = pattern(8 * MIB)
    const port = await serve((_request, response) => {
      response.setHeader('content-length', bytes.length)
      response.end(bytes)
    })
    const request = clientHttp.get({ host: v4, port, agent: false })
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    const chunks: Buffer[] = []
    for await (const chunk of response) {
      chunks.push(chunk as Buffer)
      if (chunks.length % 16 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    expect(sha256(Buffer.concat(chunks))).toBe(sha256(bytes))
  })

  test('keep-alive: one connection for many requests', async () => {
    const ports = new Set<number | undefined>()
    const port = await serve((request, response) => {
      ports.add(request.socket.remotePort)
      response.end('kept')
    })
    const agent = new clientHttp.Agent({ keepAlive: true, maxSockets: 1 })
    for (let i = 0; i < 20; i++) expect(String((await ask({ port, agent })).data)).toBe('kept')
    expect(ports.size).toBe(1)
    agent.destroy()
  })

  test('100 requests at once', async () => {
    const port = await serve((request, response) => response.end(`answer to ${request.url}`))
    const agent = new clientHttp.Agent({ keepAlive: true, maxSockets: 10 })
    const paths = Array.from({ length: 100 }, (_, i) => `/${i}`)
    const answers = await Promise.all(paths.map((path) => ask({ port, path, agent })))
    expect(answers.map((answer) => String(answer.data))).toEqual(paths.map((path) => `answer to ${path}`))
    agent.destroy()
  })

  test('pipelined requests are answered in order', async () => {
    const port = await serve((request, response) => {
      setTimeout(() => response.end(request.url), request.url === '/first' ? 30 : 1)
    })
    const socket = client.connect(port, v4)
    const received = drained(socket)
    socket.write('GET /first HTTP/1.1\r\nHost: x\r\n\r\nGET /second HTTP/1.1\r\nHost: x\r\n\r\n')
    socket.write('GET /third HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    const text = String(await received)
    expect(text.match(/\/(?:first|second|third)/g)).toEqual(['/first', '/second', '/third'])
  })

  test('upgrade hands the socket over', async () => {
    const server = serverHttp.createServer()
    servers.push(server)
    server.on('upgrade', (_request, socket: Socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
      socket.pipe(socket)
    })
    server.listen(0)
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const request = clientHttp.request({
      host: v4,
      port,
      agent: false,
      headers: { connection: 'Upgrade', upgrade: 'echo' },
    })
    request.end()
    const [response, socket] = (await once(request, 'upgrade')) as [IncomingMessage, Socket]
    expect(response.statusCode).toBe(101)
    socket.write('upgraded')
    expect(String((await once(socket, 'data'))[0])).toBe('upgraded')
    const over = gone(socket)
    socket.end()
    await over
  })

  test('CONNECT', async () => {
    const server = serverHttp.createServer()
    servers.push(server)
    server.on('connect', (request, socket: Socket) => {
      socket.end(`HTTP/1.1 200 Connection Established\r\n\r\nto ${request.url}`)
    })
    server.listen(0)
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const request = clientHttp.request({
      host: v4,
      port,
      agent: false,
      method: 'CONNECT',
      path: 'far.example:1',
    })
    request.end()
    const [, socket, head] = (await once(request, 'connect')) as [IncomingMessage, Socket, Buffer]
    expect(String(head) + String(await drained(socket))).toBe('to far.example:1')
  })

  test('closeAllConnections and close', async () => {
    const server = serverHttp.createServer(() => {})
    server.listen(0)
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const request = clientHttp.get({ host: v4, port, agent: false })
    const failed = once(request, 'error')
    await once(server, 'request')
    const ended = new Promise((resolve) => server.close(resolve))
    server.closeAllConnections()
    await ended
    expect((await failed)[0].code).toBe('ECONNRESET')
    expect(server.listening).toBe(false)
    expect(server.address()).toBeNull()
  })

  test('close ends idle keep-alive connections', async () => {
    const server = serverHttp.createServer((_request, response) => response.end('x'))
    server.listen(0)
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const agent = new clientHttp.Agent({ keepAlive: true })
    await ask({ port, agent })
    await new Promise((resolve) => server.close(resolve))
    agent.destroy()
  })

  test('a server timeout destroys a silent connection', async () => {
    const server = serverHttp.createServer(() => {})
    servers.push(server)
    server.setTimeout(50)
    server.listen(0)
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const socket = client.connect(port, v4)
    const over = gone(socket)
    socket.resume()
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await over
  })

  test('a request that is destroyed ends the response', async () => {
    let closedEarly = false
    const port = await serve((_request, response) => {
      response.write('partial')
      response.on('close', () => {
        closedEarly = !response.writableFinished
      })
    })
    const request = clientHttp.get({ host: v4, port, agent: false })
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    await once(response, 'data')
    response.on('error', () => {})
    request.on('error', () => {})
    request.destroy()
    await until(() => closedEarly, 'the response to close')
  })

  test('a malformed request gets 400', async () => {
    const port = await serve((_request, response) => response.end())
    const socket = client.connect(port, v4)
    const received = drained(socket)
    socket.write('NONSENSE\r\n\r\n')
    expect(String(await received)).toMatch(/^HTTP\/1.1 400 Bad Request/)
  })

  test('a refused request has the error of connect', async () => {
    const port = await serve(() => {})
    await new Promise((resolve) => servers[0].close(resolve))
    const request = clientHttp.get({ host: v4, port, agent: false })
    const [error] = await once(request, 'error')
    expect(error.message).toBe(`connect ECONNREFUSED ${v4}:${port}`)
  })

  test('an instance of http.Server', () => {
    expect(serverHttp.createServer()).toBeInstanceOf(serverHttp.Server)
    expect(new serverHttp.Server()).toBeInstanceOf(worlds[0].serverHttp.Server)
  })

  test('a net server may feed an http server', async () => {
    const http = worlds[0].serverHttp.createServer((request, response) => response.end(`fed ${request.url}`))
    const net = world.server.createServer((socket) => http.emit('connection', socket))
    net.listen(0, v4)
    await once(net, 'listening')
    const { port } = net.address() as AddressInfo
    const request = worlds[0].clientHttp.request({
      path: '/x',
      createConnection: () => client.connect(port, v4),
    })
    request.end()
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    expect(String(await body(response))).toBe('fed /x')
    net.close()
    http.closeAllConnections()
  })
})
