import { packets, pcapng } from '@tapwire/stack'
import { describe, expect, test } from 'vitest'
import { createSimulation } from '../../src/model/create-simulation.ts'
import { toCsv } from '../../src/model/export/csv.ts'
import { toPcapng } from '../../src/model/export/pcapng.ts'
import { seriesCsv } from '../../src/model/export/series-csv.ts'
import type { Recording } from '../../src/model/recording.ts'
import type { Scenario } from '../../src/model/scenario.ts'
import { bulk, scenarioOf } from './scenarios.ts'

function run(scenario: Scenario): Recording {
  const simulation = createSimulation(scenario)
  simulation.runTo(scenario.duration)
  return simulation.recording
}

const EPOCH = Date.UTC(2026, 0, 1) * 1000

describe('pcapng', () => {
  const recording = run(scenarioOf(bulk(10_000), { there: { dropData: [3] }, back: { duplicate: 0.3 } }))

  test('has each frame where it left and where it came, at its time', () => {
    const file = pcapng.readPcapng(toPcapng(recording))
    expect(file?.interfaces.map(({ name }) => name)).toEqual(['A', 'B'])
    const expected = recording.segments.flatMap(({ way, sentAt, arrivedAt, copyOf, frame }) => {
      const [from, to] = way === 'A→B' ? [0, 1] : [1, 0]
      const left = { interface: from, time: EPOCH + Math.round(sentAt * 1000), length: frame.length }
      const came = { interface: to, time: EPOCH + Math.round((arrivedAt ?? 0) * 1000), length: frame.length }
      return [...(copyOf == null ? [left] : []), ...(arrivedAt === null ? [] : [came])]
    })
    const found = file?.packets.map((one) => ({
      interface: one.interface,
      time: one.time,
      length: one.bytes.length,
    }))
    const order = (a: { time: number; interface: number }, b: { time: number; interface: number }): number =>
      a.time - b.time || a.interface - b.interface
    expect(found?.toSorted(order)).toEqual(expected.toSorted(order))
    const times = found?.map(({ time }) => time) ?? []
    expect(times).toEqual(times.toSorted((a, b) => a - b))
  })

  test('of one host has what its network card saw', () => {
    const file = pcapng.readPcapng(toPcapng(recording, { hosts: 'B', epoch: 5_000_000 }))
    expect(file?.interfaces).toHaveLength(1)
    const lost = recording.segments.filter((segment) => segment.lost !== null)
    expect(lost).toHaveLength(1)
    const seen = file?.packets.filter(({ bytes }) => {
      const seq = packets.decodeFrame(bytes).tcp?.seq
      return seq === packets.decodeFrame(lost[0].frame).tcp?.seq
    })
    // Only what was sent again has come.
    expect(seen).toHaveLength(1)
    expect(file?.packets[0].time).toBe(5_000_000 + 20_000)
  })
})

describe('CSV', () => {
  const recording = run(
    scenarioOf(bulk(200_000), { both: { bandwidth: 5_000_000, queue: 20 }, there: { loss: 0.01 }, seed: 2 }),
  )

  test.each([
    ['window', 'time,cwnd,ssthresh,inFlight,rwnd'],
    ['rtt', 'time,sample,srtt,rto'],
    ['goodput', 'time,goodput'],
    ['queue', 'time,packets,bytes'],
    ['sequence', 'time,from,to,lost,again'],
    ['segments', 'number,from,way,sent,arrived,lost,again,flags,seq,length,ack,window,label'],
  ] as const)('%s: a line of heads, and as many cells in each line', (table, heads) => {
    const [first, ...rows] = seriesCsv(recording, table, table === 'goodput' ? 'B' : 'A', 0)
      .trimEnd()
      .split('\r\n')
    expect(first).toBe(heads)
    expect(rows.length).toBeGreaterThan(10)
    for (const row of rows) expect(row.split(',')).toHaveLength(heads.split(',').length)
    if (table === 'segments') expect(rows).toHaveLength(recording.segments.length)
  })

  test('what would break a line is quoted, and what is no number is left out', () => {
    const csv = toCsv([
      { head: 'a,b', values: [1, Number.NaN, null] },
      { head: 'say "hi"', values: ['x\ny', 2] },
    ])
    expect(csv).toBe('"a,b","say ""hi"""\r\n1,"x\ny"\r\n,2\r\n,\r\n')
  })
})
