import type { LinkDevice, Stack, TcpTracer } from '@tapwire/stack'
import type { Prompt } from '../recording.ts'
import { other } from '../run/addresses.ts'
import { Conversations } from '../run/conversations.ts'
import { Flag, Headers, ICMPV4, ICMPV6, TCP } from '../run/headers.ts'
import { Recorder } from '../run/recorder.ts'
import { wayFrom } from '../run/segment.ts'
import type { HostName } from '../scenario.ts'
import { endpointsOf } from './endpoints.ts'
import { type FrameListener, LiveDevice } from './live-device.ts'
import { encodeMessage, endRow, eventRow, type LiveMessage, segmentRow } from './messages.ts'

export interface LiveOptions {
  /** Which of the two the live stack is on the page; default B: whoever connects to it stands at the left. */
  readonly host?: HostName
  /** Segments that are kept for pages that come later, 100 to 100,000; default 5,000. */
  readonly segments?: number
  /** Connections that are kept; default 64. */
  readonly flows?: number
  /** Bytes kept of each frame, 128 to 65,535; default 192. */
  readonly snapLength?: number
}

/** Events that are kept for each segment, at most: a burst of decisions makes no endless list. */
const EVENTS_PER_SEGMENT = 8
const SAMPLES_PER_END = 2000

/**
 * Records one live stack for pages that watch it:
 *
 *     const live = new LiveRecorder()
 *     const stack = new Stack({ trace: live.tracer })
 *     stack.addInterface(live.watch(device), …)
 *     live.attach(stack)
 *     // a page has come: send it live.snapshot(); and every 50 ms live.flush(), where that is not null, to all of them
 *
 * Its memory is bounded: what is oldest goes. It takes a few microseconds a segment.
 */
export class LiveRecorder {
  /** For the stack's `trace` option. */
  readonly tracer: TcpTracer
  readonly host: HostName
  readonly #recorder: Recorder
  readonly #segments: number
  readonly #flows: number
  readonly #snapLength: number
  readonly #headers = new Headers()
  readonly #listener: FrameListener
  #stack: Stack | null = null
  #start = Number.NaN
  #nextFlow = 0
  #prompt: Prompt | null = null
  /** What `flush` has told of: numbers of the next segment and event, and of samples of each end. */
  #toldSegments = 0
  #toldEvents = 0
  #toldSamples = new WeakMap<object, number>()

  constructor(options: LiveOptions = {}) {
    const { host = 'B', segments = 5000, flows = 64, snapLength = 192 } = options
    this.host = host
    this.#segments = within('segments', segments, 100, 100_000)
    this.#flows = within('flows', flows, 1, 1000)
    this.#snapLength = within('snapLength', snapLength, 128, 65_535)
    this.#recorder = new Recorder(null, new Conversations(() => this.#nextFlow++))
    this.#recorder.calling = 0
    this.#listener = {
      cameIn: (frame, length) => this.#cameIn(frame, length),
      doneWith: () => this.#recorder.incoming(this.host, null),
      wentOut: (frame, length) => this.#wentOut(frame, length),
      burstEnded: () => this.#burstEnded(),
    }
    this.tracer = {
      onTrace: (kind, time, connection, a, b, c, d) => {
        this.#setTime(time)
        this.#recorder.trace(this.host, kind, time, connection, a, b, c, d)
      },
    }
  }

  /** The same device, watched: for `stack.addInterface`. */
  watch(device: LinkDevice): LinkDevice {
    return new LiveDevice(device, this.#listener, this.#snapLength)
  }

  /** Whose connections are looked at. Without it nothing is known of their variables. */
  attach(stack: Stack): void {
    this.#stack = stack
  }

  /** All that is new since it was last called, as a message; null when nothing is. */
  flush(): string | null {
    this.#sample()
    const message = this.#message(
      this.#toldSegments,
      this.#toldEvents,
      (end) => this.#toldSamples.get(end) ?? 0,
    )
    for (const end of this.#recorder.ends) this.#toldSamples.set(end, end.samples.length)
    this.#toldSegments = this.#recorder.nextNumber
    this.#toldEvents = this.#recorder.lastEvent + 1
    this.#forget()
    const { segments, events, ends } = message
    return segments.length + events.length + ends.length === 0 ? null : encodeMessage(message)
  }

  /** All that is kept: for a page that comes now. What `flush` tells next goes on from there. */
  snapshot(): string {
    this.#sample()
    return encodeMessage(this.#message(0, 0, () => 0))
  }

  #cameIn(frame: Uint8Array, length: number): void {
    if (!this.#isWanted(frame)) return
    this.#tick()
    const { host } = this
    const segment = this.#recorder.sent(wayFrom(other(host)), other(host), frame, null)
    segment.frameLength = length
    this.#prompt = { by: 'segment', segment: segment.number }
    this.#begin(segment.flow, frame, false)
    this.#recorder.incoming(host, segment)
  }

  #wentOut(frame: Uint8Array, length: number): void {
    if (!this.#isWanted(frame)) return
    this.#tick()
    const { host } = this
    const segment = this.#recorder.sent(wayFrom(host), host, frame, this.#prompt)
    segment.frameLength = length
    // When it arrives nobody tells us.
    segment.arrivedAt = segment.sentAt
    this.#begin(segment.flow, frame, true)
  }

  #burstEnded(): void {
    this.#prompt = null
    this.#sample()
    // Nobody may be there to flush.
    const { segments } = this.#recorder
    if (segments.length > 2 * this.#segments) this.#forget()
  }

  /** TCP, and ICMP's errors. */
  #isWanted(frame: Uint8Array): boolean {
    const headers = this.#headers
    if (!headers.read(frame)) return false
    const { protocol, transport } = headers
    if (protocol === TCP) return true
    const type = frame[transport]
    return (protocol === ICMPV4 && [3, 4, 11, 12].includes(type)) || (protocol === ICMPV6 && type < 128)
  }

  /** The first segment of a connection: its end here is one more to be looked at. */
  #begin(flow: number, frame: Uint8Array, outgoing: boolean): void {
    const { book, conversations } = this.#recorder
    this.#recorder.calling = this.#nextFlow
    if (this.#headers.protocol !== TCP || book.ends.some((end) => end.flow === flow)) return
    const { sourcePort, destinationPort, flags } = this.#headers
    const { local } = endpointsOf(frame, this.#headers, outgoing)
    const sender = outgoing ? this.host : other(this.host)
    const opening = (flags & Flag.Syn) !== 0 ? (outgoing ? 'SYN-SENT' : 'LISTEN') : 'ESTABLISHED'
    book.begin(this.host, flow, local, opening, conversations.of(sender, sourcePort, destinationPort))
    if (book.ends.length > this.#flows) book.forget(book.ends[0])
    conversations.keep(4 * this.#flows)
  }

  #sample(): void {
    const stack = this.#stack
    if (stack === null) return
    this.#tick()
    const { book } = this.#recorder
    book.timeWaits(this.host, stack.tcp.sizes.timeWait)
    book.sample((_, id) => stack.tcp.connectionById(id))
  }

  #tick(): void {
    if (this.#stack !== null) this.#setTime(this.#stack.clock.now())
  }

  /** @param now microseconds of the stack's clock */
  #setTime(now: number): void {
    if (Number.isNaN(this.#start)) this.#start = now
    this.#recorder.time = Math.max(this.#recorder.time, (now - this.#start) / 1000)
  }

  #message(segment: number, event: number, sample: (end: object) => number): LiveMessage {
    const recorder = this.#recorder
    const firstSegment = Math.max(segment, recorder.segmentsForgotten)
    const firstEvent = Math.max(event, recorder.eventsForgotten)
    const ends = recorder.ends.flatMap((end) => {
      const samples = end.samples.slice(sample(end))
      return samples.length === 0 ? [] : [endRow(end, samples)]
    })
    return {
      version: 1,
      host: this.host,
      time: recorder.time,
      firstSegment,
      firstEvent,
      segments: recorder.segments.slice(firstSegment - recorder.segmentsForgotten).map(segmentRow),
      events: recorder.events.slice(firstEvent - recorder.eventsForgotten).map(eventRow),
      ends,
    }
  }

  #forget(): void {
    const recorder = this.#recorder
    const segments = Math.max(0, recorder.segments.length - this.#segments)
    const events = Math.max(0, recorder.events.length - this.#segments * EVENTS_PER_SEGMENT)
    recorder.forget(segments, events)
    for (const end of recorder.ends) {
      const extra = end.samples.length - SAMPLES_PER_END
      if (extra <= 0) continue
      end.samples.splice(0, extra)
      this.#toldSamples.set(end, Math.max(0, (this.#toldSamples.get(end) ?? 0) - extra))
    }
  }
}

function within(name: string, value: number, low: number, high: number): number {
  if (Number.isInteger(value) && value >= low && value <= high) return value
  throw new RangeError(`'${name}' must be a whole number from ${low} to ${high}, and not ${value}`)
}
