import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { afterAll, describe, expect, test } from 'vitest'
import { settled } from '../support/helpers.ts'
import { answering, sameAsNode, tapwireWorlds } from '../support/scene.ts'
import { worlds } from '../support/worlds.ts'

afterAll(async () => {
  for (const world of worlds) await world.close()
})

describe.each(tapwireWorlds)('$name, as Node: connecting', (world) => {
  test('NK-01 constructor options that are wrong', () =>
    sameAsNode(world, ({ log }, net) => {
      const forms: unknown[] = [
        { objectMode: true },
        { readableObjectMode: 1 },
        { writableObjectMode: true },
        { keepAliveInitialDelay: 'x' },
        { fd: -1 },
        { fd: 'x' },
        { fd: 987_654 },
        987_654,
        { signal: 5 },
        { onread: {} },
        { onread: null },
        { onread: { buffer: 5, callback: () => {} } },
        null,
        undefined,
      ]
      for (const [i, form] of forms.entries()) {
        log.call('socket', `form ${i}`, () => new net.Socket(form as never) instanceof net.Socket)
      }
    }))

  test('NK-02, NF-20, NF-24 to NF-30 a fresh socket', () =>
    sameAsNode(world, (scene) => {
      for (const [i, options] of [
        undefined,
        {},
        { allowHalfOpen: true, highWaterMark: 5 },
        { highWaterMark: 0 },
      ].entries()) {
        const socket = scene.socket(options, `socket ${i}`)
        scene.state(`socket ${i}`, socket)
        const { server } = socket as unknown as { server: unknown }
        scene.log.note(`socket ${i}`, 'server', server)
      }
    }))

  test('NK-03, NK-04, NM-07 every signature', () =>
    sameAsNode(world, async (scene) => {
      const server = scene.server(undefined, (socket) => socket.resume())
      const port = await scene.listening(server)
      const { v4 } = scene.world
      const forms: unknown[][] = [
        [port, v4],
        [String(port), v4],
        [{ port, host: v4 }],
        [{ port: String(port), host: v4, family: 4 }],
      ]
      for (const [i, form] of forms.entries()) {
        for (const by of ['connect', 'socket']) {
          const name = `${by} ${i}`
          const callback = scene.log.callback(name, 'callback')
          if (by === 'connect') scene.connectAs(name, ...form, callback).end()
          else {
            const socket = scene.socket(undefined, name)
            const connect = socket.connect as (...args: unknown[]) => Socket
            scene.log.call(name, 'connect', () => connect.apply(socket, [...form, callback]) === socket)
            socket.end()
          }
          await scene.closed(name)
        }
      }
    }))

  test('NK-05, NF-29, NF-30 the state on the way: connecting, connected, ended, closed', () =>
    sameAsNode(world, async (scene) => {
      const server = scene.server(undefined, (socket) => socket.resume())
      const port = await scene.listening(server)
      const client = scene.socket()
      client.connect(port, scene.world.v4)
      scene.state('client', client, 'at once')
      scene.log.moments('client')
      client.on('connect', () => scene.state('client', client, 'connect'))
      client.on('ready', () => scene.state('client', client, 'ready'))
      await scene.log.seen('client', 'ready')
      await settled()
      scene.state('client', client, 'later')
      client.on('end', () => scene.state('client', client, 'end'))
      client.on('finish', () => scene.state('client', client, 'finish'))
      client.on('close', () => scene.state('client', client, 'close'))
      client.resume().end()
      scene.state('client', client, 'ended')
      await scene.closed('client', 'accepted')
    }))

  test('NK-06 arguments that are wrong throw', () =>
    sameAsNode(world, ({ log }, net) => {
      const forms: object[] = [
        { localAddress: 'x' },
        { localAddress: '1.2.3' },
        { localPort: 'x' },
        { localPort: true },
        { lookup: 5, host: 'name' },
        { lookup: 'x', host: 'name' },
        { autoSelectFamily: 1 },
        { autoSelectFamily: 'x' },
        { autoSelectFamilyAttemptTimeout: 0 },
        { autoSelectFamilyAttemptTimeout: 'x' },
        { autoSelectFamilyAttemptTimeout: 1.5 },
      ]
      for (const [i, form] of forms.entries()) {
        const socket = new net.Socket()
        log.call('socket', `form ${i}`, () =>
          socket.connect({ port: 80, host: '127.0.0.1', ...form } as never),
        )
        log.note('socket', 'after it', socket.connecting, socket.pending, socket.destroyed)
        socket.on('error', () => {}).destroy()
      }
    }))

  test('NK-07, NK-16, NF-35 lookup, connectionAttempt, connect, ready, in this order', () =>
    sameAsNode(world, async (scene) => {
      const { v4 } = scene.world
      const server = scene.server(undefined, (socket) => socket.end('hello'))
      const port = await scene.listening(server)
      for (const [i, options] of [
        { host: v4 },
        { host: 'name', family: 4, lookup: answering(null, v4, 4) },
        { host: 'name', lookup: answering(null, [{ address: v4, family: 4 }]) },
        { host: 'name', lookup: answering(null, v4, 4, true), family: 'IPv4' },
        { host: 'name', lookup: answering(null, v4, 4), autoSelectFamily: false },
      ].entries()) {
        const name = `client ${i}`
        const client = scene.socket(undefined, name)
        client.connect({ port, ...options } as never).resume()
        scene.log.moments(name)
        await scene.closed(name)
      }
    }))

  test('NK-20, NF-27, NF-34 written before connect: counted at once, sent after it', () =>
    sameAsNode(world, async (scene) => {
      const server = scene.server()
      const port = await scene.listening(server)
      const client = scene.socket()
      client.connect(port, scene.world.v4)
      const look = (when: string) =>
        scene.log.note(
          'client',
          when,
          client.bytesWritten,
          client.writableLength,
          client.bufferSize,
          client.writableNeedDrain,
        )
      scene.log.note('client', 'write', client.write('ä€', scene.log.callback('client', 'first')))
      look('text')
      scene.log.note('client', 'write', client.write('00ff', 'hex', scene.log.callback('client', 'second')))
      look('hex')
      client.cork()
      client.write('x', 'latin1')
      client.write(Buffer.alloc(20_000, 'y'), scene.log.callback('client', 'third'))
      look('corked')
      client.uncork()
      client.end('z', scene.log.callback('client', 'ended'))
      look('ended')
      client.on('connect', () => look('connect'))
      server.on('connection', (socket) => socket.resume())
      await scene.closed('client', 'accepted')
      look('closed')
    }))

  test('NK-21 destroy while connecting, before and after the tick, and in the lookup', () =>
    sameAsNode(world, async (scene) => {
      const server = scene.server(undefined, (socket) => socket.on('error', () => {}).resume())
      const port = await scene.listening(server)
      const at = (name: string): Socket => {
        const socket = scene.socket(undefined, name)
        socket.on('error', () => {})
        return socket
      }
      const now = at('now')
      now.connect(port, scene.world.v4)
      now.write('x', scene.log.callback('now', 'write'))
      scene.log.call('now', 'destroy', () => now.destroy() === now)
      scene.state('now', now, 'at once')
      await scene.closed('now')
      const failed = at('with an error')
      failed.connect(port, scene.world.v4)
      failed.destroy(new Error('mine'))
      await scene.closed('with an error')
      const asked = at('in the lookup')
      asked.connect({ port, host: 'name', lookup: answering(null, scene.world.v4, 4) } as never)
      asked.on('lookup', () => asked.destroy())
      asked.destroy()
      await scene.closed('in the lookup')
      const listened = at('in the lookup event')
      listened.connect({ port, host: 'name', family: 4, lookup: answering(null, scene.world.v4, 4) } as never)
      listened.on('lookup', () => listened.destroy())
      await scene.closed('in the lookup event')
    }))

  test('NK-22 one socket for many connections', () =>
    sameAsNode(world, async (scene) => {
      const server = scene.server(undefined, (socket) => socket.pipe(socket))
      const port = await scene.listening(server)
      const client = scene.socket()
      for (let i = 1; i <= 10; i++) {
        client.connect(port, scene.world.v4)
        scene.state('client', client, 'again')
        client.write(`round ${i}`)
        client.once('data', () => client.end())
        await scene.log.seen('client', 'close', i)
        scene.state('client', client, 'closed')
        client.destroy()
      }
    }))

  test('NK-22 reconnecting from within close, and after a failure', () =>
    sameAsNode(world, async (scene) => {
      const server = scene.server(undefined, (socket) => socket.end('hello'))
      const port = await scene.listening(server)
      const free = await scene.freePort()
      const client = scene.socket()
      client.on('error', () => {})
      client.once('close', () => client.connect(port, scene.world.v4).resume())
      client.connect(free, scene.world.v4)
      await scene.log.seen('client', 'close', 2)
      scene.state('client', client, 'in the end')
    }))

  test('NK-23 an abort: before, while connecting, connected; no listener is left', () =>
    sameAsNode(world, async (scene) => {
      const server = scene.server(undefined, (socket) => socket.on('error', () => {}).resume())
      const port = await scene.listening(server)
      const before = new AbortController()
      before.abort()
      const first = scene.socket({ signal: before.signal }, 'before')
      first.on('error', () => {})
      await scene.closed('before')
      const during = new AbortController()
      const second = scene.socket({ signal: during.signal }, 'during')
      second.on('error', () => {})
      second.connect(port, scene.world.v4)
      during.abort()
      scene.log.note('during', 'at once', second.destroyed)
      await scene.closed('during')
      const after = new AbortController()
      const third = scene.socket({ signal: after.signal }, 'connected')
      third.on('error', () => {})
      third.connect(port, scene.world.v4)
      await scene.log.seen('connected', 'ready')
      after.abort(new Error('the reason'))
      await scene.closed('connected')
    }))

  test('NK-23 the listeners of a signal go with their sockets', async () => {
    // Those of Node 20 stay.
    const { signal } = new AbortController()
    let listeners = 0
    const { addEventListener, removeEventListener } = signal
    signal.addEventListener = (...args: unknown[]) => {
      listeners++
      ;(addEventListener as (...args: unknown[]) => void).apply(signal, args)
    }
    signal.removeEventListener = (...args: unknown[]) => {
      listeners--
      ;(removeEventListener as (...args: unknown[]) => void).apply(signal, args)
    }
    const server = world.server.createServer((socket) => socket.end())
    server.listen(0, world.v4)
    await once(server, 'listening')
    for (let i = 0; i < 30; i++) {
      const client = new world.client.Socket({ signal })
      client.connect((server.address() as AddressInfo).port, world.v4).resume()
      await once(client, 'close')
    }
    expect(listeners).toBe(0)
    server.close()
  })

  test('NK-25 writing to what was never connected', () =>
    sameAsNode(world, async (scene) => {
      const writes = scene.socket(undefined, 'writes')
      writes.on('error', () => {})
      scene.log.call('writes', 'write', () => writes.write('x', scene.log.callback('writes', 'callback')))
      scene.log.moments('writes')
      await scene.closed('writes')
      const ends = scene.socket(undefined, 'ends')
      ends.on('error', () => {})
      ends.end(scene.log.callback('ends', 'callback'))
      await settled()
      scene.state('ends', ends, 'ended')
      ends.destroy()
      await scene.closed('ends')
      const destroyed = scene.socket(undefined, 'destroyed')
      destroyed.destroy()
      scene.log.moments('destroyed')
      await scene.closed('destroyed')
    }))
})

describe.each(tapwireWorlds.filter(({ oneHost }) => oneHost))('$name, as Node: one host', (world) => {
  test('NK-03 unspecified addresses mean this host', () =>
    sameAsNode(world, async (scene) => {
      const server = scene.server(undefined, (socket) => socket.end())
      const port = await scene.listening(server, 0)
      for (const [i, host] of ['0.0.0.0', '::'].entries()) {
        scene.connectAs(`client ${i}`, { port, host }).resume()
        await scene.closed(`client ${i}`)
      }
    }))

  test('NE-08 the port of a listener is no local port', () =>
    sameAsNode(world, async (scene) => {
      const { v4 } = scene.world
      const server = scene.server(undefined, (socket) => socket.end())
      const port = await scene.listening(server)
      const other = scene.server(undefined, undefined, 'other')
      other.listen(0, v4)
      await scene.log.seen('other', 'listening')
      const { port: localPort } = other.address() as { port: number }
      scene.log.names.set(String(localPort), '<the local port>')
      const client = scene.socket()
      client.on('error', () => {})
      client.connect({ port, host: v4, localPort })
      await scene.closed('client')
    }))
})
