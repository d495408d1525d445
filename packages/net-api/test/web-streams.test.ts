import { createHash, randomBytes } from 'node:crypto'
import { createCable, impair, parseAddress, Stack } from '@tapwire/stack'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { connectStreams, listenStreams, toWebStreams, type WebConnection } from '../src/web-streams.ts'

const SERVER = parseAddress('10.9.0.1')!
const PORT = 7000

describe('web streams', () => {
  let left: Stack
  let right: Stack

  beforeEach(() => {
    const tcp = { receiveBuffer: 65_536, receiveBufferMax: 65_536, sendBuffer: 65_536, sendBufferMax: 65_536 }
    left = new Stack({ tcp })
    right = new Stack({ tcp })
    const [a, b] = createCable()
    left.addInterface(a, { addresses: ['10.9.0.1/24'] })
    right.addInterface(impair(b, { seed: 7, loss: 0.002 }), { addresses: ['10.9.0.2/24'] })
  })

  afterEach(async () => {
    await left.close()
    await right.close()
  })

  const connect = (): Promise<WebConnection> => connectStreams(right.tcp, { address: SERVER, port: PORT })

  async function pair(): Promise<[WebConnection, WebConnection]> {
    const { connections, listener } = listenStreams(left.tcp, { port: PORT })
    const reader = connections.getReader()
    const [accepted, client] = await Promise.all([reader.read(), connect()])
    listener.close()
    return [accepted.value!, client]
  }

  async function hashOf(readable: ReadableStream<Uint8Array>): Promise<string> {
    const hash = createHash('sha256')
    for await (const chunk of readable) hash.update(chunk)
    return hash.digest('hex')
  }

  it('carry bytes both ways at once, and end', async () => {
    const [a, b] = await pair()
    const bytes = randomBytes(1 << 20)
    const source = (): ReadableStream<Uint8Array> =>
      new ReadableStream({
        start(controller) {
          for (let at = 0; at < bytes.length; ) {
            const length = 1 + ((at * 7919) % 50_000)
            controller.enqueue(new Uint8Array(bytes.subarray(at, at + length)))
            at += length
          }
          controller.close()
        },
      })
    const [atA, atB] = await Promise.all([
      hashOf(a.readable),
      hashOf(b.readable),
      source().pipeTo(a.writable),
      source().pipeTo(b.writable),
    ])
    const expected = createHash('sha256').update(bytes).digest('hex')
    expect([atA, atB]).toEqual([expected, expected])
    await Promise.all([a.closed, b.closed])
  })

  it('fill the buffer that the reader brings', async () => {
    const [a, b] = await pair()
    const writer = a.writable.getWriter()
    const reader = b.readable.getReader({ mode: 'byob' })
    const pending = reader.read(new Uint8Array(4))
    await writer.write(Uint8Array.of(1, 2, 3, 4, 5))
    expect([...(await pending).value!]).toEqual([1, 2, 3, 4])
    expect([...(await reader.read(new Uint8Array(9))).value!]).toEqual([5])
    const last = reader.read(new Uint8Array(9))
    await writer.close()
    expect((await last).done).toBe(true)
  })

  it('hold the writer back while nobody reads', async () => {
    const [a, b] = await pair()
    const writer = a.writable.getWriter()
    let written = 0
    const all = (async () => {
      for (let i = 0; i < 100; i++) {
        await writer.write(new Uint8Array(10_000))
        written += 10_000
      }
      await writer.close()
    })()
    const reader = b.readable.getReader()
    let read = (await reader.read()).value!.length
    // As much as both rings hold, and not the whole megabyte.
    await expect.poll(() => a.connection.writable).toBe(0)
    expect(written).toBeLessThan(250_000)
    for (let next = await reader.read(); !next.done; next = await reader.read()) read += next.value.length
    await all
    expect(read).toBe(1_000_000)
  })

  it('tell a reset to both streams, after what came before it', async () => {
    const [a, b] = await pair()
    const writer = a.writable.getWriter()
    await writer.write(new TextEncoder().encode('last words'))
    await expect.poll(() => b.connection.readable).toBe(10)
    await writer.abort()
    const reader = b.readable.getReader()
    await expect(b.closed).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('last words')
    await expect(reader.read()).rejects.toMatchObject({ code: 'ECONNRESET' })
    await expect(b.writable.getWriter().write(new Uint8Array(1))).rejects.toMatchObject({
      code: 'ECONNRESET',
    })
    await expect(a.readable.getReader().read()).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  it('are aborted at once, whatever a write or a close waits for', async () => {
    const reason = new Error('enough')
    for (const last of ['write', 'close'] as const) {
      const [a, b] = await pair()
      const writer = b.writable.getWriter()
      writer.closed.catch(() => {})
      if (last === 'close') await writer.write(new Uint8Array(100_000))
      const hanging = last === 'close' ? writer.close() : writer.write(new Uint8Array(1 << 20))
      const outcome = expect(hanging).rejects.toBe(reason)
      await expect.poll(() => a.connection.readable).toBeGreaterThan(60_000)
      // A close that was on its way and fails takes the abort with it.
      await writer.abort(reason).catch((error) => expect(error).toBe(reason))
      await outcome
      await b.closed
      await expect(a.closed).rejects.toMatchObject({ code: 'ECONNRESET' })
    }
  })

  it('tell a write that waits why the connection is over', async () => {
    const [a, b] = await pair()
    const writer = b.writable.getWriter()
    writer.closed.catch(() => {})
    const outcome = expect(writer.write(new Uint8Array(1 << 20))).rejects.toMatchObject({
      code: 'ECONNRESET',
    })
    await expect.poll(() => a.connection.readable).toBeGreaterThan(60_000)
    a.connection.abort()
    await outcome
  })

  it('go on to write after the reader has cancelled, and throw away what still comes', async () => {
    const [a, b] = await pair()
    const waiting = b.readable.getReader()
    const read = waiting.read()
    await waiting.cancel()
    expect((await read).done).toBe(true)
    const writer = a.writable.getWriter()
    for (let i = 0; i < 50; i++) await writer.write(new Uint8Array(10_000))
    await writer.close()
    const back = b.writable.getWriter()
    await back.write(Uint8Array.of(9))
    await back.close()
    expect([...(await a.readable.getReader().read()).value!]).toEqual([9])
  })

  it('refuse a connection that nobody waits for, and a chunk of text', async () => {
    await expect(connect()).rejects.toMatchObject({
      code: 'ECONNREFUSED',
      message: 'Nobody listens at that address and port',
    })
    const [a, b] = await pair()
    const text = 'text' as unknown as Uint8Array
    await expect(a.writable.getWriter().write(text)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
    // Nothing could be done to a stream that has failed: the connection does not stay behind.
    await expect(b.closed).rejects.toMatchObject({ code: 'ECONNRESET' })
    await a.closed
  })

  it('come from a listener one by one, until it is cancelled', async () => {
    const { connections } = listenStreams(left.tcp, { port: PORT })
    const clients = await Promise.all([connect(), connect(), connect()])
    const reader = connections.getReader()
    for (const client of clients) {
      const { value } = await reader.read()
      expect(value!.connection.remotePort).toBe(client.connection.localPort)
    }
    await reader.cancel()
    await expect(connect()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('end with the stack', async () => {
    const { connections } = listenStreams(left.tcp, { port: PORT })
    const next = connections.getReader().read()
    await left.close()
    await expect(next).rejects.toMatchObject({ code: 'ENETDOWN' })
  })

  it('are made of a connection that has failed already', async () => {
    const [a, b] = await pair()
    a.connection.abort()
    await expect(b.closed).rejects.toThrow()
    await expect(toWebStreams(b.connection).closed).rejects.toMatchObject({ code: 'ECONNRESET' })
  })
})
