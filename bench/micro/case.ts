/**
 * One way to do a thing, to be called many times. What has no effect but its result gives it to `do_not_optimize`, or the compiler
 * would leave it out.
 */
export interface Way {
  readonly name: string
  readonly run: () => unknown
  /** How often `run` does the thing. */
  readonly times: number
}

/** One thing that the stack does for each packet: its own way first, then what one would write without thinking. */
export interface Case {
  readonly name: string
  readonly ways: readonly Way[]
}
