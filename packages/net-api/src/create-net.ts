import { EventEmitter } from 'node:events'
import * as nodeNet from 'node:net'
import { Duplex } from 'node:stream'
import {
  getDefaultAutoSelectFamily,
  getDefaultAutoSelectFamilyAttemptTimeout,
  setDefaultAutoSelectFamily,
  setDefaultAutoSelectFamilyAttemptTimeout,
} from './auto-select.ts'
import { normalizeArgs } from './connect-args.ts'
import { kContext, type NetContext, type NetStack } from './context.ts'
import { derive, type Init } from './derive.ts'
import { publishClientSocket } from './diagnostics.ts'
import { Liveness } from './liveness.ts'
import { lookupFor } from './lookup.ts'
import { nodeBehaviour } from './node-version.ts'
import { Server } from './server.ts'
import { initServer } from './server-init.ts'
import { Socket } from './socket.ts'
import { defineAccessors } from './socket-accessors.ts'
import { initSocket, type SocketOptions } from './socket-init.ts'
import { createTurns } from './turns.ts'

/** An object with the exported names of `node:net` (but for those of NM-15), whose sockets are those of a stack. */
export type TapwireNet = typeof nodeNet

export interface NetOptions {
  /**
   * How names become addresses. Default: the stack's own resolver where the stack was given `names`; else `localhost` is the
   * stack, and the rest is asked of the operating system.
   */
  readonly lookup?: nodeNet.LookupFunction
  /**
   * What `listen` and `connect` do with a `path`, which names a pipe of the operating system: 'host' (default) hands it over, by
   * Node's own `net`; 'refuse' throws ERR_ACCESS_DENIED, so that nothing reaches the host.
   */
  readonly ipc?: 'host' | 'refuse'
}

/**
 * Node's `net` over a stack: `createNet(stack).connect(80, '10.0.0.1')`. Each call makes classes of its own; servers
 * and sockets of one stack may be mixed freely.
 */
export function createNet(stack: NetStack, options: NetOptions = {}): TapwireNet {
  // The classes are made by functions, which TypeScript cannot see the statics of; test/types.test.ts compares all else.
  return exportsOf(createContext(stack, options)) as unknown as TapwireNet
}

/** @internal */
export type NetExports = ReturnType<typeof exportsOf>

function exportsOf(context: NetContext) {
  const createServer = (given?: unknown, listener?: unknown): Server => new context.Server(given, listener)
  const connect = (...args: unknown[]): Socket => connectSocket(context, args)
  return {
    // NB-01 to NB-06: lists and addresses are Node's own.
    BlockList: nodeNet.BlockList,
    SocketAddress: nodeNet.SocketAddress,
    connect,
    createConnection: connect,
    createServer,
    // NM-10
    isIP: nodeNet.isIP,
    isIPv4: nodeNet.isIPv4,
    isIPv6: nodeNet.isIPv6,
    Server: context.Server,
    Socket: context.Socket,
    // NM-13
    Stream: context.Socket,
    getDefaultAutoSelectFamily,
    setDefaultAutoSelectFamily,
    getDefaultAutoSelectFamilyAttemptTimeout,
    setDefaultAutoSelectFamilyAttemptTimeout,
    _normalizeArgs: normalizeArgs,
  }
}

/** @internal What the modules beside `net` build on. */
export function contextOf(net: TapwireNet): NetContext {
  return (net.Socket.prototype as unknown as Socket)[kContext]
}

function connectSocket(context: NetContext, args: unknown[]): Socket {
  const normalized = normalizeArgs<SocketOptions>(args)
  const [options] = normalized
  const socket = new context.Socket(options)
  if (!nodeBehaviour.connectIsPublished) publishClientSocket(socket)
  if (options.timeout) socket.setTimeout(options.timeout)
  // Not among the published forms: a list that has been normalized already.
  return socket.connect(normalized as never)
}

function createContext(stack: NetStack, options: NetOptions): NetContext {
  const context: NetContext = {
    stack,
    turns: createTurns(stack.clock),
    liveness: new Liveness(),
    lookup: options.lookup ?? lookupFor(stack),
    ipc: options.ipc ?? 'host',
    Socket: derive(Socket, Duplex, 'Socket', initSocket as Init<Socket>),
    Server: derive(Server, EventEmitter, 'Server', initServer as Init<Server>),
  }
  for (const Class of [context.Socket, context.Server]) {
    Object.defineProperty(Class.prototype, kContext, { value: context })
  }
  return context
}

defineAccessors()
