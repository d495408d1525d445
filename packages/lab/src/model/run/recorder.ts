import { decodeTrace, type TraceEvent, type TraceKind } from '@tapwire/stack'
import type {
  CallRecord,
  EventRecord,
  LossCause,
  Prompt,
  QueueSample,
  Recording,
  SegmentRecord,
} from '../recording.ts'
import type { HostName, Scenario, Way } from '../scenario.ts'
import type { Conversations } from './conversations.ts'
import { EndBook } from './end-book.ts'
import { Flag, Headers, TCP } from './headers.ts'
import { describeIcmp } from './icmp-label.ts'
import { describeSegment, Segment, senderOf } from './segment.ts'
import { SegmentMarks } from './segment-marks.ts'

/** What one run may grow to. */
export interface RunLimits {
  /** Segments, after which it stops; default 100,000: some 400 MB with all that is told of them, and eight seconds of a processor. */
  readonly segments?: number
  /** Frames are kept whole up to so many bytes together, default 64 MiB; after that the first 128 bytes of each. */
  readonly frameBytes?: number
}

const MOST_SEGMENTS = 100_000
const MOST_FRAME_BYTES = 64 * 1024 * 1024
const HEADERS_KEPT = 128

/** Puts a recording together from what is seen of a run. Everything it is told has happened at `time`. */
export class Recorder implements Recording {
  readonly scenario: Scenario | null
  readonly segments: Segment[] = []
  readonly events: EventRecord[] = []
  readonly calls: CallRecord[] = []
  readonly queues: Record<Way, QueueSample[]> = { 'A→B': [], 'B→A': [] }
  /** Milliseconds. */
  time = 0
  over = false
  stopped: 'tooManySegments' | null = null
  /** Segments that have arrived, for those who wait for the next one. */
  arrivals = 0
  readonly conversations: Conversations
  readonly book: EndBook
  /** Segments and events that were here and are forgotten: what is left has numbers from there on. */
  segmentsForgotten = 0
  eventsForgotten = 0
  readonly #marks: SegmentMarks
  readonly #headers = new Headers()
  readonly #mostSegments: number
  readonly #mostFrameBytes: number
  #frameBytes = 0
  /** What each host works on: the segment that has come in, and the last one that left. */
  readonly #incoming: Record<HostName, Segment | null> = { A: null, B: null }
  readonly #outgoing: Record<HostName, Segment | null> = { A: null, B: null }
  /** The application of this flow is calling its stack. */
  calling: number | null = null

  constructor(scenario: Scenario | null, conversations: Conversations, limits: RunLimits = {}) {
    this.#mostSegments = limits.segments ?? MOST_SEGMENTS
    this.#mostFrameBytes = limits.frameBytes ?? MOST_FRAME_BYTES
    this.scenario = scenario
    this.conversations = conversations
    this.book = new EndBook(this)
    this.#marks = new SegmentMarks(scenario)
  }

  /** There are as many segments as there may be. */
  get full(): boolean {
    return this.segments.length >= this.#mostSegments
  }

  /** That of the next segment. */
  get nextNumber(): number {
    return this.segmentsForgotten + this.segments.length
  }

  /** The number of the last event; -1 before the first one. */
  get lastEvent(): number {
    return this.eventsForgotten + this.events.length - 1
  }

  get ends(): EndBook['ends'] {
    return this.book.ends
  }

  /** A frame leaves somebody; nothing is known of its fate yet. */
  sent(way: Way, from: SegmentRecord['from'], frame: Uint8Array, prompt: Prompt | null): Segment {
    const segment = new Segment(this.nextNumber, way, from, this.time, frame)
    segment.prompt = prompt
    this.segments.push(segment)
    const host = senderOf(way)
    if (from === 'A' || from === 'B') this.#outgoing[host] = segment
    this.#describe(segment, host)
    if (this.scenario !== null) this.#keepLess(segment)
    return segment
  }

  /** The link makes a second one of it. */
  copied(segment: Segment): Segment {
    const copy = Object.assign(
      new Segment(this.nextNumber, segment.way, segment.from, this.time, segment.frame),
      { ...segment, number: this.nextNumber, sentAt: this.time, copyOf: segment.number },
    )
    copy.conversation = segment.conversation
    this.segments.push(copy)
    return copy
  }

  /** The device had no room after all: it did not leave. Only for the last one. */
  unsend(segment: Segment): void {
    if (this.segments[this.segments.length - 1] === segment) this.segments.pop()
  }

  lost(segment: Segment, why: LossCause, at = this.time): void {
    if (segment.lost === null && segment.arrivedAt === null) segment.lost = { at, why }
  }

  /** From now on until `incoming(host, null)` the host works on it. */
  incoming(host: HostName, segment: Segment | null): void {
    this.#incoming[host] = segment
    if (segment === null || segment.arrivedAt !== null) return
    segment.arrivedAt = this.time
    this.arrivals++
  }

  queued(way: Way, packets: number, bytes: number, at: number): void {
    const list = this.queues[way]
    const last = list[list.length - 1]
    const sample = { time: at, packets, bytes }
    // Of what happens at one moment only the outcome is kept.
    if (last !== undefined && last.time === at) list[list.length - 1] = sample
    else list.push(sample)
  }

  /** An application has called its stack, or is about to. */
  called(host: HostName, flow: number, call: CallRecord['call'], bytes: number): void {
    this.calls.push({ time: this.time, host, flow, call, bytes, event: this.lastEvent })
  }

  /** A stack's tracer says something. */
  trace(
    host: HostName,
    kind: TraceKind,
    time: number,
    connection: number,
    a: number,
    b: number,
    c: number,
    d: number,
  ): void {
    this.traced(host, decodeTrace(kind, time, connection, a, b, c, d))
  }

  traced(host: HostName, event: TraceEvent): void {
    const segment = this.#segmentOf(host, event)
    this.#marks.note(host, event, segment)
    const flow = segment?.flow ?? this.book.flowOf(host, event.connection) ?? this.calling ?? 0
    this.book.note(host, flow, event, segment)
  }

  push(host: HostName, flow: number, event: TraceEvent, segment: number | null): void {
    this.events.push({ time: this.time, host, flow, event, segment })
  }

  /** Out: what has just left. In: what is being worked on; decisions made then are about it, too. */
  #segmentOf(host: HostName, event: TraceEvent): Segment | null {
    switch (event.kind) {
      case 'segmentOut':
      case 'retransmit':
      case 'keepaliveProbe':
      case 'windowProbe':
      case 'tailProbe':
        return this.#outgoing[host]
      default:
        return this.#incoming[host]
    }
  }

  /** Of what is oldest, so many. */
  forget(segments: number, events: number): void {
    this.segments.splice(0, segments)
    this.segmentsForgotten += segments
    this.events.splice(0, events)
    this.eventsForgotten += events
  }

  #describe(segment: Segment, from: HostName): void {
    const headers = this.#headers
    if (!headers.read(segment.frame)) return
    if (headers.protocol !== TCP) {
      describeIcmp(segment, headers, this.conversations)
      return
    }
    const conversation = this.conversations.of(from, headers.sourcePort, headers.destinationPort)
    segment.flow = conversation.flow
    segment.conversation = conversation
    const real = segment.from !== 'forger'
    if ((headers.flags & Flag.Syn) !== 0 && (real || !conversation.numbers.seq[from].known)) {
      if (conversation.learnSyn(from, segment.frame, headers) && real) segment.again = 'syn'
    }
    describeSegment(segment, headers, conversation.numbersOf(from, headers, real))
  }

  #keepLess(segment: Segment): void {
    this.#frameBytes += segment.frame.length
    if (this.#frameBytes > this.#mostFrameBytes && segment.frame.length > HEADERS_KEPT) {
      segment.frame = segment.frame.slice(0, HEADERS_KEPT)
    }
  }
}
