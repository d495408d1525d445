import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { blocksOf } from '../../../test/support/doc-blocks.ts'
import { listExercises } from '../src/cli/exercises.ts'
import { exerciseLines } from '../src/cli/menu.ts'
import { noProgress } from '../src/cli/progress.ts'
import { styleFor } from '../src/cli/style.ts'
import type { Hints, Judge } from '../src/judge/exercise.ts'
import { judgeFile, type Learner } from '../src/judge/judge-file.ts'
import { Person } from './command.ts'

const inPackage = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))
const page = readFileSync(inPackage('../../docs/workshop.md'), 'utf8')
const blocks = blocksOf(page)

it('docs/workshop.md: every command prints what it says', { timeout: 120_000 }, async () => {
  const person = new Person()
  let count = 0
  try {
    for (const { language, text, file } of blocks) {
      if (language === 'ts' && file !== null && !file.includes('/')) person.write(file, text)
      if (language !== 'console') continue
      for (const example of text.split(/^\$ npx tapwire-workshop /m).slice(1)) {
        const [line, ...printed] = example.split('\n')
        const { out } = await person.run(line.split(' '))
        const parts = printed.join('\n').split('...\n')
        expect(out.startsWith(parts[0]), out).toBe(true)
        expect(out.endsWith(parts.at(-1) ?? ''), out).toBe(true)
        if (parts.length === 1) expect(out).toBe(parts[0])
        count++
      }
    }
  } finally {
    person.leave()
  }
  expect(count).toBeGreaterThanOrEqual(6)
})

it('docs/workshop.md names every exercise in its table', () => {
  const exercises = listExercises()
  const rows = [...page.matchAll(/^\| (\d+) \| ([^|]+) \|/gm)].map(
    ([, number, title]) => `${number} ${title}`,
  )
  expect(rows).toEqual(exercises.map(({ title }, at) => `${at + 1} ${title}`))
  for (const line of exerciseLines(exercises, noProgress(), styleFor({}, {})))
    expect(page).toContain(`${line}\n`)
})

it('docs/workshop.md shows an exercise that works as it says', async () => {
  const root = mkdtempSync(join(tmpdir(), 'tapwire-exercise-'))
  afterAll(() => rmSync(root, { recursive: true, force: true }))
  for (const name of ['src', 'node_modules', 'package.json']) symlinkSync(inPackage(name), join(root, name))
  for (const { file, text } of blocks) {
    if (!file?.includes('/')) continue
    const path = join(root, 'exercises', file)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
  const folder = join(root, 'exercises/14-udp-ports/')
  const load = (file: string) => import(/* @vite-ignore */ file)
  const { judge } = (await load(`${folder}verify.ts`)) as { judge: Judge<Learner> }
  const hints = (await load(`${folder}hints.ts`)) as Hints
  const verdictOn = (name: string) => judgeFile({ judge, hints, file: `${folder}${name}`, load })
  expect(await verdictOn('solution.ts')).toMatchObject({ kind: 'passed' })
  expect(await verdictOn('start.ts')).toMatchObject({ kind: 'failed', mistake: 'other' })
  expect(await verdictOn('wrong-fixed-header.ts')).toMatchObject({ kind: 'failed', mistake: 'fixed-header' })
})

beforeAll(() => {
  vi.spyOn(console, 'log').mockImplementation(() => {})
})
