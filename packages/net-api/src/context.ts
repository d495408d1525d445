import type { LookupFunction } from 'node:net'
import type { Stack } from '@tapwire/stack'
import type { Liveness } from './liveness.ts'
import type { Server } from './server.ts'
import type { Socket } from './socket.ts'
import type { Turns } from './turns.ts'

/** What `createNet` and its neighbours need of a stack. */
export type NetStack = Pick<
  Stack,
  'tcp' | 'udp' | 'clock' | 'engine' | 'interfaces' | 'names' | 'sortDestinations'
>

/** What all sockets and servers of one `createNet` share. */
export interface NetContext {
  readonly stack: NetStack
  readonly turns: Turns
  readonly liveness: Liveness
  /** How names are turned into addresses when a socket has no `lookup` of its own. */
  readonly lookup: LookupFunction
  /** What becomes of a `path`: the host's pipes, or an error (NS-03). */
  readonly ipc: 'host' | 'refuse'
  readonly Socket: new (options?: object) => Socket
  readonly Server: new (options?: unknown, listener?: unknown) => Server
}

/** Where the classes that `createNet` makes keep their context: on the prototype. */
export const kContext = Symbol('tapwire.net.context')
