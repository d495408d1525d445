import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readArguments } from '../src/run/arguments.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

function run(file: string, ...args: string[]): { status: number | null; out: string } {
  const { status, stdout, stderr } = spawnSync(
    'node',
    ['--import', 'tsx', `packages/fuzz/src/${file}`, ...args],
    {
      cwd: ROOT,
      encoding: 'utf8',
    },
  )
  return { status, out: stdout + stderr }
}

describe('the command', () => {
  it('plays a few steps and prints what happened', { timeout: 60_000 }, () => {
    const { status, out } = run('cli.ts', '--', '--steps', '600', '--seed', '3', '--harness', 'model')
    expect(out).toMatch(/model: 1,000 steps in 2 scenarios, 0 failures/)
    expect(out).toContain('seed 3')
    expect(status).toBe(0)
  })

  it.each(['cli.ts', 'differential-cli.ts'])('%s explains itself', { timeout: 60_000 }, (file) => {
    const { status, out } = run(file, '--help')
    expect(out).toContain('Examples:')
    expect(status).toBe(0)
  })

  it('refuses in one sentence what it does not understand', { timeout: 60_000 }, () => {
    const { status, out } = run('cli.ts', '--harness', 'nonsense')
    expect(out).toContain("There is no harness 'nonsense': there are frames, options, cable, model")
    expect(status).toBe(2)
  })

  it.each([
    [['--minutes', '0'], '--minutes must be a number above 0'],
    [['--steps', 'many'], '--steps must be a whole number from 1 on'],
    [['--stride', '0'], '--stride must be a whole number from 1 on'],
    [['--scenario', '5'], '--scenario needs exactly one --harness'],
  ])('%j is refused', (given, said) => {
    expect(() => readArguments(given, 1)).toThrow(said)
  })

  it('without anything: a minute of all harnesses, seed drawn, invariants after every step', () => {
    const settings = readArguments([], 99)
    expect(settings).toMatchObject({ seed: 99, milliseconds: 60_000, stride: 1, scenario: null })
    expect(settings.harnesses.map(({ name }) => name)).toEqual(['frames', 'options', 'cable', 'model'])
  })
})
