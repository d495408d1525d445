/** Marks an argument list that has been through `normalizeArgs`, so that `connect` can pass it on to `Socket.connect`. */
const kNormalized = Symbol('tapwire.net.normalizedArgs')

export type NormalizedArgs<Options> = [options: Options, callback: ((...args: never[]) => void) | null]

/** Text that is not a number names a pipe: `'80'` is a port, `'/tmp/x'` is not. */
function isPipeName(value: unknown): value is string {
  return typeof value === 'string' && !(Number(value) >= 0)
}

/**
 * The common front of `connect` and `listen` (NM-07, NS-04): `(options[, callback])`, `(path[, ...][, callback])` or
 * `([port][, host][, ...][, callback])`. What stands in between (a backlog) is the caller's to read.
 */
export function normalizeArgs<Options extends object>(args: readonly unknown[]): NormalizedArgs<Options> {
  const last = args.at(-1)
  const callback = typeof last === 'function' ? (last as (...args: never[]) => void) : null
  const normalized: NormalizedArgs<Options> = [optionsOf(args) as Options, callback]
  Object.defineProperty(normalized, kNormalized, { value: true })
  return normalized
}

/** Whether `args` is one list made by `normalizeArgs`. */
export function isNormalized(value: unknown): value is NormalizedArgs<object> {
  return Array.isArray(value) && kNormalized in value
}

function optionsOf(args: readonly unknown[]): object {
  if (args.length === 0) return {}
  const first = args[0]
  if (typeof first === 'object' && first !== null) return first
  if (isPipeName(first)) return { path: first }
  return args.length > 1 && typeof args[1] === 'string' ? { port: first, host: args[1] } : { port: first }
}
