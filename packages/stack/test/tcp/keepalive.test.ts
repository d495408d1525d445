import { describe, expect, it } from 'vitest'
import { inState } from './in-state.ts'
import { MODERN, ORIGINS, Script } from './script.ts'

const FAST = { idle: 5000, interval: 1000, count: 3 }

describe.each(ORIGINS)('keepalive, $name', (origin) => {
  it('MUST-25 is off by default: an idle connection is silent for days', () => {
    inState('ESTABLISHED', origin).silence(7 * 86_400_000)
  })

  it('MAY-5 MUST-24 MUST-27 SHLD-12 R1122-KA the first probe after the idle time: no data, SEQ = SND.NXT - 1', () => {
    const t = inState('ESTABLISHED', origin)
    t.connection.setKeepAlive(true, FAST)
    t.silence(4999)
    t.wait(2).expect({ flags: 'A', seq: 0, ack: 1, length: 0 }).silence()
    expect(t.stack.tcp.counters.keepaliveProbes).toBe(1)
  })

  it('MUST-26 an idle time that is changed counts from what came last', () => {
    const t = inState('ESTABLISHED', origin)
    t.connection.setKeepAlive(true)
    t.wait(3000)
    t.connection.setKeepAlive(true, FAST)
    t.silence(1999)
    t.wait(2).expect({ flags: 'A', seq: 0, length: 0 })
    // Longer ago than that: at once.
    const late = inState('ESTABLISHED', origin)
    late.connection.setKeepAlive(true)
    late.wait(60_000)
    late.connection.setKeepAlive(true, FAST)
    late.wait(1).expect({ flags: 'A', seq: 0, length: 0 })
  })

  it('MUST-29 an answer keeps it; the next probe comes a whole idle time later', () => {
    const t = inState('ESTABLISHED', origin)
    t.connection.setKeepAlive(true, FAST)
    for (let i = 0; i < 10; i++) {
      t.wait(5001).expect({ flags: 'A', seq: 0, length: 0 }).silence()
      t.send({ flags: 'A', seq: 1, ack: 1 }).silence()
    }
    expect(t.state).toBe('ESTABLISHED')
  })

  it('MUST-29 one probe lost, the next answered: it lives', () => {
    const t = inState('ESTABLISHED', origin)
    t.connection.setKeepAlive(true, FAST)
    t.wait(6001).expect({ seq: 0 }, { seq: 0 })
    t.send({ flags: 'A', seq: 1, ack: 1 })
    t.silence(4990)
    t.wait(20).expect({ seq: 0 })
  })

  it('MUST-29 answered probes are none in a row, though the interval is longer than the idle time', () => {
    const t = inState('ESTABLISHED', origin)
    t.connection.setKeepAlive(true, { idle: 1000, interval: 5000, count: 3 })
    for (let i = 0; i < 10; i++) {
      while (t.pending === 0) t.wait(500)
      t.expect({ flags: 'A', seq: 0, length: 0 })
      t.send({ flags: 'A', seq: 1, ack: 1 }).silence()
    }
    expect(t.state).toBe('ESTABLISHED')
  })

  it('MUST-21 a user timeout decides instead of the number of probes', () => {
    for (const [userTimeout, probes] of [
      [6500, 2],
      [10_500, 6],
    ]) {
      const t = inState('ESTABLISHED', origin)
      t.connection.setKeepAlive(true, FAST)
      t.connection.userTimeout = userTimeout
      t.wait(60_000)
      for (let i = 0; i < probes; i++) t.expect({ flags: 'A', seq: 0, length: 0 })
      t.expect({ flags: 'RA', seq: 1 }).silence()
      expect(t.events).toEqual(['close ETIMEDOUT'])
    }
  })

  it('MUST-29 none answered: RST to whom it may concern, and ETIMEDOUT', () => {
    const t = inState('ESTABLISHED', origin)
    t.connection.setKeepAlive(true, FAST)
    t.wait(60_000)
    const probes = [t.next(), t.next(), t.next()]
    expect(probes.map(({ at }) => Math.round(at - probes[0].at))).toEqual([0, 1000, 2000])
    t.expect({ flags: 'RA', seq: 1 }).silence()
    expect(t.events).toEqual(['close ETIMEDOUT'])
    expect(t.stack.engine.timers.size).toBe(0)
  })

  it('MUST-29 a RST in answer: ECONNRESET', () => {
    const t = inState('ESTABLISHED', origin)
    t.connection.setKeepAlive(true, FAST)
    const probe = t.wait(5001).next()
    t.send({ flags: 'R', seq: probe.ack })
    expect(t.events).toEqual(['close ECONNRESET'])
  })

  it('MUST-26 anything received puts the probe off by a whole interval', () => {
    const t = inState('ESTABLISHED', origin)
    t.connection.setKeepAlive(true, FAST)
    t.wait(4990).send({ flags: 'A', seq: 1, ack: 1 })
    t.silence(4995)
    t.wait(10).expect({ seq: 0 })
  })

  it('MUST-26 with data in flight there are retransmissions and no probes', () => {
    const t = inState('ESTABLISHED', origin)
    t.connection.setKeepAlive(true, { idle: 1000, interval: 1000, count: 2 })
    t.connection.write(new Uint8Array(10))
    t.wait(30_000)
    expect(t.stack.tcp.counters.keepaliveProbes).toBe(0)
    expect(t.state).toBe('ESTABLISHED')
    t.skip().send({ flags: 'A', seq: 1, ack: 11 })
    t.silence(900)
  })

  it('MUST-24 switched off it stops, even between probes', () => {
    const t = inState('ESTABLISHED', origin)
    t.connection.setKeepAlive(true, FAST)
    t.wait(5001).expect({ seq: 0 })
    t.connection.setKeepAlive(false)
    t.silence(3_600_000)
    expect(t.state).toBe('ESTABLISHED')
  })

  it('MUST-28 without a time of its own it is two hours', () => {
    const t = inState('ESTABLISHED', origin)
    t.connection.setKeepAlive(true)
    t.silence(7_199_999)
    t.wait(2).expect({ seq: 0, length: 0 })
  })

  it('asked for before the handshake it starts with it', () => {
    const t = inState('SYN-SENT', origin)
    t.connection.setKeepAlive(true, { idle: 500, interval: 1000, count: 3 })
    t.silence(600)
    t.send({ flags: 'SA', ack: 1 }).expect({ flags: 'A' })
    t.silence(499)
    t.wait(2).expect({ seq: 0 })
  })

  it('our own answer to a probe is an ACK, and no probe in return', () => {
    const t = inState('ESTABLISHED', origin)
    t.send({ flags: 'A', seq: 0, ack: 1 }).expect({ flags: 'A', seq: 1, ack: 1 }).silence()
    t.wait(1000)
      .send({ flags: 'A', seq: 0, ack: 1, data: 1 })
      .expect({ flags: 'A', seq: 1, ack: 1 })
      .silence()
    expect(t.connection.readable).toBe(0)
  })
})

describe('keepalive elsewhere', () => {
  it('R7323-12 a probe carries timestamps', () => {
    const t = new Script().established(MODERN)
    t.connection.setKeepAlive(true, FAST)
    expect(
      t
        .wait(5001)
        .next()
        .options.some((o) => o.name === 'timestamps'),
    ).toBe(true)
  })

  it.each(['CLOSE-WAIT', 'FIN-WAIT-2'] as const)('it finds a dead peer in %s too', (state) => {
    const t = inState(state)
    t.connection.setKeepAlive(true, FAST)
    t.wait(60_000)
    expect(t.connection.closeReason).toBe('ETIMEDOUT')
  })

  it('on IPv6', () => {
    const t = new Script({ family: 6 }).established()
    t.connection.setKeepAlive(true, FAST)
    t.wait(5001).expect({ flags: 'A', seq: 0, length: 0 })
  })

  it.each([
    { idle: 0 },
    { idle: 32_767_001 },
    { interval: 0 },
    { count: 0 },
    { count: 128 },
    { idle: Number.NaN },
  ])('%j is ERR_OUT_OF_RANGE', (options) => {
    const t = inState('ESTABLISHED')
    expect(() => t.connection.setKeepAlive(true, options)).toThrow(
      expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }),
    )
  })
})
