import { describe, expect, it } from 'vitest'
import { SACK_ONLY, Script, type ScriptOptions } from './script.ts'

const NOT_ECT = 0
const ECT0 = 2
const CE = 3

const MSS = [{ name: 'mss', value: 1000 }] as const

/** The stack accepted an ECN-setup SYN. */
function accepted(options: ScriptOptions = {}): Script {
  const t = new Script(options).listen()
  t.send({ flags: 'SEW', seq: 0, options: [...MSS] })
  t.expect({ flags: 'SAE', ecn: NOT_ECT })
  t.send({ flags: 'A', seq: 1, ack: 1 })
  return t.silence()
}

/** The stack asked for ECN, and T agreed. */
function agreed(options: ScriptOptions = {}, withSack = false): Script {
  const t = new Script({ ...options, tcp: { ecn: true, ...options.tcp } }).connect()
  t.expect({ flags: 'SEW', ecn: NOT_ECT }).wait(100)
  t.send({
    flags: 'SAE',
    seq: 0,
    ack: 1,
    options: withSack ? [...MSS, { name: 'sackPermitted' }] : [...MSS],
  })
  t.expect({ flags: 'A', ecn: NOT_ECT })
  return t.silence()
}

describe('SHLD-8 ECN: negotiation', () => {
  it.each([4, 6] as const)('R3168-01 R3168-02 an ECN-setup SYN draws ECE alone, IPv%i', (family) => {
    const t = accepted({ family })
    expect(t.connection.info().ecn).toBe(true)
  })

  it.each(['S', 'SE', 'SW'])('R3168-01 %s asks for nothing', (flags) => {
    const t = new Script().listen()
    t.send({ flags, seq: 0, options: SACK_ONLY })
    t.expect({ flags: 'SA', ecn: NOT_ECT })
    t.send({ flags: 'A', seq: 1, ack: 1 })
    expect(t.connection.info().ecn).toBe(false)
    t.connection.write(new Uint8Array(10))
    t.expect({ flags: 'PA', ecn: NOT_ECT })
  })

  it('R3168-01 nothing is asked for, and nothing agreed to, when the setting says so', () => {
    const t = new Script({ tcp: { ecn: false } }).listen()
    t.send({ flags: 'SEW', seq: 0 })
    t.expect({ flags: 'SA' })
    new Script({ tcp: { ecn: false } }).connect().expect({ flags: 'S' })
  })

  it('by default peers are not asked', () => {
    new Script().connect().expect({ flags: 'S', ecn: NOT_ECT })
  })

  it('R3168-01 an active open asks by ECE and CWR', () => {
    expect(agreed().connection.info().ecn).toBe(true)
  })

  it.each(['SA', 'SAEW', 'SAW'])('R3168-03 %s is no agreement', (flags) => {
    const t = new Script({ tcp: { ecn: true } }).connect()
    t.expect({ flags: 'SEW' })
    t.send({ flags, seq: 0, ack: 1, options: [...MSS] })
    t.expect({ flags: 'A' })
    expect(t.connection.info().ecn).toBe(false)
    t.connection.write(new Uint8Array(10))
    t.expect({ flags: 'PA', ecn: NOT_ECT })
  })

  it('R3168-01 an agreement nobody asked for is none', () => {
    const t = new Script().connect()
    t.expect({ flags: 'S' })
    t.send({ flags: 'SAE', seq: 0, ack: 1 })
    t.expect({ flags: 'A' })
    expect(t.connection.info().ecn).toBe(false)
  })

  it('R3168-10 R3168-01 ECE alone in the answer to a repeated SYN: the first has arrived, and ECN is agreed on', () => {
    const t = new Script({ tcp: { ecn: true } }).connect()
    t.expect({ flags: 'SEW' })
    t.wait(1000)
    t.expect({ flags: 'S' })
    // Who says so will mark its data as ECN-capable.
    t.send({ flags: 'SAE', seq: 0, ack: 1 })
    t.expect({ flags: 'A' })
    expect(t.connection.info().ecn).toBe(true)
  })

  it('R3168-10 a SYN that nobody answers is repeated without', () => {
    const t = new Script({ tcp: { ecn: true } }).connect()
    t.expect({ flags: 'SEW' })
    t.wait(1000)
    t.expect({ flags: 'S' })
    t.send({ flags: 'SA', seq: 0, ack: 1 })
    t.expect({ flags: 'A' })
    expect(t.connection.info().ecn).toBe(false)
  })

  it('R3168-01 a simultaneous open agrees as well', () => {
    const t = new Script({ tcp: { ecn: true } }).connect()
    t.expect({ flags: 'SEW' })
    t.send({ flags: 'SEW', seq: 0, options: [...MSS] })
    t.expect({ flags: 'SAE', ecn: NOT_ECT })
    t.send({ flags: 'SAE', seq: 0, ack: 1, options: [...MSS] })
    expect(t.state).toBe('ESTABLISHED')
    expect(t.connection.info().ecn).toBe(true)
  })
})

describe('ECN: marking', () => {
  it.each([4, 6] as const)('R3168-04 R8311-01 new data carries ECT(0), IPv%i', (family) => {
    const t = accepted({ family })
    t.connection.write(new Uint8Array(2500))
    t.expect({ length: 1000, ecn: ECT0 }, { length: 1000, ecn: ECT0 }, { length: 500, ecn: ECT0 })
  })

  it('R3168-05 pure ACKs, retransmissions and probes do not', () => {
    const t = accepted()
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 10 })
    t.expect({ flags: 'A', length: 0, ecn: NOT_ECT })
    t.connection.write(new Uint8Array(100))
    t.expect({ length: 100, ecn: ECT0 })
    t.wait(10_000)
    expect(t.pending).toBeGreaterThan(1)
    while (t.pending > 0) t.expect({ seq: 1, length: 100, ecn: NOT_ECT })
    t.send({ flags: 'A', seq: 11, ack: 101, win: 0 })
    t.connection.write(new Uint8Array(100))
    t.wait(60_000)
    expect(t.pending).toBeGreaterThan(1)
    while (t.pending > 0) {
      const probe = t.next()
      expect(probe.ecn).toBe(NOT_ECT)
      expect(probe.flags).not.toContain('W')
    }
  })

  it('the ECN bits of a traffic class are TCP’s own; DSCP is kept (MUST-48)', () => {
    const t = accepted({ tcp: { trafficClass: 0xbb } })
    t.connection.write(new Uint8Array(10))
    t.expect({ ecn: ECT0 })
    t.connection.trafficClass = 0x2f
    expect(t.connection.trafficClass).toBe(0x2c)
    t.send({ flags: 'PA', seq: 1, ack: 11, data: 10 })
    t.expect({ flags: 'A', ecn: NOT_ECT })
    const plain = new Script({ tcp: { trafficClass: 0x03 } }).established()
    plain.connection.write(new Uint8Array(10))
    plain.expect({ ecn: NOT_ECT })
  })
})

describe('ECN: the receiver', () => {
  it('R3168-06 CE is echoed on every ACK until CWR', () => {
    const t = accepted()
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 10, tos: ECT0 })
    t.expect({ flags: 'A', ack: 11 })
    t.send({ flags: 'PA', seq: 11, ack: 1, data: 10, tos: CE })
    t.expect({ flags: 'AE', ack: 21 })
    t.send({ flags: 'PA', seq: 21, ack: 1, data: 10, tos: ECT0 })
    t.expect({ flags: 'AE', ack: 31 })
    t.connection.write(new Uint8Array(10))
    t.expect({ flags: 'PAE', length: 10, ecn: ECT0 })
    t.send({ flags: 'PAW', seq: 31, ack: 11, data: 10, tos: ECT0 })
    t.expect({ flags: 'A', ack: 41 })
    expect(t.stack.tcp.counters.congestionMarksIn).toBe(1)
  })

  it('R3168-06 CE on the segment that has CWR begins another echo', () => {
    const t = accepted()
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 10, tos: CE })
    t.expect({ flags: 'AE' })
    t.send({ flags: 'PAW', seq: 11, ack: 1, data: 10, tos: CE })
    t.expect({ flags: 'AE', ack: 21 })
  })

  it('R3168-06 a delayed ACK has ECE when any of its segments was marked; the mark itself does not wait', () => {
    const t = accepted()
    // Past the quick ACKs of a young connection.
    for (let i = 0; i < 20; i++)
      t.send({ flags: 'PA', seq: 1 + 10 * i, ack: 1, data: 10, tos: ECT0 }).wait(100)
    t.skip()
    t.send({ flags: 'PA', seq: 201, ack: 1, data: 10, tos: ECT0 }).silence()
    t.send({ flags: 'PA', seq: 211, ack: 1, data: 10, tos: CE })
    t.expect({ flags: 'AE', ack: 221 }).silence(1000)
  })

  it('R3168-09 CE outside the window means nothing', () => {
    const t = accepted()
    t.send({ flags: 'PA', seq: 1_000_000, ack: 1, data: 10, tos: CE })
    t.expect({ flags: 'A', ack: 1 })
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 10, tos: ECT0 })
    t.expect({ flags: 'A', ack: 11 })
    t.wait(1000).skip()
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 10, tos: CE })
    t.expect({ flags: 'A', ack: 11 })
    expect(t.stack.tcp.counters.congestionMarksIn).toBe(0)
  })

  it('CE on a connection without ECN means nothing', () => {
    const t = new Script().established()
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 10, tos: CE })
    t.expect({ flags: 'A', ack: 11 })
  })
})

describe('ECN: the sender', () => {
  for (const [congestion, rest] of [
    ['cubic', 7000],
    ['newreno', 5000],
  ] as const) {
    it(`R3168-07 R8311-02 one reduction per window, nothing sent again, CWR on the next new data: ${congestion}`, () => {
      const t = agreed({ tcp: { congestion } })
      t.connection.write(new Uint8Array(40_000))
      for (let i = 0; i < 10; i++) t.expect({ seq: 1 + 1000 * i, flags: 'A' })
      t.silence()
      t.wait(50)
      // All of the first window is acknowledged with ECE: one reduction.
      t.send({ flags: 'AE', seq: 1, ack: 1001 })
      expect(t.connection.info()).toMatchObject({ cwnd: rest, ssthresh: rest })
      for (let i = 2; i <= 10; i++) t.send({ flags: 'AE', seq: 1, ack: 1 + 1000 * i })
      expect(t.connection.info()).toMatchObject({ cwnd: rest, ssthresh: rest, retransmits: 0 })
      expect(t.stack.tcp.counters.ecnReductions).toBe(1)
      t.expect({ seq: 10_001, flags: 'AW', ecn: ECT0 })
      for (let i = 1; i < rest / 1000; i++) t.expect({ seq: 10_001 + 1000 * i, flags: 'A', ecn: ECT0 })
      t.silence()
      // The next window: another one.
      t.send({ flags: 'AE', seq: 1, ack: 11_001 })
      expect(t.stack.tcp.counters.ecnReductions).toBe(2)
      expect(t.connection.info().cwnd).toBe(Math.floor(rest * (rest / 10_000)))
    })
  }

  it('R3168-07 a reduction of two gigabytes ago does not look like one still to come', () => {
    const t = agreed()
    t.stack.tcp.context.connections.each((tcb) => {
      tcb.ecn.reducedTo = (tcb.sndUna - 0x7fff_fc00) | 0
    })
    t.connection.write(new Uint8Array(4000))
    for (let i = 0; i < 4; i++) t.next()
    t.wait(50)
    t.send({ flags: 'A', seq: 1, ack: 1001 })
    t.send({ flags: 'AE', seq: 1, ack: 3001 })
    expect(t.stack.tcp.counters.ecnReductions).toBe(1)
  })

  it('R3168-07 the floor is one segment, and ssthresh two (R9438-07)', () => {
    const t = agreed()
    for (let i = 0; i < 12; i++) {
      const { bytesAcked } = t.connection.info()
      t.connection.write(new Uint8Array(1000))
      t.wait(50).skip()
      t.send({ flags: 'AE', seq: 1, ack: bytesAcked + 1001 })
    }
    expect(t.connection.info()).toMatchObject({ cwnd: 1000, ssthresh: 2000 })
  })

  it('R3168-07 a loss in the window that ECE reduced is the same congestion', () => {
    const t = agreed({ tcp: { congestion: 'newreno' } })
    t.connection.write(new Uint8Array(40_000))
    t.skip()
    t.send({ flags: 'AE', seq: 1, ack: 1001 })
    expect(t.connection.info().ssthresh).toBe(5000)
    for (let i = 0; i < 3; i++) t.send({ flags: 'A', seq: 1, ack: 1001 })
    expect(t.connection.info()).toMatchObject({ ssthresh: 5000, retransmits: 1 })
  })

  it('R3168-08 a CWR that is lost is not repeated with the data, but the loss brings another', () => {
    const t = agreed({ tcp: { congestion: 'newreno' } }, true)
    t.connection.write(new Uint8Array(40_000))
    t.wait(50).skip()
    t.send({ flags: 'AE', seq: 1, ack: 10_001 })
    t.expect({ seq: 10_001, flags: 'AW' }).skip()
    const edge = (n: number): number => (t.iss + n) >>> 0
    t.wait(50)
    for (let n = 12_001; n <= 15_001; n += 1000) {
      t.send({
        flags: 'A',
        seq: 1,
        ack: 10_001,
        options: [{ name: 'sack', blocks: [[edge(11_001), edge(n)]] }],
      })
    }
    t.wait(50)
    t.send({ flags: 'A', seq: 1, ack: 17_001 })
    const sent = Array.from({ length: t.pending }, () => t.next())
    expect(t.connection.info().retransmits).toBe(1)
    const again = sent.findIndex((s) => s.seq === 10_001)
    expect(sent[again]).toMatchObject({ ecn: NOT_ECT })
    expect(sent.map((s) => s.flags.includes('W'))).toEqual(sent.map((_, i) => i === again + 1))
    expect(sent[again + 1].ecn).toBe(ECT0)
  })

  it('R3168-07 a reduction that is taken back withdraws its CWR: the echo goes on, and is answered', () => {
    const t = agreed({}, true)
    t.connection.write(new Uint8Array(20_000))
    t.skip().wait(100)
    const { cwnd } = t.connection.info()
    // One burst of ACKs: a hole, and the end of it, with a mark on the way.
    const edge = (n: number): number => (t.iss + 1 + n * 1000) >>> 0
    t.device.receive(
      t.build({ flags: 'A', seq: 1, ack: 1, options: [{ name: 'sack', blocks: [[edge(1), edge(7)]] }] }),
      t.build({ flags: 'AE', seq: 1, ack: 10_001 }),
    )
    expect(t.stack.tcp.counters).toMatchObject({ fastRecoveries: 1, undos: 1, ecnReductions: 0 })
    expect(t.connection.info().cwnd).toBeGreaterThanOrEqual(cwnd)
    expect(t.next().flags).not.toContain('W')
    t.skip().wait(100)
    t.send({ flags: 'AE', seq: 1, ack: 11_001 })
    expect(t.stack.tcp.counters.ecnReductions).toBe(1)
    t.connection.write(new Uint8Array(20_000))
    t.send({ flags: 'AE', seq: 1, ack: 20_001 })
    expect(t.next().flags).toContain('W')
  })

  it('ECE without an agreement means nothing', () => {
    const t = new Script().established([...MSS])
    t.connection.write(new Uint8Array(40_000))
    t.skip()
    t.send({ flags: 'AE', seq: 1, ack: 1001 })
    expect(t.connection.info().cwnd).toBe(11_000)
  })
})
