import { once } from 'node:events'
import type { Socket } from 'node:net'
import { createDgram, createNet, type TapwireNet } from '@tapwire/net-api'
import { Stack } from '@tapwire/stack'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ClientOptions, runClient } from '../../examples/iperf3/client.ts'
import { encodeJson } from '../../examples/iperf3/control.ts'
import { makeCookie } from '../../examples/iperf3/cookie.ts'
import { DEFAULT_PARAMS, type Params, paramsToJson } from '../../examples/iperf3/params.ts'
import { type ProtocolError, State } from '../../examples/iperf3/protocol.ts'
import { type Reporter, textReporter } from '../../examples/iperf3/report.ts'
import { Iperf3Server } from '../../examples/iperf3/server.ts'

const HOST = { retransmitted: null, congestion: 'cubic' }
const BLOCKS: Params = { ...DEFAULT_PARAMS, time: 0, blocks: 20 }
/** Milliseconds that a silent client is waited for. */
const PATIENCE = 1500

let stack: Stack
let net: TapwireNet
let server: Iperf3Server
let said: string[]
let report: Reporter
const sockets: Socket[] = []

beforeEach(async () => {
  stack = new Stack()
  net = createNet(stack)
  said = []
  report = textReporter((line) => said.push(line))
  server = await Iperf3Server.listen({
    net,
    dgram: createDgram(stack),
    host: HOST,
    report,
    patience: PATIENCE,
  })
})

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  server.close()
  await stack.close()
})

function run(params: Params, address = '127.0.0.1'): ReturnType<typeof runClient> {
  const silent: Reporter = textReporter(() => {})
  const options: ClientOptions = {
    net,
    dgram: createDgram(stack),
    host: HOST,
    report: silent,
    address,
    params,
    patience: 5000,
  }
  return runClient(options)
}

describe('client and server, over loopback', () => {
  it.each<[string, Partial<Params>]>([
    ['one stream', {}],
    ['four in parallel', { parallel: 4 }],
    ['reversed', { reverse: true, parallel: 2 }],
    ['both ways', { bidirectional: true, parallel: 2 }],
    ['a number of bytes', { blocks: 0, bytes: 1e6 }],
    ['small blocks', { length: 100, blocks: 1000 }],
    ['a rate', { bandwidth: 200e6 }],
  ])('%s', async (_, params) => {
    const { own, others } = await run({ ...BLOCKS, ...params })
    expect(others.streams.map(({ id }) => id)).toEqual(own.streams.map(({ id }) => id))
    const enough = params.bytes ?? (params.blocks ?? 20) * (params.length ?? DEFAULT_PARAMS.length)
    const total = [...own.streams, ...others.streams].reduce((sum, { bytes }) => sum + bytes, 0)
    expect(total).toBeGreaterThanOrEqual(enough)
    expect(own.streams).toHaveLength((params.parallel ?? 1) * (params.bidirectional ? 2 : 1))
  })

  it('over IPv6', async () => {
    const { own } = await run(BLOCKS, '::1')
    expect(own.streams[0].bytes).toBe(20 * DEFAULT_PARAMS.length)
  })

  it('for a time, of which the beginning is omitted', async () => {
    const { own, others } = await run({ ...DEFAULT_PARAMS, time: 0.4, omit: 0.3, bandwidth: 80e6 })
    // 0.4 s at 10 MB/s, and not the 0.3 s before.
    for (const { bytes, seconds } of [own.streams[0], others.streams[0]]) {
      expect(seconds).toBeLessThan(0.7)
      expect(bytes / seconds / 10e6).toBeLessThan(1.3)
    }
    expect(said.some((line) => line.includes('(omitted)'))).toBe(true)
  })

  it.each<[string, Partial<Params>]>([
    ['to the server', {}],
    ['reversed, 64-bit numbers', { reverse: true, counters64: true }],
    ['both ways, two each', { bidirectional: true, parallel: 2 }],
  ])('UDP %s', async (_, params) => {
    const udp = { protocol: 'udp', length: 1000, blocks: 50, bandwidth: 4e6 } as const
    const { own, others } = await run({ ...BLOCKS, ...udp, ...params })
    const lost = [...own.streams, ...others.streams].reduce((sum, { errors }) => sum + errors, 0)
    expect(lost).toBe(0)
    expect(Math.max(...own.streams.map(({ packets }) => packets))).toBeGreaterThanOrEqual(25)
  })

  it('one test after the other, and what was said of it', async () => {
    await run(BLOCKS)
    await run({ ...BLOCKS, parallel: 2 })
    expect(said.filter((line) => line.startsWith('TCP test'))).toHaveLength(2)
    expect(said.some((line) => line.startsWith('[SUM]') && line.endsWith('receiver'))).toBe(true)
  })
})

describe('bytes from outside', () => {
  function connect(): Socket {
    const socket = net.connect(5201, '127.0.0.1')
    socket.on('error', () => {})
    sockets.push(socket)
    return socket
  }

  const over = (): Promise<[ProtocolError | null]> => once(server, 'done') as Promise<[ProtocolError | null]>
  const length = (bytes: number): Buffer => Buffer.of(bytes >>> 24, bytes >>> 16, bytes >>> 8, bytes)
  const nested = Buffer.from('['.repeat(8000))

  it.each<[string, Buffer, RegExp]>([
    ['JSON of 4 GiB', length(0xffff_ffff), /JSON of 4294967295 bytes/],
    ['JSON of no bytes', length(0), /JSON of 0 bytes/],
    ['no JSON', Buffer.concat([length(2), Buffer.from('{x')]), /no JSON/],
    ['nested JSON', Buffer.concat([length(nested.length), nested]), /no JSON/],
    ['a list', encodeJson([1, 2, 3]), /neither TCP nor UDP/],
    ['too many streams', encodeJson({ tcp: true, parallel: 129 }), /parallel/],
    ['nothing', Buffer.alloc(0), /did not answer in time/],
    ['a client that asks and opens no streams', encodeJson({ tcp: true }), /streams did not come/],
  ])('%s, and the next test is right', async (_, bytes, trouble) => {
    const socket = connect()
    const end = over()
    socket.write(Buffer.concat([makeCookie(), bytes]))
    const [error] = await end
    expect(error?.message).toMatch(trouble)
    expect((await run(BLOCKS)).own.streams).toHaveLength(1)
  })

  it('what has no cookie is hung up on, and counted', async () => {
    const socket = connect()
    socket.resume().end('GET / HTTP/1.1\r\nHost: somebody\r\nAccept: */*\r\n\r\n')
    await once(socket, 'close')
    expect(server.newcomers.refused).toBe(1)
    expect(said).toEqual([])
  })

  it('connections that say nothing are bounded', async () => {
    const many = Array.from({ length: 300 }, connect)
    await Promise.all(many.slice(256).map((socket) => once(socket.resume(), 'close')))
    expect(server.newcomers.refused).toBe(44)
    for (const socket of many) socket.destroy()
  })

  /** A control connection that has got as far as the streams. */
  async function begin(): Promise<Socket> {
    const socket = connect()
    socket.write(Buffer.concat([makeCookie(), encodeJson(paramsToJson({ ...DEFAULT_PARAMS, time: 1 }))]))
    for (let got = Buffer.alloc(0); !got.includes(State.CreateStreams); ) {
      const [data] = await once(socket, 'data')
      got = Buffer.concat([got, data as Buffer])
    }
    return socket
  }

  it('another cookie is denied, while the test waits for its own', async () => {
    const control = await begin()
    const other = connect()
    other.write(makeCookie())
    const [answer] = await once(other, 'data')
    expect([...(answer as Buffer)]).toEqual([0xff])
    const end = over()
    control.destroy()
    expect((await end)[0]?.message).toMatch(/gone/)
  })

  it('a client that hears of a busy server is told so', async () => {
    const control = await begin()
    await expect(run(BLOCKS)).rejects.toThrow('the server is busy')
    control.destroy()
  })

  it('a client that vanishes in the test makes room for the next', async () => {
    const control = net.connect(5201, '127.0.0.1')
    const cookie = makeCookie()
    control.write(Buffer.concat([cookie, encodeJson(paramsToJson({ ...DEFAULT_PARAMS, reverse: true }))]))
    await once(control, 'data')
    const stream = connect()
    stream.write(cookie)
    await once(stream, 'data')
    const end = over()
    control.resetAndDestroy()
    stream.resetAndDestroy()
    expect((await end)[0]?.message).toMatch(/gone|closed/)
    expect((await run(BLOCKS)).own.streams).toHaveLength(1)
  })

  it('somebody else has the UDP port: the test fails, and the next is right', async () => {
    const other = createDgram(stack).createSocket('udp6').bind(5201)
    await once(other, 'listening')
    const end = over()
    await expect(run({ ...BLOCKS, protocol: 'udp', length: 1000 })).rejects.toThrow('closed the connection')
    expect((await end)[0]?.message).toMatch(/UDP port 5201 cannot be had/)
    other.close()
    expect((await run(BLOCKS)).own.streams).toHaveLength(1)
  })

  it('a server that is none is told apart', async () => {
    const liar = net.createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n')).listen(5202)
    const options = { net, dgram: createDgram(stack), host: HOST, report, address: '127.0.0.1', port: 5202 }
    await expect(runClient({ ...options, params: BLOCKS })).rejects.toThrow('expected ParamExchange')
    liar.close()
  })
})
