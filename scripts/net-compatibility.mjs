// docs/net-compatibility.md: for each thing that node:net does, where it is done, who proves it, and where it is not the same.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { collect } from './rfc-map/collect.mjs'
import { usage } from './usage.mjs'

usage(`
npm run net-compatibility [-- --check]

Writes docs/net-compatibility.md: what node:net does, where it is done here, and who proves it.

  --check   writes nothing; fails when the page is stale, or a line lacks code or a test
`)

const PAGE = 'docs/net-compatibility.md'
const REFUSED = 'docs/rules/net-refused.tsv'
const HEADER = 'id\twhat\tinstead\treason'
/** In place of an id: it is none of the rows, but somebody may look for it. */
const NO_ROW = '-'

const TITLE_LENGTH = 90
const TITLES_SHOWN = 4

const INTRODUCTION = `# \`node:net\`, thing by thing

Made by \`pnpm net-compatibility\`; do not edit. A line for each row of [rules/net-api.tsv](rules/net-api.tsv): the function or class
that cites it, the tests that do, and where these run. "Compared" means that the same code runs over Node's own \`net\`, over
tapwire's loopback and over two stacks joined by a cable, and that every event, argument, callback, thrown error and property
written down is the same, in the same order; "Node, loopback, cable" that the same expectations hold in all three. The referee is the
\`net\` of the Node that runs the tests. What is not the same stands in [rules/net-refused.tsv](rules/net-refused.tsv), with the reason.
`

const { values } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    root: { type: 'string', default: dirname(dirname(fileURLToPath(import.meta.url))) },
  },
})
const { root } = values

/** @returns {{ id: string, what: string, instead: string, reason: string }[]} */
function readRefused() {
  const [header, ...lines] = readFileSync(join(root, REFUSED), 'utf8').trimEnd().split('\n')
  if (header !== HEADER) throw new Error(`${REFUSED}:1: the columns are not ${HEADER.split('\t').join(', ')}`)
  return lines.map((line, i) => {
    const cells = line.split('\t')
    if (cells.length !== 4 || cells.includes('')) throw new Error(`${REFUSED}:${i + 2}: not four columns`)
    const [id, what, instead, reason] = cells
    return { id, what, instead, reason }
  })
}

const sources = new Map()

/** The source of one test: from its title to the next. */
function bodyOf({ file, name }) {
  const source = sources.get(file) ?? readFileSync(join(root, file), 'utf8')
  sources.set(file, source)
  // A title may be written with escapes, or be broken into lines; what it begins with seldom is.
  const at = source.indexOf(name.slice(0, 12))
  const end = source.slice(at + 1).search(/\n {2}(?:test|it)\b/)
  return at < 0
    ? ''
    : source.slice(source.indexOf(name) < 0 ? at : source.indexOf(name), end < 0 ? undefined : at + end)
}

/** Where a test runs, told from what it uses. */
function worldsOf(test) {
  const body = bodyOf(test)
  const { file, name } = test
  if (body.includes('sameAsNode('))
    return name.includes('Node 22') ? 'compared on Node 22 and later' : 'compared'
  const source = sources.get(file)
  if (source.includes('tapwireWorlds')) return 'loopback, cable'
  if (/each\(worlds\)/.test(source)) return 'Node, loopback, cable'
  if (source.includes("['node', 'tapwire']")) return 'processes of Node and of tapwire'
  if (source.includes('new VirtualClock')) return 'tapwire in virtual time'
  return 'tapwire'
}

const cell = (text) => text.replaceAll('\\', '\\\\').replaceAll('|', '\\|').replaceAll('<', '&lt;')

/** Cut at a word. */
function shorten(text) {
  if (text.length <= TITLE_LENGTH) return text
  return `${text.slice(0, text.lastIndexOf(' ', TITLE_LENGTH))} …`
}

/** `file: one, two; other file: three` */
function places(list, from, name) {
  const files = new Map()
  for (const place of list) files.set(place.file, [...(files.get(place.file) ?? []), place.name])
  return [...files]
    .map(([file, names]) => {
      const shown = names
        .filter((text) => text !== '')
        .slice(0, TITLES_SHOWN)
        .map(name)
      const more = names.length > TITLES_SHOWN ? ` and ${names.length - TITLES_SHOWN} more` : ''
      const link = `[${file.replace(from, '')}](../${file})`
      return shown.length === 0 ? link : `${link}: ${shown.join(', ')}${more}`
    })
    .join('<br>')
}

function line(row, refused) {
  const [item] = row.requirement.split(/: (?=\S)/)
  const code = places(row.code, /^packages\/net-api\/src\/|^packages\//, (text) => `\`${text}\``)
  const tests = places(row.tests, /^packages\/net-api\/test\/|^packages\//, (text) => cell(shorten(text)))
  const worlds = [...new Set(row.tests.map(worldsOf))].sort().join('; ')
  const other = refused.filter(({ id }) => id === row.id)
  const status =
    other.length === 0 ? 'same as Node' : other.map(({ what, instead }) => `${what}: ${instead}`).join('; ')
  return `| ${row.id} | ${cell(item)} | ${code || '—'} | ${tests || '—'} | ${worlds || '—'} | ${cell(status)} |`
}

function section(title, rows, refused) {
  return [
    `## ${title}`,
    '',
    '| id | item | code | tests | where they run | status |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows.map((row) => line(row, refused)),
  ].join('\n')
}

function render(rows, refused) {
  const sections = new Map()
  for (const row of rows) sections.set(row.section, [...(sections.get(row.section) ?? []), row])
  const proven = rows.filter((row) => row.tests.some((test) => /compared|Node/.test(worldsOf(test))))
  const compared = rows.filter((row) => row.tests.some((test) => worldsOf(test).startsWith('compared')))
  const same = rows.filter((row) => !refused.some(({ id }) => id === row.id))
  const numbers = `${rows.length} rows: ${same.length} the same as Node, ${rows.length - same.length} not in every point; ${compared.length} have a test that compares all that is seen with Node's, ${proven.length} one that runs over Node, too.`
  const reasons = [
    '## What is not the same, and why',
    '',
    '| id | what | instead | reason |',
    '| --- | --- | --- | --- |',
    ...refused.map(
      ({ id, what, instead, reason }) =>
        `| ${id === NO_ROW ? '—' : id} | ${cell(what)} | ${cell(instead)} | ${cell(reason)} |`,
    ),
  ].join('\n')
  const parts = [...sections].map(([title, some]) => section(title, some, refused))
  return `${[INTRODUCTION.trimEnd(), numbers, reasons, ...parts].join('\n\n')}\n`
}

const problems = []
const { rows } = collect(root).lists.find(({ file }) => file === 'net-api.tsv')
const refused = readRefused()
for (const { id } of refused) {
  if (id !== NO_ROW && !rows.some((row) => row.id === id))
    problems.push(`${REFUSED}: ${id} is no row of net-api.tsv`)
}
for (const { id, code, tests } of rows) {
  if (code.length === 0) problems.push(`${id} is cited by no code`)
  if (tests.length === 0) problems.push(`${id} has no test`)
}
const page = join(root, PAGE)
const text = render(rows, refused)
if (!values.check) writeFileSync(page, text)
else if (!existsSync(page) || readFileSync(page, 'utf8') !== text)
  problems.push(`${PAGE} is stale: run pnpm net-compatibility`)
for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exitCode = 1
