import { MILLISECOND, type Micros, NEVER, SECOND } from '../core/timer.ts'
import { smss } from './congestion/window.ts'
import type { Tcb } from './tcb.ts'
import { armPacing } from './timers.ts'

/**
 * Time lost by a timer that rang late is caught up with, up to this: two ticks of the coarsest clock there is (Windows:
 * 15.6 ms). What an idle connection did not send is never caught up with.
 */
const MOST_CREDIT: Micros = 32 * MILLISECOND
/** What leaves at once is worth so much time (draft-ietf-ccwg-bbr-06 section 5.6.3): host timers resolve no less. */
const QUANTUM_TIME: Micros = MILLISECOND
const LARGEST_QUANTUM = 65_536
/**
 * Nothing waits for longer, however low a rate may be: the peer's ACKs make the rate, and with nothing in flight no other timer
 * would look after the connection. The windows bound what is sent all the same.
 */
const LONGEST_WAIT: Micros = SECOND
/** Linux's pacing_ss_ratio and pacing_ca_ratio. */
const SLOW_START_FACTOR = 2
const AVOIDANCE_FACTOR = 1.2

/** Spreads what is sent over time. The deadline it waits for is `Tcb.pacingAt`. */
export class Pacer {
  /** C.pacing_rate: bytes a second; Infinity: nothing asks for pacing, or nothing is known yet to do it by. */
  rate = Number.POSITIVE_INFINITY
  /** C.next_send_time: when the next quantum may leave. */
  nextAt = 0
  /** When the present quantum began, and what is left of it. */
  quantumAt: Micros = -1
  room = 0
  /** Something has been waiting for `nextAt` and nothing else. */
  held = false
}

/** The rate of algorithms that have none of their own: Linux's tcp_update_pacing_rate, if the setting asks for it. */
function rateByWindow(tcb: Tcb): number {
  if (!tcb.tcp.config.pacing || tcb.srtt === 0) return Number.POSITIVE_INFINITY
  const factor = tcb.cwnd < tcb.ssthresh / 2 ? SLOW_START_FACTOR : AVOIDANCE_FACTOR
  // In recovery the window may be less than a segment for a moment, or nothing; one leaves all the same.
  return (factor * Math.max(tcb.cwnd, tcb.sent.pipe, smss(tcb)) * SECOND) / tcb.srtt
}

/** SetSendQuantum(): the largest super-frame, or row of frames, that leaves at once. */
export function sendQuantum(rate: number, mss: number): number {
  return Math.max(2 * mss, Math.min(LARGEST_QUANTUM, Math.floor((rate * QUANTUM_TIME) / SECOND)))
}

/**
 * How many of `length` bytes may leave now. 0: none, and the timer is set for when they may; it is set only while something
 * waits that everything else would let go.
 */
export function paced(tcb: Tcb, length: number, mss: number): number {
  const { pacer } = tcb
  const { rate } = pacer
  if (rate === Number.POSITIVE_INFINITY) return length
  const { now } = tcb.tcp.engine
  if (pacer.quantumAt !== now || pacer.room <= 0) {
    if (pacer.nextAt > now) {
      armPacing(tcb, Math.ceil(pacer.nextAt))
      return 0
    }
    pacer.quantumAt = now
    pacer.room = sendQuantum(rate, mss)
  }
  // Whole segments, and always one.
  return Math.min(length, Math.max(mss, pacer.room - (pacer.room % mss)))
}

/** So many bytes have left: the next ones wait until these have had their time. */
export function pacedSend(tcb: Tcb, length: number, now: Micros): void {
  const { pacer } = tcb
  if (pacer.rate === Number.POSITIVE_INFINITY) return
  const start = pacer.held ? now - MOST_CREDIT : now
  const next = Math.max(pacer.nextAt, start) + (length * SECOND) / pacer.rate
  pacer.nextAt = Math.min(next, now + LONGEST_WAIT)
  pacer.room -= length
}

/** The connection is about to send what it may. */
export function startPaced(tcb: Tcb): void {
  tcb.pacingAt = NEVER
  updatePacingRate(tcb)
}

/** Algorithms that pace have set the rate already. */
export function updatePacingRate(tcb: Tcb): void {
  if (tcb.congestion.paces !== true) tcb.pacer.rate = rateByWindow(tcb)
}

/** It has. Only what the pacer held back may be caught up with. */
export function endPaced(tcb: Tcb): void {
  tcb.pacer.held = tcb.pacingAt !== NEVER
}
