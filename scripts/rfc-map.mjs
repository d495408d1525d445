// Writes docs/rfc-map.md: for every rule of docs/rules the code and the tests that cite it.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { collect } from './rfc-map/collect.mjs'
import { groupOf, isMissing } from './rfc-map/levels.mjs'
import { render } from './rfc-map/render.mjs'
import { usage } from './usage.mjs'

usage(`
pnpm rfc-map [--check] [--missing LEVELS]

Writes docs/rfc-map.md: for every rule of docs/rules the code and the tests that cite it.

  --check            writes nothing; fails when the page is stale or an id is cited that no list has
  --missing LEVELS   lists the rules of these levels (MUST, SHOULD, MAY, must, should, may, node; with commas between) that
                     lack code or a test and are no deviation
`)

const PAGE = 'docs/rfc-map.md'

const { values } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    missing: { type: 'string' },
    root: { type: 'string', default: dirname(dirname(fileURLToPath(import.meta.url))) },
  },
})

function lacks({ code, tests }) {
  if (code.length > 0) return 'no test'
  return tests.length > 0 ? 'no code' : 'neither'
}

function listMissing(lists, levels) {
  for (const { title, rows } of lists) {
    const missing = rows.filter((row) => levels.includes(groupOf(row.level)) && isMissing(row))
    console.log(`${title}: ${missing.length}`)
    for (const row of missing) console.log(`  ${row.id}\t${row.level}\t${lacks(row)}\t${row.requirement}`)
  }
}

const { lists, unknown } = collect(values.root)
for (const line of unknown) console.error(`${line} is in none of docs/rules/*.tsv`)
if (unknown.length > 0) process.exitCode = 1

const page = join(values.root, PAGE)
if (values.missing !== undefined) listMissing(lists, values.missing.split(','))
else if (!values.check) writeFileSync(page, render(lists))
else if (!existsSync(page) || readFileSync(page, 'utf8') !== render(lists)) {
  console.error(`${PAGE} is stale: run pnpm rfc-map`)
  process.exitCode = 1
}
