import { once } from 'node:events'
import type { LookupFunction, Server, Socket } from 'node:net'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { closed, fieldsOf, gone, listening, logged, settled, until } from './support/helpers.ts'
import { worlds } from './support/worlds.ts'

afterAll(async () => {
  for (const world of worlds) await world.close()
})

describe.each(worlds)('$name: connect', (world) => {
  const { server: net, client, v4, v6 } = world
  let server: Server
  let port: number
  const accepted: Socket[] = []

  beforeEach(async () => {
    server = net.createServer((socket) => {
      accepted.push(socket)
      socket.on('error', () => {})
      socket.resume()
    })
    port = await listening(server)
  })

  afterEach(async () => {
    for (const socket of accepted.splice(0)) socket.destroy()
    await closed(server)
  })

  /** A port that nobody listens on. */
  async function freePort(): Promise<number> {
    const other = net.createServer()
    const free = await listening(other, 0, v4)
    await closed(other)
    return free
  }

  const answer =
    (...addresses: string[]): LookupFunction =>
    (_name, options, callback) => {
      const found = addresses.map((address) => ({ address, family: client.isIP(address) }))
      if (options.all) setImmediate(callback, null, found)
      else setImmediate(callback, null, found[0].address, found[0].family)
    }

  test('NM-07, NK-04 every form of connect', async () => {
    const forms: unknown[][] = [
      [port, v4],
      [String(port), v4],
      [{ port, host: v4 }],
      [{ port: String(port), host: v6 }],
      [{ port, host: v4, family: 4, noDelay: true, keepAlive: true, keepAliveInitialDelay: 2000 }],
    ]
    for (const form of forms) {
      let here: Socket | undefined
      await new Promise<void>((resolve) => {
        here = (client.connect as (...args: unknown[]) => Socket)(...form, resolve)
      })
      expect(here?.remotePort).toBe(port)
      here?.destroy()
      const socket = new client.Socket()
      const connected = once(socket, 'connect')
      expect((socket.connect as (...args: unknown[]) => Socket).apply(socket, form)).toBe(socket)
      await connected
      socket.destroy()
    }
  })

  test('NK-05 right after connect', async () => {
    const here = client.connect(port, v4)
    expect([here.connecting, here.pending, here.readyState]).toEqual([true, true, 'opening'])
    expect([here.localAddress, here.remoteAddress, here.address()]).toEqual([undefined, undefined, {}])
    await once(here, 'connect')
    expect([here.connecting, here.pending, here.readyState]).toEqual([false, false, 'open'])
    here.destroy()
    expect([here.connecting, here.pending, here.readyState]).toEqual([false, true, 'closed'])
    await gone(here)
  })

  test('NF-24, NF-25, NF-26 addresses while open and after', async () => {
    for (const [host, family] of [
      [v4, 'IPv4'],
      [v6, 'IPv6'],
    ]) {
      const here = client.connect(port, host)
      await once(here, 'connect')
      expect(here.remoteAddress).toBe(host)
      expect([here.remotePort, here.remoteFamily, here.localFamily]).toEqual([port, family, family])
      expect(here.address()).toEqual({ address: here.localAddress, family, port: here.localPort })
      expect(here.localPort).toBeGreaterThan(0)
      here.destroy()
      expect([here.remoteAddress, here.remotePort, here.remoteFamily]).toEqual([host, port, family])
      expect([here.localAddress, here.localPort, here.address()]).toEqual([undefined, undefined, {}])
      await gone(here)
      const unread = client.connect(port, host)
      await once(unread, 'connect')
      unread.destroy()
      expect(unread.remoteAddress).toBeUndefined()
      await gone(unread)
    }
  })

  test('NK-07, NK-13, NK-16 order of success, without a lookup for an address', async () => {
    const here = client.connect(port, v4)
    const log = logged(here, ['lookup', 'connectionAttempt', 'connect', 'ready', 'data', 'end', 'close'])
    await once(here, 'ready')
    here.end()
    await gone(here)
    expect(log).toEqual([`connectionAttempt ${v4} ${port} 4`, 'connect', 'ready', 'end', 'close false'])
  })

  test('NK-07 a name is looked up', async () => {
    let asked: unknown[] = []
    const lookup: LookupFunction = (name, options, callback) => {
      asked = [name, options.family, options.all]
      setImmediate(callback, null, v4, 4)
    }
    const here = client.connect({ port, host: 'server.example', family: 4, lookup })
    const log = logged(here, ['lookup', 'connectionAttempt', 'connect'])
    await once(here, 'connect')
    expect(asked).toEqual(['server.example', 4, undefined])
    expect(log).toEqual([
      `lookup null ${v4} 4 server.example`,
      `connectionAttempt ${v4} ${port} 4`,
      'connect',
    ])
    here.destroy()
    await gone(here)
  })

  test('NK-08 a lookup that fails', async () => {
    const failure = Object.assign(new Error('getaddrinfo ENOTFOUND no.example'), {
      errno: -3008,
      code: 'ENOTFOUND',
      syscall: 'getaddrinfo',
      hostname: 'no.example',
    })
    const lookup: LookupFunction = (_name, _options, callback) => setImmediate(callback, failure, '', 0)
    for (const family of [0, 4]) {
      const here = client.connect({ port, host: 'no.example', family, lookup })
      const log = logged(here, ['lookup', 'connectionAttempt', 'connect', 'error', 'close'])
      await gone(here)
      expect(log.map((line) => line.split(' ')[0])).toEqual(['lookup', 'error', 'close'])
      expect(log.slice(1)).toEqual(['error ENOTFOUND', 'close true'])
    }
  })

  test('NK-09 a lookup that answers nonsense', async () => {
    const wrongAddress: LookupFunction = (_name, _options, callback) => callback(null, 'nowhere', 4)
    const wrongFamily: LookupFunction = (_name, _options, callback) => callback(null, v4, 5)
    const [address] = await once(
      client.connect({ port, host: 'x.example', family: 4, lookup: wrongAddress }),
      'error',
    )
    expect(fieldsOf(address)).toMatchObject({
      name: 'TypeError',
      code: 'ERR_INVALID_IP_ADDRESS',
      message: 'Invalid IP address: nowhere',
    })
    const [family] = await once(
      client.connect({ port, host: 'x.example', family: 4, lookup: wrongFamily }),
      'error',
    )
    expect(fieldsOf(family)).toMatchObject({
      name: 'RangeError',
      code: 'ERR_INVALID_ADDRESS_FAMILY',
      message: `Invalid address family: 5 x.example:${port}`,
      host: 'x.example',
      port,
    })
  })

  test('NK-03 localhost is this host', async () => {
    const own = client.createServer((socket) => socket.resume())
    const here = client.connect(await listening(own))
    await once(here, 'connect')
    expect(['127.0.0.1', '::1']).toContain(here.remoteAddress)
    here.end().resume()
    await gone(here)
    await closed(own)
  })

  test('NK-10, NK-12 one address of a name: plain connect', async () => {
    const here = client.connect({ port, host: 'one.example', lookup: answer(v4) })
    await once(here, 'connect')
    expect(here.autoSelectFamilyAttemptedAddresses).toBeUndefined()
    here.destroy()
    await gone(here)
  })

  test('NK-10, NK-12, NK-14 the next address where one refuses', async () => {
    const only4 = net.createServer((socket) => socket.end())
    const port4 = await listening(only4, 0, v4)
    const here = client.connect({ port: port4, host: 'two.example', lookup: answer(v6, v4) })
    const log = logged(here, ['connectionAttempt', 'connectionAttemptFailed', 'connect', 'error'])
    await once(here, 'connect')
    expect(here.autoSelectFamilyAttemptedAddresses).toEqual([`${v6}:${port4}`, `${v4}:${port4}`])
    expect(here.remoteAddress).toBe(v4)
    expect(log).toEqual([
      `connectionAttempt ${v6} ${port4} 6`,
      `connectionAttemptFailed ${v6} ${port4} 6 ECONNREFUSED`,
      `connectionAttempt ${v4} ${port4} 4`,
      'connect',
    ])
    here.destroy()
    await gone(here)
    await closed(only4)
  })

  test('NK-11 all addresses refuse', async () => {
    const free = await freePort()
    const here = client.connect({ port: free, host: 'two.example', lookup: answer(v4, v6) })
    const log = logged(here, ['error', 'close'])
    const [error] = await once(here, 'error')
    await gone(here)
    expect(error).toBeInstanceOf(AggregateError)
    expect(fieldsOf(error)).toEqual({
      name: 'AggregateError',
      constructor: 'AggregateError',
      message: '',
      code: 'ECONNREFUSED',
    })
    expect(error.errors.map((each: Error) => each.message)).toEqual([
      `connect ECONNREFUSED ${v4}:${free}`,
      `connect ECONNREFUSED ${v6}:${free}`,
    ])
    expect(log).toEqual(['error ECONNREFUSED', 'close true'])
  })

  test('NK-14, NK-17, NE-01 refused', async () => {
    const free = await freePort()
    for (const host of [v4, v6]) {
      const here = client.connect(free, host)
      const log = logged(here, [
        'connectionAttempt',
        'connectionAttemptFailed',
        'connect',
        'end',
        'error',
        'close',
      ])
      const [error] = await once(here, 'error')
      expect(fieldsOf(error)).toEqual({
        name: 'Error',
        constructor: 'Error',
        message: `connect ECONNREFUSED ${host}:${free}`,
        errno: -111,
        code: 'ECONNREFUSED',
        syscall: 'connect',
        address: host,
        port: free,
      })
      await gone(here)
      const family = host === v4 ? 4 : 6
      expect(log).toEqual([
        `connectionAttempt ${host} ${free} ${family}`,
        `connectionAttemptFailed ${host} ${free} ${family} ECONNREFUSED`,
        'error ECONNREFUSED',
        'close true',
      ])
      expect(here.destroyed).toBe(true)
    }
  })

  test('NK-19, NE-09 a local address that is not ours', async () => {
    const here = client.connect({ port, host: v4, localAddress: world.foreign4 })
    const log = logged(here, ['connectionAttempt', 'connect', 'close'])
    const [error] = await once(here, 'error')
    expect(fieldsOf(error)).toEqual({
      name: 'Error',
      constructor: 'Error',
      message: `bind EADDRNOTAVAIL ${world.foreign4}`,
      errno: -99,
      code: 'EADDRNOTAVAIL',
      syscall: 'bind',
      address: world.foreign4,
    })
    await gone(here)
    expect(log).toEqual(['close true'])
  })

  test('NK-03 localPort is used', async () => {
    const wanted = await freePort()
    const here = client.connect({ port, host: v4, localPort: wanted })
    await once(here, 'connect')
    expect(here.localPort).toBe(wanted)
    here.resetAndDestroy()
    await gone(here)
  })

  test('NK-20, NF-27 written before connect', async () => {
    const received = new Promise<string>((resolve) => {
      server.once('connection', (socket: Socket) => {
        let text = ''
        socket.on('data', (chunk) => {
          text += chunk
        })
        socket.on('end', () => resolve(text))
      })
    })
    const here = client.connect(port, v4)
    const log = logged(here, ['connect', 'drain', 'finish', 'close'])
    here.write('first', () => log.push('first sent'))
    here.write('zwölf ')
    here.write('6b65726e', 'hex')
    expect(here.bytesWritten).toBe(5 + 7 + 4)
    here.end('!')
    expect(here.bytesWritten).toBe(17)
    expect(await received).toBe('firstzwölf kern!')
    await gone(here)
    expect(here.bytesWritten).toBe(17)
    expect(log).toEqual(['connect', 'first sent', 'finish', 'close false'])
  })

  test('NK-21 destroy while connecting', async () => {
    for (const wait of [false, true]) {
      const here = client.connect(port, v4)
      const log = logged(here, ['connect', 'error', 'end', 'close'])
      if (wait) await new Promise((resolve) => process.nextTick(resolve))
      here.destroy()
      await gone(here)
      await settled()
      expect(log).toEqual(['close false'])
    }
  })

  test('NK-21 a write that never got out fails with the socket', async () => {
    const here = client.connect(port, v4)
    const log = logged(here, ['error', 'close'])
    here.write('lost', (error) => log.push(`write ${(error as NodeJS.ErrnoException)?.code}`))
    here.write('lost, too', (error) => log.push(`second ${(error as NodeJS.ErrnoException)?.code}`))
    here.destroy()
    await gone(here)
    await settled()
    expect(log.toSorted()).toEqual([
      'close false',
      'second ERR_SOCKET_CLOSED_BEFORE_CONNECTION',
      'write ERR_SOCKET_CLOSED_BEFORE_CONNECTION',
    ])
  })

  test('NK-22 one socket for two connections', async () => {
    const here = new client.Socket()
    const log = logged(here, ['connect', 'end', 'finish', 'close', 'error'])
    for (let round = 0; round < 3; round++) {
      here.connect(port, v4)
      expect(here.destroyed).toBe(false)
      await once(here, 'connect')
      expect(here.remotePort).toBe(port)
      here.resume()
      here.end('again')
      await gone(here)
    }
    expect(log).toEqual(Array(3).fill(['connect', 'finish', 'end', 'close false']).flat())
  })

  test('NK-22 connect while connecting fails, and leaves no connection behind', async () => {
    const here = client.connect(port, v4)
    const log = logged(here, ['connect', 'close'])
    const failed = once(here, 'error')
    here.connect(port, v4)
    const [error] = await failed
    expect(error).toMatchObject({ code: 'EALREADY', syscall: 'connect', address: v4, port })
    await gone(here)
    await until(() => accepted.every((socket) => socket.destroyed), 'the end of what may have been accepted')
    expect(log).toEqual(['close true'])
  })

  test('NK-23 a signal', async () => {
    const controller = new AbortController()
    const here = client.connect({ port, host: v4, signal: controller.signal } as never)
    const log = logged(here, ['connect', 'error', 'close'])
    await once(here, 'connect')
    controller.abort()
    const [error] = await once(here, 'error')
    expect(fieldsOf(error)).toMatchObject({
      name: 'AbortError',
      code: 'ABORT_ERR',
      message: 'The operation was aborted',
    })
    await gone(here)
    expect(log).toEqual(['connect', 'error ABORT_ERR', 'close true'])
    const fresh = new client.Socket({ signal: AbortSignal.abort() })
    const freshLog = logged(fresh, ['error', 'close'])
    await gone(fresh)
    expect(freshLog).toEqual(['error ABORT_ERR', 'close'])
  })

  test('NK-25 a write on a socket that never connects', async () => {
    const here = new client.Socket()
    const log = logged(here, ['error', 'close'])
    here.write('x', (error) => log.push(`write ${(error as NodeJS.ErrnoException)?.code}`))
    await settled()
    expect(log.filter((line) => line !== 'close').toSorted()).toEqual([
      'error ERR_SOCKET_CLOSED',
      'write ERR_SOCKET_CLOSED',
    ])
  })

  test('NF-16 resetAndDestroy while connecting, and without a connection', async () => {
    const here = client.connect(port, v4)
    const log = logged(here, ['connect', 'error', 'close'])
    expect(here.resetAndDestroy()).toBe(here)
    await gone(here)
    expect(log).toEqual(['connect', 'close false'])
    const fresh = new client.Socket()
    const freshLog = logged(fresh, ['error', 'close'])
    fresh.resetAndDestroy()
    await gone(fresh)
    expect(freshLog).toEqual(['error ERR_SOCKET_CLOSED', 'close'])
  })

  test('NF-20 the timeout option is set before connecting', async () => {
    const here = client.connect({ port, host: v4, timeout: 60_000 })
    expect(here.timeout).toBe(60_000)
    here.destroy()
    await gone(here)
  })

  test('unspecified addresses mean this host', async () => {
    const own = client.createServer((socket) => socket.resume())
    const ownPort = await listening(own)
    for (const host of ['0.0.0.0', '::']) {
      const here = client.connect(ownPort, host)
      await once(here, 'connect')
      expect(here.remoteAddress).toBe(host === '::' ? '::1' : '127.0.0.1')
      here.end().resume()
      await gone(here)
    }
    await closed(own)
  })
})
