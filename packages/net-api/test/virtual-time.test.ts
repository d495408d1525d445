import type { Socket } from 'node:net'
import { createNet } from '@tapwire/net-api'
import {
  createCable,
  formatAddress,
  type IpAddress,
  type LinkDevice,
  SeededRandom,
  Stack,
  TransmitResult,
  VirtualClock,
} from '@tapwire/stack'
import { describe, expect, test } from 'vitest'
import { fieldsOf, logged, pattern, sha256 } from './support/helpers.ts'

/** A device whose wire can be cut without either end noticing. */
function cuttable(device: LinkDevice): { device: LinkDevice; cut(): void } {
  let whole = true
  return {
    device: {
      medium: device.medium,
      mtu: device.mtu,
      capabilities: device.capabilities,
      attach: (sink) => device.attach(sink),
      transmit: (frame) => (whole ? device.transmit(frame) : TransmitResult.Sent),
      flush: () => device.flush(),
      close: () => device.close(),
    },
    cut: () => {
      whole = false
    },
  }
}

/** Two hosts over a cable, in time that moves only when everybody waits. */
function simulated(latency = 0) {
  const clock = new VirtualClock()
  const [a, b] = createCable({ clock, latency })
  const left = new Stack({ clock, random: new SeededRandom(1) })
  const right = new Stack({ clock, random: new SeededRandom(2) })
  const wire = cuttable(a)
  left.addInterface(wire.device, { addresses: ['10.9.0.1/24', 'fd09::1/64'] })
  right.addInterface(b, { addresses: ['10.9.0.2/24', 'fd09::2/64'] })
  return { clock, left, right, server: createNet(left), client: createNet(right), cut: wire.cut }
}

/** A host behind a wire that swallows everything. */
function blackholed() {
  const clock = new VirtualClock()
  const [a, b] = createCable({ clock, medium: 'ip' })
  // A host that is nobody's router drops what is not meant for it.
  new Stack({ clock, random: new SeededRandom(2) }).addInterface(b, { addresses: ['10.9.0.254/24'] })
  const stack = new Stack({ clock, random: new SeededRandom(1) })
  stack.addInterface(a, { addresses: ['10.9.0.1/24'], gateway: '10.9.0.254' })
  return { clock, net: createNet(stack) }
}

const milliseconds = (clock: VirtualClock): number => clock.now() / 1000

describe('sockets in virtual time', () => {
  test('NF-19 timeouts are measured by the clock of the stack', async () => {
    const { clock, server, client } = simulated()
    server.createServer((socket) => socket.resume()).listen(80)
    const here = client.connect(80, '10.9.0.1')
    const log = logged(here, ['connect', 'timeout'])
    expect(await clock.play(() => log.length === 1)).toBe(true)
    here.setTimeout(60_000)
    const start = milliseconds(clock)
    expect(await clock.play(() => log.length === 2)).toBe(true)
    expect(log).toEqual(['connect', 'timeout'])
    expect(milliseconds(clock) - start).toBeCloseTo(60_000, 0)
  })

  test('NF-19 activity starts the span again', async () => {
    const { clock, server, client } = simulated()
    let there: Socket | undefined
    server
      .createServer((socket) => {
        there = socket.resume()
      })
      .listen(80)
    const here = client.connect(80, '10.9.0.1').resume()
    let expired = -1
    await clock.play(() => there !== undefined)
    here.setTimeout(1000, () => {
      expired = milliseconds(clock)
    })
    const start = milliseconds(clock)
    clock.alarm(() => there?.write('data')).set(clock.now() + 700_000)
    clock.alarm(() => here.write('data')).set(clock.now() + 1_500_000)
    expect(await clock.play(() => expired >= 0)).toBe(true)
    expect(expired - start).toBeGreaterThanOrEqual(2500)
    expect(expired - start).toBeLessThan(2600)
  })

  test('a transfer takes the time of the wire, whatever the applications do in between', async () => {
    const { clock, server, client } = simulated(50)
    const bytes = pattern(300_000)
    server.createServer((socket) => socket.end(bytes)).listen(80)
    const chunks: Buffer[] = []
    let ended = false
    client
      .connect(80, '10.9.0.1')
      .on('data', async (chunk: Buffer) => {
        await Promise.resolve()
        chunks.push(chunk)
      })
      .on('end', () => {
        ended = true
      })
    expect(await clock.play(() => ended)).toBe(true)
    expect(sha256(Buffer.concat(chunks))).toBe(sha256(bytes))
    expect(milliseconds(clock)).toBeGreaterThan(200)
    expect(milliseconds(clock)).toBeLessThan(2000)
  })

  test('link-local addresses name their interface', async () => {
    const { clock, server, client, left, right } = simulated()
    const own = left.interfaces[1].addresses.find((entry) => entry.address.isLinkLocal)
    const address = formatAddress(own?.address as IpAddress)
    const peers: (string | undefined)[] = []
    const listener = server.createServer((socket) => peers.push(socket.remoteAddress))
    listener.listen(80, `${address}%${left.interfaces[1].name}`)
    await clock.play(() => listener.listening)
    expect(listener.address()).toEqual({
      address: `${address}%${left.interfaces[1].name}`,
      family: 'IPv6',
      port: 80,
    })
    const here = client.connect(80, `${address}%${right.interfaces[1].name}`)
    expect(await clock.play(() => peers.length > 0 && !here.connecting)).toBe(true)
    expect(here.remoteAddress).toBe(`${address}%${right.interfaces[1].name}`)
    expect(peers[0]).toMatch(/^fe80::.*%eth/)
    const lost = logged(client.connect(80, `${address}%nowhere`), ['error'])
    await clock.play(() => lost.length > 0)
    expect(lost).toEqual(['error EINVAL'])
  })

  test('two runs give the same log', async () => {
    const run = async (): Promise<string[]> => {
      const { clock, server, client } = simulated(5)
      const log: string[] = []
      const note = (line: string) => log.push(`${milliseconds(clock)} ${line}`)
      server
        .createServer((socket) => {
          note(`connection ${socket.remotePort}`)
          socket.on('data', (chunk: Buffer) => {
            note(`server data ${chunk.length}`)
            socket.write(chunk)
          })
          socket.on('end', () => note('server end'))
        })
        .listen(80)
      let over = 0
      for (let i = 0; i < 5; i++) {
        const socket = client.connect(80, i % 2 === 0 ? '10.9.0.1' : 'fd09::1')
        socket.on('connect', () => note(`connect ${socket.localPort}`))
        socket.on('data', (chunk: Buffer) => note(`client data ${chunk.length}`))
        socket.on('close', () => {
          note('client close')
          over++
        })
        socket.write(pattern(10_000 * (i + 1)))
        socket.end()
      }
      await clock.play(() => over === 5)
      return log
    }
    const first = await run()
    expect(first.length).toBeGreaterThan(20)
    expect(await run()).toEqual(first)
  })

  test('NK-18, NE-02 nobody answers: ETIMEDOUT', async () => {
    const { clock, net } = blackholed()
    const here = net.connect(80, '192.0.2.1')
    let error: unknown
    here.on('error', (failure) => {
      error = failure
    })
    expect(await clock.play(() => error !== undefined)).toBe(true)
    expect(fieldsOf(error)).toEqual({
      name: 'Error',
      constructor: 'Error',
      message: 'connect ETIMEDOUT 192.0.2.1:80',
      errno: -110,
      code: 'ETIMEDOUT',
      syscall: 'connect',
      address: '192.0.2.1',
      port: 80,
    })
    expect(milliseconds(clock)).toBeGreaterThan(20_000)
  })

  test('NK-18, NE-03 no route: ENETUNREACH at once', async () => {
    const { clock, client } = simulated()
    const here = client.connect(80, '198.51.100.1')
    const log = logged(here, ['connectionAttempt', 'connectionAttemptFailed', 'close'])
    let error: unknown
    here.on('error', (failure) => {
      error = failure
    })
    await clock.play(() => log.includes('close true'))
    expect(fieldsOf(error)).toEqual({
      name: 'Error',
      constructor: 'Error',
      message: 'connect ENETUNREACH 198.51.100.1:80 - Local (0.0.0.0:0)',
      errno: -101,
      code: 'ENETUNREACH',
      syscall: 'connect',
      address: '198.51.100.1',
      port: 80,
    })
    expect(milliseconds(clock)).toBeLessThan(100)
    expect(log).toEqual(['connectionAttempt 198.51.100.1 80 4', 'close true'])
  })

  test('NK-18, NE-04 a neighbour that does not answer: EHOSTUNREACH', async () => {
    for (const host of ['10.9.0.77', 'fd09::77']) {
      const { clock, client } = simulated()
      let error: unknown
      client.connect(80, host).on('error', (failure) => {
        error = failure
      })
      expect(await clock.play(() => error !== undefined)).toBe(true)
      expect(fieldsOf(error)).toMatchObject({
        message: `connect EHOSTUNREACH ${host}:80`,
        errno: -113,
        code: 'EHOSTUNREACH',
        syscall: 'connect',
        address: host,
        port: 80,
      })
    }
  })

  test('NK-10, NK-15, DUAL-01 an address that does not answer has 250 ms', async () => {
    const { clock, server, client } = simulated()
    server.createServer((socket) => socket.resume()).listen(80)
    const here = client.connect({
      port: 80,
      host: 'two.example',
      lookup: (_name, _options, callback) =>
        callback(null, [
          { address: 'fd09::77', family: 6 },
          { address: '10.9.0.1', family: 4 },
        ]),
    })
    const log = logged(here, ['connectionAttempt', 'connectionAttemptTimeout', 'connect', 'error'])
    expect(await clock.play(() => log.includes('connect'))).toBe(true)
    expect(log).toEqual([
      'connectionAttemptTimeout fd09::77 80 6',
      'connectionAttempt 10.9.0.1 80 4',
      'connect',
    ])
    expect(here.autoSelectFamilyAttemptedAddresses).toEqual(['fd09::77:80', '10.9.0.1:80'])
    expect(milliseconds(clock)).toBeGreaterThanOrEqual(250)
    expect(milliseconds(clock)).toBeLessThan(400)
  })

  test('NK-11 all of them silent: an AggregateError', async () => {
    const { clock, net } = blackholed()
    let error: AggregateError & { code?: string } = new AggregateError([])
    net
      .connect({
        port: 80,
        host: 'two.example',
        lookup: (_name, _options, callback) =>
          callback(null, [
            { address: '192.0.2.1', family: 4 },
            { address: '192.0.2.2', family: 4 },
          ]),
      })
      .on('error', (failure) => {
        error = failure as AggregateError
      })
    expect(await clock.play(() => error.code !== undefined)).toBe(true)
    expect(error.code).toBe('ETIMEDOUT')
    expect(error.errors.map((each) => each.message)).toEqual([
      'connect ETIMEDOUT 192.0.2.1:80',
      'connect ETIMEDOUT 192.0.2.2:80',
    ])
  })

  test('NE-06 data that is never acknowledged: ETIMEDOUT', async () => {
    const { clock, server, client, cut } = simulated()
    server.createServer((socket) => socket.resume()).listen(80)
    const here = client.connect(80, '10.9.0.1')
    const log = logged(here, ['connect', 'error', 'close'])
    await clock.play(() => log.includes('connect'))
    cut()
    here.resume()
    here.write('anybody?')
    expect(await clock.play(() => log.includes('close true'), 24 * 3_600_000)).toBe(true)
    expect(log[1]).toBe('error ETIMEDOUT')
    expect(milliseconds(clock)).toBeGreaterThan(100_000)
  })

  test('NF-22, NE-06 keepalive finds that the other side has gone', async () => {
    const { clock, server, client, cut } = simulated()
    server.createServer((socket) => socket.on('error', () => {}).resume()).listen(80)
    const here = client.connect({ port: 80, host: '10.9.0.1', keepAlive: true, keepAliveInitialDelay: 5000 })
    const log = logged(here, ['connect', 'error', 'close'])
    await clock.play(() => log.includes('connect'))
    here.resume()
    expect(await clock.play(() => log.length > 1, 600_000)).toBe(false)
    const start = milliseconds(clock)
    cut()
    expect(await clock.play(() => log.includes('close true'), 600_000)).toBe(true)
    expect(log[1]).toBe('error ETIMEDOUT')
    // Five seconds of silence, then ten probes a second apart.
    expect(milliseconds(clock) - start).toBeLessThan(16_000)
  })

  test('NF-02 a paused reader closes the window of the peer', async () => {
    const { clock, server, client } = simulated()
    let there: Socket | undefined
    server
      .createServer({ pauseOnConnect: true }, (socket) => {
        there = socket
      })
      .listen(80)
    const here = client.connect(80, '10.9.0.1')
    let sent = 0
    here.write(pattern(64 * 1024 * 1024), () => sent++)
    expect(await clock.play(() => sent > 0, 60_000)).toBe(false)
    expect(there?.bytesRead).toBe(0)
    let received = 0
    there?.on('data', (chunk: Buffer) => {
      received += chunk.length
    })
    there?.resume()
    expect(await clock.play(() => received === 64 * 1024 * 1024)).toBe(true)
    expect(sent).toBe(1)
  })
})

describe('a stack that is closed', () => {
  test('takes its servers and sockets with it', async () => {
    const stack = new Stack()
    const net = createNet(stack)
    const server = net.createServer()
    const log = logged(server, ['close'], [], 'server ')
    server.listen(0)
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve))
    const here = net.connect(port, '127.0.0.1').resume()
    const there = (await accepted).resume()
    logged(here, ['error', 'close'], log, 'here ')
    logged(there, ['error', 'close'], log, 'there ')
    await stack.close()
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
    expect(server.listening).toBe(false)
    expect(log.filter((line) => line.includes('close')).toSorted()).toEqual([
      'here close true',
      'server close',
      'there close true',
    ])
  })
})
