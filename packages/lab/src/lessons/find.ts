import type { TraceEvent } from '@tapwire/stack'
import type { EndRecord, EndSample, EventRecord, Recording, SegmentRecord } from '../model/recording.ts'
import type { HostName } from '../model/scenario.ts'

/** What is looked for: every field that is given must be the same, or a function of it true. */
export type Wanted = {
  readonly [K in keyof SegmentRecord]?: SegmentRecord[K] | ((value: SegmentRecord[K]) => boolean)
}

function matches(segment: SegmentRecord, wanted: Wanted): boolean {
  for (const key of Object.keys(wanted) as (keyof SegmentRecord)[]) {
    const is: unknown = segment[key]
    const want: unknown = wanted[key]
    if (typeof want === 'function' ? want(is) !== true : want !== is) return false
  }
  return true
}

export function all({ segments }: Recording, wanted: Wanted): SegmentRecord[] {
  return segments.filter((segment) => matches(segment, wanted))
}

/** @param n counts from 0; negative ones from the end */
export function nth(recording: Recording, n: number, wanted: Wanted): SegmentRecord | null {
  return all(recording, wanted).at(n) ?? null
}

export function first(recording: Recording, wanted: Wanted): SegmentRecord | null {
  return recording.segments.find((segment) => matches(segment, wanted)) ?? null
}

export function count(recording: Recording, wanted: Wanted): number {
  return all(recording, wanted).length
}

export const AtoB = { way: 'A→B' } as const
export const BtoA = { way: 'B→A' } as const
/** Segments with payload. */
export const DATA = { length: (length: number) => length > 0 } as const

export type EventOf<K extends TraceEvent['kind']> = EventRecord & {
  readonly event: Extract<TraceEvent, { kind: K }>
}

export function events<K extends TraceEvent['kind']>(
  recording: Recording,
  kind: K,
  host?: HostName,
  flow?: number,
): EventOf<K>[] {
  return recording.events.filter(
    (record): record is EventOf<K> =>
      record.event.kind === kind &&
      (host === undefined || record.host === host) &&
      (flow === undefined || record.flow === flow),
  )
}

export function end(recording: Recording, host: HostName, flow = 0): EndRecord | null {
  return recording.ends.find((one) => one.host === host && one.flow === flow) ?? null
}

/** The variables at that time: the last sample not after it. */
export function sampleAt(recording: Recording, host: HostName, time: number, flow = 0): EndSample | null {
  const samples = end(recording, host, flow)?.samples ?? []
  return samples.findLast((sample) => sample.time <= time) ?? null
}

/** All values that a variable had, in order. */
export function series<T>(recording: Recording, host: HostName, of: (sample: EndSample) => T, flow = 0): T[] {
  return (end(recording, host, flow)?.samples ?? []).map(of)
}

/** The states that an end went through, in order, those that it left in the same moment too. */
export function states(recording: Recording, host: HostName, flow = 0): string[] {
  return events(recording, 'state', host, flow).map(({ event }) => event.to)
}

/** When the host's application had everything up to that relative number in order: payload byte 0 has number 1. */
export function deliveredAt(recording: Recording, host: HostName, upTo: number, flow = 0): number | null {
  const sample = end(recording, host, flow)?.samples.find((one) => one.rcvNxt >= upTo)
  return sample?.time ?? null
}

/** When the other side's acknowledgement of all up to that relative number came. */
export function acknowledgedAt(recording: Recording, host: HostName, upTo: number, flow = 0): number | null {
  const sample = end(recording, host, flow)?.samples.find((one) => one.sndUna >= upTo)
  return sample?.time ?? null
}

/** Whether two times are the same but for so many milliseconds; false where one is missing. */
export function about(value: number | null | undefined, expected: number, tolerance: number): boolean {
  return value !== null && value !== undefined && Math.abs(value - expected) <= tolerance
}

/** The greatest of them, or 0 of none. */
export function max(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0)
}
