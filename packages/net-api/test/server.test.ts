import { once } from 'node:events'
import type { AddressInfo, Server, Socket } from 'node:net'
import { afterAll, describe, expect, test } from 'vitest'
import {
  closed,
  connectedPair,
  endPair,
  fieldsOf,
  listenForms,
  listening,
  logged,
  settled,
  thrownBy,
  until,
} from './support/helpers.ts'
import { worlds } from './support/worlds.ts'

afterAll(async () => {
  for (const world of worlds) await world.close()
})

describe.each(worlds)('$name: server', (world) => {
  const { server: net, client, v4, v6 } = world

  test('NS-04, NS-05, NS-14, NS-20 without a host it is bound at once, to both families', async () => {
    const server = net.createServer()
    expect(server.listening).toBe(false)
    expect(server.address()).toBeNull()
    expect(server.listen(0)).toBe(server)
    expect(server.listening).toBe(true)
    const address = server.address() as AddressInfo
    expect(address).toEqual({ address: '::', family: 'IPv6', port: expect.any(Number) })
    expect(address.port).toBeGreaterThan(1023)
    await once(server, 'listening')
    server.close()
    expect(server.listening).toBe(false)
    expect(server.address()).toBeNull()
    await once(server, 'close')
  })

  test('NS-05 with a host it is bound after the lookup', async () => {
    const server = net.createServer()
    server.listen(0, v4)
    expect(server.listening).toBe(false)
    expect(server.address()).toBeNull()
    await once(server, 'listening')
    expect(server.address()).toEqual({ address: v4, family: 'IPv4', port: expect.any(Number) })
    await closed(server)
  })

  test('NS-05 no listening event when close comes first', async () => {
    const server = net.createServer()
    const log = logged(server, ['listening', 'close', 'error'])
    server.listen(0)
    server.close()
    await settled()
    expect(log).toEqual(['close'])
    server.listen(0, v4)
    server.close()
    await settled()
    expect(log).toEqual(['close', 'close'])
  })

  test('NS-02, NS-04 every form of listen', async () => {
    for (const form of listenForms(world)) {
      const server = net.createServer()
      await new Promise<void>((resolve) => {
        ;(server.listen as (...args: unknown[]) => Server).apply(server, [...form, resolve])
      })
      expect((server.address() as AddressInfo).port, JSON.stringify(form)).toBeGreaterThan(0)
      await closed(server)
    }
  })

  test('NS-07 listening twice throws, listening again after close does not', async () => {
    const server = net.createServer()
    const port = await listening(server)
    expect(thrownBy(() => server.listen(0))).toMatchObject({
      code: 'ERR_SERVER_ALREADY_LISTEN',
      message: 'Listen method has been called more than once without closing.',
    })
    await closed(server)
    expect(await listening(server, port)).toBe(port)
    await closed(server)
  })

  test('NS-08, NE-08 EADDRINUSE', async () => {
    const first = net.createServer()
    const port = await listening(first)
    const second = net.createServer()
    const log = logged(second, ['listening', 'error', 'close'])
    second.listen(port)
    expect(log).toEqual([])
    const [error] = await once(second, 'error')
    expect(fieldsOf(error)).toEqual({
      name: 'Error',
      constructor: 'Error',
      message: `listen EADDRINUSE: address already in use :::${port}`,
      code: 'EADDRINUSE',
      errno: -98,
      syscall: 'listen',
      address: '::',
      port,
    })
    expect(second.listening).toBe(false)
    await closed(first)
    second.listen(port)
    await once(second, 'listening')
    await closed(second)
    expect(log).toEqual(['error EADDRINUSE', 'listening', 'close'])
  })

  test('NS-09, NE-09 EADDRNOTAVAIL', async () => {
    const server = net.createServer()
    server.listen(0, world.foreign4)
    const [error] = await once(server, 'error')
    expect(fieldsOf(error)).toEqual({
      name: 'Error',
      constructor: 'Error',
      message: `listen EADDRNOTAVAIL: address not available ${world.foreign4}`,
      code: 'EADDRNOTAVAIL',
      errno: -99,
      syscall: 'listen',
      address: world.foreign4,
    })
  })

  test('NS-10 IPv4 peers of a dual-stack server', async () => {
    const server = net.createServer()
    const port = await listening(server)
    for (const host of [v4, v6]) {
      const accepted = once(server, 'connection')
      const here = client.connect(port, host)
      const [there] = (await accepted) as [Socket]
      expect(there.remoteFamily).toBe('IPv6')
      expect(there.localAddress).toBe(host === v4 ? `::ffff:${v4}` : v6)
      expect(there.remoteAddress?.startsWith('::ffff:')).toBe(host === v4)
      const ends = Promise.all([once(here, 'close'), once(there, 'close')])
      here.destroy()
      await ends
    }
    await closed(server)
  })

  test('NS-10 ipv6Only', async () => {
    const server = net.createServer()
    const port = await listening(server, { port: 0, host: '::', ipv6Only: true })
    const [error] = await once(client.connect(port, v4), 'error')
    expect(error.code).toBe('ECONNREFUSED')
    const here = client.connect(port, v6)
    await once(here, 'connect')
    here.destroy()
    await closed(server)
  })

  test('NS-13 a signal closes', async () => {
    const controller = new AbortController()
    const server = net.createServer()
    const log = logged(server, ['listening', 'close', 'error'])
    server.listen({ port: 0, signal: controller.signal })
    await once(server, 'listening')
    controller.abort()
    await once(server, 'close')
    const late = net.createServer()
    late.listen({ port: 0, signal: controller.signal })
    await once(late, 'close')
    expect(log).toEqual(['listening', 'close'])
  })

  test('NS-15 close waits for connections', async () => {
    const pair = await connectedPair(world)
    const log = logged(pair.server, ['close'])
    pair.here.write('still open')
    const [data] = await once(pair.there, 'data')
    expect(String(data)).toBe('still open')
    expect(log).toEqual([])
    await endPair(pair)
    await settled()
    expect(log).toEqual(['close'])
  })

  test('NS-15 after close connections are refused', async () => {
    const server = net.createServer()
    const port = await listening(server, 0, v4)
    server.close()
    const [error] = await once(client.connect(port, v4), 'error')
    expect(error.code).toBe('ECONNREFUSED')
  })

  test('NS-15 closing what is not open', async () => {
    const server = net.createServer()
    const log = logged(server, ['close'])
    const error = await new Promise<Error | undefined>((resolve) => {
      expect(server.close(resolve)).toBe(server)
    })
    expect(fieldsOf(error)).toMatchObject({
      code: 'ERR_SERVER_NOT_RUNNING',
      message: 'Server is not running.',
    })
    expect(log).toEqual(['close'])
  })

  test('NS-17 asyncDispose', async () => {
    const server = net.createServer()
    await server[Symbol.asyncDispose]()
    await listening(server)
    await server[Symbol.asyncDispose]()
    expect(server.listening).toBe(false)
  })

  test('NS-18 getConnections', async () => {
    const server = net.createServer()
    const port = await listening(server)
    const count = () =>
      new Promise<number>((resolve, reject) => {
        const result = server.getConnections((error, number) => (error ? reject(error) : resolve(number)))
        expect(result).toBe(server)
      })
    expect(await count()).toBe(0)
    const sockets = [client.connect(port, v4), client.connect(port, v4)]
    await until(() => (server as unknown as { _connections: number })._connections === 2, 'two connections')
    expect(await count()).toBe(2)
    for (const socket of sockets) socket.destroy()
    await closed(server)
    expect(await count()).toBe(0)
  })

  test('NS-21, NS-22 maxConnections and drop', async () => {
    const server = net.createServer()
    server.maxConnections = 1
    const port = await listening(server, 0, v4)
    const first = client.connect(port, v4)
    await once(server, 'connection')
    const dropped = once(server, 'drop')
    const second = client.connect(port, v4)
    const log = logged(second, ['connect', 'end', 'close', 'error'])
    second.resume()
    const [argument] = await dropped
    await once(second, 'close')
    expect({ ...argument }).toEqual({
      localAddress: v4,
      localPort: port,
      localFamily: 'IPv4',
      remoteAddress: expect.any(String),
      remotePort: expect.any(Number),
      remoteFamily: 'IPv4',
    })
    expect(log).toEqual(['connect', 'end', 'close false'])
    first.destroy()
    await closed(server)
  })

  test('NS-24 ref and unref return the server', () => {
    const server = net.createServer()
    expect(server.unref()).toBe(server)
    expect(server.ref()).toBe(server)
  })

  test('NS-26 an accepted socket', async () => {
    const server = net.createServer()
    const port = await listening(server, 0, v4)
    const log: string[] = []
    const seen = new Promise<Record<string, unknown>>((resolve) => {
      server.on('connection', (socket: Socket) => {
        logged(socket, ['connect', 'ready'], log)
        const { localAddress, localPort, localFamily, remoteFamily, connecting, pending, readyState } = socket
        const owner = (socket as unknown as { server: Server }).server === server
        const ends = { localAddress, localPort, localFamily, remoteFamily, address: socket.address() }
        resolve({ ...ends, connecting, pending, readyState, owner, remotePort: socket.remotePort })
        socket.end()
        socket.resume()
      })
    })
    const here = client.connect(port, v4)
    await once(here, 'connect')
    const herePort = here.localPort
    here.resume()
    await once(here, 'close')
    expect(await seen).toEqual({
      localAddress: v4,
      localPort: port,
      localFamily: 'IPv4',
      remoteFamily: 'IPv4',
      address: { address: v4, family: 'IPv4', port },
      connecting: false,
      pending: false,
      readyState: 'open',
      owner: true,
      remotePort: herePort,
    })
    expect(log).toEqual([])
    await closed(server)
  })

  test('NM-03 pauseOnConnect', async () => {
    const pair = await connectedPair(world, { pauseOnConnect: true })
    const log = logged(pair.there, ['data'])
    pair.here.write('later')
    await settled()
    expect(pair.there.isPaused()).toBe(true)
    expect(pair.there.bytesRead).toBe(0)
    expect(log).toEqual([])
    pair.there.resume()
    await once(pair.there, 'data')
    expect(log).toEqual(['data <5>'])
    await endPair(pair)
  })

  test('NM-05 highWaterMark of accepted sockets', async () => {
    const pair = await connectedPair(world, { highWaterMark: 1234 })
    expect(pair.there.readableHighWaterMark).toBe(1234)
    expect(pair.there.writableHighWaterMark).toBe(1234)
    await endPair(pair)
  })

  test('a rejected connection listener destroys the socket where rejections are captured', async () => {
    const server = net.createServer({ captureRejections: true } as object)
    // Options of EventEmitter are not passed on by Node's server; the symbol is what it has.
    expect(typeof (server as unknown as Record<symbol, unknown>)[Symbol.for('nodejs.rejection')]).toBe(
      'function',
    )
    const pair = await connectedPair(world)
    const failed = once(pair.there, 'error')
    ;(server as unknown as Record<symbol, (...args: unknown[]) => void>)[Symbol.for('nodejs.rejection')](
      new Error('rejected'),
      'connection',
      pair.there,
    )
    const [error] = await failed
    expect(error.message).toBe('rejected')
    await endPair(pair)
  })
})
