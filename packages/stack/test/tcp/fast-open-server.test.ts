import { describe, expect, it } from 'vitest'
import type { packets } from '../../src/index.ts'
import { MODERN, ORIGINS, pattern, Script, type ScriptOptions, type SentSeg } from './script.ts'

const DAY = 86_400_000
const MSS: packets.TcpOption[] = [{ name: 'mss', value: 1460 }]

/** A listener that allows so many. */
function server(options: ScriptOptions = {}, fastOpen = 16, backlog = 511): Script {
  const t = new Script(options)
  t.listener = t.stack.tcp.listen({ port: 7, fastOpen, backlog }, { onConnection: () => t.accept() })
  return t
}

function cookieOf(segment: SentSeg): Uint8Array | null {
  const option = segment.options.find((o) => o.name === 'fastOpen')
  return option !== undefined && option.name === 'fastOpen' ? option.cookie : null
}

const withCookie = (cookie: Uint8Array): packets.TcpOption[] => [...MSS, { name: 'fastOpen', cookie }]

/** T asks for a cookie, and forgets the handshake. */
function askCookie(t: Script): Uint8Array {
  const port = t.remotePort
  t.remotePort = 4000
  t.send({ flags: 'S', options: withCookie(new Uint8Array(0)) })
  const cookie = cookieOf(t.next())
  t.send({ flags: 'R', seq: 1 })
  t.remotePort = port
  if (cookie === null) throw new Error('No cookie was given')
  return cookie
}

describe.each(ORIGINS)('Fast Open, the server, $name', (origin) => {
  // The ISS is forced for port 5000, which asks for nothing.
  const fresh = () => server(origin)

  it('R7413-01 off by default: no option is answered, no data is taken', () => {
    const t = new Script(origin).listen()
    t.send({ flags: 'S', options: withCookie(new Uint8Array(0)) })
    expect(cookieOf(t.next())).toBe(null)
    t.remotePort = 6000
    t.send({ flags: 'S', options: withCookie(new Uint8Array(8)), data: 10 }).expect({ flags: 'SA', ack: 1 })
    expect(t.stack.tcp.sizes).toMatchObject({ connections: 0, halfOpen: 2 })
  })

  it('R7413-04 where no cookie is asked for, the data of any SYN is taken: with none, a wrong one, or no option at all', () => {
    const t = server({ ...origin, tcp: { fastOpenWithoutCookie: true } })
    for (const options of [MSS, withCookie(new Uint8Array(0)), withCookie(new Uint8Array(8))]) {
      t.remotePort++
      t.send({ flags: 'S', options, data: 10 })
      const synAck = t.next()
      expect(synAck).toMatchObject({ flags: 'SA', ack: 11 })
      expect(cookieOf(synAck)).toBe(null)
    }
    expect(t.stack.tcp.sizes.connections).toBe(3)
    // A listener that does not allow it goes without.
    const shut = new Script({ ...origin, tcp: { fastOpenWithoutCookie: true } }).listen()
    shut.send({ flags: 'S', data: 10 }).expect({ flags: 'SA', ack: 1 })
  })

  it('R7413-02 R7413-04 who asks gets a cookie on an ordinary handshake', () => {
    const t = fresh()
    t.send({ flags: 'S', options: withCookie(new Uint8Array(0)), data: 10 })
    const synAck = t.next()
    expect(synAck).toMatchObject({ flags: 'SA', ack: 1 })
    expect(cookieOf(synAck)).toHaveLength(8)
    expect(t.stack.tcp.sizes).toMatchObject({ connections: 0, halfOpen: 1 })
    t.send({ flags: 'A', seq: 1, ack: 1 }).silence()
    expect(t.state).toBe('ESTABLISHED')
  })

  it('R7413-04 with it the data on the SYN is read and answered before the handshake ends', () => {
    const t = fresh()
    const cookie = askCookie(t)
    t.send({ flags: 'S', options: withCookie(cookie), data: pattern(1, 100) })
    const synAck = t.next()
    expect(synAck).toMatchObject({ flags: 'SA', seq: 0, ack: 101, length: 0 })
    expect(cookieOf(synAck)).toBe(null)
    expect(t.connection.readable).toBe(100)
    expect(t.readAll()).toEqual(pattern(1, 100))
    t.connection.write(pattern(1, 50))
    t.expect({ flags: 'PA', seq: 1, ack: 101, payload: pattern(1, 50) }).silence()
    t.send({ flags: 'A', seq: 101, ack: 51 }).silence(10_000)
    expect(t.connection.unacknowledged).toBe(0)
    t.send({ flags: 'PA', seq: 101, ack: 51, data: 100 }).expect({ ack: 201 })
    expect(t.readAll()).toEqual(pattern(101, 100))
    expect(t.stack.tcp.counters).toMatchObject({
      fastOpenAccepted: 1,
      fastOpenCookiesSent: 1,
      passiveOpens: 1,
    })
  })

  it('R7413-04 with all that modern SYNs agree on', () => {
    const t = fresh()
    const cookie = askCookie(t)
    t.send({ flags: 'SEW', options: [...MODERN, { name: 'fastOpen', cookie }], data: 20, win: 500 })
    const synAck = t.next()
    expect(synAck).toMatchObject({ flags: 'SAE', ack: 21 })
    t.noteTimestamps(synAck)
    // The window of a SYN is not scaled, those of later segments are.
    expect(t.connection.info()).toMatchObject({ sndWnd: 500, sndWscale: 7, sackPermitted: true, ecn: true })
    t.send({ flags: 'A', seq: 21, ack: 1, win: 500 }).silence()
    expect(t.connection.info()).toMatchObject({ sndWnd: 64_000, timestamps: true })
  })

  it('R7413-04 the window begins behind the data', () => {
    const t = fresh()
    const cookie = askCookie(t)
    t.send({ flags: 'S', options: withCookie(cookie), data: 1000 })
    const { win } = t.next()
    expect(t.connection.info().rcvWnd).toBe(win)
    t.send({ flags: 'PA', seq: 1001 + win - 100, ack: 1, data: 100 }).expect({ ack: 1001 })
    expect(t.stack.tcp.counters.droppedOutOfWindow).toBe(0)
  })

  it.each([
    ['forged', (cookie: Uint8Array) => cookie.map((byte, i) => (i === 7 ? byte ^ 1 : byte))],
    ['cut short', (cookie: Uint8Array) => cookie.slice(0, 6)],
    ['too long', (cookie: Uint8Array) => Uint8Array.of(...cookie, 0, 0)],
  ])('R7413-04 a cookie that is %s: the data is ignored, and a good one comes back', (_, forge) => {
    const t = fresh()
    const cookie = askCookie(t)
    t.send({ flags: 'S', options: withCookie(forge(cookie)), data: 100 })
    const synAck = t.next()
    expect(synAck).toMatchObject({ flags: 'SA', ack: 1 })
    expect(cookieOf(synAck)).toEqual(cookie)
    expect(t.stack.tcp.counters).toMatchObject({ fastOpenCookiesRefused: 1, fastOpenAccepted: 0 })
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 100 }).expect({ ack: 101 })
    expect(t.readAll()).toEqual(pattern(1, 100))
  })

  it.each([1, 3, 5, 7, 17, 18])('R7413-02 a cookie of %i bytes is no option at all', (length) => {
    const t = fresh()
    t.send({ flags: 'S', options: withCookie(new Uint8Array(length)), data: 100 })
    const synAck = t.next()
    expect(synAck).toMatchObject({ flags: 'SA', ack: 1 })
    expect(cookieOf(synAck)).toBe(null)
  })

  it('R7413-02 on anything but a SYN it is ignored', () => {
    const t = fresh()
    t.send({ flags: 'S', options: MSS }).expect({ flags: 'SA' })
    t.send({
      flags: 'A',
      seq: 1,
      ack: 1,
      options: [{ name: 'fastOpen', cookie: new Uint8Array(8) }],
    }).silence()
    t.send({
      flags: 'PA',
      seq: 1,
      ack: 1,
      data: 5,
      options: [{ name: 'fastOpen', cookie: new Uint8Array(0) }],
    })
    const ack = t.next()
    expect(ack.ack).toBe(6)
    expect(cookieOf(ack)).toBe(null)
  })

  it('R7413-07 the same client gets the same cookie, which is no good for another one', () => {
    const t = fresh()
    const cookie = askCookie(t)
    expect(askCookie(t)).toEqual(cookie)
    const six = server({ ...origin, family: 6 })
    expect(askCookie(six)).not.toEqual(cookie)
    six.send({ flags: 'S', options: withCookie(cookie), data: 10 }).expect({ flags: 'SA', ack: 1 })
    expect(six.stack.tcp.counters.fastOpenCookiesRefused).toBe(1)
  })

  it('R7413-07 the secret rotates: yesterday is good and gets a new one, the day before is not', () => {
    const t = fresh()
    const cookie = askCookie(t)
    t.wait(DAY).send({ flags: 'S', options: withCookie(cookie), data: 10 })
    const synAck = t.next()
    expect(synAck.ack).toBe(11)
    const next = cookieOf(synAck)
    expect(next).not.toBe(null)
    expect(next).not.toEqual(cookie)
    t.connection.abort()
    t.wait(DAY)
      .skip()
      .send({ flags: 'S', options: withCookie(cookie), data: 10 })
      .expect({ ack: 1 })
  })

  it('R7413-05 the SYN-ACK is sent again without the option, ever later, and given up in the end', () => {
    const t = server({ ...origin, tcp: { synAckRetries: 2 } })
    const cookie = askCookie(t)
    t.wait(DAY).send({ flags: 'S', options: withCookie(cookie), data: 10 })
    const first = t.next()
    expect(cookieOf(first)).not.toBe(null)
    t.wait(100_000)
    const again = [t.next(), t.next()]
    t.silence()
    for (const segment of again) {
      expect(segment).toMatchObject({ flags: 'SA', seq: 0, ack: 11, length: 0 })
      expect(cookieOf(segment)).toBe(null)
    }
    expect(again.map((segment) => Math.round(segment.at - first.at))).toEqual([1000, 3000])
    expect(t.events).toContain('close ETIMEDOUT')
    expect(t.stack.tcp.sizes.connections).toBe(0)
    expect(t.stack.engine.timers.size).toBe(0)
  })

  it('R7413-05 and the cookie of an ordinary handshake is on the first SYN-ACK only', () => {
    const t = fresh()
    t.send({ flags: 'S', options: withCookie(new Uint8Array(0)) })
    expect(cookieOf(t.next())).not.toBe(null)
    t.wait(1100)
    expect(cookieOf(t.next())).toBe(null)
  })

  it('SEG-16 R7413-05 the SYN again, bare or with its data: the same SYN-ACK, and the data counts once', () => {
    const t = fresh()
    const cookie = askCookie(t)
    t.send({ flags: 'S', options: withCookie(cookie), data: pattern(1, 100) }).expect({
      flags: 'SA',
      seq: 0,
      ack: 101,
    })
    t.send({ flags: 'S', options: MSS }).expect({ flags: 'SA', seq: 0, ack: 101 })
    t.send({ flags: 'S', options: MSS }).silence(600)
    t.send({ flags: 'S', options: withCookie(cookie), data: pattern(1, 100) }).expect({
      flags: 'SA',
      seq: 0,
      ack: 101,
    })
    expect(t.readAll()).toEqual(pattern(1, 100))
    t.send({ flags: 'A', seq: 101, ack: 1 }).silence(30_000)
    expect(t.connection.readable).toBe(0)
  })

  it('SEG-15 an ACK that does not cover the SYN, or more than was sent, draws RST; the connection stays', () => {
    const t = fresh()
    const cookie = askCookie(t)
    t.send({ flags: 'S', options: withCookie(cookie), data: 10 }).expect({ ack: 11 })
    t.send({ flags: 'A', seq: 11, ack: 0 }).expect({ flags: 'R', seq: 0 })
    t.send({ flags: 'A', seq: 11, ack: 2 }).expect({ flags: 'R', seq: 2 })
    t.send({ flags: 'A', seq: 11, ack: 1 }).silence(30_000)
    expect(t.state).toBe('ESTABLISHED')
  })

  it('MUST-12 R5961-03 RST by the usual rules', () => {
    const t = fresh()
    const cookie = askCookie(t)
    t.send({ flags: 'S', options: withCookie(cookie), data: 10 }).expect({ ack: 11 })
    t.send({ flags: 'R', seq: 12 }).expect({ flags: 'A', seq: 1, ack: 11 })
    t.send({ flags: 'R', seq: 11 }).silence(30_000)
    expect(t.events).toContain('close ECONNRESET')
    expect(t.stack.tcp.sizes.connections).toBe(0)
    expect(t.stack.engine.timers.size).toBe(0)
  })

  it('closing before the handshake is done: FIN at once, and the SYN-ACK is sent again all the same', () => {
    const t = fresh()
    const cookie = askCookie(t)
    t.send({ flags: 'S', options: withCookie(cookie), data: 10 }).expect({ flags: 'SA', ack: 11 })
    t.readAll()
    t.connection.write(pattern(1, 20))
    t.connection.close()
    t.expect({ flags: 'PA', seq: 1, length: 20 }, { flags: 'FA', seq: 21 })
    t.send({ flags: 'S', options: MSS }).expect({ flags: 'SA', seq: 0, ack: 11 })
    t.send({ flags: 'A', seq: 11, ack: 1 })
    t.wait(5000).skip()
    t.send({ flags: 'FA', seq: 11, ack: 22 }).expect({ flags: 'A', seq: 22, ack: 12 })
    expect(t.stack.tcp.sizes).toMatchObject({ connections: 0, timeWait: 1 })
  })

  it('lost: SYN-ACK and answer; both come again, and the answer is read once', () => {
    const t = fresh()
    const cookie = askCookie(t)
    t.send({ flags: 'S', options: withCookie(cookie), data: 10 })
    t.connection.write(pattern(1, 20))
    t.skip().wait(1100)
    t.expect({ flags: 'SA', seq: 0, ack: 11 }, { flags: 'PA', seq: 1, payload: pattern(1, 20) })
    t.send({ flags: 'A', seq: 11, ack: 21 }).silence(30_000)
    expect(t.connection.unacknowledged).toBe(0)
  })
})

describe('Fast Open, the server: bounds', () => {
  it('R7413-04 with so many pending a further one is an ordinary handshake', () => {
    const t = server({}, 2)
    const cookie = askCookie(t)
    const open = (port: number) => {
      t.remotePort = port
      t.send({ flags: 'S', options: withCookie(cookie), data: 10 })
      return t.next()
    }
    expect(open(5000).ack).toBe(11)
    const { iss } = t
    expect(open(5001).ack).toBe(11)
    expect(open(5002)).toMatchObject({ flags: 'SA', ack: 1 })
    expect(t.stack.tcp.counters).toMatchObject({ fastOpenAccepted: 2, fastOpenQueueFull: 1 })
    // One handshake is done: there is room again.
    t.remotePort = 5000
    t.iss = iss
    t.send({ flags: 'A', seq: 11, ack: 1 }).silence()
    expect(open(5003).ack).toBe(11)
    expect(open(5004).ack).toBe(1)
  })

  it('R7413-04 one that is reset keeps its place for a minute', () => {
    const t = server({}, 1)
    const cookie = askCookie(t)
    const tries = (port: number) => {
      t.remotePort = port
      t.skip().send({ flags: 'S', options: withCookie(cookie), data: 10 })
      const { ack } = t.next()
      t.send({ flags: 'R', seq: ack })
      return ack
    }
    expect(tries(5000)).toBe(11)
    for (let port = 5001; port < 5100; port++) expect(tries(port)).toBe(1)
    t.wait(60_000)
    expect(tries(5000)).toBe(11)
    expect(tries(5001)).toBe(1)
    // One that the application itself ends does not.
    t.wait(60_000).skip()
    t.remotePort = 6000
    t.send({ flags: 'S', options: withCookie(cookie), data: 10 })
    t.connection.abort()
    expect(tries(5000)).toBe(11)
  })

  it('limits.connections and the accept queue bound it as well', () => {
    const few = server({ limits: { connections: 1 } })
    const cookie = askCookie(few)
    few.send({ flags: 'S', options: withCookie(cookie), data: 10 }).expect({ ack: 11 })
    few.remotePort = 6000
    few.send({ flags: 'S', options: withCookie(cookie), data: 10 }).expect({ ack: 1 })
    expect(few.stack.tcp.counters.fastOpenQueueFull).toBe(1)
    const t = new Script()
    t.listener = t.stack.tcp.listen({ port: 7, fastOpen: 9, backlog: 1 }, { onConnection: () => {} })
    const again = askCookie(t)
    t.send({ flags: 'S', options: withCookie(again), data: 10 }).expect({ ack: 11 })
    t.remotePort = 6000
    t.send({ flags: 'S', options: withCookie(again), data: 10 }).silence()
    expect(t.stack.tcp.counters.droppedAcceptQueue).toBe(1)
  })

  it('with SYN cookies there is no Fast Open: nothing is kept', () => {
    const t = server({ tcp: { synCookies: 'always' } })
    t.send({ flags: 'S', options: withCookie(new Uint8Array(0)) })
    expect(cookieOf(t.next())).toBe(null)
  })

  it('no memory for the data: the SYN alone is acknowledged', () => {
    const t = server({ limits: { memory: 1 << 20 } })
    const cookie = askCookie(t)
    const { memory } = t.stack
    const taken: number[] = []
    for (let size = 1 << 19; size >= 4096; ) {
      const block = memory.allocate(size)
      if (block < 0) size >>= 1
      else taken.push(block)
    }
    t.send({ flags: 'S', options: withCookie(cookie), data: 10 }).expect({ flags: 'SA', ack: 1 })
    for (const block of taken) memory.free(block)
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 10 }).expect({ ack: 11 })
    expect(t.readAll()).toHaveLength(10)
  })

  it('the setting of the stack is the default of its listeners', () => {
    const t = new Script({ tcp: { fastOpenServer: 5 } }).listen()
    expect(askCookie(t)).toHaveLength(8)
    for (const fastOpen of [-1, 65_536, 1.5]) {
      const code = expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' })
      expect(() => t.stack.tcp.listen({ fastOpen }, { onConnection: () => {} })).toThrow(code)
      expect(() => new Script({ tcp: { fastOpenServer: fastOpen } })).toThrow(code)
    }
  })

  it('closing the listener ends what waits, pending or not', async () => {
    const t = new Script()
    t.listener = t.stack.tcp.listen({ port: 7, fastOpen: 9 }, { onConnection: () => {} })
    const cookie = askCookie(t)
    t.send({ flags: 'S', options: withCookie(cookie), data: 10 }).expect({ flags: 'SA', ack: 11 })
    t.listener.close()
    t.expect({ flags: 'RA', seq: 1, ack: 11 }).silence(60_000)
    expect(t.stack.engine.timers.size).toBe(0)
    await t.stack.close()
  })
})
