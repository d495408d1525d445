import { packets } from '@tapwire/stack'
import { Flag, type SegmentRecord } from './frame-log.ts'

/** What of a segment matters; the rest may be anything. PSH and URG never do. */
export interface Wanted {
  readonly flags: number
  readonly seq?: number
  readonly ack?: number
  readonly length?: number
}

const MATTER = Flag.Syn | Flag.Fin | Flag.Rst | Flag.Ack

/** In the words of the ladder. */
export function wantedText({ flags, seq, ack, length }: Wanted): string {
  const parts = [packets.flagsText(flags)]
  if (seq !== undefined) parts.push(`seq=${seq}`)
  if (ack !== undefined) parts.push(`ack=${ack}`)
  if (length !== undefined) parts.push(`len=${length}`)
  return parts.join(' ')
}

/** The first field in which a segment is not as wanted; null when it is. */
export function differs({ tcp }: SegmentRecord, wanted: Wanted): 'flags' | 'seq' | 'ack' | 'length' | null {
  if ((tcp.flags & MATTER) !== wanted.flags) return 'flags'
  if (wanted.seq !== undefined && tcp.seq !== wanted.seq) return 'seq'
  if (wanted.ack !== undefined && tcp.ack !== wanted.ack) return 'ack'
  return wanted.length !== undefined && tcp.payload.length !== wanted.length ? 'length' : null
}

/** a - b between sequence numbers: their distance, wherever 2^32 lies. */
export function distance(a: number, b: number): number {
  return (a - b) | 0
}

/** The sequence number that follows a segment: SYN and FIN count as one each. */
export function endOf({ tcp }: SegmentRecord): number {
  const { flags, seq, payload } = tcp
  const marks = (flags & Flag.Syn ? 1 : 0) + (flags & Flag.Fin ? 1 : 0)
  return (seq + payload.length + marks) >>> 0
}
