/** What was found to be wrong, for the person who wrote it. */
export interface Finding {
  /** Which typical mistake it looks like: a key of the exercise's `mistakes`. */
  readonly mistake: string
  /** What happened, in a sentence. */
  readonly what: string
  readonly expected: string
  readonly actual: string
  /** The frames until then, drawn. */
  readonly ladder?: readonly string[]
}

/** Thrown by a judge: the learner's program ran, and did the wrong thing. */
export class Failure extends Error {
  readonly finding: Finding

  constructor(finding: Finding) {
    super(finding.what)
    this.finding = finding
  }
}

/** Thrown into the learner's program when it asks the wire for something that cannot be. */
export class Misuse extends Error {
  override readonly name = 'Error'
}
