import type { LookupFunction } from 'node:net'
import type { Clock, TcpApi } from '@tapwire/stack'
import type { Zones } from './endpoint.ts'
import type { Liveness } from './liveness.ts'
import type { Server } from './server.ts'
import type { Socket } from './socket.ts'
import type { Turns } from './turns.ts'

/** What `createNet` needs of a stack; a `Stack` has it. */
export interface NetStack {
  readonly tcp: TcpApi
  readonly clock: Clock
  /** Makes several calls one burst: what they cause is sent together. */
  readonly engine: { run<T>(body: () => T): T }
  /** Its interfaces, by which link-local addresses are told apart. */
  readonly interfaces: Zones
}

/** What all sockets and servers of one `createNet` share. */
export interface NetContext {
  readonly stack: NetStack
  readonly turns: Turns
  readonly liveness: Liveness
  /** How names are turned into addresses when a socket has no `lookup` of its own. */
  readonly lookup: LookupFunction
  readonly Socket: new (options?: object) => Socket
  readonly Server: new (options?: unknown, listener?: unknown) => Server
}

/** Where the classes that `createNet` makes keep their context: on the prototype. */
export const kContext = Symbol('tapwire.net.context')
