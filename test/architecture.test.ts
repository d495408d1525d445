import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const page = readFileSync(`${root}docs/architecture.md`, 'utf8')

function filesUnder(folder: string): string[] {
  return readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter((name) => /\.m?ts$/.test(name) && !/\/(?:node_modules|dist)\//.test(name))
}

/** The files that the tables under "File by file" name, as paths from packages/stack/src. */
function namedInTables(): string[] {
  const tables = page.split(/^\| in `/m).slice(1)
  return tables.flatMap((table) => {
    const folder = table.slice(0, table.indexOf('`')).replace('packages/stack/src/', '')
    const rows = table.split('\n').slice(2)
    const end = rows.findIndex((row) => !row.startsWith('|'))
    const firstCells = rows.slice(0, end).map((row) => row.split('|')[1])
    return firstCells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => folder + name))
  })
}

const sources = filesUnder('packages/stack/src').map((name) => name.slice('packages/stack/src/'.length))
const named = namedInTables()

it('docs/architecture.md names every source file of packages/stack', () => {
  expect(sources.length).toBeGreaterThan(150)
  const missing = sources.filter((name) => !named.includes(name))
  expect(
    missing,
    'New files: name each in a row of its folder’s table under "File by file" in docs/architecture.md',
  ).toEqual([])
})

it('the tables of docs/architecture.md name each file once, and none that is gone', () => {
  const gone = named.filter((name) => !sources.includes(name))
  expect(gone, 'Not in packages/stack/src (any more): take them out of docs/architecture.md').toEqual([])
  const twice = named.filter((name, at) => named.indexOf(name) !== at)
  expect(twice, 'Named in two rows of docs/architecture.md: one is enough').toEqual([])
})

it('the text of docs/architecture.md names no file that is gone', () => {
  const everywhere = ['packages', 'test', 'examples', 'scripts'].flatMap(filesUnder)
  const mentioned = [...page.matchAll(/`([\w./-]+\.ts)\b/g)].map(([, name]) => name)
  expect(mentioned.length).toBeGreaterThan(sources.length)
  const gone = mentioned.filter((name) => !everywhere.some((file) => `/${file}`.endsWith(`/${name}`)))
  expect(gone, 'No such file: correct the name in docs/architecture.md').toEqual([])
})
