import { once } from 'node:events'
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { Door } from './door.ts'
import { Visitor } from './visitor.ts'

/** What is told to the pages that look on, as JSON texts. */
export interface LiveFeed {
  /** For a page that has just come: all that happened before. */
  soFar(): readonly string[]
  /** Everything from now on. @returns ends it */
  listen(listener: (message: string) => void): () => void
}

export interface LabServerOptions {
  /** Gives the files of the page; paths begin at its folder. */
  readonly page: RequestListener
  /** Null: the page alone, without live mode. */
  readonly feed: LiveFeed | null
  /** 0 (default) takes a free one. */
  readonly port?: number
}

export interface LabServer {
  /** With the token: whoever has it may look. */
  readonly url: string
  readonly port: number
  /** Pages that look on at the moment. */
  readonly visitors: number
  close(): Promise<void>
}

/** Pages at the same time; and what one of them may say, which is nothing yet. */
const MOST_VISITORS = 8
const LONGEST_MESSAGE = 1024
const TRIES = 8

/**
 * Serves the lab's page on 127.0.0.1 and ::1, and nowhere else, under a path that begins with a random token; with a feed, its live
 * mode by a WebSocket beside it.
 * @throws the error of `listen`
 */
export async function startLabServer(options: LabServerOptions): Promise<LabServer> {
  const door = new Door()
  const desk = new LiveDesk(door, options.feed)
  const servers = await listenOnLoopback(options.port ?? 0, () => {
    const server = createServer((request, response) => answer(door, options.page, request, response))
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      desk.admit(request, socket, head),
    )
    return server
  })
  door.port = (servers[0].address() as AddressInfo).port
  const live = options.feed === null ? '' : '?live'
  return {
    url: `http://127.0.0.1:${door.port}/${door.token}/${live}`,
    port: door.port,
    get visitors() {
      return desk.size
    },
    async close() {
      desk.close()
      await Promise.all(
        servers.map((server) => {
          server.closeAllConnections()
          return new Promise((resolve) => server.close(resolve))
        }),
      )
    },
  }
}

/** Both families at the same port, as far as this machine has them. */
async function listenOnLoopback(port: number, make: () => Server): Promise<Server[]> {
  for (let tries = 1; ; tries++) {
    const v4 = await listen(make(), port, '127.0.0.1')
    try {
      return [v4, await listen(make(), (v4.address() as AddressInfo).port, '::1')]
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT') return [v4]
      v4.close()
      // Somebody else has just this port on ::1: any other will do, where any was asked for.
      if (code !== 'EADDRINUSE' || port !== 0 || tries === TRIES) throw error
    }
  }
}

async function listen(server: Server, port: number, host: string): Promise<Server> {
  server.listen({ port, host, ipv6Only: host.includes(':') })
  await once(server, 'listening')
  return server
}

function answer(door: Door, page: RequestListener, request: IncomingMessage, response: ServerResponse): void {
  const admission = door.admit(request)
  if (admission.kind === 'out') {
    response.writeHead(admission.status, { 'content-type': 'text/plain' }).end('not for you\n')
    return
  }
  if (admission.path === '' || admission.path.startsWith('?')) {
    response.writeHead(301, { location: `/${door.token}/${admission.path}` }).end()
    return
  }
  // The token is in the address: it is to go nowhere, and the page into no frame of somebody else's.
  response.setHeader('referrer-policy', 'no-referrer')
  response.setHeader('cache-control', 'no-store')
  response.setHeader('content-security-policy', "frame-ancestors 'none'")
  response.setHeader('cross-origin-resource-policy', 'same-origin')
  request.url = admission.path
  page(request, response)
}

/** Where pages ask for the live socket. */
class LiveDesk {
  readonly #door: Door
  readonly #feed: LiveFeed | null
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: LONGEST_MESSAGE,
    perMessageDeflate: false,
  })

  constructor(door: Door, feed: LiveFeed | null) {
    this.#door = door
    this.#feed = feed
  }

  get size(): number {
    return this.#sockets.clients.size
  }

  admit(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const admission = this.#door.admitSocket(request)
    const feed = this.#feed
    const status =
      admission.kind === 'out'
        ? admission.status
        : feed === null
          ? 404
          : this.size >= MOST_VISITORS
            ? 503
            : 101
    socket.on('error', () => socket.destroy())
    if (status !== 101 || feed === null) {
      socket.end(`HTTP/1.1 ${status} No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
      return
    }
    this.#sockets.handleUpgrade(request, socket, head, (visitor) => welcome(visitor, feed))
  }

  close(): void {
    for (const socket of this.#sockets.clients) socket.terminate()
    this.#sockets.close()
  }
}

function welcome(socket: WebSocket, feed: LiveFeed): void {
  const visitor = new Visitor(socket)
  for (const message of feed.soFar()) visitor.tell(message)
  const leave = feed.listen((message) => visitor.tell(message))
  socket.on('close', leave)
  // A page that goes away is no fault, and has nothing to say.
  socket.on('error', () => socket.terminate())
}
