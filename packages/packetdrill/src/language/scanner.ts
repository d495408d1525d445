import { ScriptError } from './source.ts'

/** Blanks and the three kinds of comments: shell's, C's, C++'s. */
const BLANK = /(?:\s+|#[^\n]*|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/y

/**
 * Reads a script piece by piece. What a piece may look like depends on where it stands (`-` is an operator, a minus, or a
 * packet without flags), so the parser names the pattern it expects.
 */
export class Scanner {
  readonly text: string
  readonly file: string
  readonly defines: ReadonlyMap<string, string>
  /** Of the piece taken last, or of the next one after `peek` and `atEnd`. */
  at = 0
  /** Where the piece taken last ends. */
  end = 0
  #lineStarts: number[] | null = null

  /** @param defines what names stand for that a packet may have in the place of digits */
  constructor(text: string, file: string, defines: ReadonlyMap<string, string>) {
    this.text = text
    this.file = file
    this.defines = defines
  }

  /** The line, from 1 on, of an offset (default: the next piece). */
  line(offset: number = this.skip()): number {
    this.#lineStarts ??= [...this.text.matchAll(/\n/g)].map((match) => match.index)
    let low = 0
    let high = this.#lineStarts.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#lineStarts[middle] < offset) low = middle + 1
      else high = middle
    }
    return low + 1
  }

  /** Moves behind blanks and comments. */
  skip(): number {
    BLANK.lastIndex = this.at
    BLANK.exec(this.text)
    this.at = BLANK.lastIndex
    return this.at
  }

  get atEnd(): boolean {
    return this.skip() >= this.text.length
  }

  /** Whether the next piece begins with `text`. */
  sees(text: string): boolean {
    return this.text.startsWith(text, this.skip())
  }

  /** What a sticky pattern matches next, without taking it. */
  peek(pattern: RegExp): string | null {
    pattern.lastIndex = this.skip()
    return pattern.exec(this.text)?.[0] ?? null
  }

  /** Takes `text` if it comes next. */
  take(text: string): boolean {
    if (!this.sees(text)) return false
    this.at += text.length
    this.end = this.at
    return true
  }

  /** Takes what a sticky pattern matches, or null. */
  match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.skip()
    const found = pattern.exec(this.text)
    if (found === null) return null
    this.at = pattern.lastIndex
    this.end = this.at
    return found
  }

  /** Takes a word if it comes next, and not only begins so. */
  word(text: string): boolean {
    if (!this.sees(text) || /\w/.test(this.text[this.at + text.length] ?? '')) return false
    this.at += text.length
    this.end = this.at
    return true
  }

  /** Whether the line has ended before the next piece. */
  get endOfLine(): boolean {
    const next = this.skip()
    return next >= this.text.length || this.text.slice(this.end, next).includes('\n')
  }

  expect(text: string): void {
    if (!this.take(text)) this.fail(`expected '${text}'`)
  }

  fail(reason: string): never {
    const offset = this.skip()
    const end = this.text.indexOf('\n', offset)
    const rest = this.text.slice(offset, end < 0 ? undefined : end).trim()
    const found = rest === '' ? 'the end of the script' : `'${rest.slice(0, 40)}'`
    throw new ScriptError(this.file, this.line(offset), `${reason}, found ${found}`)
  }
}
