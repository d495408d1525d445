import type { Server, Socket } from 'node:net'
import { createNet } from '@tapwire/net-api'
import {
  capture,
  createCable,
  type LinkDevice,
  packets,
  parseAddress,
  pcapng,
  SeededRandom,
  Stack,
  type TcpSettings,
  TransmitResult,
  VirtualClock,
} from '@tapwire/stack'
import { describe, expect, test } from 'vitest'
import { fieldsOf, logged, settled } from './support/helpers.ts'

/** One TCP segment that went over the cable. */
interface Seen {
  readonly from: 'client' | 'server'
  /** Milliseconds. */
  readonly at: number
  readonly flags: string
  readonly length: number
  readonly window: number
  readonly tos: number
}

const CLIENT = '10.9.0.2'
const SERVER = '10.9.0.1'

/** Frames that a device does not send, as long as it says so. */
function filtered(device: LinkDevice): { device: LinkDevice; block(): void } {
  let blocked = false
  return {
    device: {
      medium: device.medium,
      mtu: device.mtu,
      capabilities: device.capabilities,
      attach: (sink) => device.attach(sink),
      transmit: (frame) => (blocked ? TransmitResult.Sent : device.transmit(frame)),
      flush: () => device.flush(),
      close: () => device.close(),
    },
    block: () => {
      blocked = true
    },
  }
}

/** Two hosts over a cable of 10 ms each way, with somebody who listens on it. */
function watched(tcp: TcpSettings = {}) {
  const clock = new VirtualClock()
  const [a, b] = createCable({ clock, latency: 10 })
  const chunks: Uint8Array[] = []
  const tapped = capture(a, (chunk) => chunks.push(Uint8Array.from(chunk)), { clock })
  const wire = filtered(b)
  const left = new Stack({ clock, random: new SeededRandom(1), tcp })
  const right = new Stack({ clock, random: new SeededRandom(2), tcp })
  left.addInterface(tapped, { addresses: [`${SERVER}/24`] })
  right.addInterface(wire.device, { addresses: [`${CLIENT}/24`] })
  const segments = (): Seen[] => {
    tapped.flush()
    return (pcapng.readPcapng(Buffer.concat(chunks))?.packets ?? []).flatMap(({ bytes, time }) => {
      const { ipv4, tcp: segment } = packets.decodeFrame(bytes)
      if (ipv4 === undefined || segment === undefined) return []
      return {
        from: packets.ipText(ipv4.source) === CLIENT ? 'client' : 'server',
        at: time / 1000,
        flags: packets.flagsText(segment.flags),
        length: segment.payload.length,
        window: segment.window,
        tos: ipv4.tos,
      } as Seen
    })
  }
  const play = async (milliseconds: number): Promise<void> => {
    const end = clock.now() + milliseconds * 1000
    let over = false
    clock
      .alarm(() => {
        over = true
      })
      .set(end)
    await clock.play(() => over)
  }
  return {
    clock,
    left,
    right,
    server: createNet(left),
    client: createNet(right),
    segments,
    play,
    block: wire.block,
  }
}

type Watched = ReturnType<typeof watched>

/** A client and what was accepted, and what the cable has carried since. */
async function pair(wires: Watched, options = {}, clientOptions = {}) {
  let accepted: Socket | undefined
  const server: Server = wires.server.createServer(options, (socket) => {
    accepted = socket
  })
  server.listen(80)
  const client = wires.client.connect({ port: 80, host: SERVER, ...clientOptions })
  await wires.clock.play(() => accepted !== undefined && !client.connecting)
  await wires.play(100)
  const before = wires.segments().length
  const since = (): Seen[] => wires.segments().slice(before)
  return { server, client, accepted: accepted as Socket, since }
}

/** How long the segments with data are. */
function dataLengths(seen: readonly Seen[]): number[] {
  return seen.map(({ length }) => length).filter((length) => length > 0)
}

describe('what sockets do on the wire', () => {
  test.each([true, false])(
    'NF-21 setNoDelay(%s): small writes wait for an acknowledgement, or do not',
    async (noDelay) => {
      const wires = watched()
      const { client, accepted, since } = await pair(wires)
      accepted.resume()
      client.setNoDelay(noDelay)
      for (const text of ['a', 'b', 'c']) client.write(text)
      await wires.play(1000)
      const data = since().filter(({ from, length }) => from === 'client' && length > 0)
      expect(data.map(({ length }) => length)).toEqual(noDelay ? [1, 1, 1] : [1, 2])
      const spread = (data.at(-1) as Seen).at - data[0].at
      if (noDelay) expect(spread).toBeLessThan(1)
      else expect(spread).toBeGreaterThan(19)
    },
  )

  test('NF-21, NK-01 noDelay that was asked for before connect', async () => {
    const wires = watched()
    const { client, since } = await pair(wires, {}, { noDelay: true })
    client.write('a')
    client.write('b')
    await wires.play(1000)
    expect(dataLengths(since())).toEqual([1, 1])
  })

  test('NM-04 noDelay of a server holds for what it accepts', async () => {
    const wires = watched()
    const { accepted, since } = await pair(wires, { noDelay: true })
    accepted.write('a')
    accepted.write('b')
    await wires.play(1000)
    expect(dataLengths(since())).toEqual([1, 1])
  })

  test('NF-22 keep-alive probes begin after the delay, in whole seconds, one a second, ten of them', async () => {
    const wires = watched()
    const { client, since } = await pair(wires)
    const log = logged(client, ['error', 'close'])
    const start = wires.clock.now() / 1000
    client.setKeepAlive(true, 5900)
    wires.block()
    await wires.play(30_000)
    // Those that are sent are not seen where nothing goes through.
    expect(log).toEqual(['error ETIMEDOUT', 'close true'])
    const died = wires.clock.now() / 1000 - start
    expect(died).toBeGreaterThanOrEqual(14_000)
    expect(since()).toEqual([])
  })

  test('NF-22, NM-04 probes that are answered, of either side', async () => {
    const wires = watched()
    const { since } = await pair(wires, { keepAlive: true, keepAliveInitialDelay: 3500 })
    await wires.play(10_000)
    const probes = since().filter(({ from }) => from === 'server')
    const answers = since().filter(({ from }) => from === 'client')
    expect(probes.length).toBeGreaterThanOrEqual(3)
    expect(answers.length).toBe(probes.length)
    for (const { length, flags } of probes) expect([length <= 1, flags]).toEqual([true, 'ACK'])
    const gaps = probes.slice(1).map(({ at }, i) => at - probes[i].at)
    for (const gap of gaps) expect(Math.abs(gap - 3020)).toBeLessThan(50)
  })

  test('NF-22 interval and count, as Node 24 takes them', async () => {
    const wires = watched()
    const { client } = await pair(wires)
    const log = logged(client, ['error'])
    const given = { enable: true, initialDelay: 2000, interval: 3000, count: 2 }
    ;(client.setKeepAlive as unknown as (options: object) => void).call(client, given)
    wires.block()
    await wires.play(7000)
    expect(log).toEqual([])
    await wires.play(2000)
    expect(log).toEqual(['error ETIMEDOUT'])
  })

  test('NF-33, NF-03 what was corked leaves as one segment', async () => {
    const wires = watched()
    const { client, accepted, since } = await pair(wires)
    accepted.resume()
    client.setNoDelay()
    client.cork()
    for (const text of ['one ', 'two ', 'three']) client.write(text)
    client.write(Buffer.from('!'))
    client.uncork()
    await wires.play(500)
    expect(dataLengths(since())).toEqual(['one two three!'.length])
  })

  test('NK-20 what was written before connect leaves as one segment', async () => {
    const wires = watched()
    wires.server.createServer((socket) => socket.resume()).listen(80)
    const client = wires.client.connect({ port: 80, host: SERVER, noDelay: true })
    for (const text of ['a', 'b', 'c', 'd']) client.write(text)
    await wires.play(500)
    const data = wires.segments().filter(({ length }) => length > 0)
    // The first goes with the connection, the rest waited behind it.
    expect(data.map(({ length }) => length)).toEqual([1, 3])
  })

  test('NF-02 a reader that pauses closes the window, and opens it again', async () => {
    const wires = watched()
    const { client, accepted, since } = await pair(wires)
    accepted.pause()
    client.write(Buffer.alloc(16 << 20))
    await wires.play(20_000)
    const closed = since()
      .filter(({ from }) => from === 'server')
      .at(-1) as Seen
    expect(closed.window).toBe(0)
    expect(accepted.bytesRead).toBeLessThan(200_000)
    accepted.resume()
    await wires.play(20_000)
    expect(accepted.bytesRead).toBe(16 << 20)
  })

  test('NF-23 the type of service is in the packets: low bits are not the application’s', async () => {
    const wires = watched()
    const { client, accepted, since } = await pair(wires)
    accepted.resume()
    const socket = client as Socket & { setTypeOfService(tos: number): Socket; getTypeOfService(): number }
    expect(socket.setTypeOfService(0xb9)).toBe(client)
    expect(socket.getTypeOfService()).toBe(0xb8)
    client.write('x')
    await wires.play(500)
    const data = since().filter(({ length }) => length > 0)
    expect(data.map(({ tos }) => tos)).toEqual([0xb8])
  })

  test('NF-23, NK-01 a type of service that was asked for before connect', async () => {
    const wires = watched()
    const { client, since } = await pair(wires, {}, { typeOfService: 0x10 })
    client.write('x')
    await wires.play(500)
    expect(
      since()
        .filter(({ length }) => length > 0)
        .map(({ tos }) => tos),
    ).toEqual([0x10])
    for (const [value, code] of [
      [256, 'ERR_OUT_OF_RANGE'],
      [-1, 'ERR_OUT_OF_RANGE'],
      ['1', 'ERR_INVALID_ARG_TYPE'],
      [Number.NaN, 'ERR_INVALID_ARG_TYPE'],
    ]) {
      const socket = new wires.client.Socket() as Socket & { setTypeOfService(tos: unknown): Socket }
      expect(() => socket.setTypeOfService(value)).toThrow(expect.objectContaining({ code }))
    }
  })

  test('NF-14 destroy: FIN when all was read, RST when not', async () => {
    for (const read of [true, false]) {
      const wires = watched()
      const { client, accepted, since } = await pair(wires, { pauseOnConnect: !read })
      if (read) accepted.resume()
      client.on('error', () => {}).write('data')
      await wires.play(100)
      accepted.destroy()
      await wires.play(100)
      const last = since()
        .filter(({ from }) => from === 'server')
        .map(({ flags }) => flags)
      expect(last.some((flags) => flags.includes(read ? 'F' : 'R'))).toBe(true)
    }
  })

  test('NF-16 resetAndDestroy is one RST', async () => {
    const wires = watched()
    const { client, accepted, since } = await pair(wires)
    accepted.on('error', () => {}).resume()
    client.resetAndDestroy()
    await wires.play(1000)
    expect(since().map(({ from, flags }) => `${from} ${flags}`)).toEqual([
      expect.stringMatching(/^client .*R/),
    ])
  })

  test('NK-21 a connection that is destroyed before the answer sends nothing but a RST to it', async () => {
    const wires = watched()
    wires.server.createServer().listen(80)
    const client = wires.client.connect(80, SERVER)
    await wires.clock.play(() => wires.right.tcp.counters.segmentsOut > 0)
    client.destroy()
    await wires.play(1000)
    const flags = wires
      .segments()
      .filter(({ from }) => from === 'client')
      .map((segment) => segment.flags)
    expect(flags.slice(1).every((text) => text.includes('R'))).toBe(true)
  })

  test('NS-27 no connection event before the handshake is done', async () => {
    const wires = watched()
    const server = wires.server.createServer()
    const log = logged(server, ['connection', 'error', 'drop'])
    server.listen(80)
    const client = wires.client.connect(80, SERVER).on('error', () => {})
    await wires.clock.play(() => wires.segments().length > 0)
    // The SYN is there; nothing of the client's arrives after it.
    wires.block()
    await wires.play(5000)
    expect(wires.segments().some(({ from, flags }) => from === 'server' && flags.includes('S'))).toBe(true)
    expect(log).toEqual([])
    client.destroy()
  })

  test('NS-27 a reset right behind the handshake: no connection, or one that fails', async () => {
    const wires = watched()
    const log: string[] = []
    const server = wires.server.createServer((socket) => {
      log.push('connection')
      socket
        .on('error', (error: NodeJS.ErrnoException) => log.push(`${error.syscall} ${error.code}`))
        .resume()
      socket.on('close', () => log.push('close'))
    })
    server.on('error', () => log.push('error')).listen(80)
    const address = parseAddress(SERVER)
    if (address === null) throw new Error('no address')
    wires.right.tcp.connect({ address, port: 80 }, { onConnect: (connection) => connection.abort() })
    await wires.play(5000)
    expect([[], ['connection', 'read ECONNRESET', 'close']]).toContainEqual(log)
    server.close()
  })

  test('NS-06 the backlog bounds the connections that wait; who is left out tries again', async () => {
    const wires = watched()
    const server = wires.server.createServer((socket) => socket.resume())
    server.listen({ port: 80, backlog: 2 })
    const clients = Array.from({ length: 20 }, () => wires.client.connect(80, SERVER))
    expect(await wires.clock.play(() => clients.every(({ connecting }) => !connecting))).toBe(true)
    await settled()
    expect(clients.every(({ readyState }) => readyState === 'open')).toBe(true)
  })

  test('NE-11 no ephemeral port is left: EADDRNOTAVAIL', async () => {
    const wires = watched({ ephemeralPorts: [40_000, 40_002] })
    wires.server.createServer().listen(80)
    const clients = [0, 1, 2].map(() => wires.client.connect(80, SERVER))
    await wires.clock.play(() => clients.every(({ connecting }) => !connecting))
    const late = wires.client.connect(80, SERVER)
    const errors: unknown[] = []
    late.on('error', (error) => errors.push(fieldsOf(error)))
    await wires.clock.play(() => late.closed)
    expect(errors).toEqual([
      {
        name: 'Error',
        constructor: 'Error',
        message: `connect EADDRNOTAVAIL ${SERVER}:80 - Local (0.0.0.0:0)`,
        code: 'EADDRNOTAVAIL',
        errno: -99,
        syscall: 'connect',
        address: SERVER,
        port: 80,
      },
    ])
  })
})
