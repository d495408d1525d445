import { describe, expect, it } from 'vitest'
import { type ConnectOptions, packets, parseAddress } from '../../src/index.ts'
import { ORIGINS, pattern, Script, type ScriptOptions, type SentSeg } from './script.ts'

const MINUTE = 60_000
const COOKIE = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
const MSS: packets.TcpOption[] = [{ name: 'mss', value: 1460 }]
const GIVES: packets.TcpOption[] = [...MSS, { name: 'fastOpen', cookie: COOKIE }]

/** The cookie in the segment's option; null for no option. */
function cookieOf(segment: SentSeg): Uint8Array | null {
  const option = segment.options.find((o) => o.name === 'fastOpen')
  return option !== undefined && option.name === 'fastOpen' ? option.cookie : null
}

function open(t: Script, options: Partial<ConnectOptions> = {}): SentSeg {
  t.connection = t.stack.tcp.connect(
    { address: parseAddress(t.remote)!, port: 5000, localPort: t.localPort, fastOpen: true, ...options },
    t.handler,
  )
  return t.next()
}

/** A first connection has learnt the cookie, from another port; the next one is from port 7. */
function knowing(options: ScriptOptions = {}, gives = GIVES): Script {
  const t = new Script(options)
  t.localPort = 8
  open(t)
  t.send({ flags: 'SA', seq: 0, ack: 1, options: gives }).expect({ flags: 'A', ack: 1 })
  t.connection.abort()
  t.skip()
  t.events.length = 0
  t.localPort = 7
  return t
}

const request = (length: number) => ({ initialData: pattern(1, length) })

describe.each(ORIGINS)('Fast Open, the client, $name', (origin) => {
  it('R7413-01 by default a SYN says nothing of it and has no data', () => {
    const t = knowing(origin)
    const syn = open(t, { fastOpen: false, ...request(100) })
    expect(syn).toMatchObject({ flags: 'S', length: 0 })
    expect(cookieOf(syn)).toBe(null)
    t.send({ flags: 'SA', seq: 0, ack: 1, options: MSS })
    t.expect({ flags: 'PA', seq: 1, ack: 1, payload: pattern(1, 100) })
  })

  it('R7413-02 R7413-03 the first connection asks for a cookie, the second brings it, and data', () => {
    const t = new Script(origin)
    t.localPort = 8
    const first = open(t, request(100))
    expect(first).toMatchObject({ flags: 'S', length: 0 })
    expect(cookieOf(first)).toEqual(new Uint8Array(0))
    t.send({ flags: 'SA', seq: 0, ack: 1, options: GIVES })
    t.expect({ flags: 'PA', seq: 1, ack: 1, payload: pattern(1, 100) })
    t.connection.abort()
    t.skip()
    t.localPort = 7
    const second = open(t, request(100))
    expect(second).toMatchObject({ flags: 'S', seq: 0, payload: pattern(1, 100) })
    expect(cookieOf(second)).toEqual(COOKIE)
    t.send({ flags: 'SA', seq: 0, ack: 101, options: MSS }).expect({
      flags: 'A',
      seq: 101,
      ack: 1,
      length: 0,
    })
    expect(t.connection.unacknowledged).toBe(0)
    expect(t.connection.info().bytesAcked).toBe(100)
    t.silence(30_000)
    expect(t.stack.tcp.counters.fastOpenDataAcked).toBe(1)
    t.connection.write(pattern(101, 10))
    t.expect({ seq: 101, payload: pattern(101, 10) })
    t.send({ flags: 'A', seq: 1, ack: 111 }).silence(30_000)
  })

  it('R7413-03 the SYN takes what fits into the MSS beside its options, the rest follows', () => {
    const t = knowing(origin, [
      { name: 'mss', value: 1000 },
      { name: 'fastOpen', cookie: COOKIE },
    ])
    expect(open(t, request(3000))).toMatchObject({ length: 960 })
    t.send({ flags: 'SA', seq: 0, ack: 961, options: MSS })
    t.expect({ seq: 961, length: 1460 }, { seq: 2421, length: 580 })
    t.send({ flags: 'A', seq: 1, ack: 3001 }).silence(30_000)
    expect(t.connection.unacknowledged).toBe(0)
  })

  it('R7413-04 acknowledged in part: what is left is sent at once', () => {
    const t = knowing(origin)
    expect(open(t, request(200)).length).toBe(200)
    t.send({ flags: 'SA', seq: 0, ack: 51, options: MSS })
    t.expect({ flags: 'PA', seq: 51, payload: pattern(51, 150) })
    t.send({ flags: 'A', seq: 1, ack: 201 }).silence(30_000)
    expect(t.connection.info()).toMatchObject({ bytesAcked: 200, retransmits: 0 })
  })

  it('R7413-04 the data ignored, and a new cookie: it is sent at once, the new cookie counts', () => {
    const t = knowing(origin)
    open(t, request(200))
    const fresh = COOKIE.map((byte) => byte + 1)
    t.send({ flags: 'SA', seq: 0, ack: 1, options: [...MSS, { name: 'fastOpen', cookie: fresh }] })
    t.expect({ flags: 'PA', seq: 1, payload: pattern(1, 200) })
    t.localPort = 9
    expect(cookieOf(open(t, request(10)))).toEqual(fresh)
    expect(t.stack.tcp.counters.fastOpenFailed).toBe(0)
  })

  it('R7413-06 the data ignored without a word: no Fast Open towards this server for a minute', () => {
    const t = knowing(origin)
    open(t, request(200))
    t.send({ flags: 'SA', seq: 0, ack: 1, options: MSS }).expect({ seq: 1, length: 200 })
    t.localPort = 9
    const plain = open(t, request(10))
    expect(plain.length).toBe(0)
    expect(cookieOf(plain)).toBe(null)
    expect(t.stack.tcp.counters.fastOpenFailed).toBe(1)
    t.connection.abort()
    t.wait(MINUTE).skip()
    expect(open(t, request(10)).length).toBe(10)
  })

  it('R7413-05 sent again the SYN has neither option nor data; its data follows the handshake', () => {
    const t = knowing(origin)
    open(t, request(200))
    t.wait(1100)
    const again = t.next()
    expect(again).toMatchObject({ flags: 'S', seq: 0, length: 0 })
    expect(cookieOf(again)).toBe(null)
    t.send({ flags: 'SA', seq: 0, ack: 1, options: MSS }).expect({ seq: 1, payload: pattern(1, 200) })
    // R7413-06.
    expect(t.stack.tcp.counters.fastOpenFailed).toBe(1)
  })

  it('R7413-05 the first SYN came through after all: its data is acknowledged and not sent again', () => {
    const t = knowing(origin)
    open(t, request(200))
    t.wait(1100)
    t.expect({ flags: 'S', length: 0 })
    t.send({ flags: 'SA', seq: 0, ack: 201, options: MSS }).expect({ flags: 'A', seq: 201, length: 0 })
    t.silence(30_000)
    expect(t.stack.tcp.counters).toMatchObject({ fastOpenFailed: 0, fastOpenDataAcked: 1 })
  })

  it('SEG-07 an ACK of more than was sent draws RST, and the attempt goes on', () => {
    const t = knowing(origin)
    open(t, request(200))
    t.send({ flags: 'SA', seq: 0, ack: 202, options: MSS }).expect({ flags: 'R', seq: 202 })
    t.send({ flags: 'SA', seq: 0, ack: 0, options: MSS }).expect({ flags: 'R', seq: 0 })
    t.send({ flags: 'RA', seq: 0, ack: 202 }).silence()
    expect(t.state).toBe('SYN-SENT')
    t.send({ flags: 'SA', seq: 0, ack: 201, options: MSS }).expect({ flags: 'A', seq: 201 })
  })

  it('SEG-08 a RST that acknowledges the data refuses the connection; that is no failure of Fast Open', () => {
    const t = knowing(origin)
    open(t, request(200))
    t.send({ flags: 'RA', seq: 0, ack: 201 }).silence(30_000)
    expect(t.events).toEqual(['close ECONNREFUSED'])
    expect(t.stack.tcp.counters.fastOpenFailed).toBe(0)
  })

  it('MUST-10 a simultaneous open: the SYN-ACK goes out, and an ACK of SYN and data is good', () => {
    for (const ack of [1, 201]) {
      const t = knowing(origin)
      open(t, request(200))
      t.send({ flags: 'S', seq: 0, options: MSS }).expect({ flags: 'SA', seq: 0, ack: 1, length: 0 })
      t.send({ flags: 'A', seq: 1, ack })
      expect(t.state).toBe('ESTABLISHED')
      if (ack === 1) t.expect({ seq: 1, payload: pattern(1, 200) })
      else t.silence(30_000)
    }
  })

  it('data on the SYN-ACK is read, and more can be written while the SYN is out', () => {
    const t = knowing(origin)
    open(t, request(100))
    t.connection.write(pattern(101, 100))
    t.silence()
    t.send({ flags: 'SA', seq: 0, ack: 101, options: MSS, data: pattern(1, 30) })
    t.expect({ flags: 'PA', seq: 101, ack: 31, payload: pattern(101, 100) })
    expect(t.readAll()).toEqual(pattern(1, 30))
  })
})

describe('Fast Open, the client: what it remembers', () => {
  it('R7413-06 a SYN with data that is never answered: plain SYNs for a minute, then two, then four', () => {
    const t = knowing({ tcp: { synRetries: 1 } })
    const rests: number[] = []
    for (let round = 0; round < 3; round++) {
      expect(open(t, request(10)).length, 'it is tried again').toBe(10)
      t.wait(10_000).skip()
      expect(t.events.pop()).toBe('close ETIMEDOUT')
      // The failure was at 3 s.
      let rest = 7000
      for (;;) {
        const { length } = open(t, request(10))
        t.connection.abort()
        if (length > 0) break
        t.wait(1000).skip()
        rest += 1000
      }
      rests.push(rest)
      t.skip()
    }
    expect(rests).toEqual([60_000, 120_000, 240_000])
  })

  it('R7413-06 data that comes through clears the past', () => {
    const t = knowing()
    const { fastOpenCache: cache } = t.stack.tcp.context
    const here = parseAddress(t.local)!
    const there = parseAddress(t.remote)!
    cache.failed(here, there, t.clock.now())
    t.wait(MINUTE)
    open(t, request(10))
    t.send({ flags: 'SA', seq: 0, ack: 11, options: MSS })
    expect(cache.find(here, there)?.failures).toBe(0)
  })

  it('R7413-06 an ICMP error that ends the attempt counts, a refusal does not', () => {
    const t = knowing()
    const [source, destination] = [t.remote, t.local].map((text) => parseAddress(text)!.toBytes())
    const unreachable = (code: number) => {
      open(t, request(10))
      const body = t.device.sent.at(-1)!.bytes.slice(0, 28)
      t.device.receive(packets.buildFrame({ ipv4: { source, destination }, icmpv4: { type: 3, code, body } }))
      return t.events.at(-1)
    }
    expect(unreachable(3)).toBe('close ECONNREFUSED')
    expect(t.stack.tcp.counters.fastOpenFailed).toBe(0)
    expect(unreachable(1)).toBe('close EHOSTUNREACH')
    expect(t.stack.tcp.counters.fastOpenFailed).toBe(1)
    expect(open(t, request(10)).length).toBe(0)
  })

  it('R7413-06 a request for a cookie that is swallowed counts too', () => {
    const t = new Script()
    expect(cookieOf(open(t))).toHaveLength(0)
    t.wait(1100)
    expect(cookieOf(t.next())).toBe(null)
    t.send({ flags: 'SA', seq: 0, ack: 1, options: MSS }).expect({ flags: 'A' })
    t.localPort = 9
    expect(cookieOf(open(t))).toBe(null)
  })

  it('R7413-03 a server that gives none is asked again', () => {
    const t = new Script()
    open(t)
    t.send({ flags: 'SA', seq: 0, ack: 1, options: MSS }).expect({ flags: 'A' })
    t.localPort = 9
    expect(cookieOf(open(t))).toHaveLength(0)
    expect(t.stack.tcp.counters.fastOpenFailed).toBe(0)
  })

  it('R7413-02 a SYN-ACK with a cookie nobody asked for teaches nothing', () => {
    const t = new Script().connect()
    t.expect({ flags: 'S' }).send({ flags: 'SA', seq: 0, ack: 1, options: GIVES }).expect({ flags: 'A' })
    expect(t.stack.tcp.context.fastOpenCache.size).toBe(0)
  })

  it('R7413-02 the longest cookie fills the options, and is sent back whole', () => {
    const cookie = pattern(1, 16)
    const t = knowing({}, [...MSS, { name: 'fastOpen', cookie }])
    const syn = open(t, request(2000))
    expect(cookieOf(syn)).toEqual(cookie)
    expect(syn.length).toBe(1420)
  })

  it('R7413-03 a server whose SYN-ACK had no MSS: the default of its version', () => {
    const t = knowing({}, [{ name: 'fastOpen', cookie: COOKIE }])
    expect(open(t, request(2000)).length).toBe(536 - 40)
  })

  it('without data a known cookie is not shown', () => {
    const t = knowing()
    expect(cookieOf(open(t))).toBe(null)
  })

  it('a device that is full has seen nothing of it', () => {
    const t = knowing()
    t.device.full = true
    t.stack.tcp.connect({ address: parseAddress(t.remote)!, port: 5000, fastOpen: true, ...request(10) }, {})
    t.device.full = false
    t.wait(10)
    t.expect({ flags: 'S', length: 0 })
    expect(t.stack.tcp.counters.fastOpenFailed).toBe(0)
  })

  it('limits.fastOpenCookies: the least recently used makes room', () => {
    const t = new Script({ limits: { fastOpenCookies: 2 } })
    const { fastOpenCache: cache } = t.stack.tcp.context
    const here = parseAddress('10.0.0.1')!
    const [a, b, c] = ['10.0.0.5', '10.0.0.6', '10.0.0.7'].map((text) => parseAddress(text)!)
    cache.keep(here, a, COOKIE, 1460)
    cache.keep(here, b, COOKIE, 1460)
    expect(cache.find(here, a)).not.toBe(null)
    cache.failed(here, c, 0)
    expect(cache.size).toBe(2)
    expect(cache.find(here, b)).toBe(null)
    expect(cache.find(here, a)?.cookie).toEqual(COOKIE)
    expect(t.stack.tcp.counters.fastOpenCookiesEvicted).toBe(1)
  })

  it('initial data is at most the send buffer, and needs memory', () => {
    const t = new Script({ limits: { memory: 1 << 20 } })
    const connect = (length: number) =>
      t.stack.tcp.connect(
        { address: parseAddress(t.remote)!, port: 5000, initialData: new Uint8Array(length) },
        {},
      )
    expect(() => connect(131_073)).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }))
    const { memory } = t.stack
    expect(connect(0).unacknowledged).toBe(0)
    for (let size = 1 << 19; size >= 4096; ) if (memory.allocate(size) < 0) size >>= 1
    expect(() => connect(10_000)).toThrow(expect.objectContaining({ code: 'ENOBUFS' }))
    expect(t.stack.tcp.sizes.connections).toBe(1)
  })
})
