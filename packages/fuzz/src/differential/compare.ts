import type { Follower } from './follower.ts'
import { type Script, stepText } from './script.ts'

/** Where the two said something different for the first time. */
export interface Difference {
  readonly script: Script
  /** The step after which; -1 is before the first. */
  readonly step: number
  readonly kernel: readonly string[]
  readonly tapwire: readonly string[]
}

/** @returns the first difference, or null */
export function firstDifference(kernel: Follower, tapwire: Follower): Difference | null {
  for (let i = 0; i < kernel.heard.length; i++) {
    const [a, b] = [kernel.heard[i], tapwire.heard[i]]
    if (a.length === b.length && a.every((text, n) => text === b[n])) continue
    return { script: kernel.script, step: i - 1, kernel: a, tapwire: b }
  }
  return null
}

/** The script up to where they differ, and what each said. */
export function differenceText({ script, step, kernel, tapwire }: Difference, heard: Follower): string {
  const { id, opening, behaviour, steps, prelude } = script
  const lines = [`script ${id}: ${opening}, the application: ${behaviour}`]
  for (const text of heard.heard[0]) lines.push(`        < ${text}`)
  for (let i = 0; i <= step; i++) {
    lines.push(`    ${i < prelude ? ' ' : '*'}   > ${stepText(steps[i])}`)
    if (i < step) for (const text of heard.heard[i + 1]) lines.push(`        < ${text}`)
  }
  lines.push(
    `    kernel:  ${kernel.join(' | ') || 'nothing'}`,
    `    tapwire: ${tapwire.join(' | ') || 'nothing'}`,
  )
  return lines.join('\n')
}
