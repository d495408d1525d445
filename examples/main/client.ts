import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http'
import type { Socket } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { payloadStream } from './payload.ts'
import {
  type ClientTasks,
  ECHO_PORT,
  type EchoReport,
  HTTP_PORT,
  type PageReport,
  PINGS,
  type PingReport,
  type Progress,
  type TransferReport,
} from './tasks.ts'

/** What a client needs of `node:net` and `node:http`, from whichever stack. */
export interface ClientModules {
  readonly connect: (options: { host: string; port: number }) => Socket
  readonly request: (options: RequestOptions) => ClientRequest
  /** Who does it, for the table. */
  readonly by: string
}

const ECHO_BYTES = 1024

const secondsSince = (start: number): number => (performance.now() - start) / 1000

/** Node's client for every task, over the modules given. */
export class Client implements ClientTasks {
  readonly #modules: ClientModules

  constructor(modules: ClientModules) {
    this.#modules = modules
  }

  /** The time a TCP handshake takes: one round trip, for where no echo request can be sent. */
  async ping(address: string): Promise<PingReport> {
    const times: number[] = []
    while (times.length < PINGS) {
      const start = performance.now()
      const socket = this.#modules.connect({ host: address, port: ECHO_PORT })
      await once(socket, 'connect')
      times.push(performance.now() - start)
      socket.destroy()
    }
    return pingReport(times, `${this.#modules.by} (TCP connect)`)
  }

  async fetchPage(address: string): Promise<PageReport> {
    const request = this.#request(address, { path: '/' })
    request.end()
    const response = await responseOf(request)
    const body = await textOf(response)
    return { status: response.statusCode ?? 0, body, by: this.#modules.by }
  }

  async upload(address: string, bytes: number, onProgress: Progress): Promise<TransferReport> {
    const start = performance.now()
    const request = this.#request(address, {
      path: '/upload',
      method: 'PUT',
      headers: { 'content-length': bytes },
    })
    const answered = responseOf(request)
    // Whoever waits for `answered` gets its error; until then it must not count as unhandled.
    answered.catch(() => {})
    await pipeline(payloadStream(bytes, onProgress), request)
    const report = JSON.parse(await textOf(await answered)) as { bytes: number; sha256: string }
    return { ...report, seconds: secondsSince(start), by: this.#modules.by }
  }

  async download(address: string, bytes: number, onProgress: Progress): Promise<TransferReport> {
    const start = performance.now()
    const request = this.#request(address, { path: `/download?bytes=${bytes}` })
    request.end()
    const response = await responseOf(request)
    const hash = createHash('sha256')
    let arrived = 0
    for await (const chunk of response as AsyncIterable<Uint8Array>) {
      hash.update(chunk)
      arrived += chunk.length
      onProgress(arrived)
    }
    return {
      bytes: arrived,
      sha256: hash.digest('hex'),
      seconds: secondsSince(start),
      by: this.#modules.by,
    }
  }

  async echo(address: string, connections: number): Promise<EchoReport> {
    const start = performance.now()
    const sockets = Array.from({ length: connections }, () =>
      this.#modules.connect({ host: address, port: ECHO_PORT }),
    )
    try {
      await Promise.all(sockets.map((socket) => once(socket, 'connect')))
      const open = sockets.filter((socket) => !socket.destroyed).length
      const answers = await Promise.all(sockets.map(echoOnce))
      return {
        open,
        correct: answers.filter(Boolean).length,
        seconds: secondsSince(start),
        by: this.#modules.by,
      }
    } finally {
      for (const socket of sockets) socket.destroy()
    }
  }

  #request(address: string, options: RequestOptions): ClientRequest {
    const { headers, ...rest } = options
    return this.#modules.request({
      host: address,
      port: HTTP_PORT,
      agent: false,
      ...rest,
      headers: { ...headers, connection: 'close' },
    })
  }
}

/** @param times the round trips that were answered, in milliseconds */
export function pingReport(times: readonly number[], by: string): PingReport {
  const total = times.reduce((sum, time) => sum + time, 0)
  return { least: Math.min(...times), mean: total / times.length, sent: PINGS, answered: times.length, by }
}

async function responseOf(request: ClientRequest): Promise<IncomingMessage> {
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  return response
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = ''
  response.setEncoding('utf8')
  for await (const piece of response) text += piece
  return text
}

/** A message that no other connection sends. */
function messageOf(index: number): Buffer {
  return Buffer.alloc(ECHO_BYTES, `${index}, `)
}

/** Sends a message, half-closes, and says whether exactly that came back before the other side's end. */
async function echoOnce(socket: Socket, index: number): Promise<boolean> {
  const message = messageOf(index)
  const parts: Buffer[] = []
  socket.on('data', (part: Buffer) => parts.push(part))
  const ended = once(socket, 'end')
  socket.end(message)
  await ended
  return Buffer.concat(parts).equals(message)
}
