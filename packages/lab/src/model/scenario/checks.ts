/** What is wrong with a scenario, or with the text that should be one. */
export class ScenarioError extends Error {
  override readonly name = 'ScenarioError'
}

/** Looks at a value from outside. @returns it, or what it stands for @throws ScenarioError */
export type Check<T> = (value: unknown, where: string) => T

function fail(where: string, expected: string, value: unknown): never {
  throw new ScenarioError(`${where} must be ${expected}, and not ${shown(value)}`)
}

function shown(value: unknown): string {
  if (value === undefined) return 'left out'
  const text = typeof value === 'string' ? `'${value}'` : (safeJson(value) ?? String(value))
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

function safeJson(value: unknown): string | undefined {
  try {
    return typeof value === 'object' ? JSON.stringify(value) : undefined
  } catch {
    return undefined
  }
}

/** A number of this range, with fractions. */
export function number(low: number, high: number): Check<number> {
  return (value, where) =>
    typeof value === 'number' && value >= low && value <= high
      ? value
      : fail(where, `a number from ${low} to ${high}`, value)
}

export function whole(low: number, high: number): Check<number> {
  return (value, where) =>
    Number.isInteger(value) && Number(value) >= low && Number(value) <= high
      ? Number(value)
      : fail(where, `a whole number from ${low} to ${high}`, value)
}

export const truth: Check<boolean> = (value, where) =>
  typeof value === 'boolean' ? value : fail(where, 'true or false', value)

export function text(most: number): Check<string> {
  return (value, where) =>
    typeof value === 'string' && value.length <= most
      ? value
      : fail(where, `a text of at most ${most} characters`, value)
}

export function oneOf<T extends string | number | boolean>(...choices: readonly T[]): Check<T> {
  return (value, where) =>
    choices.includes(value as T)
      ? (value as T)
      : fail(
          where,
          choices.map((one) => (typeof one === 'string' ? `'${one}'` : String(one))).join(' or '),
          value,
        )
}

export function list<T>(check: Check<T>, least: number, most: number): Check<readonly T[]> {
  return (value, where) => {
    if (!Array.isArray(value) || value.length < least || value.length > most) {
      fail(where, `a list of ${least} to ${most}`, value)
    }
    return value.map((one, i) => check(one, `${where}[${i}]`))
  }
}

export type Fields = Readonly<Record<string, Check<unknown>>>

/** An object with all of `needed`, and what else there is of `optional`: nothing more. Keys stand in the order given here. */
export function object<T>(needed: Fields, optional: Fields = {}): Check<T> {
  return (value, where) => {
    const given = asObject(value, where)
    for (const key of Object.keys(given)) {
      if (Object.hasOwn(needed, key) || Object.hasOwn(optional, key)) continue
      throw new ScenarioError(`${where === '' ? 'A scenario' : where} has no '${key.slice(0, 60)}'`)
    }
    const result: Record<string, unknown> = {}
    for (const [key, check] of Object.entries(needed)) result[key] = check(given[key], inside(where, key))
    for (const [key, check] of Object.entries(optional)) {
      if (given[key] !== undefined) result[key] = check(given[key], inside(where, key))
    }
    return result as T
  }
}

/** An object of one of several kinds, which its field `key` names. */
export function kindOf<T>(key: string, kinds: Readonly<Record<string, Check<unknown>>>): Check<T> {
  return (value, where) => {
    const kind = asObject(value, where)[key]
    if (typeof kind !== 'string' || !Object.hasOwn(kinds, kind)) {
      return fail(
        inside(where, key),
        Object.keys(kinds)
          .map((one) => `'${one}'`)
          .join(', '),
        kind,
      )
    }
    return kinds[kind](value, where) as T
  }
}

export function asObject(value: unknown, where: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return fail(where === '' ? 'A scenario' : where, 'an object', value)
  }
  return value as Record<string, unknown>
}

function inside(where: string, key: string): string {
  return where === '' ? key : `${where}.${key}`
}
