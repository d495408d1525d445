/** What is wrong with a script, or with what it was run against: always with a place. */
export class ScriptError extends Error {
  readonly file: string
  /** From 1 on. */
  readonly line: number
  /** Without the place. */
  readonly reason: string
  /** Lines below the reason: what was expected beside what happened. */
  readonly details: readonly string[]

  constructor(file: string, line: number, reason: string, details: readonly string[] = []) {
    super([`${file}:${line}: ${reason}`, ...details.map((text) => `  ${text}`)].join('\n'))
    this.name = 'ScriptError'
    this.file = file
    this.line = line
    this.reason = reason
    this.details = details
  }
}

/** A place in a script, carried by whatever may have to complain about it. */
export interface Place {
  readonly line: number
}
