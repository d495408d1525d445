import { seqGeq } from '../core/seq.ts'
import type { AckNews } from './ack-news.ts'
import type { Tcb } from './tcb.ts'

/** How far F-RTO is (RFC 5682; the SACK-enhanced form of its section 3 when there is SACK, R5682-06). */
export const FrtoState = {
  Off: 0,
  /** The first unacknowledged segment was sent again: the next ACK decides what to send. */
  FirstAck: 1,
  /** New data was sent instead of retransmissions: the next ACK tells whether the timeout was spurious. */
  SecondAck: 2,
} as const
export type FrtoState = (typeof FrtoState)[keyof typeof FrtoState]

/** R5682-01: not for a second timeout of the same data, nor inside another recovery. */
export function startFrto(tcb: Tcb, inRecovery: boolean): void {
  tcb.frto = inRecovery || !tcb.tcp.config.frto ? FrtoState.Off : FrtoState.FirstAck
}

/**
 * An ACK after a retransmission timeout.
 * @returns whether it shows that the timeout was spurious: data that was sent once only has arrived (R5682-04)
 */
export function isTimeoutSpurious(tcb: Tcb, news: AckNews): boolean {
  if (tcb.frto === FrtoState.Off) return false
  if (news.original) return true
  if (tcb.frto === FrtoState.FirstAck) firstAck(tcb, news)
  else if (news.duplicate || news.sacked > 0) tcb.frto = FrtoState.Off
  return false
}

/** R5682-02, R5682-03: after an advance that does not cover everything, new data goes out, if there is any. */
function firstAck(tcb: Tcb, news: AckNews): void {
  if (news.acked === 0) {
    if (news.duplicate) tcb.frto = FrtoState.Off
    return
  }
  const mayTry = !seqGeq(tcb.sndUna, tcb.recoveryPoint) && tcb.unsent > 0 && tcb.sndWnd > tcb.flightSize
  tcb.frto = mayTry ? FrtoState.SecondAck : FrtoState.Off
  if (mayTry) tcb.recoveryPoint = tcb.sndNxt
}

/** While F-RTO waits, nothing else that is marked lost is sent again. */
export function holdsRetransmissions(tcb: Tcb): boolean {
  if (tcb.frto === FrtoState.Off) return false
  return tcb.frto === FrtoState.SecondAck || tcb.sent.retransmittedBytes > 0
}
