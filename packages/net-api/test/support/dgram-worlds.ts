import * as nodeDgram from 'node:dgram'
import { createDgram } from '@tapwire/net-api'
import { createCable, Stack } from '@tapwire/stack'

/** Where the same code is asked: Node's own `dgram` is the referee. */
export interface DgramWorld {
  readonly name: string
  /** The side that is sent to. */
  readonly server: typeof nodeDgram
  readonly client: typeof nodeDgram
  /** Addresses of the server, and of the client. */
  readonly v4: string
  readonly v6: string
  readonly client4: string
  readonly client6: string
  close(): Promise<void>
}

const LOOPBACK = { v4: '127.0.0.1', v6: '::1', client4: '127.0.0.1', client6: '::1' }

function nodeWorld(): DgramWorld {
  return { name: 'node', server: nodeDgram, client: nodeDgram, ...LOOPBACK, close: async () => {} }
}

function loopbackWorld(): DgramWorld {
  const stack = new Stack()
  const dgram = createDgram(stack)
  return {
    name: 'tapwire, loopback',
    server: dgram,
    client: dgram,
    ...LOOPBACK,
    close: () => stack.close(),
  }
}

/** Two stacks and a cable: also for what needs a link. */
export function cableWorld(): DgramWorld & { readonly stacks: readonly [Stack, Stack] } {
  const left = new Stack()
  const right = new Stack()
  const [a, b] = createCable()
  left.addInterface(a, { addresses: ['10.9.0.1/24', 'fd09::1/64'], gateway: ['10.9.0.2', 'fd09::2'] })
  right.addInterface(b, { addresses: ['10.9.0.2/24', 'fd09::2/64'], gateway: ['10.9.0.1', 'fd09::1'] })
  return {
    name: 'tapwire, cable',
    server: createDgram(left),
    client: createDgram(right),
    v4: '10.9.0.1',
    v6: 'fd09::1',
    client4: '10.9.0.2',
    client6: 'fd09::2',
    stacks: [left, right],
    close: async () => {
      await left.close()
      await right.close()
    },
  }
}

export const node = nodeWorld()
export const tapwireWorlds: readonly DgramWorld[] = [loopbackWorld(), cableWorld()]
