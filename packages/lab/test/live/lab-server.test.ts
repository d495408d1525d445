import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import { networkInterfaces } from 'node:os'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { type LabServer, type LiveFeed, startLabServer } from '../../src/live/index.ts'
import { MOST_WAITING, Visitor } from '../../src/live/visitor.ts'

class Feed implements LiveFeed {
  readonly past: string[] = []
  readonly listeners = new Set<(message: string) => void>()
  soFar(): readonly string[] {
    return this.past
  }
  listen(listener: (message: string) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }
  tell(message: string): void {
    for (const listener of this.listeners) listener(message)
  }
}

const feed = new Feed()
let server: LabServer
let token: string

beforeEach(async () => {
  feed.past.length = 0
  server = await startLabServer({
    feed,
    page: (request, response) => response.end(`page ${request.url}`),
  })
  token = new URL(server.url).pathname.split('/')[1]
})
afterEach(() => server.close())

/** The path goes out as it is. */
async function ask(path: string, headers: OutgoingHttpHeaders = {}, host = '127.0.0.1') {
  const request = httpRequest({ host, port: server.port, path, headers, agent: false })
  request.end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  let body = ''
  for await (const piece of response.setEncoding('utf8')) body += piece
  return { status: response.statusCode as number, headers: response.headers, body }
}

describe('the page', () => {
  it('is given under the token only', async () => {
    expect(await ask(`/${token}/`)).toMatchObject({ status: 200, body: 'page /' })
    expect(await ask(`/${token}/assets/a.js?x`)).toMatchObject({ status: 200, body: 'page /assets/a.js?x' })
    expect(await ask(`/${token}`)).toMatchObject({ status: 301, headers: { location: `/${token}/` } })
    for (const path of [
      '/',
      '/index.html',
      '//',
      '/..',
      `/${token.slice(0, -1)}/`,
      `/${token}x/`,
      `//${token}/`,
      `/x/${token}/`,
    ]) {
      expect(await ask(path)).toMatchObject({ status: 404, body: 'not for you\n' })
    }
  })

  it('has a token that is long, and another each time', async () => {
    const other = await startLabServer({ feed: null, page: (_, response) => response.end() })
    expect(token).toMatch(/^[\w-]{43}$/)
    expect(other.url).not.toContain(token)
    await other.close()
  })

  it('is given on both loopback addresses, and on no other', async () => {
    expect((await ask(`/${token}/`, {}, '::1')).status).toBe(200)
    const others = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .filter(({ internal }) => !internal)
    for (const { address, scopeid } of others) {
      const host = scopeid ? `${address}%${scopeid}` : address
      await expect(ask(`/${token}/`, {}, host)).rejects.toThrow()
    }
  })

  it.for(['evil.example', 'evil.example:80', '127.0.0.1', '127.0.0.1:1'])(
    'is refused to the host name %s',
    async (host) => {
      expect((await ask(`/${token}/`, { host })).status).toBe(403)
    },
  )

  it('does not give its address away', async () => {
    const { headers } = await ask(`/${token}/`)
    expect(headers).toMatchObject({
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      'content-security-policy': "frame-ancestors 'none'",
    })
  })
})

describe('the socket', () => {
  const open = (path: string, origin?: string): Promise<WebSocket | number> =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(
        `ws://127.0.0.1:${server.port}${path}`,
        origin === undefined ? {} : { origin },
      )
      socket.on('open', () => resolve(socket))
      socket.on('unexpected-response', (_, response) => resolve(response.statusCode as number))
      socket.on('error', reject)
    })
  const own = (): string => `http://127.0.0.1:${server.port}`

  it('tells what happened before, and then what happens', async () => {
    feed.past.push('"one"', '"two"')
    const socket = new WebSocket(`ws://localhost:${server.port}/${token}/live`, {
      origin: `http://localhost:${server.port}`,
    })
    const heard: string[] = []
    socket.on('message', (data) => heard.push(String(data)))
    await once(socket, 'message')
    feed.tell('"three"')
    while (heard.length < 3) await once(socket, 'message')
    expect(heard).toEqual(['"one"', '"two"', '"three"'])
    expect(server.visitors).toBe(1)
    socket.close()
    await once(socket, 'close')
    while (feed.listeners.size > 0) await new Promise((resolve) => setImmediate(resolve))
    expect(server.visitors).toBe(0)
  })

  it('is for own pages with the token only', async () => {
    const path = `/${token}/live`
    expect(await open(path)).toBe(403)
    expect(await open(path, 'http://evil.example')).toBe(403)
    expect(await open(path, `http://127.0.0.1:${server.port}.evil.example`)).toBe(403)
    expect(await open(path, 'null')).toBe(403)
    expect(await open(path, `https://127.0.0.1:${server.port}`)).toBe(403)
    expect(await open('/live', own())).toBe(404)
    expect(await open(`/${token.slice(1)}/live`, own())).toBe(404)
    expect(await open(`/${token}/other`, own())).toBe(404)
    expect(feed.listeners.size).toBe(0)
  })

  it('is for eight pages at a time', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => open(`/${token}/live`, own())))
    expect(await open(`/${token}/live`, own())).toBe(503)
    for (const socket of all) (socket as WebSocket).terminate()
  })

  it('hangs up on a page that talks too much', async () => {
    const socket = (await open(`/${token}/live`, own())) as WebSocket
    socket.send('x'.repeat(5000))
    const [code] = await once(socket, 'close')
    expect(code).toBe(1009)
  })

  it('is not there without a feed', async () => {
    await server.close()
    server = await startLabServer({ feed: null, page: (_, response) => response.end() })
    token = new URL(server.url).pathname.split('/')[1]
    expect(server.url).toMatch(/\/$/)
    expect(await open(`/${token}/live`, own())).toBe(404)
  })
})

describe('a page that reads slowly', () => {
  it('gets the newest, and is told how much was left out', () => {
    const sent: string[] = []
    let taken = (): void => {}
    const socket = {
      bufferedAmount: 0,
      send: (message: string, done?: () => void) => {
        sent.push(message)
        socket.bufferedAmount += message.length
        if (done !== undefined) taken = done
      },
    }
    const visitor = new Visitor(socket as never)
    const message = (n: number): string => JSON.stringify({ n, text: 'x'.repeat(100_000) })
    for (let n = 0; n < 200; n++) visitor.tell(message(n))
    const held = Math.floor(MOST_WAITING / message(150).length)
    const before = sent.length
    expect(visitor.missed).toBe(200 - before - held)
    // It has caught up.
    while (sent.length < before + held + 1) {
      socket.bufferedAmount = 0
      taken()
    }
    expect(JSON.parse(sent[before])).toEqual({ type: 'missed', messages: 200 - before - held })
    expect(JSON.parse(sent[before + 1]).n).toBe(200 - held)
    expect(JSON.parse(sent.at(-1) as string).n).toBe(199)
    expect(visitor.missed).toBe(0)
  })
})
