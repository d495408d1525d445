import { describe, expect, test } from 'vitest'
import { compareScenarios, summarizeRun } from '../../src/model/compare.ts'
import { createSimulation } from '../../src/model/create-simulation.ts'
import type { Recording } from '../../src/model/recording.ts'
import type { Scenario } from '../../src/model/scenario.ts'
import {
  goodputSeries,
  queueSeries,
  rttSeries,
  type Series,
  sequenceSeries,
  windowSeries,
} from '../../src/model/series/series.ts'
import { bulk, scenarioOf } from './scenarios.ts'

function run(scenario: Scenario): Recording {
  const simulation = createSimulation(scenario)
  simulation.runTo(scenario.duration)
  return simulation.recording
}

const most = (values: Float64Array): number => values.reduce((a, b) => Math.max(a, b), 0)

function expectRising({ x, y }: Series): void {
  expect(x.length).toBeGreaterThan(0)
  for (const values of Object.values(y)) expect(values.length).toBe(x.length)
  expect(x).toEqual(x.toSorted())
}

describe('series', () => {
  const scenario = scenarioOf(bulk(300_000), {
    both: { bandwidth: 5_000_000, queue: 20 },
    duration: 5000,
  })
  const recording = run(scenario)

  test('windows: slow start doubles from ten segments, a loss sets ssthresh', () => {
    const series = windowSeries(recording, 'A', 0)
    expectRising(series)
    const { cwnd, ssthresh, inFlight, rwnd } = series.y
    expect(cwnd[0]).toBe(10_000)
    expect(most(cwnd)).toBeGreaterThan(25_000)
    expect(ssthresh[0]).toBeNaN()
    expect(ssthresh.at(-1)).toBeLessThan(most(cwnd))
    expect(most(inFlight)).toBeLessThanOrEqual(most(cwnd) + 1000)
    expect(rwnd.every((window) => window > 0)).toBe(true)
  })

  test('round trips: samples, and what SRTT and RTO make of them', () => {
    const series = rttSeries(recording, 'A', 0)
    expectRising(series)
    expect(series.y.sample[0]).toBeGreaterThanOrEqual(40)
    expect(most(series.y.srtt)).toBeLessThanOrEqual(most(series.y.sample))
    expect(series.y.rto.every((rto, i) => rto >= series.y.srtt[i])).toBe(true)
    const gone = run(scenarioOf({ app: 'vanish', bytes: 50_000, who: 'B', at: 70 }, { duration: 20_000 }))
    const timeouts = rttSeries(gone, 'A', 0)
    const unanswered = [...timeouts.y.rto].slice(-3)
    expect([...timeouts.y.sample].slice(-3)).toEqual([Number.NaN, Number.NaN, Number.NaN])
    expect(unanswered.map((rto) => rto / unanswered[0])).toEqual([1, 2, 4])
  })

  test('goodput: what was read, which is what the line carries', () => {
    const series = goodputSeries(recording, 'B', 0, 200)
    expectRising(series)
    const total = series.y.goodput.reduce((sum, rate) => sum + rate * 0.04, 0) / 8
    expect(Math.abs(total - 300_000)).toBeLessThan(3000)
    // A hole that is filled lets go of all that waits behind it.
    expect(most(series.y.goodput)).toBeLessThanOrEqual(7_000_000)
    expect(most(series.y.goodput)).toBeGreaterThan(4_000_000)
    expect(goodputSeries(recording, 'A', 0).x.length).toBe(0)
  })

  test('queue: no more than there is room for', () => {
    const series = queueSeries(recording, 'A→B')
    expectRising(series)
    expect(most(series.y.packets)).toBe(20)
  })

  test('time and sequence: segments lie between what is acknowledged and the edge of the window', () => {
    const { segments, edges, sacks } = sequenceSeries(recording, 'A', 0)
    for (const series of [segments, edges, sacks]) expectRising(series)
    expect(segments.y.from[0]).toBe(0)
    expect(most(segments.y.to)).toBe(300_002)
    expect(segments.y.lost.reduce((a, b) => a + b)).toBe(
      recording.segments.filter(({ lost, way, length }) => lost !== null && way === 'A→B' && length > 0)
        .length,
    )
    const edge = (name: 'acknowledged' | 'window', time: number): number => {
      const at = edges.x.findLastIndex((x) => x <= time)
      return at < 0 ? Number.NaN : edges.y[name][at]
    }
    for (let i = 1; i < segments.x.length; i++) {
      expect(segments.y.to[i]).toBeLessThanOrEqual(edge('window', segments.x[i]) + 1)
    }
    expect(edges.y.acknowledged.at(-1)).toBe(300_002)
    expect(sacks.y.to.every((to, i) => to > sacks.y.from[i])).toBe(true)
  })
})

describe('comparing two runs', () => {
  test('tells what differs, and how much', () => {
    const scenario = scenarioOf(bulk(200_000), {
      both: { bandwidth: 5_000_000, queue: 30 },
      duration: 20_000,
    })
    const { 'A→B': there, 'B→A': back } = scenario.link
    const slower = { ...scenario, link: { 'A→B': { ...there, latency: 100 }, 'B→A': back } }
    const { first, second, differences, recordings } = compareScenarios(scenario, slower)
    expect(first.delivered).toBe(200_000)
    expect(second.delivered).toBe(200_000)
    expect(second.finishedAt).toBeGreaterThan(first.finishedAt ?? 0)
    expect(differences.map(({ name }) => name)).toContain('finishedAt')
    expect(differences.map(({ name }) => name)).not.toContain('delivered')
    const finished = differences.find(({ name }) => name === 'finishedAt')
    expect(finished?.ratio).toBeCloseTo((second.finishedAt ?? 0) / (first.finishedAt ?? 1))
    expect(summarizeRun(recordings[0])).toEqual(first)
    expect(first.queuePackets).toBeGreaterThan(0)
  })

  test('two runs of the same differ in nothing; one without bytes never finished', () => {
    const scenario = scenarioOf(bulk(20_000), { both: { loss: 0.02 } })
    expect(compareScenarios(scenario, scenario).differences).toEqual([])
    const idle = summarizeRun(run(scenarioOf({ app: 'idle' })))
    expect(idle).toMatchObject({ finishedAt: null, delivered: 0, goodput: 0, again: 0, lost: 0 })
  })
})
