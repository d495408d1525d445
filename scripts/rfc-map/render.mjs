// docs/rfc-map.md
import { GROUP_NAMES, groupOf, isMissing } from './levels.mjs'

const INTRODUCTION = `# Which rule is where

Made by \`pnpm rfc-map\`; do not edit. The rules and what their columns mean stand in [rules](rules/README.md). "Code" is the function,
class or constant whose comment cites the rule, "test" the title that does; — is where nothing does. What tapwire knowingly does
otherwise is in [deviations.md](deviations.md) and shown in the last column.
`

const TITLES = new Map([
  ['ETH', 'Ethernet'],
  ['ARP', 'ARP'],
  ['ACD', 'Address conflict detection'],
  ['IP', 'IPv4'],
  ['ID', 'IPv4 identification'],
  ['MART', 'Martian addresses'],
  ['MCAST', 'Multicast'],
  ['LL4', 'IPv4 link-local addresses'],
  ['FRG', 'IPv4 fragments'],
  ['EXH', 'Exhaustion'],
  ['ICMP', 'ICMP'],
  ['UDP', 'UDP'],
  ['IGMP', 'IGMP'],
  ['DHCP', 'DHCP'],
  ['DNS', 'DNS'],
  ['FWD', 'Forwarding'],
  ['V6', 'IPv6'],
  ['V6F', 'IPv6 fragments'],
  ['IC6', 'ICMPv6'],
  ['ND', 'Neighbour discovery'],
  ['SL', 'Address configuration'],
  ['SEL', 'Address selection'],
  ['MLD', 'Multicast listener discovery'],
  ['DUAL', 'Dual stack'],
  ['N8504', 'IPv6 node requirements'],
])

const REQUIREMENT_LENGTH = 120
const TITLE_LENGTH = 80
const TITLES_PER_FILE = 4

const cell = (text) => text.replaceAll('\\', '\\\\').replaceAll('|', '\\|').replaceAll('<', '&lt;')

/** Cut at a word. */
function shorten(text, length) {
  if (text.length <= length) return text
  return `${text.slice(0, text.lastIndexOf(' ', length))} …`
}

/** TCP by RFC, Node's `net` by object, the rest by what the id begins with. */
function topicOf(list, { id, rfc, section }) {
  if (list.file === 'tcp.tsv') return `RFC ${rfc}`
  if (list.file === 'net-api.tsv') return section
  const family = id.slice(0, id.lastIndexOf('-'))
  return TITLES.get(family) ?? family
}

function byFile(places) {
  const files = new Map()
  for (const { file, name } of places) files.set(file, [...(files.get(file) ?? []), name])
  return [...files]
}

function codeCell(places) {
  const parts = byFile(places).map(([file, names]) => {
    const short = file.replace(/^packages\/stack\/src\//, '').replace(/^packages\/([\w-]+)\/src\//, '$1: ')
    const functions = names.filter((name) => name !== '').map((name) => `\`${name}\``)
    return [`[${short}](../${file})`, functions.join(', ')].filter((part) => part !== '').join(' ')
  })
  return parts.length === 0 ? '—' : parts.join('; ')
}

function testCell(places) {
  const parts = byFile(places).map(([file, titles]) => {
    const short = file.replace(/^packages\/stack\/test\//, '').replace(/^packages\/([\w-]+)\/test\//, '$1: ')
    const shown = titles.slice(0, TITLES_PER_FILE).map((title) => cell(shorten(title, TITLE_LENGTH)))
    const more = titles.length > shown.length ? ` and ${titles.length - shown.length} more` : ''
    return `[${short}](../${file}): ${shown.join('; ')}${more}`
  })
  return parts.length === 0 ? '—' : parts.join('<br>')
}

function ruleRow(row) {
  const requirement = cell(shorten(row.requirement, REQUIREMENT_LENGTH))
  const deviation = row.instead === null ? '' : `[yes](deviations.md): ${cell(row.instead)}`
  return `| ${row.id} | ${row.level} | ${requirement} | ${codeCell(row.code)} | ${testCell(row.tests)} | ${deviation} |`
}

/** @param {import('./collect.mjs').Row[]} rows @returns {(string | number)[][]} one row per level that occurs, and their sum */
export function countByLevel(rows) {
  const line = (name, some) => [
    name,
    some.length,
    some.filter(({ code }) => code.length > 0).length,
    some.filter(({ tests }) => tests.length > 0).length,
    some.filter(({ code, tests }) => code.length > 0 && tests.length > 0).length,
    some.filter(({ instead }) => instead !== null).length,
    some.filter(isMissing).length,
  ]
  const groups = GROUP_NAMES.map((name) => [name, rows.filter(({ level }) => groupOf(level) === name)])
  return [
    ...groups.filter(([, some]) => some.length > 0).map(([name, some]) => line(name, some)),
    line('all', rows),
  ]
}

function summary(lists) {
  const lines = lists.flatMap(({ title, rows }) =>
    countByLevel(rows).map((numbers) => `| ${title} | ${numbers.join(' | ')} |`),
  )
  return [
    '| list | level | rules | in code | in a test | in both | deviation | neither deviation nor in both |',
    '| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...lines,
  ].join('\n')
}

function topic(name, rows) {
  return [
    `### ${name}`,
    '',
    '| rule | level | requirement | code | test | deviation |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows.map(ruleRow),
  ].join('\n')
}

function section(list) {
  const topics = new Map()
  for (const row of list.rows) {
    const name = topicOf(list, row)
    topics.set(name, [...(topics.get(name) ?? []), row])
  }
  return [`## ${list.title}`, ...[...topics].map(([name, rows]) => topic(name, rows))].join('\n\n')
}

/** @param {import('./collect.mjs').MapList[]} lists @returns {string} the page */
export function render(lists) {
  return `${[INTRODUCTION.trimEnd(), summary(lists), ...lists.map(section)].join('\n\n')}\n`
}
