import { once } from 'node:events'
import type { AddressInfo, Server } from 'node:net'
import { afterAll, describe, expect, test } from 'vitest'
import { listenForms, settled } from '../support/helpers.ts'
import { sameAsNode, tapwireWorlds } from '../support/scene.ts'
import { worlds } from '../support/worlds.ts'

const major = Number(process.versions.node.split('.')[0])

afterAll(async () => {
  for (const world of worlds) await world.close()
})

const close = (server: Server): Promise<unknown> => new Promise((resolve) => server.close(resolve))

describe.each(tapwireWorlds)('$name, as Node: listening', (world) => {
  test('NS-02 options without port and path, or with bad ones, throw', () =>
    sameAsNode(world, (scene) => {
      const forms: unknown[] = [
        {},
        { host: 'x' },
        { port: -1 },
        { port: 65_536 },
        { port: 'x' },
        { port: 1.5 },
        { port: true },
        { path: 5 },
        { path: '' },
        { path: '80' },
        { port: false, path: undefined },
        true,
        false,
        Number.NaN,
        { signal: 5, port: 0 },
        { fd: -1 },
      ]
      for (const [i, form] of forms.entries()) {
        const server = scene.world.server.createServer()
        scene.log.call('server', `listen of form ${i}`, () => server.listen(form as never) === server)
        if (server.listening) server.close()
      }
    }))

  test('NS-04, NS-05 any form of listen: when it is bound, and when it says so', () =>
    sameAsNode(world, async (scene) => {
      for (const [i, form] of listenForms(scene.world).entries()) {
        const name = `form ${i}`
        const server = scene.server(undefined, undefined, name)
        const listening = once(server, 'listening')
        ;(server.listen as (...args: unknown[]) => Server).apply(server, [
          ...form,
          scene.log.callback(name, 'callback'),
        ])
        scene.log.note(name, 'at once', server.listening, server.address())
        scene.log.moments(name)
        await listening
        scene.log.note(name, 'then', server.listening, server.address())
        await close(server)
        scene.log.note(name, 'closed', server.listening, server.address())
      }
    }))

  test('NS-05 close before the name is resolved, and before the tick', () =>
    sameAsNode(world, async (scene) => {
      for (const [i, host] of ['localhost', scene.world.v4, undefined, 'localhost'].entries()) {
        const name = `server ${i}`
        const server = scene.server(undefined, undefined, name)
        server.listen(
          { port: 0, ...(host === undefined ? {} : { host }) },
          scene.log.callback(name, 'listening callback'),
        )
        scene.log.moments(name)
        server.close(scene.log.callback(name, 'close callback'))
        await scene.closed(name)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }))

  test('NS-05 a name is resolved before binding', () =>
    sameAsNode(world, async (scene) => {
      const server = scene.server()
      server.listen(0, 'localhost')
      scene.log.note('server', 'at once', server.listening, server.address())
      await scene.log.seen('server', 'listening')
      const { family } = server.address() as AddressInfo
      scene.log.note('server', 'family', family.startsWith('IPv'))
    }))

  test('NS-07 listening twice throws; after an error or a close it does not', () =>
    sameAsNode(world, async (scene) => {
      const { log } = scene
      const other = scene.server(undefined, undefined, 'other')
      const port = await scene.listening(other)
      const server = scene.server()
      server.on('error', () => {})
      server.listen(port, scene.world.v4)
      await log.seen('server', 'error')
      log.note('server', 'after the error', server.listening, server.address())
      await scene.listening(server)
      log.call('server', 'again', () => server.listen(0))
      log.call('server', 'again by path', () => server.listen('/tmp/never'))
      await close(server)
      await scene.listening(server)
      await close(server)
      // The callback of a listen that failed comes with the next one that does not.
      server.listen(port, scene.world.v4, log.callback('server', 'callback of the one that fails'))
      await log.seen('server', 'error', 2)
      await scene.listening(server)
    }))

  test('NS-08, NE-08 a port that is taken: EADDRINUSE', () =>
    sameAsNode(world, async (scene) => {
      const first = scene.server(undefined, undefined, 'first')
      const port = await scene.listening(first, 0)
      for (const args of [
        [port],
        [port, '::'],
        [port, scene.world.v4],
        [port, '0.0.0.0'],
        [{ port, exclusive: true }],
      ]) {
        const server = scene.server(undefined, undefined, 'second')
        server.on('error', () => {})
        ;(server.listen as (...args: unknown[]) => void).apply(server, args)
        scene.log.note('second', 'at once', server.listening, server.address())
        scene.log.moments('second')
        await once(server, 'error')
        scene.log.note('second', 'then', server.listening)
      }
      await settled()
    }))

  test('NS-09, NE-09 an address of another host: EADDRNOTAVAIL', () =>
    sameAsNode(world, async (scene) => {
      const free = await scene.freePort()
      for (const port of [0, free]) {
        const server = scene.server()
        server.on('error', () => {})
        server.listen(port, scene.world.foreign4)
        await scene.log.seen('server', 'error', port === 0 ? 1 : 2)
      }
    }))

  test('NS-10 both families on ::, one with ipv6Only', () =>
    sameAsNode(world, async (scene) => {
      const { v4, v6 } = scene.world
      for (const [i, options] of [
        {},
        { host: '::' },
        { host: '::', ipv6Only: true },
        { ipv6Only: true },
      ].entries()) {
        const server = scene.server(undefined, undefined, `server ${i}`)
        const port = await scene.listening(server, { port: 0, ...options })
        for (const [j, host] of [v4, v6].entries()) {
          const name = `client ${i} ${j}`
          const client = scene.connectAs(name, port, host)
          client.on('error', () => {})
          client.on('connect', () => {
            scene.log.note(
              name,
              'ends',
              client.localAddress,
              client.localFamily,
              client.remoteAddress,
              client.remoteFamily,
            )
            client.end()
          })
          server.once('connection', (there) => {
            scene.log.note(
              `${name} there`,
              'ends',
              there.localAddress,
              there.localFamily,
              there.remoteAddress,
            )
            there.resume()
          })
          await scene.closed(name)
          server.removeAllListeners('connection')
        }
        await close(server)
      }
    }))

  test('NS-11 exclusive makes no difference outside of a cluster', () =>
    sameAsNode(world, async (scene) => {
      for (const exclusive of [true, false, 'x']) {
        const server = scene.server()
        await scene.listening(server, { port: 0, host: scene.world.v4, exclusive })
        scene.log.note('server', 'bound', server.address())
        await close(server)
      }
    }))

  test('NS-12 reusePort: two servers on one port (Node 22 and later know the option)', (context) => {
    if (major < 22) context.skip('this Node does not know the option')
    return sameAsNode(world, async (scene) => {
      const first = scene.server(undefined, undefined, 'first')
      const port = await scene.listening(first, { port: 0, host: scene.world.v4, reusePort: true })
      const second = scene.server(undefined, undefined, 'second')
      second.listen({ port, host: scene.world.v4, reusePort: true })
      await scene.log.seen('second', 'listening')
      const third = scene.server(undefined, undefined, 'third')
      third.on('error', () => {})
      third.listen({ port, host: scene.world.v4 })
      await scene.log.seen('third', 'error')
    })
  })

  test('NS-12 reusePort spreads connections over the servers of one port', async () => {
    const counts = [0, 0, 0]
    const servers = counts.map((_, i) =>
      world.server.createServer((socket) => {
        counts[i]++
        socket.end()
      }),
    )
    let port = 0
    for (const server of servers) {
      server.listen({ port, host: world.v4, reusePort: true } as object)
      await once(server, 'listening')
      port = (server.address() as AddressInfo).port
    }
    const clients = Array.from({ length: 90 }, () => world.client.connect(port, world.v4).resume())
    await Promise.all(clients.map((client) => once(client, 'close')))
    expect(counts.reduce((sum, count) => sum + count)).toBe(90)
    expect(Math.min(...counts)).toBeGreaterThan(5)
    for (const server of servers) await close(server)
  })

  test('NS-13 a signal closes, also one that was aborted before; its listener goes with the server', () =>
    sameAsNode(world, async (scene) => {
      const controller = new AbortController()
      const { signal } = controller
      const server = scene.server()
      await scene.listening(server, { port: 0, host: scene.world.v4, signal })
      controller.abort()
      scene.log.note('server', 'at once', server.listening)
      await scene.closed('server')
      const late = scene.server(undefined, undefined, 'late')
      late.listen({ port: 0, signal })
      scene.log.moments('late')
      await scene.closed('late')
      const other = new AbortController()
      let listeners = 0
      const { addEventListener, removeEventListener } = other.signal
      other.signal.addEventListener = (...args: unknown[]) => {
        listeners++
        ;(addEventListener as (...args: unknown[]) => void).apply(other.signal, args)
      }
      other.signal.removeEventListener = (...args: unknown[]) => {
        listeners--
        ;(removeEventListener as (...args: unknown[]) => void).apply(other.signal, args)
      }
      for (let i = 0; i < 20; i++) {
        const one = scene.world.server.createServer().listen({ port: 0, signal: other.signal })
        await once(one, 'listening')
        await close(one)
      }
      scene.log.note('signal', 'listeners left', listeners)
    }))

  test('NS-06 more clients than the backlog holds get in all the same', () =>
    sameAsNode(world, async (scene) => {
      const server = scene.server(undefined, (socket) => socket.end('in'))
      const port = await scene.listening(server, { port: 0, host: scene.world.v4, backlog: 2 })
      const names = Array.from({ length: 6 }, (_, i) => `client ${i}`)
      for (const name of names) scene.connectAs(name, port, scene.world.v4).resume()
      await scene.closed(...names)
    }))

  test('NS-01 the listener of another server', () =>
    sameAsNode(world, async (scene) => {
      const first = scene.server(undefined, undefined, 'first')
      const port = await scene.listening(first)
      const second = scene.server(undefined, (socket) => socket.end('from the second'), 'second')
      scene.log.call(
        'second',
        'listen',
        () => second.listen(first as never, scene.log.callback('second', 'callback')) === second,
      )
      scene.log.note('second', 'at once', second.listening, second.address())
      await scene.log.seen('second', 'listening')
      scene.connect(port, scene.world.v4).resume()
      await scene.closed('client')
      await close(second)
      scene.log.note('first', 'has', first.listening)
    }))

  test('NS-01 a connected socket cannot be listened on, nor a file', () =>
    sameAsNode(world, async (scene) => {
      const { client } = await scene.pair()
      client.on('error', () => {})
      const server = scene.server(undefined, undefined, 'other')
      server.on('error', () => {})
      server.listen(client as never)
      scene.log.note('other', 'at once', server.listening)
      await scene.log.seen('other', 'error')
      server.listen({ fd: 987_654 })
      await scene.log.seen('other', 'error', 2)
      scene.log.call('other', 'no handle', () => server.listen({ _handle: {} } as never))
    }))
})
