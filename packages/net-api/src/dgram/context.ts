import type { LookupFunction } from 'node:net'
import type { HandleContext } from './handle.ts'

/** What all sockets of one `createDgram` share. */
export interface DgramContext extends HandleContext {
  /** How names become addresses when a socket has no `lookup` of its own. */
  readonly lookup: LookupFunction
}

/** Where the class that `createDgram` makes keeps its context: on the prototype. */
export const kContext = Symbol('tapwire.dgram.context')
