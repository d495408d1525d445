import { seqAdd } from '../core/seq.ts'
import type { Tcb } from './tcb.ts'

/**
 * Where the last byte ends that is in the receive ring, in order or not. A FIN that came early has a place in the ranges, for it is
 * acknowledged as a byte is (RFC 9293 section 3.4), and none in the ring.
 */
export function textEnd(tcb: Tcb): number {
  const ranges = tcb.outOfOrder
  if (ranges === null) return tcb.rcvNxt
  const last = ranges.count - 1
  if (!tcb.rcvFinSeen || ranges.right[last] !== seqAdd(tcb.rcvFin, 1)) return ranges.right[last]
  if (ranges.left[last] !== tcb.rcvFin) return tcb.rcvFin
  return last > 0 ? ranges.right[last - 1] : tcb.rcvNxt
}
