import { describe, expect, test } from 'vitest'
import { createSimulation } from '../../src/model/create-simulation.ts'
import type { Recording } from '../../src/model/recording.ts'
import type { HostName, Scenario } from '../../src/model/scenario.ts'
import { bulk, scenarioOf } from './scenarios.ts'

function run(scenario: Scenario): Recording {
  const simulation = createSimulation(scenario)
  simulation.runTo(scenario.duration)
  return simulation.recording
}

/** Bytes that the application at this end has read. */
function read({ ends }: Recording, host: HostName, flow = 0): number {
  const samples = ends.find((end) => end.host === host && end.flow === flow)?.samples ?? []
  return (samples.findLast(({ rcvNxt }) => rcvNxt > 0)?.rcvRead ?? 1) - 1
}

const lastState = ({ ends }: Recording, host: HostName): string | undefined =>
  ends.find((end) => end.host === host)?.samples.at(-1)?.state

describe('what applications do', () => {
  test('bulk: all bytes arrive, from whichever side', () => {
    const fromA = run(scenarioOf(bulk(50_000)))
    expect([read(fromA, 'A'), read(fromA, 'B')]).toEqual([0, 50_000])
    const fromB = run(scenarioOf({ app: 'bulk', from: 'B', bytes: 50_000 }))
    expect([read(fromB, 'A'), read(fromB, 'B')]).toEqual([50_000, 0])
    for (const recording of [fromA, fromB]) {
      expect([lastState(recording, 'A'), lastState(recording, 'B')]).toEqual(['CLOSED', 'CLOSED'])
      expect(recording.over).toBe(true)
    }
  })

  test('requests: so many questions and answers, with a pause between them', () => {
    const recording = run(scenarioOf({ app: 'requests', request: 10, response: 3000, times: 4, pause: 100 }))
    expect([read(recording, 'A'), read(recording, 'B')]).toEqual([12_000, 40])
    const questions = recording.segments.filter(({ way, kind }) => way === 'A→B' && kind === 'data')
    expect(questions.map(({ sentAt }) => sentAt)).toEqual([40, 180, 320, 460])
  })

  test('typing: a few bytes at a time, which Nagle gathers and noDelay does not', () => {
    const typing = { app: 'typing', bytes: 1, times: 10, pause: 10 } as const
    const sizes = (recording: Recording) =>
      recording.segments.filter(({ way, length }) => way === 'A→B' && length > 0).map(({ length }) => length)
    expect(sizes(run(scenarioOf({ ...typing, nagle: false })))).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1, 1])
    const gathered = sizes(run(scenarioOf(typing)))
    expect(gathered.length).toBeLessThan(6)
    expect(gathered.reduce((a, b) => a + b)).toBe(10)
  })

  test('slowReader: the window shuts, is probed, and opens as the application reads', () => {
    const host = { maxSegment: 1000, timestamps: false }
    const recording = run(
      scenarioOf(
        { app: 'slowReader', bytes: 20_000, read: 2000, every: 100, readFrom: 2000 },
        { hosts: { A: host, B: { ...host, receiveBuffer: 5000 } } },
      ),
    )
    expect(read(recording, 'B')).toBe(20_000)
    const probes = recording.segments.filter(({ kind }) => kind === 'probe')
    expect(probes.length).toBeGreaterThan(1)
    expect(probes.map(({ again }) => again)).toEqual([null, ...probes.slice(1).map(() => 'probe')])
    expect(probes.every(({ sentAt }) => sentAt < 2020)).toBe(true)
    expect(recording.segments.some(({ way, window }) => way === 'B→A' && window === 0)).toBe(true)
  })

  test('halfClose: B answers after A has shut its side', () => {
    const recording = run(scenarioOf({ app: 'halfClose', bytes: 1500, answer: 2500 }))
    expect([read(recording, 'A'), read(recording, 'B')]).toEqual([2500, 1500])
    const fin = recording.segments.find(({ way, flags }) => way === 'A→B' && flags.includes('F'))
    const answer = recording.segments.find(({ way, length }) => way === 'B→A' && length > 0)
    expect(answer?.sentAt).toBeGreaterThan(fin?.sentAt ?? 0)
  })

  test('simultaneousOpen: two SYNs cross, and one connection comes of it', () => {
    const recording = run(scenarioOf({ app: 'simultaneousOpen', bytes: 500 }))
    expect(recording.segments.slice(0, 4).map(({ label }) => label)).toEqual([
      'SYN',
      'SYN',
      'SYN ACK',
      'SYN ACK',
    ])
    expect(recording.segments.every(({ again }) => again === null)).toBe(true)
    expect([read(recording, 'A'), read(recording, 'B')]).toEqual([500, 500])
    expect(recording.ends.map(({ samples }) => samples.some(({ state }) => state === 'CLOSING'))).toEqual([
      true,
      true,
    ])
  })

  test('vanish: nobody answers any more, and keepalive finds out', () => {
    const recording = run(
      scenarioOf({ app: 'vanish', bytes: 500, who: 'B', at: 200, keepAlive: 5000 }, { duration: 100_000 }),
    )
    const after = recording.segments.filter(({ sentAt }) => sentAt > 200)
    expect(after.map(({ kind }) => kind)).toEqual([...Array(9).fill('probe'), 'rst'])
    for (const { sentAt, lost } of after) expect(lost).toEqual({ at: sentAt + 20, why: 'gone' })
    expect(lastState(recording, 'A')).toBe('CLOSED')
    expect(recording.events.some(({ host, time }) => host === 'B' && time > 200)).toBe(false)
  })

  test('synFlood: cookies let the honest one in; without them it is thrown out', () => {
    const host = { maxSegment: 1000, timestamps: false }
    const flood = { app: 'synFlood', syns: 20, backlog: 4 } as const
    const withCookies = run(scenarioOf(flood))
    expect([read(withCookies, 'A'), read(withCookies, 'B')]).toEqual([1000, 100])
    const without = run(scenarioOf(flood, { hosts: { A: host, B: { ...host, synCookies: false } } }))
    expect([read(without, 'A'), read(without, 'B')]).toEqual([0, 0])
    expect(without.segments.some(({ way, kind }) => way === 'B→A' && kind === 'rst')).toBe(true)
    expect(without.segments.filter(({ from }) => from === 'forger')).toHaveLength(20)
    // What B answers to addresses that there are not goes nowhere.
    const answers = without.segments.filter(({ way, kind, lost }) => way === 'B→A' && kind === 'syn' && lost)
    expect(answers.every(({ lost }) => lost?.why === 'gone')).toBe(true)
    expect(answers.length).toBeGreaterThanOrEqual(20)
  })

  test('idle: a handshake, and silence', () => {
    const recording = run(scenarioOf({ app: 'idle' }))
    expect(recording.segments.map(({ label }) => label)).toEqual(['SYN', 'SYN ACK', 'ack 1 win 131072'])
    expect(lastState(recording, 'A')).toBe('ESTABLISHED')
  })

  test('several flows run beside each other, each with its own numbers and start', () => {
    const recording = run(
      scenarioOf([
        bulk(3000),
        { app: 'bulk', from: 'B', bytes: 4000, start: 35 },
        { app: 'idle', start: 500 },
      ]),
    )
    expect([read(recording, 'B', 0), read(recording, 'A', 1)]).toEqual([3000, 4000])
    expect(recording.ends.map(({ host, flow }) => `${host}${flow}`)).toEqual([
      'A0',
      'B0',
      'A1',
      'B1',
      'A2',
      'B2',
    ])
    for (const flow of [0, 1, 2]) {
      const [syn, answer] = recording.segments.filter((segment) => segment.flow === flow)
      expect([syn.label, syn.seq, answer.label, answer.ack]).toEqual(['SYN', 0, 'SYN ACK', 1])
      expect(syn.sentAt).toBe([0, 35, 500][flow])
    }
  })
})
