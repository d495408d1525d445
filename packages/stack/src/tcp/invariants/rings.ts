import type { Audit } from '../../core/audit.ts'
import { seqAdd, seqDiff, seqGt, seqLeq } from '../../core/seq.ts'
import { TcpState } from '../api.ts'
import type { ByteRing } from '../byte-ring.ts'
import { receiveWindow } from '../receive-window.ts'
import type { Tcb } from '../tcb.ts'
import { textEnd } from '../text-end.ts'

/** The bytes in the rings are those that the sequence numbers speak of. */
export function auditRings(tcb: Tcb, audit: Audit): void {
  audit.check(tcb.sendQueued >= 0, 'fewer than no bytes are queued', tcb.sendQueued)
  auditRing(tcb.sendRing, tcb.sendQueued, 'the send ring', audit)
  if (tcb.state >= TcpState.Established) {
    const flight = seqDiff(tcb.sndNxt, tcb.sndUna)
    const fin = tcb.finSent && !tcb.finAcked ? 1 : 0
    audit.check(tcb.unsent >= 0, 'fewer than no bytes wait to be sent', tcb.unsent)
    audit.check(
      flight - fin <= tcb.sendQueued,
      'bytes in flight are in the ring no more',
      flight - fin,
      tcb.sendQueued,
    )
  }
  audit.check(tcb.readable >= 0, 'fewer than no bytes are readable', tcb.readable)
  auditRing(tcb.receiveRing, tcb.readable + auditRanges(tcb, audit), 'the receive ring', audit)
}

/** @returns bytes from RCV.NXT to the last one in the ring */
function auditRanges(tcb: Tcb, audit: Audit): number {
  const ranges = tcb.outOfOrder
  if (ranges === null) return 0
  audit.check(ranges.count > 0, 'an empty list of ranges is kept')
  const most = Math.max(tcb.tcp.limits.outOfOrderRanges, tcb.receiveRing.capacity >>> 10)
  audit.check(ranges.count <= most, 'more ranges than their limit', ranges.count, most)
  let edge = tcb.rcvNxt
  for (let i = 0; i < ranges.count; i++) {
    audit.check(seqGt(ranges.left[i], edge), 'a range touches what is before it', i, ranges.count)
    audit.check(seqGt(ranges.right[i], ranges.left[i]), 'a range is empty', i, ranges.count)
    edge = ranges.right[i]
  }
  // A FIN may lie on the edge.
  const end = textEnd(tcb)
  const inside = seqLeq(end, seqAdd(tcb.rcvNxt, receiveWindow(tcb)))
  audit.check(inside, 'a range reaches beyond the window', seqDiff(end, tcb.rcvNxt), receiveWindow(tcb))
  return seqDiff(end, tcb.rcvNxt)
}

function auditRing(ring: ByteRing, used: number, name: string, audit: Audit): void {
  const { capacity } = ring
  audit.check(ring.block >= 0 === capacity > 0, `${name} has room without a block, or a block without room`)
  audit.check((capacity & (capacity - 1)) === 0, `${name} is no power of two`, capacity)
  audit.check(used >= 0 && used <= capacity, `${name} holds more than there is room for`, used, capacity)
  audit.check(ring.start >= 0 && ring.start < Math.max(1, capacity), `${name} starts outside`, ring.start)
  if (ring.block >= 0) audit.owns(ring.block, capacity, name)
}
