import { beforeEach, describe, expect, it } from 'vitest'
import { advanceMaxBwFilter, updateMaxBw } from '../../../src/tcp/congestion/bbr/bandwidth.ts'
import { updateAckAggregation } from '../../../src/tcp/congestion/bbr/extra-acked.ts'
import { knownMinRtt, sampleRtt, updateMinRtt } from '../../../src/tcp/congestion/bbr/probe-rtt.ts'
import { updateRound } from '../../../src/tcp/congestion/bbr/rounds.ts'
import { SIZE } from '../sender-script.ts'
import { BW, bbr, beginInCruise, now, RTT, SECOND, sample, tcb } from './in-cruise.ts'

beforeEach(beginInCruise)

describe('section 5.5: the model', () => {
  it('UpdateRound: a round ends with data that was sent after its beginning', () => {
    tcb.rate.delivered = 50_000
    bbr.nextRoundDelivered = 40_000
    const { roundCount } = bbr
    updateRound(tcb, bbr, sample({ priorDelivered: 39_999 }))
    expect([bbr.roundStart, bbr.roundCount]).toEqual([false, roundCount])
    updateRound(tcb, bbr, sample({ priorDelivered: 40_000 }))
    expect([bbr.roundStart, bbr.roundCount]).toEqual([true, roundCount + 1])
    expect(bbr.nextRoundDelivered).toBe(50_000)
  })

  it('UpdateMaxBw: application-limited samples count only where they are more', () => {
    updateMaxBw(bbr, sample({ deliveryRate: 0.5 * BW, isAppLimited: true }))
    expect(bbr.maxBw).toBe(BW)
    updateMaxBw(bbr, sample({ deliveryRate: 1.5 * BW, isAppLimited: true }))
    expect(bbr.maxBw).toBe(1.5 * BW)
    updateMaxBw(bbr, sample({ deliveryRate: 0 }))
    expect(bbr.maxBw).toBe(1.5 * BW)
  })

  it('AdvanceMaxBwFilter: the maximum of two cycles; a cycle without a sample is none', () => {
    advanceMaxBwFilter(bbr)
    updateMaxBw(bbr, sample({ deliveryRate: 0.4 * BW }))
    expect(bbr.maxBw).toBe(BW)
    advanceMaxBwFilter(bbr)
    expect(bbr.maxBw).toBe(0.4 * BW)
    advanceMaxBwFilter(bbr)
    advanceMaxBwFilter(bbr)
    expect(bbr.maxBw).toBe(0.4 * BW)
  })

  it('UpdateACKAggregation: what comes in beyond the bandwidth, remembered for five to ten rounds', () => {
    bbr.extraAckedStart = now
    bbr.extraAckedDelivered = 0
    updateAckAggregation(tcb, bbr, sample({ newlyAcked: 20 * SIZE }), now)
    expect(bbr.extraAcked).toBe(20 * SIZE)
    // 10 ms later 10 segments were to be expected; 5 came, after 20 too many.
    updateAckAggregation(tcb, bbr, sample({ newlyAcked: 5 * SIZE }), now + 10_000)
    expect(bbr.extraAckedDelivered).toBe(25 * SIZE)
    expect(bbr.extraAcked).toBe(20 * SIZE)
    // Nothing for a second: the episode is over.
    updateAckAggregation(tcb, bbr, sample(), now + SECOND)
    expect(bbr.extraAckedDelivered).toBe(SIZE)
    bbr.roundCount += 5
    updateAckAggregation(tcb, bbr, sample(), now + 2 * SECOND)
    expect(bbr.extraAcked).toBe(20 * SIZE)
    bbr.roundCount += 5
    updateAckAggregation(tcb, bbr, sample(), now + 3 * SECOND)
    expect(bbr.extraAcked).toBe(SIZE)
  })

  it('UpdateACKAggregation: never more than the window', () => {
    tcb.cwnd = 8 * SIZE
    bbr.extraAckedStart = now
    updateAckAggregation(tcb, bbr, sample({ newlyAcked: 50 * SIZE }), now)
    expect(bbr.extraAcked).toBe(8 * SIZE)
  })

  it('UpdateMinRTT: the least of 10 s, with the one of the last 5 s in reserve', () => {
    bbr.minRttStamp = now
    bbr.probeRttMinDelay = RTT
    bbr.probeRttMinStamp = now
    bbr.rtt = 120_000
    updateMinRtt(bbr, now + SECOND)
    expect([bbr.minRtt, bbr.probeRttExpired]).toEqual([RTT, false])
    bbr.rtt = 90_000
    updateMinRtt(bbr, now + 2 * SECOND)
    expect(bbr.minRtt).toBe(90_000)
    bbr.rtt = 130_000
    updateMinRtt(bbr, now + 7 * SECOND + 1)
    expect([bbr.minRtt, bbr.probeRttExpired]).toEqual([90_000, true])
    bbr.rtt = -1
    updateMinRtt(bbr, now + 12 * SECOND + 1)
    expect(bbr.minRtt).toBe(130_000)
  })

  it('RS.rtt: what is SACKed has no say while other things arrive in order', () => {
    sampleRtt(tcb, bbr, RTT, true)
    expect(bbr.rtt).toBe(RTT)
    bbr.rtt = -1
    sampleRtt(tcb, bbr, RTT / 2, false)
    bbr.roundCount++
    sampleRtt(tcb, bbr, RTT / 2, false)
    expect(bbr.rtt).toBe(-1)
    bbr.roundCount++
    sampleRtt(tcb, bbr, 0.9 * RTT, false)
    expect(bbr.rtt).toBe(0.9 * RTT)
  })

  it('RS.rtt: where segments overtake, what is SACKed makes no lower minimum, but a higher one', () => {
    bbr.roundCount += 2
    tcb.rack.reorderingSeen = true
    tcb.srtt = 0.9 * RTT
    sampleRtt(tcb, bbr, RTT / 2, false)
    expect(bbr.rtt).toBe(RTT)
    tcb.srtt = 1.5 * RTT
    sampleRtt(tcb, bbr, RTT / 2, false)
    expect(bbr.rtt).toBe(1.5 * RTT)
    bbr.minRtt = Number.POSITIVE_INFINITY
    sampleRtt(tcb, bbr, RTT / 2, false)
    expect(bbr.rtt).toBe(1.5 * RTT)
  })

  it('OnInit: the minimum of the algorithm before, unless segments overtake', () => {
    tcb.minRtt.sample(RTT / 2, now)
    tcb.srtt = RTT
    expect(knownMinRtt(tcb)).toBe(RTT / 2)
    tcb.rack.reorderingSeen = true
    expect(knownMinRtt(tcb)).toBe(RTT)
  })
})
