import * as nodeHttp2 from 'node:http2'
import { isIP, type TcpSocketConnectOpts } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Server } from 'node:tls'
import type { NetStack } from './context.ts'
import { contextOf, createNet, type TapwireNet } from './create-net.ts'
import { serveOver } from './serve-over.ts'
import { createTls, serveSecurelyOver } from './tls.ts'

/** An object with the exported names of `node:http2`, whose connections are those of a stack. */
export type TapwireHttp2 = typeof nodeHttp2

/**
 * Node's own HTTP/2 over a stack's connections: only what opens and accepts them is replaced.
 * @param net an object of `createNet(stack)`, or the stack
 */
export function createHttp2(net: TapwireNet | NetStack): TapwireHttp2 {
  const own = 'createConnection' in net ? net : createNet(net)
  const tls = createTls(own)
  const connect = (authority: string | URL, ...args: unknown[]): nodeHttp2.ClientHttp2Session => {
    const options =
      typeof args[0] === 'function' ? {} : ((args.shift() ?? {}) as nodeHttp2.SecureClientSessionOptions)
    const createConnection = (url: URL): Duplex => {
      const secure = url.protocol === 'https:'
      const host = url.hostname.replace(/^\[|\]$/g, '') || 'localhost'
      const port = Number(url.port) || (secure ? 443 : 80)
      if (!secure) return own.connect({ ...(options as Partial<TcpSocketConnectOpts>), port, host })
      const servername = options.servername ?? (isIP(host) ? '' : host)
      return tls.connect({ ALPNProtocols: ['h2'], ...options, host, port, servername })
    }
    const rest = args as [() => void]
    return nodeHttp2.connect(authority, { createConnection, ...options }, ...rest)
  }
  return {
    ...nodeHttp2,
    connect: connect as typeof nodeHttp2.connect,
    createServer: ((...args: []) => {
      const server = nodeHttp2.createServer(...args)
      serveOver(contextOf(own), server)
      return server
    }) as typeof nodeHttp2.createServer,
    createSecureServer: ((...args: []) => {
      const server = nodeHttp2.createSecureServer(...args)
      serveSecurelyOver(own, server as unknown as Server)
      return server
    }) as typeof nodeHttp2.createSecureServer,
  }
}
