import { describe, expect, it } from 'vitest'
import { AtoB, all, BtoA, count, DATA, events, first, sampleAt } from '../../src/lessons/find.ts'
import { LESSONS } from '../../src/lessons/index.ts'
import type { Recording } from '../../src/model/recording.ts'
import type { Scenario } from '../../src/model/scenario.ts'
import { record } from './runs.ts'

/** The solutions of the exercises in docs/teaching.md that are about a changed scenario. */
describe('the exercises of the teaching guide', { timeout: 120_000 }, () => {
  it('handshake: without the third segment the request opens the connection at B', () => {
    const run = record(changed('handshake', (one) => withLink(one, 'A→B', { dropAny: [1] })))
    expect(count(run, { again: (why) => why !== null })).toBe(0)
    const request = first(run, { ...AtoB, kind: 'data' })
    const established = events(run, 'state', 'B').find(({ event }) => event.to === 'ESTABLISHED')
    expect(established?.time).toBe(request?.arrivedAt)
  })

  it('simultaneous open: with a slower way back it still is one', () => {
    const run = record(changed('simultaneous-open', (one) => withLink(one, 'B→A', { latency: 60 })))
    expect(count(run, { flags: 'SA' })).toBe(2)
    expect(sampleAt(run, 'B', 89)?.state).toBe('SYN-RECEIVED')
    const [a, b] = (['A', 'B'] as const).map(
      (host) => events(run, 'state', host).find(({ event }) => event.to === 'ESTABLISHED')?.time,
    )
    expect([a, b]).toEqual([90, 90])
  })

  it('delayed ACK: the sixth of six segments is acknowledged at once', () => {
    const run = record(
      changed('delayed-ack', (one) => ({
        ...one,
        flows: [{ app: 'typing', bytes: 3000, times: 2, pause: 600 }],
      })),
    )
    const sixth = all(run, { ...AtoB, ...DATA })[5]
    expect(first(run, { ...BtoA, ack: 3001 })?.sentAt).toBe(sixth.arrivedAt)
  })

  it('Nagle: with a delay of 200 ms the four questions take four times 220 ms', () => {
    const run = record(
      changed('nagle', (one) => withHost({ ...one, duration: 2000 }, 'B', { delayedAck: 200 })),
    )
    const answer = all(run, { ...BtoA, ...DATA })[3]
    expect(answer.arrivedAt).toBeCloseTo(10 + 4 * 220, 0)
  })

  it('receive window: without the window update the next probe finds the window open', () => {
    const plain = record(lesson('receive-window').scenario)
    const update = first(plain, { ...BtoA, kind: 'ack', window: 8000 })
    const run = record(
      changed('receive-window', (one) => ({
        ...one,
        actions: [{ at: 2999, do: 'drop', segment: update?.number ?? -1 }],
      })),
    )
    const probe = all(run, { ...AtoB, kind: 'probe' })[3]
    const next = first(run, { ...AtoB, ...DATA, seq: 8001 })
    expect(Math.round(probe.sentAt / 100)).toBe(41)
    expect((next?.sentAt ?? 0) - probe.sentAt).toBeCloseTo(60, 0)
  })

  it('silly window: with bites of 500 bytes an update leaves after every second one', () => {
    const run = record(
      changed('silly-window', (one) => ({
        ...one,
        flows: [{ app: 'slowReader', bytes: 12_000, read: 500, every: 20, readFrom: 500 }],
      })),
    )
    const updates = all(run, { ...BtoA, kind: 'ack', sentAt: (at) => at >= 500 && at < 540 })
    expect(updates.map(({ sentAt, window }) => [Math.round(sentAt), window])).toEqual([[520, 1000]])
  })

  it('fast retransmit: the last but one segment has to wait for the timer', () => {
    const run = record(changed('fast-retransmit', (one) => withLink(one, 'A→B', { dropData: [8] })))
    expect(all(run, { ...AtoB, again: (why) => why !== null }).map(({ again }) => again)).toEqual(['rto'])
  })

  it('SACK: eight holes take eight round trips without it', () => {
    const { compareWith } = lesson('sack')
    if (compareWith === undefined) throw new Error('There is nothing to compare with')
    const holes = [1, 3, 5, 7, 9, 11, 13, 15]
    const run = record(withLink({ ...compareWith.scenario, duration: 3000 }, 'A→B', { dropData: holes }))
    const again = all(run, { ...AtoB, again: 'fast' })
    expect(again.length).toBe(8)
    expect(again[7].sentAt - again[0].sentAt).toBeGreaterThan(700)
  })

  it('tail loss: for a single segment the probe comes as late as the timer', () => {
    const { scenario, compareWith } = lesson('tail-loss')
    const [probe, timer] = [scenario, compareWith?.scenario ?? scenario].map((one) =>
      first(record(withLink(one, 'B→A', { dropData: [5] })), { ...BtoA, again: (why) => why !== null }),
    )
    expect([probe?.again, timer?.again]).toEqual(['tlp', 'rto'])
    expect(Math.abs((probe?.sentAt ?? 0) - (timer?.sentAt ?? 1e9))).toBeLessThan(5)
  })

  it('spurious timeout: with timestamps the first acknowledgement is the proof', () => {
    const suggestion = lesson('spurious-timeout').tryThis[0]?.scenario
    if (suggestion === undefined) throw new Error('The lesson suggests it no more')
    const run = record(suggestion)
    const [undo] = events(run, 'undo', 'A')
    expect(undo.event.proof).toBe('eifel')
    expect(undo.time).toBe(first(run, { ...BtoA, ack: 5001 })?.arrivedAt)
  })

  it('ECN: with a B that does not know it there is none', () => {
    const run = record(changed('ecn', (one) => withHost({ ...one, duration: 1000 }, 'B', { ecn: false })))
    expect(all(run, { kind: 'syn' }).map(({ flags }) => flags)).toEqual(['SEW', 'SA'])
    expect(count(run, { marked: true })).toBe(0)
  })

  it('path MTU: with an MSS of 1,240 at B nothing is dropped', () => {
    const run = record(changed('pmtu-black-hole', (one) => withHost(one, 'B', { maxSegment: 1240 })))
    expect(count(run, { lost: (lost) => lost !== null })).toBe(0)
    expect(Math.max(...all(run, AtoB).map(({ length }) => length))).toBe(1240)
  })

  it('SYN flood: with room for all of them A keeps its options', () => {
    const suggestion = lesson('syn-flood').tryThis[0]?.scenario
    if (suggestion === undefined) throw new Error('The lesson suggests it no more')
    const run = record(suggestion)
    expect(first(run, { from: 'A', kind: 'ack' })?.window).toBeGreaterThan(65_535)
    expect(first(run, { ...BtoA, ...DATA })?.length).toBe(1000)
  })

  it('fairness: against CUBIC on a short line NewReno keeps more than a third', () => {
    const run = record(
      changed('fairness', (one) => ({
        ...one,
        flows: one.flows.map((flow, i) => (i === 1 ? { ...flow, congestion: 'cubic' as const } : flow)),
      })),
    )
    const [reno, cubic] = [0, 1].map((flow) => delivered(run, flow, 10_000, 20_000))
    expect(reno / (reno + cubic)).toBeGreaterThan(1 / 3)
    expect(cubic).toBeGreaterThan(reno)
  })
})

function lesson(id: string) {
  const found = LESSONS.find((one) => one.id === id)
  if (found === undefined) throw new Error(`There is no lesson '${id}'`)
  return found
}

function changed(id: string, change: (scenario: Scenario) => Scenario): Scenario {
  return change(lesson(id).scenario)
}

function withLink(scenario: Scenario, way: 'A→B' | 'B→A', set: Partial<Scenario['link']['A→B']>): Scenario {
  return { ...scenario, link: { ...scenario.link, [way]: { ...scenario.link[way], ...set } } }
}

function withHost(scenario: Scenario, host: 'A' | 'B', set: Scenario['hosts']['A']): Scenario {
  return { ...scenario, hosts: { ...scenario.hosts, [host]: { ...scenario.hosts[host], ...set } } }
}

function delivered(run: Recording, flow: number, from: number, to: number): number {
  return (sampleAt(run, 'B', to, flow)?.rcvNxt ?? 0) - (sampleAt(run, 'B', from, flow)?.rcvNxt ?? 0)
}
