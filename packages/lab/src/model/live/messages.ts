import type { EndRecord, EndSample, EventRecord, Prompt, SegmentRecord } from '../recording.ts'
import type { HostName } from '../scenario.ts'
import { fromBase64, toBase64 } from './base64.ts'

/**
 * What a live recorder tells a page: all that is new. Numbers of segments and events go on for ever, whatever was forgotten on
 * either side. JSON, for whatever carries it.
 */
export interface LiveMessage {
  readonly version: 1
  /** The host that is the live stack; the other one is whoever it speaks with. */
  readonly host: HostName
  /** Milliseconds since the recorder began. */
  readonly time: number
  /** Numbers of the first segment and of the first event in it. */
  readonly firstSegment: number
  readonly firstEvent: number
  readonly segments: readonly SegmentRow[]
  readonly events: readonly EventRow[]
  readonly ends: readonly EndRow[]
}

type SegmentRow = readonly [
  way: 0 | 1,
  from: SegmentRecord['from'],
  flow: number,
  time: number,
  kind: SegmentRecord['kind'],
  again: SegmentRecord['again'],
  seq: number,
  ack: number | null,
  length: number,
  flags: string,
  window: number,
  sack: SegmentRecord['sack'],
  label: string,
  frameLength: number,
  frame: string,
  prompt: Prompt | null,
]

type EventRow = readonly [
  time: number,
  host: HostName,
  flow: number,
  segment: number | null,
  event: EventRecord['event'],
]

type EndRow = readonly [host: HostName, flow: number, address: string, samples: readonly EndSample[]]

export function segmentRow(segment: SegmentRecord): SegmentRow {
  const { way, from, flow, sentAt, kind, again, seq, ack, length, flags, window, sack, label } = segment
  const { frame, frameLength = frame.length, prompt = null } = segment
  const numbers = [seq, ack, length, flags, window, sack] as const
  const direction = way === 'A→B' ? 0 : 1
  return [direction, from, flow, sentAt, kind, again, ...numbers, label, frameLength, toBase64(frame), prompt]
}

/** @param number in the recording that it goes to */
export function rowSegment(row: SegmentRow, number: number): SegmentRecord {
  const [direction, from, flow, time, kind, again, seq, ack, length, flags, window, sack] = row
  const [, , , , , , , , , , , , label, frameLength, frame, prompt] = row
  return {
    number,
    way: direction === 0 ? 'A→B' : 'B→A',
    from,
    flow,
    // One side is all that is known: when it left, or when it came.
    sentAt: time,
    arrivedAt: time,
    lost: null,
    damaged: false,
    kind,
    again,
    seq,
    ack,
    length,
    flags,
    window,
    sack,
    frame: fromBase64(frame),
    frameLength,
    label,
    marked: false,
    prompt,
  }
}

export function eventRow({ time, host, flow, segment, event }: EventRecord): EventRow {
  return [time, host, flow, segment, event]
}

export function rowEvent([time, host, flow, segment, event]: EventRow): EventRecord {
  return { time, host, flow, segment, event }
}

export function endRow({ host, flow, address }: EndRecord, samples: readonly EndSample[]): EndRow {
  return [host, flow, address, samples]
}

/** Infinity, as of a pacing rate, is no number of JSON's. */
export function encodeMessage(message: LiveMessage): string {
  return JSON.stringify(message, (_, value) => (value === Number.POSITIVE_INFINITY ? 'Infinity' : value))
}

/** @throws SyntaxError for what is no JSON; RangeError for what is no message of this version */
export function decodeMessage(text: string): LiveMessage {
  const message: unknown = JSON.parse(text, (_, value) =>
    value === 'Infinity' ? Number.POSITIVE_INFINITY : value,
  )
  if (isMessage(message)) return message
  throw new RangeError('This is no message of a live recorder that this page understands')
}

function isMessage(value: unknown): value is LiveMessage {
  if (typeof value !== 'object' || value === null) return false
  const { version, host, time, firstSegment, firstEvent, segments, events, ends } =
    value as Partial<LiveMessage>
  return (
    version === 1 &&
    (host === 'A' || host === 'B') &&
    [time, firstSegment, firstEvent].every((one) => typeof one === 'number') &&
    [segments, events, ends].every((one) => Array.isArray(one))
  )
}
