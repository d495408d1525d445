import { describe, expect, it } from 'vitest'
import { ORIGINS } from './script.ts'
import { SenderScript, SIZE } from './sender-script.ts'

describe.each(ORIGINS)('the tail loss probe, $name', (origin) => {
  it('R8985-15 R8985-16 R8985-18 two round trips without an ACK: the last segment again', () => {
    const t = new SenderScript({ ...origin }).write(5)
    t.skip().silence(200)
    t.wait(5).expectSegments(4)
    expect(t.counters).toMatchObject({ tailProbes: 1, timeouts: 0 })
  })

  it('R8985-16 with one segment in flight the peer’s delayed ACK is waited for, but not longer than the RTO', () => {
    const t = new SenderScript({ ...origin, rtt: 10 }).write(1)
    t.skip()
    // 20 + 200 ms would be later than the RTO of 210 ms.
    t.silence(209).wait(2).expectSegments(0)
    expect(t.counters).toMatchObject({ tailProbes: 1, timeouts: 0 })
  })

  it('R8985-18 with something new to send, that is the probe', () => {
    const t = new SenderScript({ ...origin }).write(15)
    t.skip().wait(205).expectSegments(10)
    expect(t.info.inFlight).toBe(11 * SIZE)
  })

  it('R8985-18 but not beyond the peer’s window', () => {
    const t = new SenderScript({ ...origin, win: 3000 }).write(15)
    t.skip().wait(205).expectSegments(2)
  })

  it('R8985-18 of a FIN as well', () => {
    const t = new SenderScript({ ...origin }).write(2)
    t.skip()
    t.connection.shutdown()
    t.expect({ flags: 'FA', seq: 2001, length: 0 })
    t.wait(205)
    t.expect({ flags: 'FA', seq: 2001, length: 0 }).silence()
    t.wait(100).send({ flags: 'A', seq: 1, ack: 2002 })
    expect(t.state).toBe('FIN-WAIT-2')
  })

  it('R8985-17 R8985-19 R8985-21 after a probe comes the RTO, a full one later, not another probe', () => {
    const t = new SenderScript({ ...origin }).write(5)
    t.skip().wait(203).expectSegments(4)
    t.silence(297).wait(5).expectSegments(0)
    expect(t.counters).toMatchObject({ tailProbes: 1, timeouts: 1 })
    t.silence(590)
  })

  it('R8985-17 a probe that says nothing new about time is followed by the RTO, not by a probe', () => {
    const t = new SenderScript({ ...origin }).write(2)
    t.skip().wait(203).expectSegments(1)
    // Nothing but the ACK of the retransmission: no sample without timestamps (Karn).
    t.wait(1)
    expect(t.counters.tailProbes).toBe(1)
    t.wait(100).ack(2)
    t.write(1).expectSegments(2)
    t.silence(250).wait(60).expectSegments(2)
    expect(t.counters).toMatchObject({ tailProbes: 1, timeouts: 1 })
  })

  it('R8985-15 no probe in recovery', () => {
    const t = new SenderScript({ ...origin }).write(10)
    t.skip().wait(100).ack(0, [1, 5]).expectSegments(0)
    t.skip().silence(290)
    expect(t.counters.tailProbes).toBe(0)
  })

  it('the SACK of a probe shows the holes before it: repaired without a timeout', () => {
    const t = new SenderScript({ ...origin }).write(8)
    t.skip().wait(100).ack(4)
    // 5, 6 and 7 are lost, with 4.
    t.wait(210).expectSegments(7)
    t.wait(100).ack(4, [7, 8])
    t.wait(30)
    expect(t.pending).toBeGreaterThan(0)
    t.skip()
    for (let n = 5; n <= 7; n++) t.wait(100).ack(n, [7, 8]).skip()
    t.wait(100).ack(8)
    expect(t.counters).toMatchObject({ tailProbes: 1, timeouts: 0, fastRecoveries: 1 })
  })

  it('R8985-20 a probe that repaired a loss by itself reduces the window', () => {
    const t = new SenderScript({ ...origin }).write(10)
    t.skip().wait(100).ack(9)
    const { ssthresh } = t.info
    t.wait(310).expectSegments(9)
    t.wait(100).ack(10)
    // Until something beyond it is acknowledged a D-SACK may still come.
    expect(t.info.ssthresh).toBe(ssthresh)
    t.write(4).skip()
    t.wait(100).ack(14)
    expect(t.info.ssthresh).toBeLessThanOrEqual(10 * SIZE)
    expect(t.info.cwnd).toBeLessThanOrEqual(t.info.ssthresh + SIZE)
  })

  it('R8985-20 one that arrived twice, says the D-SACK, does not', () => {
    const t = new SenderScript({ ...origin }).write(10)
    t.skip().wait(100).ack(9)
    const before = t.info
    t.wait(310).expectSegments(9)
    t.wait(5).ack(10)
    t.wait(100).ack(10, [9, 10])
    t.write(4).skip()
    t.wait(100).ack(14)
    expect(t.info.ssthresh).toBe(before.ssthresh)
    expect(t.info.cwnd).toBeGreaterThanOrEqual(before.cwnd)
    expect(t.counters.dsacksIn).toBe(1)
  })

  it('R8985-20 nor does one whose second copy draws a duplicate ACK without SACK', () => {
    const t = new SenderScript({ ...origin }).write(10)
    t.skip().wait(100).ack(9)
    const before = t.info
    t.write(1).skip()
    t.wait(310).expectSegments(10)
    t.wait(5).ack(11)
    t.write(4).skip()
    t.wait(95).ack(11)
    t.ack(15)
    expect(t.info.ssthresh).toBe(before.ssthresh)
  })

  it('R8985-20 new data as a probe reduces nothing', () => {
    const t = new SenderScript({ ...origin }).write(15)
    const { ssthresh } = t.info
    t.skip().wait(205).expectSegments(10)
    t.wait(10).ack(11)
    t.skip().wait(100).ack(15)
    expect(t.info.ssthresh).toBe(ssthresh)
  })
})
