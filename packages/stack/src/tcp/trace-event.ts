import { MILLISECOND, type Micros } from '../core/timer.ts'
import { TcpFlag } from '../wire/tcp.ts'
import { TCP_STATE_NAMES } from './api.ts'
import { TCP_DROP_COUNTERS } from './count.ts'
import { type TcpTracer, TraceKind } from './trace.ts'

/** Whose window: see `WindowSide`. */
export type WindowOwner = 'peer' | 'own'

/** What a tracer was told, for people: times in milliseconds, sizes in bytes, sequence numbers as on the wire. */
export type TraceEvent = { readonly time: number; readonly connection: number } & (
  | { readonly kind: 'state'; readonly from: string; readonly to: string }
  | { readonly kind: 'cwnd'; readonly cwnd: number; readonly ssthresh: number; readonly inFlight: number }
  | { readonly kind: 'rtt'; readonly sample: number; readonly srtt: number; readonly rto: number }
  | {
      readonly kind: 'retransmit'
      readonly seq: number
      readonly length: number
      readonly cause: 'recovery' | 'timeout' | 'syn' | 'probe'
    }
  | {
      readonly kind: 'recoveryEnter' | 'recoveryExit'
      readonly point: number
      readonly cwnd: number
      readonly ssthresh: number
      readonly algorithm: 'newreno' | 'rack' | 'timeout'
    }
  | { readonly kind: 'markedLost'; readonly seq: number; readonly length: number }
  | { readonly kind: 'timeout'; readonly backoff: number; readonly rto: number }
  | { readonly kind: 'zeroWindow'; readonly whose: WindowOwner }
  | { readonly kind: 'windowOpen'; readonly whose: WindowOwner; readonly window: number }
  | {
      readonly kind: 'windowUpdate'
      readonly whose: WindowOwner
      readonly window: number
      readonly before: number
    }
  | {
      readonly kind: 'undo'
      readonly cwnd: number
      readonly ssthresh: number
      readonly inFlight: number
      readonly proof: 'dsack' | 'eifel' | 'frto'
    }
  | {
      readonly kind: 'segmentIn' | 'segmentOut'
      readonly seq: number
      readonly length: number
      /** Letters of S, F, R, P, A, U, E, W. */
      readonly flags: string
      readonly ack: number
    }
  | {
      readonly kind: 'ecn'
      readonly what: 'ceIn' | 'eceIn' | 'cwrIn' | 'cwrOut'
      readonly cwnd: number
      readonly ssthresh: number
    }
  | { readonly kind: 'appLimited'; readonly inFlight: number; readonly cwnd: number }
  | { readonly kind: 'keepaliveProbe' | 'windowProbe'; readonly number: number }
  | { readonly kind: 'tailProbe'; readonly end: number; readonly retransmission: boolean }
  | {
      readonly kind: 'reorderingWindow'
      readonly window: number
      readonly steps: number
      readonly reorderingSeen: boolean
    }
  | {
      readonly kind: 'pathMtu'
      readonly before: number
      readonly mtu: number
      readonly cause: 'icmp' | 'blackHole' | 'probeArrived' | 'probeLost'
      readonly probe: number
    }
  | { readonly kind: 'drop'; readonly reason: DropName; readonly seq: number; readonly length: number }
)

/** The counter of a drop's reason. */
export type DropName = (typeof TCP_DROP_COUNTERS)[number]

const CAUSES = ['recovery', 'timeout', 'syn', 'probe'] as const
const ALGORITHMS = ['newreno', 'rack', 'timeout'] as const
const OWNERS = ['peer', 'own'] as const
const PROOFS = ['dsack', 'eifel', 'frto'] as const
const ECN_EVENTS = ['ceIn', 'eceIn', 'cwrIn', 'cwrOut'] as const
const MTU_CAUSES = ['icmp', 'blackHole', 'probeArrived', 'probeLost'] as const

/** Gives the numbers of one `onTrace` their names. */
export function decodeTrace(
  kind: TraceKind,
  at: Micros,
  connection: number,
  a: number,
  b: number,
  c: number,
  d: number,
): TraceEvent {
  const about = { time: at / MILLISECOND, connection }
  switch (kind) {
    case TraceKind.State:
      return { ...about, kind: 'state', from: TCP_STATE_NAMES[a], to: TCP_STATE_NAMES[b] }
    case TraceKind.Cwnd:
      return { ...about, kind: 'cwnd', cwnd: a, ssthresh: b, inFlight: c }
    case TraceKind.Rtt:
      return { ...about, kind: 'rtt', sample: a / MILLISECOND, srtt: b / MILLISECOND, rto: c / MILLISECOND }
    case TraceKind.Retransmit:
      return { ...about, kind: 'retransmit', seq: a >>> 0, length: b, cause: CAUSES[c] }
    case TraceKind.RecoveryEnter:
    case TraceKind.RecoveryExit: {
      const name = kind === TraceKind.RecoveryEnter ? 'recoveryEnter' : 'recoveryExit'
      return { ...about, kind: name, point: a >>> 0, cwnd: b, ssthresh: c, algorithm: ALGORITHMS[d] }
    }
    case TraceKind.MarkedLost:
      return { ...about, kind: 'markedLost', seq: a >>> 0, length: b }
    case TraceKind.Timeout:
      return { ...about, kind: 'timeout', backoff: a, rto: b / MILLISECOND }
    case TraceKind.Undo:
      return { ...about, kind: 'undo', cwnd: a, ssthresh: b, inFlight: c, proof: PROOFS[d] }
    case TraceKind.SegmentIn:
    case TraceKind.SegmentOut: {
      const name = kind === TraceKind.SegmentIn ? 'segmentIn' : 'segmentOut'
      return { ...about, kind: name, seq: a >>> 0, length: b, flags: flagLetters(c), ack: d >>> 0 }
    }
    case TraceKind.Ecn:
      return { ...about, kind: 'ecn', what: ECN_EVENTS[a], cwnd: b, ssthresh: c }
    case TraceKind.AppLimited:
      return { ...about, kind: 'appLimited', inFlight: a, cwnd: b }
    case TraceKind.TailProbe:
      return { ...about, kind: 'tailProbe', end: a >>> 0, retransmission: b === 1 }
    case TraceKind.ReorderingWindow:
      return {
        ...about,
        kind: 'reorderingWindow',
        window: a / MILLISECOND,
        steps: b,
        reorderingSeen: c === 1,
      }
    case TraceKind.PathMtu:
      return { ...about, kind: 'pathMtu', before: a, mtu: b, cause: MTU_CAUSES[c], probe: d }
    case TraceKind.Drop:
      return { ...about, kind: 'drop', reason: TCP_DROP_COUNTERS[a], seq: b >>> 0, length: c }
    default:
      return { ...about, ...decodeWindow(kind, a, b, c) }
  }
}

type WindowKind =
  | typeof TraceKind.ZeroWindow
  | typeof TraceKind.WindowOpen
  | typeof TraceKind.WindowUpdate
  | typeof TraceKind.KeepaliveProbe
  | typeof TraceKind.WindowProbe

function decodeWindow(kind: WindowKind, a: number, b: number, c: number) {
  switch (kind) {
    case TraceKind.ZeroWindow:
      return { kind: 'zeroWindow', whose: OWNERS[a] } as const
    case TraceKind.WindowOpen:
      return { kind: 'windowOpen', whose: OWNERS[a], window: b } as const
    case TraceKind.WindowUpdate:
      return { kind: 'windowUpdate', whose: OWNERS[a], window: b, before: c } as const
    case TraceKind.KeepaliveProbe:
      return { kind: 'keepaliveProbe', number: a } as const
    case TraceKind.WindowProbe:
      return { kind: 'windowProbe', number: a } as const
  }
}

const LETTERS = [
  [TcpFlag.Syn, 'S'],
  [TcpFlag.Fin, 'F'],
  [TcpFlag.Rst, 'R'],
  [TcpFlag.Psh, 'P'],
  [TcpFlag.Ack, 'A'],
  [TcpFlag.Urg, 'U'],
  [TcpFlag.Ece, 'E'],
  [TcpFlag.Cwr, 'W'],
] as const

function flagLetters(flags: number): string {
  return LETTERS.map(([bit, letter]) => ((flags & bit) !== 0 ? letter : '')).join('')
}

/** A tracer that hands on readable records: for people and tests, not for every segment of a busy server. */
export function traceEvents(listener: (event: TraceEvent) => void): TcpTracer {
  return {
    onTrace: (kind, time, connection, a, b, c, d) =>
      listener(decodeTrace(kind, time, connection, a, b, c, d)),
  }
}
