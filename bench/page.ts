import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const FOLDER = fileURLToPath(new URL('../docs/', import.meta.url))
const PAGE = `${FOLDER}performance.md`

/** The page with a part of it made anew: what stands between the two comments of that name. @throws Error without them */
export function replacePart(page: string, name: string, text: string): string {
  const [begin, end] = [`<!-- ${name}: made by a command -->`, `<!-- ${name}: end -->`]
  const [from, to] = [page.indexOf(begin), page.indexOf(end)]
  if (from < 0 || to < from)
    throw new Error(`docs/performance.md has no place for '${name}': ${begin} … ${end}`)
  return `${page.slice(0, from + begin.length)}\n\n${text.trim()}\n\n${page.slice(to)}`
}

export function writePart(name: string, text: string): void {
  writeFileSync(PAGE, replacePart(readFileSync(PAGE, 'utf8'), name, text))
}

/** @param name of the file, in docs/ */
export function writeChart(name: string, svg: string): void {
  writeFileSync(`${FOLDER}${name}`, svg)
}
