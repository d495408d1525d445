import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readOptions } from '../examples/main/options.ts'
import { MEBIBYTE, payloadHash, payloadStream } from '../examples/main/payload.ts'
import { readPingOutput } from '../examples/main/programs.ts'
import { PAGE } from '../examples/main/server.ts'
import { makeSteps } from '../examples/main/steps.ts'
import { formatTable } from '../examples/main/table.ts'
import type { ClientTasks, PageReport, TransferReport } from '../examples/main/tasks.ts'
import type { World } from '../examples/main/world.ts'
import { LONG, MainJob, SMALL } from './support/main-job.ts'

describe('the options', () => {
  it('have defaults, and take what the help says', () => {
    expect(readOptions([])).toEqual({ serve: false, world: 'auto', mebibytes: 256, connections: 1000 })
    const args = ['--serve', '--world', 'memory', '--size', '1', '--connections', '2']
    expect(readOptions(args)).toEqual({ serve: true, world: 'memory', mebibytes: 1, connections: 2 })
    expect(readOptions(['--help'])).toBeNull()
  })

  it.each([['--size', '0'], ['--size', 'x'], ['--connections', '1.5'], ['--world', 'moon'], ['--nonsense']])(
    'refuse %s %s',
    (...args) => expect(() => readOptions(args)).toThrow(/--/),
  )
})

describe('the payload', () => {
  it.each([1, MEBIBYTE, 3 * MEBIBYTE + 17])('of %i bytes has the hash that is told', async (bytes) => {
    const hash = createHash('sha256')
    let length = 0
    for await (const chunk of payloadStream(bytes) as AsyncIterable<Uint8Array>) {
      hash.update(chunk)
      length += chunk.length
    }
    expect([length, hash.digest('hex')]).toEqual([bytes, payloadHash(bytes)])
  })

  it('does not repeat itself piece by piece', async () => {
    const chunks: Uint8Array[] = []
    for await (const chunk of payloadStream(8 * MEBIBYTE) as AsyncIterable<Uint8Array>) chunks.push(chunk)
    const hashes = chunks.map((chunk) => createHash('sha256').update(chunk).digest('hex'))
    expect(new Set(hashes).size).toBe(chunks.length)
  })
})

it("reads iputils' and BusyBox's ping", () => {
  const iputils = `5 packets transmitted, 4 received, 20% packet loss, time 806ms
rtt min/avg/max/mdev = 0.100/0.200/0.300/0.010 ms`
  expect(readPingOutput(iputils)).toEqual({ least: 0.1, mean: 0.2, sent: 5, answered: 4, by: 'ping' })
  const busyBox = `5 packets transmitted, 5 packets received, 0% packet loss
round-trip min/avg/max = 0.100/0.250/0.300 ms`
  expect(readPingOutput(busyBox)).toEqual({ least: 0.1, mean: 0.25, sent: 5, answered: 5, by: 'ping' })
  expect(() => readPingOutput('5 packets transmitted, 0 received')).toThrow(/ping said/)
})

it('lines up a table', () => {
  expect(
    formatTable(
      ['a', 'b'],
      [
        ['one', '1'],
        ['three', '22'],
      ],
    ),
  ).toBe(['  a       b', '  ─────   ──', '  one     1', '  three   22'].join('\n'))
})

describe('the steps', () => {
  const right = payloadHash(MEBIBYTE)
  const transfer = (report: Partial<TransferReport>): Promise<TransferReport> =>
    Promise.resolve({ bytes: MEBIBYTE, sha256: right, seconds: 1, by: '', ...report })
  const page = (report: Partial<PageReport>): Promise<PageReport> =>
    Promise.resolve({ status: 200, body: PAGE, by: '', ...report })

  /** Names of the steps that were not right with this client in place of a good one. */
  async function wrongSteps(client: Partial<ClientTasks>): Promise<string[]> {
    const good: ClientTasks = {
      ping: () => Promise.resolve({ least: 1, mean: 1, sent: 5, answered: 5, by: '' }),
      fetchPage: () => page({}),
      upload: () => transfer({}),
      download: () => transfer({}),
      echo: (_, open) => Promise.resolve({ open, correct: open, seconds: 1, by: '' }),
    }
    const world = { client: { ...good, ...client }, addresses: { v4: '', v6: '' }, finishCapture() {} }
    const wrong: string[] = []
    for (const step of makeSteps({ serve: false, world: 'auto', mebibytes: 1, connections: 3 })) {
      await step.run(world as unknown as World).catch(() => wrong.push(step.name))
    }
    return wrong
  }

  const pages = ['fetch the page over IPv4', 'fetch the page over IPv6']
  const pings = ['ping over IPv4', 'ping over IPv6']
  it.each<[string, Partial<ClientTasks>, string[]]>([
    ['nothing', {}, []],
    ['a lost ping', { ping: async () => ({ least: 1, mean: 1, sent: 5, answered: 4, by: '' }) }, pings],
    ['a status', { fetchPage: () => page({ status: 500 }) }, pages],
    ['another page', { fetchPage: () => page({ body: 'x' }) }, pages],
    ['a byte too few', { upload: () => transfer({ bytes: MEBIBYTE - 1 }) }, ['upload 1 MiB']],
    ['another hash', { download: () => transfer({ sha256: '00' }) }, ['download 1 MiB']],
    [
      'an echo',
      { echo: async (_, open) => ({ open, correct: 2, seconds: 1, by: '' }) },
      ['3 echo connections at once'],
    ],
  ])('notice %s that is wrong', async (_, client, wrong) => {
    expect(await wrongSteps(client)).toEqual(wrong)
  })
})

describe('npm start, with small transfers', () => {
  let job: MainJob
  beforeEach(() => {
    job = new MainJob()
  })
  afterEach(() => job.remove())

  it(
    'does every step over an in-memory network',
    async () =>
      job.expectEveryStepRight(await job.run(['--world', 'memory', ...SMALL]), /an in-memory network/),
    LONG,
  )

  it('prints its help', async () => {
    expect(await job.run(['--help'])).toMatchObject({ status: 0, stdout: expect.stringContaining('--serve') })
  })

  it('says in one sentence what is wrong with an option', async () => {
    expect(await job.run(['--size', 'big'])).toMatchObject({
      status: 1,
      stderr: "tapwire: --size takes a whole number from 1 to 4096, not 'big'\n",
    })
  })
})
