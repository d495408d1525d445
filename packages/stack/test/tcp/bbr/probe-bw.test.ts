import { beforeEach, describe, expect, it } from 'vitest'
import { startDown, startRefill, startUp } from '../../../src/tcp/congestion/bbr/phases.ts'
import {
  isTimeToCruise,
  isTimeToGoDown,
  isTimeToProbeBw,
  updateProbeBwCyclePhase,
} from '../../../src/tcp/congestion/bbr/probe-bw.ts'
import { updateRound } from '../../../src/tcp/congestion/bbr/rounds.ts'
import { AckPhase, Phase } from '../../../src/tcp/congestion/bbr/state.ts'
import {
  probeInflightLongtermUpward,
  raiseInflightLongtermSlope,
} from '../../../src/tcp/congestion/bbr/upward.ts'
import { inflightWithHeadroom, targetInflight } from '../../../src/tcp/congestion/bbr/volume.ts'
import type { RateSample } from '../../../src/tcp/delivery-rate.ts'
import { SIZE } from '../sender-script.ts'
import { BDP, BW, bbr, beginInCruise, endOfRound, fly, now, SECOND, sample, tcb } from './in-cruise.ts'

beforeEach(beginInCruise)

describe('section 5.3.3: ProbeBW', () => {
  it('the gains of the four phases', () => {
    const gains = (): number[] => [bbr.pacingGain, bbr.cwndGain]
    expect(gains()).toEqual([1, 2])
    startRefill(tcb, bbr)
    expect(gains()).toEqual([1, 2])
    startUp(tcb, bbr, BW)
    expect(gains()).toEqual([1.25, 2.25])
    startDown(tcb, bbr, now)
    expect(gains()).toEqual([0.9, 2])
  })

  it('PickProbeWait: two to three seconds, and the rounds begin at 0 or 1', () => {
    const waits = new Set<number>()
    for (let i = 0; i < 50; i++) {
      startDown(tcb, bbr, now)
      expect(bbr.bwProbeWait).toBeGreaterThanOrEqual(2 * SECOND)
      expect(bbr.bwProbeWait).toBeLessThan(3 * SECOND)
      waits.add(bbr.roundsSinceProbe)
    }
    expect([...waits].sort()).toEqual([0, 1])
  })

  it('IsTimeToProbeBW: after the wait', () => {
    bbr.roundsSinceProbe = 0
    expect(isTimeToProbeBw(tcb, bbr, now + bbr.bwProbeWait)).toBe(false)
    expect(isTimeToProbeBw(tcb, bbr, now + bbr.bwProbeWait + 1)).toBe(true)
  })

  it('IsRenoCoexistenceProbeTime: after as many rounds as segments, 63 at most', () => {
    bbr.roundsSinceProbe = 62
    expect(isTimeToProbeBw(tcb, bbr, now)).toBe(false)
    bbr.roundsSinceProbe = 63
    expect(isTimeToProbeBw(tcb, bbr, now)).toBe(true)
    bbr.bw = BW / 10
    bbr.roundsSinceProbe = 9
    expect(isTimeToProbeBw(tcb, bbr, now)).toBe(false)
    bbr.roundsSinceProbe = 10
    expect(isTimeToProbeBw(tcb, bbr, now)).toBe(true)
  })

  it('TargetInflight: the BDP, or the window if that is less', () => {
    expect(targetInflight(tcb, bbr)).toBe(BDP)
    tcb.cwnd = 30 * SIZE
    expect(targetInflight(tcb, bbr)).toBe(30 * SIZE)
  })

  it('InflightWithHeadroom: 15 % are left to others, four segments remain', () => {
    expect(inflightWithHeadroom(tcb, bbr)).toBe(Number.POSITIVE_INFINITY)
    bbr.inflightLongterm = BDP
    expect(inflightWithHeadroom(tcb, bbr)).toBeCloseTo(0.85 * BDP, 6)
    bbr.inflightLongterm = 4 * SIZE
    expect(inflightWithHeadroom(tcb, bbr)).toBe(4 * SIZE)
  })

  it('IsTimeToCruise: a BDP or less in flight, and headroom', () => {
    fly(BDP + 1)
    expect(isTimeToCruise(tcb, bbr)).toBe(false)
    fly(BDP)
    expect(isTimeToCruise(tcb, bbr)).toBe(true)
    bbr.inflightLongterm = BDP
    expect(isTimeToCruise(tcb, bbr)).toBe(false)
    fly(0.85 * BDP)
    expect(isTimeToCruise(tcb, bbr)).toBe(true)
  })

  it('UpdateProbeBWCyclePhase: Down, Cruise, Refill for a round, Up, Down', () => {
    const step = (rs: RateSample, at = now): number => {
      updateRound(tcb, bbr, rs)
      updateProbeBwCyclePhase(tcb, bbr, rs, at)
      return bbr.phase
    }
    tcb.rate.delivered = BDP
    startDown(tcb, bbr, now)
    fly(1.2 * BDP)
    expect(step(sample())).toBe(Phase.Down)
    fly(BDP)
    expect(step(sample())).toBe(Phase.Cruise)
    bbr.bwShortterm = BW / 2
    expect(step(sample(), now + 3 * SECOND)).toBe(Phase.Refill)
    expect(bbr.bwShortterm).toBe(Number.POSITIVE_INFINITY)
    expect(step(sample())).toBe(Phase.Refill)
    expect(step(endOfRound())).toBe(Phase.Up)
    expect([bbr.isProbeSample, bbr.ackPhase]).toEqual([true, AckPhase.ProbeStarting])
    tcb.rate.delivered += BDP
    expect(step(sample({ priorDelivered: BDP }))).toBe(Phase.Up)
    expect(bbr.ackPhase).toBe(AckPhase.ProbeFeedback)
    bbr.fullBwNow = true
    expect(step(sample())).toBe(Phase.Down)
    expect(bbr.ackPhase).toBe(AckPhase.ProbeStopping)
  })

  it('AdaptLongTermModel: the bandwidth filter advances a round after probing, unless the application was the limit', () => {
    for (const isAppLimited of [true, false]) {
      startDown(tcb, bbr, now)
      bbr.isProbeSample = true
      bbr.roundStart = true
      updateProbeBwCyclePhase(tcb, bbr, sample({ isAppLimited }), now)
      expect(bbr.isProbeSample).toBe(false)
      expect(bbr.bwPrevious).toBe(isAppLimited ? 0 : BW)
    }
  })

  it('AdaptLongTermModel: a flight that was larger and safe raises the bound', () => {
    bbr.inflightLongterm = BDP
    updateProbeBwCyclePhase(tcb, bbr, sample({ txInFlight: 1.2 * BDP, lost: 0.02 * BDP }), now)
    expect(bbr.inflightLongterm).toBe(1.2 * BDP)
    updateProbeBwCyclePhase(tcb, bbr, sample({ txInFlight: 1.5 * BDP, lost: 0.031 * BDP }), now)
    expect(bbr.inflightLongterm).toBe(1.2 * BDP)
  })

  it('RaiseInflightLongtermSlope, ProbeInflightLongtermUpward: 1, 2, 4 segments in the rounds of Up', () => {
    bbr.inflightLongterm = BDP
    tcb.cwnd = BDP
    tcb.windowUse.limited = true
    bbr.probeUpRounds = 0
    raiseInflightLongtermSlope(tcb, bbr)
    const grown: number[] = []
    for (let round = 0; round < 4; round++) {
      const before = bbr.inflightLongterm
      for (let i = 0; i < 100; i++) {
        bbr.roundStart = i === 99
        probeInflightLongtermUpward(tcb, bbr, sample({ newlyAcked: before / 100 }))
        tcb.cwnd = bbr.inflightLongterm
      }
      grown.push((bbr.inflightLongterm - before) / SIZE)
    }
    // What is left of one round's bytes counts in the next.
    const sums = [1, 3, 7, 15]
    grown.forEach((_, i) => {
      const sum = grown.slice(0, i + 1).reduce((a, b) => a + b, 0)
      expect(sum).toBeGreaterThanOrEqual(sums[i] - 1)
      expect(sum).toBeLessThanOrEqual(sums[i])
    })
  })

  it('ProbeInflightLongtermUpward: not while something else limits', () => {
    bbr.inflightLongterm = BDP
    raiseInflightLongtermSlope(tcb, bbr)
    tcb.cwnd = BDP
    tcb.windowUse.limited = false
    probeInflightLongtermUpward(tcb, bbr, sample({ newlyAcked: 10 * BDP }))
    tcb.windowUse.limited = true
    tcb.cwnd = BDP - SIZE
    probeInflightLongtermUpward(tcb, bbr, sample({ newlyAcked: 10 * BDP }))
    expect(bbr.inflightLongterm).toBe(BDP)
  })

  it('IsTimeToGoDown: when the rate no longer grows; where the bound is the limit that is no sign', () => {
    startUp(tcb, bbr, BW)
    expect(isTimeToGoDown(tcb, bbr, sample())).toBe(false)
    bbr.fullBwNow = true
    expect(isTimeToGoDown(tcb, bbr, sample())).toBe(true)
    bbr.inflightLongterm = BDP
    tcb.cwnd = BDP
    tcb.windowUse.limited = true
    expect(isTimeToGoDown(tcb, bbr, sample())).toBe(false)
    expect([bbr.fullBwNow, bbr.fullBw]).toEqual([false, BW])
  })

  it('precautionary probing: after a probe that lost too much the next one turns where that was, and comes back at once', () => {
    startUp(tcb, bbr, BW)
    bbr.prevProbeTooHigh = true
    bbr.inflightLongterm = BDP
    fly(BDP - 1)
    updateProbeBwCyclePhase(tcb, bbr, sample(), now)
    expect(bbr.phase).toBe(Phase.Up)
    fly(BDP)
    updateProbeBwCyclePhase(tcb, bbr, sample(), now)
    expect([bbr.phase, bbr.prevProbePrecautionary, bbr.prevProbeTooHigh]).toEqual([Phase.Down, true, false])
    bbr.roundStart = true
    updateProbeBwCyclePhase(tcb, bbr, sample(), now)
    expect([bbr.phase, bbr.prevProbePrecautionary]).toEqual([Phase.Refill, false])
  })

  it('precautionary probing: not when it has lost too much again', () => {
    startDown(tcb, bbr, now)
    bbr.prevProbePrecautionary = true
    bbr.prevProbeTooHigh = true
    bbr.roundStart = true
    fly(1.2 * BDP)
    updateProbeBwCyclePhase(tcb, bbr, sample(), now)
    expect(bbr.phase).toBe(Phase.Down)
  })
})
