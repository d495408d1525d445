import { beforeEach, describe, expect, it } from 'vitest'
import { advanceMaxBwFilter, boundBwForModel, updateMaxBw } from '../../src/tcp/congestion/bbr/bandwidth.ts'
import type { Bbr } from '../../src/tcp/congestion/bbr/bbr.ts'
import { probeRttCwnd, setCwnd, setPacingRateWithGain } from '../../src/tcp/congestion/bbr/control.ts'
import { respondToEcn } from '../../src/tcp/congestion/bbr/ecn.ts'
import { updateAckAggregation } from '../../src/tcp/congestion/bbr/extra-acked.ts'
import {
  handleInflightTooHigh,
  handleLostPacket,
  inflightAtLoss,
  isInflightTooHigh,
  noteLoss,
} from '../../src/tcp/congestion/bbr/loss.ts'
import {
  enterDrain,
  enterStartup,
  startCruise,
  startDown,
  startRefill,
  startUp,
} from '../../src/tcp/congestion/bbr/phases.ts'
import {
  isTimeToCruise,
  isTimeToGoDown,
  isTimeToProbeBw,
  updateProbeBwCyclePhase,
} from '../../src/tcp/congestion/bbr/probe-bw.ts'
import {
  checkProbeRtt,
  knownMinRtt,
  sampleRtt,
  updateMinRtt,
} from '../../src/tcp/congestion/bbr/probe-rtt.ts'
import { updateRound } from '../../src/tcp/congestion/bbr/rounds.ts'
import {
  advanceLatestDeliverySignals,
  updateCongestionSignals,
  updateLatestDeliverySignals,
} from '../../src/tcp/congestion/bbr/signals.ts'
import { checkFullBwReached, checkStartupDone, isDrainDone } from '../../src/tcp/congestion/bbr/startup.ts'
import { AckPhase, type BbrState, Phase } from '../../src/tcp/congestion/bbr/state.ts'
import { handleSpuriousLossDetection } from '../../src/tcp/congestion/bbr/undo.ts'
import {
  probeInflightLongtermUpward,
  raiseInflightLongtermSlope,
} from '../../src/tcp/congestion/bbr/upward.ts'
import { inflight, inflightWithHeadroom, targetInflight } from '../../src/tcp/congestion/bbr/volume.ts'
import { RateSample } from '../../src/tcp/delivery-rate.ts'
import { RecoveryState } from '../../src/tcp/recovery-state.ts'
import type { Tcb } from '../../src/tcp/tcb.ts'
import { SenderScript, SIZE } from './sender-script.ts'

const SECOND = 1_000_000
/** A megabyte a second and 100 ms: 100 segments. */
const BW = 1_000_000
const RTT = 100_000
const BDP = 100 * SIZE

let t: SenderScript
let tcb: Tcb
let bbr: BbrState
let now: number

/** A connection with BBR, nothing in flight, whose model is that of a path of BW and RTT, in Cruise. */
beforeEach(() => {
  t = new SenderScript({ tcp: { congestion: 'bbr' } })
  t.stack.tcp.context.connections.each((found) => {
    tcb = found
  })
  bbr = (tcb.congestion as Bbr).state
  now = t.clock.now()
  Object.assign(bbr, { bw: BW, maxBw: BW, bwCurrent: BW, minRtt: RTT, fullBwReached: true })
  tcb.pacer.rate = BW
  tcb.cwnd = 2 * BDP
  startDown(tcb, bbr, now)
  startCruise(bbr)
})

function sample(values: Partial<RateSample> = {}): RateSample {
  return Object.assign(new RateSample(), { hasData: true, deliveryRate: BW, newlyAcked: SIZE, ...values })
}

/** A sample with which a round ends. */
function endOfRound(values: Partial<RateSample> = {}): RateSample {
  return sample({ priorDelivered: tcb.rate.delivered, ...values })
}

/** So many bytes are in flight. */
function fly(bytes: number): void {
  tcb.sent.bytes = bytes
}

describe('the beginning', () => {
  it('OnInit, InitPacingRate: Startup, at 2.77 times the initial window in a round trip', () => {
    const fresh = new SenderScript({ tcp: { congestion: 'bbr' } })
    expect(fresh.info.congestion).toBe('bbr')
    expect(fresh.info.cwnd).toBe(10 * SIZE)
    expect(fresh.info.pacingRate).toBeCloseTo((2.77 * 10 * SIZE) / 0.1, 3)
  })

  it('the first window leaves paced', () => {
    const fresh = new SenderScript({ tcp: { congestion: 'bbr' } })
    fresh.write(10)
    expect(fresh.pending).toBe(2)
    fresh.wait(50)
    expect(fresh.pending).toBe(10)
  })

  it('takeOver: Startup with the window there is', () => {
    const other = new SenderScript({ tcp: { congestion: 'cubic' } })
    other.open(20)
    const { cwnd, srtt } = other.info
    other.connection.congestion = 'bbr'
    expect(other.info.cwnd).toBe(cwnd)
    expect(other.info.pacingRate).toBeCloseTo((2.77 * cwnd) / (srtt / 1000), 3)
    other.connection.congestion = 'cubic'
    expect(other.info.pacingRate).toBe(Number.POSITIVE_INFINITY)
    expect(other.info.cwnd).toBe(cwnd)
  })
})

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

describe('section 5.3.1: Startup and Drain', () => {
  beforeEach(() => {
    bbr.fullBwReached = false
    enterStartup(bbr)
  })

  /** A round at this rate. */
  function round(rate: number, isAppLimited = false): void {
    bbr.roundStart = true
    checkFullBwReached(bbr, sample({ deliveryRate: rate, isAppLimited }))
  }

  it('EnterStartup: gains 2.77 and 2', () => {
    expect([bbr.pacingGain, bbr.cwndGain]).toEqual([2.77, 2])
  })

  it('CheckFullBWReached: three rounds without a quarter more', () => {
    round(1000)
    round(1300)
    round(1500)
    round(1500)
    expect(bbr.fullBwCount).toBe(2)
    expect(bbr.fullBwReached).toBe(false)
    round(1624)
    expect(bbr.fullBwReached).toBe(true)
  })

  it('CheckFullBWReached: growth may show in the middle of a round', () => {
    round(1000)
    round(1000)
    bbr.roundStart = false
    checkFullBwReached(bbr, sample({ deliveryRate: 1249 }))
    expect([bbr.fullBw, bbr.fullBwCount]).toEqual([1000, 1])
    checkFullBwReached(bbr, sample({ deliveryRate: 1250 }))
    expect([bbr.fullBw, bbr.fullBwCount]).toEqual([1250, 0])
  })

  it('CheckFullBWReached: growth begins the count anew; the middle of a round and gaps do not count', () => {
    round(1000)
    round(1000)
    round(1000)
    round(1250)
    expect([bbr.fullBw, bbr.fullBwCount]).toEqual([1250, 0])
    for (let i = 0; i < 5; i++) round(1000, true)
    bbr.roundStart = false
    for (let i = 0; i < 5; i++) checkFullBwReached(bbr, sample({ deliveryRate: 1000 }))
    expect(bbr.fullBwCount).toBe(0)
  })

  /** A row of rounds in recovery, the last of them with this loss, in so many places. */
  function lossy(lost: number, ranges: number): void {
    tcb.recovery = RecoveryState.Recovery
    bbr.inflightLatest = 130 * SIZE
    bbr.lossRoundStart = true
    bbr.lossRanges = ranges
    checkStartupDone(tcb, bbr, sample({ lost, txInFlight: 100 * SIZE }))
  }

  it('CheckStartupHighLoss: a round in recovery with over 2 % lost in six places ends Startup', () => {
    lossy(2.1 * SIZE, 6)
    expect(bbr.fullBwReached).toBe(true)
    expect(bbr.phase).toBe(Phase.Drain)
    expect(bbr.inflightLongterm).toBe(130 * SIZE)
    expect(bbr.undoPhase).toBe(Phase.Startup)
  })

  it.each([
    ['2 % and no more', 2 * SIZE, 6],
    ['five places', 10 * SIZE, 5],
  ])('CheckStartupHighLoss: %s do not', (_, lost, ranges) => {
    lossy(lost, ranges)
    expect(bbr.phase).toBe(Phase.Startup)
    expect(bbr.lossRanges).toBe(0)
  })

  it('CheckStartupHighLoss: nor does a loss that is not repaired yet, nor half a round', () => {
    bbr.lossRanges = 9
    checkStartupDone(tcb, bbr, sample({ lost: BDP, txInFlight: BDP }))
    tcb.recovery = RecoveryState.Recovery
    bbr.lossRoundStart = false
    checkStartupDone(tcb, bbr, sample({ lost: BDP, txInFlight: BDP }))
    expect(bbr.phase).toBe(Phase.Startup)
    expect(bbr.lossRanges).toBe(9)
  })

  it('CheckStartupHighLoss: without SACK any recovery is enough', () => {
    tcb.sackPermitted = false
    tcb.recovery = RecoveryState.Recovery
    checkStartupDone(tcb, bbr, sample())
    expect(bbr.phase).toBe(Phase.Drain)
  })

  it('EnterDrain, CheckDrainDone: at half the rate until no more than a BDP is in flight, or three rounds', () => {
    enterDrain(bbr)
    expect([bbr.pacingGain, bbr.cwndGain]).toEqual([0.5, 2])
    fly(BDP + 1)
    expect(isDrainDone(tcb, bbr)).toBe(false)
    fly(BDP)
    expect(isDrainDone(tcb, bbr)).toBe(true)
    fly(2 * BDP)
    bbr.roundCount += 3
    expect(isDrainDone(tcb, bbr)).toBe(false)
    bbr.roundCount++
    expect(isDrainDone(tcb, bbr)).toBe(true)
  })
})

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

describe('section 5.3.4: ProbeRTT', () => {
  beforeEach(() => {
    bbr.probeRttExpired = true
  })

  it('CheckProbeRTT: 5 s without a lower round trip, then half a BDP for 200 ms and a round', () => {
    tcb.rate.delivered = BDP
    fly(BDP)
    checkProbeRtt(tcb, bbr, sample(), now)
    expect([bbr.phase, bbr.pacingGain, bbr.cwndGain, bbr.priorCwnd]).toEqual([
      Phase.ProbeRtt,
      1,
      0.5,
      2 * BDP,
    ])
    expect(bbr.probeRttDoneStamp).toBe(0)
    setCwnd(tcb, bbr, sample())
    expect(tcb.cwnd).toBe(BDP / 2)
    expect(tcb.rate.appLimited).toBe(2 * BDP)
    fly(BDP / 2)
    checkProbeRtt(tcb, bbr, sample(), now)
    expect(bbr.probeRttDoneStamp).toBe(now + 200_000)
    bbr.roundStart = true
    checkProbeRtt(tcb, bbr, sample(), now + 200_000)
    expect(bbr.phase).toBe(Phase.ProbeRtt)
    checkProbeRtt(tcb, bbr, sample(), now + 200_001)
    expect([bbr.phase, tcb.cwnd, bbr.cycleStamp]).toEqual([Phase.Cruise, 2 * BDP, now + 200_001])
  })

  it('ExitProbeRTT: back to Startup where the pipe was never full', () => {
    bbr.fullBwReached = false
    enterStartup(bbr)
    checkProbeRtt(tcb, bbr, sample(), now)
    checkProbeRtt(tcb, bbr, sample(), now)
    bbr.roundStart = true
    checkProbeRtt(tcb, bbr, sample(), now + 300_000)
    expect(bbr.phase).toBe(Phase.Startup)
  })

  it('CheckProbeRTT: a pause was as good', () => {
    bbr.idleRestart = true
    checkProbeRtt(tcb, bbr, sample(), now)
    expect([bbr.phase, bbr.idleRestart]).toEqual([Phase.Cruise, false])
  })

  it('ProbeRTTCwnd: four segments at least', () => {
    expect(probeRttCwnd(tcb, bbr)).toBe(BDP / 2)
    bbr.bw = BW / 50
    expect(probeRttCwnd(tcb, bbr)).toBe(4 * SIZE)
  })
})

describe('section 5.4: restarting from idle', () => {
  it('HandleRestartFromIdle: at exactly the bandwidth in ProbeBW', () => {
    startDown(tcb, bbr, now)
    tcb.rate.appLimited = 1
    ;(tcb.congestion as Bbr).onRestart(tcb, now)
    expect([bbr.idleRestart, tcb.pacer.rate]).toEqual([true, 0.99 * BW])
  })

  it('HandleRestartFromIdle: not when the application was not the limit; and it may end ProbeRTT', () => {
    const algorithm = tcb.congestion as Bbr
    tcb.rate.appLimited = 0
    algorithm.onRestart(tcb, now)
    expect(bbr.idleRestart).toBe(false)
    tcb.rate.appLimited = 1
    bbr.phase = Phase.ProbeRtt
    bbr.probeRttDoneStamp = now - 1
    bbr.priorCwnd = 3 * BDP
    algorithm.onRestart(tcb, now)
    expect([bbr.phase, tcb.cwnd]).toEqual([Phase.Cruise, 3 * BDP])
  })
})

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
