import { once } from 'node:events'
import type { AddressInfo, Server, Socket } from 'node:net'
import { afterAll, describe, expect, test } from 'vitest'
import { settled } from '../support/helpers.ts'
import { sameAsNode, tapwireWorlds } from '../support/scene.ts'
import { worlds } from '../support/worlds.ts'

const major = Number(process.versions.node.split('.')[0])

afterAll(async () => {
  for (const world of worlds) await world.close()
})

const close = (server: Server): Promise<unknown> => new Promise((resolve) => server.close(resolve))

describe.each(tapwireWorlds)('$name, as Node: servers', (world) => {
  test('NM-01 createServer and its listener; what is no options object throws', () =>
    sameAsNode(world, async (scene) => {
      const { log } = scene
      for (const given of [5, 'x', true, Symbol.iterator, 1n]) {
        log.call('module', `createServer(${String(given)})`, () =>
          scene.world.server.createServer(given as never),
        )
      }
      const heard: Server = scene.server(null, log.callback('listener', 'connection') as never)
      const port = await scene.listening(heard)
      scene.connect(port, scene.world.v4).end()
      await log.seen('listener', 'connection')
      await scene.closed('client')
    }))

  test('NM-02, NF-07 allowHalfOpen: who ends when the peer has', () =>
    sameAsNode(world, async (scene) => {
      for (const allowHalfOpen of [false, true]) {
        const name = allowHalfOpen ? 'half-open' : 'automatic'
        const server = scene.server({ allowHalfOpen }, undefined, name)
        const port = await scene.listening(server)
        const accepted = once(server, 'connection') as Promise<[Socket]>
        const client = scene.connectAs(`client of ${name}`, port, scene.world.v4).resume()
        const [there] = await accepted
        there.resume()
        client.end('bye')
        await once(there, 'end')
        scene.log.note(name, 'state', there.readyState, there.writable, there.allowHalfOpen)
        if (allowHalfOpen) there.end('and more')
        await scene.closed(`client of ${name}`, name === 'automatic' ? 'accepted' : 'accepted 2')
        scene.log.note(name, 'later', there.readyState, there.writable)
      }
    }))

  test('NM-03 pauseOnConnect: nothing is read until resume', () =>
    sameAsNode(world, async (scene) => {
      const { client, accepted } = await scene.pair({ pauseOnConnect: true })
      client.write('unread')
      await settled()
      scene.state('accepted', accepted, 'paused')
      accepted.on('data', () => {})
      await settled()
      scene.log.note('accepted', 'still paused', accepted.isPaused(), accepted.bytesRead)
      accepted.resume()
      await scene.log.seen('accepted', 'data')
      client.end()
      await scene.closed('client', 'accepted')
    }))

  test('NM-04 noDelay and keepAlive of accepted sockets; a delay that is no number throws', () =>
    sameAsNode(world, async (scene) => {
      for (const delay of ['1', null, {}]) {
        scene.log.call('module', `delay ${String(delay)}`, () =>
          scene.world.server.createServer({ keepAliveInitialDelay: delay as never }),
        )
      }
      const given = { noDelay: true, keepAlive: true, keepAliveInitialDelay: -5 }
      const { server } = await scene.pair(given)
      const fields = server as unknown as Record<string, unknown>
      scene.log.note('server', 'fields', fields.noDelay, fields.keepAlive, fields.keepAliveInitialDelay)
      scene.log.note('module', 'options', given)
    }))

  test('NM-05 highWaterMark of accepted sockets, 0 included', () =>
    sameAsNode(world, async (scene) => {
      scene.log.call('module', 'text', () => scene.world.server.createServer({ highWaterMark: '1' as never }))
      for (const [i, highWaterMark] of [undefined, -1, 0, 10, 100_000].entries()) {
        const server = scene.server({ highWaterMark }, undefined, `server ${i}`)
        const port = await scene.listening(server)
        const accepted = once(server, 'connection') as Promise<[Socket]>
        const client = scene.connectAs(`client ${i}`, port, scene.world.v4).resume()
        const [there] = await accepted
        scene.log.note(
          'marks',
          `of ${highWaterMark}`,
          there.readableHighWaterMark,
          there.writableHighWaterMark,
        )
        // With 0 every write is one too many, and each byte has to be asked for.
        scene.log.note('marks', 'write', there.write('0123456789'))
        there.pipe(there)
        client.write('abc')
        await scene.log.seen(`client ${i}`, 'data')
        client.end()
        await scene.closed(`client ${i}`)
      }
    }))

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
      const { v4, v6 } = scene.world
      const forms: unknown[][] = [
        [],
        [null],
        [undefined],
        [0],
        ['0'],
        [0, 5],
        [0, v4],
        [0, v4, 5],
        [{ port: 0 }],
        [{ port: null }],
        [{ port: undefined }],
        [{ port: 0, host: v4, backlog: 3, exclusive: true }],
        [{ port: 0, host: v6, ipv6Only: true }],
        [{ port: 0, host: '::' }],
        [{ port: 0, host: '0.0.0.0' }],
        [{ port: 0, host: '' }],
      ]
      for (const [i, form] of forms.entries()) {
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

  test('NS-14, NS-20 address() and listening over the life of a server', () =>
    sameAsNode(world, async (scene) => {
      const server = scene.server()
      const look = (when: string) => scene.log.note('server', when, server.listening, server.address())
      look('fresh')
      await scene.listening(server)
      look('open')
      scene.log.note('server', 'keys', Object.keys(server.address() as object))
      server.close()
      look('closing')
      await scene.closed('server')
      look('closed')
    }))

  test('NS-15 close waits for its connections, and says so once', () =>
    sameAsNode(world, async (scene) => {
      const { server, client, accepted } = await scene.pair()
      accepted.resume()
      scene.log.call(
        'server',
        'close',
        () => server.close(scene.log.callback('server', 'callback')) === server,
      )
      scene.log.moments('server')
      const late = scene.connectAs('late', {
        port: Number([...scene.log.names].find(([, name]) => name === '<the port>')?.[0]),
        host: scene.world.v4,
      })
      late.on('error', () => {})
      await scene.closed('late')
      scene.log.note('server', 'one is left')
      client.end()
      await scene.closed('server', 'client', 'accepted')
    }))

  test('NS-15 closing what is not open, and twice', () =>
    sameAsNode(world, async (scene) => {
      const server = scene.server()
      server.close(scene.log.callback('server', 'never open'))
      scene.log.moments('server')
      await scene.closed('server')
      server.close()
      await scene.log.seen('server', 'close', 2)
      await scene.listening(server)
      server.close(scene.log.callback('server', 'first'))
      server.close(scene.log.callback('server', 'second'))
      await settled()
    }))

  test('NS-16 a server that closes in the end of its last socket', () =>
    sameAsNode(world, async (scene) => {
      const { server, client, accepted } = await scene.pair()
      accepted.on('end', () => server.close(scene.log.callback('server', 'callback'))).resume()
      client.resume().end()
      await scene.closed('server', 'client', 'accepted')
    }))

  test('NS-17 asyncDispose', () =>
    sameAsNode(world, async (scene) => {
      const server = scene.server()
      const dispose = () =>
        (server as unknown as { [Symbol.asyncDispose](): Promise<unknown> })[Symbol.asyncDispose]()
      scene.log.note('server', 'not open', await dispose())
      await scene.listening(server)
      const disposed = dispose()
      scene.log.note('server', 'at once', server.listening)
      scene.log.note('server', 'open', await disposed)
      scene.log.note('server', 'again', await dispose())
    }))

  test('NS-18, NS-25 getConnections counts, later', () =>
    sameAsNode(world, async (scene) => {
      const { server, client, accepted } = await scene.pair()
      scene.log.call(
        'server',
        'with one',
        () => server.getConnections(scene.log.callback('server', 'count')) === server,
      )
      scene.log.moments('server')
      await scene.log.seen('server', 'count')
      accepted.resume()
      client.end()
      await scene.closed('client', 'accepted')
      server.getConnections(scene.log.callback('server', 'count'))
      await scene.log.seen('server', 'count', 2)
    }))

  test('NS-19 connections: deprecated, and counting, as it was in Node 12', async () => {
    const warnings: (string | undefined)[] = []
    const warned = (warning: Error & { code?: string }) => warnings.push(warning.code)
    process.on('warning', warned)
    const server = world.server.createServer()
    server.listen(0, world.v4)
    await once(server, 'listening')
    const connected = once(server, 'connection')
    const client = world.client.connect((server.address() as AddressInfo).port, world.v4).resume()
    const [there] = await connected
    expect((server as unknown as { connections: number }).connections).toBe(1)
    there.resume()
    client.end()
    await once(there, 'close')
    expect((server as unknown as { connections: number }).connections).toBe(0)
    await settled()
    process.off('warning', warned)
    // Once in a process.
    expect(warnings.filter((code) => code === 'DEP0020').length).toBeLessThanOrEqual(1)
    await close(server)
  })

  test('NS-21, NS-22 maxConnections and drop', () =>
    sameAsNode(world, async (scene) => {
      const server = scene.server(undefined, (socket) => socket.resume())
      server.maxConnections = 1
      const port = await scene.listening(server)
      const first = scene.connectAs('first', port, scene.world.v4).resume()
      await scene.log.seen('first', 'ready')
      await scene.log.seen('server', 'connection')
      const second = scene.connectAs('second', port, scene.world.v4).resume()
      second.on('error', () => {})
      await scene.closed('second')
      scene.log.note('server', 'count', server.maxConnections)
      first.end()
      await scene.closed('first', 'accepted')
      scene.connectAs('third', port, scene.world.v4).resume().end()
      await scene.closed('third')
    }))

  test('NS-21 a limit of 0', () =>
    sameAsNode(world, async (scene) => {
      const server = scene.server(undefined, (socket) => socket.resume())
      server.maxConnections = 0
      const port = await scene.listening(server)
      scene.connect(port, scene.world.v4).resume().end()
      await scene.closed('client')
      scene.log.note(
        'server',
        'accepted or dropped',
        scene.log.has('server', 'connection'),
        scene.log.has('server', 'drop'),
      )
    }))

  test('NS-23 dropMaxConnection is a plain property that says nothing outside of a cluster', () =>
    sameAsNode(world, async (scene) => {
      const server = scene.server(undefined, (socket) => socket.resume()) as Server & {
        dropMaxConnection?: boolean
      }
      scene.log.note('server', 'at first', server.dropMaxConnection)
      server.dropMaxConnection = true
      server.maxConnections = 0
      const port = await scene.listening(server)
      scene.connect(port, scene.world.v4).resume().end()
      await scene.closed('client')
      scene.log.note('server', 'then', server.dropMaxConnection)
    }))

  test('NS-24 ref and unref return the server in any state', () =>
    sameAsNode(world, async (scene) => {
      const server = scene.server()
      const both = (when: string) =>
        scene.log.note('server', when, server.ref() === server, server.unref() === server)
      both('fresh')
      await scene.listening(server)
      both('open')
      await close(server)
      both('closed')
    }))

  test('NS-25, NS-26 what a connection brings: order, arguments, addresses', () =>
    sameAsNode(world, async (scene) => {
      const server = scene.server(undefined, (socket) => {
        scene.state('accepted', socket, 'within connection')
        const { server: own, _server } = socket as unknown as { server: unknown; _server: unknown }
        scene.log.note('accepted', 'its server', own, _server === own)
        socket.resume()
      })
      const port = await scene.listening(server)
      scene.connect(port, scene.world.v4).resume().end()
      await scene.closed('client', 'accepted')
      await close(server)
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

  test('a rejection of a connection listener destroys the socket, where rejections are captured', () =>
    sameAsNode(world, async (scene) => {
      const server = scene.server({ captureRejections: true })
      const events = scene.world.server as unknown as { Server: { captureRejections?: boolean } }
      scene.log.note('server', 'class', events.Server.captureRejections)
      const { EventEmitter } = await import('node:events')
      EventEmitter.captureRejections = true
      const capturing = scene.server(undefined, undefined, 'capturing')
      EventEmitter.captureRejections = false
      capturing.on('connection', async (socket: Socket) => {
        socket.on('error', () => {})
        throw new Error('rejected')
      })
      const port = await scene.listening(capturing)
      const client = scene.connect(port, scene.world.v4).resume()
      client.on('error', () => {})
      await scene.closed('accepted', 'client')
      server.close()
    }))
})
