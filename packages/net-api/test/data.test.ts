import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { afterAll, describe, expect, test } from 'vitest'
import {
  closed,
  connectedPair,
  drained,
  endPair,
  fieldsOf,
  gone,
  listening,
  logged,
  pattern,
  sequence,
  settled,
  sha256,
  until,
} from './support/helpers.ts'
import { worlds } from './support/worlds.ts'

afterAll(async () => {
  for (const world of worlds) await world.close()
})

const MIB = 1024 * 1024
const codeOf = (error: unknown): unknown => (error as NodeJS.ErrnoException | null | undefined)?.code

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

  test('NF-04, NF-08, NF-17 order of a normal end', async () => {
    const pair = await connectedPair(world)
    const log = logged(pair.here, ['end', 'finish', 'close', 'error'])
    pair.here.resume()
    pair.there.resume()
    expect(pair.here.end('bye', () => log.push('end callback'))).toBe(pair.here)
    await gone(pair.here)
    expect(log.toSorted()).toEqual(['close false', 'end', 'end callback', 'finish'])
    expect(log.indexOf('finish')).toBeLessThan(log.indexOf('end'))
    expect(log.at(-1)).toBe('close false')
    await endPair(pair)
  })

  test('NF-06 a FIN of the peer ends both sides', async () => {
    const pair = await connectedPair(world)
    const log = logged(pair.there, ['end', 'finish', 'close', 'error'])
    pair.there.resume()
    pair.here.resume()
    pair.here.end()
    await gone(pair.there)
    expect(log).toEqual(['end', 'finish', 'close false'])
    await endPair(pair)
  })

  test('NF-06 without a reader there is no end', async () => {
    const pair = await connectedPair(world)
    const log = logged(pair.there, ['end', 'close'])
    pair.here.end('unread')
    await settled()
    expect(log).toEqual([])
    pair.there.resume()
    pair.here.resume()
    await gone(pair.there)
    expect(log).toEqual(['end', 'close false'])
    await endPair(pair)
  })

  test('NM-02, NF-07, NF-29 half-open', async () => {
    const pair = await connectedPair(world, { allowHalfOpen: true })
    const log = logged(pair.there, ['end', 'finish', 'close'])
    const received = drained(pair.here)
    pair.there.resume()
    pair.here.end('question')
    await once(pair.there, 'end')
    await settled()
    expect(log).toEqual(['end'])
    expect(pair.there.readyState).toBe('writeOnly')
    expect(pair.here.readyState).toBe('readOnly')
    for (let i = 0; i < 3; i++) {
      pair.there.write(`answer ${i} `)
      await settled(3)
    }
    const over = gone(pair.there)
    pair.there.end('end')
    expect(String(await received)).toBe('answer 0 answer 1 answer 2 end')
    await over
    expect(log).toEqual(['end', 'finish', 'close false'])
    expect(pair.there.readyState).toBe('closed')
    await endPair(pair)
  })

  test('NF-09 writing after the own end', async () => {
    const pair = await connectedPair(world)
    const { here } = pair
    const log = logged(here, ['error', 'close'])
    pair.there.resume()
    here.end()
    here.write('late', (error) => log.push(`write ${codeOf(error)}`))
    await gone(here)
    expect(log.toSorted()).toEqual([
      'close true',
      'error ERR_STREAM_WRITE_AFTER_END',
      'write ERR_STREAM_WRITE_AFTER_END',
    ])
    await endPair(pair)
  })

  test('NF-10 writing inside the end handler, and after it', async () => {
    const pair = await connectedPair(world)
    const { here, there } = pair
    const log = logged(there, ['error', 'finish', 'close'])
    const received = drained(here)
    const over = gone(there)
    there.resume()
    there.on('end', () => {
      there.write('last words')
      setImmediate(() => {
        expect(there.write('too late', (error) => log.push(`write ${codeOf(error)} ${error?.message}`))).toBe(
          false,
        )
      })
    })
    here.end()
    expect(String(await received)).toBe('last words')
    await over
    await settled()
    expect(log).toContain('write EPIPE This socket has been ended by the other party')
    await endPair(pair)
  })

  test('NF-11 writing after destroy', async () => {
    const pair = await connectedPair(world)
    const log = logged(pair.here, ['error', 'close'])
    pair.here.destroy()
    pair.here.write('x', (error) => log.push(`write ${codeOf(error)}`))
    await gone(pair.here)
    await settled()
    expect(log.toSorted()).toEqual(['close false', 'write ERR_STREAM_DESTROYED'])
    await endPair(pair)
  })

  test('NF-12, NF-16, NF-18, NE-05 a reset', async () => {
    const pair = await connectedPair(world)
    const log = logged(pair.there, ['data', 'end', 'error', 'close'])
    const mine = logged(pair.here, ['error', 'close'])
    pair.there.resume()
    const failed = once(pair.there, 'error')
    expect(pair.here.resetAndDestroy()).toBe(pair.here)
    const [error] = await failed
    expect(fieldsOf(error)).toEqual({
      name: 'Error',
      constructor: 'Error',
      message: 'read ECONNRESET',
      errno: -104,
      code: 'ECONNRESET',
      syscall: 'read',
    })
    await settled()
    expect(log).toEqual(['error ECONNRESET', 'close true'])
    expect(mine).toEqual(['close false'])
  })

  test('NF-13, NE-07 writing into a reset connection', async () => {
    const pair = await connectedPair(world, { pauseOnConnect: true })
    pair.here.resetAndDestroy()
    await settled()
    const failed = once(pair.there, 'error')
    pair.there.write('x')
    pair.there.write('y')
    const [error] = await failed
    expect(['EPIPE', 'ECONNRESET']).toContain(error.code)
    expect(['write', 'read']).toContain(error.syscall)
    await endPair(pair)
  })

  test('NF-14 destroy with unread data resets, without it ends', async () => {
    const unread = await connectedPair(world, { pauseOnConnect: true })
    unread.here.write('never read')
    const log = logged(unread.here, ['end', 'error', 'close'])
    unread.here.resume()
    await settled()
    unread.there.destroy()
    await gone(unread.here)
    expect(log).toEqual(['error ECONNRESET', 'close true'])

    const clean = await connectedPair(world)
    const cleanLog = logged(clean.here, ['end', 'error', 'close'])
    clean.here.resume()
    expect(clean.there.destroy()).toBe(clean.there)
    await gone(clean.here)
    expect(cleanLog).toEqual(['end', 'close false'])
  })

  test('NF-14, NF-18 destroy with an error', async () => {
    const pair = await connectedPair(world)
    const log = logged(pair.here, ['error', 'end', 'close'])
    pair.here.resume()
    pair.here.destroy(new Error('enough'))
    pair.here.destroy(new Error('twice'))
    await gone(pair.here)
    expect(log).toEqual(['error enough', 'close true'])
    await endPair(pair)
  })

  test('NF-15 destroySoon sends what was written', async () => {
    const pair = await connectedPair(world)
    const received = drained(pair.there)
    pair.here.write(pattern(200_000))
    pair.here.destroySoon()
    expect((await received).length).toBe(200_000)
    await endPair(pair)
  })

  test('NF-14 destroy after a write that was handed over still delivers it', async () => {
    const pair = await connectedPair(world)
    const received = drained(pair.there)
    pair.here.write('delivered', () => pair.here.destroy())
    expect(String(await received)).toBe('delivered')
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

  test('NF-03 callbacks come in order', async () => {
    const pair = await connectedPair(world)
    const count = 5000
    const order: number[] = []
    pair.there.resume()
    for (let i = 0; i < count; i++) pair.here.write(`${i} `, () => order.push(i))
    await until(() => order.length === count, 'all callbacks')
    expect(order.every((value, index) => value === index)).toBe(true)
    await endPair(pair)
  })

  test('NF-19, NF-20 an idle socket times out and stays open', async () => {
    const pair = await connectedPair(world)
    const log = logged(pair.here, ['timeout', 'close', 'error'])
    expect(pair.here.setTimeout(30, () => log.push('callback'))).toBe(pair.here)
    expect(pair.here.timeout).toBe(30)
    await once(pair.here, 'timeout')
    expect(log).toEqual(['timeout', 'callback'])
    const data = once(pair.there, 'data')
    pair.here.write('alive')
    expect(String((await data)[0])).toBe('alive')
    pair.here.setTimeout(0)
    expect(pair.here.timeout).toBe(0)
    await endPair(pair)
  })

  test('NF-19 activity either way starts the span again', async () => {
    const pair = await connectedPair(world)
    const start = Date.now()
    pair.here.resume()
    pair.there.resume()
    pair.here.setTimeout(200)
    const timer = setInterval(() => (Date.now() - start < 250 ? pair.there : pair.here).write('.'), 25)
    setTimeout(() => clearInterval(timer), 500)
    await once(pair.here, 'timeout')
    expect(Date.now() - start).toBeGreaterThan(600)
    await endPair(pair)
  })

  test('NF-21, NF-22, NF-31 chainable settings', async () => {
    const pair = await connectedPair(world)
    const { here } = pair
    for (const result of [
      here.setNoDelay(),
      here.setKeepAlive(true, 5000),
      here.ref(),
      here.unref(),
      here.pause(),
      here.resume(),
    ]) {
      expect(result).toBe(here)
    }
    expect(here.setEncoding('hex')).toBe(here)
    const fresh = new client.Socket()
    for (const result of [fresh.setNoDelay(), fresh.setKeepAlive(true), fresh.ref(), fresh.setTimeout(0)])
      expect(result).toBe(fresh)
    await endPair(pair)
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

  test('ticks and promises of one event run before the next event', async () => {
    const pair = await connectedPair(world)
    const other = await connectedPair(world)
    const log: string[] = []
    for (const [name, socket] of [
      ['a', pair.there],
      ['b', other.there],
    ] as const) {
      socket.on('data', () => {
        log.push(`${name} data`)
        process.nextTick(() => log.push(`${name} tick`))
        Promise.resolve().then(() => log.push(`${name} promise`))
      })
    }
    pair.here.write('x')
    other.here.write('x')
    log.push('written')
    await until(() => log.length === 7, 'both events')
    expect(log[0]).toBe('written')
    const first = log[1].slice(0, 1)
    const second = first === 'a' ? 'b' : 'a'
    expect(log.slice(1)).toEqual(
      [first, second].flatMap((name) => [`${name} data`, `${name} tick`, `${name} promise`]),
    )
    await endPair(pair)
    await endPair(other)
  })

  test('AsyncLocalStorage is kept as Node keeps it', async () => {
    const storage = new AsyncLocalStorage<string>()
    const log: string[] = []
    const note = (event: string) => log.push(`${event} ${storage.getStore()}`)
    const server = net.createServer()
    storage.run('server', () => {
      server.on('connection', (socket: Socket) => {
        note('connection')
        socket.on('data', () => {
          note('server data')
          socket.end('answer')
        })
        socket.on('close', () => note('server close'))
      })
      server.listen(0, v4, () => note('listening'))
    })
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const here = storage.run('client', () => {
      const socket = client.connect(port, v4, () => note('connect'))
      socket.on('data', () => note('client data'))
      socket.on('end', () => note('client end'))
      socket.on('close', () => note('client close'))
      return socket
    })
    storage.run('writer', () => here.write('question'))
    await gone(here)
    await closed(server)
    await settled()
    expect(log.toSorted()).toEqual([
      'client close client',
      'client data client',
      'client end client',
      'connect client',
      'connection server',
      'listening server',
      'server close undefined',
      'server data undefined',
    ])
  })

  test('diagnostics channels tell of sockets', async () => {
    const seen: unknown[] = []
    const note = (message: unknown) => seen.push((message as { socket: Socket }).socket)
    subscribe('net.client.socket', note)
    subscribe('net.server.socket', note)
    const pair = await connectedPair(world)
    unsubscribe('net.client.socket', note)
    unsubscribe('net.server.socket', note)
    expect(seen).toEqual([pair.here, pair.there])
    await endPair(pair)
  })

  test('no event comes inside the call that causes it', async () => {
    const pair = await connectedPair(world)
    const log = logged(pair.there, ['data', 'end', 'close'])
    logged(pair.here, ['data', 'finish', 'end', 'close'], log)
    pair.here.resume()
    pair.here.write('x', () => log.push('written'))
    pair.here.end()
    pair.here.destroy()
    expect(log).toEqual([])
    await endPair(pair)
  })
})
