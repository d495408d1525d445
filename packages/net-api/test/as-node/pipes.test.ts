import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import * as nodeNet from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createNet } from '@tapwire/net-api'
import { Stack } from '@tapwire/stack'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pattern, settled, sha256 } from '../support/helpers.ts'
import { type Scene, sameAsNode, tapwireWorlds } from '../support/scene.ts'
import { worlds } from '../support/worlds.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tapwire-ipc-'))
})
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  for (const world of worlds) await world.close()
})

/** A path that is the same in the log of every world. */
const pathIn = (name: string): string => join(folder, name)

/** A server on a path and a client of it, both ready. */
async function pair(scene: Scene, options: object = {}, clientOptions: object = {}) {
  const server = scene.server(options)
  server.listen(pathIn('pair'))
  await scene.log.seen('server', 'listening')
  const accepted = once(server, 'connection')
  const client = scene.connect({ path: pathIn('pair'), ...clientOptions })
  const [[there]] = await Promise.all([accepted, scene.log.seen('client', 'ready')])
  return { server, client, accepted: there as nodeNet.Socket }
}

/** A path names a pipe of the operating system, whoever asks; where there are two hosts they meet there. */
describe.each(tapwireWorlds.filter(({ oneHost }) => oneHost))('$name, as Node: paths', (world) => {
  test('NS-03, NS-14 every form of listening on a path', () =>
    sameAsNode(world, async (scene) => {
      const path = pathIn('forms')
      for (const [i, form] of [
        [path],
        [path, 5],
        [{ path }],
        [{ path, backlog: 3 }],
        [{ path, exclusive: true }],
      ].entries()) {
        const name = `server ${i}`
        const server = scene.server(undefined, undefined, name)
        const listen = server.listen as (...args: unknown[]) => unknown
        scene.log.call(
          name,
          'listen',
          () => listen.apply(server, [...form, scene.log.callback(name, 'callback')]) === server,
        )
        scene.log.note(name, 'at once', server.listening, server.address())
        scene.log.moments(name)
        await scene.log.seen(name, 'listening')
        scene.log.note(name, 'there', existsSync(path))
        server.close(scene.log.callback(name, 'closed'))
        scene.log.note(name, 'closing', server.listening, server.address())
        await scene.closed(name)
        scene.log.note(name, 'gone', existsSync(path))
      }
    }))

  test('NS-02 readableAll and writableAll', () =>
    sameAsNode(world, async (scene) => {
      for (const modes of [
        {},
        { readableAll: true },
        { writableAll: true },
        { readableAll: true, writableAll: true },
      ]) {
        const server = scene.server()
        server.listen({ path: pathIn('modes'), ...modes })
        await once(server, 'listening')
        scene.log.note('server', 'mode', statSync(pathIn('modes')).mode & 0o777)
        await new Promise((resolve) => server.close(resolve))
      }
      const server = scene.server()
      scene.log.call('server', 'abstract', () => server.listen({ path: '\0abstract', readableAll: true }))
    }))

  test('NS-08 EADDRINUSE, ENOENT and EACCES of a path', () =>
    sameAsNode(world, async (scene) => {
      const first = scene.server(undefined, undefined, 'first')
      first.listen(pathIn('taken'))
      await scene.log.seen('first', 'listening')
      for (const path of [pathIn('taken'), pathIn('no/such/folder'), '/proc/tapwire']) {
        const server = scene.server(undefined, undefined, 'second')
        server.on('error', () => {})
        server.listen(path)
        scene.log.note('second', 'at once', server.listening)
        scene.log.moments('second')
        await once(server, 'error')
      }
      await settled()
    }))

  test('NK-04, NM-07 every form of connecting to a path', () =>
    sameAsNode(world, async (scene) => {
      const path = pathIn('connect')
      const server = scene.server(undefined, (socket) => socket.end('hello'))
      server.listen(path)
      await scene.log.seen('server', 'listening')
      for (const [i, form] of [[path], [{ path }], [{ path, port: 80, host: 'name' }]].entries()) {
        const name = `client ${i}`
        const client = scene.socket(undefined, name)
        const connect = client.connect as (...args: unknown[]) => unknown
        scene.log.call(
          name,
          'connect',
          () => connect.apply(client, [...form, scene.log.callback(name, 'callback')]) === client,
        )
        scene.state(name, client, 'at once')
        client.on('data', () => {})
        client.on('connect', () => scene.state(name, client, 'connected'))
        await scene.closed(name)
        scene.state(name, client, 'closed')
      }
      const made = scene.connectAs('made', path, scene.log.callback('made', 'callback'))
      made.resume()
      await scene.closed('made')
    }))

  test('NK-17 a path where nobody is, or may not go', () =>
    sameAsNode(world, async (scene) => {
      for (const [i, path] of [pathIn('nobody'), '/etc/passwd', '/etc/passwd/x'].entries()) {
        const name = `client ${i}`
        const client = scene.socket(undefined, name)
        client.on('error', () => {})
        client.write('x', scene.log.callback(name, 'written'))
        client.connect(path)
        scene.log.note(name, 'at once', client.connecting, client.pending)
        await scene.closed(name)
        scene.state(name, client, 'closed')
      }
      const client = scene.socket()
      scene.log.call('client', 'no text', () => client.connect({ path: 5 as never }))
    }))

  test('NF-03, NF-04, NF-08 writing, ending and counting', () =>
    sameAsNode(world, async (scene) => {
      const { client, accepted } = await pair(scene)
      accepted.on('data', () => {})
      client.on('data', () => {})
      scene.state('accepted', accepted, 'open')
      client.write('grün', scene.log.callback('client', 'written'))
      client.write('ff', 'hex')
      client.cork()
      client.write('a')
      client.write('b')
      client.uncork()
      scene.log.note('client', 'counts', client.bytesWritten, client.bufferSize)
      await scene.log.seen('accepted', 'data')
      accepted.write('answer')
      await scene.log.seen('client', 'data')
      client.end('bye', scene.log.callback('client', 'ended'))
      await scene.closed('client', 'accepted')
      scene.state('client', client, 'closed')
    }))

  test('NF-02 backpressure over a path, and nothing is lost', () =>
    sameAsNode(world, async (scene) => {
      const { client, accepted } = await pair(scene)
      const bytes = pattern(4 << 20)
      const hold = client.write(bytes)
      await settled()
      scene.log.note('client', 'held up', hold, client.writableLength > 0, accepted.bytesRead < bytes.length)
      const chunks: Buffer[] = []
      for (const [i] of [0, 1].entries())
        scene.log.note('accepted', `pause ${i}`, accepted.pause() === accepted)
      accepted.on('readable', () => {
        for (
          let chunk = accepted.read() as Buffer | null;
          chunk !== null;
          chunk = accepted.read() as Buffer | null
        )
          chunks.push(chunk)
      })
      client.end()
      await scene.closed('client')
      scene.log.note('bytes', 'hash', sha256(Buffer.concat(chunks)) === sha256(bytes))
    }))

  test('NF-07 half-open, NF-10 and NF-11 writing too late', () =>
    sameAsNode(world, async (scene) => {
      const { client, accepted } = await pair(scene, { allowHalfOpen: true })
      client.on('error', () => {}).resume()
      accepted.on('data', () => {})
      client.end('a')
      await scene.log.seen('accepted', 'end')
      scene.log.note('accepted', 'state', accepted.readyState)
      accepted.end('b')
      await scene.closed('client', 'accepted')
      client.write('x', scene.log.callback('client', 'late'))
      await settled()
    }))

  test('NF-12, NF-14 to NF-17 destroy, destroySoon, reset', () =>
    sameAsNode(world, async (scene) => {
      const { client, accepted } = await pair(scene)
      client.on('error', () => {})
      accepted.on('error', () => {}).resume()
      scene.log.call('client', 'reset', () => client.resetAndDestroy())
      client.write('last', scene.log.callback('client', 'written'))
      client.destroySoon()
      await scene.closed('client', 'accepted')
      const other = scene.connectAs('other', pathIn('pair'))
      other.on('error', () => {})
      await scene.log.seen('other', 'ready')
      other.destroy(new Error('mine'))
      await scene.closed('other')
    }))

  test('NF-19, NF-21, NF-22, NF-31 settings and timeouts of a pipe', () =>
    sameAsNode(world, async (scene) => {
      const { client } = await pair(
        scene,
        { noDelay: true, keepAlive: true },
        { noDelay: true, keepAlive: true },
      )
      for (const call of ['setNoDelay', 'setKeepAlive', 'ref', 'unref', 'pause', 'resume'] as const) {
        scene.log.note('client', call, (client[call] as () => unknown)() === client)
      }
      client.setTimeout(30)
      await scene.log.seen('client', 'timeout')
    }))

  test('NF-32 onread over a path', () =>
    sameAsNode(world, async (scene) => {
      const server = scene.server(undefined, (socket) => socket.end('0123456789'.repeat(5)))
      server.listen(pathIn('onread'))
      await scene.log.seen('server', 'listening')
      let text = ''
      const client = scene.connect({
        path: pathIn('onread'),
        onread: {
          buffer: Buffer.alloc(8),
          callback(length: number, buffer: Buffer) {
            text += buffer.toString('latin1', 0, length)
            if (text.length !== 24) return true
            setTimeout(() => client.resume(), 5)
            return false
          },
        },
      })
      await scene.closed('client')
      scene.log.note('client', 'text', text, client.bytesRead)
    }))

  test('NS-15, NS-18, NS-21, NS-22 counting and dropping', () =>
    sameAsNode(world, async (scene) => {
      const { server, client, accepted } = await pair(scene)
      server.maxConnections = 1
      accepted.resume()
      const second = scene.connectAs('second', pathIn('pair'))
      second.on('error', () => {}).resume()
      await scene.closed('second')
      server.getConnections(scene.log.callback('server', 'count'))
      server.close(scene.log.callback('server', 'closed'))
      client.end()
      await scene.closed('server', 'client', 'accepted')
    }))

  test('NK-22 one socket for a path, and again', () =>
    sameAsNode(world, async (scene) => {
      const server = scene.server(undefined, (socket) => socket.end('hello'))
      server.listen(pathIn('again'))
      await scene.log.seen('server', 'listening')
      const client = scene.socket()
      for (let i = 1; i <= 3; i++) {
        client.connect(pathIn('again')).on('data', () => {})
        await scene.log.seen('client', 'close', i)
      }
      const port = await scene.listening(scene.server(undefined, (socket) => socket.end('hello'), 'by port'))
      client.connect(port, scene.world.v4)
      await scene.log.seen('client', 'close', 4)
    }))
})

describe('a net without paths', () => {
  test("NS-03, NK-04 { ipc: 'refuse' } throws, and nothing reaches the host", async () => {
    const stack = new Stack()
    const sealed = createNet(stack, { ipc: 'refuse' })
    const path = join(folder, 'sealed')
    const refused = expect.objectContaining({
      code: 'ERR_ACCESS_DENIED',
      message: `Access to the host's IPC path '${path}' is refused: this net was made with { ipc: 'refuse' }`,
    })
    const server = sealed.createServer()
    expect(() => server.listen(path)).toThrow(refused)
    expect(() => server.listen({ path })).toThrow(refused)
    expect(server.listening).toBe(false)
    expect(() => sealed.connect(path)).toThrow(refused)
    expect(() => sealed.connect({ path })).toThrow(refused)
    expect(existsSync(path)).toBe(false)
    server.listen(0)
    await once(server, 'listening')
    server.close()
    await stack.close()
  })

  test('NS-03 two stacks and Node itself meet on a path', async () => {
    const [one, other] = [new Stack(), new Stack()]
    const path = join(folder, 'meeting')
    const server = createNet(one).createServer((socket) => socket.pipe(socket))
    server.listen(path)
    await once(server, 'listening')
    for (const net of [nodeNet, createNet(other)]) {
      const client = net.connect(path)
      client.end('echo')
      const chunks: Buffer[] = []
      for await (const chunk of client) chunks.push(chunk as Buffer)
      expect(Buffer.concat(chunks).toString()).toBe('echo')
    }
    server.close()
    await one.close()
    await other.close()
  })
})
