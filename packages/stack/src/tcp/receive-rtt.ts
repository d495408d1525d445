import { seqAdd, seqDiff, seqGeq } from '../core/seq.ts'
import { MILLISECOND, type Micros } from '../core/timer.ts'
import { receiveWindow } from './receive-window.ts'
import type { SegmentIn } from './segment-in.ts'
import type { Tcb } from './tcb.ts'
import { timestampNow } from './timestamps.ts'

/** A longer one is an old echo, or somebody's invention. */
const LONGEST = 600_000

/**
 * The round-trip time as a receiver sees it, for sizing its buffer: one that never sends data has no sample of its own
 * ACKs' making (Linux's tcp_rcv_rtt_measure).
 */
export class ReceiveRtt {
  /** Smoothed, 0 while nothing is known. */
  time: Micros = 0
  /** The echo of the last sample. */
  echo = 0
  /** Without timestamps: one window from here on, since then. */
  edge = 0
  since: Micros = 0
}

/** Data has arrived: its timestamp echoes an ACK of ours; without one a whole window takes a round trip, or longer. */
export function measureReceiveRtt(tcb: Tcb, segment: SegmentIn, now: Micros): void {
  const { rcvRtt } = tcb
  const { hasTimestamps, tsEcr } = segment.options
  if (tcb.timestamps && hasTimestamps) {
    // A small segment may have waited for its application.
    if (tsEcr === rcvRtt.echo || segment.dataLength < tcb.rcvMss) return
    rcvRtt.echo = tsEcr
    const ticks = seqDiff(timestampNow(now, tcb.tsOffset), tsEcr)
    if (ticks >= 0 && ticks < LONGEST) smooth(rcvRtt, Math.max(1, ticks) * MILLISECOND)
    return
  }
  if (rcvRtt.since !== 0 && !seqGeq(tcb.rcvNxt, rcvRtt.edge)) return
  if (rcvRtt.since !== 0) {
    const sample = Math.max(1, now - rcvRtt.since)
    rcvRtt.time = rcvRtt.time === 0 ? sample : Math.min(rcvRtt.time, sample)
  }
  rcvRtt.edge = seqAdd(tcb.rcvNxt, receiveWindow(tcb))
  rcvRtt.since = now
}

function smooth(rcvRtt: ReceiveRtt, sample: Micros): void {
  rcvRtt.time = rcvRtt.time === 0 ? sample : rcvRtt.time + (sample - rcvRtt.time) / 8
}
