import type { Micros } from '../core/timer.ts'
import type { TcpContext } from './context.ts'

/**
 * What a tracer is told; the meaning of the up to four numbers stands beside each kind. Sequence numbers are int32, sizes
 * bytes, times microseconds. `decodeTrace` gives them their names.
 */
export const TraceKind = {
  /** from, to: `TcpState` values */
  State: 0,
  /** cwnd, ssthresh, bytes in flight */
  Cwnd: 1,
  /** sample, SRTT, RTO */
  Rtt: 2,
  /** sequence number, bytes, cause (`RetransmitCause`) */
  Retransmit: 3,
  /** recovery point, cwnd, ssthresh, by whom (`RecoveryKind`) */
  RecoveryEnter: 4,
  /** recovery point, cwnd, ssthresh, whose it was (`RecoveryKind`) */
  RecoveryExit: 5,
  /** sequence number, bytes */
  MarkedLost: 6,
  /** backoff count, RTO */
  Timeout: 7,
  /** whose window is shut (`WindowSide`) */
  ZeroWindow: 8,
  /** cwnd, ssthresh, bytes in flight after a needless reduction was taken back, and how that was proven (`UndoProof`) */
  Undo: 9,
  /** whose window is open again (`WindowSide`), its size */
  WindowOpen: 10,
  /** whose window was told anew by a segment for nothing else (`WindowSide`), its size, the size before */
  WindowUpdate: 11,
  /** sequence number, payload bytes, flags, acknowledgement number; connection 0 when it belongs to none */
  SegmentIn: 12,
  /** the same of what the device has taken; a super-frame is one */
  SegmentOut: 13,
  /** what (`EcnEvent`), cwnd, ssthresh */
  Ecn: 14,
  /** bytes in flight, cwnd: the application has nothing more to send, and the window has room */
  AppLimited: 15,
  /** how many this one makes since the peer was last heard */
  KeepaliveProbe: 16,
  /** how many this one makes since the window shut */
  WindowProbe: 17,
  /** TLP.end_seq, 1 when it is a retransmission and 0 when it is new data */
  TailProbe: 18,
  /** RACK.reo_wnd, RACK.reo_wnd_mult, 1 once reordering was seen */
  ReorderingWindow: 19,
  /** largest packet before, and from now on; why (`PathMtuCause`); size of the probe that it is about, or 0 */
  PathMtu: 20,
  /** why (`DropReason`), sequence number, payload bytes; connection 0 when it belongs to none */
  Drop: 21,
} as const
export type TraceKind = (typeof TraceKind)[keyof typeof TraceKind]

export const RetransmitCause = { Recovery: 0, Timeout: 1, Syn: 2, Probe: 3 } as const
export type RetransmitCause = (typeof RetransmitCause)[keyof typeof RetransmitCause]

/** Which algorithm runs a recovery. */
export const RecoveryKind = {
  /** Three duplicate ACKs, without SACK (RFC 6582). */
  NewReno: 0,
  /** RACK found losses (RFC 8985); the window is PRR's, or the congestion control's own. */
  Rack: 1,
  /** A retransmission timeout (RFC 6298). */
  Timeout: 2,
} as const
export type RecoveryKind = (typeof RecoveryKind)[keyof typeof RecoveryKind]

/**
 * What has proven a reduction needless: D-SACK (RFC 3708), Eifel (RFC 3522), F-RTO (RFC 5682), or that everything has arrived
 * before anything was sent again.
 */
export const UndoProof = { Dsack: 0, Eifel: 1, Frto: 2, Arrival: 3 } as const
export type UndoProof = (typeof UndoProof)[keyof typeof UndoProof]

/** The window that bounds what we send, or the one we offer. */
export const WindowSide = { Peer: 0, Own: 1 } as const
export type WindowSide = (typeof WindowSide)[keyof typeof WindowSide]

export const EcnEvent = {
  /** A data segment came with the mark of a router. */
  CeIn: 0,
  /** An ACK told of such a mark, and the window was reduced. */
  EceIn: 1,
  /** The peer has reduced its window: our ACKs tell of no mark any more. */
  CwrIn: 2,
  /** We have told the peer that ours is reduced. */
  CwrOut: 3,
} as const
export type EcnEvent = (typeof EcnEvent)[keyof typeof EcnEvent]

/** An ICMP error, a black hole suspected, a probe that arrived, and one that did not (RFC 4821). */
export const PathMtuCause = { Icmp: 0, BlackHole: 1, ProbeArrived: 2, ProbeLost: 3 } as const
export type PathMtuCause = (typeof PathMtuCause)[keyof typeof PathMtuCause]

/**
 * Sees what TCP decides. Called with numbers only, in the middle of processing: it must not call the stack.
 * Without one, tracing costs a null check.
 */
export interface TcpTracer {
  onTrace(kind: TraceKind, time: Micros, connection: number, a: number, b: number, c: number, d: number): void
}

/** Tells the stack's tracer, if there is one. @param connection its `id`; 0 for none */
export function trace(
  tcp: TcpContext,
  connection: number,
  kind: TraceKind,
  a: number,
  b = 0,
  c = 0,
  d = 0,
): void {
  const { tracer } = tcp
  if (tracer !== null) tracer.onTrace(kind, tcp.engine.now, connection, a, b, c, d)
}
