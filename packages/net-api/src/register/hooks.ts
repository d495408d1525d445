import { builtinName } from './builtin-name.ts'

/*
 * Runs in the thread of Node's module loader (https://nodejs.org/api/module.html#customization-hooks), and answers for the
 * names of the modules that the stack has.
 */

interface Data {
  readonly sources: Readonly<Record<string, string>>
  /** URLs that begin so are of tapwire itself, which needs Node's own modules. */
  readonly own: readonly string[]
}

const SCHEME = 'tapwire:'
let data: Data = { sources: {}, own: [] }

export function initialize(given: Data): void {
  data = given
}

interface ResolveContext {
  readonly parentURL?: string
}
type Next<C> = (specifier: string, context: C) => unknown

export function resolve(specifier: string, context: ResolveContext, next: Next<ResolveContext>): unknown {
  const name = builtinName(specifier)
  const own = data.own.some((prefix) => context.parentURL?.startsWith(prefix))
  if (own || !Object.hasOwn(data.sources, name)) return next(specifier, context)
  return { url: `${SCHEME}${name}`, format: 'module', shortCircuit: true }
}

export function load(url: string, context: object, next: Next<object>): unknown {
  if (!url.startsWith(SCHEME)) return next(url, context)
  return { format: 'module', source: data.sources[url.slice(SCHEME.length)], shortCircuit: true }
}
