import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../src/index.ts'
import { RateLimit } from '../../src/tcp/rate-limit.ts'
import { inState } from './in-state.ts'
import { ORIGINS, Script } from './script.ts'

describe.each(ORIGINS)('challenge ACKs, $name', (origin) => {
  it.each([
    { flags: 'S', seq: 1 },
    { flags: 'S', seq: -5000 },
    { flags: 'S', seq: 500_000 },
    { flags: 'SA', seq: 0 },
    { flags: 'SF', seq: 10 },
  ])('R5961-04 SYN in ESTABLISHED ($flags at $seq) is challenged and never resets', (segment) => {
    const t = inState('ESTABLISHED', origin)
    t.send({ ...segment, ack: 1 })
      .expect({ flags: 'A', seq: 1, ack: 1, length: 0 })
      .silence()
    expect(t.state).toBe('ESTABLISHED')
  })

  it('R5961-04 SEG-32 a peer that has restarted answers the challenge with a RST that is believed', () => {
    const t = inState('ESTABLISHED', origin)
    t.send({ flags: 'S', seq: 90_000 })
    const challenge = t.next()
    t.send({ flags: 'R', seq: challenge.ack }).silence()
    expect(t.events).toEqual(['close ECONNRESET'])
    expect(t.stack.tcp.sizes.connections).toBe(0)
  })

  it('SEG-18 an ACK of what was never sent draws an ACK, and its text is dropped', () => {
    const t = inState('ESTABLISHED', origin)
    t.send({ flags: 'PA', seq: 1, ack: 2, data: 10 }).expect({ flags: 'A', seq: 1, ack: 1 }).silence()
    expect(t.connection.readable).toBe(0)
    expect(t.stack.tcp.counters.droppedBadAck).toBe(1)
  })

  it('R5961-06 MAY-12 an ACK from the distant past draws an ACK, and its text is dropped', () => {
    const t = inState('ESTABLISHED', origin)
    for (const ack of [-(2 ** 31) + 1, -1_000_000, -65_536]) {
      t.send({ flags: 'PA', seq: 1, ack, data: 10 }).expect({ flags: 'A', seq: 1, ack: 1 }).silence()
      t.wait(1000)
    }
    expect(t.connection.readable).toBe(0)
    // An ACK that was merely overtaken is no such thing.
    t.connection.write(new Uint8Array(100))
    t.expect({ flags: 'PA', seq: 1, length: 100 }).send({ flags: 'A', seq: 1, ack: 101 })
    t.send({ flags: 'PA', seq: 1, ack: 91, data: 10 }).expect({ flags: 'A', ack: 11 })
    expect(t.connection.readable).toBe(10)
  })

  it('SEG-17 text without the ACK bit is not delivered', () => {
    const t = inState('ESTABLISHED', origin)
    t.send({ flags: 'P', seq: 1, data: 10 }, { flags: 'F', seq: 1 }).silence()
    expect(t.connection).toMatchObject({ readable: 0, ended: false })
    expect(t.stack.tcp.counters.droppedNoAck).toBe(2)
  })

  it('SEG-13 an old duplicate with text is answered every time, for its sender misses our ACK', () => {
    const t = inState('ESTABLISHED', origin)
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 10 }).expect({ ack: 11 })
    for (let i = 0; i < 5; i++) {
      t.send({ flags: 'PA', seq: 1, ack: 1, data: 10 }).expect({ flags: 'A', seq: 1, ack: 11 }).silence()
    }
    expect(t.connection.readable).toBe(10)
  })
})

describe('challenge ACKs are bounded', () => {
  it('R5961-07 100 RSTs in the window in a second draw two ACKs of one connection', () => {
    const t = inState('ESTABLISHED')
    for (let i = 0; i < 100; i++) t.send({ flags: 'R', seq: 2 + i }).wait(10)
    expect(t.pending).toBe(2)
    expect(t.stack.tcp.counters).toMatchObject({ challengeAcks: 2, challengeAcksSuppressed: 98 })
  })

  it('R5961-07 challengeAcksPerSecond bounds them for the stack, by a budget nobody can foresee', () => {
    const t = new Script({ limits: { challengeAcksPerSecond: 10 } }).listen()
    const ports = Array.from({ length: 40 }, (_, i) => 5000 + i)
    for (const port of ports) {
      t.remotePort = port
      t.send({ flags: 'S' })
      t.next()
      t.send({ flags: 'A', seq: 1, ack: 1 })
    }
    t.wait(1000).skip()
    for (const port of ports) {
      t.remotePort = port
      t.send({ flags: 'R', seq: 2 })
    }
    const { challengeAcks, challengeAcksSuppressed } = t.stack.tcp.counters
    expect(challengeAcks).toBeGreaterThanOrEqual(5)
    expect(challengeAcks).toBeLessThanOrEqual(10)
    expect(challengeAcks + challengeAcksSuppressed).toBe(40)
  })

  it('R5961-07 the budget differs from second to second, and is never above the limit', () => {
    const limit = new RateLimit(100, new SeededRandom(1))
    const budgets = Array.from({ length: 50 }, (_, second) => {
      let allowed = 0
      while (limit.allow(second * 1_000_000)) allowed++
      return allowed
    })
    expect(Math.max(...budgets)).toBeLessThanOrEqual(100)
    expect(Math.min(...budgets)).toBeGreaterThanOrEqual(50)
    expect(new Set(budgets).size).toBeGreaterThan(10)
  })

  it('R5961-09 two confused peers do not answer each other without end', () => {
    const t = inState('ESTABLISHED')
    // T is as stubborn: each ACK of ours is answered with one out of window.
    let answers = 0
    for (let i = 0; i < 1000; i++) {
      t.send({ flags: 'A', seq: -300, ack: 1 })
      if (t.pending > 0) answers++
      t.skip().wait(1)
    }
    expect(answers).toBe(2)
  })

  it.each(['SYN-RECEIVED', 'TIME-WAIT'] as const)('R5961-09 nor in %s', (state) => {
    const t = inState(state)
    for (let i = 0; i < 100; i++) t.send({ flags: 'A', seq: -300, ack: 1 }).wait(1)
    expect(t.pending).toBe(1)
  })
})
