import type { TraceEvent } from '@tapwire/stack'
import type { EndSample, EventRecord, Recording, SegmentRecord } from '../recording.ts'
import type { HostName } from '../scenario.ts'

type Kind = TraceEvent['kind']
export type EventOf<K extends Kind> = TraceEvent & { readonly kind: K }

/**
 * What a recording knows of one segment at one host, which sends or receives it: what the stack decided about it, and how the
 * connection stood before and after.
 */
export class Moment {
  readonly host: HostName
  /** Of that host, about this segment, in order. */
  readonly events: readonly TraceEvent[]
  /** Of that host and flow at the same time. */
  readonly around: readonly TraceEvent[]
  readonly before: EndSample | null
  readonly after: EndSample | null

  constructor(recording: Recording, host: HostName, segment: SegmentRecord, time: number) {
    const { flow, number } = segment
    const from = firstAt(recording.events, time, timeOf)
    const to = firstAt(recording.events, time, timeOf, true)
    const mine: number[] = []
    const around: TraceEvent[] = []
    for (let i = from; i < to; i++) {
      const one = recording.events[i]
      if (one.host !== host || one.flow !== flow) continue
      around.push(one.event)
      if (one.segment === number) mine.push(i)
    }
    this.host = host
    this.around = around
    this.events = mine.map((i) => recording.events[i].event)
    const samples = recording.ends.find((end) => end.host === host && end.flow === flow)?.samples ?? []
    const [first, last] = mine.length === 0 ? [from, to - 1] : [mine[0], mine[mine.length - 1]]
    this.before = samples[firstAt(samples, first, eventOf) - 1] ?? null
    const later = samples[firstAt(samples, last, eventOf)] ?? null
    // A simulated receiver was looked at after each segment; all others when all was done that was to do at that moment.
    const exact = recording.scenario !== null && host !== segment.from
    this.after =
      !exact && later !== null && later.time <= time + MOMENT
        ? later
        : (samples[firstAt(samples, last, eventOf, true) - 1] ?? null)
  }

  /** The first event of a kind about the segment. */
  find<K extends Kind>(kind: K): EventOf<K> | null {
    return (this.events.find((event) => event.kind === kind) as EventOf<K> | undefined) ?? null
  }

  /** The first event of a kind at that time. */
  findAround<K extends Kind>(kind: K): EventOf<K> | null {
    return (this.around.find((event) => event.kind === kind) as EventOf<K> | undefined) ?? null
  }
}

/** Milliseconds that a live stack takes for a burst, at most. */
const MOMENT = 1

const timeOf = (record: EventRecord): number => record.time
const eventOf = (sample: EndSample): number => sample.event

/** The index of the first that is not before `at`, or of the first behind it; the list is in order. */
function firstAt<T>(list: readonly T[], at: number, of: (one: T) => number, behind = false): number {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const value = of(list[middle])
    if (value < at || (behind && value === at)) low = middle + 1
    else high = middle
  }
  return low
}
