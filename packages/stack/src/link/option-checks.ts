import { TapwireError } from '../core/errors.ts'

/** @param unit what the result is multiplied by @throws ERR_OUT_OF_RANGE, ERR_INVALID_ARG_VALUE for no number */
export function within(
  name: string,
  given: number | undefined,
  low: number,
  high: number,
  was: number,
  unit = 1,
): number {
  if (given === undefined) return was
  if (typeof given !== 'number') refuse(name, 'a number', given)
  if (given >= low && given <= high) return given * unit
  throw new TapwireError('ERR_OUT_OF_RANGE', `'${name}' must be from ${low} to ${high}. Received ${given}`)
}

/** @throws ERR_OUT_OF_RANGE, ERR_INVALID_ARG_VALUE for no number */
export function whole(
  name: string,
  given: number | undefined,
  low: number,
  high: number,
  was: number,
): number {
  const value = within(name, given, low, high, was)
  if (Number.isInteger(value)) return value
  throw new TapwireError(
    'ERR_OUT_OF_RANGE',
    `'${name}' must be an integer from ${low} to ${high}. Received ${value}`,
  )
}

/** @throws ERR_INVALID_ARG_VALUE */
export function oneOf<T extends string>(name: string, given: T | undefined, all: readonly T[], was: T): T {
  if (given === undefined) return was
  if (!all.includes(given)) refuse(name, all.map((value) => `'${value}'`).join(' or '), given)
  return given
}

/** @throws ERR_INVALID_ARG_VALUE */
export function truth(name: string, given: boolean | undefined, was: boolean): boolean {
  if (given === undefined) return was
  if (typeof given !== 'boolean') refuse(name, 'true or false', given)
  return given
}

/** @throws ERR_INVALID_ARG_VALUE */
export function refuse(name: string, wanted: string, given: unknown): never {
  throw new TapwireError('ERR_INVALID_ARG_VALUE', `'${name}' must be ${wanted}. Received ${String(given)}`)
}
