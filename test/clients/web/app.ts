import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Http2SecureServer } from 'node:http2'
import type { Server as SecureServer } from 'node:https'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { MEBIBYTE, payloadStream } from '../../../examples/main/payload.ts'

/** What the large bodies of both directions have. */
export const SIZE = 16 * MEBIBYTE
/** Both ends of HTTP/2 refuse streams when more MiB than this are in flight; Node's own limit is below one large body. */
export const HTTP2_OPTIONS = { maxSessionMemory: 128 } as const
export const PORTS = { http: 80, https: 443, http2: 8443 } as const
/** A body that comes back while it is still sent, or when all of it has arrived. */
export const ECHO = { atOnce: '/echo', whole: '/echo-whole' } as const

type Listener = (request: IncomingMessage, response: ServerResponse) => void

/** The parts of `http`, `https` and `http2` that servers come from, Node's own or a stack's. */
export interface ServerModules {
  readonly http: { createServer(listener: Listener): Server }
  readonly https: { createServer(options: object, listener: Listener): SecureServer }
  readonly http2: { createSecureServer(options: object, listener: Listener): Http2SecureServer }
}

export interface Web {
  readonly http: Server
  /** Connections that clients have made to the HTTP server. */
  readonly connections: number
  close(): void
}

/** Serves the same over HTTP, HTTPS and HTTP/2, on every address. */
export async function startWeb(modules: ServerModules, options: object): Promise<Web> {
  const file = await buffer(payloadStream(SIZE))
  const listener: Listener = (request, response) => {
    route(file, request, response).catch((error: Error) => response.destroy(error))
  }
  const http = modules.http.createServer(listener).listen(PORTS.http)
  const servers = [
    http,
    modules.https.createServer(options, listener).listen(PORTS.https),
    modules.http2
      .createSecureServer({ ...options, ...HTTP2_OPTIONS, allowHTTP1: true }, listener)
      .listen(PORTS.http2),
  ]
  await Promise.all(servers.map((server) => server.listening || once(server, 'listening')))
  let connections = 0
  http.on('connection', () => connections++)
  return {
    http,
    get connections() {
      return connections
    },
    close() {
      for (const server of servers) {
        server.close()
        if ('closeAllConnections' in server) server.closeAllConnections()
      }
    },
  }
}

async function route(file: Buffer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method, url = '/' } = request
  if (url === '/file') serveFile(file, request, response)
  else if (url.startsWith('/item/')) response.end(itemText(url.slice('/item/'.length)))
  else if (url === '/hash') response.end(JSON.stringify(await digestOf(request)))
  else if (method === 'POST' && url === ECHO.atOnce) await pipeline(request, response)
  else if (method === 'POST' && url === ECHO.whole) response.end(await buffer(request))
  else response.writeHead(404).end('not found\n')
}

/** The small body number `n`. */
export function itemText(n: number | string): string {
  return `item ${n}\n`
}

/** Whole, or one range of it as RFC 9110 section 14 has it: `bytes=1-9`, `bytes=5-`. */
function serveFile(file: Buffer, request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('accept-ranges', 'bytes')
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')
  const first = Number(range?.[1] ?? 0)
  const last = Number(range?.[2] || file.length - 1)
  if (range) {
    response.statusCode = 206
    response.setHeader('content-range', `bytes ${first}-${last}/${file.length}`)
  }
  response.setHeader('content-length', last + 1 - first)
  if (request.method === 'HEAD') response.end()
  else response.end(file.subarray(first, last + 1))
}

/** Length and hash of what a stream brings. */
export interface Digest {
  readonly bytes: number
  readonly sha256: string
}

export async function digestOf(stream: AsyncIterable<Uint8Array>): Promise<Digest> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of stream) {
    hash.update(chunk)
    bytes += chunk.length
  }
  return { bytes, sha256: hash.digest('hex') }
}
