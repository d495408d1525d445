import type { Socket, TcpSocketConnectOpts } from 'node:net'
import * as nodeTls from 'node:tls'
import type { NetStack } from './context.ts'
import { contextOf, createNet, type TapwireNet } from './create-net.ts'
import { serveOver } from './serve-over.ts'

/** An object with the exported names of `node:tls`, whose connections are those of a stack. */
export type TapwireTls = typeof nodeTls

/**
 * Node's own TLS over a stack's connections: only what opens and accepts them is replaced.
 * @param net an object of `createNet(stack)`, or the stack
 */
export function createTls(net: TapwireNet | NetStack): TapwireTls {
  const own = 'createConnection' in net ? net : createNet(net)
  const Server = secureServerClass(own, nodeTls.Server)
  const connect = (...args: unknown[]): nodeTls.TLSSocket => connectSecurely(own, args)
  return {
    ...nodeTls,
    Server,
    TLSSocket: socketClass(own),
    createServer: (...args: unknown[]) => new (Server as new (...args: unknown[]) => nodeTls.Server)(...args),
    connect: connect as typeof nodeTls.connect,
  }
}

/** The forms of `tls.connect`: `(port[, host][, options][, callback])`, `(options[, callback])`. */
function connectSecurely(net: TapwireNet, args: unknown[]): nodeTls.TLSSocket {
  const [target, callback] = normalize(net, args)
  const options = { ...target, ...args.slice(1, 3).find(isOptions) } as nodeTls.ConnectionOptions
  const { socket } = options
  if (socket === undefined) return open(net, options, callback)
  const secure = nodeTls.connect(options, callback)
  if (socket instanceof net.Socket) join(secure, socket)
  return secure
}

/** Node's own class, which makes the same of a connection of the stack as of one of Node's. */
function socketClass(net: TapwireNet): typeof nodeTls.TLSSocket {
  return new Proxy(nodeTls.TLSSocket, {
    construct(target, args, newTarget) {
      const secure: nodeTls.TLSSocket = Reflect.construct(target, args, newTarget)
      if (args[0] instanceof net.Socket) join(secure, args[0])
      return secure
    },
  })
}

function isOptions(value: unknown): value is object {
  return value !== null && typeof value === 'object'
}

function normalize(net: TapwireNet, args: unknown[]): [nodeTls.ConnectionOptions, (() => void) | undefined] {
  return (net as unknown as { _normalizeArgs(args: unknown[]): ReturnType<typeof normalize> })._normalizeArgs(
    args,
  )
}

/** What happens to a connection before there is TLS on it, and is told by the socket that has both. */
const FORWARDED = [
  'lookup',
  'connectionAttempt',
  'connectionAttemptFailed',
  'connectionAttemptTimeout',
  'ready',
] as const

function open(net: TapwireNet, options: nodeTls.ConnectionOptions, callback?: () => void): nodeTls.TLSSocket {
  // Above TLS time is counted and the signal is heeded. Node reads into `onread` only where the connection is its own.
  const { timeout, signal: _signal, onread: _onread, ...rest } = options as Partial<Above>
  const under = net.connect(rest as TcpSocketConnectOpts)
  const secure = nodeTls.connect({ ...options, socket: under }, callback)
  join(secure, under)
  failTogether(secure)
  for (const event of FORWARDED) under.on(event, (...args: unknown[]) => secure.emit(event, ...args))
  if (timeout) secure.setTimeout(timeout)
  return secure
}

/** What Node does where the connection under TLS is its own: there is one state of connecting, and one 'connect' more. */
function join(secure: nodeTls.TLSSocket, under: Socket): void {
  carry(under)
  lend(secure)
  if (!under.connecting) return
  const state = secure as { connecting: boolean }
  state.connecting = true
  under.once('connect', () => {
    if (secure.destroyed) return
    state.connecting = false
    secure.emit('connect')
  })
}

interface Errors {
  _tlsError(error: Error): Error | null
  _emitTLSError(error: Error): void
}

/** There is one connection only, where Node thinks of two: 'close' says whether it failed. */
function failTogether(secure: nodeTls.TLSSocket): void {
  const errors = secure as unknown as Errors
  errors._emitTLSError = (error) => {
    const told = errors._tlsError(error)
    if (told !== null) secure.destroy(told)
  }
}

/**
 * There is TLS on it now, which has taken over what the application said of half-open connections. What is under it must not
 * answer the peer's FIN on its own: TLS may have data to send still.
 */
function carry(under: Socket): void {
  under.allowHalfOpen = true
}

interface Above {
  readonly timeout: number
  readonly signal: AbortSignal
  readonly onread: unknown
}

/** How a TLS socket leads to the wrapper that Node puts around a connection that is not its own, and to that connection. */
interface Wrapped {
  readonly _handle: { readonly _parent?: object; readonly _parentWrap?: { readonly stream?: Socket } } | null
}

/** That wrapper has no addresses and no settings: what the TLS socket asks of it is answered by the connection. */
function lend(secure: nodeTls.TLSSocket): void {
  const handle = (secure as unknown as Wrapped)._handle
  const wrapper = handle?._parent
  const under = handle?._parentWrap?.stream
  if (wrapper !== undefined && under !== undefined) lendTo(wrapper, under)
}

/** @internal @param wrapper the handle that Node made of a connection that is not its own */
export function lendTo(wrapper: object, under: Socket): void {
  Object.assign(wrapper, {
    getpeername: (out: object) => answer(out, under.remoteAddress, under.remotePort, under.remoteFamily),
    getsockname: (out: object) => answer(out, under.localAddress, under.localPort, under.localFamily),
    ref: () => under.ref(),
    unref: () => under.unref(),
    setNoDelay: (enabled: boolean) => under.setNoDelay(enabled),
    setKeepAlive: (enabled: boolean, seconds: number) => under.setKeepAlive(enabled, seconds * 1000),
  })
}

/** The way libuv's handles tell an address. @returns 0, or -1 when there is none */
function answer(out: object, address?: string, port?: number, family?: string): number {
  if (address === undefined) return -1
  Object.assign(out, { address, port, family })
  return 0
}

/** @internal A class of Node's that accepts connections of a stack and speaks TLS over them: that of `tls` or `https`. */
export function secureServerClass<C extends abstract new (...args: never[]) => nodeTls.Server>(
  net: TapwireNet,
  Base: C,
): C {
  class Server extends (Base as unknown as new (...args: unknown[]) => nodeTls.Server) {}
  serveSecurelyOver(net, Server.prototype)
  return Server as unknown as C
}

type Emit = (this: object, event: string | symbol, ...args: unknown[]) => boolean

/** @internal As `serveOver`, for what speaks TLS. */
export function serveSecurelyOver(net: TapwireNet, target: nodeTls.Server): void {
  serveOver(contextOf(net), target)
  const emitted = target.emit as Emit
  const emit: Emit = function (event, ...args) {
    if (event === 'secureConnection') lend(args[0] as nodeTls.TLSSocket)
    else if (event === 'tlsClientError') lend(args[1] as nodeTls.TLSSocket)
    const heard = emitted.call(this, event, ...args)
    if (event === 'connection' && args[0] instanceof net.Socket) carry(args[0])
    return heard
  }
  Object.defineProperty(target, 'emit', { value: emit, writable: true, configurable: true })
}
