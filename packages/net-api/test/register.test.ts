import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mustRun } from '../../../examples/shared/programs.ts'
import { cert, key } from './support/certificate.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const REGISTER = join(root, 'packages/net-api/dist/register/register.js')
const program = (name: string): string => fileURLToPath(new URL(`./programs/${name}`, import.meta.url))

describe('node --import @tapwire/net-api/register', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tapwire-register-'))
  const pem = join(folder, 'pem')

  beforeAll(async () => {
    writeFileSync(pem, `${key}====${cert}`)
    await mustRun(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b'], {
      cwd: root,
      timeout: 180_000,
    })
  }, 200_000)

  afterAll(() => rmSync(folder, { recursive: true }))

  interface Outcome {
    readonly status: number
    readonly stdout: string
    readonly stderr: string
  }

  function run(config: string | undefined, ...args: string[]): Promise<Outcome> {
    const env = {
      ...process.env,
      NODE_NO_WARNINGS: '1',
      ...(config === undefined ? {} : { TAPWIRE_CONFIG: config }),
    }
    return new Promise((resolve) => {
      const options = { env, cwd: folder, timeout: 30_000 }
      execFile(process.execPath, ['--import', REGISTER, ...args], options, (error, stdout, stderr) =>
        resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr }),
      )
    })
  }

  it('gives a CommonJS program the stack', async () => {
    const config = { names: { hosts: { service: '127.0.0.5' } } }
    const { stdout, stderr, status } = await run(JSON.stringify(config), program('common.cjs'))
    expect(stderr).toBe('')
    expect(stdout.split('\n')).toEqual([
      'said hello at 127.0.0.5',
      'page from /page',
      'fetched from /fetched',
      'lookup 127.0.0.5',
      'kernel 0',
      '',
    ])
    expect(status).toBe(0)
  })

  it('gives an ES module the stack, in every form of import', async () => {
    const { stdout, stderr, status } = await run('{}', program('module.mjs'), pem)
    expect(stderr).toBe('')
    expect(stdout.split('\n')).toEqual([
      'authorized true true',
      'body sealed',
      'same true true',
      'kernel 0',
      '',
    ])
    expect(status).toBe(0)
  })

  it('reads tapwire.config.json of the folder, or the file that is named', async () => {
    writeFileSync(join(folder, 'tapwire.config.json'), '{"names":{"hosts":{"filed":"127.0.0.9"}}}')
    const script = "require('dns').lookup('filed', (error, address) => console.log(address))"
    expect((await run(undefined, '-e', script)).stdout).toBe('127.0.0.9\n')
    expect((await run('tapwire.config.json', '-e', script)).stdout).toBe('127.0.0.9\n')
    rmSync(join(folder, 'tapwire.config.json'))
  })

  it('keeps a sealed program from paths of the operating system', async () => {
    const script =
      "try { require('net').createServer().listen('/tmp/sealed') } catch ({ code }) { console.log(code) }"
    expect((await run('{"ipc":"refuse"}', '-e', script)).stdout).toBe('ERR_ACCESS_DENIED\n')
  })

  it.each([
    [undefined, /there is no such file; set TAPWIRE_CONFIG/],
    ['missing.json', /missing\.json cannot be read: there is no such file\n$/],
    ['{', /TAPWIRE_CONFIG is no JSON/],
    ['{"interface":[]}', /'interface', which means nothing; known are: interfaces, names/],
    ['{"interfaces":[{}]}', /needs either 'tap' or 'tun'/],
    ['{"tcp":{"initialWindow":-1}}', /initialWindow/],
    ['{"ipc":"perhaps"}', /'ipc' has to be 'host' or 'refuse'/],
    ['{"names":{"nameServers":["nobody"]}}', /Invalid IP address: nobody/],
  ])('says in a sentence what is wrong with the configuration %s', async (config, sentence) => {
    const { status, stderr, stdout } = await run(config, '-e', 'console.log(1)')
    expect(stderr).toMatch(sentence)
    expect(stderr.split('\n')).toHaveLength(2)
    expect([status, stdout]).toEqual([1, ''])
  })
})
