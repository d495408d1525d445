import { seqGt } from '../core/seq.ts'
import { plateauBelow } from '../ip/path-mtu.ts'
import { TCP_HEADER_LENGTH } from '../wire/tcp.ts'
import { markLost } from './loss-marks.ts'
import { optionsLength, payloadSize, updateSndMss } from './segment-size.ts'
import type { Tcb } from './tcb.ts'
import { PathMtuCause, TraceKind, trace } from './trace.ts'
import { wantOutput } from './wants.ts'

/** What speaks against a "packet too big" that anybody could have sent (RFC 5927 section 7.2; R5927-04). */
export class PathMtuTrust {
  /** Payload of the largest segment that arrived under the present MTU: the RFC's maxsizeacked. */
  largestAcked = 0
  /** A claim that contradicts it, waiting for progress to stop; 0 for none. */
  claimed = 0
}

/** Something arrived: a claim that it could not is refuted. One store and a comparison, per record acknowledged. */
export function noteSizeAcked(tcb: Tcb, length: number): void {
  const { pmtu } = tcb
  pmtu.claimed = 0
  if (length > pmtu.largestAcked) pmtu.largestAcked = Math.min(length, tcb.sndMss)
}

/** An ICMP "packet too big" about a segment in flight. @param told the next hop's MTU, 0 when the router did not say */
export function packetTooBig(tcb: Tcb, told: number): void {
  const { path, pmtu } = tcb
  if (!tcb.own.heedsTooBig) return
  const mtu = told > 0 ? told : plateauBelow(path.mtu)
  if (mtu >= path.mtu) return
  const headers = path.headerLength + TCP_HEADER_LENGTH + optionsLength(tcb)
  if (pmtu.largestAcked === 0 || mtu >= pmtu.largestAcked + headers) reducePathMtu(tcb, mtu)
  else pmtu.claimed = mtu
}

/** A retransmission timeout: nothing gets through, so the claim may have been true (MAXSEGRTO = 1). */
export function honourClaim(tcb: Tcb): void {
  const { claimed } = tcb.pmtu
  if (claimed > 0) reducePathMtu(tcb, claimed)
}

/**
 * RFC 1191, RFC 8201: the path takes smaller packets only. What was sent larger is lost, without congestion: it is
 * sent again in smaller segments at once, and the window stays (R1191-04, R8201-03). A larger path makes nothing be sent
 * again (R1191-06).
 */
function reducePathMtu(tcb: Tcb, mtu: number): void {
  const before = tcb.path.mtu
  tcb.pmtu.claimed = 0
  tcb.path.reduceMtu(mtu)
  // The path has its own floor (R1191-01, R8201-01).
  if (tcb.path.mtu >= before) return
  trace(tcb.tcp, tcb.id, TraceKind.PathMtu, before, tcb.path.mtu, PathMtuCause.Icmp)
  tcb.pmtu.largestAcked = 0
  updateSndMss(tcb)
  const mss = payloadSize(tcb)
  for (let record = tcb.sent.head; record !== null; record = record.next) {
    if (record.length > mss && seqGt(record.end, tcb.sndUna)) markLost(tcb, record)
  }
  wantOutput(tcb)
}
