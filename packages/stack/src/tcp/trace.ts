import type { Micros } from '../core/timer.ts'

/** What a tracer is told; the meaning of the three numbers stands beside each kind. */
export const TraceKind = {
  /** from, to: `TcpState` values */
  State: 0,
  /** cwnd, ssthresh, bytes in flight */
  Cwnd: 1,
  /** sample, SRTT, RTO in microseconds */
  Rtt: 2,
  /** sequence number, bytes, cause (`RetransmitCause`) */
  Retransmit: 3,
  /** recovery point, cwnd, ssthresh */
  RecoveryEnter: 4,
  /** recovery point, cwnd, ssthresh */
  RecoveryExit: 5,
  /** sequence number, bytes */
  MarkedLost: 6,
  /** backoff count, RTO in microseconds */
  Timeout: 7,
  /** peer's window in bytes */
  ZeroWindow: 8,
  /** cwnd, ssthresh, bytes in flight, after a needless reduction was taken back */
  Undo: 9,
} as const
export type TraceKind = (typeof TraceKind)[keyof typeof TraceKind]

export const RetransmitCause = { Recovery: 0, Timeout: 1, Syn: 2, Probe: 3 } as const
export type RetransmitCause = (typeof RetransmitCause)[keyof typeof RetransmitCause]

/**
 * Sees what TCP decides. Called with numbers only, in the middle of processing: it must not call the stack.
 * Without one, tracing costs a null check.
 */
export interface TcpTracer {
  onTrace(kind: TraceKind, time: Micros, connection: number, a: number, b: number, c: number): void
}
