import * as nodeHttp2 from 'node:http2'
import { isIP, type Socket, type TcpSocketConnectOpts } from 'node:net'
import type { Duplex } from 'node:stream'
import type { ConnectionOptions, Server } from 'node:tls'
import { promisify } from 'node:util'
import type { NetStack } from './context.ts'
import { contextOf, createNet, type TapwireNet } from './create-net.ts'
import { codedError } from './errors.ts'
import { serveOver } from './serve-over.ts'
import { createTls, lendTo, serveSecurelyOver, type TapwireTls } from './tls.ts'

/** An object with the exported names of `node:http2`, whose connections are those of a stack. */
export type TapwireHttp2 = typeof nodeHttp2

/**
 * Node's own HTTP/2 over a stack's connections: only what opens and accepts them is replaced.
 * @param net an object of `createNet(stack)`, or the stack
 */
export function createHttp2(net: TapwireNet | NetStack): TapwireHttp2 {
  const own = 'createConnection' in net ? net : createNet(net)
  return {
    ...nodeHttp2,
    connect: connectOver(own, createTls(own)) as typeof nodeHttp2.connect,
    createServer: ((...args: []) => {
      const server = nodeHttp2.createServer(...args)
      serveOver(contextOf(own), server)
      // Before any listener of the application.
      server.on('session', (session) => lend(own, session))
      return server
    }) as typeof nodeHttp2.createServer,
    createSecureServer: ((...args: []) => {
      const server = nodeHttp2.createSecureServer(...args)
      serveSecurelyOver(own, server as unknown as Server)
      return server
    }) as typeof nodeHttp2.createSecureServer,
  }
}

type Session = nodeHttp2.ClientHttp2Session

/** `http2.connect`: Node makes the session, of a connection that is opened here. */
function connectOver(net: TapwireNet, tls: TapwireTls): object {
  const connect = (authority: string | URL, ...args: unknown[]): Session => {
    const options = typeof args[0] === 'function' ? undefined : args.shift()
    const createConnection = (target: Authority): Duplex =>
      open(net, tls, target, (options ?? {}) as nodeHttp2.SecureClientSessionOptions)
    // Whatever else it is, Node refuses it.
    const given = options === undefined || isObject(options) ? { createConnection, ...options } : options
    const session = nodeHttp2.connect(authority, given as object, args[0] as () => void)
    const under = lend(net, session)
    if (under?.connecting) holdConnect(session, under)
    return session
  }
  Object.defineProperty(connect, promisify.custom, {
    value: (authority: string | URL, options?: object): Promise<Session> =>
      new Promise((resolve, reject) => {
        const session = connect(authority, options, () => {
          session.off('error', reject)
          resolve(session)
        })
        session.once('error', reject)
      }),
  })
  return connect
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

/** A URL, or what has some of its fields. */
type Authority = Partial<Pick<URL, 'protocol' | 'hostname' | 'host' | 'port'>>

function open(
  net: TapwireNet,
  tls: TapwireTls,
  authority: Authority,
  options: nodeHttp2.SecureClientSessionOptions,
): Duplex {
  const protocol = authority.protocol || options.protocol || 'https:'
  const host = authority.hostname?.replace(/^\[|\]$/g, '') || authority.host || 'localhost'
  const port = Number(authority.port === '' ? (protocol === 'http:' ? 80 : 443) : authority.port)
  if (protocol === 'http:') return net.connect({ port, host, ...(options as Partial<TcpSocketConnectOpts>) })
  if (protocol !== 'https:')
    throw codedError(Error, 'ERR_HTTP2_UNSUPPORTED_PROTOCOL', `protocol "${protocol}" is unsupported.`)
  const { allowHTTP1 } = options as { allowHTTP1?: boolean }
  const ALPNProtocols = allowHTTP1 === true ? ['h2', 'http/1.1'] : ['h2']
  const servername = options.servername || (isIP(host) === 0 ? host : undefined)
  const named = servername === undefined ? {} : { servername }
  return tls.connect({ port, host, ...options, ALPNProtocols, ...named } as ConnectionOptions)
}

/** The wrapper that Node puts around a connection without TLS that is not its own; with TLS there is one below that. */
interface Wrapper {
  readonly stream?: unknown
  readonly _handle?: object | null
}

/**
 * That wrapper has no addresses and no settings: what the session's `socket` is asked for is answered by the connection.
 * @returns the connection, if it is one of the stack without TLS
 */
function lend(net: TapwireNet, session: nodeHttp2.Http2Session): Socket | undefined {
  if (session.destroyed) return undefined
  const { stream, _handle: handle } = session.socket as Wrapper
  if (!handle || !(stream instanceof net.Socket)) return undefined
  lendTo(handle, stream)
  return stream
}

/** Nor does that wrapper say that it is connecting yet: without this, 'connect' would come before there is a connection. */
function holdConnect(session: Session, under: Socket): void {
  const emit = session.emit as (event: string | symbol, ...args: unknown[]) => boolean
  const held: typeof emit = (event, ...args) => {
    if (event !== 'connect' || !under.connecting) return emit.call(session, event, ...args)
    under.once('connect', () => emit.call(session, event, ...args))
    return true
  }
  Object.defineProperty(session, 'emit', { value: held, writable: true, configurable: true })
}
