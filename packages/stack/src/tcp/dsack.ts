import { seqAdd, seqDiff, seqGeq, seqLeq, seqLt, seqMax, seqMin } from '../core/seq.ts'
import { TcpFlag } from '../wire/tcp.ts'
import { countDuplicate } from './count.ts'
import { hasDuplicate } from './dsack-block.ts'
import { sendAck } from './output.ts'
import type { SegmentIn } from './segment-in.ts'
import type { Tcb } from './tcb.ts'

/**
 * D-SACK (RFC 2883): bytes that have arrived a second time are told to their sender once, by the first block of the next
 * ACK (R2883-01), so that it learns which of its retransmissions were needless.
 *
 * @param left @param right the bytes that were here before, and nothing else of the segment (R2883-03)
 */
export function reportDuplicate(tcb: Tcb, left: number, right: number): void {
  if (!tcb.sackPermitted || left === right || !tcb.tcp.config.dsack) return
  if (hasDuplicate(tcb)) {
    if (seqLeq(left, tcb.dsackRight) && seqGeq(right, tcb.dsackLeft)) {
      // A retransmission in several segments: one block tells them all (Linux's tcp_dsack_extend).
      tcb.dsackLeft = seqMin(left, tcb.dsackLeft)
      tcb.dsackRight = seqMax(right, tcb.dsackRight)
      return
    }
    // There is one such block per ACK: the one before leaves now, or is not told at all.
    sendAck(tcb)
  }
  tcb.dsackLeft = left
  tcb.dsackRight = right
}

/**
 * A segment left of the window, or an old one by its timestamp (R2883-05): what of it lies below `rcvNxt` was here. A FIN is told as
 * the byte that it counts for (as Linux does), and is none in the counters.
 */
export function reportOldDuplicate(tcb: Tcb, { seq, dataLength, flags }: SegmentIn): void {
  if (!seqLt(seq, tcb.rcvNxt)) return
  const fin = (flags & TcpFlag.Fin) !== 0 ? 1 : 0
  const bytes = seqDiff(seqMin(seqAdd(seq, dataLength), tcb.rcvNxt), seq)
  if (bytes > 0) countDuplicate(tcb.tcp, tcb.path, bytes)
  reportDuplicate(tcb, seq, seqMin(seqAdd(seq, dataLength + fin), tcb.rcvNxt))
}
