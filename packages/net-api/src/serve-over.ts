import { kContext, type NetContext } from './context.ts'
import { Server } from './server.ts'

/** What a server of Node's takes from ours; all else (parsing, TLS, keep-alive, timeouts) stays Node's. */
const BORROWED = [
  'listen',
  '_listenOn',
  '_listensWith',
  '_listenFailed',
  'onHandleConnection',
  'onHandleGone',
  'address',
  'listening',
  'getConnections',
  'ref',
  'unref',
  '_emitCloseIfDrained',
] as const satisfies readonly (keyof Server)[]

/**
 * Makes what inherits `net.Server` of Node's (a prototype or a server) accept connections of a stack. They rely on nothing
 * but the fields and methods that ours has as well.
 */
export function serveOver(context: NetContext, target: object): void {
  for (const name of BORROWED) {
    const descriptor = Object.getOwnPropertyDescriptor(Server.prototype, name)
    Object.defineProperty(target, name, descriptor as PropertyDescriptor)
  }
  Object.defineProperty(target, kContext, { value: context })
}
