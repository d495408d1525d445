import type { Recording } from '../recording.ts'
import { wayFrom } from '../run/segment.ts'
import type { HostName } from '../scenario.ts'
import {
  goodputSeries,
  queueSeries,
  rttSeries,
  type Series,
  sequenceSeries,
  windowSeries,
} from '../series/series.ts'
import { type Column, toCsv } from './csv.ts'

/** The plots, and the segments themselves. */
export type CsvTable = 'window' | 'rtt' | 'goodput' | 'queue' | 'sequence' | 'segments'

/** A table of one end of a connection: a line of heads, then a line each; times in milliseconds. */
export function seriesCsv(recording: Recording, table: CsvTable, host: HostName, flow: number): string {
  switch (table) {
    case 'window':
      return toCsv(columns(windowSeries(recording, host, flow)))
    case 'rtt':
      return toCsv(columns(rttSeries(recording, host, flow)))
    case 'goodput':
      return toCsv(columns(goodputSeries(recording, host, flow)))
    case 'queue':
      return toCsv(columns(queueSeries(recording, wayFrom(host))))
    case 'sequence':
      return toCsv(columns(sequenceSeries(recording, host, flow).segments))
    case 'segments':
      return toCsv(segmentColumns(recording, flow))
  }
}

function columns({ x, y }: Series): Column[] {
  const named = Object.entries(y).map(([head, values]) => ({ head, values: Array.from(values) }))
  return [{ head: 'time', values: Array.from(x) }, ...named]
}

function segmentColumns({ segments }: Recording, flow: number): Column[] {
  const list = segments.filter((segment) => segment.flow === flow)
  const column = (head: string, of: (segment: (typeof list)[number]) => number | string | null): Column => ({
    head,
    values: list.map(of),
  })
  return [
    column('number', ({ number }) => number),
    column('from', ({ from }) => from),
    column('way', ({ way }) => (way === 'A→B' ? 'A to B' : 'B to A')),
    column('sent', ({ sentAt }) => sentAt),
    column('arrived', ({ arrivedAt }) => arrivedAt),
    column('lost', ({ lost }) => lost?.why ?? null),
    column('again', ({ again }) => again),
    column('flags', ({ flags }) => flags),
    column('seq', ({ seq }) => seq),
    column('length', ({ length }) => length),
    column('ack', ({ ack }) => ack),
    column('window', ({ window }) => window),
    column('label', ({ label }) => label),
  ]
}
