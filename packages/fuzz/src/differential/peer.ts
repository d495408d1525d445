import type { Follower } from './follower.ts'
import type { Script } from './script.ts'

/** A stack to which scripts are played. */
export interface Peer {
  readonly name: string
  /** Plays all of them, side by side. @returns in their order, what was heard */
  play(scripts: readonly Script[]): Promise<Follower[]>
  close(): Promise<void>
}

/** The ports on which applications wait, by what they do: this, and the index of the behaviour. */
export const FIRST_PORT = 7000
/** Nobody is there. */
export const CLOSED_PORT = 9

/** Bytes that an application which writes writes at once. */
export const WRITTEN = 3000
