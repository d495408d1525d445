import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import type { Hints, Judge } from '../src/judge/exercise.ts'
import { judgeFile, type Learner } from '../src/judge/judge-file.ts'

const folder = fileURLToPath(new URL('../exercises/', import.meta.url))
const exercises = readdirSync(folder).filter((name) => /^\d\d-/.test(name))

/** Those that would never come back, and are tried in a process of their own: see cli.test.ts. */
const ENDLESS = ['05-options/wrong-zero-length.ts']

// Skeletons print what comes, so that their owner sees that they run.
beforeAll(() => {
  vi.spyOn(console, 'log').mockImplementation(() => {})
})

describe.each(exercises)('%s', async (name) => {
  const load = (file: string) => import(/* @vite-ignore */ file)
  const { judge } = (await load(`${folder}${name}/verify.ts`)) as { judge: Judge<Learner> }
  const hints = (await load(`${folder}${name}/hints.ts`)) as Hints
  const files = readdirSync(folder + name)
  const wrong = files.filter((file) => file.startsWith('wrong-') && !ENDLESS.includes(`${name}/${file}`))
  const verdictOn = (file: string) =>
    judgeFile({
      judge,
      hints,
      file: `${folder}${name}/${file}`,
      load,
      kernel: false,
    })

  it('the reference solution passes', async () => {
    const verdict = await verdictOn('solution.ts')
    expect(verdict).toMatchObject({ kind: 'passed', cases: judge.cases.map((one) => one.name) })
  })

  it('the skeleton loads, has what must be exported, and does not pass', async () => {
    const verdict = await verdictOn('start.ts')
    expect(verdict).toMatchObject({ kind: 'failed' })
  })

  it('has hints, and typical mistakes among its files', () => {
    expect(hints.hints.length).toBeGreaterThanOrEqual(2)
    expect(wrong.length).toBeGreaterThanOrEqual(1)
    expect(files).toEqual(
      expect.arrayContaining(['README.md', 'hints.ts', 'solution.ts', 'start.ts', 'verify.ts']),
    )
  })

  it('the judge knows each mistake that has a hint, and each wrong file is one of them', () => {
    const text = readFileSync(`${folder}${name}/verify.ts`, 'utf8')
    const names = Object.keys(hints.mistakes)
    expect(names.filter((mistake) => !text.includes(`'${mistake}'`))).toEqual([])
    const made = files.filter((file) => file.startsWith('wrong-')).map((file) => file.slice(6, -3))
    expect(made.filter((mistake) => !names.includes(mistake))).toEqual([])
    if (hints.stuck !== undefined) expect(names).toContain(hints.stuck)
  })

  it.each(wrong)('%s fails with its own hint', async (file) => {
    const mistake = file.slice('wrong-'.length, -'.ts'.length)
    const verdict = await verdictOn(file)
    expect(verdict).toMatchObject({ kind: 'failed', mistake, hint: hints.mistakes[mistake] })
    if (verdict.kind === 'failed') expect([verdict.expected, verdict.actual]).not.toContain('')
  })
})
