import { describe, expect, it } from 'vitest'
import { ORIGINS } from './script.ts'
import { SenderScript, SIZE, TraceKind } from './sender-script.ts'

const plain = (origin: object): SenderScript => new SenderScript({ ...origin, kind: 'plain' })

describe.each(ORIGINS)('fast retransmit without SACK, $name', (origin) => {
  it('R5681-14 R5681-16 R5681-09 R6582-01 the third duplicate ACK repeats the first segment, the very first one too', () => {
    const t = plain(origin).write(10)
    t.skip().wait(100)
    t.ack(0).ack(0).silence()
    t.ack(0).expectSegments(0)
    // Half of what was in flight, without anything that limited transmit might have added.
    expect(t.info.ssthresh).toBe(5 * SIZE)
    expect(t.counters).toMatchObject({ fastRecoveries: 1, timeouts: 0 })
  })

  it('R5681-09 ssthresh follows what was in flight, not the window', () => {
    const t = plain(origin)
    let n = t.open(40)
    t.write(8).expectSegments(...[0, 1, 2, 3, 4, 5, 6, 7].map((i) => n + i))
    t.wait(100).ack(n).ack(n).ack(n).expectSegments(n)
    expect(t.info.ssthresh).toBe(4 * SIZE)
    n += 8
    t.wait(100).ack(n)
    expect(t.info.cwnd).toBeLessThanOrEqual(4 * SIZE)
  })

  it('R5681-15 R3042-01 R3042-02 R5681-16 limited transmit: each of the first two lets one new segment out', () => {
    const t = plain(origin).write(20)
    t.skip().wait(100)
    t.ack(0).expectSegments(10)
    t.ack(0).expectSegments(11)
    expect(t.info.cwnd).toBe(10 * SIZE)
    t.ack(0).expectSegments(0)
    expect(t.info.ssthresh).toBe(5 * SIZE)
  })

  it('R3042-01 but not beyond the peer’s window', () => {
    const t = new SenderScript({ ...origin, kind: 'plain', win: 10_000 }).write(20)
    t.skip().wait(100)
    t.ackWith({ n: 0, win: 10_000 }).ackWith({ n: 0, win: 10_000 }).silence()
  })

  it('R5681-13 window updates and data are no duplicate ACKs', () => {
    const t = plain(origin).write(10)
    t.skip().wait(100)
    for (let i = 1; i <= 5; i++) t.ackWith({ n: 0, win: 65_535 - i })
    t.silence()
    for (let i = 0; i < 5; i++) t.send({ flags: 'PA', seq: 1 + i * 10, ack: 1, data: 10, win: 65_530 })
    expect(t.counters.duplicateAcksIn).toBe(0)
    t.skip()
    // And without anything in flight an ACK is no duplicate either.
    t.send({ flags: 'A', seq: 51, ack: 10_001, win: 65_530 }).skip()
    for (let i = 0; i < 5; i++) t.send({ flags: 'A', seq: 51, ack: 10_001, win: 65_530 })
    t.silence()
    expect(t.counters.duplicateAcksIn).toBe(0)
  })

  it('R5681-17 R5681-18 R5681-19 every further duplicate lets something new out, to half of the window in flight', () => {
    const t = plain(origin).write(40)
    t.skip().wait(100)
    for (let i = 0; i < 3; i++) t.ack(0)
    t.skip()
    let sent = 0
    for (let i = 3; i < 9; i++) {
      t.ack(0)
      while (t.pending > 0) {
        expect(t.next().seq).toBeGreaterThan(10 * SIZE)
        sent++
      }
    }
    // Proportional rate reduction: about every second one (R9937-04).
    expect(sent).toBeGreaterThanOrEqual(2)
    expect(sent).toBeLessThanOrEqual(4)
  })

  it('R5681-18 duplicate ACKs out of nowhere are bounded by the window', () => {
    const t = plain(origin)
    t.connection.write(new Uint8Array(120_000))
    t.skip().wait(100)
    for (let i = 0; i < 1000; i++) t.ack(0)
    let highest = 0
    while (t.pending > 0) {
      const s = t.next()
      highest = Math.max(highest, s.seq + s.length)
    }
    expect(highest).toBeLessThanOrEqual(1 + 65_535)
  })

  it('R5681-20 R6582-03 the ACK of everything ends it: the window is ssthresh at most, and no burst', () => {
    const t = plain(origin).write(10)
    t.skip().wait(100)
    t.ack(0).ack(0).ack(0).expectSegments(0)
    t.wait(100).ack(10)
    expect(t.count(TraceKind.RecoveryExit)).toBe(1)
    expect(t.info.cwnd).toBeLessThanOrEqual(2 * SIZE + SIZE)
    t.write(20)
    expect(t.pending).toBeLessThanOrEqual(3)
  })

  it('R6582-04 a partial ACK repeats the next hole at once, and recovery goes on', () => {
    const t = plain(origin).write(10)
    t.skip().wait(100)
    // 0 and 3 are missing.
    t.ack(0).ack(0).ack(0).expectSegments(0)
    for (let i = 0; i < 5; i++) t.ack(0)
    t.wait(100).ack(3).expectSegments(3)
    expect(t.counters).toMatchObject({ fastRecoveries: 1, timeouts: 0 })
    t.wait(100).ack(10).silence(1000)
    expect(t.count(TraceKind.RecoveryExit)).toBe(1)
  })

  it('R6582-02 R6582-05 after a timeout duplicates of old data do not start a recovery', () => {
    const t = plain(origin).write(6)
    t.skip().wait(301).expectSegments(0)
    const { ssthresh } = t.info
    t.wait(100).ack(6)
    t.write(4).skip()
    // Answers to what was sent twice: the number is what recovery point said, nothing more is covered.
    t.wait(50).ack(6).ack(6).ack(6).ack(6)
    while (t.pending > 0) expect(t.next().seq).toBeGreaterThan(6 * SIZE)
    expect(t.counters.fastRecoveries).toBe(0)
    expect(t.info.ssthresh).toBe(ssthresh)
  })

  it.each([4000, 65_535])(
    'R5681-01 never more in flight than the smaller of the two windows, offered %i',
    (win) => {
      const t = new SenderScript({ ...origin, kind: 'plain', win })
      t.connection.write(new Uint8Array(100_000))
      for (let n = 0, end = 0; n < 60; n++) {
        while (t.pending > 0) {
          const { seq, length } = t.next()
          end = Math.max(end, seq + length)
        }
        const { cwnd } = t.info
        expect(end - (1 + n * SIZE)).toBeLessThanOrEqual(Math.min(win, cwnd))
        t.wait(10).ackWith({ n: n + 1, win })
      }
    },
  )

  it('R6429-03 a lost window update is found out by the next probe', () => {
    const t = new SenderScript({ ...origin, kind: 'plain' }).write(1)
    t.expectSegments(0)
    t.wait(100).ackWith({ n: 1, win: 0 })
    t.write(3).silence()
    // The update is lost. The probe's answer tells the window.
    t.wait(400)
    expect(t.pending).toBe(1)
    t.expect({ seq: SIZE, length: 0 })
    t.ackWith({ n: 1, win: 65_535 }).expectSegments(1, 2, 3)
  })

  it('R8985-01 without SACK neither RACK nor a tail loss probe does anything', () => {
    const t = plain(origin).write(5)
    t.skip().silence(299).wait(2).expectSegments(0)
    expect(t.counters).toMatchObject({ tailProbes: 0, timeouts: 1 })
  })

  it('R5681-26 a second loss in the next window is a second reduction', () => {
    const t = plain(origin)
    let n = t.open(40)
    t.write(40).skip()
    t.wait(100).ack(n).ack(n).ack(n).expectSegments(n)
    const first = t.info.ssthresh
    expect(first).toBe(20 * SIZE)
    t.wait(100).ack(n + 40)
    n += 40
    t.write(20).skip()
    t.wait(100)
      .ack(n + 1)
      .ack(n + 1)
      .ack(n + 1)
      .ack(n + 1)
    expect(t.info.ssthresh).toBeLessThan(first)
    expect(t.counters.fastRecoveries).toBe(2)
  })
})
