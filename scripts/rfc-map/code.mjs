// Which function, class or constant a comment speaks of.
import { findIds } from './ids.mjs'
import { closing, depths, lineOf, tokenize } from './tokens.mjs'

/**
 * @typedef {{ name: string, start: number, end: number, children: Item[] }} Item
 * @typedef {{ id: string, owner: string, line: number }} Citation `owner` is '' where the comment speaks of the whole file
 */

const MODIFIERS = '(?:(?:export|default|declare|abstract|async|const)\\s+)*'
const DECLARATION = new RegExp(
  `^(?:${MODIFIERS}(?<kind>function\\*?|class|interface|type)\\s+(?<name>[\\w$]+)|` +
    '(?:export\\s+)?(?<variable>const|let|var)\\s+(?<value>[\\w$]+|[{[][^=]*))',
)
const MEMBER =
  /^(?:(?:public|private|protected|static|readonly|override|abstract|async|get|set|declare)\s+)*(?<name>\*?#?[\w$]+|\['?[\w$. ]*'?\]|'[^']*')\s*[?!]?\s*(?:[(:=<,;]|\n|$)/
const BLANK_LINE = /\n[^\S\n]*\n/

/** The lines within [from, to) that begin at bracket depth `depth` and match. */
function* linesAt(tokens, depth, from, to, pattern) {
  const { masked } = tokens
  for (let line = from; line < to; line = masked.indexOf('\n', line) + 1) {
    const start = line + masked.slice(line).search(/\S/)
    const next = masked.indexOf('\n', line)
    if (start < to && (next === -1 || start < next) && tokens.depth[start] === depth) {
      const match = pattern.exec(masked.slice(start, start + 400))
      if (match !== null) yield { start, groups: match.groups }
    }
    if (next === -1) return
  }
}

/** Items reach to the last character before the next one. */
function close(items, masked, to) {
  items.forEach((item, i) => {
    const limit = items[i + 1]?.start ?? to
    item.end = item.start + masked.slice(item.start, limit).trimEnd().length
  })
}

function membersOf(tokens, item, open) {
  const to = closing(tokens.depth, open)
  const members = []
  for (const { start, groups } of linesAt(tokens, tokens.depth[open] + 1, open + 1, to, MEMBER)) {
    members.push({ name: `${item.name}.${groups.name.replace(/^[*#]/, '')}`, start, end: to, children: [] })
  }
  close(members, tokens.masked, to)
  return members
}

/** Where the body of a class, an interface, an object or a type begins. @returns {number} or -1 */
function bodyOf(tokens, item, groups) {
  const text = tokens.masked.slice(item.start, item.end)
  if (groups.kind === 'class' || groups.kind === 'interface') return item.start + text.indexOf('{')
  const body = /^[^\n{(]*=\s*(?:Object\.freeze\()?\{/.exec(text)
  return body === null ? -1 : item.start + body[0].length - 1
}

function declarations(tokens, depth, from, to) {
  const found = []
  for (const { start, groups } of linesAt(tokens, depth, from, to, DECLARATION)) {
    const name = groups.name ?? groups.value
    if (!/^[\w$]+$/.test(name)) continue
    if (depth > 0 && groups.variable !== undefined) continue
    found.push({ name, start, end: to, children: [], groups })
  }
  close(found, tokens.masked, to)
  return found.map(({ groups, ...item }) => {
    const open = groups.kind?.startsWith('function') ? -1 : bodyOf(tokens, item, groups)
    if (open > item.start) item.children = membersOf(tokens, item, open)
    else if (groups.kind?.startsWith('function'))
      item.children = declarations(tokens, depth + 1, item.start + 1, item.end)
    return item
  })
}

/** The innermost list of items around a place, with the item whose children they are. */
function around(items, at, owner = null) {
  const inside = items.find((item) => item.start <= at && at < item.end)
  return inside === undefined ? { items, owner } : around(inside.children, at, inside)
}

/** A comment with lines of its own speaks of what follows without a blank line; one at a line's end, of that line. */
function ownerOf(tokens, items, comment) {
  const { masked } = tokens
  const lineStart = masked.lastIndexOf('\n', comment.start) + 1
  const before = masked.slice(lineStart, comment.start)
  const own = before.trim() === ''
  if (!own) {
    const { owner } = around(items, lineStart + before.search(/\S/))
    return owner?.name ?? ''
  }
  const following = masked.slice(comment.end)
  const next = comment.end + following.search(/\S/)
  const scope = around(items, comment.start)
  if (!BLANK_LINE.test(tokens.source.slice(comment.end, next).replace(/\/\/.*|\/\*[\s\S]*?\*\//g, '-'))) {
    const spoken = scope.items.find((item) => item.start === next)
    if (spoken !== undefined) return spoken.name
  }
  return scope.owner?.name ?? ''
}

/** @param {string} source @returns {Citation[]} */
export function citationsInCode(source) {
  const tokens = { ...tokenize(source), source }
  tokens.depth = depths(tokens.masked)
  const items = declarations(tokens, 0, 0, source.length)
  const citations = []
  for (const comment of tokens.comments) {
    for (const { id, at } of findIds(comment.text)) {
      const line = lineOf(source, comment.start + 2 + at)
      citations.push({ id, owner: ownerOf(tokens, items, comment), line })
    }
  }
  return citations
}
