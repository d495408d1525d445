import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

/** A value that a file gives to others. */
export interface ExportedName {
  readonly file: string
  readonly name: string
}

const DECLARATION = /^export (?:async )?(?:function|class|const|let) (\w+)/gm
const FROM = /^[ \t]*(import|export)\s+(?:type\s+)?([^'";]*?)\s*from\s+['"](\.[^'"]+)['"]/gm
/** `import('./x.ts')`, and modules that are handed to somebody by their URL: workers, hooks of Node's loader. */
const DYNAMIC = /\b(?:import|new URL)\(\s*['"](\.[^'"]+)['"]/g

/** The values that a source text declares and exports; types are left out, for they stand in signatures. */
export function declaredExports(source: string): string[] {
  return [...source.matchAll(DECLARATION)].map((match) => match[1])
}

/** The names before `as` in `{ a, type b as c }`, or null for a clause without braces. */
function namesIn(clause: string): string[] | null {
  const list = /\{([\s\S]*)\}/.exec(clause)
  if (list === null) return null
  const items = list[1].split(',').map((item) => item.trim().replace(/^type\s+/, ''))
  return items.map((item) => item.split(/\s+as\s+/)[0]).filter((name) => name !== '')
}

/** What one file uses of others: `[target, name]`; a name of null stands for all of them. */
function usesOf(file: string, source: string): (readonly [string, string | null])[] {
  const uses: (readonly [string, string | null])[] = []
  const targetOf = (specifier: string): string => resolve(dirname(file), specifier).replace(/\.js$/, '.ts')
  for (const [, keyword, clause, specifier] of source.matchAll(FROM)) {
    const target = targetOf(specifier)
    for (const name of namesIn(clause) ?? []) uses.push([target, name])
    const namespace = /^\*\s+as\s+(\w+)/.exec(clause)
    if (keyword === 'export' && clause.startsWith('*')) uses.push([target, null])
    else if (namespace !== null) {
      for (const [, name] of source.matchAll(new RegExp(`\\b${namespace[1]}\\.(\\w+)`, 'g')))
        uses.push([target, name])
    }
  }
  for (const [, specifier] of source.matchAll(DYNAMIC)) uses.push([targetOf(specifier), null])
  return uses
}

/** All TypeScript and JavaScript modules under `folders`, but for what was built or installed. */
function sourcesUnder(folders: readonly string[]): string[] {
  return folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.m?[tj]s$/.test(name) && !/(?:^|[\\/])(?:node_modules|dist)[\\/]/.test(name))
      .map((name) => join(folder, name)),
  )
}

/**
 * Exported values that no other file imports. What the entries export is public; another file's `export *` passes uses on to
 * what it re-exports.
 * @param folders whose files are looked through for uses @param owned which of them must have their exports used
 * @param entries files whose exports are for others
 */
export function unusedExports(
  folders: readonly string[],
  owned: (file: string) => boolean,
  entries: readonly string[],
): ExportedName[] {
  const files = sourcesUnder(folders)
  const texts = new Map(files.map((file) => [file, readFileSync(file, 'utf8')]))
  const used = new Set(entries.map((file) => `${file} *`))
  const passesOn = new Map<string, string[]>()
  for (const [file, text] of texts) {
    for (const [target, name] of usesOf(file, text)) {
      if (name !== null) used.add(`${target} ${name}`)
      else if (entries.includes(file) || !/^export \* from/m.test(text)) used.add(`${target} *`)
      else passesOn.set(target, [...(passesOn.get(target) ?? []), file])
    }
  }
  const isUsed = (file: string, name: string): boolean =>
    used.has(`${file} ${name}`) ||
    used.has(`${file} *`) ||
    (passesOn.get(file) ?? []).some((through) => isUsed(through, name))
  return files
    .filter(owned)
    .flatMap((file) => declaredExports(texts.get(file)!).map((name) => ({ file, name })))
    .filter(({ file, name }) => !isUsed(file, name))
}
