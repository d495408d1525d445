import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createNetns, type Netns } from '@tapwire/tap-driver'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasProgram, mustRun, runProgram } from '../examples/shared/programs.ts'
import { chromium, visit } from './support/chromium.ts'
import { blocksOf, commandsOf, promised } from './support/doc-blocks.ts'
import { kernelObstacle, kernelSuite } from './support/kernel.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const pages = ['start.md', 'recipes.md', 'fuzzing.md', 'how-it-works.md', 'packetdrill.md']
  .map((name) => `docs/${name}`)
  .map((path) => ({ path, text: read(path) }))

/** Folders of examples whose files the pages show, all of them. */
const FOLDERS = ['examples/start', 'examples/recipes', 'examples/fuzzing', 'examples/scripts']

/** Languages of blocks that can be run. */
const RUNNABLE = ['ts', 'js', 'mjs', 'sh', 'console', 'pkt']

/** What another test runs, because it needs more than a shell. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'npm start': 'test/main-job.test.ts',
  'sudo unshare -n npx tsx examples/recipes/tap-service.ts': 'test/docs.test.ts',
  'curl http://10.77.0.2/status': 'test/docs.test.ts',
  'npm run fuzz:kernel -- --scripts 3000 --seed 1': 'packages/fuzz/test/differential.kernel.test.ts',
  // With scripts of its own for somebody else's.
  'npm run packetdrill -- ~/their-scripts': 'packages/packetdrill/test/linux.test.ts',
  'npm run packetdrill -- --ip_version=ipv6 --mtu=1520 --tcp_ts_tick_usecs=1000 ~/their-scripts':
    'packages/packetdrill/test/cli.test.ts',
  'npm run packetdrill -- -D TFO_COOKIE=3021b9d889017eeb --tolerance_usecs=10000 --quiet ~/their-scripts':
    'packages/packetdrill/test/cli.test.ts',
}

/** What a command of a page has to print: what the page shows of it, or what the program says of itself. */
function expectedOf(command: string, output: string | null): string | null {
  if (output !== null) return output
  const file = /^npx tsx (examples\/\S+)$/.exec(command)?.[1]
  return file === undefined ? null : promised(read(file))
}

/** A folder that looks like a clone, so that what commands write is not written into this one. */
function likeAClone(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tapwire-docs-'))
  for (const name of readdirSync(root)) if (name !== '.git') symlinkSync(join(root, name), join(folder, name))
  return folder
}

const env = { ...process.env, NODE_NO_WARNINGS: '1', npm_config_update_notifier: 'false' }

describe.each(pages)('$path', ({ text }) => {
  const folder = likeAClone()
  afterAll(() => rmSync(folder, { recursive: true }))

  it('has a name for each program, and shows what is in that file', () => {
    for (const { language, text: code, file, line } of blocksOf(text)) {
      if (file === null && language !== 'ts' && language !== 'js') continue
      expect(file, `line ${line}: above it, say which file it is: <!-- examples/… -->`).not.toBeNull()
      expect(code, `line ${line} ("npm run docs" writes it anew)`).toBe(read(file ?? ''))
    }
  })

  for (const { command, output } of commandsOf(text)) {
    if (command in ELSEWHERE) continue
    it(command, { timeout: 60_000 }, async (context) => {
      const sealed = command.startsWith('openssl ') || command.endsWith('/tls.ts')
      context.skip(sealed && !hasProgram('openssl'), 'not installed: openssl')
      const { stdout } = await mustRun('sh', ['-c', command], { cwd: folder, env })
      const expected = expectedOf(command, output)
      if (expected === null) return
      expect(expected, 'The page or the program says what is printed').not.toBe('')
      expect(stdout).toBe(expected)
    })
  }
})

it('every example is shown by a page', () => {
  const shown = pages.flatMap(({ text }) => blocksOf(text).map(({ file }) => file))
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder)).map((name) => `${folder}/${name}`),
  )
  expect(files.length).toBeGreaterThan(10)
  expect(files.filter((file) => !shown.includes(file))).toEqual([])
})

/** Pages whose blocks other tests run, or type-check where they are parts of programs; or another page has the same commands. */
const OTHER_PAGES: Readonly<Record<string, string>> = {
  'README.md': 'test/readme.test.ts',
  'docs/cli.md': 'packages/cli/test/docs.test.ts',
  'docs/workshop.md': 'packages/workshop/test/docs.test.ts',
  'packages/cli/README.md': 'docs/cli.md',
  'packages/lab/README.md': 'test/package-readmes.test.ts',
  'packages/net-api/README.md': 'test/package-readmes.test.ts',
  'packages/tap-driver/README.md': 'test/package-readmes.test.ts',
  'packages/packetdrill/README.md': 'test/package-readmes.test.ts',
  'packages/sockets/README.md': 'packages/sockets/test/readme.test.ts',
}

it('each page with code in it has a test that runs it', () => {
  const packages = readdirSync(join(root, 'packages')).map((name) => `packages/${name}/README.md`)
  const docs = readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)
  const withCode = ['README.md', ...docs, ...packages]
    .filter((path) => path.endsWith('.md') && existsSync(join(root, path)))
    .filter((path) => blocksOf(read(path)).some(({ language }) => RUNNABLE.includes(language)))
  const here = pages.map(({ path }) => path)
  expect(withCode.filter((path) => !here.includes(path) && !(path in OTHER_PAGES))).toEqual([])
  for (const path of withCode) {
    const test = OTHER_PAGES[path]
    if (test === undefined) continue
    const needles = test.endsWith('.md')
      ? commandsOf(read(path))
          .map(twoWords)
          .filter((words) => !words.includes(' --'))
      : [basename(path)]
    for (const needle of needles) expect(read(test), `${test} is to run ${path}`).toContain(needle)
  }
})

/** A program and what it is told to do. */
const twoWords = ({ command }: { readonly command: string }): string =>
  command.split(' ').slice(0, 2).join(' ')

it('what is run elsewhere is', () => {
  const commands = pages.flatMap(({ text }) => commandsOf(text).map(({ command }) => command))
  expect(Object.keys(ELSEWHERE).filter((command) => !commands.includes(command))).toEqual([])
  for (const file of Object.values(ELSEWHERE)) expect(existsSync(join(root, file)), file).toBe(true)
})

it('the page of the recipes runs in a browser', { timeout: 60_000 }, async (context) => {
  context.skip(chromium === undefined, 'no chromium is installed')
  const recipes = pages.find(({ path }) => path.endsWith('recipes.md'))?.text ?? ''
  const command = commandsOf(recipes).find(({ command: line }) => line.startsWith('npx esbuild '))?.command
  const html = blocksOf(recipes).find(({ language }) => language === 'html')?.text ?? ''
  const folder = likeAClone()
  try {
    await mustRun('sh', ['-c', command ?? 'false'], { cwd: folder, env })
    const script = readFileSync(join(folder, 'browser.js'), 'utf8')
    const lines = promised(read('examples/recipes/browser.ts')).trimEnd().split('\n')
    const page = await visit(html, { 'browser.js': script }, (body) =>
      lines.every((line) => body.includes(line)),
    )
    expect(page.match(/(?<=<p>).*?(?=<\/p>)/g)).toEqual(lines)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

kernelSuite('the service on a TAP', kernelObstacle(['curl']), () => {
  let netns: Netns

  beforeAll(() => {
    netns = createNetns()
  })

  afterAll(() => netns?.close())

  it('answers over both versions, and ends when it is told to, with what it has made', {
    timeout: 60_000,
  }, async () => {
    const spawn = netns.spawn.bind(netns)
    const file = 'examples/recipes/tap-service.ts'
    const program = netns.spawn('npx', ['tsx', join(root, file)], {
      cwd: root,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    })
    const ended = new Promise<number | null>((resolve) => program.once('exit', resolve))
    try {
      const announced = new Promise((resolve) =>
        program.stdout?.once('data', (bytes) => resolve(String(bytes))),
      )
      expect(await announced).toBe('http://10.77.0.2 and http://[fd77::2], by tap0\n')
      for (const host of ['10.77.0.2', '[fd77::2]']) {
        const { stdout } = await mustRun('curl', ['-sSg', `http://${host}/status`], { spawn })
        expect(JSON.parse(stdout)).toMatchObject({ path: '/status', retransmitted: 0 })
      }
    } finally {
      process.kill(-(program.pid ?? 0), 'SIGTERM')
    }
    await ended
    const { stdout } = await runProgram('ls', ['/sys/class/net'], { spawn })
    expect(stdout).not.toContain('tap0')
  })
})

it.each(['docs', 'diagrams'])('npm run %s explains itself', async (name) => {
  const { stdout } = await mustRun(process.execPath, [join(root, `scripts/${name}.mjs`), '--help'])
  expect(stdout).toContain(`npm run ${name} [-- --check]`)
})

it('every command that a page names is one of package.json', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Readonly<Record<string, string>> }
  const docs = readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)
  const named = ['README.md', 'bench/README.md', ...docs]
    .filter((path) => path.endsWith('.md'))
    .flatMap((path) =>
      [...read(path).matchAll(/`(?:npm run|pnpm)(?: -s)? ([a-z][\w:-]*)/g)].map(([, name]) => ({
        path,
        name,
      })),
    )
  expect(named.length).toBeGreaterThan(30)
  const known = [...Object.keys(scripts), 'install', 'start', 'test']
  expect(named.filter(({ name }) => !known.includes(name))).toEqual([])
})
