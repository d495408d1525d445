import { once } from 'node:events'
import type { Socket } from 'node:net'
import { Readable, Writable } from 'node:stream'
import { setTimeout as later } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import { pattern, settled, sha256 } from '../support/helpers.ts'
import { sameAsNode, tapwireWorlds } from '../support/scene.ts'
import { worlds } from '../support/worlds.ts'

afterAll(async () => {
  for (const world of worlds) await world.close()
})

describe.each(tapwireWorlds)('$name, as Node: data', (world) => {
  test('NF-01 data as bytes, as text in each encoding, and lost without a listener', () =>
    sameAsNode(world, async (scene) => {
      const server = scene.server(undefined, (socket) => socket.end('grün € 😀'))
      const port = await scene.listening(server)
      for (const encoding of ['utf8', 'latin1', 'hex', 'base64', 'utf16le', 'ascii', undefined] as const) {
        const name = `client ${encoding}`
        const client = scene.connectAs(name, port, scene.world.v4)
        if (encoding === undefined) client.resume()
        else {
          scene.log.call(name, 'setEncoding', () => client.setEncoding(encoding) === client)
          client.on('data', () => {})
        }
        await scene.closed(name)
        scene.log.note(name, 'read', client.bytesRead, client.readableEncoding)
      }
      const nobody = scene.connectAs('nobody', port, scene.world.v4)
      await settled()
      scene.log.note('nobody', 'waiting', nobody.readableFlowing, nobody.readyState, nobody.readableLength)
      scene.log.note('nobody', 'read()', String(nobody.read()), nobody.read())
      await scene.closed('nobody')
    }))

  test('NF-02, NF-30, NF-31 pause and resume, in every phase; each returns the socket', () =>
    sameAsNode(world, async (scene) => {
      const server = scene.server()
      const port = await scene.listening(server)
      const client = scene.socket()
      client.on('data', () => {})
      const calls = [
        'pause',
        'resume',
        'setEncoding',
        'ref',
        'unref',
        'setNoDelay',
        'setKeepAlive',
        'cork',
        'uncork',
      ] as const
      const all = (when: string) => {
        for (const call of calls)
          scene.log.note('client', `${when}: ${call}`, (client[call] as () => unknown)() === client)
      }
      all('fresh')
      client.ref().pause()
      client.connect(port, scene.world.v4)
      all('connecting')
      client.ref().pause()
      const [there] = (await once(server, 'connection')) as [Socket]
      there.write('held back')
      await scene.log.seen('client', 'ready')
      await settled()
      scene.log.note('client', 'paused', client.isPaused(), client.bytesRead > 0)
      all('connected')
      client.ref()
      await scene.log.seen('client', 'data')
      there.end()
      client.end()
      await scene.closed('client')
      all('closed')
    }))

  test('NF-02 a reader that pauses holds the writer up, and nothing is lost', () =>
    sameAsNode(world, async (scene) => {
      const { client, accepted } = await scene.pair()
      const bytes = pattern(8 << 20)
      accepted.pause()
      let full = false
      for (let i = 0; i < 64; i++) full = !client.write(bytes.subarray(i << 17, (i + 1) << 17))
      await later(50)
      scene.log.note('client', 'held up', full, client.writableLength > 0, client.writableNeedDrain)
      const chunks: Buffer[] = []
      const collect = new Writable({
        write: (chunk, _encoding, done) => {
          chunks.push(chunk)
          done()
        },
      })
      accepted.pipe(collect)
      client.end()
      await scene.closed('client')
      scene.log.note('bytes', 'hash', sha256(Buffer.concat(chunks)) === sha256(bytes), client.bytesWritten)
    }))

  test('NF-03 what may be written, and what may not', () =>
    sameAsNode(world, async (scene) => {
      const { client, accepted } = await scene.pair()
      accepted.resume()
      client.on('error', () => {})
      const fine: [unknown, string?][] = [
        ['text'],
        ['ff00', 'hex'],
        ['Zm9v', 'base64'],
        ['Zm9v', 'base64url'],
        ['ä', 'latin1'],
        ['ä', 'utf16le'],
        [Buffer.from('buffer')],
        [new Uint8Array([65, 66])],
        ['', 'utf8'],
        [Buffer.alloc(0)],
        ['x', 'UTF8'],
      ]
      for (const [i, [chunk, encoding]] of fine.entries()) {
        scene.log.call('client', `write ${i}`, () =>
          client.write(chunk as string, encoding as BufferEncoding, scene.log.callback('callbacks', `${i}`)),
        )
        scene.log.note('client', 'written', client.bytesWritten)
      }
      for (const [i, chunk] of [5, null, undefined, true, {}, [], Symbol.iterator].entries()) {
        scene.log.call('client', `bad ${i}`, () => client.write(chunk as string))
      }
      scene.log.call('client', 'bad encoding', () => client.write('x', 'utf-99' as BufferEncoding))
      scene.log.call('client', 'bad callback', () => client.write('x', 5 as never))
      await settled()
      client.end()
      await scene.closed('client', 'accepted')
    }))

  test('NF-03 200,000 callbacks come in order', async () => {
    const server = world.server.createServer((socket) => socket.resume())
    server.listen(0, world.v4)
    await once(server, 'listening')
    const client = world.client.connect((server.address() as { port: number }).port, world.v4)
    await once(client, 'connect')
    let next = 0
    let inOrder = true
    const all = 200_000
    await new Promise<void>((resolve) => {
      for (let i = 0; i < all; i++) {
        client.write('x', () => {
          if (i !== next) inOrder = false
          next++
          if (next === all) resolve()
        })
      }
    })
    expect([inOrder, next, client.bytesWritten]).toEqual([true, all, all])
    client.end()
    await once(client.resume(), 'close')
    server.close()
  })

  test('NF-03 a callback is never called within the write', () =>
    sameAsNode(world, async (scene) => {
      const { client, accepted } = await scene.pair()
      accepted.resume()
      for (const size of [0, 1, 100_000]) {
        client.write(Buffer.alloc(size), scene.log.callback('client', `${size} bytes`))
        scene.log.moments('client')
        await scene.log.seen('client', `${size} bytes`)
      }
      client.end()
      await scene.closed('client', 'accepted')
    }))

  test('NF-24 to NF-27 addresses and counts while open and after', () =>
    sameAsNode(world, async (scene) => {
      const { client, accepted } = await scene.pair()
      scene.state('client', client, 'open')
      scene.state('accepted', accepted, 'open')
      accepted.on('data', () => {})
      client.write('12345')
      await scene.log.seen('accepted', 'data')
      client.destroy()
      scene.state('client', client, 'destroyed')
      await scene.closed('client', 'accepted')
      scene.state('client', client, 'closed')
      scene.state('accepted', accepted, 'closed')
    }))

  test('NF-26 a remote end that was never asked for is gone with the connection', () =>
    sameAsNode(world, async (scene) => {
      const { client } = await scene.pair()
      client.destroy()
      scene.log.note('client', 'remote', client.remoteAddress, client.remotePort, client.remoteFamily)
      scene.log.note('client', 'local', client.localAddress, client.localPort, client.address())
      await scene.closed('client')
    }))

  test('NF-27, NF-28 bytesWritten and bufferSize while the peer reads nothing', () =>
    sameAsNode(world, async (scene) => {
      const { client, accepted } = await scene.pair()
      accepted.pause()
      scene.log.note('client', 'at first', client.bufferSize, client.bytesWritten)
      const chunk = Buffer.alloc(4 << 20)
      for (let i = 0; i < 4; i++) client.write(chunk)
      client.write('ü€')
      scene.log.note(
        'client',
        'at once',
        client.bytesWritten,
        client.bufferSize === client.writableLength,
        client.bufferSize > 0,
      )
      accepted.resume()
      client.end()
      await scene.closed('client')
      scene.log.note('client', 'then', client.bytesWritten, client.bufferSize, accepted.bytesRead)
    }))

  test('NF-32 onread: one buffer, a buffer each time, and false for enough', () =>
    sameAsNode(world, async (scene) => {
      const server = scene.server(undefined, (socket) => socket.end('0123456789'.repeat(10)))
      const port = await scene.listening(server)
      for (const kind of ['one', 'made', 'pausing']) {
        const got: string[] = []
        const own = Buffer.alloc(16)
        const buffers = new Set<unknown>()
        const client = scene.connectAs(kind, {
          port,
          host: scene.world.v4,
          onread: {
            buffer: kind === 'made' ? () => Buffer.alloc(8) : own,
            callback(length: number, buffer: Buffer) {
              buffers.add(buffer)
              got.push(buffer.toString('latin1', 0, length))
              if (kind !== 'pausing' || got.length > 3) return true
              setTimeout(() => client.resume(), 5)
              return false
            },
          },
        })
        client.on('data', () => {})
        await scene.closed(kind)
        scene.log.note(kind, 'text', got.join(''), got.length, buffers.size)
        scene.log.note(kind, 'counts', client.bytesRead)
      }
    }))

  test('NF-32 onread: pause and resume, before and after connect', () =>
    sameAsNode(world, async (scene) => {
      const server = scene.server()
      const port = await scene.listening(server)
      let text = ''
      const client = scene.connect({
        port,
        host: scene.world.v4,
        onread: {
          buffer: Buffer.alloc(100),
          callback: (length: number, buffer: Buffer) => {
            text += buffer.toString('latin1', 0, length)
            return true
          },
        },
      })
      client.pause()
      const [there] = (await once(server, 'connection')) as [Socket]
      there.write('abc')
      await settled()
      scene.log.note('client', 'paused', text)
      client.resume()
      await settled()
      scene.log.note('client', 'resumed', text)
      client.pause()
      there.write('def')
      await settled()
      scene.log.note('client', 'paused again', text)
      client.resume()
      there.end()
      await scene.closed('client')
      scene.log.note('client', 'in the end', text)
    }))

  test('NF-33 pipe, async iteration, cork and uncork, and the face of a stream', () =>
    sameAsNode(world, async (scene) => {
      const server = scene.server(undefined, (socket) => socket.pipe(socket))
      const port = await scene.listening(server)
      const client = scene.connect(port, scene.world.v4)
      await scene.log.seen('client', 'ready')
      client.cork()
      for (let i = 0; i < 5; i++)
        scene.log.note('client', 'corked', client.write(`${i}`), client.writableLength, client.writableCorked)
      client.uncork()
      scene.log.note('client', 'uncorked', client.writableLength, client.writableCorked)
      client.end('!')
      let text = ''
      for await (const chunk of client) text += chunk
      scene.log.note('client', 'iterated', text, client.destroyed)
      await scene.closed('client')
      const piped = scene.connectAs('piped', port, scene.world.v4)
      const parts: string[] = []
      const sink = new Writable({
        write: (chunk, _encoding, done) => {
          parts.push(String(chunk))
          done()
        },
      })
      Readable.from(['a', 'b', 'c']).pipe(piped).pipe(sink)
      await once(sink, 'finish')
      scene.log.note('piped', 'text', parts.join(''))
      await scene.closed('piped')
    }))

  test('NF-33 leaving an iteration early destroys', () =>
    sameAsNode(world, async (scene) => {
      const server = scene.server(undefined, (socket) => socket.on('error', () => {}).write('first'))
      const port = await scene.listening(server)
      const client = scene.connect(port, scene.world.v4)
      for await (const chunk of client) {
        scene.log.note('client', 'chunk', String(chunk))
        break
      }
      scene.log.note('client', 'left', client.destroyed)
      await scene.closed('client')
    }))

  test('NF-34 drain: after a write that was told to wait, and not before connect', () =>
    sameAsNode(world, async (scene) => {
      const server = scene.server(undefined, (socket) => socket.resume())
      const port = await scene.listening(server)
      const client = scene.socket({ highWaterMark: 10 })
      client.connect(port, scene.world.v4)
      scene.log.note('client', 'write', client.write('12345'), client.write('67890'), client.write('x'))
      await scene.log.seen('client', 'drain')
      scene.log.note('client', 'drained', client.writableNeedDrain, client.writableLength)
      scene.log.note('client', 'write', client.write('small'))
      await settled()
      client.end()
      await scene.closed('client')
    }))

  test('NF-34 highWaterMark 0', () =>
    sameAsNode(world, async (scene) => {
      const server = scene.server(undefined, (socket) => socket.pipe(socket))
      const port = await scene.listening(server)
      const client = scene.socket({ highWaterMark: 0 })
      client.connect(port, scene.world.v4)
      client.on('data', () => {})
      scene.log.note('client', 'write', client.write('a'), client.write('b'))
      await scene.log.seen('client', 'drain')
      await scene.log.seen('client', 'data')
      client.end('c')
      await scene.closed('client')
    }))
})
