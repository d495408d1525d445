import type { PlotName } from '../../lessons/lesson.ts'
import type { Recording } from '../../model/recording.ts'
import type { HostName } from '../../model/scenario.ts'
import {
  goodputSeries,
  queueSeries,
  rttSeries,
  sequenceSeries,
  windowSeries,
} from '../../model/series/series.ts'

/** One line of a plot; x in milliseconds of virtual time, rising; NaN where there is no value. */
export interface Line {
  readonly label: string
  /** Index of the palette's lines. */
  readonly colour: number
  readonly shape: 'step' | 'line' | 'points'
  /** Of the run that is compared with. */
  readonly dashed: boolean
  readonly x: Float64Array
  readonly y: Float64Array
}

/** A data segment on the time-sequence graph: a stroke from its first to its last number. */
export interface Stroke {
  readonly x: number
  readonly from: number
  readonly to: number
  readonly what: 'sent' | 'again' | 'lost' | 'sacked'
}

export interface PlotData {
  readonly lines: readonly Line[]
  readonly strokes: readonly Stroke[]
  readonly unit: 'bytes' | 'ms' | 'bit/s' | 'packets'
  /** What lies above is cut off: a line far above the others would press them flat. */
  readonly most?: number
}

export interface PlotQuery {
  /** As far as it is shown. */
  readonly recording: Recording
  readonly host: HostName
  readonly flow: number
  readonly dashed: boolean
}

export const PLOTS: readonly { readonly name: PlotName; readonly title: string; readonly about: string }[] = [
  {
    name: 'window',
    title: 'Windows',
    about: 'Congestion window, slow start threshold, bytes in flight, peer’s window',
  },
  { name: 'rtt', title: 'RTT', about: 'Samples of the round-trip time, SRTT, RTO' },
  { name: 'goodput', title: 'Goodput', about: 'What the receiving application got, per connection' },
  { name: 'queue', title: 'Queue', about: 'Packets waiting at the bottleneck, both ways' },
  {
    name: 'sequence',
    title: 'Sequence',
    about: 'Sequence numbers over time: each segment, the acknowledgements below, the window above',
  },
]

export function plotData(name: PlotName, query: PlotQuery): PlotData {
  switch (name) {
    case 'window':
      return windows(query)
    case 'rtt':
      return roundTrips(query)
    case 'goodput':
      return goodput(query)
    case 'queue':
      return queues(query)
    case 'sequence':
      return sequence(query)
  }
}

/** The end that has sent more data: the one whose windows are worth seeing. */
export function senderOf({ segments }: Recording, flow: number): HostName {
  let balance = 0
  for (const segment of segments) {
    if (segment.flow === flow) balance += segment.way === 'A→B' ? segment.length : -segment.length
  }
  return balance < 0 ? 'B' : 'A'
}

const WINDOW_LINES = [
  ['cwnd', 'cwnd'],
  ['ssthresh', 'ssthresh'],
  ['inFlight', 'in flight'],
  ['rwnd', 'peer’s window'],
] as const

function windows({ recording, host, flow, dashed }: PlotQuery): PlotData {
  const { x, y } = windowSeries(recording, host, flow)
  const most = Math.max(greatest(y.cwnd), greatest(y.inFlight), 1)
  const lines = WINDOW_LINES.map(
    ([name, label], colour): Line => ({ label, colour, shape: 'step', dashed, x, y: y[name] }),
  )
  return { lines, strokes: [], unit: 'bytes', most: most * 1.5 }
}

function roundTrips({ recording, host, flow, dashed }: PlotQuery): PlotData {
  const { x, y } = rttSeries(recording, host, flow)
  return {
    lines: [
      { label: 'sample', colour: 2, shape: 'points', dashed, x, y: y.sample },
      { label: 'SRTT', colour: 0, shape: 'step', dashed, x, y: y.srtt },
      { label: 'RTO', colour: 1, shape: 'step', dashed, x, y: y.rto },
    ],
    strokes: [],
    unit: 'ms',
  }
}

/** Means are taken over this part of the time that has been shown, but not over less than `LEAST_SPAN` milliseconds. */
const SPANS = 40
const LEAST_SPAN = 50
/** As many as there are colours. */
const MOST_FLOWS = 4

function goodput({ recording, host, dashed }: PlotQuery): PlotData {
  const receiver: HostName = host === 'A' ? 'B' : 'A'
  const flows = [...new Set(recording.ends.map(({ flow }) => flow))].slice(0, MOST_FLOWS)
  const span = Math.max(LEAST_SPAN, recording.time / SPANS)
  const lines = flows.map((flow, colour): Line => {
    const { x, y } = goodputSeries(recording, receiver, flow, span)
    const label = flows.length > 1 ? `connection ${flow + 1}` : 'goodput'
    return { label, colour, shape: 'line', dashed, x, y: y.goodput }
  })
  return { lines, strokes: [], unit: 'bit/s' }
}

function queues({ recording, dashed }: PlotQuery): PlotData {
  const lines = (['A→B', 'B→A'] as const).map((way, colour): Line => {
    const { x, y } = queueSeries(recording, way)
    return { label: way, colour, shape: 'step', dashed, x, y: y.packets }
  })
  return { lines, strokes: [], unit: 'packets' }
}

function sequence({ recording, host, flow, dashed }: PlotQuery): PlotData {
  const { segments, edges, sacks } = sequenceSeries(recording, host, flow)
  const strokes: Stroke[] = []
  for (const [at, x] of segments.x.entries()) {
    const { from, to, lost, again } = segments.y
    const what = lost[at] === 1 ? 'lost' : again[at] === 1 ? 'again' : 'sent'
    strokes.push({ x, from: from[at], to: to[at], what })
  }
  for (const [at, x] of sacks.x.entries()) {
    strokes.push({ x, from: sacks.y.from[at], to: sacks.y.to[at], what: 'sacked' })
  }
  const { acknowledged, window } = edges.y
  return {
    lines: [
      { label: 'acknowledged', colour: 0, shape: 'step', dashed, x: edges.x, y: acknowledged },
      { label: 'window’s edge', colour: 3, shape: 'step', dashed, x: edges.x, y: window },
    ],
    strokes: dashed ? [] : strokes,
    unit: 'bytes',
    most: greatest(segments.y.to) * 1.25,
  }
}

function greatest(values: Float64Array): number {
  let most = 0
  for (const value of values) if (value > most) most = value
  return most
}
