import { beforeEach, describe, expect, it } from 'vitest'
import type { Bbr } from '../../../src/tcp/congestion/bbr/bbr.ts'
import { probeRttCwnd, setCwnd } from '../../../src/tcp/congestion/bbr/control.ts'
import { enterStartup, startDown } from '../../../src/tcp/congestion/bbr/phases.ts'
import { checkProbeRtt } from '../../../src/tcp/congestion/bbr/probe-rtt.ts'
import { Phase } from '../../../src/tcp/congestion/bbr/state.ts'
import { SIZE } from '../sender-script.ts'
import { BDP, BW, bbr, beginInCruise, fly, now, sample, tcb } from './in-cruise.ts'

beforeEach(beginInCruise)

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
