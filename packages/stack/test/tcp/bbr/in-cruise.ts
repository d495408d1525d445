import type { Bbr } from '../../../src/tcp/congestion/bbr/bbr.ts'
import { startCruise, startDown } from '../../../src/tcp/congestion/bbr/phases.ts'
import type { BbrState } from '../../../src/tcp/congestion/bbr/state.ts'
import { RateSample } from '../../../src/tcp/delivery-rate.ts'
import type { Tcb } from '../../../src/tcp/tcb.ts'
import { SenderScript, SIZE } from '../sender-script.ts'

export const SECOND = 1_000_000
/** A megabyte a second and 100 ms: 100 segments. */
export const BW = 1_000_000
export const RTT = 100_000
export const BDP = 100 * SIZE

export let t: SenderScript
export let tcb: Tcb
export let bbr: BbrState
export let now: number

/** Before each test: a connection with BBR, nothing in flight, whose model is that of a path of BW and RTT, in Cruise. */
export function beginInCruise(): void {
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
}

export function sample(values: Partial<RateSample> = {}): RateSample {
  return Object.assign(new RateSample(), { hasData: true, deliveryRate: BW, newlyAcked: SIZE, ...values })
}

/** A sample with which a round ends. */
export function endOfRound(values: Partial<RateSample> = {}): RateSample {
  return sample({ priorDelivered: tcb.rate.delivered, ...values })
}

/** So many bytes are in flight. */
export function fly(bytes: number): void {
  tcb.sent.bytes = bytes
}
