/** What is left to be sent by all streams of one side together; without a bound it is infinite. */
export interface Budget {
  bytes: number
  blocks: number
}

/** One stream of a test, as its owner sees it: TCP or UDP, sending or receiving. */
export interface Stream {
  readonly id: number
  readonly sends: boolean
  readonly counts: Counts
  /** Begins to send. A receiver counts from the beginning. */
  start(): void
  /** No more is sent, and nothing counted. */
  stop(): void
  close(): void
}

/** What went through a stream. `omit` forgets it all: what comes then is what counts. */
export class Counts {
  bytes = 0
  packets = 0
  errors = 0
  outOfOrder = 0
  /** Seconds. */
  jitter = 0

  omit(): void {
    this.bytes = 0
    this.packets = 0
    this.errors = 0
    this.outOfOrder = 0
    this.jitter = 0
  }
}

/** @returns whether a block may still be sent, taking it out of the budget */
export function spend(budget: Budget, length: number): boolean {
  if (budget.bytes <= 0 || budget.blocks <= 0) return false
  budget.bytes -= length
  budget.blocks--
  return true
}
