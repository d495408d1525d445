import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mustRun } from '../../../examples/shared/programs.ts'
import { serve } from '../src/serve.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const loader = createRequire(import.meta.url).resolve('tsx')
const program = ['--import', loader, join(root, 'packages/site/src/main.ts')]

describe('npm run site', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tapwire-site-'))
  const page = (path: string): string => readFileSync(join(folder, path), 'utf8')
  let said = ''

  // It checks every link itself, and fails when one leads nowhere.
  beforeAll(async () => {
    const { stdout } = await mustRun(process.execPath, [...program, '--out', folder], {
      cwd: root,
      timeout: 170_000,
    })
    said = stdout
  }, 180_000)

  afterAll(() => rmSync(folder, { recursive: true }))

  it('tells what it does, and what came of it', () => {
    expect(said).toMatch(
      /^pages \.\.\. \d+ pages .*\nAPI reference \.\.\. all packages .*\nlab \.\.\. its page .*\nlinks \.\.\. \d+ links .*\n\d+ files of HTML: /,
    )
  })

  it('has a page for every Markdown file of docs, in the navigation of every page', () => {
    const index = page('index.html')
    for (const name of readdirSync(join(root, 'docs')).filter((file) => file.endsWith('.md'))) {
      const path = name.replace(/\.md$/, '.html')
      expect(existsSync(join(folder, path)), path).toBe(true)
      expect(index).toContain(`href="${path}"`)
      expect(page(path)).toContain('<a href="start.html"')
    }
  })

  it('runs no script, loads nothing from elsewhere, and has both a light and a dark face', () => {
    const start = page('start.html')
    expect(start).not.toContain('<script')
    expect(start).toContain("default-src 'self'")
    const style = page('site.css')
    expect(style).toContain('prefers-color-scheme: dark')
    expect(style).not.toMatch(/url\(|@import/)
  })

  it('lists the sources that pages cite, by name', () => {
    expect(page('rfc-map.html')).toContain('href="source/packages/stack/src/tcp/ack.ts.html"')
    expect(page('source/packages/stack/src/tcp/ack.ts.html')).toContain('processAck')
  })

  it('has the reference of every package', () => {
    const modules = page('api/index.html')
    const packages = readdirSync(join(root, 'packages')).filter((name) =>
      existsSync(join(root, 'packages', name, 'src/index.ts')),
    )
    expect(packages.length).toBeGreaterThan(7)
    for (const name of packages) {
      const { name: full } = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'))
      expect(modules, full).toContain(`>${full}<`)
    }
    const stack = page('api/classes/_tapwire_stack.Stack.html')
    expect(stack).toContain('addInterface')
    expect(stack).toContain('href="../../index.html"')
  })

  it('has the lab', () => {
    const lab = page('lab/index.html')
    const [, script] = /<script type="module"[^>]* src="\.\/([^"]+)"/.exec(lab) ?? []
    expect(existsSync(join(folder, 'lab', script ?? 'none'))).toBe(true)
    expect(page('index.html')).toContain('href="lab/index.html"')
  })
})

describe('the served site', () => {
  it('has its files and no others', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tapwire-serve-'))
    writeFileSync(join(folder, 'index.html'), '<h1>here</h1>')
    const { address, close } = await serve(folder, 0)
    try {
      const front = await fetch(address)
      expect([front.headers.get('content-type'), await front.text()]).toEqual([
        'text/html; charset=utf-8',
        '<h1>here</h1>',
      ])
      for (const path of ['gone.html', '..%2F..%2Fetc/hostname', '%00', '%zz'])
        expect((await fetch(address + path)).status, path).toBe(404)
    } finally {
      close()
      rmSync(folder, { recursive: true })
    }
  })
})

it('explains itself', () => {
  const { status, stdout } = spawnSync(process.execPath, [...program, '--help'], { encoding: 'utf8' })
  expect([status, stdout]).toEqual([0, expect.stringContaining('npm run site -- --out /tmp/site --no-api')])
})

it('says in a sentence what it does not understand', () => {
  const { status, stderr } = spawnSync(process.execPath, [...program, '--fast'], { encoding: 'utf8' })
  expect([status, stderr.trim().split('\n').length]).toEqual([1, 1])
  expect(stderr).toContain("'--fast'")
})
