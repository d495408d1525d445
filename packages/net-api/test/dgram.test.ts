import { AsyncLocalStorage } from 'node:async_hooks'
import type { Socket, SocketType } from 'node:dgram'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { createDgram } from '@tapwire/net-api'
import { createCable, Stack } from '@tapwire/stack'
import * as dnsPacket from 'dns-packet'
import { afterAll, describe, expect, test } from 'vitest'
import { listening, Story } from './support/dgram-scenes.ts'
import { cableWorld, type DgramWorld, node, tapwireWorlds } from './support/dgram-worlds.ts'

type Scene = (story: Story, world: DgramWorld) => Promise<void> | void

async function run(world: DgramWorld, scene: Scene): Promise<string[]> {
  const story = new Story(world)
  try {
    await scene(story, world)
    await story.quiet()
  } finally {
    await story.end()
  }
  return story.lines
}

afterAll(async () => {
  for (const world of tapwireWorlds) await world.close()
})

/** The same story in every world, as Node tells it. */
function asNode(title: string, scene: Scene, least = 1): void {
  test.each(tapwireWorlds)(`$name: ${title}`, async (world) => {
    const expected = await run(node, scene)
    expect(expected.length, 'lines of Node').toBeGreaterThanOrEqual(least)
    expect(await run(world, scene)).toEqual(expected)
  })
}

type Args = readonly unknown[]
const apply = (socket: Socket, method: string, args: Args): unknown =>
  (socket as unknown as Record<string, (...args: unknown[]) => unknown>)[method](...args)

/** Every way to call each method, with what it throws. */
const SETTERS: readonly (readonly [string, ...Args])[] = [
  ['setTTL', 5],
  ['setTTL', 0],
  ['setTTL', 256],
  ['setTTL', 1.5],
  ['setTTL', 'x'],
  ['setBroadcast', true],
  ['setMulticastTTL', 5],
  ['setMulticastTTL', 0],
  ['setMulticastTTL', 256],
  ['setMulticastTTL', -1],
  ['setMulticastTTL', {}],
  ['setMulticastLoopback', true],
  ['setMulticastLoopback', 7],
  ['setMulticastInterface', '0.0.0.0'],
  ['setMulticastInterface', '203.0.113.7'],
  ['setMulticastInterface', '239.1.1.1'],
  ['setMulticastInterface', '::1'],
  ['setMulticastInterface', 'x'],
  ['setMulticastInterface', 5],
  ['getSendQueueSize'],
  ['getSendQueueCount'],
  ['setRecvBufferSize', -1],
  ['setRecvBufferSize', 'x'],
  ['setRecvBufferSize', 2 ** 31],
  ['setSendBufferSize', 1.5],
  ['remoteAddress'],
  ['disconnect'],
  ['sendto', 'x', 'y'],
  ['connect', 0],
  ['connect', 9, 5],
]

const GROUPS: readonly (readonly [string, ...Args])[] = [
  ['addMembership'],
  ['addMembership', 'x'],
  ['addMembership', 5],
  ['addMembership', '10.0.0.1'],
  ['addMembership', '239.1.1.1', 'x'],
  ['addMembership', '239.1.1.1', '203.0.113.1'],
  ['addMembership', 'ff02::5'],
  ['addMembership', '239.1.1.1', '127.0.0.1'],
  ['addMembership', '239.1.1.1', '127.0.0.1'],
  ['dropMembership'],
  ['dropMembership', '239.1.1.1', '203.0.113.1'],
  ['dropMembership', '239.1.1.2', '127.0.0.1'],
  ['dropMembership', '239.1.1.1', '127.0.0.1'],
  ['dropMembership', '239.1.1.1', '127.0.0.1'],
  ['addSourceSpecificMembership', 1],
  ['addSourceSpecificMembership', 'a'],
  ['addSourceSpecificMembership', 'a', '239.1.1.1'],
  ['addSourceSpecificMembership', '127.0.0.1', '10.1.1.1', '127.0.0.1'],
  ['addSourceSpecificMembership', '::1', '239.1.1.1', '127.0.0.1'],
  ['addSourceSpecificMembership', '127.0.0.1', '239.1.1.1', '203.0.113.9'],
  ['addSourceSpecificMembership', '127.0.0.1', '239.1.1.1', 'x'],
  ['addSourceSpecificMembership', '127.0.0.1', '239.1.1.1', '127.0.0.1'],
  ['addSourceSpecificMembership', '127.0.0.1', '239.1.1.1', '127.0.0.1'],
  ['addMembership', '239.1.1.1', '127.0.0.1'],
  ['addSourceSpecificMembership', '127.0.0.2', '239.1.1.1', '127.0.0.1'],
  ['dropSourceSpecificMembership', '127.0.0.3', '239.1.1.1', '127.0.0.1'],
  ['dropSourceSpecificMembership', '127.0.0.2', '239.1.1.1', '127.0.0.1'],
  ['dropSourceSpecificMembership', '127.0.0.1', '239.1.1.1', '127.0.0.1'],
  ['dropSourceSpecificMembership', '127.0.0.1', '239.1.1.1', '127.0.0.1'],
]

describe('dgram, told by the same code', () => {
  asNode('what createSocket refuses', (story, { client }) => {
    const create = client.createSocket as (options?: unknown) => Socket
    const given = [
      undefined,
      null,
      'udp5',
      {},
      { type: 'udp4', lookup: 5 },
      { type: 'udp4', recvBufferSize: -5 },
      { type: 'udp4', sendBufferSize: 'x' },
      { type: 'udp4', signal: 5 },
    ]
    for (const options of given)
      story.call(`createSocket ${story.show(options)}`, () => story.own(create(options)))
  })

  asNode(
    'methods of an unbound, a bound and a closed socket',
    async (story, { client }) => {
      const unbound = story.own(client.createSocket('udp4'))
      for (const [method, ...args] of SETTERS)
        story.call(`unbound ${method} ${args}`, () => apply(unbound, method, args))
      for (const method of ['getRecvBufferSize', 'getSendBufferSize', 'address'])
        story.call(`unbound ${method}`, () => apply(unbound, method, []))
      const bound = story.own(client.createSocket('udp4'))
      await listening(bound, 0, '127.0.0.1')
      for (const [method, ...args] of SETTERS.slice(0, -3))
        story.call(`bound ${method} ${args}`, () => apply(bound, method, args))
      for (const [method, ...args] of GROUPS)
        story.call(`bound ${method} ${args}`, () => apply(bound, method, args))
      story.call('address', () => bound.address())
      story.call('bind', () => bound.bind())
      bound.close()
      const methods = [
        ...new Set(SETTERS.map(([method]) => method)),
        'address',
        'bind',
        'close',
        'addMembership',
      ]
      for (const method of methods)
        story.call(`closed ${method}`, () => apply(bound, method, [5, '127.0.0.1']))
      story.call('closed ref', () => bound.ref() === bound && bound.unref() === bound)
      story.call('closed send', () => bound.send('x', 5))
    },
    90,
  )

  asNode('a membership binds a socket', async (story, { client }) => {
    const socket = story.watch('it', client.createSocket('udp4'))
    socket.addMembership('239.1.1.1', '127.0.0.1')
    story.call('address', () => socket.address())
    socket.bind(0)
  })

  const binds: readonly (readonly [SocketType, ...Args])[] = [
    ['udp4', 0, '192.0.2.1'],
    ['udp6', 0, '2001:db8::1'],
    ['udp4', 0, '::1'],
    ['udp6', 0, '127.0.0.1'],
    ['udp6', 0, 'fe80::1'],
    ['udp4', 0, 'localhost'],
    ['udp4', 0, '239.1.1.1'],
    ['udp4', 0, '255.255.255.255'],
    ['udp4', 0, '127.0.0.255'],
    ['udp6', 0, '::ffff:127.0.0.1'],
    ['udp4', 'abc'],
    ['udp4', -1, '192.0.2.1'],
    ['udp4', { port: 0, address: '127.0.0.1', exclusive: true }],
    ['udp4', {}],
    ['udp6', {}],
    ['udp4'],
  ]
  asNode(
    'bind in all forms',
    async (story, { client }) => {
      for (const [type, ...args] of binds) {
        const socket = story.watch(`${type} ${story.show(args)}`, client.createSocket(type))
        const told = new Promise<void>((resolve) => {
          for (const event of ['listening', 'error']) socket.once(event, () => resolve())
        })
        apply(socket, 'bind', [...args, story.callback('bind')])
        story.note('the call is over')
        await told
        await story.quiet()
        story.call('address', () => socket.address())
      }
    },
    30,
  )

  asNode('addresses in use, and shared ones', async (story, { server }) => {
    const first = story.own(server.createSocket('udp4'))
    const port = await listening(first, 0, '127.0.0.1')
    for (const [type, ...args] of [
      ['udp4', port, '127.0.0.1'],
      ['udp4', port],
      ['udp6', port],
      ['udp6', { port, address: '::1' }],
    ] as const) {
      const socket = story.watch(`${type}`, server.createSocket({ type, reuseAddr: true }))
      apply(socket, 'bind', args)
      await story.quiet()
    }
    const only = story.watch('ipv6Only', server.createSocket({ type: 'udp6', ipv6Only: true }))
    only.bind(port)
    await story.quiet()
    const shared = [0, 1].map(() => story.own(server.createSocket({ type: 'udp4', reuseAddr: true })))
    const sharedPort = await listening(shared[0])
    await listening(shared[1], sharedPort)
    for (const [i, socket] of shared.entries())
      socket.on('message', (bytes) => story.note(`shared ${i}`, bytes))
    first.send('to the last', sharedPort, '127.0.0.1')
  })

  asNode('an error of bind can be followed by another bind', async (story, { client }) => {
    const socket = story.own(client.createSocket('udp4'))
    socket.once('error', (error) => {
      story.note(error)
      socket.bind(0, () => story.note('bound'))
    })
    socket.bind(0, '192.0.2.1', story.callback('never'))
    socket.send('x', 9, story.callback('forgotten'))
    socket.close(story.callback('forgotten, too'))
    await story.quiet()
  })

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

  asNode(
    'UDP-04: nobody there is told to a connected socket, by whichever call comes first',
    async (story, world) => {
      const socket = story.watch('it', world.client.createSocket('udp4'))
      const gone = world.client.createSocket('udp4')
      const port = await listening(gone, 0, '127.0.0.1')
      gone.close()
      socket.connect(port, '127.0.0.1')
      await once(socket, 'connect')
      socket.send('a', story.callback('a'))
      await story.quiet()
      for (const name of ['b', 'c', 'd']) socket.send(name, story.callback(name))
      await story.quiet()
      // Without `connect` nobody is told.
      const other = story.watch('other', world.client.createSocket('udp4'))
      other.send('e', port, '127.0.0.1', story.callback('e'))
    },
  )

  asNode('the order of everything around close', async (story, { client }) => {
    const make = (name: string): Socket => story.watch(name, client.createSocket('udp4'))
    make('unbound').close(story.callback('closed'))
    const queued = make('queued')
    queued.bind(0, story.callback('bound'))
    queued.send('x', 9, '127.0.0.1', story.callback('sent'))
    queued.close(story.callback('closed'))
    story.note('the calls are over')
    await story.quiet()
    const binding = make('binding')
    binding.bind(0)
    story.call('close', () => binding.close() === binding)
    await story.quiet()
    const connecting = make('connecting')
    connecting.bind(0)
    connecting.connect(9, '127.0.0.1', story.callback('connected'))
    connecting.send('x', 9, story.callback('too late'))
    await story.quiet()
  })

  asNode('an AbortSignal closes; disposing does, too', async (story, { client }) => {
    const controller = new AbortController()
    const { signal } = controller
    const socket = story.watch('it', client.createSocket({ type: 'udp4', signal }))
    socket.bind(0)
    await story.quiet()
    controller.abort()
    controller.abort()
    await story.quiet()
    const late = story.watch('late', client.createSocket({ type: 'udp4', signal: AbortSignal.abort() }))
    story.call('bind', () => late.bind(0))
    const disposed = story.watch('disposed', client.createSocket('udp4'))
    await disposed[Symbol.asyncDispose]()
    await disposed[Symbol.asyncDispose]()
    story.note('disposed')
  })

  asNode(
    'names are looked up each time, by the socket’s own lookup where it has one',
    async (story, world) => {
      const lookup = (name: string, family: unknown, done: (...result: unknown[]) => void): void => {
        story.note('lookup', name, family)
        if (name === 'bad') process.nextTick(done, Object.assign(new Error('unknown'), { code: 'ENOTFOUND' }))
        else process.nextTick(done, null, '127.0.0.1', 4)
      }
      const socket = story.watch('it', world.client.createSocket({ type: 'udp4', lookup: lookup as never }))
      const port = await listening(socket, 0, 'here')
      for (const name of ['there', 'there', 'bad', '127.0.0.1', '']) {
        socket.send('x', port, name, story.callback('sent'))
        await story.quiet()
      }
      socket.send('x', 9, 'bad')
      await story.quiet()
      socket.connect(port, 'bad')
      await story.quiet()
    },
    15,
  )

  asNode(
    'each datagram is a turn of its own, after the callbacks of send',
    async (story, world) => {
      const receiver = story.own(world.server.createSocket('udp4'))
      const port = await listening(receiver, 0, world.v4)
      receiver.on('message', (bytes) => {
        story.note('message', bytes)
        process.nextTick(() => story.note('tick', bytes))
        Promise.resolve().then(() => story.note('promise', bytes))
      })
      const sender = story.own(world.client.createSocket('udp4'))
      await listening(sender)
      for (let i = 0; i < 3; i++) sender.send(String(i), port, world.v4)
    },
    9,
  )

  asNode('async context: messages have the socket’s, callbacks the caller’s', async (story, world) => {
    const storage = new AsyncLocalStorage<string>()
    const socket = story.own(storage.run('creation', () => world.server.createSocket('udp4')))
    const port = await listening(socket, 0, world.v4)
    socket.on('message', () => story.note('message', storage.getStore()))
    const sender = story.own(world.client.createSocket('udp4'))
    storage.run('send', () => sender.send('x', port, world.v4, () => story.note('sent', storage.getStore())))
    await story.quiet()
    storage.run('connect', () =>
      sender.connect(port, world.v4, () => story.note('connected', storage.getStore())),
    )
  })

  asNode('sizes of buffers', async (story, { client }) => {
    const given = { type: 'udp4', recvBufferSize: 12_345, sendBufferSize: 23_456 } as const
    const socket = story.own(client.createSocket(given))
    await listening(socket)
    const sizes = (): void => story.note(socket.getRecvBufferSize(), socket.getSendBufferSize())
    sizes()
    for (const size of [1, 5000, 40_000]) {
      socket.setRecvBufferSize(size)
      socket.setSendBufferSize(size)
      sizes()
    }
    const usual = story.own(client.createSocket('udp4'))
    await listening(usual)
    story.note(usual.getRecvBufferSize(), usual.getSendBufferSize())
  })

  asNode('diagnostics: udp.socket', (story, { client }) => {
    const seen: unknown[] = []
    const onSocket = (message: unknown): void => void seen.push((message as { socket: Socket }).socket)
    subscribe('udp.socket', onSocket)
    const socket = story.own(client.createSocket('udp4'))
    unsubscribe('udp.socket', onSocket)
    story.note(seen.length, seen[0] === socket, Object.keys(socket).includes('type'))
  })

  test.each(tapwireWorlds)('$name: handles and descriptors are refused', ({ client }) => {
    const socket = client.createSocket('udp4')
    expect(() => socket.bind({ fd: 99 } as never)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_FD_TYPE' }),
    )
    const other = client.createSocket('udp4')
    expect(() => other.bind({ recvStart: () => {} } as never)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_HANDLE_TYPE' }),
    )
    socket.close()
    other.close()
  })
})

describe('multicast and broadcast', () => {
  const LO = '127.0.0.1'
  asNode(
    'MCAST-02: a group on the loopback interface',
    async (story, { server }) => {
      const make = async (port = 0): Promise<Socket> => {
        const socket = story.own(server.createSocket({ type: 'udp4', reuseAddr: true }))
        await listening(socket, port)
        return socket
      }
      const a = await make()
      const { port } = a.address()
      const b = await make(port)
      const group = '239.5.5.5'
      const got: string[] = []
      a.on('message', (bytes, from) => got.push(`a ${bytes} ${from.address}`))
      b.on('message', (bytes, from) => got.push(`b ${bytes} ${from.address}`))
      const say = async (what: string): Promise<void> => {
        a.send(what, port, group)
        await new Promise((resolve) => setTimeout(resolve, 25))
        story.note(got.splice(0).sort())
      }
      a.setMulticastInterface(LO)
      await say('nobody joined')
      a.addMembership(group, LO)
      await say('one joined')
      a.setMulticastLoopback(false)
      await say('no loopback, on lo')
      a.setMulticastTTL(0)
      await say('not beyond this host')
      a.dropMembership(group, LO)
      await say('left')
      a.addSourceSpecificMembership('127.0.0.9', group, LO)
      b.addSourceSpecificMembership('127.0.0.9', group, LO)
      await say('another source')
      a.addSourceSpecificMembership('127.0.0.1', group, LO)
      await say('this source, too, for one')
    },
    7,
  )

  async function joinBoth(type: SocketType, group: string, iface: (side: 0 | 1) => string): Promise<void> {
    const world = cableWorld()
    const log: string[] = []
    const here = world.client.createSocket({ type, reuseAddr: true })
    const there = world.server.createSocket({ type, reuseAddr: true })
    const port = await listening(here)
    await listening(there, port)
    here.on('message', (bytes) => log.push(`here ${bytes}`))
    there.on('message', (bytes, from) => log.push(`there ${bytes} ${from.address}`))
    there.addMembership(group, iface(0))
    here.addMembership(group)
    here.setMulticastInterface(iface(1))
    const say = async (what: string): Promise<string[]> => {
      await new Promise<void>((resolve, reject) =>
        here.send(what, port, group, (error) => (error ? reject(error) : resolve())),
      )
      await new Promise((resolve) => setTimeout(resolve, 20))
      return log.splice(0).sort()
    }
    const from = type === 'udp4' ? '10.9.0.2' : expect.stringMatching(/^(fe80::.*%eth0|fd09::2)$/)
    const both = await say('1')
    expect(both[0]).toBe('here 1')
    expect(both[1].slice('there 1 '.length)).toEqual(from)
    here.setMulticastLoopback(false)
    expect((await say('2')).map((line) => line.slice(0, 7))).toEqual(['there 2'])
    here.setMulticastLoopback(true)
    here.setMulticastTTL(0)
    expect(await say('3')).toEqual(['here 3'])
    here.setMulticastTTL(1)
    there.dropMembership(group, iface(0))
    expect(await say('4')).toEqual(['here 4'])
    here.close()
    there.close()
    await world.close()
  }

  test('MCAST-01, MCAST-02: IPv4 between two stacks, and the sender hears itself', () =>
    joinBoth('udp4', '239.7.7.7', (side) => (side === 0 ? '10.9.0.1' : '10.9.0.2')))

  test('V6-16: IPv6 between two stacks, and the sender hears itself', () =>
    joinBoth('udp6', 'ff02::7:7', () => '::%eth0'))

  test('only the sources that were asked for are received', async () => {
    const world = cableWorld()
    const there = world.server.createSocket('udp4')
    const port = await listening(there)
    const seen: string[] = []
    there.on('message', (bytes) => seen.push(String(bytes)))
    there.addSourceSpecificMembership('10.9.0.99', '232.1.1.1')
    const here = world.client.createSocket('udp4')
    here.send('unwanted', port, '232.1.1.1')
    await new Promise((resolve) => setTimeout(resolve, 20))
    there.addSourceSpecificMembership('10.9.0.2', '232.1.1.1')
    here.send('wanted', port, '232.1.1.1')
    await once(there, 'message')
    expect(seen).toEqual(['wanted'])
    here.close()
    there.close()
    await world.close()
  })

  test('UDP-08: a broadcast reaches everybody on the link, the sender too, once it is allowed', async () => {
    const world = cableWorld()
    const sockets = [world.client, world.server].map((dgram) => dgram.createSocket('udp4'))
    const port = await listening(sockets[0])
    await listening(sockets[1], port)
    const messages = sockets.map((socket) => once(socket, 'message'))
    for (const to of ['255.255.255.255', '10.9.0.255']) {
      const error = await new Promise((resolve) => sockets[0].send('x', port, to, resolve))
      expect(error).toMatchObject({ code: 'EACCES', message: `send EACCES ${to}:${port}` })
    }
    sockets[0].setBroadcast(true)
    sockets[0].send('all', port, '255.255.255.255')
    for (const [bytes, from] of await Promise.all(messages)) {
      expect([String(bytes), from]).toEqual(['all', { address: '10.9.0.2', family: 'IPv4', port, size: 3 }])
    }
    for (const socket of sockets) socket.close()
    await world.close()
  })
})

describe('over a stack of its own', () => {
  test('V6-18: a link-local peer is told with its zone, and can be answered', async () => {
    const world = cableWorld()
    const local = world.stacks[0].interfaces[1].addresses.find(
      ({ address }) => address.isLinkLocal && !address.isV4,
    )
    const server = world.server.createSocket('udp6')
    server.on('message', (bytes, from) => server.send(bytes, from.port, from.address))
    const port = await listening(server)
    const client = world.client.createSocket('udp6')
    const { formatAddress } = await import('@tapwire/stack')
    client.send('x', port, `${formatAddress(local?.address as never)}%eth0`)
    const [bytes, from] = await once(client, 'message')
    expect([String(bytes), from.address]).toEqual(['x', expect.stringMatching(/^fe80::.*%eth0$/)])
    client.close()
    server.close()
    await world.close()
  })

  test('a full device makes sends wait, and each is told when it has gone', async () => {
    const left = new Stack({ limits: { udpReceiveBuffer: 4 * 1024 * 1024 } })
    const right = new Stack({ limits: { udpReceiveBuffer: 4 * 1024 * 1024 } })
    const [a, b] = createCable({ queueFrames: 8 } as never)
    left.addInterface(a, { addresses: ['10.9.0.1/24'] })
    right.addInterface(b, { addresses: ['10.9.0.2/24'] })
    const receiver = createDgram(left).createSocket({ type: 'udp4', recvBufferSize: 2 * 1024 * 1024 })
    const port = await listening(receiver)
    let received = 0
    receiver.on('message', (bytes) => {
      received += bytes.length
    })
    const sender = createDgram(right).createSocket('udp4')
    sender.connect(port, '10.9.0.1')
    await once(sender, 'connect')
    sender.send('first, to resolve the neighbour')
    await once(receiver, 'message')
    received = 0
    const done = Promise.all(
      Array.from(
        { length: 400 },
        () =>
          new Promise<number>((resolve, reject) =>
            sender.send(Buffer.alloc(1400), (error, bytes) => (error ? reject(error) : resolve(bytes))),
          ),
      ),
    )
    expect(new Set(await done)).toEqual(new Set([1400]))
    expect(sender.getSendQueueCount()).toBe(0)
    while (received < 400 * 1400) await once(receiver, 'message')
    sender.close()
    receiver.close()
    await left.close()
    await right.close()
  })

  test('the receive buffer bounds what waits; the rest is lost and counted', async () => {
    const world = cableWorld()
    const receiver = world.server.createSocket('udp4')
    const port = await listening(receiver)
    receiver.setRecvBufferSize(10_000)
    const sender = world.client.createSocket('udp4')
    sender.connect(port, world.v4)
    await once(sender, 'connect')
    sender.send('first, to resolve the neighbour')
    await once(receiver, 'message')
    let count = 0
    receiver.on('message', () => count++)
    for (let i = 0; i < 100; i++) sender.send(Buffer.alloc(1000))
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(count).toBeGreaterThan(5)
    expect(count + world.stacks[0].udp.counters.droppedQueueFull).toBe(100)
    expect(count).toBeLessThan(25)
    sender.close()
    receiver.close()
    await world.close()
  })

  test('a stack that is closed closes its sockets', async () => {
    const stack = new Stack()
    const socket = createDgram(stack).createSocket('udp4')
    await listening(socket)
    const closed = once(socket, 'close')
    await stack.close()
    await closed
    expect(() => socket.address()).toThrow(expect.objectContaining({ code: 'ERR_SOCKET_DGRAM_NOT_RUNNING' }))
  })

  test('names come from the stack’s own hosts', async () => {
    const stack = new Stack({ names: { hosts: { here: '127.0.0.1' } } })
    const dgram = createDgram(stack)
    const socket = dgram.createSocket('udp4')
    const port = await listening(socket, 0, 'here')
    dgram.createSocket('udp4').send('by name', port, 'here')
    expect(String((await once(socket, 'message'))[0])).toBe('by name')
    const error = await new Promise((resolve) => socket.send('x', 9, 'elsewhere', resolve))
    expect(error).toMatchObject({ code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname: 'elsewhere' })
    await stack.close()
  })

  test('a query of dns-packet is asked and answered', async () => {
    const world = cableWorld()
    const server = world.server.createSocket('udp4', (bytes, from) => {
      const { id, questions } = dnsPacket.decode(bytes)
      const answers = [{ type: 'A', name: questions?.[0].name ?? '', ttl: 60, data: '192.0.2.7' } as const]
      server.send(
        dnsPacket.encode({ type: 'response', id, questions, answers } as dnsPacket.Packet),
        from.port,
        from.address,
      )
    })
    await listening(server, 53)
    const client = world.client.createSocket('udp4')
    const question = { type: 'A', name: 'example.test' } as const
    client.send(dnsPacket.encode({ type: 'query', id: 7, questions: [question] }), 53, world.v4)
    const [bytes] = await once(client, 'message')
    expect(dnsPacket.decode(bytes)).toMatchObject({ id: 7, answers: [{ data: '192.0.2.7' }] })
    client.close()
    server.close()
    await world.close()
  })
})
