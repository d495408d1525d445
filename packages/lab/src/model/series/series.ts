import type { EndSample, Recording, SegmentRecord } from '../recording.ts'
import { other } from '../run/addresses.ts'
import { wayFrom } from '../run/segment.ts'
import type { HostName, Way } from '../scenario.ts'

/**
 * Series for plots: `x` in milliseconds of the run, rising; each of `y` has as many values, NaN where there is none. Typed arrays, so
 * that a plotting library takes them as they are.
 */
export interface Series<Name extends string = string> {
  readonly x: Float64Array
  readonly y: Readonly<Record<Name, Float64Array>>
}

/** What `ssthresh` is before the first reduction: nothing that a plot could show. */
const UNLIMITED = 0x7fff_ffff

function samplesOf(recording: Recording, host: HostName, flow: number): readonly EndSample[] {
  return recording.ends.find((end) => end.host === host && end.flow === flow)?.samples ?? []
}

function seriesOf<T, Name extends string>(
  list: readonly T[],
  x: (one: T) => number,
  y: Readonly<Record<Name, (one: T) => number>>,
): Series<Name> {
  const names = Object.keys(y) as Name[]
  const columns = names.map((name) => [name, Float64Array.from(list, y[name])] as const)
  return { x: Float64Array.from(list, x), y: Object.fromEntries(columns) as Record<Name, Float64Array> }
}

const timeOf = ({ time }: { readonly time: number }): number => time

/** Bytes: the congestion window, its threshold, what is in flight, and what the peer allows. */
export function windowSeries(
  recording: Recording,
  host: HostName,
  flow: number,
): Series<'cwnd' | 'ssthresh' | 'inFlight' | 'rwnd'> {
  const samples = samplesOf(recording, host, flow).filter(({ info }) => info.cwnd > 0)
  return seriesOf(samples, timeOf, {
    cwnd: ({ info }) => info.cwnd,
    ssthresh: ({ info }) => (info.ssthresh >= UNLIMITED ? Number.NaN : info.ssthresh),
    inFlight: ({ info }) => info.inFlight,
    rwnd: ({ sndWnd }) => sndWnd,
  })
}

/** Milliseconds: each sample of the round trip as it was taken, and what became of it. */
export function rttSeries(
  recording: Recording,
  host: HostName,
  flow: number,
): Series<'sample' | 'srtt' | 'rto'> {
  const points: { time: number; sample: number; srtt: number; rto: number }[] = []
  for (const { host: at, flow: of, time, event } of recording.events) {
    if (at !== host || of !== flow) continue
    if (event.kind === 'rtt') points.push({ time, sample: event.sample, srtt: event.srtt, rto: event.rto })
    // A timeout doubles the RTO without a sample.
    else if (event.kind === 'timeout') {
      points.push({ time, sample: Number.NaN, srtt: points.at(-1)?.srtt ?? Number.NaN, rto: event.rto })
    }
  }
  return seriesOf(points, timeOf, {
    sample: ({ sample }) => sample,
    srtt: ({ srtt }) => srtt,
    rto: ({ rto }) => rto,
  })
}

/**
 * Bits a second that the application at `host` has read, over the last `span` milliseconds (default 100), every fifth of it.
 */
export function goodputSeries(
  recording: Recording,
  host: HostName,
  flow: number,
  span = 100,
): Series<'goodput'> {
  const samples = samplesOf(recording, host, flow)
  const end =
    samples.findLast(({ rcvRead }, i) => i > 0 && rcvRead > Math.max(1, samples[i - 1].rcvRead))?.time ?? 0
  const step = span / 5
  const times = Array.from({ length: end === 0 ? 0 : Math.ceil((end + span) / step) + 1 }, (_, i) => i * step)
  let [now, before] = [0, 0]
  const goodput = times.map((time) => {
    while (now < samples.length && samples[now].time <= time) now++
    while (before < samples.length && samples[before].time <= time - span) before++
    return ((readBy(samples[now - 1]) - readBy(samples[before - 1])) * 8000) / span
  })
  return { x: Float64Array.from(times), y: { goodput: Float64Array.from(goodput) } }
}

function readBy(sample: EndSample | undefined): number {
  return Math.max(0, (sample?.rcvRead ?? 0) - 1)
}

/** What waits at the bottleneck. */
export function queueSeries(recording: Recording, way: Way): Series<'packets' | 'bytes'> {
  return seriesOf(recording.queues[way], timeOf, {
    packets: ({ packets }) => packets,
    bytes: ({ bytes }) => bytes,
  })
}

/**
 * The time-sequence graph of tcptrace, of what `host` sends: bars of the segments from their first to their last number, the
 * acknowledgements below them, the edge of the window above, and what was SACKed.
 */
export interface SequenceSeries {
  /** At the time of sending; `lost` 1 for those that did not arrive, `again` 1 for those sent once more. */
  readonly segments: Series<'from' | 'to' | 'lost' | 'again'>
  /** At the time at which the sender learned of it. */
  readonly edges: Series<'acknowledged' | 'window'>
  readonly sacks: Series<'from' | 'to'>
}

export function sequenceSeries(recording: Recording, host: HostName, flow: number): SequenceSeries {
  const way = wayFrom(host)
  const back = wayFrom(other(host))
  const mine: SegmentRecord[] = []
  const sacks: { time: number; from: number; to: number }[] = []
  for (const segment of recording.segments) {
    if (segment.flow !== flow || segment.kind === 'icmp') continue
    const { arrivedAt, copyOf = null } = segment
    if (segment.way === way) {
      if (segment.from === host && copyOf === null && spanOf(segment) > 0) mine.push(segment)
    } else if (segment.way === back && arrivedAt !== null) {
      for (const [from, to] of segment.sack) sacks.push({ time: arrivedAt, from, to })
    }
  }
  sacks.sort((a, b) => a.time - b.time)
  const samples = samplesOf(recording, host, flow).filter(({ sndNxt }) => sndNxt > 0)
  return {
    segments: seriesOf(mine, ({ sentAt }) => sentAt, {
      from: ({ seq }) => seq,
      to: (segment) => segment.seq + spanOf(segment),
      lost: ({ lost }) => (lost === null ? 0 : 1),
      again: ({ again }) => (again === null ? 0 : 1),
    }),
    edges: seriesOf(samples, timeOf, {
      acknowledged: ({ sndUna }) => sndUna,
      window: ({ sndUna, sndWnd }) => sndUna + sndWnd,
    }),
    sacks: seriesOf(sacks, timeOf, { from: ({ from }) => from, to: ({ to }) => to }),
  }
}

/** Numbers that a segment takes: its bytes, a SYN and a FIN. */
function spanOf({ length, flags }: SegmentRecord): number {
  return length + (flags.includes('S') ? 1 : 0) + (flags.includes('F') ? 1 : 0)
}
