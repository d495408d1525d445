import { once } from 'node:events'
import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from 'node:http'
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { payloadStream } from '../../../examples/main/payload.ts'
import { type Digest, digestOf, ECHO, HTTP2_OPTIONS, itemText, SIZE } from './app.ts'

/** Small requests that run beside the large ones. */
export const ITEMS = 300
/** Connections that a client may use for all of it. */
export const CONNECTIONS = 6

/** What a client found out; each side compares it with what both know. */
export interface WebReport {
  /** As the server counted it. */
  readonly upload: Digest
  readonly download: Digest
  readonly echo: Digest
  /** How many of ITEMS small bodies were right. */
  readonly items: number
  /** Connections used, where the client can tell. */
  readonly connections?: number
}

/** One request: its body, if any, from a stream; the answer's body. */
type Ask = (method: string, path: string, body?: Readable) => Promise<AsyncIterable<Uint8Array>>

/** An upload, a download, an echo of 16 MiB, and many small requests: all at once. */
async function exercise(ask: Ask, echoPath: string): Promise<WebReport> {
  const [upload, download, echo, ...items] = await Promise.all([
    ask('PUT', '/hash', payloadStream(SIZE)).then((body) => text(Readable.from(body))),
    ask('GET', '/file').then(digestOf),
    ask('POST', echoPath, payloadStream(SIZE)).then(digestOf),
    ...Array.from({ length: ITEMS }, async (_, n) => {
      const item = await text(Readable.from(await ask('GET', `/item/${n}`)))
      return item === itemText(n)
    }),
  ])
  return { upload: JSON.parse(upload), download, echo, items: items.filter(Boolean).length }
}

/** Of `http` or `https`, Node's own or a stack's. */
export interface HttpModule {
  readonly Agent: new (options: object) => Agent
  request(url: string, options: RequestOptions): ClientRequest
}

/** By `http.request` with an Agent that keeps its connections. */
export async function exerciseAgent(
  http: HttpModule,
  origin: string,
  tls: object,
  echoPath: string = ECHO.atOnce,
): Promise<WebReport> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS, ...tls })
  const sockets = new Set<unknown>()
  const report = await exercise(async (method, path, body) => {
    const request = http.request(origin + path, { method, agent })
    request.once('socket', (socket) => sockets.add(socket))
    const answered = once(request, 'response') as Promise<[IncomingMessage]>
    if (body === undefined) request.end()
    else pipeline(body, request).catch(() => {}) // The request's error is told by `answered`.
    return (await answered)[0]
  }, echoPath)
  agent.destroy()
  return { ...report, connections: sockets.size }
}

/** By `fetch`, with a dispatcher of undici's. */
export function exerciseFetch(
  origin: string,
  dispatcher: object,
  echoPath: string = ECHO.atOnce,
): Promise<WebReport> {
  return exercise(async (method, path, body) => {
    const sent = body === undefined ? {} : { body: Readable.toWeb(body), duplex: 'half' }
    const init: object = { method, dispatcher, ...sent }
    const response = await fetch(origin + path, init)
    return response.body as unknown as AsyncIterable<Uint8Array>
  }, echoPath)
}

/** Of `http2`, Node's own or a stack's. */
export interface Http2Module {
  connect(authority: string, options: object): ClientHttp2Session
}

/** By streams of one HTTP/2 session. */
export async function exerciseHttp2(
  http2: Http2Module,
  origin: string,
  tls: object,
  echoPath: string = ECHO.atOnce,
): Promise<WebReport> {
  const session = http2.connect(origin, { ...HTTP2_OPTIONS, ...tls })
  const failed = once(session, 'close').then(([error]) => {
    throw error ?? new Error('The session was closed')
  })
  failed.catch(() => {})
  const report = await Promise.race([
    failed,
    exercise(async (method, path, body) => {
      const stream: ClientHttp2Stream = session.request(
        { ':method': method, ':path': path },
        { endStream: body === undefined },
      )
      if (body !== undefined) pipeline(body, stream).catch(() => {})
      await once(stream, 'response')
      return stream
    }, echoPath),
  ])
  session.close()
  return { ...report, connections: 1 }
}

/** What one side asks the other to do. */
export interface WebTask {
  readonly client: 'http' | 'https' | 'fetch' | 'fetch over HTTP/2' | 'http2'
  readonly origin: string
}
