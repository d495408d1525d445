// Just enough of TypeScript's lexical grammar to tell code, comments and strings apart.

/**
 * @typedef {{ start: number, end: number, text: string }} Piece `text` is without quotes or comment marks
 * @typedef {{ masked: string, comments: Piece[], strings: Piece[] }} Tokens `masked` has the length and the lines of the source;
 * comments and the insides of strings are blanks in it
 */

const REGEX_BEFORE = /(?:^|[=([{,;:!&|?+\-*%~^<>]|\b(?:return|typeof|case|in|of|void|delete|throw|new))\s*$/

/** Where the quoted string, regular expression or comment that begins at `start` ends. */
function endOf(source, start, close, escapes) {
  for (let i = start; i < source.length; i++) {
    if (escapes && source[i] === '\\') i++
    else if (source.startsWith(close, i)) return i + close.length
  }
  return source.length
}

function endOfRegex(source, start) {
  let inClass = false
  for (let i = start + 1; i < source.length && source[i] !== '\n'; i++) {
    if (source[i] === '\\') i++
    else if (source[i] === '[') inClass = true
    else if (source[i] === ']') inClass = false
    else if (source[i] === '/' && !inClass) return i + 1
  }
  return start + 1
}

class Scanner {
  constructor(source) {
    this.source = source
    this.at = 0
    this.masked = ''
    this.comments = []
    this.strings = []
  }

  /** Takes up to `end` as something that is not code; `keep` characters at each side stay visible. */
  take(end, keep, pieces, text) {
    const raw = this.source.slice(this.at, end)
    const inner = raw.slice(keep, raw.length - keep).replace(/[^\n]/g, ' ')
    this.masked += raw.slice(0, keep) + inner + raw.slice(raw.length - keep, keep === 0 ? 0 : raw.length)
    pieces?.push({ start: this.at, end, text })
    this.at = end
  }

  copy() {
    this.masked += this.source[this.at++]
  }

  /** Code up to the end, or up to the brace that closes a template's `${`. */
  code(inTemplate) {
    const { source } = this
    let depth = 0
    while (this.at < source.length) {
      const c = source[this.at]
      if (inTemplate && c === '}' && depth === 0) return
      if (c === '{') depth++
      if (c === '}') depth--
      this.next(c)
    }
  }

  next(c) {
    const { source, at } = this
    if (source.startsWith('//', at)) {
      const end = endOf(source, at, '\n', false)
      const stop = source[end - 1] === '\n' ? end - 1 : end
      this.take(stop, 0, this.comments, source.slice(at + 2, stop))
    } else if (source.startsWith('/*', at)) {
      const end = endOf(source, at + 2, '*/', false)
      this.take(end, 0, this.comments, source.slice(at + 2, end - 2))
    } else if (c === "'" || c === '"') {
      const end = endOf(source, at + 1, c, true)
      this.take(end, 1, this.strings, source.slice(at + 1, end - 1).replace(/\\(.)/g, '$1'))
    } else if (c === '`') this.template()
    else if (c === '/' && REGEX_BEFORE.test(this.masked.slice(-40)))
      this.take(endOfRegex(source, at), 1, null)
    else this.copy()
  }

  template() {
    const { source } = this
    const start = this.at
    this.copy()
    while (this.at < source.length && source[this.at] !== '`') {
      if (source.startsWith('${', this.at)) {
        this.copy()
        this.copy()
        this.code(true)
        this.copy()
      } else {
        const width = source[this.at] === '\\' ? 2 : 1
        this.masked += source.slice(this.at, this.at + width).replace(/[^\n]/g, ' ')
        this.at += width
      }
    }
    this.copy()
    this.strings.push({ start, end: this.at, text: source.slice(start + 1, this.at - 1) })
  }
}

/** @param {string} source @returns {Tokens} */
export function tokenize(source) {
  const scanner = new Scanner(source)
  scanner.code(false)
  const { masked, comments } = scanner
  return { masked, comments, strings: scanner.strings.sort((a, b) => a.start - b.start) }
}

/** How many brackets are open before each character. @param {string} masked @returns {Int32Array} */
export function depths(masked) {
  const result = new Int32Array(masked.length + 1)
  let depth = 0
  for (let i = 0; i < masked.length; i++) {
    if (')]}'.includes(masked[i])) depth--
    result[i] = depth
    if ('([{'.includes(masked[i])) depth++
  }
  result[masked.length] = depth
  return result
}

/** The bracket that closes the one at `open`. @param {Int32Array} depth */
export function closing(depth, open) {
  let i = open + 1
  while (i < depth.length - 1 && depth[i] > depth[open]) i++
  return i
}

/** @param {string} source @param {number} at */
export function lineOf(source, at) {
  let line = 1
  for (let i = source.indexOf('\n'); i !== -1 && i < at; i = source.indexOf('\n', i + 1)) line++
  return line
}
