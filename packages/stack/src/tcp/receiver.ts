import { seqAdd, seqDiff, seqGeq, seqGt, seqLt, seqMax, seqMin } from '../core/seq.ts'
import { TcpFlag } from '../wire/tcp.ts'
import { countDuplicate, DropReason, drop, processed } from './count.ts'
import { ackData, noteReceive, noteSegmentSize } from './delayed-ack.ts'
import { reportDuplicate } from './dsack.ts'
import { noteCongestionMarks } from './ecn.ts'
import { sendAck } from './output.ts'
import type { SeqRanges } from './ranges.ts'
import { measureReceiveRtt } from './receive-rtt.ts'
import { receiveWindow } from './receive-window.ts'
import { mergedSegments, type SegmentIn } from './segment-in.ts'
import { canReceive } from './states.ts'
import type { Tcb } from './tcb.ts'
import { textEnd } from './text-end.ts'
import { ConnectionEvent, notify, wantAck } from './wants.ts'

/**
 * The text and FIN of an acceptable segment (RFC 9293 section 3.10.7.4, seventh and eighth step). Bytes go straight to
 * their place in the receive ring, in order or not (SHLD-31), and what was SACKed stays there (R2018-07).
 * @returns whether the peer's FIN has now been reached
 */
export function receiveText(tcb: Tcb, segment: SegmentIn): boolean {
  if (!canReceive(tcb.state)) {
    // SEG-23: beyond the peer's FIN nothing counts; a repeated FIN still wants its ACK.
    if (segment.dataLength > 0 || (segment.flags & TcpFlag.Fin) !== 0) wantAck(tcb)
    if (segment.dataLength > 0) drop(tcb.tcp, tcb.id, segment, DropReason.AfterFin)
    else processed(tcb.tcp, segment)
    return false
  }
  if (!trimToWindow(tcb, segment)) return false
  if ((segment.flags & TcpFlag.Fin) !== 0) noteFin(tcb, segment)
  if (segment.dataLength === 0 || takeData(tcb, segment)) processed(tcb.tcp, segment)
  return reachFin(tcb)
}

/**
 * SEG-14: only what is new and inside the window is taken; a FIN beyond the window goes with the rest.
 * @returns false when that is nothing: counted
 */
function trimToWindow(tcb: Tcb, segment: SegmentIn): boolean {
  const before = seqDiff(tcb.rcvNxt, segment.seq)
  if (before > 0) {
    const cut = Math.min(before, segment.dataLength)
    if (cut > 0) countDuplicate(tcb.tcp, tcb.path, cut)
    const fin = (segment.flags & TcpFlag.Fin) !== 0 && before > segment.dataLength ? 1 : 0
    reportDuplicate(tcb, segment.seq, seqAdd(segment.seq, cut + fin))
    segment.dataOffset += cut
    segment.dataLength -= cut
    segment.seq = seqAdd(segment.seq, cut)
    // Something was sent twice: its sender missed our ACK.
    wantAck(tcb)
  }
  const right = seqAdd(tcb.rcvNxt, receiveWindow(tcb))
  const beyond = seqDiff(seqAdd(segment.seq, segment.dataLength), right)
  if (beyond > 0) {
    wantAck(tcb)
    if (segment.dataLength <= beyond) {
      drop(tcb.tcp, tcb.id, segment, DropReason.OutOfWindow)
      return false
    }
    segment.dataLength -= beyond
    segment.flags &= ~TcpFlag.Fin
  }
  return true
}

/** One that comes too early is told what is missing, as other segments are (MAY-13). */
function noteFin(tcb: Tcb, segment: SegmentIn): void {
  const seq = seqAdd(segment.seq, segment.dataLength)
  if (seq !== tcb.rcvNxt) wantAck(tcb)
  if (tcb.rcvFinSeen || seqLt(seq, tcb.rcvNxt)) {
    // Nor is it taken, when the stream ends elsewhere; but silence would have it come again.
    if (tcb.rcvFinSeen && seq !== tcb.rcvFin) wantAck(tcb)
    return
  }
  // Data beyond it is here already: whoever sent this does not know where the stream ends.
  if (tcb.outOfOrder !== null && seqGt(tcb.outOfOrder.highest, seq)) {
    wantAck(tcb)
    return
  }
  tcb.rcvFinSeen = true
  tcb.rcvFin = seq
  if (segment.seq !== tcb.rcvNxt) sackFin(tcb)
}

/**
 * SACK tells of a FIN behind a hole as of a byte there (as Linux does; R2018-06). Without that, a last segment that is lost before it
 * looks like one that nobody has answered: the FIN is all that came after it, and its sender waits for the RTO.
 */
function sackFin(tcb: Tcb): void {
  const { ranges, limits } = tcb.tcp
  tcb.outOfOrder ??= ranges.take()
  const added = tcb.outOfOrder.add(tcb.rcvFin, seqAdd(tcb.rcvFin, 1), limits.outOfOrderRanges)
  if (!added && tcb.outOfOrder.count === 0) forgetRanges(tcb)
}

/** PSH or not, bytes are readable at once (MAY-17). @returns false when nothing could be taken: counted */
function takeData(tcb: Tcb, segment: SegmentIn): boolean {
  const { tcp } = tcb
  const pushed = (segment.flags & TcpFlag.Psh) !== 0
  if (tcb.rcvFinSeen) cutAtFin(tcb, segment)
  const { dataLength: length, seq } = segment
  if (length === 0) {
    drop(tcp, tcb.id, segment, DropReason.AfterFin)
    wantAck(tcb)
    return false
  }
  const { now } = tcp.engine
  const gsoSize = segment.packet.gsoSize
  noteSegmentSize(tcb, gsoSize > 0 ? Math.min(gsoSize, length) : length, pushed)
  noteReceive(tcb, now)
  const islands = tcb.outOfOrder?.count ?? 0
  if (!store(tcb, segment)) {
    // Still an answer, or the peer would take us for dead.
    wantAck(tcb)
    return false
  }
  noteCongestionMarks(tcb, segment)
  tcp.counters.bytesIn += length
  if (seq === tcb.rcvNxt) inOrder(tcb, length, now)
  else outOfOrder(tcb, segment, islands > 0 && (tcb.outOfOrder?.count ?? 0) > islands)
  measureReceiveRtt(tcb, segment, now)
  return true
}

/** Bytes after a FIN do not exist (SEG-23). */
function cutAtFin(tcb: Tcb, segment: SegmentIn): void {
  const beyond = seqDiff(seqAdd(segment.seq, segment.dataLength), tcb.rcvFin)
  if (beyond > 0) segment.dataLength = Math.max(0, segment.dataLength - beyond)
}

/** Copies the bytes to where they belong. The ring grows to what the window has promised, if the memory allows. */
function store(tcb: Tcb, segment: SegmentIn): boolean {
  const position = tcb.readable + seqDiff(segment.seq, tcb.rcvNxt)
  const kept = tcb.readable + seqDiff(textEnd(tcb), tcb.rcvNxt)
  if (!tcb.receiveRing.ensure(position + segment.dataLength, kept)) {
    drop(tcb.tcp, tcb.id, segment, DropReason.NoMemory)
    return false
  }
  if (segment.seq !== tcb.rcvNxt && !noteRange(tcb, segment)) return false
  tcb.receiveRing.writeFrom(position, segment.dataOffset, segment.dataLength)
  return true
}

/**
 * A slow start that overshoots loses every other segment of thousands, and what is dropped here for want of a range has to be
 * sent again as well. So a ring that is large, and paid for, may have as many ranges as full segments can leave in it.
 */
const BYTES_PER_RANGE_SHIFT = 10

function noteRange(tcb: Tcb, segment: SegmentIn): boolean {
  const { tcp } = tcb
  tcb.outOfOrder ??= tcp.ranges.take()
  const right = seqAdd(segment.seq, segment.dataLength)
  reportOverlap(tcb, tcb.outOfOrder, segment.seq, right)
  const bySize = seqDiff(right, tcb.rcvNxt) >>> BYTES_PER_RANGE_SHIFT
  if (tcb.outOfOrder.add(segment.seq, right, Math.max(tcp.limits.outOfOrderRanges, bySize))) return true
  drop(tcp, tcb.id, segment, DropReason.TooManyRanges)
  if (tcb.outOfOrder.count === 0) forgetRanges(tcb)
  return false
}

/** There is no gap any more, or no use for what lies behind it. */
export function forgetRanges(tcb: Tcb): void {
  if (tcb.outOfOrder === null) return
  tcb.tcp.ranges.give(tcb.outOfOrder)
  tcb.outOfOrder = null
}

/** R2883-03: of several pieces that were here the lowest is told. */
function reportOverlap(tcb: Tcb, ranges: SeqRanges, left: number, right: number): void {
  const index = ranges.firstOverlap(left, right)
  if (index < 0) return
  countDuplicate(tcb.tcp, tcb.path, ranges.overlap(left, right))
  reportDuplicate(tcb, seqMax(left, ranges.left[index]), seqMin(right, ranges.right[index]))
}

function inOrder(tcb: Tcb, length: number, now: number): void {
  const before = tcb.rcvNxt
  tcb.rcvNxt = seqAdd(tcb.rcvNxt, length)
  // At once: reporting may send an ACK, whose window has only the room that is left.
  tcb.readable += length
  const ranges = tcb.outOfOrder
  if (ranges !== null) {
    reportOverlap(tcb, ranges, before, tcb.rcvNxt)
    tcb.readable -= length
    tcb.rcvNxt = ranges.absorb(tcb.rcvNxt)
    // The FIN among them is counted below, by `reachFin`.
    if (tcb.rcvFinSeen) tcb.rcvNxt = seqMin(tcb.rcvNxt, tcb.rcvFin)
    tcb.readable += seqDiff(tcb.rcvNxt, before)
    if (ranges.count === 0) forgetRanges(tcb)
    // R5681-12, R5681-25: a gap was filled, wholly or in part.
    wantAck(tcb)
  }
  tcb.bytesReceived += seqDiff(tcb.rcvNxt, before)
  ackData(tcb, length, now)
  notify(tcb, ConnectionEvent.Readable)
}

/**
 * R5681-11: a duplicate ACK at once. A peer without SACK counts them, so each segment gets its own; one with SACK
 * reads the blocks, so that one ACK at the end of the burst tells it all (MUST-58, MUST-59), as long as they fit: when a
 * burst has further holes, each of them gets an ACK, or the peer would take for lost what no block tells (R2018-05).
 */
function outOfOrder(tcb: Tcb, segment: SegmentIn, newIsland: boolean): void {
  const { seq, dataLength: length } = segment
  const count = mergedSegments(segment)
  tcb.tcp.counters.outOfOrderIn += count
  tcb.path.iface.counters.tcp.outOfOrderIn += count
  tcb.outOfOrderIn += count
  const atOnce = tcb.sackPermitted ? newIsland && tcb.ackNow : seqGt(seqAdd(seq, length), tcb.rcvNxt)
  if (atOnce && sendAck(tcb)) return
  wantAck(tcb)
}

/** SEG-22, DEL-02: the FIN counts when everything before it is here. @returns whether it was reached just now */
function reachFin(tcb: Tcb): boolean {
  if (!tcb.rcvFinSeen || !seqGeq(tcb.rcvNxt, tcb.rcvFin)) return false
  tcb.rcvNxt = seqAdd(tcb.rcvFin, 1)
  forgetRanges(tcb)
  wantAck(tcb)
  notify(tcb, ConnectionEvent.Readable)
  return true
}

/** Whether the peer's FIN was received and counted. */
export function finReceived(tcb: Tcb): boolean {
  return tcb.rcvFinSeen && seqGt(tcb.rcvNxt, tcb.rcvFin)
}
