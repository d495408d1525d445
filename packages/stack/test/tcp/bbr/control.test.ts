import { beforeEach, describe, expect, it } from 'vitest'
import type { Bbr } from '../../../src/tcp/congestion/bbr/bbr.ts'
import { setCwnd, setPacingRateWithGain } from '../../../src/tcp/congestion/bbr/control.ts'
import { respondToEcn } from '../../../src/tcp/congestion/bbr/ecn.ts'
import {
  enterDrain,
  enterStartup,
  startCruise,
  startDown,
  startRefill,
  startUp,
} from '../../../src/tcp/congestion/bbr/phases.ts'
import { Phase } from '../../../src/tcp/congestion/bbr/state.ts'
import { inflight } from '../../../src/tcp/congestion/bbr/volume.ts'
import { RecoveryState } from '../../../src/tcp/recovery-state.ts'
import { SIZE } from '../sender-script.ts'
import { BDP, BW, bbr, beginInCruise, now, sample, tcb } from './in-cruise.ts'

beforeEach(beginInCruise)

describe('section 5.6: rate and window', () => {
  it('SetPacingRateWithGain: 1 % below the bandwidth, times the gain', () => {
    setPacingRateWithGain(tcb, bbr, 1.25)
    expect(tcb.pacer.rate).toBeCloseTo(1.25 * 0.99 * BW, 6)
    setPacingRateWithGain(tcb, bbr, 0.9)
    expect(tcb.pacer.rate).toBeCloseTo(0.9 * 0.99 * BW, 6)
  })

  it('SetPacingRateWithGain: before the pipe is full it only rises', () => {
    bbr.fullBwReached = false
    setPacingRateWithGain(tcb, bbr, 0.5)
    expect(tcb.pacer.rate).toBe(BW)
    setPacingRateWithGain(tcb, bbr, 2.77)
    expect(tcb.pacer.rate).toBeCloseTo(2.77 * 0.99 * BW, 6)
  })

  it('QuantizationBudget: three quanta and four segments at least; two more in Up', () => {
    expect(inflight(tcb, bbr)).toBe(BDP)
    bbr.bw = BW / 100
    expect(inflight(tcb, bbr)).toBe(6 * SIZE)
    tcb.pacer.rate = 20 * BW
    expect(inflight(tcb, bbr)).toBe(60 * SIZE)
    startUp(tcb, bbr, BW)
    expect(inflight(tcb, bbr)).toBe(62 * SIZE)
  })

  it('SetCwnd: down at once, up by what was delivered', () => {
    tcb.cwnd = 5 * BDP
    setCwnd(tcb, bbr, sample())
    expect(tcb.cwnd).toBe(2 * BDP)
    tcb.cwnd = BDP
    setCwnd(tcb, bbr, sample({ newlyAcked: 3 * SIZE }))
    expect(tcb.cwnd).toBe(BDP + 3 * SIZE)
    bbr.extraAcked = 7 * SIZE
    setCwnd(tcb, bbr, sample({ newlyAcked: 10 * BDP }))
    expect(tcb.cwnd).toBe(2 * BDP + 7 * SIZE)
  })

  it('SetCwnd: in Startup never down', () => {
    bbr.fullBwReached = false
    tcb.rate.delivered = BDP
    enterStartup(bbr)
    tcb.cwnd = 5 * BDP
    setCwnd(tcb, bbr, sample())
    expect(tcb.cwnd).toBe(5 * BDP)
  })

  it.each([
    ['Cruise', () => startCruise(bbr), 0.85],
    ['Refill', () => startRefill(tcb, bbr), 1],
    ['Up', () => startUp(tcb, bbr, BW), 1],
    ['Down', () => startDown(tcb, bbr, now), 1],
    ['Drain', () => enterDrain(bbr), 2],
  ])('BoundCwndForModel: %s', (_, enter, share) => {
    bbr.inflightLongterm = BDP
    enter()
    setCwnd(tcb, bbr, sample())
    expect(tcb.cwnd).toBe(share * BDP)
    bbr.inflightShortterm = BDP / 2
    setCwnd(tcb, bbr, sample())
    expect(tcb.cwnd).toBe(BDP / 2)
    bbr.inflightShortterm = 1
    setCwnd(tcb, bbr, sample())
    expect(tcb.cwnd).toBe(4 * SIZE)
  })

  it('OnEnterRTO: one segment; the end of recovery restores the window', () => {
    const algorithm = tcb.congestion as Bbr
    algorithm.onTimeout(tcb, BDP, true, now)
    expect(tcb.cwnd).toBe(SIZE)
    tcb.recovery = RecoveryState.Loss
    algorithm.onTimeout(tcb, BDP, false, now)
    tcb.recovery = RecoveryState.Open
    algorithm.onRateSample(tcb, sample(), now)
    // And the one segment that came unexpected.
    expect(tcb.cwnd).toBe(2 * BDP + SIZE)
  })
})

describe('R3168-07 R8311-02 classic ECN', () => {
  it('outside of probing the short-term model shrinks by 0.85 of what is in flight (RFC 8511)', () => {
    respondToEcn(tcb, bbr, BDP, now)
    expect([bbr.bwShortterm, bbr.inflightShortterm, tcb.cwnd]).toEqual([0.85 * BW, 0.85 * BDP, 0.85 * BDP])
    respondToEcn(tcb, bbr, 2 * SIZE, now)
    expect(tcb.cwnd).toBe(4 * SIZE)
  })

  it('Up ends, with a bound', () => {
    startUp(tcb, bbr, BW)
    bbr.isProbeSample = true
    respondToEcn(tcb, bbr, 1.2 * BDP, now)
    expect([bbr.phase, bbr.inflightLongterm]).toEqual([Phase.Down, 0.85 * 1.2 * BDP])
  })

  it('so does Startup', () => {
    enterStartup(bbr)
    bbr.fullBwReached = false
    respondToEcn(tcb, bbr, BDP, now)
    expect([bbr.fullBwReached, bbr.inflightLongterm]).toEqual([true, BDP])
  })
})
