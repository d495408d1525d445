import { seqAdd, seqGt, seqLt } from '../core/seq.ts'
import type { Micros } from '../core/timer.ts'
import type { AckNews } from './ack-news.ts'
import { restartRto, setLossTimer } from './loss-timer.ts'
import { RecoveryState } from './recovery-state.ts'
import { payloadSize } from './segment-size.ts'
import { retransmit, sendProbeData } from './sender.ts'
import type { Tcb } from './tcb.ts'
import { RetransmitCause, TraceKind, trace } from './trace.ts'

/** Tail loss probe (RFC 8985 section 7): when the ACKs stop, one segment asks for another before the RTO does. */
export class TlpState {
  /** A probe was sent and not yet judged (TLP.end_seq is set). */
  outstanding = false
  /** TLP.end_seq: SND.NXT after the probe. */
  endSeq = 0
  /** TLP.is_retrans. */
  retransmission = false
  /** There was a round-trip sample since the last probe (R8985-17). */
  sampled = true
}

/**
 * The PTO has passed: sends new data if there is any, one segment even beyond the congestion window, else the
 * last segment again (R8985-18), and leaves the rest to the RTO (R8985-19).
 */
export function onProbeTimeout(tcb: Tcb, now: Micros): void {
  const { tlp } = tcb
  const mss = payloadSize(tcb)
  const fresh = sendProbeData(tcb, mss)
  if (fresh || repeatLast(tcb, mss)) {
    tlp.outstanding = true
    tlp.endSeq = tcb.sndNxt
    tlp.retransmission = !fresh
    tcb.tcp.counters.tailProbes++
    trace(tcb.tcp, tcb.id, TraceKind.TailProbe, tlp.endSeq, fresh ? 0 : 1)
  }
  tlp.sampled = false
  restartRto(tcb, now)
  setLossTimer(tcb, now)
}

function repeatLast(tcb: Tcb, mss: number): boolean {
  const { tail } = tcb.sent
  if (tail === null || tail.sacked) return false
  if (tail.length > mss) tcb.sent.split(tail, seqAdd(tail.end, -mss))
  return retransmit(tcb, tcb.sent.tail ?? tail, mss, mss, RetransmitCause.Probe)
}

/** Whether a D-SACK reports that the probe was a duplicate. */
export function isDsackOfProbe(tcb: Tcb, right: number): boolean {
  const { tlp } = tcb
  return tlp.outstanding && tlp.retransmission && right === tlp.endSeq
}

/**
 * RFC 8985 section 7.4.2 (R8985-20): a retransmitted probe that filled a hole has hidden a loss from everybody else, so
 * congestion control is told here; one that arrived twice has not.
 */
export function judgeProbe(tcb: Tcb, news: AckNews, now: Micros): void {
  const { tlp } = tcb
  if (!tlp.outstanding || seqLt(news.ack, tlp.endSeq)) return
  if (!tlp.retransmission || news.dsackOfProbe) tlp.outstanding = false
  else if (seqGt(news.ack, tlp.endSeq)) {
    tlp.outstanding = false
    tcb.tcp.counters.tailProbeRecoveries++
    if (tcb.recovery === RecoveryState.Open) reduceOnce(tcb, news.acked, now)
  } else if (news.acked === 0 && news.duplicate && news.sacked === 0) tlp.outstanding = false
}

/** The loss is repaired already: the reduction of a whole recovery at once. */
function reduceOnce(tcb: Tcb, acked: number, now: Micros): void {
  const { congestion } = tcb
  congestion.onLoss(tcb, Math.min(tcb.flightSize + acked, tcb.cwnd), now)
  congestion.onRecovered(tcb, now)
  tcb.reducedAt = now
}
