import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { afterAll, describe, expect, test } from 'vitest'
import { closed, connectedPair, endPair, gone, logged, settled, until } from '../support/helpers.ts'
import { worlds } from '../support/worlds.ts'

afterAll(async () => {
  for (const world of worlds) await world.close()
})

describe.each(worlds)('$name: data', (world) => {
  const { server: net, client, v4 } = world

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
