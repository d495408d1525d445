import * as nodeNet from 'node:net'
import { afterAll, describe, expect, test } from 'vitest'
import { thrownBy } from './support/helpers.ts'
import { worlds } from './support/worlds.ts'

afterAll(async () => {
  for (const world of worlds) await world.close()
})

/** What Node itself throws is what is expected. */
const asNode = (call: (net: typeof nodeNet) => unknown) => thrownBy(() => call(nodeNet))

describe.each(worlds)('$name: module', ({ client: net }) => {
  test('has every name that node:net documents', () => {
    // NM-15: `BoundSocket` came with Node 24.19.
    const late = ['BoundSocket', 'default']
    const names = Object.keys(nodeNet).filter((name) => !name.startsWith('_') && !late.includes(name))
    const kinds = (of: object) =>
      names.map((name) => `${name} ${typeof (of as Record<string, unknown>)[name]}`)
    expect(kinds(net)).toEqual(kinds(nodeNet))
  })

  test.each([5, true, 'text'])('NM-01 createServer(%s) throws', (value) => {
    const call = (which: typeof nodeNet) => which.createServer(value as never)
    expect(thrownBy(() => call(net))).toEqual(asNode(call))
  })

  test('NM-01 the listener is added for connection, with options or without', () => {
    const listener = () => {}
    expect(net.createServer(listener).listeners('connection')).toEqual([listener])
    expect(net.createServer({}, listener).listeners('connection')).toEqual([listener])
    expect(net.createServer(null as never, listener).listeners('connection')).toEqual([listener])
  })

  test('NM-05 highWaterMark of servers is checked', () => {
    const call = (which: typeof nodeNet) => which.createServer({ highWaterMark: 'much' } as never)
    expect(thrownBy(() => call(net))).toEqual(asNode(call))
  })

  test('NM-04 keepAliveInitialDelay is checked', () => {
    const forServer = (which: typeof nodeNet) => which.createServer({ keepAliveInitialDelay: '1' } as never)
    const forSocket = (which: typeof nodeNet) => new which.Socket({ keepAliveInitialDelay: '1' } as never)
    expect(thrownBy(() => forServer(net))).toEqual(asNode(forServer))
    expect(thrownBy(() => forSocket(net))).toEqual(asNode(forSocket))
  })

  test('NM-07 connect and createConnection are the same function', () => {
    expect(net.connect).toBe(net.createConnection)
  })

  test.each([{}, { host: 'localhost' }, { port: undefined }])(
    'NM-08 connect(%j) lacks its target',
    (options) => {
      const call = (which: typeof nodeNet) => which.connect(options as never)
      expect(thrownBy(() => call(net))).toEqual(asNode(call))
    },
  )

  test.each([-1, 65_536, 1.5, Number.NaN, '', ' ', '65536', '0x10000'])(
    'NM-09 port %j is out of range',
    (port) => {
      const call = (which: typeof nodeNet) => which.connect({ port } as never)
      expect(thrownBy(() => call(net))).toEqual(asNode(call))
    },
  )

  test.each([true, null, {}, []])('NM-09 port %j has the wrong type', (port) => {
    const call = (which: typeof nodeNet) => which.connect({ port } as never)
    expect(thrownBy(() => call(net))).toEqual(asNode(call))
  })

  test('NM-10 isIP', () => {
    const table = {
      '1.2.3.4': 4,
      '::1': 6,
      '01.2.3.4': 0,
      '1.2.3': 0,
      '::ffff:1.2.3.4': 6,
      'fe80::1%eth0': 6,
      '1.2.3.4/8': 0,
      '': 0,
    }
    for (const [text, family] of Object.entries(table)) {
      expect(net.isIP(text), text).toBe(family)
      expect(net.isIPv4(text), text).toBe(family === 4)
      expect(net.isIPv6(text), text).toBe(family === 6)
    }
  })

  test('NM-11 getDefaultAutoSelectFamily', () => {
    expect(net.getDefaultAutoSelectFamily()).toBe(true)
    net.setDefaultAutoSelectFamily(false)
    expect(net.getDefaultAutoSelectFamily()).toBe(false)
    net.setDefaultAutoSelectFamily(true)
    const call = (which: typeof nodeNet) => which.setDefaultAutoSelectFamily(1 as never)
    expect(thrownBy(() => call(net))).toEqual(asNode(call))
  })

  test('NM-12 getDefaultAutoSelectFamilyAttemptTimeout', () => {
    const initial = nodeNet.getDefaultAutoSelectFamilyAttemptTimeout()
    expect(net.getDefaultAutoSelectFamilyAttemptTimeout()).toBe(initial)
    net.setDefaultAutoSelectFamilyAttemptTimeout(5)
    expect(net.getDefaultAutoSelectFamilyAttemptTimeout()).toBe(10)
    net.setDefaultAutoSelectFamilyAttemptTimeout(initial)
    for (const value of [0, -1, 1.5, 2 ** 31, '5']) {
      const call = (which: typeof nodeNet) => which.setDefaultAutoSelectFamilyAttemptTimeout(value as never)
      expect(
        thrownBy(() => call(net)),
        String(value),
      ).toEqual(asNode(call))
    }
  })

  test('NM-13 Stream is Socket', () => {
    expect((net as unknown as { Stream: unknown }).Stream).toBe(net.Socket)
  })

  test('NM-14 Socket and Server work without new, by call and as a base class', () => {
    const call = net.Socket as unknown as (this: unknown, options?: object) => nodeNet.Socket
    expect(call()).toBeInstanceOf(net.Socket)
    expect((net.Server as unknown as () => nodeNet.Server)()).toBeInstanceOf(net.Server)
    class Derived extends net.Socket {
      readonly own = true
    }
    expect(new Derived()).toBeInstanceOf(net.Socket)
    expect(new Derived().own).toBe(true)
    function Old(this: object) {
      call.call(this)
    }
    Object.setPrototypeOf(Old.prototype, net.Socket.prototype)
    const old = new (Old as unknown as new () => nodeNet.Socket)()
    expect(old.pending).toBe(true)
    expect(net.Socket.name).toBe('Socket')
    expect(net.Server.name).toBe('Server')
  })

  test.each(['objectMode', 'readableObjectMode', 'writableObjectMode'])('NK-01 %s is refused', (name) => {
    const call = (which: typeof nodeNet) => new which.Socket({ [name]: true } as never)
    expect(thrownBy(() => call(net))).toEqual(asNode(call))
  })

  test('NK-02 a fresh socket', () => {
    const socket = new net.Socket()
    const { connecting, pending, readyState, bytesRead, bytesWritten, timeout, destroyed, bufferSize } =
      socket
    expect({
      connecting,
      pending,
      readyState,
      bytesRead,
      bytesWritten,
      timeout,
      destroyed,
      bufferSize,
    }).toEqual({
      connecting: false,
      pending: true,
      readyState: 'open',
      bytesRead: 0,
      bytesWritten: 0,
      timeout: undefined,
      destroyed: false,
      bufferSize: undefined,
    })
    expect(socket.address()).toEqual({})
    expect((socket as unknown as { server: unknown }).server).toBeNull()
    expect(socket.readableHighWaterMark).toBe(new nodeNet.Socket().readableHighWaterMark)
    for (const name of [
      'localAddress',
      'localPort',
      'localFamily',
      'remoteAddress',
      'remotePort',
      'remoteFamily',
    ]) {
      expect(socket[name as keyof typeof socket], name).toBeUndefined()
    }
  })

  test('NK-06 wrong arguments of connect are thrown', () => {
    const wrong = [
      { port: 1, localAddress: 'here' },
      { port: 1, localPort: '80' },
      { port: 1, host: 'name.invalid', lookup: 'none' },
      { port: 1, autoSelectFamily: 1 },
      { port: 1, autoSelectFamilyAttemptTimeout: 0 },
      { port: 1, autoSelectFamilyAttemptTimeout: '10' },
    ]
    for (const options of wrong) {
      const call = (which: typeof nodeNet) => new which.Socket().connect(options as never)
      expect(
        thrownBy(() => call(net)),
        JSON.stringify(options),
      ).toEqual(asNode(call))
    }
  })

  test('NF-19 setTimeout checks its arguments', () => {
    for (const args of [[-1], [Number.NaN], [Number.POSITIVE_INFINITY], ['5'], [5, 'callback'], [0, null]]) {
      const call = (which: typeof nodeNet) => new which.Socket().setTimeout(...(args as [number]))
      expect(
        thrownBy(() => call(net)),
        String(args),
      ).toEqual(asNode(call))
    }
  })

  test('NS-02 listen without a target throws', () => {
    for (const options of [{}, { host: '127.0.0.1' }, { path: undefined }, { port: true }]) {
      const call = (which: typeof nodeNet) => which.createServer().listen(options as never)
      expect(
        thrownBy(() => call(net)),
        JSON.stringify(options),
      ).toEqual(asNode(call))
    }
  })

  test.each([-1, 65_536, 1.5])('NS-02 listen(%s) is out of range', (port) => {
    const call = (which: typeof nodeNet) => which.createServer().listen(port)
    const withOptions = (which: typeof nodeNet) => which.createServer().listen({ port })
    expect(thrownBy(() => call(net))).toEqual(asNode(call))
    expect(thrownBy(() => withOptions(net))).toEqual(asNode(withOptions))
  })

  test('NB-01 BlockList and SocketAddress are those of Node', () => {
    expect(net.BlockList).toBe(nodeNet.BlockList)
    expect(net.SocketAddress).toBe(nodeNet.SocketAddress)
  })
})
