import type { Options } from './options.ts'
import { MEBIBYTE, payloadHash } from './payload.ts'
import { startProgress } from './progress.ts'
import { PAGE } from './server.ts'
import type { ClientTasks, PageReport, Progress, TransferReport } from './tasks.ts'
import type { World } from './world.ts'

/** What a step has to say for the table. */
export interface Outcome {
  readonly result: string
  readonly by: string
}

export interface Step {
  readonly name: string
  /** Milliseconds after which it counts as failed. */
  readonly timeout: number
  /** @throws Error that says what was not right */
  run(world: World): Promise<Outcome>
}

const SHORT = 20_000
const LONG = 180_000

function pingStep(version: 'v4' | 'v6', name: string): Step {
  return {
    name: `ping over ${name}`,
    timeout: SHORT,
    async run({ client, addresses }) {
      const { least, mean, sent, answered, by } = await client.ping(addresses[version])
      if (answered < sent) throw new Error(`${answered} of ${sent} answered`)
      return { result: `RTT ${least.toFixed(3)} ms (mean ${mean.toFixed(3)}), ${answered} of ${sent}`, by }
    },
  }
}

function checkPage({ status, body }: PageReport): void {
  if (status !== 200) throw new Error(`status ${status} instead of 200`)
  if (body !== PAGE) throw new Error(`${body.length} characters that are not the page`)
}

function pageStep(version: 'v4' | 'v6', name: string, afterwards?: (world: World) => void): Step {
  return {
    name: `fetch the page over ${name}`,
    timeout: SHORT,
    async run(world) {
      const page = await world.client.fetchPage(world.addresses[version])
      checkPage(page)
      afterwards?.(world)
      return { result: `status ${page.status}, ${page.body.length} bytes`, by: page.by }
    },
  }
}

type Transfer = (
  client: ClientTasks,
  address: string,
  bytes: number,
  onProgress: Progress,
) => Promise<TransferReport>

function transferStep(name: string, mebibytes: number, version: 'v4' | 'v6', transfer: Transfer): Step {
  const total = mebibytes * MEBIBYTE
  return {
    name: `${name} ${mebibytes} MiB`,
    timeout: LONG,
    async run({ client, addresses }) {
      const expected = payloadHash(total)
      const progress = startProgress(name, total)
      try {
        const { bytes, sha256, seconds, by } = await transfer(
          client,
          addresses[version],
          total,
          progress.update,
        )
        if (bytes !== total) throw new Error(`${bytes} bytes arrived instead of ${total}`)
        if (sha256 !== expected) throw new Error(`SHA-256 is ${sha256} instead of ${expected}`)
        return { result: `${(mebibytes / seconds).toFixed(0)} MiB/s, SHA-256 equal`, by }
      } finally {
        progress.stop()
      }
    },
  }
}

function echoStep(connections: number): Step {
  return {
    name: `${connections.toLocaleString('en')} echo connections at once`,
    timeout: LONG,
    async run({ client, addresses }) {
      const { open, correct, seconds, by } = await client.echo(addresses.v4, connections)
      if (open !== connections) throw new Error(`${open} were open at once`)
      if (correct !== connections) throw new Error(`${correct} got back what they sent`)
      return { result: `${open} open, ${correct} right, ${seconds.toFixed(2)} s`, by }
    },
  }
}

/** The main job, in order. The capture ends with the first page, so that its file stays small. */
export function makeSteps({ mebibytes, connections }: Options): readonly Step[] {
  return [
    pingStep('v4', 'IPv4'),
    pingStep('v6', 'IPv6'),
    pageStep('v4', 'IPv4'),
    pageStep('v6', 'IPv6', (world) => world.finishCapture()),
    transferStep('upload', mebibytes, 'v4', (client, ...args) => client.upload(...args)),
    transferStep('download', mebibytes, 'v6', (client, ...args) => client.download(...args)),
    echoStep(connections),
  ]
}
