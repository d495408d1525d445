import { TcpState } from '@tapwire/stack'
import {
  TCP_CLOSE,
  TCP_CLOSE_WAIT,
  TCP_CLOSING,
  TCP_ESTABLISHED,
  TCP_FIN_WAIT1,
  TCP_FIN_WAIT2,
  TCP_LAST_ACK,
  TCP_LISTEN,
  TCP_SYN_RECV,
  TCP_SYN_SENT,
  TCP_TIME_WAIT,
} from './constants.ts'

/** Linux's numbers, by the stack's. */
export const LINUX_STATES: { readonly [K in TcpState]: number } = {
  [TcpState.Closed]: TCP_CLOSE,
  [TcpState.Listen]: TCP_LISTEN,
  [TcpState.SynSent]: TCP_SYN_SENT,
  [TcpState.SynReceived]: TCP_SYN_RECV,
  [TcpState.Established]: TCP_ESTABLISHED,
  [TcpState.FinWait1]: TCP_FIN_WAIT1,
  [TcpState.FinWait2]: TCP_FIN_WAIT2,
  [TcpState.CloseWait]: TCP_CLOSE_WAIT,
  [TcpState.Closing]: TCP_CLOSING,
  [TcpState.LastAck]: TCP_LAST_ACK,
  [TcpState.TimeWait]: TCP_TIME_WAIT,
}

/** What Linux's `struct socket` knows of connecting (SS_UNCONNECTED, …). */
export const Association = { None: 0, Connecting: 1, Connected: 2, Disconnecting: 3 } as const
export type Association = (typeof Association)[keyof typeof Association]
