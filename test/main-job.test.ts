import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readOptions } from '../examples/main/options.ts'
import { MEBIBYTE, payloadHash, payloadStream } from '../examples/main/payload.ts'
import { readPingOutput } from '../examples/main/programs.ts'
import { formatTable } from '../examples/main/table.ts'
import { type Finished, runProgram } from '../examples/shared/programs.ts'
import { kernelObstacle, kernelSuite } from './support/kernel.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

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

describe('npm start, with small transfers', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tapwire-main-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const start = (...args: string[]): Promise<Finished> =>
    runProgram(process.execPath, ['--import', 'tsx', 'examples/main/main.ts', ...args], {
      cwd: root,
      env: { ...process.env, TMPDIR: folder },
      timeout: 120_000,
    })

  /** The one capture that a run leaves behind. */
  function captureOf({ stdout }: Finished): Uint8Array {
    const path = /Capture of the first exchange: (.+)$/m.exec(stdout)?.[1] ?? ''
    expect(readdirSync(folder, { recursive: true })).toContain(path.slice(folder.length + 1))
    return readFileSync(path)
  }

  async function expectEveryStepRight(world: string, description: RegExp): Promise<void> {
    const finished = await start('--world', world, '--size', '4', '--connections', '50')
    expect(finished, finished.stdout + finished.stderr).toMatchObject({ status: 0, stderr: '' })
    expect(finished.stdout).toMatch(description)
    expect(finished.stdout).toContain('7 of 7 steps were right.')
    expect(finished.stdout).not.toContain('WRONG')
    expect(captureOf(finished).length).toBeGreaterThan(1000)
  }

  it(
    'does every step over an in-memory network',
    () => expectEveryStepRight('memory', /in-memory network/),
    130_000,
  )

  kernelSuite('with the privilege', kernelObstacle([]), () => {
    it(
      'does every step with the kernel',
      () => expectEveryStepRight('kernel', /the kernel is the peer/),
      130_000,
    )
  })

  it('prints its help', async () => {
    expect(await start('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('--serve') })
  })

  it('says in one sentence what is wrong with an option', async () => {
    expect(await start('--size', 'big')).toMatchObject({
      status: 1,
      stderr: "tapwire: --size takes a whole number from 1 to 4096, not 'big'\n",
    })
  })
})
