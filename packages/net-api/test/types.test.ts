import type * as nodeHttp from 'node:http'
import type * as nodeNet from 'node:net'
import type { TapwireHttp, TapwireNet } from '@tapwire/net-api'
import { expectTypeOf, test } from 'vitest'
import type { Server } from '../src/server.ts'
import type { Socket } from '../src/socket.ts'

test('what createNet gives can stand wherever node:net does', () => {
  expectTypeOf<TapwireNet>().toExtend<typeof nodeNet>()
  expectTypeOf<TapwireHttp>().toExtend<Omit<typeof nodeHttp, 'globalAgent'>>()
})

test('the classes behind it have the shape of those of Node', () => {
  expectTypeOf<Socket>().toExtend<nodeNet.Socket>()
  expectTypeOf<Server>().toExtend<nodeNet.Server>()
})
