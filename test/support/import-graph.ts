import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

/** One import of one file. `target` is a file of the same package for a relative import, else the bare name. */
export interface ImportEdge {
  readonly from: string
  readonly target: string
  readonly relative: boolean
  readonly typeOnly: boolean
}

// `import … from 'x'`, `export … from 'x'`, `import 'x'`, over several lines; and `import('x')`.
const STATEMENT = /^[ \t]*(?:import|export)\s+(type\s+)?(?:[\w*{}\s,$]+?\s+from\s+)?['"]([^'"]+)['"]/gm
const DYNAMIC = /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g

/** Comments go, so that an example in a docstring is no import; strings are left alone (`/*` in one would confuse). */
function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
}

/** The imports of one source text. */
export function scanImports(source: string): { specifier: string; typeOnly: boolean }[] {
  const code = withoutComments(source)
  const found = [...code.matchAll(STATEMENT)].map((m) => ({ specifier: m[2], typeOnly: m[1] !== undefined }))
  for (const match of code.matchAll(DYNAMIC)) found.push({ specifier: match[1], typeOnly: false })
  return found
}

function listSources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => name.replaceAll('\\', '/'))
    .sort()
}

/** Every import of every file under `folder`; paths are relative to it, with forward slashes. */
export function readImportGraph(folder: string): { files: string[]; edges: ImportEdge[] } {
  const files = listSources(folder)
  const edges: ImportEdge[] = []
  for (const from of files) {
    for (const { specifier, typeOnly } of scanImports(readFileSync(join(folder, from), 'utf8'))) {
      const isRelative = specifier.startsWith('.')
      const target = isRelative
        ? relative(folder, resolve(folder, dirname(from), specifier)).replaceAll('\\', '/')
        : specifier
      edges.push({ from, target, relative: isRelative, typeOnly })
    }
  }
  return { files, edges }
}

/** Groups of nodes that reach each other (Tarjan), each of more than one node, sorted. */
export function findCycles(edges: readonly (readonly [string, string])[]): string[][] {
  const next = new Map<string, string[]>()
  for (const [from, to] of edges) next.set(from, [...(next.get(from) ?? []), to])
  const index = new Map<string, number>()
  const low = new Map<string, number>()
  const stack: string[] = []
  const cycles: string[][] = []
  const visit = (node: string): void => {
    index.set(node, index.size)
    low.set(node, index.get(node)!)
    stack.push(node)
    for (const to of next.get(node) ?? []) {
      if (!index.has(to)) visit(to)
      if (stack.includes(to)) low.set(node, Math.min(low.get(node)!, low.get(to)!))
    }
    if (low.get(node) !== index.get(node)) return
    const group = stack.splice(stack.indexOf(node))
    if (group.length > 1) cycles.push(group.sort())
  }
  for (const node of next.keys()) if (!index.has(node)) visit(node)
  return cycles
}
