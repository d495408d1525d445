import type { SegmentDrops } from '../ip/counters.ts'
import type { Path } from '../ip/network.ts'
import type { TcpContext } from './context.ts'
import type { SegmentIn } from './segment-in.ts'
import { RetransmitCause, TraceKind, trace } from './trace.ts'

/** Why a segment that came in was not used: each one that is dropped, or whose text is, has exactly one reason. */
export const DropReason = {
  TooShort: 0,
  BadOffset: 1,
  BadChecksum: 2,
  Multicast: 3,
  OutOfWindow: 4,
  Paws: 5,
  NoAck: 6,
  BadAck: 7,
  ChallengedReset: 8,
  ChallengedSyn: 9,
  AfterClose: 10,
  AfterFin: 11,
  NoMemory: 12,
  TooManyRanges: 13,
  Unexpected: 14,
  NoConnection: 15,
  TimeWait: 16,
  AcceptQueue: 17,
  ConnectionLimit: 18,
  HalfOpenRefused: 19,
} as const
export type DropReason = (typeof DropReason)[keyof typeof DropReason]

/** The counter of each reason; `segmentsIn` is `segmentsProcessed` and the sum of these. */
export const TCP_DROP_COUNTERS = [
  'droppedTooShort',
  'droppedBadOffset',
  'droppedBadChecksum',
  'droppedMulticast',
  'droppedOutOfWindow',
  'droppedPaws',
  'droppedNoAck',
  'droppedBadAck',
  'droppedChallengedReset',
  'droppedChallengedSyn',
  'droppedAfterClose',
  'droppedAfterFin',
  'droppedNoMemory',
  'droppedTooManyRanges',
  'droppedUnexpected',
  'droppedNoConnection',
  'droppedTimeWait',
  'droppedAcceptQueue',
  'droppedConnectionLimit',
  'droppedHalfOpenRefused',
] as const satisfies readonly (keyof SegmentDrops)[]

/** Counts a segment that is used: the other half of `drop`. */
export function processed(tcp: TcpContext, segment: SegmentIn): void {
  tcp.counters.segmentsProcessed++
  segment.packet.iface.counters.tcp.segmentsProcessed++
}

/**
 * Counts a segment that is not used, for the stack and for the interface it came by.
 * @param connection whom it was for; 0 for nobody
 */
export function drop(tcp: TcpContext, connection: number, segment: SegmentIn, reason: DropReason): void {
  const name = TCP_DROP_COUNTERS[reason]
  tcp.counters[name]++
  segment.packet.iface.counters.tcp[name]++
  trace(tcp, connection, TraceKind.Drop, reason, segment.seq, segment.dataLength)
}

/** Counts a segment that was sent again. */
export function countRetransmission(tcp: TcpContext, path: Path, cause: RetransmitCause): void {
  const { counters } = tcp
  counters.retransmitted++
  path.iface.counters.tcp.retransmitted++
  if (cause === RetransmitCause.Recovery) counters.fastRetransmits++
  else if (cause === RetransmitCause.Timeout) counters.timeoutRetransmits++
  else if (cause === RetransmitCause.Syn) counters.synRetransmits++
  else counters.probeRetransmits++
}

/** Counts a piece of data that had arrived before. */
export function countDuplicate(tcp: TcpContext, path: Path, bytes: number): void {
  const { counters } = tcp
  counters.duplicateBytesIn += bytes
  counters.duplicatesIn++
  path.iface.counters.tcp.duplicatesIn++
}
