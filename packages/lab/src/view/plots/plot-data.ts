import type { PlotName } from '../../lessons/lesson.ts'
import type { EndSample, QueueSample, Recording, SegmentRecord } from '../../model/recording.ts'
import type { HostName } from '../../model/scenario.ts'
import { endOf } from '../connection/samples.ts'

/** One line of a plot; x in milliseconds of virtual time, rising. */
export interface Line {
  readonly label: string
  /** Index of the palette's lines. */
  readonly colour: number
  readonly shape: 'step' | 'line' | 'points'
  readonly dashed: boolean
  readonly x: readonly number[]
  readonly y: readonly (number | null)[]
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
  readonly recording: Recording
  readonly host: HostName
  readonly flow: number
  /** What comes later is left out. */
  readonly until: number
  /** Of the run that is compared with. */
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
  const data = collect(name, query)
  return { ...data, lines: data.lines.map((line) => carriedTo(line, query.until)) }
}

/** What has not changed since still holds. */
function carriedTo(line: Line, until: number): Line {
  const { x, y, shape } = line
  if (shape !== 'step' || x.length === 0 || x[x.length - 1] >= until) return line
  return { ...line, x: [...x, until], y: [...y, y[y.length - 1]] }
}

function collect(name: PlotName, query: PlotQuery): PlotData {
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

function samplesUntil({ recording, host, flow, until }: PlotQuery): EndSample[] {
  return (endOf(recording, host, flow)?.samples ?? []).filter(({ time }) => time <= until)
}

const NO_THRESHOLD = 0x7fffffff

function windows(query: PlotQuery): PlotData {
  const samples = samplesUntil(query)
  const x = samples.map(({ time }) => time)
  const line = (label: string, colour: number, of: (sample: EndSample) => number | null): Line => ({
    label,
    colour,
    shape: 'step',
    dashed: query.dashed,
    x,
    y: samples.map(of),
  })
  const most = samples.reduce((greatest, { info }) => Math.max(greatest, info.cwnd, info.inFlight), 1)
  return {
    lines: [
      line('cwnd', 0, ({ info }) => info.cwnd),
      line('ssthresh', 1, ({ info }) => (info.ssthresh >= NO_THRESHOLD ? null : info.ssthresh)),
      line('in flight', 2, ({ info }) => info.inFlight),
      line('peer’s window', 3, ({ sndWnd }) => sndWnd),
    ],
    most: most * 1.5,
    strokes: [],
    unit: 'bytes',
  }
}

function roundTrips(query: PlotQuery): PlotData {
  const { recording, host, flow, until, dashed } = query
  const x: number[] = []
  const taken: number[] = []
  for (const { time, host: who, flow: of, event } of recording.events) {
    if (time > until || who !== host || of !== flow || event.kind !== 'rtt') continue
    x.push(time)
    taken.push(event.sample)
  }
  const samples = samplesUntil(query).filter(({ info }) => info.rto > 0)
  const times = samples.map(({ time }) => time)
  const known = (value: number): number | null => (value > 0 ? value : null)
  return {
    lines: [
      { label: 'sample', colour: 2, shape: 'points', dashed, x, y: taken },
      {
        label: 'SRTT',
        colour: 0,
        shape: 'step',
        dashed,
        x: times,
        y: samples.map(({ info }) => known(info.srtt)),
      },
      {
        label: 'RTO',
        colour: 1,
        shape: 'step',
        dashed,
        x: times,
        y: samples.map(({ info }) => known(info.rto)),
      },
    ],
    strokes: [],
    unit: 'ms',
  }
}

/** Intervals that the time which has been shown is cut into. */
const INTERVALS = 60

function goodput({ recording, host, until, dashed }: PlotQuery): PlotData {
  const receiver: HostName = host === 'A' ? 'B' : 'A'
  const flows = [...new Set(recording.ends.map(({ flow }) => flow))].slice(0, 4)
  const length = niceInterval(until / INTERVALS)
  const lines = flows.map((flow, index): Line => {
    const samples = endOf(recording, receiver, flow)?.samples ?? []
    const x: number[] = []
    const y: number[] = []
    let at = 0
    let before = 0
    let now = 0
    for (let from = 0; from < until; from += length) {
      while (at < samples.length && samples[at].time <= Math.min(until, from + length))
        now = samples[at++].rcvNxt
      x.push(from)
      y.push(Math.max(0, ((now - before) * 8 * 1000) / length))
      before = now
    }
    return {
      label: flows.length > 1 ? `connection ${flow + 1}` : 'goodput',
      colour: index,
      shape: 'step',
      dashed,
      x,
      y,
    }
  })
  return { lines, strokes: [], unit: 'bit/s' }
}

/** 1, 2 or 5 times a power of ten milliseconds. */
function niceInterval(length: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(length, 1)))
  return power * ([1, 2, 5, 10].find((factor) => factor * power >= length) ?? 10)
}

function queues({ recording, until, dashed }: PlotQuery): PlotData {
  const line = (way: 'A→B' | 'B→A', colour: number): Line => {
    const samples = recording.queues[way].filter(({ time }: QueueSample) => time <= until)
    return {
      label: way,
      colour,
      shape: 'step',
      dashed,
      x: samples.map(({ time }) => time),
      y: samples.map(({ packets }) => packets),
    }
  }
  return { lines: [line('A→B', 0), line('B→A', 1)], strokes: [], unit: 'packets' }
}

function sequence({ recording, host, flow, until, dashed }: PlotQuery): PlotData {
  const way = host === 'A' ? 'A→B' : 'B→A'
  const strokes: Stroke[] = []
  const acks: number[] = []
  const acked: number[] = []
  const edges: number[] = []
  let highest = 0
  for (const segment of recording.segments) {
    if (segment.sentAt > until) break
    if (segment.flow !== flow) continue
    if (segment.way === way) {
      if (segment.length === 0) continue
      highest = Math.max(highest, segment.seq + segment.length)
      strokes.push(strokeOf(segment, until))
    } else if (segment.ack !== null && segment.arrivedAt !== null && segment.arrivedAt <= until) {
      acks.push(segment.arrivedAt)
      acked.push(segment.ack)
      edges.push(segment.ack + segment.window)
      for (const [from, to] of segment.sack) strokes.push({ x: segment.arrivedAt, from, to, what: 'sacked' })
    }
  }
  const order = acks.map((_, at) => at).sort((a, b) => acks[a] - acks[b])
  const x = order.map((at) => acks[at])
  return {
    lines: [
      { label: 'acknowledged', colour: 0, shape: 'step', dashed, x, y: rising(order.map((at) => acked[at])) },
      {
        label: 'window’s edge',
        colour: 3,
        shape: 'step',
        dashed,
        x,
        y: order.map((at) => edges[at]),
      },
    ],
    most: highest * 1.25,
    strokes: dashed ? [] : strokes,
    unit: 'bytes',
  }
}

/** An ACK that was overtaken takes nothing back. */
function rising(values: number[]): number[] {
  let most = 0
  return values.map((value) => {
    most = Math.max(most, value)
    return most
  })
}

function strokeOf(segment: SegmentRecord, until: number): Stroke {
  const lost = segment.lost !== null && segment.lost.at <= until
  const what = lost ? 'lost' : segment.again === null ? 'sent' : 'again'
  return { x: segment.sentAt, from: segment.seq, to: segment.seq + segment.length, what }
}
