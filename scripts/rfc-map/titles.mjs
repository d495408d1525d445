// The titles of tests, with the ids they cite.
import { findIds } from './ids.mjs'
import { closing, depths, lineOf, tokenize } from './tokens.mjs'

/** @typedef {{ id: string, title: string, line: number }} Proof */

const CALL = /(?<![\w.$])(describe|it|test|suite)((?:\.[a-zA-Z]+)*)\s*(?=[(`])/g
const NEVER_RUN = /\.(?:skip|todo)\b/
const WITH_ARGUMENTS = /\.(?:each|for|skipIf|runIf)$/
/** A name, spread or not, but no property. */
const NAME = /(?<![\w$])(?<!(?<!\.\.)\.)[A-Za-z_$][\w$]*/g
const PLACEHOLDER = /%[sidfjop#]|\$\w|\$\{/

/** The text of the strings that begin within [from, to). */
function stringsIn(tokens, from, to) {
  return tokens.strings.filter(({ start }) => from <= start && start < to)
}

/** Where a call's first argument ends. */
function endOfArgument(tokens, open) {
  const close = closing(tokens.depth, open)
  for (let i = open + 1; i < close; i++) {
    if (tokens.masked[i] === ',' && tokens.depth[i] === tokens.depth[open] + 1) return i
  }
  return close
}

/**
 * The strings of `const NAME = […]` for the names in a piece of code, and for the names in there: tables stand above the
 * tests that use them.
 */
function stringsOfNames(tokens, from, to, seen = new Set()) {
  const { masked } = tokens
  const strings = []
  for (const [name] of masked.slice(from, to).matchAll(NAME)) {
    if (seen.has(name)) continue
    seen.add(name)
    const definition = new RegExp(
      `(?:const|let)\\s+${name.replaceAll('$', '\\$')}(?![\\w$])[^\\n]*?=\\s*(?=[[{])`,
    ).exec(masked)
    if (definition === null) continue
    const open = definition.index + definition[0].length
    const close = closing(tokens.depth, open)
    strings.push(...stringsIn(tokens, open, close), ...stringsOfNames(tokens, open, close, seen))
  }
  return strings
}

/** What a title's placeholders may be filled with: the call's own table, or that of the loop it stands in. */
function fillings(tokens, call, table) {
  const strings = []
  if (table !== null) {
    const [from, to] = table
    strings.push(...stringsIn(tokens, from + 1, to), ...stringsOfNames(tokens, from + 1, to))
  }
  for (const loop of tokens.masked.slice(0, call).matchAll(/\bfor\s*\(/g)) {
    const open = loop.index + loop[0].length - 1
    const close = closing(tokens.depth, open)
    const body = close + 1 + tokens.masked.slice(close + 1).search(/\S/)
    if (tokens.masked[body] !== '{' || closing(tokens.depth, body) < call) continue
    strings.push(...stringsIn(tokens, open, close), ...stringsOfNames(tokens, open, close))
  }
  return strings
}

/** The title a call begins with. @returns {{ text: string, start: number } | null} null where it is computed */
function titleAt(tokens, open) {
  const parts = stringsIn(tokens, open + 1, endOfArgument(tokens, open)).filter(
    ({ start }) => tokens.depth[start] === tokens.depth[open] + 1,
  )
  if (parts.length === 0) return null
  return { text: parts.map(({ text }) => text).join(''), start: parts[0].start }
}

function* calls(tokens) {
  for (const match of tokens.masked.matchAll(CALL)) {
    if (NEVER_RUN.test(match[2])) continue
    let open = match.index + match[0].length
    let table = null
    if (WITH_ARGUMENTS.test(match[2])) {
      const close =
        tokens.masked[open] === '`' ? tokens.masked.indexOf('`', open + 1) : closing(tokens.depth, open)
      table = [open, close]
      open = close + 1 + tokens.masked.slice(close + 1).search(/\S/)
    }
    if (tokens.masked[open] === '(') yield { at: match.index, open, table }
  }
}

/** @param {string} source @returns {Proof[]} tests that are skipped for good prove nothing */
export function citationsInTitles(source) {
  const tokens = tokenize(source)
  tokens.depth = depths(tokens.masked)
  const proofs = []
  for (const { at, open, table } of calls(tokens)) {
    const title = titleAt(tokens, open)
    if (title === null) continue
    const shown = title.text.replace(/\s+/g, ' ').trim()
    const line = lineOf(source, title.start)
    for (const { id } of findIds(title.text)) proofs.push({ id, title: shown, line })
    if (!PLACEHOLDER.test(title.text)) continue
    for (const string of fillings(tokens, at, table)) {
      const where = lineOf(source, string.start)
      for (const { id } of findIds(string.text)) proofs.push({ id, title: shown, line: where })
    }
  }
  return proofs
}

/** Ids in the comments of a test prove nothing, but have to exist. @param {string} source */
export function citationsInComments(source) {
  return tokenize(source).comments.flatMap(({ start, text }) =>
    findIds(text).map(({ id, at }) => ({ id, line: lineOf(source, start + 2 + at) })),
  )
}
