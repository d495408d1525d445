import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createNetns, type Netns } from '@tapwire/tap-driver'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasProgram, mustRun, runProgram } from '../examples/shared/programs.ts'
import { blocksOf, promised } from './support/doc-blocks.ts'
import { kernelObstacle, kernelSuite } from './support/kernel.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const loader = createRequire(import.meta.url).resolve('tsx')
const env = { ...process.env, TSX_TSCONFIG_PATH: join(root, 'tsconfig.json'), NODE_NO_WARNINGS: '1' }

/** The blocks of code of one language, as printed. */
const textsOf = (wanted: string): string[] =>
  blocksOf(readme).flatMap(({ language, text }) => (language === wanted ? [text] : []))

const examples = readdirSync(join(root, 'examples'))
  .filter((name) => name.endsWith('.ts'))
  .map((name) => ({ name, text: readFileSync(join(root, 'examples', name), 'utf8') }))

const startOf = (name: string): string[] => ['--import', loader, join(root, 'examples', name)]

it('README shows the files of examples, and nothing else', () => {
  expect(textsOf('ts').sort()).toEqual(examples.map(({ text }) => text).sort())
})

it('README shows the swap in three lines', () => {
  const [first] = textsOf('ts')
  const [swap, program] = first.split('\n\n// What follows is a program as it was.\n')
  expect(swap.split('\n').filter((line) => line !== '')).toHaveLength(3)
  expect(program).not.toMatch(/import|Stack|tapwire/)
})

describe("README's examples", () => {
  const folder = mkdtempSync(join(tmpdir(), 'tapwire-readme-'))
  const command = textsOf('sh').find((block) => block.startsWith('openssl '))

  beforeAll(() => {
    if (hasProgram('openssl'))
      expect(spawnSync('sh', ['-ec', command ?? 'false'], { cwd: folder }).status).toBe(0)
  })

  afterAll(() => rmSync(folder, { recursive: true }))

  it.for(examples.filter(({ text }) => !text.includes('openTap')))(
    '$name prints what it says',
    async ({ name, text }, context) => {
      if (text.includes('.pem')) context.skip(!hasProgram('openssl'), 'not installed: openssl')
      expect(promised(text)).not.toBe('')
      const { stdout, stderr } = await mustRun(process.execPath, startOf(name), { cwd: folder, env })
      expect([stdout, stderr]).toEqual([promised(text), ''])
    },
  )
})

kernelSuite("README's examples with a TAP", kernelObstacle(['curl']), () => {
  let netns: Netns

  beforeAll(() => {
    netns = createNetns()
  })

  afterAll(() => netns?.close())

  it.for(examples.filter(({ text }) => text.includes('openTap')))(
    "$name serves the kernel's side",
    async ({ name }) => {
      const program = netns.spawn(process.execPath, startOf(name), {
        cwd: root,
        env,
        stdio: ['ignore', 'ignore', 'inherit'],
      })
      const ended = once(program, 'exit')
      const spawn = netns.spawn.bind(netns)
      // Until the program listens, its address is unknown or refuses.
      const patience = ['--retry', '40', '--retry-all-errors', '--retry-delay', '1', '--connect-timeout', '1']
      try {
        for (const host of ['10.77.0.2', '[fd77::2]']) {
          const { stdout } = await mustRun('curl', ['-sSg', ...patience, `http://${host}/`], { spawn })
          expect(stdout).toBe('hello\n')
        }
        // What curl says to an echo server comes back as the beginning of an answer in HTTP/0.9.
        const echo = ['-sS', '--http0.9', '--max-time', '1', '--no-buffer', 'http://10.77.0.2:7/echoed']
        const { stdout } = await runProgram('curl', echo, { spawn })
        expect(stdout).toMatch(/^GET \/echoed HTTP\/1\.1\r\n/)
      } finally {
        program.kill('SIGKILL')
        await ended
      }
    },
  )
})
