import { AsyncLocalStorage } from 'node:async_hooks'
import type { Socket, SocketType } from 'node:dgram'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { afterAll, describe, expect, test } from 'vitest'
import { listening } from '../support/dgram-scenes.ts'
import { tapwireWorlds } from '../support/dgram-worlds.ts'
import { type Args, apply, asNode } from './as-node.ts'

afterAll(async () => {
  for (const world of tapwireWorlds) await world.close()
})

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
