import { createHash } from 'node:crypto'
import type { DemoClient } from './client.ts'
import { PAGE, payload } from './server.ts'

export interface DemoSize {
  /** MiB of each transfer. */
  readonly mebibytes: number
  /** Requests at the same time. */
  readonly requests: number
}

/** One thing that is tried; what it returns is what was seen. It throws when that is wrong. */
export interface DemoStep {
  readonly name: string
  run(client: DemoClient): Promise<string>
}

/** @param own addresses of the stack @param upload a file of the payload */
export function demoSteps(own: readonly string[], upload: string, size: DemoSize): readonly DemoStep[] {
  const bytes = size.mebibytes << 20
  const base = `http://${own[0].includes(':') ? `[${own[0]}]` : own[0]}`
  return [
    ...own.map((host) => ({ name: `ping ${host}`, run: (client: DemoClient) => pingStep(client, host) })),
    ...own.map((host) => ({
      name: `fetch a page from ${host}`,
      run: (client: DemoClient) => fetchPage(client, `http://${host.includes(':') ? `[${host}]` : host}/`),
    })),
    {
      name: `upload ${size.mebibytes} MiB`,
      run: (client) => transfer(bytes, () => client.put(`${base}/upload`, upload)),
    },
    {
      name: `download ${size.mebibytes} MiB`,
      run: (client) =>
        transfer(bytes, async () => (await client.get(`${base}/download?bytes=${bytes}`)).sha256),
    },
    {
      name: `${size.requests} requests at once`,
      run: (client) => manyRequests(client, `${base}/`, size.requests),
    },
  ]
}

async function pingStep(client: DemoClient, host: string): Promise<string> {
  const times = await client.ping(host, 3)
  if (times.length < 3) throw new Error(`${times.length} of 3 answers came`)
  return `round trip ${Math.min(...times).toFixed(3)} ms, 3 of 3`
}

async function fetchPage(client: DemoClient, url: string): Promise<string> {
  const { bytes, sha256 } = await client.get(url)
  if (sha256 !== createHash('sha256').update(PAGE).digest('hex'))
    throw new Error(`${bytes} bytes, and not the page`)
  return `${bytes} bytes`
}

async function transfer(bytes: number, move: () => Promise<string>): Promise<string> {
  const hash = createHash('sha256')
  for (const block of payload(bytes)) hash.update(block)
  const started = performance.now()
  const came = await move()
  const seconds = (performance.now() - started) / 1000
  if (came.trim() !== hash.digest('hex')) throw new Error('other bytes came than were sent')
  return `${(bytes / 2 ** 20 / seconds).toFixed(0)} MiB/s, SHA-256 equal`
}

async function manyRequests(client: DemoClient, url: string, count: number): Promise<string> {
  const started = performance.now()
  const right = await client.many(url, count)
  if (right !== count) throw new Error(`${right} of ${count} were answered`)
  return `${right} answered, ${((performance.now() - started) / 1000).toFixed(2)} s`
}
