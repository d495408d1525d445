import { describe, expect, it } from 'vitest'
import { MinRtt } from '../../src/tcp/min-rtt.ts'
import { ORIGINS } from './script.ts'
import { SenderScript, SIZE, TraceKind } from './sender-script.ts'

const SEC = 1_000_000

/** A connection with 10 segments in flight, 100 ms after they were sent; the smallest RTT is known to be 100 ms. */
function flying(origin: object, kind: 'sack' | 'timestamps' = 'sack', queued = 10): [SenderScript, number] {
  const t = new SenderScript({ ...origin, kind })
  t.write(1).expectSegments(0)
  t.wait(100).ack(1)
  t.write(queued).skip()
  t.wait(100)
  return [t, 1]
}

describe.each(ORIGINS)('RACK, $name', (origin) => {
  it('R8985-10 R8985-11 one SACK far ahead: what was sent before it is lost a quarter of the RTT later', () => {
    const [t, n] = flying(origin, 'sack', 5)
    t.ack(n, [n + 4, n + 5])
    t.silence(24)
    // All four are lost; the window lets one go (R9937-06).
    t.wait(2).expectSegments(n)
    expect(t.count(TraceKind.MarkedLost)).toBe(4)
    expect(t.counters).toMatchObject({ fastRecoveries: 1, timeouts: 0 })
  })

  it('R6675-02 R6675-05 R5681-14 more than two segments SACKed above a hole: lost at once', () => {
    const [t, n] = flying(origin)
    t.ack(n, [n + 1, n + 3])
    t.silence()
    t.ack(n, [n + 1, n + 3.001])
    t.expectSegments(n)
    expect(t.info.ssthresh).toBe(5 * SIZE)
  })

  it('R6675-11 a SACK counts on whatever it comes, a change of the window or data', () => {
    const [t, n] = flying(origin)
    t.ackWith({ n, runs: [[n + 1, n + 4]], win: 60_000 }).expectSegments(n)
  })

  it('R8985-04 the byte threshold of RFC 6675 alone marks nothing: what was sent later has its time', () => {
    const t = new SenderScript({ ...origin })
    t.write(1).expectSegments(0)
    t.wait(100).ack(1)
    t.write(2).expectSegments(1, 2)
    t.wait(99)
    t.write(8).skip()
    t.wait(1)
    // 1 is missing: 2, sent with it, has arrived. That 3 is not here yet means nothing although 4 to 7 were sent with it.
    t.ack(1, [2, 3]).silence(24).wait(2).expectSegments(1)
  })

  it('R8985-08 R8985-09 once reordering was seen, three SACKed segments no longer mean loss at once', () => {
    const [t, n] = flying(origin)
    t.ack(n, [n + 1, n + 2])
      .wait(5)
      .ack(n + 2)
    t.silence()
    t.ack(n + 2, [n + 3, n + 10])
    t.silence(20).wait(6)
    expect(t.next()).toMatchObject({ seq: 1 + (n + 2) * SIZE, length: SIZE })
  })

  it.each([0, 1, 2, 5])(
    'R8985-03 R8985-09 %i rounds with a D-SACK: so many quarters of the smallest RTT more',
    (rounds) => {
      const t = new SenderScript({ ...origin })
      t.write(1).expectSegments(0)
      t.wait(100).ack(1)
      let n = 1
      for (let round = 0; round < rounds; round++) {
        t.write(4).skip()
        // Two of them in a round count once.
        t.wait(100)
        t.ack(n + 2, [n, n + 1])
          .ack(n + 3, [n + 1, n + 2])
          .ack(n + 4)
        n += 4
      }
      expect(t.counters.dsacksIn).toBe(2 * rounds)
      t.write(4).skip()
      t.wait(100).ack(n, [n + 3, n + 4])
      // Never more than SRTT.
      const due = Math.min((1 + rounds) * 25, t.info.srtt)
      t.silence(due - 2).wait(4)
      expect(t.next().seq).toBe(1 + n * SIZE)
    },
  )

  it('R8985-09 without D-SACK for 16 recoveries the window is what it was', () => {
    const t = new SenderScript({ ...origin })
    t.write(2).skip()
    t.wait(100).ack(2, [0, 1])
    let n = 2
    for (let recovery = 0; recovery < 17; recovery++) {
      t.write(2).skip()
      t.wait(100).ack(n, [n + 1, n + 2])
      t.wait(recovery < 16 ? 51 : 26)
      expect(t.pending, `recovery ${recovery}`).toBe(1)
      t.expect({ seq: 1 + n * SIZE })
      t.wait(100).ack(n + 2)
      n += 2
    }
  })

  it('R8985-09 where reordering was seen, segments that overtook do not say when those behind are due', () => {
    const [t, n] = flying(origin)
    t.ack(n, [n + 1, n + 2]).ack(n + 10)
    t.skip()
    t.write(20).skip()
    // Ten of them in half of the usual time, and the rest in the usual time.
    t.wait(50).ack(n + 10, [n + 20, n + 30])
    t.silence(45)
    t.wait(4).ack(n + 30)
    expect(t.counters).toMatchObject({ retransmitted: 0, fastRecoveries: 0 })
  })

  it('R8985-07 the ACK of an original right after its retransmission makes no tiny RTT', () => {
    const [t, n] = flying(origin, 'timestamps')
    const echo = t.ts?.ecr
    t.ack(n, [n + 1, n + 4]).expectSegments(n)
    // 5 ms later the original's ACK arrives.
    t.wait(5).ackWith({ n: n + 4, ...(echo === undefined ? {} : { echo }) })
    // Had 5 ms counted as RTT, all that was sent 5 ms before the next ACK would be lost.
    t.write(4).skip()
    t.wait(100).ack(n + 10, [n + 11, n + 12])
    t.silence(20)
  })

  it('R8985-13 what is lost is sent again as the window allows', () => {
    const t = new SenderScript({ ...origin })
    const n = t.open(20)
    t.write(20).skip()
    t.wait(100).ack(n, [n + 17, n + 20])
    const burst = t.pending
    expect(burst).toBeLessThanOrEqual(4)
    expect(t.info.inFlight).toBeLessThanOrEqual(t.info.cwnd)
    t.wait(100).ack(n + burst, [n + 17, n + 20])
    expect(t.pending).toBeLessThanOrEqual(3 * burst + 1)
  })

  it('R8985-14 R5681-26 a lost retransmission is found without a timeout, and reduces once more', () => {
    const t = new SenderScript({ ...origin })
    const n = t.open(20)
    t.write(40).skip()
    t.wait(100).ack(n, [n + 1, n + 4])
    expect(t.next().seq).toBe(1 + n * SIZE)
    const first = t.info.ssthresh
    t.wait(10).ack(n, [n + 1, n + 15])
    let end = n + 20
    while (t.pending > 0) end = Math.max(end, (t.next().seq - 1) / SIZE + 1)
    expect(end).toBeGreaterThan(n + 20)
    // What was sent after the retransmission arrives, a round trip later; the retransmission does not.
    t.wait(100).ack(n, [n + 1, end])
    expect(t.next().seq).toBe(1 + n * SIZE)
    expect(t.info.ssthresh).toBeLessThan(first)
    expect(t.counters).toMatchObject({ lostRetransmissions: 1, timeouts: 0 })
  })

  it('R8985-12 after a timeout what was sent a moment ago is not sent again', () => {
    const t = new SenderScript({ ...origin, kind: 'sack' })
    t.write(1).expectSegments(0).wait(100).ack(1)
    t.write(4).expectSegments(1, 2, 3, 4)
    // The tail loss probe, from which on the timeout counts anew.
    t.wait(205).expectSegments(4)
    t.wait(270).write(2).expectSegments(5, 6)
    t.wait(50).expectSegments(1)
    expect(t.counters.timeouts).toBe(1)
    // Not the two of the last 50 ms.
    expect(t.info.lost).toBe(4 * SIZE)
    t.wait(100).ack(2).expectSegments(2, 3)
    t.wait(10).ack(7).silence(5000)
  })

  it('R2018-10 blocks that make no sense change nothing', () => {
    const [t, n] = flying(origin)
    t.ack(n, [n + 3, n + 2])
      .ack(n, [n + 5, n + 5])
      .ack(n, [n + 2, n + 50])
      .ack(n, [n + 40, n + 50])
    t.ack(n, [-5, n + 2]).ack(n, [n - 5, n + 8])
    t.silence(50)
    expect(t.info.inFlight).toBe(10 * SIZE)
    expect(t.counters.fastRecoveries).toBe(0)
  })

  it('R3042-01 R3042-03 limited transmit with SACK: a new segment per new information, none for a repeat', () => {
    const [t, n] = flying(origin, 'sack', 30)
    const queue = t.info.cwnd / SIZE
    t.ack(n, [n + 1, n + 2]).expectSegments(n + queue)
    t.ack(n, [n + 1, n + 2])
      .ack(n, [n + 1, n + 2])
      .silence()
  })

  it('R6675-01 R6675-06 R6675-10 several holes of one window are filled in about a round trip, each once', () => {
    const t = new SenderScript({ ...origin })
    const n = t.open(20)
    t.write(20).skip()
    // 0, 4, 8 are missing.
    t.wait(100)
      .ack(n, [n + 1, n + 4])
      .ack(n, [n + 5, n + 8], [n + 1, n + 4])
    t.ack(n, [n + 9, n + 20], [n + 5, n + 8], [n + 1, n + 4])
    const resent: number[] = []
    while (t.pending > 0) resent.push((t.next().seq - 1) / SIZE - n)
    expect(resent).toEqual([0, 4, 8])
    t.wait(100)
      .ack(n + 4, [n + 9, n + 20], [n + 5, n + 8])
      .ack(n + 8, [n + 9, n + 20])
      .ack(n + 20)
      .silence(1000)
    expect(t.counters).toMatchObject({ fastRecoveries: 1, timeouts: 0 })
    expect(t.count(TraceKind.RecoveryExit)).toBe(1)
  })

  it('R6675-04 lost data first, then new data', () => {
    const [t, n] = flying(origin, 'sack', 20)
    t.ack(n, [n + 1, n + 6])
    expect(t.next().seq).toBe(1 + n * SIZE)
    while (t.pending > 0) expect(t.next().seq).toBeGreaterThan(1 + (n + 9) * SIZE)
  })

  it('R6675-07 a timeout ends fast recovery; until its point is acknowledged none begins', () => {
    const [t, n] = flying(origin)
    t.ack(n, [n + 1, n + 4]).expectSegments(n)
    t.wait(400).skip()
    expect(t.counters.timeouts).toBe(1)
    t.ack(n, [n + 1, n + 6])
      .ack(n, [n + 1, n + 9])
      .skip()
    expect(t.counters.fastRecoveries).toBe(1)
  })

  it('R6675-08 what was SACKed above the recovery point is still known in the next recovery', () => {
    const t = new SenderScript({ ...origin })
    const n = t.open(20)
    t.write(60).skip()
    t.wait(100)
      .ack(n, [n + 1, n + 19])
      .skip()
    t.wait(100)
    const before = t.info
    // The hole is filled, and something sent in recovery is missing.
    t.ack(n + 20, [n + 21, n + 24])
    expect(t.counters.fastRecoveries).toBe(2)
    expect(t.info.inFlight).toBeLessThanOrEqual(before.cwnd)
  })

  it('R2883-04 a block that a reordered ACK makes look old is no D-SACK', () => {
    const [t, n] = flying(origin)
    t.ack(n + 6)
    // Overtaken by the one before: its block lies above its own number.
    t.ack(n + 1, [n + 3, n + 5])
    expect(t.counters.dsacksIn).toBe(0)
    t.ack(n + 6, [n, n + 1])
    expect(t.counters.dsacksIn).toBe(1)
    t.ack(n + 6, [n + 7, n + 8], [n + 7, n + 9])
    expect(t.counters.dsacksIn).toBe(2)
  })

  it('R8985-02 with a clock of 15 ms: reordering within a tick is survived, and loss is repaired without a timeout', () => {
    const t = new SenderScript({ ...origin, rtt: 15 })
    let n = t.open(20, 15)
    for (let round = 0; round < 20; round++) {
      const burst = Math.floor(t.info.cwnd / SIZE)
      t.write(burst).skip()
      t.wait(15)
      t.ack(n, [n + 1, n + burst])
      t.skip()
      t.wait(15)
      n += burst
      t.ack(n).skip()
    }
    expect(t.counters.timeouts).toBe(0)
  })
})

describe('the smallest round-trip time', () => {
  it('R8985-06 is that of the last minutes: a longer path is believed in the end', () => {
    const min = new MinRtt()
    min.sample(50, 0)
    min.sample(40, SEC)
    min.sample(90, 2 * SEC)
    expect(min.value).toBe(40)
    for (let s = 3; s < 149; s++) min.sample(100, s * SEC)
    expect(min.value).toBe(40)
    for (let s = 149; s < 302; s++) min.sample(100, s * SEC)
    expect(min.value).toBe(100)
    min.sample(80, 2000 * SEC)
    expect(min.value).toBe(80)
    min.sample(300, 9000 * SEC)
    expect(min.value).toBe(300)
  })
})
