import type { TcpConnection } from '@tapwire/stack'
import type { EndSample } from '../recording.ts'
import type { SequenceCounter } from './flow-numbers.ts'
import { NO_RANGES } from './segment.ts'

type Ranges = EndSample['sacked']
type Info = EndSample['info']

/** Before there is a connection: a listener, or one that is half open. */
const NO_INFO: Info = {
  cwnd: 0,
  ssthresh: 0,
  inFlight: 0,
  srtt: 0,
  rttvar: 0,
  rto: 0,
  minRtt: 0,
  congestionState: 'open',
  recovery: 'open',
  backoff: 0,
  sndMss: 0,
  pacingRate: 0,
  rcvBuffer: 0,
  sndBuffer: 0,
  retransmits: 0,
  unsent: 0,
}

/** A sample of an end that has no connection yet: only its state is known, and what its segments have told. */
export function emptySample(time: number, event: number, state: string): EndSample {
  return {
    time,
    event,
    state,
    sndUna: 0,
    sndNxt: 0,
    rcvNxt: 0,
    sndWnd: 0,
    rcvWnd: 0,
    sndEnd: 0,
    sacked: NO_RANGES,
    lost: NO_RANGES,
    outOfOrder: NO_RANGES,
    rcvRead: 0,
    info: NO_INFO,
  }
}

export function sampleOf(
  connection: TcpConnection,
  time: number,
  event: number,
  state: string,
  own: SequenceCounter,
  peer: SequenceCounter,
): EndSample {
  const at = connection.inspect()
  const info = connection.info()
  const { cwnd, ssthresh, inFlight, srtt, rttvar, rto, minRtt, congestionState, recovery, backoff } = info
  const { sndMss, pacingRate, rcvBuffer, sndBuffer, retransmits, unsent } = info
  return {
    time,
    event,
    state,
    sndUna: own.relative(at.sndUna),
    sndNxt: own.relative(at.sndNxt),
    sndWnd: at.sndWnd,
    // Before the peer's SYN nothing is expected.
    rcvNxt: peer.known ? peer.relative(at.rcvNxt) : 0,
    rcvWnd: at.rcvWnd,
    sndEnd: own.relative(at.sndEnd),
    sacked: relative(at.sacked, own),
    lost: relative(at.lost, own),
    outOfOrder: relative(at.outOfOrder, peer),
    rcvRead: peer.known ? peer.relative(at.rcvRead) : 0,
    info: {
      cwnd,
      ssthresh,
      inFlight,
      srtt,
      rttvar,
      rto,
      minRtt,
      congestionState,
      recovery,
      backoff,
      sndMss,
      pacingRate,
      rcvBuffer,
      sndBuffer,
      retransmits,
      unsent,
    },
  }
}

function relative(ranges: Ranges, counter: SequenceCounter): Ranges {
  if (ranges.length === 0) return NO_RANGES
  return ranges.map(([left, right]) => [counter.relative(left), counter.relative(right)] as const)
}

/** Whether nothing but the time differs. */
export function isUnchanged(before: EndSample, now: EndSample): boolean {
  return (
    before.state === now.state &&
    before.sndUna === now.sndUna &&
    before.sndNxt === now.sndNxt &&
    before.rcvNxt === now.rcvNxt &&
    before.sndWnd === now.sndWnd &&
    before.rcvWnd === now.rcvWnd &&
    before.sndEnd === now.sndEnd &&
    before.rcvRead === now.rcvRead &&
    sameRanges(before.sacked, now.sacked) &&
    sameRanges(before.lost, now.lost) &&
    sameRanges(before.outOfOrder, now.outOfOrder) &&
    sameInfo(before.info, now.info)
  )
}

function sameRanges(a: Ranges, b: Ranges): boolean {
  if (a === b) return true
  return a.length === b.length && a.every(([left, right], i) => left === b[i][0] && right === b[i][1])
}

function sameInfo(a: Info, b: Info): boolean {
  return (
    a.cwnd === b.cwnd &&
    a.ssthresh === b.ssthresh &&
    a.inFlight === b.inFlight &&
    a.srtt === b.srtt &&
    a.rttvar === b.rttvar &&
    a.rto === b.rto &&
    a.minRtt === b.minRtt &&
    a.congestionState === b.congestionState &&
    a.recovery === b.recovery &&
    a.backoff === b.backoff &&
    a.sndMss === b.sndMss &&
    a.pacingRate === b.pacingRate &&
    a.rcvBuffer === b.rcvBuffer &&
    a.sndBuffer === b.sndBuffer &&
    a.retransmits === b.retransmits &&
    a.unsent === b.unsent
  )
}
