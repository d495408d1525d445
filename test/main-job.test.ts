import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { readOptions } from '../examples/main/options.ts'
import { MEBIBYTE, payloadHash, payloadStream } from '../examples/main/payload.ts'
import { readPingOutput } from '../examples/main/programs.ts'
import { PAGE } from '../examples/main/server.ts'
import { makeSteps } from '../examples/main/steps.ts'
import { formatTable } from '../examples/main/table.ts'
import type { ClientTasks, PageReport, TransferReport } from '../examples/main/tasks.ts'
import type { World } from '../examples/main/world.ts'
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

/** Whether a process is there and not just waiting for its parent to notice its end. */
function isRunning(pid: string): boolean {
  return existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
}

describe('npm start, with small transfers', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tapwire-main-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const command = (...args: string[]): string[] => ['--import', 'tsx', 'examples/main/main.ts', ...args]
  const start = (args: string[], env: NodeJS.ProcessEnv = {}): Promise<Finished> =>
    runProgram(process.execPath, command(...args), {
      cwd: root,
      env: { ...process.env, TMPDIR: folder, ...env },
      timeout: 120_000,
    })

  /** The one capture that a run leaves behind. */
  function captureOf({ stdout }: Finished): Uint8Array {
    const path = /Capture of the first exchange: (.+)$/m.exec(stdout)?.[1] ?? ''
    expect(readdirSync(folder, { recursive: true })).toContain(path.slice(folder.length + 1))
    return readFileSync(path)
  }

  const small = ['--size', '4', '--connections', '50']

  function expectEveryStepRight(finished: Finished, description: RegExp): void {
    expect(finished, finished.stdout + finished.stderr).toMatchObject({ status: 0, stderr: '' })
    expect(finished.stdout).toMatch(description)
    expect(finished.stdout).toContain('7 of 7 steps were right.')
    expect(finished.stdout).not.toContain('WRONG')
    expect(captureOf(finished).length).toBeGreaterThan(1000)
  }

  it('does every step over an in-memory network', async () => {
    expectEveryStepRight(await start(['--world', 'memory', ...small]), /an in-memory network/)
  }, 130_000)

  kernelSuite('with the kernel', kernelObstacle(['ping', 'curl']), () => {
    it('does every step with ping and curl', async () => {
      const finished = await start(['--world', 'kernel', ...small])
      expectEveryStepRight(finished, /the kernel is the peer/)
      expect(finished.stdout).toMatch(/ping over IPv6 .* ping\n/)
      expect(finished.stdout).toMatch(/fetch the page over IPv6 .* curl\n/)
    }, 130_000)

    it("does every step with Node's client where there is no ping and no curl", async () => {
      const finished = await start(['--world', 'kernel', ...small], { PATH: folder })
      expectEveryStepRight(finished, /the kernel is the peer/)
      expect(finished.stdout).toMatch(/ping over IPv6 .* Node's client \(TCP connect\)\n/)
      expect(finished.stdout).toMatch(/fetch the page over IPv6 .* Node's client\n/)
    }, 130_000)

    it('ends with 1 when a step was not right, and goes on with the others', async () => {
      writeFileSync(join(folder, 'curl'), '#!/bin/sh\nexit 7\n', { mode: 0o755 })
      const finished = await start(['--world', 'kernel', ...small], { PATH: `${folder}:${process.env.PATH}` })
      expect(finished.status).toBe(1)
      expect(finished.stdout).toContain('5 of 7 steps were right.')
      expect(finished.stdout.match(/WRONG/g)).toHaveLength(2)
    }, 130_000)

    it('removes everything on Ctrl-C', async () => {
      const child = spawn(process.execPath, command('--serve'), {
        cwd: root,
        env: { ...process.env, TMPDIR: folder },
      })
      const exited = once(child, 'exit')
      let output = ''
      for await (const piece of child.stdout.setEncoding('utf8')) {
        output += piece
        if (output.includes('is captured in')) break
      }
      const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ')
      const clients = children.filter((pid) =>
        readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('kernel-client'),
      )
      expect(clients).toHaveLength(1)
      expect(output).toContain('nsenter --net=/proc/')
      child.kill('SIGINT')
      expect(await exited).toEqual([130, null])
      await vi.waitFor(() => expect(isRunning(clients[0])).toBe(false), 10_000)
    }, 60_000)
  })

  it('prints its help', async () => {
    expect(await start(['--help'])).toMatchObject({ status: 0, stdout: expect.stringContaining('--serve') })
  })

  it('says in one sentence what is wrong with an option', async () => {
    expect(await start(['--size', 'big'])).toMatchObject({
      status: 1,
      stderr: "tapwire: --size takes a whole number from 1 to 4096, not 'big'\n",
    })
  })
})
