import { describe, expect, it } from 'vitest'
import { BETA_CUBIC, CubicCurve } from '../../src/tcp/congestion/cubic-curve.ts'
import { Rounds } from './rounds.ts'
import { Script } from './script.ts'
import { SIZE } from './sender-script.ts'

const C = 0.4
const RTT = 0.1

/** W_cubic of RFC 9438 section 4.2, in segments and seconds, written down once more. */
function cubic(t: number, wMax: number, start: number): number {
  const k = Math.cbrt((wMax - start) / C)
  return C * (t - k) ** 3 + wMax
}

/** After a loss from a window of so many segments. */
function afterLoss(segments: number, options = {}): Rounds {
  const t = new Rounds(options).grow(segments)
  return t.lose(segments)
}

describe('CUBIC', () => {
  it('MAY-18 is the default, and says so', () => {
    expect(new Script().established().connection.info().congestion).toBe('cubic')
  })

  it('R9438-01 a loss at 50 segments leaves 35', () => {
    const t = afterLoss(50)
    expect(t.info).toMatchObject({ cwnd: 35 * SIZE, ssthresh: 35 * SIZE })
  })

  it.each([
    [2, 2 * SIZE],
    [3, 2100],
  ])('R9438-07 of %i segments in flight %i bytes are left, two segments at least', (segments, left) => {
    const t = new Rounds()
    t.lose(segments)
    // Two segments in flight are too few for duplicates: the probe finds the loss.
    t.wait(1000)
    expect(t.info.ssthresh).toBe(left)
  })

  it('R9438-02 R9438-03 R9438-04 the window follows the curve, concave and convex', () => {
    const t = afterLoss(50)
    let last = 35
    const windows: number[] = []
    for (let round = 0; t.window < 60; round++) {
      t.round()
      const window = t.info.cwnd / SIZE
      windows.push(window)
      // Each ACK of a whole window brings it to where the curve will be in a round trip, or to Reno's window.
      const curve = cubic(round * RTT + RTT, 50, 35)
      expect(window).toBeGreaterThan(curve - 1.5)
      expect(window).toBeGreaterThanOrEqual(last)
      expect(window).toBeLessThanOrEqual(1.5 * last)
      last = window
    }
    // Where the curve is above Reno's window it is exactly the curve: the first second and a half.
    for (const round of [2, 5, 8, 11, 14]) {
      expect(windows[round]).toBeGreaterThan(cubic((round + 1) * RTT, 50, 35) - 1)
      expect(windows[round]).toBeLessThan(cubic((round + 1) * RTT, 50, 35) + 1)
    }
  })

  it('R9438-05 where Reno would be faster it grows like Reno: a short round trip', () => {
    const t = new Rounds({ rtt: 4 })
    while (t.window < 40) t.round(t.window, 4)
    t.write(40).skip().wait(4)
    t.ack(t.n, [t.n + 1, t.n + 40])
      .skip()
      .wait(4)
    t.n += 40
    t.ack(t.n).skip()
    expect(t.info.cwnd).toBe(28 * SIZE)
    // alpha is 0.53 segments per round trip below the old window, 1 above it.
    const before = t.info.cwnd
    for (let i = 0; i < 10; i++) t.round(t.window, 4)
    const perRound = (t.info.cwnd - before) / SIZE / 10
    expect(perRound).toBeGreaterThan(0.48)
    expect(perRound).toBeLessThan(0.6)
    while (t.window < 41) t.round(t.window, 4)
    const above = t.info.cwnd
    for (let i = 0; i < 10; i++) t.round(t.window, 4)
    expect((t.info.cwnd - above) / SIZE / 10).toBeGreaterThan(0.93)
    expect((t.info.cwnd - above) / SIZE / 10).toBeLessThan(1.3)
  })

  it('R9438-06 R9438-12 a pause, or trickling, is no time of the curve', () => {
    const t = afterLoss(50)
    for (let i = 0; i < 3; i++) t.round()
    const before = t.info.cwnd
    for (let i = 0; i < 300; i++) t.round(1)
    expect(t.info.cwnd).toBe(before)
    t.round()
    // One round later on the curve, not thirty seconds.
    expect(t.info.cwnd / SIZE).toBeLessThan(cubic(0.5, 50, 35) + 1.5)
    const grown = t.info.cwnd
    for (let i = 0; i < 200; i++) {
      t.wait(150)
      if (i % 40 === 0) t.round(2)
    }
    expect(t.info.cwnd).toBeLessThanOrEqual(grown)
  })

  it('R9438-12 a minute of small writes, then many: the first burst is the window there was', () => {
    const t = new Rounds()
    for (let i = 0; i < 600; i++) t.round(2)
    t.write(60)
    expect(t.pending).toBe(10)
  })

  it('R9438-08 fast convergence: who loses below the last plateau gives up more', () => {
    const curve = new CubicCurve()
    curve.reduce(100_000)
    expect(curve.wMax).toBe(100_000)
    curve.reduce(80_000)
    expect(curve.wMax).toBeCloseTo(0.85 * 80_000, 6)
    curve.reduce(90_000)
    expect(curve.wMax).toBe(90_000)
  })

  it('R9438-02 K is the time to the plateau', () => {
    const curve = new CubicCurve()
    curve.reduce(100 * SIZE)
    curve.begin(100 * SIZE * BETA_CUBIC, SIZE, 7_000_000)
    expect(curve.k).toBeCloseTo(Math.cbrt(30 / C), 9)
    expect(curve.at(curve.k, SIZE)).toBeCloseTo(100 * SIZE, 6)
    expect(curve.at(0, SIZE)).toBeCloseTo(70 * SIZE, 6)
    expect(curve.at(2 * curve.k, SIZE)).toBeCloseTo(130 * SIZE, 6)
  })

  it('R9438-09 after a timeout the curve begins on its plateau', () => {
    const t = new Rounds({ kind: 'plain' }).grow(40)
    t.write(40).skip().wait(310)
    expect(t.info).toMatchObject({ cwnd: SIZE, ssthresh: 28 * SIZE })
    t.n += 40
    t.ack(t.n).skip()
    while (t.info.cwnd < 28 * SIZE) t.round()
    const start = t.info.cwnd / SIZE
    // K = 0: nothing for a long time but Reno's growth, then the convex part.
    for (let round = 1; round <= 10; round++) t.round()
    expect(t.info.cwnd / SIZE).toBeLessThan(start + 10)
    expect(t.info.cwnd / SIZE).toBeGreaterThan(start + 4)
  })

  it('R9438-10 a timeout that proves spurious is undone: window, ssthresh and curve', () => {
    const t = afterLoss(50)
    t.round()
    const epoch = t.clock.now()
    for (let i = 0; i < 4; i++) t.round()
    const { cwnd, ssthresh } = t.info
    const segments = t.window
    t.write(segments + 3).skip()
    // After the probe.
    t.wait(600)
    expect(t.counters.timeouts).toBe(1)
    expect(t.info.cwnd).toBe(SIZE)
    // The originals arrive after all.
    t.ack(t.n + 1)
    t.ack(t.n + 2)
    t.ack(t.n + 3)
    expect(t.info.ssthresh).toBe(ssthresh)
    expect(t.info.cwnd).toBeGreaterThanOrEqual(cwnd)
    t.ack(t.n + segments).wait(100)
    t.n += segments + 3
    t.ack(t.n).skip()
    for (let i = 0; i < 5; i++) t.round()
    // It is where the old curve is by now; a new one, from a plateau at 40, would be Reno's slow growth.
    const elapsed = (t.clock.now() - epoch) / 1e6
    expect(t.info.cwnd / SIZE).toBeGreaterThan(cubic(elapsed, 50, 35) - 1)
    expect(t.info.cwnd / SIZE).toBeLessThan(cubic(elapsed + RTT, 50, 35) + 1)
  })
})

describe('the choice', () => {
  it('per stack', () => {
    expect(new Rounds({ tcp: { congestion: 'newreno' } }).info.congestion).toBe('newreno')
  })

  it('per connection, at any time; the windows stay', () => {
    const t = afterLoss(50)
    t.connection.congestion = 'newreno'
    expect(t.connection.congestion).toBe('newreno')
    expect(t.info).toMatchObject({ congestion: 'newreno', cwnd: 35 * SIZE, ssthresh: 35 * SIZE })
    t.round()
    expect(t.info.cwnd).toBe(36 * SIZE)
    t.connection.congestion = 'cubic'
    t.round()
    expect(t.info.cwnd).toBeGreaterThan(36 * SIZE)
  })

  it('refuses what there is not', () => {
    const bad = 'vegas' as 'cubic'
    expect(() => new Script({ tcp: { congestion: bad } })).toThrow(/cubic, newreno or bbr.*vegas/)
    const t = new Rounds()
    expect(() => {
      t.connection.congestion = bad
    }).toThrow(/cubic, newreno or bbr.*vegas/)
    expect(t.connection.congestion).toBe('cubic')
  })
})
