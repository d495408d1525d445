import * as nodeHttp from 'node:http'
import * as nodeNet from 'node:net'
import { createHttp, createNet } from '@tapwire/net-api'
import { createCable, Stack } from '@tapwire/stack'

/** One place where the tests run: Node's own `net` is the referee, tapwire has to do the same. */
export interface World {
  readonly name: string
  /** The side that listens. */
  readonly server: typeof nodeNet
  /** The side that connects; the same module where there is one host. */
  readonly client: typeof nodeNet
  readonly serverHttp: typeof nodeHttp
  readonly clientHttp: typeof nodeHttp
  /** The server's addresses. */
  readonly v4: string
  readonly v6: string
  /** The client's addresses. */
  readonly client4: string
  readonly client6: string
  /** An address that neither host has. */
  readonly foreign4: string
  /** Both sides are the same host, so that `localhost` of the client is the server. */
  readonly oneHost: boolean
  close(): Promise<void>
}

function nodeWorld(): World {
  return {
    name: 'node',
    server: nodeNet,
    client: nodeNet,
    serverHttp: nodeHttp,
    clientHttp: nodeHttp,
    v4: '127.0.0.1',
    v6: '::1',
    client4: '127.0.0.1',
    client6: '::1',
    foreign4: '192.0.2.1',
    oneHost: true,
    close: async () => {},
  }
}

function loopbackWorld(): World {
  const stack = new Stack()
  const net = createNet(stack)
  const http = createHttp(net) as typeof nodeHttp
  return {
    name: 'tapwire, loopback',
    server: net,
    client: net,
    serverHttp: http,
    clientHttp: http,
    v4: '127.0.0.1',
    v6: '::1',
    client4: '127.0.0.1',
    client6: '::1',
    foreign4: '192.0.2.1',
    oneHost: true,
    close: () => stack.close(),
  }
}

function cableWorld(): World {
  const left = new Stack()
  const right = new Stack()
  const [a, b] = createCable()
  // Addresses that are being checked for conflicts cannot ask for a neighbour: for a second, nothing would be answered over IPv6.
  const conflictDetection = 'off'
  left.addInterface(a, { addresses: ['10.9.0.1/24', 'fd09::1/64'], conflictDetection })
  right.addInterface(b, { addresses: ['10.9.0.2/24', 'fd09::2/64'], conflictDetection })
  const server = createNet(left)
  const client = createNet(right)
  return {
    name: 'tapwire, cable',
    server,
    client,
    serverHttp: createHttp(server) as typeof nodeHttp,
    clientHttp: createHttp(client) as typeof nodeHttp,
    v4: '10.9.0.1',
    v6: 'fd09::1',
    client4: '10.9.0.2',
    client6: 'fd09::2',
    foreign4: '192.0.2.1',
    oneHost: false,
    close: async () => {
      await left.close()
      await right.close()
    },
  }
}

export const worlds: readonly World[] = [nodeWorld(), loopbackWorld(), cableWorld()]
