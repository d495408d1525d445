import { describe, expect, it } from 'vitest'
import type { packets, TcpSettings } from '../../src/index.ts'
import { MODERN, ORIGINS, pattern, Script, type ScriptOptions, type SentSeg } from './script.ts'

const ALWAYS: TcpSettings = { synCookies: 'always' }
const MINUTE = 60_000

function listening(options: ScriptOptions = {}): Script {
  return new Script({ tcp: ALWAYS, ...options }).listen()
}

/** T's SYN, and the cookie that answers it. */
function ask(t: Script, options: packets.TcpOption[], flags = 'S'): SentSeg {
  t.send({ flags, seq: 0, options })
  const synAck = t.next()
  expect(t.stack.tcp.sizes.halfOpen, 'nothing is kept').toBe(0)
  t.ts = null
  t.noteTimestamps(synAck)
  if (t.ts !== null) (t.ts as { val: number }).val = 2
  return synAck
}

const names = (segment: SentSeg): string[] => segment.options.map((o) => o.name).filter((n) => n !== 'nop')

describe.each(ORIGINS.map(({ name, isn }) => ({ name, isn })))('SYN cookies, T $name', (origin) => {
  it('R4987-04 a SYN leaves nothing behind; the ACK of its cookie makes the connection', () => {
    const t = listening(origin)
    ask(t, MODERN)
    expect(t.stack.engine.timers.size).toBe(0)
    t.send({ flags: 'A', seq: 1, ack: 1 }).silence()
    expect(t.state).toBe('ESTABLISHED')
    expect(t.stack.tcp.counters).toMatchObject({ synCookiesSent: 1, synCookiesAccepted: 1, passiveOpens: 1 })
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 100 }).expect({ flags: 'A', seq: 1, ack: 101 })
    expect(t.readAll()).toEqual(pattern(1, 100))
    t.connection.write(new Uint8Array(10))
    t.expect({ seq: 1, ack: 101, length: 10 })
    t.send({ flags: 'FA', seq: 101, ack: 11 }).expect({ flags: 'A', ack: 102 })
  })

  it('R4987-04 window scale, SACK and timestamps come through', () => {
    const t = listening(origin)
    expect(names(ask(t, MODERN))).toEqual(['mss', 'sackPermitted', 'timestamps', 'windowScale'])
    t.send({ flags: 'A', seq: 1, ack: 1, win: 1000 })
    expect(t.connection.info()).toMatchObject({
      sndWscale: 7,
      sndWnd: 128_000,
      sackPermitted: true,
      timestamps: true,
      sndMss: 1460,
      ecn: false,
    })
    expect(t.connection.info().rcvWscale).toBeGreaterThan(0)
  })

  it.each([0, 1, 5, 13, 14, -1])('R4987-04 a window scale of %i (-1: none) comes through', (shift) => {
    const t = listening(origin)
    const scale: packets.TcpOption[] = shift < 0 ? [] : [{ name: 'windowScale', shift }]
    const synAck = ask(t, [{ name: 'mss', value: 1460 }, { name: 'timestamps', value: 1, echo: 0 }, ...scale])
    expect(names(synAck).includes('windowScale')).toBe(shift >= 0)
    t.send({ flags: 'A', seq: 1, ack: 1, win: 3 })
    expect(t.connection.info()).toMatchObject({
      sndWscale: Math.max(0, shift),
      sndWnd: 3 << Math.max(0, shift),
      sackPermitted: false,
      timestamps: true,
    })
    if (shift < 0) expect(t.connection.info().rcvWscale).toBe(0)
  })

  it.each([true, false])('R3168-01 R4987-04 and so does ECN: %s', (wanted) => {
    const t = listening(origin)
    expect(ask(t, MODERN, wanted ? 'SEW' : 'S').flags).toBe(wanted ? 'SAE' : 'SA')
    t.send({ flags: 'A', seq: 1, ack: 1 })
    expect(t.connection.info().ecn).toBe(wanted)
  })

  it('R4987-04 without timestamps there is no place for them: neither side has them then', () => {
    const t = listening(origin)
    const options: packets.TcpOption[] = [
      { name: 'mss', value: 1400 },
      { name: 'sackPermitted' },
      { name: 'windowScale', shift: 7 },
    ]
    const synAck = ask(t, options, 'SEW')
    expect(names(synAck)).toEqual(['mss'])
    expect(synAck.flags).toBe('SA')
    t.send({ flags: 'A', seq: 1, ack: 1, win: 1000 })
    expect(t.connection.info()).toMatchObject({
      sndWscale: 0,
      rcvWscale: 0,
      sndWnd: 1000,
      sackPermitted: false,
      timestamps: false,
      ecn: false,
    })
  })

  it.each([
    [0, 536],
    [1, 48],
    [47, 48],
    [535, 48],
    [536, 536],
    [1219, 536],
    [1220, 1220],
    [1379, 1220],
    [1400, 1380],
    [1440, 1440],
    [1459, 1440],
    [1460, 1460],
    [8939, 1460],
    [8940, 8940],
    [9000, 8940],
    [65_535, 65_475],
  ])('MUST-16 an MSS of %i counts as %i, never as more', (offered, used) => {
    const t = listening({ ...origin, mtu: 65_535 })
    ask(t, offered === 0 ? [] : [{ name: 'mss', value: offered }])
    t.send({ flags: 'A', seq: 1, ack: 1 })
    expect(t.connection.info().sndMss).toBe(used)
  })

  it('R4987-05 the SYN-ACK is not sent again by itself; a SYN that is gets the same one', () => {
    const t = listening(origin)
    ask(t, MODERN)
    const first = t.iss
    t.silence(30_000)
    ask(t, MODERN)
    expect(t.iss).toBe(first)
    t.send({ flags: 'A', seq: 1, ack: 1 })
    expect(t.state).toBe('ESTABLISHED')
  })

  it('R4987-05 data completes the handshake when the ACK before it is lost', () => {
    const t = listening(origin)
    ask(t, MODERN)
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 100 }).expect({ flags: 'A', ack: 101 })
    expect(t.readAll()).toEqual(pattern(1, 100))
  })

  it('R4987-04 a cookie is good for a minute, and for no more than two', () => {
    for (const [age, good] of [
      [0, true],
      [59_999, true],
      [120_001, false],
      [300_000, false],
    ] as const) {
      const t = listening(origin)
      ask(t, MODERN)
      t.wait(age)
      t.send({ flags: 'A', seq: 1, ack: 1 })
      if (!good) t.expect({ flags: 'R', seq: 1 })
      t.silence()
      expect(t.stack.tcp.sizes.connections, `after ${age} ms`).toBe(good ? 1 : 0)
    }
  })

  it('R4987-04 one that comes again finds its connection; when that is gone it makes another, for two minutes at most', () => {
    const t = listening(origin)
    ask(t, MODERN)
    const again = (): Script => t.send({ flags: 'A', seq: 1, ack: 1 })
    again().silence()
    again().silence()
    expect(t.stack.tcp.counters.synCookiesAccepted).toBe(1)
    t.connection.abort()
    t.skip()
    again().silence()
    expect(t.stack.tcp.counters.synCookiesAccepted).toBe(2)
    t.connection.abort()
    t.skip().wait(2 * MINUTE)
    again().expect({ flags: 'R', seq: 1 }).silence()
    expect(t.stack.tcp.sizes.connections).toBe(0)
  })

  it('R4987-04 an old one is refused while newer ones are good', () => {
    const t = listening(origin)
    ask(t, MODERN)
    const { iss, ts } = t
    t.wait(2 * MINUTE)
    t.remotePort = 6000
    ask(t, MODERN)
    t.remotePort = 5000
    t.iss = iss
    t.ts = ts
    t.send({ flags: 'A', seq: 1, ack: 1 }).expect({ flags: 'R' })
    expect(t.stack.tcp.counters.synCookiesFailed).toBe(1)
    expect(t.stack.tcp.sizes.connections).toBe(0)
  })

  it.each([
    ['another port', { port: 1 }],
    ['a number beyond the table of MSS', { number: 3 }],
    ['another slot', { number: 0x0100_0000 }],
    ['an echo from the future', { echo: 64 }],
    ['an echo long past', { echo: -130_000 }],
  ])(
    'R4987-04 a cookie with %s is none: RST',
    (_, { port = 0, number = 0, echo = 0 }: { port?: number; number?: number; echo?: number }) => {
      const t = listening(origin)
      ask(t, MODERN)
      t.remotePort += port
      t.iss = (t.iss + number) | 0
      t.ts!.ecr += echo
      t.send({ flags: 'A', seq: 1, ack: 1 }).expect({ flags: 'R' }).silence()
      expect(t.stack.tcp.sizes.connections).toBe(0)
      expect(t.stack.tcp.counters.synCookiesFailed).toBe(1)
    },
  )

  it('R4987-04 a cookie of another sequence number of T is none', () => {
    const t = listening(origin)
    ask(t, MODERN)
    t.send({ flags: 'A', seq: 2, ack: 1 }).expect({ flags: 'R' })
    expect(t.stack.tcp.sizes.connections).toBe(0)
  })

  it('R4987-04 a SYN-ACK, a RST or a FIN alone is no answer to a cookie', () => {
    const t = listening(origin)
    ask(t, MODERN)
    t.send({ flags: 'SA', seq: 1, ack: 1 }).expect({ flags: 'R' })
    t.send({ flags: 'RA', seq: 1, ack: 1 }).silence()
    t.send({ flags: 'F', seq: 1 }).silence()
    expect(t.stack.tcp.sizes.connections).toBe(0)
  })

  it('R4987-04 before any cookie was sent, and long after, no ACK is looked at', () => {
    const t = new Script(origin).listen()
    t.send({ flags: 'A', seq: 1, ack: 1 }).expect({ flags: 'R' })
    expect(t.stack.tcp.counters).toMatchObject({ synCookiesFailed: 0, synCookiesAccepted: 0 })
  })

  it('with the accept queue full the last ACK is dropped, and what follows makes the connection', () => {
    const t = new Script({ ...origin, tcp: ALWAYS }).listen({ backlog: 1, accept: false })
    ask(t, MODERN)
    const { iss, ts } = t
    t.remotePort = 6000
    ask(t, MODERN)
    t.send({ flags: 'A', seq: 1, ack: 1 }).silence()
    t.remotePort = 5000
    t.iss = iss
    t.ts = ts
    t.send({ flags: 'A', seq: 1, ack: 1 }).silence()
    expect(t.stack.tcp.counters.droppedAcceptQueue).toBe(1)
    t.listener.accept()
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 10 }).expect({ flags: 'A', ack: 11 })
    t.accept()
    expect(t.readAll()).toHaveLength(10)
  })
})

describe('SYN cookies under pressure', () => {
  const full = (synCookies: boolean) => {
    const t = new Script({ limits: { synBacklog: 4 }, tcp: { synCookies } }).listen()
    for (let port = 10_000; port < 10_004; port++) {
      t.remotePort = port
      t.send({ flags: 'S', options: MODERN }).expect({ flags: 'SA' })
    }
    t.remotePort = 5000
    return t
  }

  it('R4987-04 a record is kept while there is room, a cookie is sent when there is none', () => {
    const t = full(true)
    expect(t.stack.tcp.counters.synCookiesSent).toBe(0)
    t.send({ flags: 'S', options: MODERN })
    t.noteTimestamps(t.next())
    expect(t.stack.tcp.sizes.halfOpen).toBe(4)
    expect(t.stack.tcp.counters).toMatchObject({ synCookiesSent: 1, droppedSynBacklog: 0 })
    t.send({ flags: 'A', seq: 1, ack: 1 }).silence()
    expect(t.state).toBe('ESTABLISHED')
    expect(t.stack.tcp.sizes.halfOpen).toBe(4)
  })

  it('R4987-04 who has a record goes on with it', () => {
    const t = full(true)
    t.remotePort = 10_000
    t.send({ flags: 'S', options: MODERN }).expect({ flags: 'SA' })
    t.ts = { val: 2, ecr: 0 }
    t.remotePort = 5000
    const { iss } = t
    t.send({ flags: 'S', options: MODERN }).expect({ flags: 'SA' })
    t.remotePort = 10_000
    t.iss = iss
    t.send({ flags: 'A', seq: 1, ack: 1 }).silence()
    expect(t.state).toBe('ESTABLISHED')
    expect(t.stack.tcp.counters.synCookiesAccepted).toBe(0)
  })

  it('R4987-02 switched off: the oldest record goes, and no ACK passes for a cookie', () => {
    const t = full(false)
    t.send({ flags: 'S', options: MODERN }).expect({ flags: 'SA' })
    expect(t.stack.tcp.sizes.halfOpen).toBe(4)
    expect(t.stack.tcp.counters).toMatchObject({ synCookiesSent: 0, droppedSynBacklog: 1 })
    t.remotePort = 10_000
    t.send({ flags: 'A', seq: 1, ack: 1 }).expect({ flags: 'R' })
  })

  it('MAY-2 a new incarnation after TIME-WAIT gets a record: its number has to be beyond the old one', () => {
    const t = new Script({ limits: { synBacklog: 1 } }).established(MODERN)
    t.connection.shutdown()
    t.expect({ flags: 'FA' })
    t.ts!.val = 2
    t.send({ flags: 'FA', seq: 1, ack: 2 }).expect({ flags: 'A' })
    expect(t.stack.tcp.sizes.timeWait).toBe(1)
    t.remotePort = 6000
    t.send({ flags: 'S', options: MODERN }).expect({ flags: 'SA' })
    t.remotePort = 5000
    t.ts = null
    t.send({
      flags: 'S',
      seq: 1000,
      options: [
        { name: 'mss', value: 1460 },
        { name: 'timestamps', value: 9, echo: 0 },
      ],
    })
    t.expect({ flags: 'SA', ack: 1001 })
    expect(t.stack.tcp.counters).toMatchObject({ synCookiesSent: 0, droppedSynBacklog: 1, timeWaitReused: 1 })
  })

  it('IPv6 too', () => {
    const t = listening({ family: 6 })
    ask(t, MODERN)
    t.send({ flags: 'A', seq: 1, ack: 1 }).silence()
    expect(t.connection.info()).toMatchObject({ state: 'ESTABLISHED', sndWscale: 7 })
  })

  it("is true, false or 'always'", () => {
    expect(() => new Script({ tcp: { synCookies: 1 as never } })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }),
    )
  })
})
