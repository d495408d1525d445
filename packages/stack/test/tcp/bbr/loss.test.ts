import { beforeEach, describe, expect, it } from 'vitest'
import { boundBwForModel } from '../../../src/tcp/congestion/bbr/bandwidth.ts'
import type { Bbr } from '../../../src/tcp/congestion/bbr/bbr.ts'
import {
  handleInflightTooHigh,
  handleLostPacket,
  inflightAtLoss,
  isInflightTooHigh,
  noteLoss,
} from '../../../src/tcp/congestion/bbr/loss.ts'
import { enterStartup, startDown, startRefill, startUp } from '../../../src/tcp/congestion/bbr/phases.ts'
import {
  advanceLatestDeliverySignals,
  updateCongestionSignals,
  updateLatestDeliverySignals,
} from '../../../src/tcp/congestion/bbr/signals.ts'
import { checkStartupDone } from '../../../src/tcp/congestion/bbr/startup.ts'
import { Phase } from '../../../src/tcp/congestion/bbr/state.ts'
import { handleSpuriousLossDetection } from '../../../src/tcp/congestion/bbr/undo.ts'
import { RecoveryState } from '../../../src/tcp/recovery-state.ts'
import { SIZE } from '../sender-script.ts'
import { BDP, BW, bbr, beginInCruise, now, sample, tcb } from './in-cruise.ts'

beforeEach(beginInCruise)

describe('section 5.5.10: loss', () => {
  it('IsInflightTooHigh: more than 2 %; without SACK any', () => {
    expect(isInflightTooHigh(tcb, 2 * SIZE, BDP)).toBe(false)
    expect(isInflightTooHigh(tcb, 2 * SIZE + 1, BDP)).toBe(true)
    tcb.sackPermitted = false
    expect(isInflightTooHigh(tcb, 1, BDP)).toBe(true)
    expect(isInflightTooHigh(tcb, 0, BDP)).toBe(false)
  })

  it('InflightAtLoss: at which prefix of a super-frame it became too much', () => {
    // 100 segments in flight before it, none lost; of the frame of 20 the first 2.04 make 2 %.
    expect(inflightAtLoss(120 * SIZE, 20 * SIZE, 20 * SIZE)).toBeCloseTo((100 + 2 / 0.98) * SIZE, 6)
    // Two were lost before: none of it was too little.
    expect(inflightAtLoss(120 * SIZE, 22 * SIZE, 20 * SIZE)).toBeCloseTo(100 * SIZE, 6)
  })

  it('HandleInflightTooHigh: the bound, at least 0.7 of the target; Up ends', () => {
    startUp(tcb, bbr, BW)
    bbr.isProbeSample = true
    handleInflightTooHigh(tcb, bbr, 1.1 * BDP, false, now)
    expect(bbr.inflightLongterm).toBe(1.1 * BDP)
    expect([bbr.phase, bbr.isProbeSample, bbr.prevProbeTooHigh, bbr.undoPhase]).toEqual([
      Phase.Down,
      false,
      true,
      Phase.Up,
    ])
    handleInflightTooHigh(tcb, bbr, 0.3 * BDP, false, now)
    expect(bbr.inflightLongterm).toBeCloseTo(0.7 * BDP, 6)
    handleInflightTooHigh(tcb, bbr, 2 * BDP, true, now)
    expect(bbr.inflightLongterm).toBeCloseTo(0.7 * BDP, 6)
  })

  it('HandleLostPacket: only what was sent while probing moves the bound', () => {
    const record = tcb.sent.append(tcb.sndNxt, (tcb.sndNxt + 10 * SIZE) | 0, now)
    record.txInFlight = 120 * SIZE
    tcb.sent.lostEver = 10 * SIZE
    handleLostPacket(tcb, bbr, record, now)
    expect([bbr.lossInRound, bbr.inflightLongterm]).toEqual([true, Number.POSITIVE_INFINITY])
    bbr.isProbeSample = true
    handleLostPacket(tcb, bbr, record, now)
    expect(bbr.inflightLongterm).toBeCloseTo((110 + 2.2 / 0.98) * SIZE, 6)
  })

  it('UpdateLatestDeliverySignals: the most of a round', () => {
    bbr.lossRoundDelivered = 1000
    updateLatestDeliverySignals(tcb, bbr, sample({ priorDelivered: 0, delivered: 5000, deliveryRate: 300 }))
    updateLatestDeliverySignals(tcb, bbr, sample({ priorDelivered: 0, delivered: 4000, deliveryRate: 400 }))
    expect([bbr.lossRoundStart, bbr.inflightLatest, bbr.bwLatest]).toEqual([false, 5000, 400])
    const last = sample({ priorDelivered: 1000, delivered: 3000, deliveryRate: 200 })
    updateLatestDeliverySignals(tcb, bbr, last)
    expect([bbr.lossRoundStart, bbr.inflightLatest, bbr.bwLatest]).toEqual([true, 5000, 400])
    advanceLatestDeliverySignals(bbr, last)
    expect([bbr.inflightLatest, bbr.bwLatest]).toEqual([3000, 200])
  })

  it('LossLowerBounds: at the end of a round with loss, towards what was delivered, by 0.7 at most', () => {
    noteLoss(tcb, bbr)
    bbr.lossRoundStart = true
    bbr.bwLatest = 0.9 * BW
    bbr.inflightLatest = 0.2 * BDP
    updateCongestionSignals(tcb, bbr)
    expect([bbr.bwShortterm, bbr.inflightShortterm]).toEqual([0.9 * BW, 1.4 * BDP])
    boundBwForModel(bbr)
    expect([bbr.bw, bbr.maxBw]).toEqual([0.9 * BW, BW])
    expect(bbr.lossInRound).toBe(false)
    // The next round has none.
    updateCongestionSignals(tcb, bbr)
    expect(bbr.bwShortterm).toBe(0.9 * BW)
  })

  it.each([
    ['Startup', () => enterStartup(bbr)],
    ['Refill', () => startRefill(tcb, bbr)],
    ['Up', () => startUp(tcb, bbr, BW)],
  ])('AdaptLowerBoundsFromCongestion: whoever probes expects losses, %s', (_, enter) => {
    enter()
    noteLoss(tcb, bbr)
    bbr.lossRoundStart = true
    updateCongestionSignals(tcb, bbr)
    expect(bbr.bwShortterm).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('section 5.5.11: a recovery that was needless', () => {
  it('HandleSpuriousLossDetection: bounds and window are at least what they were', () => {
    bbr.inflightLongterm = 3 * BDP
    noteLoss(tcb, bbr)
    Object.assign(bbr, { inflightLongterm: BDP, bwShortterm: 1, inflightShortterm: 1, fullBwCount: 2 })
    tcb.cwnd = SIZE
    handleSpuriousLossDetection(tcb, bbr)
    expect(bbr.inflightLongterm).toBe(3 * BDP)
    expect(bbr.bwShortterm).toBe(Number.POSITIVE_INFINITY)
    expect(bbr.inflightShortterm).toBe(Number.POSITIVE_INFINITY)
    expect([tcb.cwnd, bbr.fullBwCount, bbr.lossInRound]).toEqual([2 * BDP, 0, false])
  })

  it('HandleSpuriousLossDetection: a probe that ended for it begins again', () => {
    startUp(tcb, bbr, BW)
    bbr.isProbeSample = true
    noteLoss(tcb, bbr)
    handleInflightTooHigh(tcb, bbr, BDP, false, now)
    // The losses that follow in the same ACK, and the recovery, do not overwrite what was.
    noteLoss(tcb, bbr)
    tcb.recovery = RecoveryState.Recovery
    ;(tcb.congestion as Bbr).onLoss(tcb)
    handleSpuriousLossDetection(tcb, bbr)
    expect([bbr.phase, bbr.inflightLongterm]).toEqual([Phase.Refill, Number.POSITIVE_INFINITY])
  })

  it('HandleSpuriousLossDetection: so does Startup', () => {
    enterStartup(bbr)
    bbr.fullBwReached = false
    noteLoss(tcb, bbr)
    tcb.recovery = RecoveryState.Recovery
    Object.assign(bbr, { lossRoundStart: true, lossRanges: 6 })
    checkStartupDone(tcb, bbr, sample({ lost: BDP, txInFlight: BDP }))
    expect(bbr.phase).toBe(Phase.Drain)
    handleSpuriousLossDetection(tcb, bbr)
    expect([bbr.phase, bbr.fullBwReached]).toEqual([Phase.Startup, false])
  })

  it('HandleSpuriousLossDetection: so does Startup that ended in recovery for want of growth, but no such probe', () => {
    enterStartup(bbr)
    bbr.fullBwReached = false
    noteLoss(tcb, bbr)
    bbr.fullBwReached = true
    checkStartupDone(tcb, bbr, sample())
    expect(bbr.phase).toBe(Phase.Drain)
    handleSpuriousLossDetection(tcb, bbr)
    expect([bbr.phase, bbr.fullBwReached]).toEqual([Phase.Startup, false])
    bbr.undoSaved = false
    bbr.fullBwReached = true
    startUp(tcb, bbr, BW)
    noteLoss(tcb, bbr)
    startDown(tcb, bbr, now)
    handleSpuriousLossDetection(tcb, bbr)
    expect([bbr.phase, bbr.fullBwReached]).toEqual([Phase.Down, true])
  })
})
