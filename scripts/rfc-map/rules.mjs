// The lists of rules, and the list of what is knowingly done otherwise.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { findIds } from './ids.mjs'
import { lineOf } from './tokens.mjs'

/**
 * @typedef {{ id: string, level: string, rfc: string, section: string, requirement: string }} Rule
 * @typedef {{ file: string, title: string, rules: Rule[] }} RuleList
 * @typedef {{ instead: string }} Deviation what is done instead
 */

export const LISTS = [
  { file: 'tcp.tsv', title: 'TCP' },
  { file: 'ip.tsv', title: 'Ethernet, IPv4, ICMP, UDP' },
  { file: 'ipv6.tsv', title: 'IPv6' },
  { file: 'net-api.tsv', title: "Node's net" },
]

const HEADER = 'id\tlevel\trfc\tsection\trequirement'

/** @param {string} text @param {string} file @returns {Rule[]} @throws {Error} on a line that is no rule */
export function parseRules(text, file) {
  const [header, ...lines] = text.trimEnd().split('\n')
  if (header !== HEADER) throw new Error(`${file}:1: the columns are not ${HEADER.split('\t').join(', ')}`)
  return lines.map((line, i) => {
    const cells = line.split('\t')
    if (cells.length !== 5 || cells.some((cell) => cell === ''))
      throw new Error(`${file}:${i + 2}: not five columns`)
    const [id, level, rfc, section, requirement] = cells
    return { id, level, rfc, section, requirement }
  })
}

/** @param {string} root @returns {RuleList[]} @throws {Error} on an id that stands there twice */
export function readRules(root) {
  const seen = new Set()
  return LISTS.map(({ file, title }) => {
    const path = `docs/rules/${file}`
    const rules = parseRules(readFileSync(join(root, path), 'utf8'), path)
    for (const { id } of rules) {
      if (seen.has(id)) throw new Error(`${path}: ${id} is there twice`)
      seen.add(id)
    }
    return { file, title, rules }
  })
}

/**
 * Rows of Markdown tables whose first cell holds ids: id(s), what the rule says, what is done instead, why.
 * @param {string} markdown
 * @returns {{ id: string, instead: string, line: number }[]}
 */
export function parseDeviations(markdown) {
  return [...markdown.matchAll(/^\|(.*)\|[^\S\n]*$/gm)].flatMap((row) => {
    const cells = row[1].split(/(?<!\\)\|/).map((cell) => cell.trim())
    const line = lineOf(markdown, row.index)
    return findIds(cells[0]).map(({ id }) => ({ id, instead: cells[2] ?? '', line }))
  })
}
