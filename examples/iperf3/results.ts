import { JsonFields } from './json-fields.ts'
import { MAX_STREAMS } from './protocol.ts'

/** What one side has seen of a stream, after what was to be omitted. */
export interface StreamResult {
  readonly id: number
  readonly bytes: number
  /** Segments sent again; -1 where it is not known, as it is not by a receiver. */
  readonly retransmits: number
  /** Seconds (RFC 3550 section 6.4.1); UDP only, as are the others. */
  readonly jitter: number
  /** Datagrams that did not come. */
  readonly errors: number
  readonly packets: number
  readonly seconds: number
}

export interface Results {
  /** Percent of one processor. */
  readonly cpu: number
  readonly hasRetransmits: boolean
  readonly congestion: string
  readonly streams: readonly StreamResult[]
}

export function resultsToJson(results: Results): object {
  return {
    cpu_util_total: results.cpu,
    cpu_util_user: results.cpu,
    cpu_util_system: 0,
    sender_has_retransmits: results.hasRetransmits ? 1 : 0,
    congestion_used: results.congestion,
    streams: results.streams.map(({ id, bytes, retransmits, jitter, errors, packets, seconds }) => ({
      id,
      bytes,
      retransmits,
      jitter,
      errors,
      omitted_errors: 0,
      packets,
      omitted_packets: 0,
      start_time: 0,
      end_time: seconds,
    })),
  }
}

const HUGE = Number.MAX_SAFE_INTEGER

/** @throws ProtocolError for what is missing, of the wrong type, or out of bounds */
export function resultsFromJson(value: unknown): Results {
  const fields = new JsonFields(value, 'results')
  const streams = fields.list('streams').slice(0, 2 * MAX_STREAMS)
  return {
    cpu: fields.number('cpu_util_total', 0, HUGE, 0),
    hasRetransmits: fields.count('sender_has_retransmits') === 1,
    congestion: fields.text('congestion_used', ''),
    streams: streams.map((item) => {
      const stream = new JsonFields(item, 'results of a stream')
      return {
        id: stream.number('id', 0, HUGE, 0),
        bytes: stream.number('bytes', 0, HUGE, 0),
        retransmits: stream.count('retransmits'),
        jitter: stream.number('jitter', 0, HUGE, 0),
        // Those before the end of what is omitted are counted apart.
        errors: Math.max(0, stream.count('errors')) - Math.max(0, stream.count('omitted_errors')),
        packets: Math.max(0, stream.count('packets')) - Math.max(0, stream.count('omitted_packets')),
        seconds: stream.number('end_time', 0, HUGE, 0),
      }
    }),
  }
}
