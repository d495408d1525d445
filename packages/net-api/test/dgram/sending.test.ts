import type { SocketType } from 'node:dgram'
import { once } from 'node:events'
import { afterAll, describe } from 'vitest'
import { listening } from '../support/dgram-scenes.ts'
import { tapwireWorlds } from '../support/dgram-worlds.ts'
import { type Args, apply, asNode } from './as-node.ts'

afterAll(async () => {
  for (const world of tapwireWorlds) await world.close()
})

describe('dgram, told by the same code', () => {
  const messages: readonly Args[] = [
    ['text'],
    ['héllo', 1, 3],
    [''],
    [[]],
    [['a', Buffer.from('b'), new Uint16Array([99])]],
    [Buffer.from('abcdef'), 2, 3],
    [new DataView(new ArrayBuffer(3), 1)],
    [new Uint8Array([65, 66])],
  ]
  for (const type of ['udp4', 'udp6'] as const) {
    asNode(
      `${type}: send in all forms, connected and not`,
      async (story, { server, client, ...world }) => {
        const host = type === 'udp4' ? world.v4 : world.v6
        const receiver = story.watch('receiver', server.createSocket(type))
        const port = await listening(receiver, 0, host)
        const sender = story.own(client.createSocket(type))
        for (const message of messages) {
          apply(sender, 'send', [...message, port, host, story.callback('sent')])
          await story.quiet()
        }
        sender.connect(port, host)
        await once(sender, 'connect')
        story.call('remoteAddress', () => sender.remoteAddress())
        for (const message of messages) {
          apply(sender, 'send', [...message, story.callback('sent')])
          await story.quiet()
        }
        for (const args of [
          ['x', 5],
          ['x', 5, host],
          [Buffer.from('abc'), 1, 1, 5],
          ['x', undefined, undefined],
        ])
          story.call(`connected send ${args}`, () => apply(sender, 'send', args))
        story.call('connect', () => sender.connect(9))
        sender.disconnect()
        story.call('disconnect', () => sender.disconnect())
        sender.send('free again', port, host)
      },
      40,
    )
  }

  const badSends: readonly Args[] = [
    [],
    ['x'],
    ['x', 70_000],
    ['x', 70_000, '127.0.0.1'],
    ['x', 0, '127.0.0.1'],
    ['x', '9x'],
    [5, 5],
    [[5], 5],
    ['x', 9, 5],
    [Buffer.alloc(3), 5, 1, 9],
    [Buffer.alloc(3), 1, 5, 9],
    [Buffer.alloc(3), -1, 1, 9],
    ['abc', 9, 1, 9],
    [new ArrayBuffer(3), 9],
  ]
  asNode(
    'send of what cannot be',
    (story, { client }) => {
      const socket = story.own(client.createSocket('udp4'))
      for (const args of badSends) story.call(`send ${story.show(args)}`, () => apply(socket, 'send', args))
    },
    14,
  )

  const refused: readonly (readonly [SocketType, ...Args])[] = [
    ['udp4', 'x', 9, '::1'],
    ['udp6', 'x', 9, '127.0.0.1'],
    ['udp4', 'x', 9, '255.255.255.255'],
    ['udp4', Buffer.alloc(65_508), 9, '127.0.0.1'],
    ['udp4', Buffer.alloc(65_507), 9, '127.0.0.1'],
    ['udp6', Buffer.alloc(65_528), 9, '::1'],
    ['udp6', Buffer.alloc(65_527), 9, '::1'],
    ['udp4', Buffer.alloc(70_000), 9, '127.0.0.1'],
    ['udp4', 'x', 9],
    ['udp4', 'x', 9, 'localhost'],
    ['udp4', 'x', 9, '0.0.0.0'],
    ['udp6', 'x', 9, '::ffff:127.0.0.1'],
  ]
  asNode(
    'send of what the network refuses',
    async (story, { client }) => {
      for (const [type, ...args] of refused) {
        const told = story.watch(type, client.createSocket(type))
        const sent = story.callback('sent')
        await new Promise<void>((resolve) => {
          const callback = (...result: unknown[]): void => {
            sent(...result)
            resolve()
          }
          apply(told, 'send', [...args, callback])
        })
        const untold = story.watch(type, client.createSocket(type))
        apply(untold, 'send', args)
        await story.quiet()
      }
    },
    30,
  )

  const connects: readonly (readonly [SocketType, ...Args])[] = [
    ['udp4', 9, '127.0.0.1'],
    ['udp4', 9],
    ['udp6', 9],
    ['udp4', 9, '0.0.0.0'],
    ['udp4', 9, '::1'],
    ['udp6', 9, '127.0.0.1'],
    ['udp6', 9, '::ffff:127.0.0.1'],
    ['udp4', 9, '255.255.255.255'],
  ]
  asNode(
    'connect in all forms',
    async (story, { client }) => {
      for (const [type, ...args] of connects) {
        for (const last of [[], [story.callback('connected')]]) {
          const socket = story.watch(`${type} ${args}`, client.createSocket(type))
          apply(socket, 'connect', [...args, ...last])
          await story.quiet()
          story.call('remoteAddress', () => socket.remoteAddress())
          story.call('address', () => socket.address())
        }
      }
    },
    40,
  )
})
