import { seqGeq, seqGt, seqLt } from '../core/seq.ts'
import { type IcmpErrorIn, IcmpErrorKind } from '../ip/packet-in.ts'
import { tcpDestinationPort, tcpSeq, tcpSourcePort } from '../wire/tcp.ts'
import { type CloseReason, TcpState } from './api.ts'
import type { TcpContext } from './context.ts'
import { failActiveOpen } from './handshake-active.ts'
import { markLost } from './scoreboard.ts'
import { payloadSize, updateSndMss } from './segment-size.ts'
import { type Tcb, wantOutput } from './tcb.ts'

/** MTU plateaus for routers that do not say theirs (RFC 1191 section 7, table 7-1). */
const PLATEAUS = [65_535, 32_000, 17_914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68]

/** MUST-54: finds the connection by the quoted header, and judges (RFC 5927 section 4.1: only what is in flight). */
export function arriveIcmpError(tcp: TcpContext, error: IcmpErrorIn): void {
  if (error.length < 8) return
  const { view } = tcp.network.memory
  const tcb = tcp.connections.find(
    error.local0,
    error.local1,
    error.local2,
    error.local3,
    error.remote0,
    error.remote1,
    error.remote2,
    error.remote3,
    tcpSourcePort(view, error.offset),
    tcpDestinationPort(view, error.offset),
  )
  if (tcb === null) return
  const seq = tcpSeq(view, error.offset)
  if (!seqGeq(seq, tcb.sndUna) || !seqLt(seq, tcb.sndNxt)) return
  if (error.kind === IcmpErrorKind.PacketTooBig) {
    reducePathMtu(tcb, error.mtu)
    return
  }
  const reason = reasonOf(error.kind)
  if (reason === null) return
  if (tcb.state === TcpState.SynSent || tcb.state === TcpState.SynReceived) {
    // RFC 5461 section 4: while connecting, an application is served better by the news than by the wait.
    failActiveOpen(tcb, reason)
    return
  }
  // MUST-56, and RFC 5927 section 5.2 for the hard ones (SHLD-26): told only if the connection fails later.
  tcb.softError = reason === 'ECONNREFUSED' ? null : reason
}

function reasonOf(kind: IcmpErrorKind): CloseReason {
  switch (kind) {
    case IcmpErrorKind.NetUnreachable:
      return 'ENETUNREACH'
    case IcmpErrorKind.PortUnreachable:
    case IcmpErrorKind.ProtocolUnreachable:
      return 'ECONNREFUSED'
    case IcmpErrorKind.HostUnreachable:
    case IcmpErrorKind.Prohibited:
      return 'EHOSTUNREACH'
    default:
      // Time exceeded and parameter problem: the next try may go another way (ICMP-08).
      return null
  }
}

/**
 * RFC 1191, RFC 8201: the path takes smaller packets only. What was sent larger is lost, without congestion: it is
 * sent again in smaller segments at once, and the window stays.
 */
function reducePathMtu(tcb: Tcb, told: number): void {
  const { path } = tcb
  const mtu = told > 0 ? told : (PLATEAUS.find((plateau) => plateau < path.mtu) ?? path.mtu)
  if (mtu >= path.mtu) return
  path.reduceMtu(mtu)
  updateSndMss(tcb)
  const mss = payloadSize(tcb)
  for (let record = tcb.sent.head; record !== null; record = record.next) {
    if (record.length > mss && seqGt(record.end, tcb.sndUna)) markLost(tcb, record)
  }
  wantOutput(tcb)
}
