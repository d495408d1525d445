import { describe, expect, it } from 'vitest'
import { packets, parseAddress, type TcpConnection } from '../../src/index.ts'
import { inState, stateOf } from './in-state.ts'
import { MODERN, ORIGINS, Script, type SentSeg } from './script.ts'

interface IcmpNews {
  type: number
  code?: number
  /** The second word: the MTU. */
  rest?: number
}

const ROUTER = { 4: '10.0.0.254', 6: 'fd00::fe' } as const

/** An ICMP error from a router about a packet the stack sent (the last one unless told otherwise), as T would see it. */
function icmp(t: Script, news: IcmpNews, quoted: Uint8Array = t.device.sent.at(-1)!.bytes): void {
  const v6 = quoted[0] >>> 4 === 6
  const source = parseAddress(v6 ? ROUTER[6] : ROUTER[4])!.toBytes()
  const destination = parseAddress(t.local)!.toBytes()
  const body = quoted.slice(0, v6 ? 60 : 28)
  t.device.receive(
    v6
      ? packets.buildFrame({ ipv6: { source, destination }, icmpv6: { ...news, body } })
      : packets.buildFrame({ ipv4: { source, destination }, icmpv4: { ...news, body } }),
  )
}

/** The last packet sent, with the sequence number of its TCP header changed. */
function requoted(t: Script, change: (view: DataView) => void): Uint8Array {
  const bytes = t.device.sent.at(-1)!.bytes.slice()
  change(new DataView(bytes.buffer, bytes[0] >>> 4 === 6 ? 40 : 20))
  return bytes
}

function softErrors(t: Script): string[] {
  const got: string[] = []
  t.connection.handler = {
    ...t.handler,
    onSoftError: (_: TcpConnection, reason) => got.push(String(reason)),
  }
  return got
}

const SOFT4: [name: string, IcmpNews, reason: string][] = [
  ['net unreachable', { type: 3, code: 0 }, 'ENETUNREACH'],
  ['host unreachable', { type: 3, code: 1 }, 'EHOSTUNREACH'],
  ['source route failed', { type: 3, code: 5 }, 'ENETUNREACH'],
  ['time exceeded in transit', { type: 11, code: 0 }, 'EHOSTUNREACH'],
  ['time exceeded in reassembly', { type: 11, code: 1 }, 'EHOSTUNREACH'],
  ['parameter problem', { type: 12, code: 0 }, 'EHOSTUNREACH'],
  ['protocol unreachable (SHLD-26, R5927-02)', { type: 3, code: 2 }, 'ECONNREFUSED'],
  ['port unreachable (SHLD-26, R5927-02)', { type: 3, code: 3 }, 'ECONNREFUSED'],
]
const SOFT6: [name: string, IcmpNews, reason: string][] = [
  ['no route', { type: 1, code: 0 }, 'ENETUNREACH'],
  ['address unreachable', { type: 1, code: 3 }, 'EHOSTUNREACH'],
  ['prohibited', { type: 1, code: 1 }, 'EHOSTUNREACH'],
  ['port unreachable', { type: 1, code: 4 }, 'ECONNREFUSED'],
  ['hop limit exceeded', { type: 3, code: 0 }, 'EHOSTUNREACH'],
  ['parameter problem 0', { type: 4, code: 0 }, 'EHOSTUNREACH'],
  ['parameter problem 1', { type: 4, code: 1 }, 'EHOSTUNREACH'],
  ['parameter problem 2', { type: 4, code: 2 }, 'EHOSTUNREACH'],
]

describe.each(ORIGINS)('ICMP errors in a synchronized state, $name', (origin) => {
  const all = [
    ...SOFT4.map(([name, news, reason]) => ({ family: 4 as const, name, news, reason })),
    ...SOFT6.map(([name, news, reason]) => ({ family: 6 as const, name, news, reason })),
  ]
  it.each(all)('MUST-56 MUST-47 IPv$family $name is told and ends nothing', ({ family, news, reason }) => {
    const t = inState('ESTABLISHED', { ...origin, family })
    const soft = softErrors(t)
    t.connection.write(new Uint8Array(100))
    t.expect({ length: 100 })
    icmp(t, news)
    t.silence()
    expect(soft).toEqual([reason])
    expect(t.state).toBe('ESTABLISHED')
    t.send({ flags: 'A', seq: 1, ack: 101 })
    t.connection.write(new Uint8Array(10))
    t.expect({ length: 10 })
  })

  it('R5927-01 an error about what is not in flight is ignored', () => {
    const t = inState('ESTABLISHED', origin)
    const soft = softErrors(t)
    t.connection.write(new Uint8Array(100))
    t.expect({ length: 100 })
    const seq = (relative: number) => requoted(t, (view) => view.setUint32(4, (t.iss + relative) >>> 0))
    for (const relative of [0, -1000, 101, 5000]) icmp(t, { type: 3, code: 1 }, seq(relative))
    expect(soft).toEqual([])
    icmp(t, { type: 3, code: 1 }, seq(1))
    icmp(t, { type: 3, code: 1 }, seq(100))
    expect(soft).toEqual(['EHOSTUNREACH', 'EHOSTUNREACH'].slice(0, soft.length))
    expect(soft.length).toBeGreaterThan(0)
  })
})

describe('ICMP errors and whom they concern', () => {
  it('MUST-54 only the connection that is quoted hears of it', () => {
    const t = new Script().listen()
    const heard: number[] = []
    const packetsOf = new Map<number, Uint8Array>()
    for (const port of [5000, 5001]) {
      t.remotePort = port
      t.skip().send({ flags: 'S' }).expect({ flags: 'SA' })
      t.send({ flags: 'A', seq: 1, ack: 1 })
      t.connection.handler = { onSoftError: (connection) => heard.push(connection.remotePort) }
      t.connection.write(new Uint8Array(10))
      packetsOf.set(port, t.device.sent.at(-1)!.bytes)
    }
    icmp(t, { type: 3, code: 1 }, packetsOf.get(5001)!)
    expect(heard).toEqual([5001])
    icmp(
      t,
      { type: 3, code: 1 },
      requoted(t, (view) => view.setUint16(2, 5002)),
    )
    expect(heard).toEqual([5001])
  })

  it('MUST-55 R5927-03 source quench does nothing at all', () => {
    const t = inState('ESTABLISHED')
    const soft = softErrors(t)
    t.connection.write(new Uint8Array(100))
    t.next()
    const { cwnd, ssthresh } = t.connection.info()
    icmp(t, { type: 4, code: 0 })
    t.silence()
    expect(soft).toEqual([])
    expect(t.connection.info()).toMatchObject({ cwnd, ssthresh })
  })

  it('SHLD-25 the last soft error is the reason when the connection fails', () => {
    const t = inState('ESTABLISHED', { tcp: { retries: 3 } })
    t.connection.write(new Uint8Array(100))
    icmp(t, { type: 3, code: 1 })
    t.wait(600_000)
    expect(t.events).toEqual(['close EHOSTUNREACH'])
  })

  it('SHLD-25 an ACK in between clears it', () => {
    const t = inState('ESTABLISHED', { tcp: { retries: 3 } })
    t.connection.write(new Uint8Array(100))
    icmp(t, { type: 3, code: 1 })
    t.send({ flags: 'A', seq: 1, ack: 101 })
    t.connection.write(new Uint8Array(100))
    t.wait(600_000)
    expect(t.events).toEqual(['close ETIMEDOUT'])
  })

  it('SHLD-20 without the handler nothing is called', () => {
    const t = inState('ESTABLISHED')
    t.connection.write(new Uint8Array(100))
    icmp(t, { type: 3, code: 1 })
    expect(t.events).toEqual([])
    expect(t.state).toBe('ESTABLISHED')
  })
})

describe('ICMP errors while connecting', () => {
  it.each([
    [{ type: 3, code: 0 }, 'ENETUNREACH'],
    [{ type: 3, code: 1 }, 'EHOSTUNREACH'],
    [{ type: 3, code: 2 }, 'ECONNREFUSED'],
    [{ type: 3, code: 3 }, 'ECONNREFUSED'],
    [{ type: 3, code: 13 }, 'EHOSTUNREACH'],
  ])('SHLD-26 R5927-05 %j about the SYN fails the attempt with %s', (news, reason) => {
    const t = inState('SYN-SENT')
    icmp(t, news)
    t.silence()
    expect(t.events).toEqual([`close ${reason}`])
  })

  it('SHLD-26 port unreachable about the SYN, IPv6', () => {
    const t = inState('SYN-SENT', { family: 6 })
    icmp(t, { type: 1, code: 4 })
    expect(t.events).toEqual(['close ECONNREFUSED'])
  })

  it('ICMP-08 time exceeded about the SYN ends nothing: the next may find its way', () => {
    const t = inState('SYN-SENT')
    icmp(t, { type: 11, code: 0 })
    expect(t.state).toBe('SYN-SENT')
    t.send({ flags: 'SA', ack: 1 }).expect({ flags: 'A' })
  })

  it('R5927-01 an error with another sequence number does not fail it', () => {
    const t = inState('SYN-SENT')
    icmp(
      t,
      { type: 3, code: 3 },
      requoted(t, (view) => view.setUint32(4, view.getUint32(4) + 1)),
    )
    expect(t.state).toBe('SYN-SENT')
  })

  it('R5927-02 about a SYN-ACK: the half-open record is forgotten, if the number is right', () => {
    const t = inState('SYN-RECEIVED')
    icmp(
      t,
      { type: 3, code: 1 },
      requoted(t, (view) => view.setUint32(4, view.getUint32(4) + 1)),
    )
    icmp(t, { type: 11, code: 0 })
    expect(stateOf(t)).toBe('SYN-RECEIVED')
    icmp(t, { type: 3, code: 1 })
    expect(stateOf(t)).toBe('CLOSED')
    t.silence(120_000)
  })

  it.each(['TIME-WAIT', 'CLOSE-WAIT'] as const)('nothing in flight, nothing to say: %s', (state) => {
    const t = inState(state)
    icmp(t, { type: 3, code: 3 })
    t.silence()
    expect(stateOf(t)).toBe(state)
  })
})

describe('packet too big', () => {
  /** An established connection with `count` full segments in flight. */
  function sending(count: number, options = {}): { t: Script; sent: SentSeg[] } {
    const t = new Script(options).established()
    t.connection.write(new Uint8Array(count * 1460))
    const sent = Array.from({ length: count }, () => t.next())
    return { t, sent }
  }
  const ipLength = (t: Script) => t.device.sent.at(-1)!.bytes.length

  it('R1191-01 R5681-27 lowers the segment size; what was lost is sent again at once, the window stays ten segments', () => {
    const { t } = sending(1)
    expect(t.connection.info().cwnd).toBe(14_600)
    icmp(t, { type: 3, code: 4, rest: 1200 })
    t.expect({ seq: 1, length: 1160 }, { seq: 1161, length: 300 }).silence()
    expect(t.connection.info()).toMatchObject({ sndMss: 1160, pathMtu: 1200, cwnd: 11_600 })
    t.send({ flags: 'A', seq: 1, ack: 1461 })
    t.connection.write(new Uint8Array(5000))
    t.expect({ length: 1160 })
    expect(ipLength(t)).toBeLessThanOrEqual(1200)
  })

  it('R1191-04 ten of them draw one retransmission', () => {
    const { t } = sending(1)
    const quoted = t.device.sent.at(-1)!.bytes
    for (let i = 0; i < 10; i++) icmp(t, { type: 3, code: 4, rest: 1200 }, quoted)
    t.expect({ seq: 1, length: 1160 }, { seq: 1161, length: 300 }).silence()
  })

  it.each([1500, 9000, 65_535])('R1191-01 %i is no decrease and ignored', (rest) => {
    const { t } = sending(1)
    icmp(t, { type: 3, code: 4, rest })
    t.silence()
    expect(t.connection.info().sndMss).toBe(1460)
  })

  it('R1191-01 20 is taken as the floor', () => {
    const { t } = sending(1)
    icmp(t, { type: 3, code: 4, rest: 20 })
    expect(t.connection.info().pathMtu).toBeGreaterThanOrEqual(552)
    expect(t.next().length).toBeGreaterThanOrEqual(500)
  })

  it('R1191-02 0 is a router that does not say: the next plateau', () => {
    const { t } = sending(1)
    icmp(t, { type: 3, code: 4, rest: 0 })
    expect(t.connection.info().pathMtu).toBe(1492)
    t.expect({ seq: 1, length: 1452 }, { length: 8 })
    const quoted = t.device.sent.at(-2)!.bytes
    icmp(t, { type: 3, code: 4, rest: 0 }, quoted)
    expect(t.connection.info().pathMtu).toBe(1006)
  })

  it('R1191-05 the peer’s MSS stays an upper bound', () => {
    const t = new Script({ mtu: 9000 }).established([{ name: 'mss', value: 1000 }])
    t.connection.write(new Uint8Array(1000))
    t.expect({ length: 1000 })
    icmp(t, { type: 3, code: 4, rest: 4000 })
    t.silence()
    expect(t.connection.info().sndMss).toBe(1000)
  })

  it('R1191-03 R1191-06 after ten minutes the old size is tried again, with new data only', () => {
    const { t } = sending(1)
    icmp(t, { type: 3, code: 4, rest: 1200 })
    t.expect({ seq: 1, length: 1160 }, { seq: 1161, length: 300 })
    t.send({ flags: 'A', seq: 1, ack: 1461 }).silence(599_950)
    t.connection.write(new Uint8Array(1160))
    t.expect({ seq: 1461, length: 1160 }).silence(100)
    t.send({ flags: 'A', seq: 1, ack: 2621 })
    t.connection.write(new Uint8Array(2000))
    t.expect({ seq: 2621, length: 1460 }, { seq: 4081, length: 540 }).silence()
    expect(t.connection.info()).toMatchObject({ pathMtu: 1500, retransmits: 2 })
  })

  it('R5927-01 R8201-02 about a segment not in flight it is ignored', () => {
    const { t } = sending(1)
    icmp(
      t,
      { type: 3, code: 4, rest: 1200 },
      requoted(t, (view) => view.setUint32(4, view.getUint32(4) + 5000)),
    )
    icmp(
      t,
      { type: 3, code: 4, rest: 1200 },
      requoted(t, (view) => view.setUint16(0, 9)),
    )
    t.silence()
    expect(t.connection.info().pathMtu).toBe(1500)
  })

  it('R5927-04 it is not believed while larger segments are acknowledged, and is after a timeout', () => {
    const { t } = sending(1)
    t.wait(20).send({ flags: 'A', seq: 1, ack: 1461 })
    t.connection.write(new Uint8Array(1460))
    t.expect({ length: 1460 })
    icmp(t, { type: 3, code: 4, rest: 600 })
    t.silence()
    expect(t.connection.info().pathMtu).toBe(1500)
    // Progress refutes it.
    t.wait(20).send({ flags: 'A', seq: 1, ack: 2921 })
    t.connection.write(new Uint8Array(1460))
    t.expect({ length: 1460 })
    icmp(t, { type: 3, code: 4, rest: 600 })
    t.wait(10_000)
    expect(t.connection.info().pathMtu).toBe(600)
    const lengths = new Set<number>()
    while (t.pending > 0) lengths.add(t.next().length)
    expect(lengths).toContain(560)
  })

  it('R8201-01 IPv6: below 1280 it is discarded, and nothing is fragmented', () => {
    const t = new Script({ family: 6 }).established([{ name: 'mss', value: 1440 }])
    t.connection.write(new Uint8Array(1440))
    t.expect({ length: 1440 })
    icmp(t, { type: 2, rest: 1000 })
    t.silence()
    expect(t.connection.info().pathMtu).toBe(1500)
  })

  it('R8201-03 N8504-04 IPv6: 1280 gives segments of 1220, 1208 with timestamps', () => {
    const t = new Script({ family: 6 }).established([{ name: 'mss', value: 1440 }])
    t.connection.write(new Uint8Array(1440))
    t.expect({ length: 1440 })
    icmp(t, { type: 2, rest: 1280 })
    t.expect({ length: 1220 }, { length: 220 })
    const modern = new Script({ family: 6 }).established(MODERN)
    modern.connection.write(new Uint8Array(1428))
    modern.expect({ length: 1428 })
    icmp(modern, { type: 2, rest: 1280 })
    modern.expect({ length: 1208 }, { length: 220 })
  })

  it.each([4, 6] as const)(
    'FRG-10 FRG-11 IPv%i: whole packets up to the path MTU, and never a fragment',
    (family) => {
      const header = family === 4 ? 40 : 60
      const t = new Script({ family }).established([{ name: 'mss', value: 1500 - header }])
      t.connection.write(new Uint8Array(20_000))
      const isFragment = (bytes: Uint8Array) =>
        family === 4 ? ((bytes[6] << 8) | bytes[7]) & 0x3fff : bytes[6] === 44
      expect(Math.max(...t.device.sent.map(({ bytes }) => bytes.length))).toBe(1500)
      expect(t.device.sent.every(({ bytes }) => family === 6 || (bytes[6] & 0x40) !== 0)).toBe(true)
      t.skip()
      const before = t.device.sent.length
      icmp(t, family === 4 ? { type: 3, code: 4, rest: 1300 } : { type: 2, rest: 1300 })
      t.wait(5000)
      const smaller = t.device.sent.slice(before)
      expect(smaller.map(({ bytes }) => bytes.length)).toContain(1300)
      expect(t.device.sent.filter(({ bytes }) => isFragment(bytes))).toEqual([])
      expect(t.stack.ip.counters.fragmentsOut).toBe(0)
    },
  )

  it('in SYN-SENT it lowers what the connection will send', () => {
    const t = inState('SYN-SENT')
    icmp(t, { type: 3, code: 4, rest: 1000 })
    t.send({ flags: 'SA', ack: 1, options: [{ name: 'mss', value: 1460 }] }).expect({ flags: 'A' })
    t.connection.write(new Uint8Array(3000))
    t.expect({ length: 960 })
  })
})
