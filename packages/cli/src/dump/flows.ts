import type { packets } from '@tapwire/stack'
import { endOf, FIN, mark, RST, SYN, seqDiff, TcpWay } from './tcp-way.ts'

/** What is to be said of a TCP segment when the ones before it are known. */
export interface SegmentView {
  /** Counted from the first byte of each side, as people write them; the SYN is 0. `ack` is null without the flag. */
  readonly seq: number
  readonly ack: number | null
  /** Bytes, scaled as both sides agreed; as it stands in the header where the handshake was not seen. */
  readonly window: number
  readonly sack: readonly (readonly [left: number, right: number])[]
  /** What is odd about it, in a few words each. */
  readonly notes: readonly string[]
}

/** More connections than this are not remembered: the one that was quiet for longest is forgotten. */
const MOST_FLOWS = 10_000

interface Flow {
  readonly ways: readonly [TcpWay, TcpWay]
}

/** Remembers connections as far as one packet's oddity is a matter of the others before it. */
export class TcpFlows {
  readonly #flows = new Map<string, Flow>()

  get size(): number {
    return this.#flows.size
  }

  /** @param time milliseconds */
  look(ip: packets.IpAddresses, segment: packets.TcpSegment, time: number): SegmentView {
    const from = `${ip.source.join('.')}:${segment.sourcePort}`
    const to = `${ip.destination.join('.')}:${segment.destinationPort}`
    const key = from < to ? `${from} ${to}` : `${to} ${from}`
    const notes: string[] = []
    const flow = this.#find(key, segment, from < to, notes)
    const [here, there] = from < to ? flow.ways : [flow.ways[1], flow.ways[0]]
    return look(here, there, segment, time, notes)
  }

  #find(key: string, segment: packets.TcpSegment, first: boolean, notes: string[]): Flow {
    let flow = this.#flows.get(key)
    if (flow !== undefined && isNewIncarnation(flow.ways[first ? 0 : 1], segment)) {
      notes.push('ports used again')
      flow = undefined
    }
    // Last used, last forgotten.
    this.#flows.delete(key)
    flow ??= { ways: [new TcpWay(), new TcpWay()] }
    this.#flows.set(key, flow)
    if (this.#flows.size > MOST_FLOWS) this.#flows.delete(this.#flows.keys().next().value as string)
    return flow
  }
}

/** A SYN with another sequence number, on ports of which something was seen before. */
function isNewIncarnation(way: TcpWay, { flags, seq }: packets.TcpSegment): boolean {
  return (flags & SYN) !== 0 && way.known && seqDiff(seq, way.base) !== 0
}

function look(
  here: TcpWay,
  there: TcpWay,
  segment: packets.TcpSegment,
  time: number,
  notes: string[],
): SegmentView {
  const { flags, seq } = segment
  if (!here.known) {
    here.begin(flags & SYN ? seq : seq - 1)
    if (!(flags & (SYN | RST))) notes.push('begins in the middle')
  }
  if (flags & SYN) here.readSynOptions(segment.options)
  const ack = segment.flags & ACK ? segment.ack : null
  if (ack !== null && !there.known) there.begin(ack - 1)
  const window = here.scaled(segment.window, there, flags)

  if (flags & RST) notes.push('reset')
  else {
    noteSequence(here, there, segment, time, notes)
    if (ack !== null) noteAck(here, there, segment, ack, window, notes)
    if (window === 0 && !(flags & SYN)) mark(notes, 'zero window')
  }
  const sack = sackOf(segment)
  if (ack !== null && isDsack(sack, ack)) notes.push('D-SACK')
  here.sent(segment, time)
  if (ack !== null && !(flags & RST)) {
    here.told(ack, window)
    there.acknowledged(ack)
  }
  return {
    seq: seqDiff(seq, here.base),
    ack: ack === null ? null : seqDiff(ack, there.base),
    window,
    sack: sack.map(([left, right]) => [seqDiff(left, there.base), seqDiff(right, there.base)]),
    notes,
  }
}

const ACK = 0x10

/** What its place in the stream says: again, too early, probing. */
function noteSequence(
  here: TcpWay,
  there: TcpWay,
  segment: packets.TcpSegment,
  time: number,
  notes: string[],
): void {
  const length = segment.payload.length
  here.probe = null
  const distance = here.next === null ? 0 : seqDiff(segment.seq, here.next)
  const bare = (segment.flags & (SYN | FIN)) === 0
  if (bare && length <= 1 && distance === -1) {
    here.probe = there.window === 0 ? 'window probe' : 'keepalive'
    notes.push(here.probe)
  } else if (bare && length === 1 && distance === 0 && there.window === 0) {
    here.probe = 'window probe'
    notes.push(here.probe)
  } else if (endOf(segment) !== segment.seq) {
    if (distance > 0) {
      notes.push(`${distance} bytes before it not seen`)
      here.addGap(here.next as number, segment.seq, time)
    } else if (distance < 0) notes.push(whyAgain(here, there, segment, time))
    if (there.window !== null && there.window > 0 && there.ackOfIt !== null) {
      if (length > 0 && seqDiff(endOf(segment), there.ackOfIt) === there.window) notes.push('window full')
    }
  }
}

/** A segment that begins before what was sent last: it was overtaken, or it is sent again. */
function whyAgain(here: TcpWay, there: TcpWay, segment: packets.TcpSegment, time: number): string {
  const end = endOf(segment)
  const gap = here.takeGap(segment.seq, end)
  // What nobody has seen yet is late if it comes at once, and was lost before it came here if it takes a round trip.
  if (gap !== null && time - gap < here.patience) return 'out of order'
  if (there.ackOfIt !== null && seqDiff(end, there.ackOfIt) <= 0) return 'retransmission of what had arrived'
  const since = here.sentBefore(segment.seq)
  const later = since === null ? '' : ` after ${duration(time - since)}`
  return `${there.duplicates >= 3 ? 'fast retransmission' : 'retransmission'}${later}`
}

function noteAck(
  here: TcpWay,
  there: TcpWay,
  segment: packets.TcpSegment,
  ack: number,
  window: number,
  notes: string[],
): void {
  if (there.next !== null && seqDiff(ack, there.next) > 0) notes.push('acknowledges what was not seen')
  const bare = endOf(segment) === segment.seq
  const same = here.ackOfIt !== null && seqDiff(ack, here.ackOfIt) === 0
  if (!bare || !same || here.probe !== null) {
    if (!same) here.duplicates = 0
    return
  }
  if (there.probe !== null) notes.push(`answer to a ${there.probe}`)
  else if (window !== here.window && sackOf(segment).length === 0)
    notes.push(here.window === 0 ? 'window open again' : 'window update')
  else if (there.next !== null && seqDiff(ack, there.next) < 0) {
    here.duplicates++
    notes.push(`duplicate ACK ${here.duplicates}`)
  }
}

function sackOf({ options }: packets.TcpSegment): readonly (readonly [number, number])[] {
  for (const option of options) if (option.name === 'sack') return option.blocks
  return []
}

/** RFC 2883: the first block is below the ACK, or inside the second one. */
function isDsack(blocks: readonly (readonly [number, number])[], ack: number): boolean {
  if (blocks.length === 0) return false
  const [[left, right], second] = blocks
  if (seqDiff(left, ack) < 0) return true
  return second !== undefined && seqDiff(left, second[0]) >= 0 && seqDiff(right, second[1]) <= 0
}

function duration(milliseconds: number): string {
  return milliseconds < 10 ? `${milliseconds.toFixed(1)} ms` : `${Math.round(milliseconds)} ms`
}
