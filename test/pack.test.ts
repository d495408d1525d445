import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mustRun, runProgram } from '../examples/shared/programs.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const PACKAGES = ['stack', 'tap-driver', 'net-api'] as const
const TSC = join(root, 'node_modules/typescript/bin/tsc')
const NO_NETWORK = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH/
const NO_NETWORK_REASON = 'no network to install the dependencies of the tarballs from'

/** What a stranger would write first. */
const PROGRAM = `
import { Stack } from '@tapwire/stack'
import { openTap } from '@tapwire/tap-driver'
import { createNet } from '@tapwire/net-api'
const stack = new Stack()
const net = createNet(stack)
if (typeof openTap !== 'function') throw new Error('openTap is no function')
const server = net.createServer((socket) => { socket.pipe(socket) })
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const client = net.connect(port, '127.0.0.1', () => { client.end('packed') })
  client.setEncoding('utf8')
  let text = ''
  client.on('data', (piece) => { text += String(piece) })
  client.on('end', () => {
    process.stdout.write(text)
    server.close(() => { void stack.close() })
  })
})
`

describe('the packed packages, in an empty folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tapwire-pack-'))
  const tarballs = join(folder, 'tarballs')
  const consumer = join(folder, 'consumer')
  let offline = false

  beforeAll(async () => {
    await mustRun(process.execPath, [TSC, '-b'], { cwd: root, timeout: 180_000 })
    const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    mkdirSync(tarballs)
    for (const name of PACKAGES) {
      await mustRun('npx', ['--yes', packageManager, 'pack', '--pack-destination', tarballs], {
        cwd: join(root, 'packages', name),
        timeout: 120_000,
      })
    }
    mkdirSync(consumer)
    writeFileSync(join(consumer, 'package.json'), '{ "private": true, "type": "module" }\n')
    const files = readdirSync(tarballs).map((file) => join(tarballs, file))
    const installed = await runProgram('npm', ['install', '--no-audit', '--no-fund', ...files], {
      cwd: consumer,
      timeout: 180_000,
    })
    offline = installed.status !== 0 && NO_NETWORK.test(installed.stderr)
    if (!offline) expect(installed.status, installed.stderr).toBe(0)
  }, 600_000)

  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('makes one tarball of each package', () => {
    const names = readdirSync(tarballs).map((file) => file.replace(/-\d.*$/, ''))
    expect(names.sort()).toEqual(PACKAGES.map((name) => `tapwire-${name}`).sort())
  })

  it('runs the three-line use in plain Node', async (context) => {
    context.skip(offline, NO_NETWORK_REASON)
    writeFileSync(join(consumer, 'program.js'), PROGRAM)
    const { stdout } = await mustRun(process.execPath, ['program.js'], { cwd: consumer, timeout: 30_000 })
    expect(stdout).toBe('packed')
  }, 60_000)

  it('has types that resolve', async (context) => {
    context.skip(offline, NO_NETWORK_REASON)
    writeFileSync(join(consumer, 'program.ts'), PROGRAM)
    const options = {
      compilerOptions: {
        strict: true,
        noEmit: true,
        target: 'ES2023',
        module: 'NodeNext',
        types: ['node'],
        typeRoots: [join(root, 'node_modules/@types')],
      },
      files: ['program.ts'],
    }
    writeFileSync(join(consumer, 'tsconfig.json'), JSON.stringify(options))
    const { stdout } = await mustRun(process.execPath, [TSC, '-p', consumer], { timeout: 120_000 })
    expect(stdout).toBe('')
  }, 130_000)

  it('ships no test, and every file that an export names', (context) => {
    context.skip(offline, NO_NETWORK_REASON)
    for (const name of PACKAGES) {
      const installed = join(consumer, 'node_modules/@tapwire', name)
      const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))
      const files = readdirSync(installed, { recursive: true, encoding: 'utf8' })
      for (const path of Object.values(manifest.exports['.'] as Record<string, string>)) {
        expect(files).toContain(path.replace('./', ''))
      }
      expect(files.filter((file) => /(^|\/)test\//.test(file))).toEqual([])
    }
  })
})
