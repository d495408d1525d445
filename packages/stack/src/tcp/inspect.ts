import { seqAdd, seqMax } from '../core/seq.ts'
import { receiveWindow } from './receive-window.ts'
import { finReceived } from './receiver.ts'
import type { Tcb } from './tcb.ts'

/** [left, right) of the sequence space, as on the wire. */
export type SequenceRange = readonly [left: number, right: number]

/** How a connection's sequence space stands (RFC 9293 section 3.4): for drawing it. Sequence numbers as on the wire, sizes in bytes. */
export interface TcpInspection {
  /** The number that traces give the connection. */
  readonly id: number
  /** Our initial sequence number, and the peer's; 0 before its SYN has come. */
  readonly iss: number
  readonly irs: number
  readonly sndUna: number
  readonly sndNxt: number
  readonly sndWnd: number
  readonly rcvNxt: number
  readonly rcvWnd: number
  /** Behind the last byte that the application has written. */
  readonly sndEnd: number
  /** The next byte that the application will read. */
  readonly rcvRead: number
  /** Of what is in flight: what the peer has told to have, and what is taken for lost and not sent again. */
  readonly sacked: readonly SequenceRange[]
  readonly lost: readonly SequenceRange[]
  /** What has come beyond RCV.NXT. */
  readonly outOfOrder: readonly SequenceRange[]
}

/** Ranges of each kind, the first ones. */
const MOST_RANGES = 64

const NONE: readonly SequenceRange[] = []

export function inspectTcb(tcb: Tcb): TcpInspection {
  const unread = tcb.readable + (finReceived(tcb) ? 1 : 0)
  const { sent } = tcb
  return {
    id: tcb.id,
    iss: tcb.iss >>> 0,
    irs: tcb.irs >>> 0,
    sndUna: tcb.sndUna >>> 0,
    sndNxt: tcb.sndNxt >>> 0,
    sndWnd: tcb.sndWnd,
    rcvNxt: tcb.rcvNxt >>> 0,
    rcvWnd: receiveWindow(tcb),
    // The SYN is no byte of the ring's.
    sndEnd: seqAdd(seqMax(tcb.sndUna, seqAdd(tcb.iss, 1)), tcb.sendQueued) >>> 0,
    rcvRead: seqAdd(tcb.rcvNxt, -unread) >>> 0,
    sacked: sent.sackedBytes === 0 ? NONE : rangesOf(tcb, true),
    lost: sent.lostBytes === 0 ? NONE : rangesOf(tcb, false),
    outOfOrder: outOfOrderOf(tcb),
  }
}

function rangesOf(tcb: Tcb, sacked: boolean): SequenceRange[] {
  const ranges: [number, number][] = []
  for (let record = tcb.sent.head; record !== null; record = record.next) {
    if (sacked ? !record.sacked : !record.lost || record.retransmitted) continue
    const last = ranges[ranges.length - 1]
    const left = record.start >>> 0
    if (last !== undefined && last[1] === left) last[1] = record.end >>> 0
    else if (ranges.length === MOST_RANGES) break
    else ranges.push([left, record.end >>> 0])
  }
  return ranges
}

function outOfOrderOf(tcb: Tcb): readonly SequenceRange[] {
  const { outOfOrder } = tcb
  if (outOfOrder === null) return NONE
  const ranges: SequenceRange[] = []
  for (let i = 0; i < Math.min(outOfOrder.count, MOST_RANGES); i++) {
    ranges.push([outOfOrder.left[i] >>> 0, outOfOrder.right[i] >>> 0])
  }
  return ranges
}
