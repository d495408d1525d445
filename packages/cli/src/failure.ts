/** What the command ends with; docs/cli.md lists them. 128 and a signal's number are for Ctrl-C and its kin. */
export const Status = {
  Done: 0,
  /** It was tried, and did not work: no answer, refused, a file that cannot be read. */
  Failed: 1,
  /** A wrong command line or configuration: nothing was tried. */
  Usage: 2,
  /** The device cannot be had: no privilege, no TUN device, its name is taken. */
  NoDevice: 3,
} as const
export type Status = (typeof Status)[keyof typeof Status]

/** What went wrong, in one sentence for whoever typed the command. */
export class Failure extends Error {
  readonly status: Status
  constructor(message: string, status: Status = Status.Failed) {
    super(message)
    this.status = status
  }
}

export function usageFailure(message: string): Failure {
  return new Failure(message, Status.Usage)
}

/** Names of the errors that a stack, a device or Node means by their code: sentences, not faults of this program. */
export function isExpected(error: unknown): error is Error {
  return (
    error instanceof Error &&
    (error instanceof Failure || typeof (error as { code?: unknown }).code === 'string')
  )
}
