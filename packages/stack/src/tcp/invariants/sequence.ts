import type { Audit } from '../../core/audit.ts'
import { seqDiff, seqGeq, seqLeq } from '../../core/seq.ts'
import { TcpState } from '../api.ts'
import { receiveWindow } from '../receive-window.ts'
import type { Tcb } from '../tcb.ts'

/** The largest window there is: 65,535 shifted by 14 (RFC 7323 section 2.3). */
const LARGEST_WINDOW = 0xffff << 14

/** What was known of a connection when it was last looked at: these numbers move one way only. */
export class Edges {
  tcb: Tcb
  readonly id: number
  sndUna = 0
  sndNxt = 0
  rcvNxt = 0
  rcvAdv = 0
  /** The numbers mean something: the peer's are known. */
  set = false

  constructor(tcb: Tcb) {
    this.tcb = tcb
    this.id = tcb.id
  }
}

/** RFC 9293 section 3.3.1: SND.UNA =< SND.NXT; the figures of the windows; what has ended has ended. */
export function auditSequence(tcb: Tcb, audit: Audit): void {
  const flight = seqDiff(tcb.sndNxt, tcb.sndUna)
  audit.check(flight >= 0, 'SND.UNA is beyond SND.NXT', flight)
  audit.check(!tcb.finSent || tcb.finQueued, 'a FIN was sent that nobody asked for')
  audit.check(!tcb.finAcked || tcb.finSent, 'a FIN is acknowledged that was not sent')
  audit.check(
    tcb.sndWnd >= 0 && tcb.sndWnd <= LARGEST_WINDOW,
    'the peer offers an impossible window',
    tcb.sndWnd,
  )
  audit.check(tcb.maxSndWnd <= LARGEST_WINDOW, 'the largest window is impossible', tcb.maxSndWnd)
  audit.check(tcb.sndScale >= 0 && tcb.sndScale <= 14, 'Snd.Wind.Shift is out of range', tcb.sndScale)
  audit.check(tcb.rcvScale >= 0 && tcb.rcvScale <= 14, 'Rcv.Wind.Shift is out of range', tcb.rcvScale)
  audit.check(tcb.sndMss > 0 && tcb.sndMss <= 0xffff, 'segments have an impossible size', tcb.sndMss)
  audit.check(tcb.srtt >= 0 && tcb.rttvar >= 0, 'a round-trip time is negative', tcb.srtt, tcb.rttvar)
  audit.check(tcb.rto > 0 && tcb.rto < Number.POSITIVE_INFINITY, 'the RTO is no span of time', tcb.rto)
  if (tcb.state < TcpState.Established) return
  audit.check(tcb.cwnd > 0, 'the congestion window is shut', tcb.cwnd)
  audit.check(tcb.ssthresh > 0, 'ssthresh is not positive', tcb.ssthresh)
  auditReceiveWindow(tcb, audit)
}

/** No more is promised than there is room for (SHLD-14 keeps what has been promised). */
function auditReceiveWindow(tcb: Tcb, audit: Audit): void {
  const ended = tcb.rcvFinSeen && seqGeq(tcb.rcvNxt, tcb.rcvFin)
  const window = receiveWindow(tcb)
  audit.check(ended || seqGeq(tcb.rcvAdv, tcb.rcvNxt), 'more has been taken than was ever promised')
  audit.check(
    tcb.readable + window <= tcb.rcvBuf,
    'more is promised than the buffer has room for',
    window,
    tcb.rcvBuf - tcb.readable,
  )
}

/** Compares with the last look, and keeps what is to be compared next time. */
export function auditProgress(edges: Edges, audit: Audit): void {
  const { tcb } = edges
  if (tcb.state < TcpState.Established) return
  if (edges.set) {
    audit.check(seqLeq(edges.sndUna, tcb.sndUna), 'SND.UNA has gone back', seqDiff(tcb.sndUna, edges.sndUna))
    audit.check(seqLeq(edges.sndNxt, tcb.sndNxt), 'SND.NXT has gone back', seqDiff(tcb.sndNxt, edges.sndNxt))
    audit.check(seqLeq(edges.rcvNxt, tcb.rcvNxt), 'RCV.NXT has gone back', seqDiff(tcb.rcvNxt, edges.rcvNxt))
    audit.check(
      seqLeq(edges.rcvAdv, tcb.rcvAdv),
      'the right edge of the window has moved left',
      seqDiff(tcb.rcvAdv, edges.rcvAdv),
    )
  }
  edges.sndUna = tcb.sndUna
  edges.sndNxt = tcb.sndNxt
  edges.rcvNxt = tcb.rcvNxt
  edges.rcvAdv = tcb.rcvAdv
  edges.set = true
}
