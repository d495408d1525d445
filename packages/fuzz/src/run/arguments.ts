import { parseArgs } from 'node:util'
import { HARNESSES } from '../harness/all.ts'
import type { Harness } from '../harness/scenario.ts'

export const USAGE = `Usage: pnpm fuzz -- [options]

Plays random scenarios against live stacks and looks after every step whether all that must hold of them does. A failure prints its
seed and writes a capture; the same seed plays the same scenario again, byte for byte.

  --minutes N      play for so long (default 1)
  --steps N        play so many steps instead
  --harness NAME   one of the list below; may be repeated (default: all in turn)
  --seed N         decides everything (default: drawn, and printed)
  --scenario N     play the one scenario with this seed, as a failure printed it; needs --harness
  --stride N       look at the invariants after every Nth step only (default 1)
  --out FOLDER     where captures of failures go (default fuzz-failures)
  --bail           stop at the first failure
  --json FILE      write the figures there as well
  --help           this

Harnesses:
${HARNESSES.map(({ name, about }) => `  ${name.padEnd(16)} ${about}`).join('\n')}

Examples:
  pnpm fuzz -- --minutes 10
  pnpm fuzz -- --harness cable --steps 100000 --seed 7
  pnpm fuzz -- --harness model --scenario 2463534242
`

export interface Arguments {
  readonly help: boolean
  readonly harnesses: readonly Harness[]
  readonly seed: number
  readonly scenario: number | null
  readonly milliseconds: number
  readonly steps: number
  readonly stride: number
  readonly out: string
  readonly bail: boolean
  readonly json: string | null
}

/** @throws Error with a sentence for the user */
export function readArguments(given: readonly string[], drawn: number): Arguments {
  const { values } = parseArgs({
    // What `pnpm fuzz -- …` passes on.
    args: given[0] === '--' ? given.slice(1) : [...given],
    options: {
      minutes: { type: 'string' },
      steps: { type: 'string' },
      harness: { type: 'string', multiple: true },
      seed: { type: 'string' },
      scenario: { type: 'string' },
      stride: { type: 'string', default: '1' },
      out: { type: 'string', default: 'fuzz-failures' },
      bail: { type: 'boolean', default: false },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  const steps = values.steps === undefined ? Number.POSITIVE_INFINITY : wholeNumber('steps', values.steps, 1)
  const minutes =
    values.minutes === undefined ? defaultMinutes(values.steps) : positive('minutes', values.minutes)
  const scenario = values.scenario === undefined ? null : wholeNumber('scenario', values.scenario, 0)
  if (scenario !== null && values.harness?.length !== 1)
    throw new Error('--scenario needs exactly one --harness')
  return {
    help: values.help,
    harnesses: (values.harness ?? HARNESSES.map(({ name }) => name)).map(harnessNamed),
    seed: values.seed === undefined ? drawn : wholeNumber('seed', values.seed, 0),
    scenario,
    milliseconds: minutes * 60_000,
    steps,
    stride: wholeNumber('stride', values.stride, 1),
    out: values.out,
    bail: values.bail,
    json: values.json ?? null,
  }
}

function defaultMinutes(steps: string | undefined): number {
  return steps === undefined ? 1 : Number.POSITIVE_INFINITY
}

function harnessNamed(name: string): Harness {
  const found = HARNESSES.find((harness) => harness.name === name)
  if (found !== undefined) return found
  throw new Error(`There is no harness '${name}': there are ${HARNESSES.map((h) => h.name).join(', ')}`)
}

function positive(name: string, text: string): number {
  const value = Number(text)
  if (value > 0) return value
  throw new Error(`--${name} must be a number above 0, not '${text}'`)
}

function wholeNumber(name: string, text: string, low: number): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= low && value <= 1e12) return value
  throw new Error(`--${name} must be a whole number from ${low} on, not '${text}'`)
}
