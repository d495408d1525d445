import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createHttp } from '@tapwire/net-api'
import { parseAddress, type Stack } from '@tapwire/stack'
import type { OtherSide } from '../world/world.ts'

/** What the other side of the wire is asked to do. */
export interface DemoClient {
  /** For the table: who did it. */
  readonly by: string
  /** @returns milliseconds of the round trips that came */
  ping(host: string, count: number): Promise<readonly number[]>
  get(url: string): Promise<Fetched>
  /** @returns what the server said */
  put(url: string, file: string): Promise<string>
  /** So many requests at the same time. @returns how many were answered with 200 */
  many(url: string, count: number): Promise<number>
}

export interface Fetched {
  readonly bytes: number
  readonly sha256: string
}

/** The host at the other end of a cable in memory. */
export class StackClient implements DemoClient {
  readonly by = 'a second stack'
  readonly #stack: Stack
  readonly #http: ReturnType<typeof createHttp>

  constructor(stack: Stack) {
    this.#stack = stack
    this.#http = createHttp(stack)
  }

  async ping(host: string, count: number): Promise<readonly number[]> {
    const times: number[] = []
    for (let i = 0; i < count; i++) {
      const result = await this.#stack.icmp.pingOnce(parseAddress(host)!, { timeout: 2000 })
      if (result.kind === 'reply' && result.intact) times.push(result.rtt / 1000)
    }
    return times
  }

  async get(url: string): Promise<Fetched> {
    const request = this.#request(url, {})
    request.end()
    const hash = createHash('sha256')
    let bytes = 0
    for await (const piece of await answerTo(request)) {
      hash.update(piece as Uint8Array)
      bytes += (piece as Uint8Array).length
    }
    return { bytes, sha256: hash.digest('hex') }
  }

  async put(url: string, file: string): Promise<string> {
    const request = this.#request(url, { method: 'PUT' })
    const answer = answerTo(request)
    await pipeline(createReadStream(file), request)
    let text = ''
    for await (const piece of (await answer).setEncoding('utf8')) text += piece
    return text
  }

  async many(url: string, count: number): Promise<number> {
    const statuses = Array.from({ length: count }, async () => {
      const request = this.#request(url, {})
      request.end()
      const response = await answerTo(request)
      response.resume()
      await once(response, 'end')
      return response.statusCode === 200 ? 1 : 0
    })
    return (await Promise.all(statuses)).reduce<number>((sum, one) => sum + one, 0)
  }

  #request(url: string, options: RequestOptions): ClientRequest {
    return this.#http.request(url, { ...options, agent: false })
  }
}

async function answerTo(request: ClientRequest): Promise<IncomingMessage> {
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  return response
}

/** The kernel's own ping, and curl. */
export class KernelClient implements DemoClient {
  readonly by = 'ping and curl'
  readonly #side: OtherSide
  readonly #folder: string

  /** @param folder for what is fetched */
  constructor(side: OtherSide, folder: string) {
    this.#side = side
    this.#folder = folder
  }

  async ping(host: string, count: number): Promise<readonly number[]> {
    const text = await this.#run(`ping -n -c ${count} -i 0.2 -W 2 ${host}`)
    return [...text.matchAll(/time=([\d.]+) ms/g)].map(([, time]) => Number(time))
  }

  async get(url: string): Promise<Fetched> {
    const file = join(this.#folder, 'fetched')
    await this.#run(`curl -gsSf -o '${file}' '${url}'`)
    const bytes = await readFile(file)
    return { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
  }

  put(url: string, file: string): Promise<string> {
    return this.#run(`curl -gsSf -T '${file}' '${url}'`)
  }

  async many(url: string, count: number): Promise<number> {
    const text = await this.#run(
      `curl -sS -Z --parallel-immediate --parallel-max ${count} -w '%{http_code}\\n' -o /dev/null '${url}?[1-${count}]'`,
    )
    return text.split('\n').filter((line) => line === '200').length
  }

  async #run(command: string): Promise<string> {
    const { status, output, errors } = await this.#side.capture(command)
    if (status !== 0) throw new Error(errors.trim().split('\n').at(-1) ?? `it ended with ${status}`)
    return output
  }
}
