import { describe, expect, it } from 'vitest'
import { Rounds } from './rounds.ts'
import { Script } from './script.ts'
import { SIZE } from './sender-script.ts'

const RENO = { tcp: { congestion: 'newreno' } } as const
const INFINITE = 0x7fff_ffff

/** In congestion avoidance, with a window of so many segments. */
function avoiding(segments: number): Rounds {
  const t = new Rounds(RENO)
  t.grow(2 * segments).lose(2 * segments)
  expect(t.info).toMatchObject({ cwnd: segments * SIZE, ssthresh: segments * SIZE })
  return t
}

describe('initial window', () => {
  it.each([
    [536, 10],
    [1000, 10],
    [1460, 10],
    [4000, 3],
    [8000, 2],
  ])('R6928-01 R5681-02 R5681-03 MSS %i: %i segments at first', (mss, segments) => {
    const t = new Script({ mtu: 9000 }).established([{ name: 'mss', value: mss }])
    t.connection.write(new Uint8Array(100_000))
    for (let i = 0; i < segments; i++) t.expect({ length: mss })
    // What is left of 14,600 bytes is no full segment.
    t.silence()
  })

  it.each([
    [1, 10],
    [2, 1],
  ])('R6928-02 R5681-04 after %i repeated SYNs: %i', (repeats, segments) => {
    const t = new Script().connect()
    t.expect({ flags: 'S' })
    for (let i = 0; i < repeats; i++) {
      t.wait(1000 * 2 ** i)
      t.expect({ flags: 'S' })
    }
    t.send({ flags: 'SA', seq: 0, ack: 1, options: [{ name: 'mss', value: 1000 }] })
    t.expect({ flags: 'A' })
    t.connection.write(new Uint8Array(20_000))
    for (let i = 0; i < segments; i++) t.expect({ length: 1000 })
    t.silence()
  })

  it('R5681-05 ssthresh is arbitrarily high', () => {
    expect(new Rounds(RENO).info.ssthresh).toBe(INFINITE)
  })
})

describe('slow start', () => {
  it('R5681-06 a segment for each segment acknowledged', () => {
    const t = new Rounds(RENO)
    expect(t.roundOfAcks(10)).toEqual([11, 12, 13, 14, 15, 16, 17, 18, 19, 20].map((n) => n * SIZE))
  })

  it('R5681-06 one ACK in ten pieces adds no more than the whole', () => {
    const t = new Rounds(RENO)
    t.write(10).skip().wait(100)
    for (let i = 1; i <= 10; i++) t.ack(i / 10)
    expect(t.info.cwnd).toBe(11 * SIZE)
  })

  it('R5681-06 one ACK for all of a window adds all of it: receivers answer bursts at once', () => {
    expect(new Rounds(RENO).round(10).info.cwnd).toBe(20 * SIZE)
  })

  it('MUST-19 goes as far as ssthresh, and the rest is congestion avoidance', () => {
    const t = new Rounds(RENO).grow(40)
    t.lose(t.window)
    const half = t.info.ssthresh
    t.wait(10_000).round(10)
    expect(t.info.cwnd).toBe(20 * SIZE)
    while (t.info.cwnd < half) t.round()
    expect(t.info.cwnd - half).toBeLessThanOrEqual(SIZE)
  })

  it('after a timeout without SACK an ACK of everything adds one segment (RFC 3465 section 2.3)', () => {
    const t = new Rounds({ ...RENO, kind: 'plain' })
    t.round()
    t.write(20).skip().wait(400)
    expect(t.info.cwnd).toBe(SIZE)
    t.ack(t.n + 15)
    expect(t.info.cwnd).toBeLessThanOrEqual(2 * SIZE)
  })
})

describe('congestion avoidance', () => {
  it('R5681-07 R5681-08 a segment per round trip, an ACK for each segment', () => {
    const t = avoiding(10)
    for (let round = 0; round < 8; round++) {
      const before = t.info.cwnd
      t.roundOfAcks()
      expect(t.info.cwnd - before).toBe(SIZE)
    }
  })

  it('R5681-07 R5681-08 a segment per round trip, one ACK for all', () => {
    const t = avoiding(10)
    for (let round = 0; round < 8; round++) {
      const before = t.info.cwnd
      t.round()
      expect(t.info.cwnd - before).toBe(SIZE)
    }
  })

  it('R5681-08 nor more for ACKs in pieces', () => {
    const t = avoiding(10)
    t.write(10).skip().wait(100)
    for (let i = 1; i <= 100; i++) t.ack(t.n + i / 10)
    expect(t.info.cwnd).toBe(11 * SIZE)
  })
})

describe('reductions', () => {
  it('R5681-09 half of what was in flight, not of the window', () => {
    const t = new Rounds(RENO).grow(40)
    t.lose(8)
    expect(t.info.ssthresh).toBe(4 * SIZE)
  })

  it('R5681-09 but two segments', () => {
    const t = new Rounds(RENO)
    t.write(3).skip().wait(100)
    t.ack(0, [1, 3]).wait(100)
    expect(t.info.ssthresh).toBe(2 * SIZE)
  })

  it('R5681-10 a timeout leaves one segment; repeats do not halve ssthresh again', () => {
    const t = new Rounds({ ...RENO, kind: 'plain' }).grow(20)
    t.write(20).skip().wait(310)
    expect(t.info).toMatchObject({ cwnd: SIZE, ssthresh: 10 * SIZE })
    t.wait(700)
    expect(t.counters.timeouts).toBe(2)
    expect(t.info).toMatchObject({ cwnd: SIZE, ssthresh: 10 * SIZE })
    t.ack(t.n + 1)
    expect(t.info.cwnd).toBe(2 * SIZE)
  })
})

describe('after a pause', () => {
  it('R5681-21 the restart window is the initial one', () => {
    const t = new Rounds(RENO).grow(40)
    t.wait(100).write(50)
    expect(t.pending).toBe(40)
    t.ack(t.n + 40)
    t.ack(t.n + 50).skip()
    t.n += 50
    t.wait(2000).write(60)
    expect(t.pending).toBe(10)
    expect(t.info.cwnd).toBe(10 * SIZE)
  })

  it('R5681-21 and a smaller window stays', () => {
    const t = new Rounds(RENO).grow(20).lose(8)
    t.wait(2000).write(20)
    expect(t.pending).toBe(4)
  })

  it('ssthresh remembers three quarters of what the path carried (RFC 7661 section 4.4.2)', () => {
    const t = avoiding(10)
    for (let i = 0; i < 10; i++) t.round()
    expect(t.info.cwnd).toBe(20 * SIZE)
    t.wait(2000).write(1)
    expect(t.info).toMatchObject({ cwnd: 10 * SIZE, ssthresh: 15 * SIZE })
  })

  it('R6928-03 where the initial window lost, the restart window is four segments', () => {
    const t = new Rounds(RENO)
    t.lose(10)
    for (let i = 0; i < 5; i++) t.round()
    t.wait(5000).write(20)
    expect(t.pending).toBe(4)
  })
})

describe('a window that is not used does not grow', () => {
  it('in slow start half of it has to be used (RFC 7661 section 4.2)', () => {
    const t = new Rounds(RENO)
    for (let i = 0; i < 20; i++) t.round(4)
    expect(t.info.cwnd).toBe(10 * SIZE)
    t.round(6)
    expect(t.info.cwnd).toBe(16 * SIZE)
  })

  it('in congestion avoidance all of it', () => {
    const t = avoiding(10)
    for (let i = 0; i < 20; i++) t.round(9)
    expect(t.info.cwnd).toBe(10 * SIZE)
    t.round(10)
    expect(t.info.cwnd).toBe(11 * SIZE)
  })

  it('nor when the peer’s window is what holds', () => {
    const t = new Rounds({ ...RENO, win: 12 * SIZE })
    for (let i = 0; i < 10; i++) t.round(12)
    expect(t.info.cwnd).toBeLessThanOrEqual(24 * SIZE)
  })
})
