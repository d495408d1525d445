import { TcpState } from './api.ts'
import type { Tcb } from './tcb.ts'
import { TraceKind, trace } from './trace.ts'

const S = TcpState

/**
 * The transitions of RFC 9293 figure 5, and the two that the text adds: any state to CLOSED (reset, abort, timeout),
 * SYN-RECEIVED to CLOSE-WAIT when the FIN comes with the handshake's last ACK. Listed so that tests notice a wrong one.
 */
const NEXT: { readonly [from: number]: readonly TcpState[] } = {
  [S.Closed]: [S.SynSent, S.SynReceived, S.Established],
  [S.SynSent]: [S.SynReceived, S.Established],
  [S.SynReceived]: [S.Established, S.FinWait1, S.CloseWait],
  [S.Established]: [S.FinWait1, S.CloseWait],
  [S.FinWait1]: [S.FinWait2, S.Closing, S.TimeWait],
  [S.FinWait2]: [S.TimeWait],
  [S.CloseWait]: [S.LastAck],
  [S.Closing]: [S.TimeWait],
  [S.LastAck]: [],
  [S.TimeWait]: [],
}

export function canMove(from: TcpState, to: TcpState): boolean {
  return to === S.Closed || NEXT[from].includes(to)
}

export function setState(tcb: Tcb, to: TcpState): void {
  trace(tcb.tcp, tcb.id, TraceKind.State, tcb.state, to)
  tcb.state = to
}

/** The application's data and FIN may still be sent for the first time. */
export function canSendNew(state: TcpState): boolean {
  return state === S.Established || state === S.CloseWait
}

/** Data from the peer is still taken (SEG-23, SEG-24). */
export function canReceive(state: TcpState): boolean {
  return state === S.Established || state === S.FinWait1 || state === S.FinWait2
}
