/** One thing to be said of a segment. */
export interface Sentence {
  /** Plain words; names and numbers of the protocol in backquotes. */
  readonly text: string
  /** Where the rule stands, as `RFC 9293 section 3.5`; null where there is none. */
  readonly where: string | null
  /** When it happened, in milliseconds of the run. */
  readonly at: number
}

/** Gathers sentences about one moment. */
export class Speaker {
  readonly sentences: Sentence[] = []
  readonly #at: number

  constructor(at: number) {
    this.#at = at
  }

  /** @param rfc and `section` of the rule */
  say(text: string, rfc?: number, section?: string): void {
    const where = rfc === undefined ? null : `RFC ${rfc} section ${section}`
    this.sentences.push({ text, where, at: this.#at })
  }
}

/** `1 byte`, `2,000 bytes`. */
export function bytes(count: number): string {
  return `${grouped(count)} ${count === 1 ? 'byte' : 'bytes'}`
}

export function grouped(count: number): string {
  return Number.isInteger(count) ? String(count).replace(/\B(?=(\d{3})+$)/g, ',') : String(count)
}

/** With a tenth, where that is not 0. */
export function ms(milliseconds: number): string {
  return `${grouped(Number(milliseconds.toFixed(milliseconds < 10 ? 2 : 1)))} ms`
}
