import { beforeEach, describe, expect, it } from 'vitest'
import { enterDrain, enterStartup } from '../../../src/tcp/congestion/bbr/phases.ts'
import { checkFullBwReached, checkStartupDone, isDrainDone } from '../../../src/tcp/congestion/bbr/startup.ts'
import { Phase } from '../../../src/tcp/congestion/bbr/state.ts'
import { RecoveryState } from '../../../src/tcp/recovery-state.ts'
import { SenderScript, SIZE } from '../sender-script.ts'
import { BDP, bbr, beginInCruise, fly, sample, tcb } from './in-cruise.ts'

beforeEach(beginInCruise)

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
