import type { Micros } from '../core/timer.ts'
import { MAX_BACKOFF } from './config.ts'
import type { Tcb } from './tcb.ts'
import { TraceKind } from './trace.ts'

/**
 * Takes a round-trip sample (MUST-18; RFC 6298 section 2; R6298-02, R6298-03, R6298-08). The caller keeps Karn's rule.
 * A sample ends the backoff (R6298-11). The lower bound stands where the RFC has the clock's granularity G, as in
 * Linux: an RTT that never varies keeps `minRto` of room for the peer's delayed ACK (R6298-04).
 */
export function sampleRtt(tcb: Tcb, sample: Micros, now: Micros): void {
  const r = Math.max(1, sample)
  if (tcb.srtt === 0) {
    tcb.srtt = r
    tcb.rttvar = r / 2
  } else {
    tcb.rttvar += (Math.abs(tcb.srtt - r) - tcb.rttvar) / 4
    tcb.srtt += (r - tcb.srtt) / 8
  }
  tcb.tlp.sampled = true
  const { minRto, maxRto } = tcb.tcp.config
  tcb.rto = Math.min(maxRto, Math.ceil(tcb.srtt + Math.max(minRto, 4 * tcb.rttvar)))
  tcb.backoff = 0
  tcb.tcp.tracer?.onTrace(TraceKind.Rtt, now, tcb.id, r, tcb.srtt, tcb.rto, 0)
}

/** The round trip of a SYN and its answer: the first sample, and the first minimum (as in Linux). */
export function sampleHandshake(tcb: Tcb, sample: Micros, now: Micros): void {
  sampleRtt(tcb, sample, now)
  tcb.minRtt.sample(Math.max(1, sample), now)
}

/** The RTO has passed. @param first nothing has timed out since the peer last answered */
export function noteTimeout(tcb: Tcb, first: boolean): void {
  const { counters, engine } = tcb.tcp
  counters.timeouts++
  tcb.rtoCount++
  if (!first) return
  tcb.rtoRows++
  tcb.rtoSince = engine.now
}

/** The row of timeouts is over: the peer has answered. */
export function endTimeouts(tcb: Tcb): void {
  tcb.rtoTime += tcb.tcp.engine.now - tcb.rtoSince
}

/** The RTO with its backoff (R6298-11), within the bound of R6298-05. */
export function currentRto(tcb: Tcb): Micros {
  return Math.min(tcb.tcp.config.maxRto, tcb.rto * 2 ** Math.min(tcb.backoff, MAX_BACKOFF))
}
