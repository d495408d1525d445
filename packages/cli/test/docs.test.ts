import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { kernelObstacle, kernelSuite } from '../../../test/support/kernel.ts'
import { readConfigFile } from '../src/world/config-file.ts'
import { folder, type Running, run, start } from './support.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const page = readFileSync(join(root, 'docs/cli.md'), 'utf8')

/** A command of the page, with what it prints. */
interface Example {
  readonly input: string
  readonly args: readonly string[]
  readonly printed: string
  /** It stays up until Ctrl-C. */
  readonly interrupted: boolean
  /** What runs beside it. */
  readonly meanwhile: readonly string[] | null
}

const wordsOf = (line: string): string[] =>
  (line.match(/'[^']*'|\S+/g) ?? []).map((word) => word.replace(/^'(.*)'$/, '$1'))

function readExample(text: string, meanwhile: string | undefined): Example {
  const [command, ...lines] = text.split('\n')
  const [, input = '', args] = /^(?:echo (\w+) \| )?tapwire (.*)$/.exec(command) as RegExpExecArray
  return {
    input: input === '' ? '' : `${input}\n`,
    args: wordsOf(args),
    printed: lines.filter((line) => line !== '^C').join('\n'),
    interrupted: lines.includes('^C'),
    meanwhile: meanwhile === undefined ? null : wordsOf(meanwhile),
  }
}

const examples = [...page.matchAll(/^```console(?: while: (.*))?\n([\s\S]*?)^```$/gm)].flatMap(
  ([, meanwhile, text]) =>
    text
      .split(/^\$ /m)
      .slice(1)
      .map((one) => readExample(one, meanwhile)),
)

/** Numbers, and what is drawn at random, differ from run to run. */
function shape(text: string): string {
  const lines = text
    .replace(/\/[\w-]{43}\//, '/TOKEN/')
    .replace(/ +[\d,]+$/gm, ' #')
    .replace(/\d[\d.,]*/g, '#')
    .trimEnd()
    .split('\n')
  return lines.join('\n')
}

/** Relative to the page's world: scripts of the clone, files of the test. */
const placed = (args: readonly string[]): string[] =>
  args.map((word) => {
    if (word.startsWith('packages/')) return join(root, word)
    return word === 'site' || word.endsWith('.pcapng') ? join(folder, word) : word
  })

beforeAll(() => {
  for (const name of ['site', 'page']) mkdirSync(join(folder, name))
  writeFileSync(join(folder, 'site', 'index.html'), '<h1>Hi</h1>\n')
  writeFileSync(join(folder, 'page', 'index.html'), 'instead of the page, which may not have been built')
})

async function play({ input, args, interrupted }: Example): Promise<{ status: number; text: string }> {
  const given = args[0] === 'lab' ? [...args, '--page', join(folder, 'page')] : placed(args)
  if (!interrupted) {
    const { status, out, err } = await run(given, input)
    return { status, text: out + err }
  }
  const running = start(given)
  await running.said(/ (?:nc|curl) \S+.*\n/)
  running.interrupt()
  const { status, out, err } = await running.ended
  return { status, text: out + err }
}

/** What a machine that is busy may do otherwise: ACKs that answer two segments at once, counters that go on. */
const isVaried = ({ args }: Example): boolean => ['dump', 'stats', 'trace'].includes(args[0])
const MAY_DIFFER = / ACK seq | PSH,ACK | FIN,ACK |window is|^ {2}\w+ #$/

const isForRoot = ({ args }: Example): boolean => args.includes('--tap')

describe('docs/cli.md', () => {
  it('has an example of every command', () => {
    const commands = [...page.matchAll(/^\| \[`(\w+)`\]/gm)].map(([, name]) => name)
    expect(commands).toHaveLength(9)
    expect([...new Set(examples.map(({ args }) => args[0]))].sort()).toEqual(commands.sort())
    for (const name of commands) expect(page).toContain(`\n## \`${name}\`\n`)
  })

  it.for(
    examples
      .filter((example) => !isForRoot(example))
      .map((example) => [example.args.join(' '), example] as const),
  )('tapwire %s', async ([, example]) => {
    let beside: Running | null = null
    if (example.meanwhile !== null) {
      beside = start(example.meanwhile)
      // Until it is connected, and all that begins with an interface is over.
      while (!(await run(['stats'])).out.includes('ESTABLISHED'))
        await new Promise((resolve) => setTimeout(resolve, 20))
    }
    const { status, text } = await play(example)
    beside?.interrupt()
    await beside?.ended
    expect(status).toBe(example.interrupted ? 130 : 0)
    const [said, promised] = [shape(text).split('\n'), shape(example.printed).split('\n')]
    if (!isVaried(example)) expect(said).toEqual(promised)
    else for (const line of promised.filter((one) => !MAY_DIFFER.test(one))) expect(said).toContain(line)
  })

  it('has a configuration that is one', () => {
    const [, text] = /^```json\n([\s\S]*?)^```$/m.exec(page) as RegExpExecArray
    const file = join(folder, 'shown.json')
    writeFileSync(file, text)
    expect(readConfigFile(file)).toMatchObject({ tap: 'tap0', addresses: ['10.77.0.2/24'] })
  })
})

kernelSuite('docs/cli.md, as root', kernelObstacle(['curl']), () => {
  it.for(examples.filter(isForRoot).map((example) => [example.args.join(' '), example] as const))(
    'tapwire %s',
    async ([, example]) => {
      // The page's `lab` might be somebody's.
      const own = `twdocs-${process.pid}`
      const args = placed(example.args).map((word) => (word === 'lab' ? own : word))
      const { status, out, err } = await run(args)
      expect(status).toBe(0)
      const said = shape((out + err).replaceAll(own, 'lab')).split('\n')
      const promised = shape(example.printed).split('\n')
      for (const line of promised.filter((one) => !MAY_DIFFER.test(one))) expect(said).toContain(line)
    },
  )
})
