import type { Micros } from '../core/timer.ts'
import { pipe } from './pipe.ts'
import type { Tcb } from './tcb.ts'
import { TraceKind, trace } from './trace.ts'

/** What holds a sender back, if anything does. */
export const Holdup = {
  /** Nothing to send, and nothing in flight. */
  Idle: 0,
  /** Under way: the network sets the pace, by the congestion window or the pacer. */
  Busy: 1,
  /** Data waits, and the peer's window does not take another segment. */
  Window: 2,
  /** All that the send buffer had is in flight, and a writer waits for room in it. */
  Buffer: 3,
  /** All that the application has written is in flight, and there is room for more in both windows. */
  Application: 4,
} as const
export type Holdup = (typeof Holdup)[keyof typeof Holdup]

/**
 * How long a connection has been busy, and held up by what: the chronographs of Linux's tcpi_busy_time, tcpi_rwnd_limited and
 * tcpi_sndbuf_limited. The clock is looked at only when the answer changes.
 */
export class BusyTime {
  holdup: Holdup = Holdup.Idle
  since: Micros = 0
  // NaN until the constructor has set them to 0: see `TcpCounters`.
  /** Sums of what is over, in microseconds: everything but idling, and the two parts of it. */
  busy: Micros = Number.NaN
  byWindow: Micros = Number.NaN
  byBuffer: Micros = Number.NaN

  constructor() {
    this.busy = 0
    this.byWindow = 0
    this.byBuffer = 0
  }
}

/** After sending, and when all is acknowledged: once per burst, and not per segment. */
export function noteHoldup(tcb: Tcb): void {
  const next = holdupOf(tcb)
  if (next === tcb.busyTime.holdup) return
  changeHoldup(tcb.busyTime, next, tcb.tcp.engine.now)
  if (next === Holdup.Application) trace(tcb.tcp, tcb.id, TraceKind.AppLimited, pipe(tcb), tcb.cwnd)
}

export function changeHoldup(time: BusyTime, next: Holdup, now: Micros): void {
  const passed = now - time.since
  if (time.holdup !== Holdup.Idle) time.busy += passed
  if (time.holdup === Holdup.Window) time.byWindow += passed
  else if (time.holdup === Holdup.Buffer) time.byBuffer += passed
  time.holdup = next
  time.since = now
}

function holdupOf(tcb: Tcb): Holdup {
  const { unsent } = tcb
  if (unsent > 0) {
    const room = tcb.sndWnd - tcb.flightSize
    return !tcb.cwndLimited && room < Math.min(unsent, tcb.sndMss) ? Holdup.Window : Holdup.Busy
  }
  if (tcb.sent.count === 0) return Holdup.Idle
  if (tcb.cwndLimited) return Holdup.Busy
  if (tcb.wantsWritable) return Holdup.Buffer
  return pipe(tcb) < tcb.cwnd ? Holdup.Application : Holdup.Busy
}
