import { seqAdd, seqLeq, seqLt, seqMax } from '../core/seq.ts'
import { TcpFlag } from '../wire/tcp.ts'
import { RecoveryState } from './recovery-state.ts'
import { mergedSegments, type SegmentIn } from './segment-in.ts'
import type { Tcb } from './tcb.ts'
import { EcnEvent, TraceKind, trace } from './trace.ts'
import { wantAck } from './wants.ts'

/** Whether ECN is never used, only when the peer asks for it (Linux's default), or asked for as well. */
export type EcnSetting = false | 'passive' | true

/** The two low bits of the traffic class (RFC 3168 section 5). ECT(1) is never sent (R8311-01). */
const EcnBits = { NotEct: 0, Ect1: 1, Ect0: 2, Ce: 3, Mask: 3 } as const

const SETUP = TcpFlag.Ece | TcpFlag.Cwr

/** Explicit congestion notification of one connection (RFC 3168 section 6.1; SHLD-8). */
export class EcnState {
  /** Our first SYN was an ECN-setup SYN. */
  asked = false
  /** Both SYNs agreed on it. */
  on = false
  /** A CE mark came in, and the peer has not said yet that it knows: our ACKs carry ECE. */
  echo = false
  /** The window was reduced, and the peer does not know yet: the next new data carries CWR. */
  cwr = false
  /** SND.NXT at the last reduction: an ECE about data before it says nothing new. */
  reducedTo = 0
  /** It was an ECE that caused it. */
  byEcho = false
  /** A segment has come that was sent as ECN-capable. */
  seen = false
}

/**
 * What our SYN or SYN-ACK says of ECN: ECE and CWR on the first SYN; a SYN that is repeated does without, because
 * some middlebox may have eaten it (R3168-10); ECE alone in answer to an ECN-setup SYN (R3168-01).
 */
export function ecnSynFlags(tcb: Tcb, flags: number): number {
  if ((flags & TcpFlag.Ack) !== 0) return tcb.ecn.on ? TcpFlag.Ece : 0
  if (tcb.synRetransmitted > 0) return 0
  // If that one has arrived after all, the peer's answer says so whichever SYN drew it (as in Linux).
  tcb.ecn.asked = tcb.tcp.config.ecn === true
  return tcb.ecn.asked ? SETUP : 0
}

/**
 * Whether the peer's SYN asks for ECN, or its SYN-ACK agrees to it. A SYN-ACK with both flags is the reflection of a broken
 * host (R3168-03).
 */
export function ecnOffered(setting: EcnSetting, flags: number): boolean {
  if (setting === false) return false
  const wanted = (flags & TcpFlag.Ack) === 0 ? SETUP : TcpFlag.Ece
  return (flags & SETUP) === wanted
}

/** The ECN flags of an outgoing segment. @param fresh it carries data for the first time (R3168-06, R3168-08) */
export function ecnFlags(tcb: Tcb, fresh: boolean): number {
  const { ecn } = tcb
  if (!ecn.on) return 0
  return (ecn.echo ? TcpFlag.Ece : 0) | (ecn.cwr && fresh ? TcpFlag.Cwr : 0)
}

/** The traffic class of an outgoing segment: new data is ECT(0), nothing else is (R3168-02, R3168-04, R3168-05). */
export function ecnTrafficClass(tcb: Tcb, fresh: boolean): number {
  return fresh && tcb.ecn.on ? tcb.trafficClass | EcnBits.Ect0 : tcb.trafficClass
}

/**
 * Data inside the window has come (R3168-06, R3168-09). CWR ends the echo, CE on the same segment begins another. Both
 * are answered at once: a peer whose window has shrunk to a segment or two would wait out the delayed ACK.
 */
export function noteCongestionMarks(tcb: Tcb, segment: SegmentIn): void {
  const { ecn } = tcb
  if (!ecn.on) return
  if ((segment.flags & TcpFlag.Cwr) !== 0) {
    if (ecn.echo) traceEcn(tcb, EcnEvent.CwrIn)
    ecn.echo = false
    wantAck(tcb)
  }
  const bits = segment.packet.tos & EcnBits.Mask
  if (bits !== EcnBits.NotEct) ecn.seen = true
  if (bits !== EcnBits.Ce) return
  const count = mergedSegments(segment)
  tcb.tcp.counters.congestionMarksIn += count
  tcb.congestionMarksIn += count
  traceEcn(tcb, EcnEvent.CeIn)
  if (ecn.echo) return
  ecn.echo = true
  wantAck(tcb)
}

/**
 * An ACK says ECE (R3168-07): one reduction per window of data, whether by ECE or by loss, as for a loss (R8311-02), and
 * nothing is sent again.
 * @param acked bytes that it acknowledged: in flight when the mark was made
 * @param delivered bytes that it says have arrived
 */
export function congestionEchoed(tcb: Tcb, acked: number, delivered: number): void {
  const { ecn } = tcb
  tcb.deliveredCe += delivered
  if (tcb.recovery !== RecoveryState.Open || seqLeq(tcb.sndUna, ecn.reducedTo)) return
  tcb.tcp.counters.ecnReductions++
  tcb.congestion.onEcn(tcb, Math.min(tcb.flightSize + acked, tcb.cwnd), tcb.tcp.engine.now)
  ecn.byEcho = true
  traceEcn(tcb, EcnEvent.EceIn)
}

/** SND.UNA has moved: a reduction before it must not look like the future once the sequence space has moved on. */
export function advanceReduction(tcb: Tcb): void {
  tcb.ecn.reducedTo = seqMax(tcb.ecn.reducedTo, seqAdd(tcb.sndUna, -1))
}

/** New data has told the peer of the reduction. */
export function cwrSent(tcb: Tcb): void {
  tcb.ecn.cwr = false
  traceEcn(tcb, EcnEvent.CwrOut)
}

function traceEcn(tcb: Tcb, event: EcnEvent): void {
  trace(tcb.tcp, tcb.id, TraceKind.Ecn, event, tcb.cwnd, tcb.ssthresh)
}

/** The window has been reduced, whatever for: the peer is to know (R3168-07). */
export function noteReduction(tcb: Tcb): void {
  const { ecn } = tcb
  ecn.cwr = ecn.on
  ecn.reducedTo = tcb.sndNxt
  ecn.byEcho = false
}

/**
 * A reduction for losses was needless and is taken back. The peer must not hear of it: a mark of the same time had been left to
 * it, and is echoed until there is a reduction (as in Linux).
 */
export function withdrawReduction(tcb: Tcb): void {
  const { ecn } = tcb
  if (!ecn.on || ecn.byEcho) return
  ecn.cwr = false
  ecn.reducedTo = tcb.sndUna
}

/** Data in flight now was in flight when an ECE reduced the window: its loss is the same congestion. */
export function reducedByEcho(tcb: Tcb): boolean {
  return tcb.ecn.byEcho && seqLt(tcb.sndUna, tcb.ecn.reducedTo)
}
