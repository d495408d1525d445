import * as nodeHttp from 'node:http'
import type { TcpSocketConnectOpts } from 'node:net'
import type { Duplex } from 'node:stream'
import type { NetContext, NetStack } from './context.ts'
import { contextOf, createNet, type TapwireNet } from './create-net.ts'
import { serveOver } from './serve-over.ts'

/** An object with the exported names of `node:http`, whose connections are those of a stack. */
export type TapwireHttp = Omit<typeof nodeHttp, 'globalAgent'> & { globalAgent: nodeHttp.Agent }

/**
 * Node's own HTTP over a stack's connections: only what opens and accepts them is replaced.
 * @param net an object of `createNet(stack)`, or the stack
 */
export function createHttp(net: TapwireNet | NetStack): TapwireHttp {
  const own = 'createConnection' in net ? net : createNet(net)
  const Server = serverClass(contextOf(own))
  const Agent = agentClass(own)
  const globalAgent = new Agent({ keepAlive: true, timeout: 5000 })
  const request = requestFunction(globalAgent)
  return {
    ...nodeHttp,
    Server,
    Agent,
    globalAgent,
    createServer: ((...args: ConstructorParameters<typeof nodeHttp.Server>) =>
      new Server(...args)) as typeof nodeHttp.createServer,
    request,
    get: getFunction(request),
  }
}

function serverClass(context: NetContext): typeof nodeHttp.Server {
  class Server extends nodeHttp.Server {}
  serveOver(context, Server.prototype)
  return Server
}

function agentClass(net: TapwireNet): typeof nodeHttp.Agent {
  class Agent extends nodeHttp.Agent {
    override createConnection(...args: unknown[]): Duplex {
      return net.createConnection(...(args as [TcpSocketConnectOpts]))
    }
  }
  return Agent
}

/** @internal Node's `request`, with our agent where it would take the global one, as `https` does it. */
export function requestFunction(agent: nodeHttp.Agent): typeof nodeHttp.request {
  const request = (...args: unknown[]): nodeHttp.ClientRequest => {
    const location = typeof args[0] === 'string' || args[0] instanceof URL ? [args.shift()] : []
    const options = typeof args[0] === 'function' ? {} : args.shift()
    const callback = args.find((arg) => typeof arg === 'function')
    const withAgent = { ...(options as object | undefined), _defaultAgent: agent }
    return new (nodeHttp.ClientRequest as unknown as new (...args: unknown[]) => nodeHttp.ClientRequest)(
      ...location,
      withAgent,
      callback,
    )
  }
  return request as typeof nodeHttp.request
}

/** @internal A request without a body. */
export function getFunction(request: typeof nodeHttp.request): typeof nodeHttp.get {
  const get = (...args: unknown[]): nodeHttp.ClientRequest => {
    const outgoing = (request as (...args: unknown[]) => nodeHttp.ClientRequest)(...args)
    outgoing.end()
    return outgoing
  }
  return get as typeof nodeHttp.get
}
