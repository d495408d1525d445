import { describe, expect, it } from 'vitest'
import { HyStart } from '../../src/tcp/congestion/hystart.ts'
import type { Tcb } from '../../src/tcp/tcb.ts'
import { Rounds } from './rounds.ts'
import { SIZE } from './sender-script.ts'

const INFINITE = 0x7fff_ffff
const MS = 1000

/** The four fields HyStart++ looks at, and rounds of ACKs of one segment each. */
class Path {
  readonly hystart = new HyStart()
  readonly tcb = { sndUna: 0, sndNxt: 10 * SIZE, cwnd: 10 * SIZE, ssthresh: INFINITE }

  /** A round trip in which every segment is acknowledged after `rtt` ms. @returns by how much the window grew */
  round(rtt: number, segments = Math.floor(this.tcb.cwnd / SIZE)): number {
    const { tcb } = this
    const before = tcb.cwnd
    for (let i = 0; i < segments && tcb.ssthresh === INFINITE; i++) {
      tcb.sndUna += SIZE
      this.hystart.sample(rtt * MS)
      tcb.cwnd += this.hystart.grow(tcb as Tcb, SIZE)
      tcb.sndNxt = tcb.sndUna + tcb.cwnd
    }
    return tcb.cwnd - before
  }
}

describe('HyStart++', () => {
  it('R9406-02 is plain slow start while the round-trip time stays', () => {
    const path = new Path()
    for (const segments of [10, 20, 40, 80]) expect(path.round(100)).toBe(segments * SIZE)
    expect(path.hystart.css).toBe(false)
  })

  it.each([
    [8, 4, 'MIN_RTT_THRESH'],
    [80, 10, 'an eighth'],
    [400, 16, 'MAX_RTT_THRESH'],
  ])('R9406-01 R9406-03 at %i ms a rise of %i ms is the limit (%s)', (rtt, rise) => {
    const under = new Path()
    under.round(rtt)
    under.round(rtt + rise - 0.001)
    expect(under.hystart.css).toBe(false)
    const over = new Path()
    over.round(rtt)
    over.round(rtt + rise)
    expect(over.hystart.css).toBe(true)
  })

  it('R9406-03 eight samples are needed', () => {
    const path = new Path()
    path.round(100)
    path.round(120, 7)
    expect(path.hystart.css).toBe(false)
    path.round(120, 1)
    expect(path.hystart.css).toBe(true)
  })

  it('R9406-04 R9406-06 conservative slow start grows by a quarter', () => {
    const path = new Path()
    path.round(100)
    path.round(120)
    const { cwnd } = path.tcb
    expect(path.round(120)).toBe(Math.floor(cwnd / SIZE) * 250)
  })

  it('R9406-04 and ends after five rounds, the one in which it began included', () => {
    const path = new Path()
    path.round(100)
    for (let i = 0; i < 5; i++) {
      expect(path.tcb.ssthresh).toBe(INFINITE)
      path.round(120)
    }
    expect(path.tcb.ssthresh).toBe(path.tcb.cwnd)
  })

  it('R9406-04 a round-trip time below the baseline resumes slow start', () => {
    const path = new Path()
    path.round(100)
    path.round(120)
    path.round(120)
    expect(path.hystart.css).toBe(true)
    path.round(100)
    expect(path.hystart.css).toBe(false)
    const { cwnd } = path.tcb
    expect(path.round(100)).toBe(Math.floor(cwnd / SIZE) * SIZE)
    expect(path.tcb.ssthresh).toBe(INFINITE)
  })

  it('R9406-03 R9438-11 on the wire: 20 ms more, and the window grows by a quarter without a loss', () => {
    const t = new Rounds()
    t.roundOfAcks()
    t.roundOfAcks()
    expect(t.window).toBe(40)
    t.roundOfAcks(40, 120)
    const entered = t.info.cwnd
    expect(entered).toBeLessThan(60 * SIZE)
    t.roundOfAcks(40, 120)
    expect((t.info.cwnd - entered) / SIZE).toBeLessThanOrEqual(11)
    expect(t.info).toMatchObject({ retransmits: 0, ssthresh: INFINITE })
    for (let i = 0; i < 3; i++) t.roundOfAcks(60, 120)
    expect(t.info.ssthresh).toBeLessThan(120 * SIZE)
    expect(t.info.retransmits).toBe(0)
  })

  it('R9406-05 only in the first slow start', () => {
    const t = new Rounds({ kind: 'plain' }).grow(40)
    t.write(40).skip().wait(400)
    expect(t.info.cwnd).toBe(SIZE)
    t.n += 40
    t.ack(t.n).skip()
    t.roundOfAcks(t.window, 100)
    t.roundOfAcks(t.window, 100)
    while (t.window < 10) t.roundOfAcks(t.window, 100)
    const before = t.window
    t.roundOfAcks(before, 140)
    expect(t.window).toBeGreaterThanOrEqual(Math.min(2 * before, 28))
  })
})
