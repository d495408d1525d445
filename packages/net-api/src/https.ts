import type { ClientRequestArgs } from 'node:http'
import * as nodeHttps from 'node:https'
import type { Duplex } from 'node:stream'
import type { NetStack } from './context.ts'
import { createNet, type TapwireNet } from './create-net.ts'
import { getFunction, requestFunction } from './http.ts'
import { createTls, secureServerClass, type TapwireTls } from './tls.ts'

/** An object with the exported names of `node:https`, whose connections are those of a stack. */
export type TapwireHttps = Omit<typeof nodeHttps, 'globalAgent'> & { globalAgent: nodeHttps.Agent }

/**
 * Node's own HTTPS over a stack's connections: only what opens and accepts them is replaced.
 * @param net an object of `createNet(stack)`, or the stack
 */
export function createHttps(net: TapwireNet | NetStack): TapwireHttps {
  const own = 'createConnection' in net ? net : createNet(net)
  const Server = secureServerClass(own, nodeHttps.Server)
  const Agent = agentClass(createTls(own))
  const globalAgent = new Agent({ keepAlive: true, timeout: 5000 })
  const request = requestFunction(globalAgent)
  return {
    ...nodeHttps,
    Server,
    Agent,
    globalAgent,
    createServer: ((...args: ConstructorParameters<typeof nodeHttps.Server>) =>
      new Server(...args)) as typeof nodeHttps.createServer,
    request,
    get: getFunction(request),
  }
}

/** Node's agent, sessions and all, on connections that are opened here. */
function agentClass(tls: TapwireTls): typeof nodeHttps.Agent {
  class Agent extends nodeHttps.Agent {
    override createConnection(...args: unknown[]): Duplex {
      const options = connectionOptions(args)
      const { _agentKey: key } = options
      const agent = this as unknown as SessionCache
      const session = key === undefined ? undefined : agent._getSession(key)
      const socket = tls.connect({ ...(session === undefined ? {} : { session }), ...options } as object)
      if (key !== undefined) {
        socket.on('session', (fresh) => agent._cacheSession(key, fresh))
        socket.once('close', (failed) => {
          if (failed) agent._evictSession(key)
        })
      }
      return socket
    }
  }
  return Agent
}

type ConnectionOptions = ClientRequestArgs & { _agentKey?: string }

/** The forms of `createConnection`: `(options)`, `(port, options)`, `(port[, host[, options]])`. */
function connectionOptions(args: readonly unknown[]): ConnectionOptions {
  const [port, host] = args
  const options = { ...args.find((arg) => typeof arg === 'object' && arg !== null) } as ConnectionOptions
  if (typeof port === 'number') options.port = port
  if (typeof host === 'string') options.host = host
  return options
}

/** Where Node's agent keeps the sessions that connections go on with. */
interface SessionCache {
  _getSession(key: string): Buffer | undefined
  _cacheSession(key: string, session: Buffer): void
  _evictSession(key: string): void
}
