import type { Scenario } from '../scenario.ts'
import { ScenarioError } from './checks.ts'
import { defaultScenario } from './default.ts'
import { read, write } from './notation.ts'
import { validateScenario } from './validate.ts'

/** Of the notation and of what its defaults are: addresses of older ones are read for ever. */
const VERSION = '1'

type Tree = { readonly [key: string]: unknown }

/**
 * The scenario as a piece of an address, in characters that need no escape there: what differs from `defaultScenario`.
 * @throws ScenarioError for what `validateScenario` would not let through
 */
export function encodeScenario(scenario: Scenario): string {
  return (
    VERSION +
    write(difference(defaultScenario as unknown as Tree, validateScenario(scenario) as unknown as Tree))
  )
}

/** @throws ScenarioError for anything that `encodeScenario` has not made, and for that of a newer version */
export function decodeScenario(text: string): Scenario {
  const [, version, rest] = /^(\d+)(.*)$/s.exec(text) ?? []
  if (version === undefined) throw new ScenarioError('The address holds no scenario')
  if (version !== VERSION) {
    throw new ScenarioError(
      `The address holds a scenario of version ${version.slice(0, 20)}; this lab knows version ${VERSION}`,
    )
  }
  const changes = read(rest)
  if (!isTree(changes)) throw new ScenarioError('The address holds no scenario')
  return validateScenario(combine(defaultScenario as unknown as Tree, changes))
}

/** What of `to` is not as in `from`; null stands for what is not there any more. Lists are whole or not there. */
function difference(from: Tree, to: Tree): Tree {
  const changes: Record<string, unknown> = {}
  for (const key of new Set([...Object.keys(from), ...Object.keys(to)])) {
    const [before, after] = [from[key], to[key]]
    if (after === undefined) changes[key] = null
    else if (isTree(before) && isTree(after)) {
      const inside = difference(before, after)
      if (Object.keys(inside).length > 0) changes[key] = inside
    } else if (write(before ?? null) !== write(after)) changes[key] = after
  }
  return changes
}

function combine(from: Tree, changes: Tree): Tree {
  const result: Record<string, unknown> = { ...from }
  for (const [key, change] of Object.entries(changes)) {
    const before = from[key]
    if (change === null) delete result[key]
    else result[key] = isTree(before) && isTree(change) ? combine(before, change) : change
  }
  return result
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
