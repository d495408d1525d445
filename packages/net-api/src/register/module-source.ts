import type { StackModules } from './modules.ts'

/** Where a process's stack modules are found by the sources that stand in their place. */
export const kRegistered = 'tapwire.net-api.modules'

/** What a name has to be to be exported as such. */
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/

/** What stands in the place of each module: an ES module that exports the stack's, by source text. */
export function moduleSources(modules: StackModules): Record<string, string> {
  return Object.fromEntries(Object.entries(modules).map(([name, module]) => [name, sourceOf(name, module)]))
}

function sourceOf(name: string, module: object): string {
  const names = Object.keys(module).filter((key) => IDENTIFIER.test(key) && key !== 'default')
  // Renamed inside, as some are reserved words.
  const lines = names.map((key, i) => `const e${i} = m[${JSON.stringify(key)}]; export { e${i} as ${key} }`)
  return [
    `const m = globalThis[Symbol.for('${kRegistered}')][${JSON.stringify(name)}]`,
    'export default m',
    ...lines,
  ].join('\n')
}
