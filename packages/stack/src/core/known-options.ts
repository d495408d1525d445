import { TapwireError } from './errors.ts'

/** All the names that `T` has, whatever stands there: a list that the compiler keeps complete. */
export type KnownOptions<T> = { readonly [K in keyof Required<T>]: unknown }

/**
 * A misspelt option would be ignored, and the default be used without anybody knowing.
 * @param what they are options of, for the message
 * @throws ERR_INVALID_ARG_TYPE when it is no object, ERR_INVALID_ARG_VALUE for a name that there is not
 */
export function refuseUnknown<T extends object>(what: string, given: T, known: KnownOptions<T>): void {
  if (typeof given !== 'object' || given === null) {
    throw new TapwireError('ERR_INVALID_ARG_TYPE', `The ${what} must be an object. Received ${String(given)}`)
  }
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(known, name)) continue
    const names = Object.keys(known).join(', ')
    throw new TapwireError('ERR_INVALID_ARG_VALUE', `The ${what} have no '${name}'. There are ${names}`)
  }
}
