import { MILLISECOND, type Micros } from '../core/timer.ts'
import { TCP_STATE_NAMES, type TcpInfo } from './api.ts'
import { Holdup } from './busy-time.ts'
import { reducedByEcho } from './ecn.ts'
import { updatePacingRate } from './pacing.ts'
import { pipe } from './pipe.ts'
import { receiveWindow } from './receive-window.ts'
import { RecoveryState } from './recovery-state.ts'
import { currentRto } from './rtt.ts'
import { advertisedMss, optionsLength, segmentCount } from './segment-size.ts'
import { sendLimit } from './send-buffer.ts'
import type { Tcb } from './tcb.ts'

const RECOVERY_NAMES = ['open', 'recovery', 'loss'] as const

/** The figures of a connection, as `TcpInfo` describes them. */
export function tcpInfo(tcb: Tcb): TcpInfo {
  const now = tcb.tcp.engine.clock.now()
  updatePacingRate(tcb)
  const since = (time: Micros): number => Math.max(0, now - time) / MILLISECOND
  const { holdup, since: heldSince, busy, byWindow, byBuffer } = tcb.busyTime
  const running = (is: boolean): Micros => (is ? Math.max(0, now - heldSince) : 0)
  const segments = inSegments(tcb)
  const waiting = tcb.timeouts > 0 && tcb.closeReason === undefined
  return {
    state: TCP_STATE_NAMES[tcb.state],
    srtt: tcb.srtt / MILLISECOND,
    rttvar: tcb.rttvar / MILLISECOND,
    rto: currentRto(tcb) / MILLISECOND,
    cwnd: tcb.cwnd,
    ssthresh: tcb.ssthresh,
    sndWnd: tcb.sndWnd,
    rcvWnd: receiveWindow(tcb),
    sndMss: tcb.sndMss,
    rcvMss: tcb.rcvMss,
    sndWscale: tcb.sndScale,
    rcvWscale: tcb.rcvScale,
    timestamps: tcb.timestamps,
    sackPermitted: tcb.sackPermitted,
    inFlight: pipe(tcb),
    unsent: tcb.unsent,
    bytesReceived: tcb.bytesReceived,
    bytesAcked: tcb.bytesAcked,
    segmentsIn: tcb.segmentsIn,
    segmentsOut: tcb.segmentsOut,
    retransmits: tcb.retransmits,
    congestion: tcb.congestion.name,
    ecn: tcb.ecn.on,
    ecnSeen: tcb.ecn.seen,
    fastOpen: tcb.fastOpenTaken,
    fastOpenFailure: tcb.fastOpenFailure,
    pathMtu: tcb.path.mtu,
    recovery: RECOVERY_NAMES[tcb.recovery],
    congestionState: congestionState(tcb),
    backoff: tcb.backoff,
    probes: tcb.unansweredProbes,
    minRtt: tcb.minRtt.value / MILLISECOND,
    pacingRate: tcb.pacer.rate,
    deliveryRate: tcb.rate.rate,
    deliveryRateAppLimited: tcb.rate.rateAppLimited,
    rcvRtt: tcb.rcvRtt.time / MILLISECOND,
    rcvBuffer: tcb.rcvBuf,
    readable: tcb.readable,
    sndBuffer: sendLimit(tcb),
    sndQueued: tcb.sendQueued,
    sacked: tcb.sent.sackedBytes,
    lost: tcb.sent.lostBytes,
    retransmitting: tcb.sent.retransmittedBytes,
    bytesSent: tcb.bytesSent,
    bytesRetransmitted: tcb.bytesRetransmitted,
    outOfOrderIn: tcb.outOfOrderIn,
    outOfOrderRanges: tcb.outOfOrder === null ? 0 : tcb.outOfOrder.count,
    sinceSent: since(tcb.lastSendAt),
    sinceData: since(tcb.lastDataAt),
    sinceReceived: since(tcb.lastReceiveAt),
    unacked: tcb.flightSize,
    segmentSize: segments.size,
    unackedSegments: segments.unacked,
    sackedSegments: segments.sacked,
    lostSegments: segments.lost,
    retransmittingSegments: segments.retransmitting,
    ackTimeout: tcb.tcp.config.delayedAck / MILLISECOND,
    windowScaling: tcb.windowScaling,
    advertisedMss: advertisedMss(tcb.path, tcb.own),
    rcvSpace: tcb.tuneSpace,
    dataSegmentsIn: tcb.dataSegmentsIn,
    dataSegmentsOut: tcb.dataSegmentsOut,
    delivered: tcb.rate.delivered,
    deliveredCe: tcb.deliveredCe,
    congestionMarksIn: tcb.congestionMarksIn,
    dsacksIn: tcb.dsacksIn,
    reorderedOut: tcb.rack.reorderedIn,
    reorderingDistance: tcb.rack.distance,
    timeouts: tcb.timeouts,
    totalTimeouts: tcb.rtoCount,
    timeoutRows: tcb.rtoRows,
    timeoutTime: (tcb.rtoTime + (waiting ? Math.max(0, now - tcb.rtoSince) : 0)) / MILLISECOND,
    busyTime: (busy + running(holdup !== Holdup.Idle)) / MILLISECOND,
    windowLimitedTime: (byWindow + running(holdup === Holdup.Window)) / MILLISECOND,
    bufferLimitedTime: (byBuffer + running(holdup === Holdup.Buffer)) / MILLISECOND,
  }
}

/** Linux's tcpi_ca_state. */
function congestionState(tcb: Tcb): TcpInfo['congestionState'] {
  if (tcb.recovery !== RecoveryState.Open) return RECOVERY_NAMES[tcb.recovery]
  if (reducedByEcho(tcb)) return 'cwr'
  return tcb.sent.sackedBytes > 0 || tcb.duplicateAcks > 0 ? 'disorder' : 'open'
}

/** What was sent, counted as Linux does: a record is one segment, or as many as a super-frame was cut into. */
function inSegments(tcb: Tcb): {
  readonly size: number
  readonly unacked: number
  readonly sacked: number
  readonly lost: number
  readonly retransmitting: number
} {
  const size = Math.max(1, tcb.sndMss - optionsLength(tcb))
  const counts = {
    size,
    unacked: tcb.sent.count === 0 && tcb.flightSize > 0 ? 1 : 0,
    sacked: 0,
    lost: 0,
    retransmitting: 0,
  }
  for (let record = tcb.sent.head; record !== null; record = record.next) {
    const segments = segmentCount(record.length, size)
    counts.unacked += segments
    if (record.sacked) counts.sacked += segments
    else if (record.lost) counts.lost += segments
    if (record.retransmitted) counts.retransmitting += segments
  }
  return counts
}
