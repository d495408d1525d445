import { once } from 'node:events'
import type { Socket } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { afterAll, describe, expect, test } from 'vitest'
import {
  closed,
  connectedPair,
  drained,
  endPair,
  gone,
  listening,
  logged,
  pattern,
  sequence,
  settled,
  sha256,
  until,
} from '../support/helpers.ts'
import { worlds } from '../support/worlds.ts'

afterAll(async () => {
  for (const world of worlds) await world.close()
})

const MIB = 1024 * 1024

describe.each(worlds)('$name: data', (world) => {
  const { server: net, client, v4, v6 } = world

  test.each([4, 6])('NF-01, NF-03 echo over IPv%i', async (family) => {
    const server = net.createServer((socket) => socket.pipe(socket))
    const port = await listening(server)
    const here = client.connect(port, family === 4 ? v4 : v6)
    here.setEncoding('utf8')
    here.write('héllo ')
    here.end('wörld')
    let text = ''
    here.on('data', (chunk) => {
      text += chunk
    })
    await gone(here)
    expect(text).toBe('héllo wörld')
    expect(here.bytesRead).toBe(13)
    expect(here.bytesWritten).toBe(13)
    await closed(server)
  })

  test('NF-03 every kind of chunk, NF-33 cork', async () => {
    const pair = await connectedPair(world)
    const received = drained(pair.there)
    const { here } = pair
    here.cork()
    here.write(Buffer.from('buffer '))
    here.write(new Uint8Array([0x61, 0x20]))
    here.write('text ')
    here.write('dGV4dCA=', 'base64')
    here.write('ÿ ', 'latin1')
    here.write('w', 'utf16le')
    process.nextTick(() => here.uncork())
    here.end()
    expect(String(await received)).toBe(
      Buffer.concat([Buffer.from('buffer a text text '), Buffer.from([0xff, 0x20, 0x77, 0])]).toString(),
    )
    await endPair(pair)
  })

  test('NF-02, NF-34 a reader that pauses stops the writer', async () => {
    const pair = await connectedPair(world)
    const { here, there } = pair
    there.pause()
    const chunk = pattern(64 * 1024)
    let written = 0
    let finished = 0
    const total = 48 * MIB
    const fill = () => {
      while (written < total) {
        written += chunk.length
        if (!here.write(chunk, () => finished++)) return
      }
    }
    here.on('drain', fill)
    fill()
    for (let last = -1; last !== written; await settled(50)) last = written
    expect(written).toBeLessThan(total)
    expect(here.writableLength).toBeGreaterThan(0)
    expect(here.writableNeedDrain).toBe(true)
    const stuckAt = written
    expect(finished).toBeLessThan(stuckAt / chunk.length)
    let received = 0
    there.on('data', (data: Buffer) => {
      received += data.length
    })
    there.resume()
    await until(() => received === total, 'all bytes')
    expect(finished * chunk.length).toBe(total)
    await endPair(pair)
  })

  test('NF-02 what is not read stays in the stack, not in the stream', async () => {
    const pair = await connectedPair(world)
    pair.there.pause()
    pair.here.write(pattern(MIB))
    await settled(50)
    expect(pair.there.readableLength).toBeLessThanOrEqual(pair.there.readableHighWaterMark + 65_536)
    pair.there.resume()
    await until(() => pair.there.bytesRead === MIB, 'a MiB')
    await endPair(pair)
  })

  test('NF-01 chunks are at most 64 KiB', async () => {
    const pair = await connectedPair(world)
    let longest = 0
    let received = 0
    pair.there.on('data', (data: Buffer) => {
      longest = Math.max(longest, data.length)
      received += data.length
    })
    pair.here.write(pattern(2 * MIB))
    await until(() => received === 2 * MIB, '2 MiB')
    expect(longest).toBeLessThanOrEqual(65_536)
    await endPair(pair)
  })

  test('NF-02, NF-03 8 MiB each way at once in random chunks, with pauses, equal hash', async () => {
    const pair = await connectedPair(world, { allowHalfOpen: true })
    const send = async (socket: Socket, seed: number): Promise<string> => {
      const random = sequence(seed)
      const bytes = pattern(8 * MIB + random(1000))
      for (let at = 0; at < bytes.length; ) {
        const length = random(10) === 0 ? random(300_000) : random(5000)
        const more = socket.write(bytes.subarray(at, at + length))
        at += length
        if (!more) await once(socket, 'drain')
      }
      socket.end()
      return sha256(bytes)
    }
    const receive = async (socket: Socket, seed: number): Promise<string> => {
      const random = sequence(seed)
      const chunks: Buffer[] = []
      socket.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        if (random(8) > 0) return
        socket.pause()
        setImmediate(() => socket.resume())
      })
      await once(socket, 'end')
      return sha256(Buffer.concat(chunks))
    }
    const [a, b, c, d] = await Promise.all([
      send(pair.here, 1),
      receive(pair.there, 2),
      send(pair.there, 3),
      receive(pair.here, 4),
    ])
    expect(b).toBe(a)
    expect(d).toBe(c)
    expect(pair.there.bytesRead).toBe(pair.here.bytesWritten)
    await endPair(pair)
  })

  test('NF-33 pipe through a chain of sockets', async () => {
    const halfOpen = { allowHalfOpen: true }
    const echo = net.createServer(halfOpen, (socket) => socket.pipe(socket))
    const port = await listening(echo, 0, v4)
    const proxy = client.createServer(halfOpen, (socket) => {
      socket.pipe(client.connect({ port, host: v4, ...halfOpen })).pipe(socket)
    })
    const proxyPort = await listening(proxy, 0, '127.0.0.1')
    const here = client.connect({ port: proxyPort, host: '127.0.0.1', ...halfOpen })
    const bytes = pattern(3 * MIB + 17)
    const received = drained(here)
    here.end(bytes)
    expect(sha256(await received)).toBe(sha256(bytes))
    await gone(here)
    await closed(proxy)
    await closed(echo)
  })

  test('NF-33 async iteration and pipeline', async () => {
    const server = net.createServer(async (socket) => {
      for await (const chunk of socket) socket.write(String(chunk).toUpperCase())
      socket.end()
    })
    const port = await listening(server, 0, v4)
    const here = client.connect({ port, host: v4 })
    let text = ''
    await pipeline(['one ', 'two ', 'three'], here, async (source: AsyncIterable<Buffer>) => {
      for await (const chunk of source) text += chunk
    })
    expect(text).toBe('ONE TWO THREE')
    await closed(server)
  })

  test('NF-32 onread into one buffer', async () => {
    const server = net.createServer((socket) => socket.end(pattern(50_000)))
    const port = await listening(server, 0, v4)
    const buffer = Buffer.alloc(1000)
    const parts: Buffer[] = []
    let stops = 0
    const here: Socket = client.connect({
      port,
      host: v4,
      onread: {
        buffer,
        callback: (length: number, same: Uint8Array) => {
          expect(same).toBe(buffer)
          parts.push(Buffer.from(buffer.subarray(0, length)))
          if (parts.length !== 5) return true
          stops++
          setImmediate(() => here.resume())
          return false
        },
      },
    })
    const log = logged(here, ['data', 'end', 'close'])
    here.resume()
    await gone(here)
    expect(sha256(Buffer.concat(parts))).toBe(sha256(pattern(50_000)))
    expect(stops).toBe(1)
    expect(log).toEqual(['end', 'close false'])
    await closed(server)
  })

  test('NF-32 onread with a buffer for each read', async () => {
    const server = net.createServer((socket) => socket.end(pattern(10_000)))
    const port = await listening(server, 0, v4)
    const parts: Buffer[] = []
    let made = 0
    const here = client.connect({
      port,
      host: v4,
      onread: {
        buffer: () => {
          made++
          return new Uint8Array(512)
        },
        callback: (length: number, bytes: Uint8Array) => {
          parts.push(Buffer.from(bytes.subarray(0, length)))
          return true
        },
      },
    })
    here.resume()
    await gone(here)
    expect(sha256(Buffer.concat(parts))).toBe(sha256(pattern(10_000)))
    expect(made).toBeGreaterThan(parts.length - 1)
    await closed(server)
  })

  test('300 connections at once', async () => {
    const server = net.createServer((socket) => socket.pipe(socket))
    const port = await listening(server, 0, v4)
    const talk = async (i: number): Promise<string> => {
      const here = client.connect(port, v4)
      const received = drained(here)
      here.write(`${i}:`)
      here.end(`${i}`.repeat(i))
      return String(await received)
    }
    const answers = await Promise.all(Array.from({ length: 300 }, (_, i) => talk(i)))
    for (const [i, answer] of answers.entries()) expect(answer).toBe(`${i}:${`${i}`.repeat(i)}`)
    await closed(server)
  })

  test('NF-28 bufferSize', async () => {
    const pair = await connectedPair(world)
    expect(pair.here.bufferSize).toBe(0)
    pair.here.cork()
    pair.here.write('12345')
    expect(pair.here.bufferSize).toBe(5)
    pair.here.uncork()
    pair.here.destroy()
    expect(pair.here.bufferSize).toBeUndefined()
    await endPair(pair)
  })
})
