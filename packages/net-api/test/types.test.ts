import type * as nodeHttp from 'node:http'
import type * as nodeNet from 'node:net'
import { createNet, type TapwireHttp, type TapwireNet } from '@tapwire/net-api'
import { Stack } from '@tapwire/stack'
import { expect, expectTypeOf, test } from 'vitest'
import type { NetExports } from '../src/create-net.ts'
import type { Server } from '../src/server.ts'
import type { Socket } from '../src/socket.ts'

test('what createNet gives can stand wherever node:net does', () => {
  expectTypeOf<TapwireNet>().toExtend<typeof nodeNet>()
  expectTypeOf(createNet).returns.toExtend<typeof nodeNet>()
  expectTypeOf<TapwireHttp>().toExtend<Omit<typeof nodeHttp, 'globalAgent'>>()
})

/** What has a class of ours instead of Node's: compared by its instances, below. */
type Classes = 'Socket' | 'Server'
/** Rows of docs/rules/net-refused.tsv that are names of the module. */
type Refused = 'BoundSocket'

test('the object behind it has every name of node:net, with functions that may be called as those', () => {
  type Names = Exclude<keyof typeof nodeNet, Refused | 'default'>
  expectTypeOf<Exclude<Names, keyof NetExports>>().toBeNever()
  expectTypeOf<NetExports>().toExtend<Omit<typeof nodeNet, Classes | Refused | 'default'>>()
})

test('the classes behind it have the shape of those of Node', () => {
  expectTypeOf<Socket>().toExtend<nodeNet.Socket>()
  expectTypeOf<Server>().toExtend<nodeNet.Server>()
  expectTypeOf<InstanceType<NetExports['Socket']>>().toExtend<nodeNet.Socket>()
  expectTypeOf<InstanceType<NetExports['Server']>>().toExtend<nodeNet.Server>()
})

/** A program that was written for Node's `net`: what it does with types has to compile with either. */
async function program(net: typeof import('node:net')): Promise<string[]> {
  const options: nodeNet.ServerOpts = { allowHalfOpen: false, pauseOnConnect: false, noDelay: true }
  const server: nodeNet.Server = net.createServer(options, (socket: nodeNet.Socket) => socket.end('hello'))
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1' }, resolve))
  const { port } = server.address() as nodeNet.AddressInfo
  class Client extends net.Socket {
    readonly text: string[] = []
  }
  const client = new Client({ allowHalfOpen: false })
  client.setEncoding('utf8').on('data', (text: string) => client.text.push(text))
  client.connect({ port, host: '127.0.0.1' })
  await new Promise<void>((resolve) => client.once('close', () => resolve()))
  const list: nodeNet.BlockList = new net.BlockList()
  list.addAddress(new net.SocketAddress({ address: '1.2.3.4' }).address)
  await new Promise((resolve) => server.close(resolve))
  return [...client.text, String(net.isIP('::1')), String(list.check('1.2.3.4'))]
}

test('a program with types of node:net takes it', async () => {
  const stack = new Stack()
  expect(await program(createNet(stack))).toEqual(['hello', '6', 'true'])
  await stack.close()
})

test('the statics of the classes are those of Node', async () => {
  const stack = new Stack()
  const { Socket, Server } = createNet(stack)
  const { Socket: NodeSocket, Server: NodeServer } = await import('node:net')
  for (const [ours, nodes] of [
    [Socket, NodeSocket],
    [Server, NodeServer],
  ]) {
    expect(Object.getPrototypeOf(ours)).toBe(Object.getPrototypeOf(nodes))
    expect(ours.length).toBeLessThanOrEqual(nodes.length)
  }
  await stack.close()
})
