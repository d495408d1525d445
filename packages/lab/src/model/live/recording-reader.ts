import type { EndRecord, EndSample, EventRecord, Recording, SegmentRecord } from '../recording.ts'
import type { HostName } from '../scenario.ts'
import { decodeMessage, type LiveMessage, rowEvent, rowSegment } from './messages.ts'

export interface ReaderOptions {
  /** Segments that are kept, 100 to 200,000; default 20,000. */
  readonly segments?: number
  /** Connections that are kept; default 64. */
  readonly flows?: number
}

interface ReadEnd extends EndRecord {
  samples: EndSample[]
}

/** Of what is kept, so much may be there on top before what is oldest goes: then all is numbered anew. */
const SLACK = 1.25

/** A recording of a live stack, put together from the messages of its `LiveRecorder`. */
export class RecordingReader {
  /** It grows as messages come, and loses its oldest part now and then: `skipped` says how many segments. */
  readonly recording: LiveRecording = new LiveRecording()
  readonly #segments: number
  readonly #flows: number
  /** Events of the recorder's that are not here any more. */
  #eventsSkipped = 0

  constructor({ segments = 20_000, flows = 64 }: ReaderOptions = {}) {
    this.#segments = segments
    this.#flows = flows
  }

  /**
   * Takes a message in. What it tells that is known already is passed over; where something was missed, all begins anew with it.
   * @throws SyntaxError, RangeError for what no recorder has sent
   */
  apply(text: string): void {
    const message = decodeMessage(text)
    const { recording } = this
    const next = recording.skipped + recording.segments.length
    if (message.firstSegment > next) this.#restart(message)
    recording.host = message.host
    recording.time = Math.max(recording.time, message.time)
    this.#addSegments(message)
    this.#addEvents(message)
    for (const row of message.ends) this.#addSamples(row)
    if (recording.segments.length > this.#segments * SLACK) this.#forget()
  }

  #addSegments({ firstSegment, segments }: LiveMessage): void {
    const { recording } = this
    for (const [i, row] of segments.entries()) {
      const number = firstSegment + i - recording.skipped
      if (number !== recording.segments.length) continue
      const segment = rowSegment(row, number)
      recording.segments.push(renumbered(segment, number, recording.skipped))
    }
  }

  #addEvents({ firstEvent, events }: LiveMessage): void {
    const { recording } = this
    for (const [i, row] of events.entries()) {
      if (firstEvent + i < this.#eventsSkipped + recording.events.length) continue
      const event = rowEvent(row)
      const segment = event.segment === null ? null : event.segment - recording.skipped
      recording.events.push({ ...event, segment: segment !== null && segment < 0 ? null : segment })
    }
  }

  #addSamples([host, flow, address, samples]: LiveMessage['ends'][number]): void {
    const { ends } = this.recording
    let end = ends.find((one) => one.host === host && one.flow === flow)
    if (end === undefined) {
      end = { host, flow, address, samples: [] }
      ends.push(end)
      if (ends.length > this.#flows) ends.shift()
    }
    const known = end.samples.at(-1)
    for (const sample of samples) {
      const event = sample.event - this.#eventsSkipped
      if (
        known !== undefined &&
        (sample.time < known.time || (sample.time === known.time && event <= known.event))
      )
        continue
      end.samples.push({ ...sample, event: Math.max(-1, event) })
    }
  }

  #restart({ firstSegment, firstEvent }: LiveMessage): void {
    const { recording } = this
    recording.segments.length = 0
    recording.events.length = 0
    recording.ends.length = 0
    recording.skipped = firstSegment
    this.#eventsSkipped = firstEvent
  }

  #forget(): void {
    const { recording } = this
    const gone = recording.segments.length - this.#segments
    recording.segments = recording.segments.slice(gone).map((segment, i) => renumbered(segment, i, gone))
    recording.skipped += gone
    const since = recording.segments[0].sentAt
    const events = recording.events.findIndex(({ time }) => time >= since)
    const eventsGone = events < 0 ? recording.events.length : events
    recording.events = recording.events.slice(eventsGone).map((event) => {
      const segment = event.segment === null ? null : event.segment - gone
      return { ...event, segment: segment !== null && segment < 0 ? null : segment }
    })
    this.#eventsSkipped += eventsGone
    for (const end of recording.ends) {
      // The last one before stays: it is how things stood then.
      const first = Math.max(0, end.samples.findIndex(({ time }) => time >= since) - 1)
      end.samples = end.samples
        .slice(first)
        .map((sample) => ({ ...sample, event: Math.max(-1, sample.event - eventsGone) }))
    }
  }
}

/** As `Recording` has it, for a stack that goes on. Times are those of the live stack: of what it sends, when; of the rest, when it came. */
export class LiveRecording implements Recording {
  readonly scenario = null
  segments: SegmentRecord[] = []
  events: EventRecord[] = []
  readonly ends: ReadEnd[] = []
  readonly queues = { 'A→B': [], 'B→A': [] }
  time = 0
  over = false
  /** Which of the two is the live stack. */
  host: HostName = 'B'
  /** Segments that were forgotten: a number that was noted earlier is that much smaller now. */
  skipped = 0
}

/** With the number that it has here, and those that it names. */
function renumbered(segment: SegmentRecord, number: number, gone: number): SegmentRecord {
  const { prompt = null } = segment
  if (prompt?.by !== 'segment') return { ...segment, number }
  const named = prompt.segment - gone
  return { ...segment, number, prompt: named < 0 ? null : { by: 'segment', segment: named } }
}
