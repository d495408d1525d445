import { seqAdd, seqGeq } from '../core/seq.ts'
import { type Micros, SECOND } from '../core/timer.ts'
import { MIN_MTU_V4, MIN_MTU_V6 } from '../ip/path-mtu.ts'
import { TCP_HEADER_LENGTH } from '../wire/tcp.ts'
import { extraOptions } from './options-out.ts'
import { RecoveryState } from './recovery-state.ts'
import { effectiveMtu, optionsLength } from './segment-size.ts'
import type { Tcb } from './tcb.ts'
import { PathMtuCause, TraceKind, trace } from './trace.ts'
import { wantOutput } from './wants.ts'

/** Timeouts in a row that make a black hole likely: Linux's tcp_retries1 (R4821-02). */
const HOLE_AFTER = 3

/** Closer than that is found (Linux's tcp_probe_threshold is 8). */
const NEAR = 16

/** Segments that must follow a probe, so that its loss is seen without a timeout. */
const FOLLOWERS = 3

/** PMTU_RAISE_TIMER of RFC 8899 section 5.1.1. */
const RAISE_AFTER: Micros = 600 * SECOND

/**
 * What a connection knows of a path that drops large packets and does not say so (RFC 4821; R4821-01, N8504-04).
 * Sizes are those of
 * IP packets. Off until a black hole is suspected: ICMP, or the link's MTU, is right on nearly every path.
 */
export class PathMtuSearch {
  /** eff_pmtu: no segment is larger. 0: the path's MTU holds. */
  size = 0
  /** search_high: nothing larger is worth a try. */
  high = 0
  /** The probe in flight: its size, 0 for none, and what it holds. */
  probe = 0
  probeStart = 0
  probeEnd = 0
  /** When a path that was found narrow may have become wider. */
  raiseAt: Micros = Number.NEGATIVE_INFINITY
}

/**
 * R4821-02: nothing gets through, and the oldest segment is large: from now on small ones go. What they cannot help is no
 * black hole; the search upwards then finds the old size in one step.
 */
export function suspectBlackHole(tcb: Tcb, now: Micros): void {
  if (tcb.mtuSearch.probe > 0) probeFailed(tcb)
  const { head } = tcb.sent
  if (tcb.timeouts < HOLE_AFTER || head === null) return
  if (tcb.tcp.config.mtuProbing === false) return
  const v4 = tcb.path.local.isV4
  const base = baseMtu(tcb)
  const next = effectiveMtu(tcb) > base ? base : v4 ? MIN_MTU_V4 : MIN_MTU_V6
  if (head.length + headers(tcb) <= next) return
  tcb.tcp.counters.blackHoles++
  traceMtu(tcb, effectiveMtu(tcb), next, PathMtuCause.BlackHole)
  tcb.mtuSearch.size = next
  tcb.mtuSearch.high = ceiling(tcb)
  tcb.mtuSearch.raiseAt = now + RAISE_AFTER
}

/** search_low at first (RFC 4821 section 7.2): what the base MSS makes of a packet, and never less than IPv6 promises. */
function baseMtu(tcb: Tcb): number {
  const base = tcb.tcp.config.baseMss + tcb.path.headerLength + TCP_HEADER_LENGTH
  return tcb.path.local.isV4 ? base : Math.max(base, MIN_MTU_V6)
}

/** A connection begins: one that is to search always starts small (Linux's tcp_mtup_init). */
export function startSearch(tcb: Tcb): void {
  if (tcb.tcp.config.mtuProbing !== 'always') return
  const { mtuSearch: search } = tcb
  const base = baseMtu(tcb)
  if (base >= ceiling(tcb)) return
  search.size = base
  search.high = ceiling(tcb)
  search.raiseAt = tcb.tcp.engine.now + RAISE_AFTER
}

/**
 * Payload of the probe that should leave now, 0 for none: new data of a size between what is known to pass and what may
 * (R4821-01), while all is well and enough follows it.
 */
export function probePayload(tcb: Tcb, mss: number): number {
  const { mtuSearch: search } = tcb
  if (search.size === 0 || search.probe > 0 || !tcb.sackPermitted) return 0
  if (tcb.recovery !== RecoveryState.Open || tcb.sent.sackedBytes > 0 || extraOptions(tcb) > 0) return 0
  const size = nextSize(tcb)
  if (size === 0) return 0
  const payload = size - headers(tcb)
  const whole = payload + FOLLOWERS * mss
  if (tcb.unsent < whole || tcb.cwnd < whole) return 0
  return Math.min(tcb.sndWnd - tcb.flightSize, tcb.cwnd - tcb.sent.pipe) >= payload ? payload : 0
}

/** First the whole of what is left, for most suspicions are wrong; after a failure the middle. */
function nextSize(tcb: Tcb): number {
  const { mtuSearch: search } = tcb
  const top = ceiling(tcb)
  if (search.size >= top) {
    search.size = 0
    return 0
  }
  if (tcb.tcp.engine.now >= search.raiseAt) search.high = top
  const high = Math.min(search.high, top)
  if (high === top) return top
  return high - search.size < NEAR ? 0 : (search.size + high + 1) >>> 1
}

/** The device took the probe. */
export function probeSent(tcb: Tcb, payload: number): void {
  const { mtuSearch: search } = tcb
  search.probe = payload + headers(tcb)
  search.probeStart = tcb.sndNxt
  search.probeEnd = seqAdd(tcb.sndNxt, payload)
  search.raiseAt = tcb.tcp.engine.now + RAISE_AFTER
  tcb.tcp.counters.mtuProbes++
}

/** SND.UNA has moved: did it carry the probe along? The window is in bytes, so it stays as it is (R4821-03). */
export function afterProbeAck(tcb: Tcb): void {
  const { mtuSearch: search } = tcb
  if (search.probe === 0 || !seqGeq(tcb.sndUna, search.probeEnd)) return
  traceMtu(tcb, effectiveMtu(tcb), search.probe, PathMtuCause.ProbeArrived)
  search.size = search.probe
  search.probe = 0
}

/**
 * Whether what was just found lost is the probe and nothing else: that is news of the path's MTU, not of congestion
 * (R4821-01). It is sent again in ordinary segments.
 */
export function isProbeLoss(tcb: Tcb): boolean {
  const { mtuSearch: search, sent } = tcb
  if (search.probe === 0) return false
  const lost = sent.nextLost()
  const alone = lost !== null && lost.start === search.probeStart && sent.lostBytes === lost.length
  probeFailed(tcb)
  if (alone) wantOutput(tcb)
  return alone
}

function traceMtu(tcb: Tcb, before: number, after: number, cause: PathMtuCause): void {
  trace(tcb.tcp, tcb.id, TraceKind.PathMtu, before, after, cause, tcb.mtuSearch.probe)
}

function probeFailed(tcb: Tcb): void {
  traceMtu(tcb, effectiveMtu(tcb), effectiveMtu(tcb), PathMtuCause.ProbeLost)
  tcb.mtuSearch.high = tcb.mtuSearch.probe - 1
  tcb.mtuSearch.probe = 0
}

/** No search goes beyond what the path is believed to take, and what the peer does. */
function ceiling(tcb: Tcb): number {
  return Math.min(tcb.path.mtu, tcb.peerMss + tcb.path.headerLength + TCP_HEADER_LENGTH)
}

function headers(tcb: Tcb): number {
  return tcb.path.headerLength + TCP_HEADER_LENGTH + optionsLength(tcb)
}
