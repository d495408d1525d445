// Every citation of a rule in the project.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { citationsInCode } from './code.mjs'
import { parseDeviations, readRules } from './rules.mjs'
import { citationsInComments, citationsInTitles } from './titles.mjs'

/**
 * @typedef {import('./rules.mjs').Rule} Rule
 * @typedef {{ file: string, name: string }} Place a function or a test title
 * @typedef {Rule & { code: Place[], tests: Place[], instead: string | null }} Row `instead` is null without a deviation
 * @typedef {{ file: string, title: string, rows: Row[] }} MapList
 */

const DEVIATIONS = 'docs/deviations.md'
/** Its fixtures are full of citations that cite nothing. */
const OWN_TEST = 'test/rfc-map.test.ts'

/** Files below a folder, by name, so that the order is the same everywhere. */
function filesBelow(root, folder, wanted) {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = `${folder}/${entry.name}`
      if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : filesBelow(root, path, wanted)
      return wanted.test(entry.name) ? [path] : []
    })
}

function sources(root) {
  const packages = readdirSync(join(root, 'packages')).sort()
  return {
    code: packages.flatMap((name) => filesBelow(root, `packages/${name}/src`, /\.ts$/)),
    tests: [...packages.map((name) => `packages/${name}/test`), 'test']
      .flatMap((folder) => filesBelow(root, folder, /\.ts$/))
      .filter((file) => file !== OWN_TEST),
  }
}

function add(places, file, name) {
  if (!places.some((place) => place.file === file && place.name === name)) places.push({ file, name })
}

/**
 * @param {string} root
 * @returns {{ lists: MapList[], unknown: string[] }} `unknown`: `file:line: id` of what is cited and in no list
 */
export function collect(root) {
  const rows = new Map()
  const lists = readRules(root).map(({ file, title, rules }) => ({
    file,
    title,
    rows: rules.map((rule) => {
      const row = { ...rule, code: [], tests: [], instead: null }
      rows.set(rule.id, row)
      return row
    }),
  }))
  const unknown = new Set()
  const rowOf = ({ id, line }, file) => {
    const row = rows.get(id)
    if (row === undefined) unknown.add(`${file}:${line}: ${id}`)
    return row
  }
  const read = (file) => readFileSync(join(root, file), 'utf8')

  const { code, tests } = sources(root)
  for (const file of code) {
    for (const citation of citationsInCode(read(file))) {
      const row = rowOf(citation, file)
      if (row !== undefined) add(row.code, file, citation.owner)
    }
  }
  for (const file of tests) {
    const source = read(file)
    for (const citation of citationsInComments(source)) rowOf(citation, file)
    if (!file.endsWith('.test.ts')) continue
    for (const citation of citationsInTitles(source)) {
      const row = rowOf(citation, file)
      if (row !== undefined) add(row.tests, file, citation.title)
    }
  }
  if (existsSync(join(root, DEVIATIONS))) {
    for (const deviation of parseDeviations(read(DEVIATIONS))) {
      const row = rowOf(deviation, DEVIATIONS)
      if (row !== undefined) row.instead = deviation.instead
    }
  }
  return { lists, unknown: [...unknown] }
}
