import { seqGeq, seqLt } from '../core/seq.ts'
import { type IcmpErrorIn, IcmpErrorKind } from '../ip/packet-in.ts'
import { tcpDestinationPort, tcpSeq, tcpSourcePort } from '../wire/tcp.ts'
import { type CloseReason, TcpState } from './api.ts'
import type { TcpContext } from './context.ts'
import { forgetHalfOpen } from './half-open.ts'
import { failActiveOpen } from './handshake-active.ts'
import { packetTooBig } from './path-mtu.ts'
import { reportSoftError } from './soft-error.ts'
import type { Tcb } from './tcb.ts'

/** MUST-54: finds the connection by the quoted header, and judges (RFC 5927 section 4.1: only what is in flight). */
export function arriveIcmpError(tcp: TcpContext, error: IcmpErrorIn): void {
  tcp.counters.icmpErrorsIn++
  if (error.length < 8) {
    tcp.counters.icmpErrorsUnmatched++
    return
  }
  const { view } = tcp.network.memory
  const { local0, local1, local2, local3, remote0, remote1, remote2, remote3 } = error
  const localPort = tcpSourcePort(view, error.offset)
  const remotePort = tcpDestinationPort(view, error.offset)
  const seq = tcpSeq(view, error.offset)
  const tcb = tcp.connections.find(
    local0,
    local1,
    local2,
    local3,
    remote0,
    remote1,
    remote2,
    remote3,
    localPort,
    remotePort,
  )
  if (tcb !== null) {
    arriveErrorForTcb(tcb, error, seq)
    return
  }
  if (isResting(tcp, error, localPort, remotePort)) {
    // R5927-01: nothing of it is in flight.
    tcp.counters.icmpErrorsOutOfWindow++
    return
  }
  const half = tcp.halfOpen.find(
    local0,
    local1,
    local2,
    local3,
    remote0,
    remote1,
    remote2,
    remote3,
    localPort,
    remotePort,
  )
  if (half === null) tcp.counters.icmpErrorsUnmatched++
  // R5927-02: a SYN-ACK that cannot arrive is not worth waiting for.
  else if (seq === half.iss && reasonOf(error.kind) !== null) forgetHalfOpen(tcp, half)
}

function isResting(tcp: TcpContext, error: IcmpErrorIn, localPort: number, remotePort: number): boolean {
  const { local0, local1, local2, local3, remote0, remote1, remote2, remote3 } = error
  const { table } = tcp.resting
  return (
    table.find(local0, local1, local2, local3, remote0, remote1, remote2, remote3, localPort, remotePort) !==
    null
  )
}

function arriveErrorForTcb(tcb: Tcb, error: IcmpErrorIn, seq: number): void {
  // R5927-01.
  if (!seqGeq(seq, tcb.sndUna) || !seqLt(seq, tcb.sndNxt)) {
    tcb.tcp.counters.icmpErrorsOutOfWindow++
    return
  }
  if (error.kind === IcmpErrorKind.PacketTooBig) {
    packetTooBig(tcb, error.mtu)
    return
  }
  const reason = reasonOf(error.kind)
  if (tcb.state >= TcpState.Established) {
    // MUST-56, and RFC 5927 section 5.2 for the hard ones (SHLD-26): told, and the reason if the connection fails later.
    reportSoftError(tcb, reason ?? 'EHOSTUNREACH')
    return
  }
  // RFC 5461 section 4 (R5927-05): while connecting, an application is served better by the news than by the wait.
  if (reason !== null) failActiveOpen(tcb, reason)
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
