import { once } from 'node:events'
import type { AddressInfo, Server, Socket } from 'node:net'
import { afterAll, describe, expect, test } from 'vitest'
import { settled } from '../support/helpers.ts'
import { sameAsNode, tapwireWorlds } from '../support/scene.ts'
import { worlds } from '../support/worlds.ts'

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
