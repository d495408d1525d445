import { packets } from '@tapwire/stack'
import { describe, expect, test } from 'vitest'
import { createSimulation } from '../../src/model/create-simulation.ts'
import type { Recording, SegmentRecord } from '../../src/model/recording.ts'
import type { Action, Scenario } from '../../src/model/scenario.ts'
import { bulk, scenarioOf } from './scenarios.ts'

function run(scenario: Scenario): Recording {
  const simulation = createSimulation(scenario)
  simulation.runTo(scenario.duration)
  return simulation.recording
}

const data = ({ segments }: Recording): SegmentRecord[] => segments.filter(({ length }) => length > 0)
const lost = ({ segments }: Recording): SegmentRecord[] => segments.filter((segment) => segment.lost !== null)
const causes = (recording: Recording) => new Set(lost(recording).map((segment) => segment.lost?.why))

const brief = { duration: 5000 }

describe('what happens to segments', () => {
  test('each segment arrives, is lost with a cause, or is still on its way', () => {
    const recording = run(
      scenarioOf(bulk(300_000), {
        duration: 3000,
        there: { loss: 0.01, duplicate: 0.02, bandwidth: 2_000_000, queue: 8, jitter: 5, reorder: 0.01 },
      }),
    )
    for (const { arrivedAt, lost: gone, sentAt } of recording.segments) {
      expect(arrivedAt === null || gone === null).toBe(true)
      if (arrivedAt !== null) expect(arrivedAt).toBeGreaterThanOrEqual(sentAt)
      else if (gone === null) expect(sentAt).toBeGreaterThan(2500)
    }
    expect(causes(recording)).toEqual(new Set(['loss', 'queue']))
    const copies = recording.segments.filter(({ copyOf }) => copyOf != null)
    expect(copies.length).toBeGreaterThan(0)
    for (const copy of copies) expect(copy.label).toBe(recording.segments[copy.copyOf ?? 0].label)
  })

  test('a full queue drops, and its samples are what waits', () => {
    const recording = run(
      scenarioOf(bulk(100_000), { there: { bandwidth: 1_000_000, queue: 10 }, duration: 5000 }),
    )
    expect(causes(recording)).toEqual(new Set(['queue']))
    const samples = recording.queues['A→B']
    expect(Math.max(...samples.map(({ packets: count }) => count))).toBe(10)
    expect(samples.at(-1)).toMatchObject({ packets: 0, bytes: 0 })
    expect(samples.every(({ time }, i) => i === 0 || time > samples[i - 1].time)).toBe(true)
    expect(recording.queues['B→A']).toEqual([])
  })

  test('CoDel drops what waits, and marks instead where hosts do ECN', () => {
    const line = { bandwidth: 2_000_000, queue: 1000, codel: true, ecn: true }
    const dropped = run(scenarioOf(bulk(800_000), { there: line, duration: 5000 }))
    expect(causes(dropped)).toEqual(new Set(['codel']))
    const host = { maxSegment: 1000, ecn: true }
    const marked = run(
      scenarioOf(bulk(800_000), { there: line, duration: 5000, hosts: { A: host, B: host } }),
    )
    expect(lost(marked)).toEqual([])
    expect(marked.segments.some((segment) => segment.marked)).toBe(true)
    expect(marked.segments.some(({ flags }) => flags.includes('E') && !flags.includes('S'))).toBe(true)
  })

  test('dropData and dropAny choose segments by their numbers', () => {
    const byData = run(scenarioOf(bulk(5000), { there: { dropData: [1, 3] } }))
    expect(lost(byData).map(({ seq }) => seq)).toEqual([1001, 3001])
    expect(causes(byData)).toEqual(new Set(['dropped']))
    const any = run(scenarioOf(bulk(5000), { back: { dropAny: [0] } }))
    expect(lost(any).map(({ label }) => label)).toEqual(['SYN ACK'])
  })

  test('why a segment was sent again: RACK, counting, the timer, a tail loss probe, a SYN', () => {
    const again = (scenario: Scenario) =>
      new Set(run(scenario).segments.flatMap(({ again: why }) => (why === null ? [] : [why])))
    const host = { maxSegment: 1000, timestamps: false }
    const without = { ...host, sack: false }
    const noProbe = { ...host, tailLossProbe: false }
    expect(again(scenarioOf(bulk(20_000), { there: { dropData: [4] } }))).toEqual(new Set(['rack']))
    const counting = { there: { dropData: [4] }, hosts: { A: without, B: without } }
    expect(again(scenarioOf(bulk(20_000), counting))).toEqual(new Set(['fast']))
    const asking = { app: 'requests', request: 3000, response: 1, times: 1, pause: 0 } as const
    expect(again(scenarioOf(asking, { there: { dropData: [2] } }))).toEqual(new Set(['tlp']))
    const timer = { there: { dropData: [2] }, hosts: { A: noProbe, B: noProbe } }
    expect(again(scenarioOf(asking, timer))).toEqual(new Set(['rto']))
    expect(again(scenarioOf(bulk(3000), { there: { dropAny: [0] } }))).toEqual(new Set(['syn']))
  })

  test('a packet larger than the MTU: the sender is told, or not, and the search of RFC 4821 finds out', () => {
    const hosts = { A: {}, B: {} }
    for (const ip of [4, 6] as const) {
      for (const router of [false, true]) {
        const told = run(scenarioOf(bulk(5000), { hosts, ip, router, there: { mtu: 1300 } }))
        const errors = told.segments.filter(({ kind }) => kind === 'icmp')
        expect(errors.length).toBeGreaterThan(0)
        for (const error of errors) {
          expect(error).toMatchObject({ from: 'router', way: 'B→A', flow: 0 })
          expect(error.label).toMatch(/too big, MTU 1300/)
          expect(packets.decodeFrame(error.frame).problems).toEqual([])
        }
        expect(causes(told)).toEqual(new Set(['mtu']))
        expect(told.ends[1].samples.at(-1)?.rcvRead).toBe(5001)
      }
    }
    const silent = run(scenarioOf(bulk(5000), { hosts, there: { mtu: 1300, icmp: false } }))
    expect(silent.segments.some(({ kind }) => kind === 'icmp')).toBe(false)
    expect(silent.ends[1].samples.at(-1)?.rcvRead).toBe(5001)
  })

  test('a router takes a hop off and sends with its own MAC address; every frame is sound', () => {
    for (const ip of [4, 6] as const) {
      const recording = run(scenarioOf(bulk(3000), { ip, router: true }))
      for (const { frame, from } of recording.segments) {
        const { problems, ipv4, ipv6, ethernet } = packets.decodeFrame(frame)
        expect(problems).toEqual([])
        expect(ipv4?.ttl ?? ipv6?.hopLimit).toBe(64)
        expect(ethernet?.destination[5]).toBe(from === 'A' ? 0xf1 : 0xf2)
      }
      expect(recording.ends[1].samples.at(-1)?.rcvRead).toBe(3001)
    }
  })
})

describe('what a person does', () => {
  const after = (scenario: Scenario, ...actions: Action[]): Recording => {
    let simulation = createSimulation(scenario)
    for (const action of actions) simulation = simulation.withAction(action)
    simulation.runTo(scenario.duration)
    return simulation.recording
  }

  test('comes to the same point again, with one action more, and leaves the first run as it was', () => {
    const scenario = scenarioOf(bulk(5000), brief)
    const first = createSimulation(scenario)
    first.runTo(45)
    const count = first.recording.segments.length
    const second = first.withAction({ at: 45, do: 'dropNext', way: 'A→B' })
    expect(second.recording.time).toBe(45)
    expect(second.recording.segments.map(({ label }) => label)).toEqual(
      first.recording.segments.map(({ label }) => label),
    )
    expect(second.scenario.actions).toEqual([{ at: 45, do: 'dropNext', way: 'A→B' }])
    second.runTo(5000)
    expect(first.recording.segments).toHaveLength(count)
    expect(lost(second.recording)).toHaveLength(1)
  })

  test('drops this segment, or the next one, or the next one with data', () => {
    const scenario = scenarioOf(bulk(5000), brief)
    expect(lost(after(scenario, { at: 40, do: 'drop', segment: 4 })).map(({ number }) => number)).toEqual([4])
    const next = after(scenario, { at: 30, do: 'dropNext', way: 'A→B' })
    expect(lost(next).map(({ kind }) => kind)).toEqual(['ack'])
    const nextData = after(scenario, { at: 30, do: 'dropNext', way: 'A→B', data: true })
    expect(lost(nextData).map(({ label }) => label)).toEqual(['seq 1:1001 ack 1 win 131072'])
  })

  test('flips a bit: it comes, its checksum is wrong, and it is sent again', () => {
    const recording = after(scenarioOf(bulk(5000), brief), { at: 40, do: 'flip', segment: 4, bit: 800 })
    const [damaged, ...others] = recording.segments.filter((segment) => segment.damaged)
    expect(others).toEqual([])
    expect(damaged.arrivedAt).toBe(60)
    // The frame is as it was sent.
    expect(packets.decodeFrame(damaged.frame).problems).toEqual([])
    const drop = recording.events.find(
      ({ segment, event }) => segment === damaged.number && event.kind === 'drop',
    )
    expect(drop?.event).toMatchObject({ reason: 'droppedBadChecksum' })
    expect(data(recording).filter(({ seq }) => seq === damaged.seq)).toHaveLength(2)
  })

  test('forges a RST: with the right number it ends the connection, with another in the window it is challenged', () => {
    const scenario = scenarioOf({ app: 'idle' }, { duration: 1000 })
    const forged = (seq: number): Recording =>
      after(scenario, { at: 100, do: 'forge', way: 'A→B', flags: 'R', seq, ack: 0, bytes: 0 })
    const right = forged(1)
    expect(right.ends[1].samples.at(-1)?.state).toBe('CLOSED')
    const wrong = forged(100)
    expect(wrong.ends[1].samples.at(-1)?.state).toBe('ESTABLISHED')
    const [rst, challenge] = wrong.segments.slice(3)
    expect(rst).toMatchObject({
      from: 'forger',
      way: 'A→B',
      kind: 'rst',
      seq: 100,
      sentAt: 100,
      arrivedAt: 110,
    })
    expect(challenge).toMatchObject({ from: 'B', kind: 'ack', seq: 1, ack: 1 })
  })

  test('changes the link: from then on it is as was said', () => {
    const recording = after(scenarioOf(bulk(50_000), brief), {
      at: 70,
      do: 'link',
      way: 'A→B',
      set: { latency: 50 },
    })
    for (const { way, sentAt, arrivedAt } of recording.segments) {
      if (way === 'A→B') expect((arrivedAt ?? 0) - sentAt).toBe(sentAt < 70 ? 20 : 50)
    }
  })

  test('closes an end, or aborts it', () => {
    const scenario = scenarioOf({ app: 'idle' }, { duration: 1000 })
    const closed = after(scenario, { at: 100, do: 'close', host: 'B', flow: 0 })
    expect(closed.segments[3]).toMatchObject({ kind: 'fin', from: 'B', sentAt: 100 })
    const aborted = after(scenario, { at: 100, do: 'abort', host: 'A', flow: 0 })
    expect(aborted.segments[3]).toMatchObject({ kind: 'rst', from: 'A', sentAt: 100 })
    expect(aborted.ends.map(({ samples }) => samples.at(-1)?.state)).toEqual(['CLOSED', 'CLOSED'])
  })

  test('numbers go on over the wrap-around', () => {
    const host = { maxSegment: 1000, timestamps: false }
    const recording = run(
      scenarioOf(bulk(5000), { hosts: { A: { ...host, isn: 0xffff_f000 }, B: { ...host, isn: 0 } } }),
    )
    const [syn, answer] = recording.segments
    expect(packets.decodeFrame(syn.frame).tcp?.seq).toBe(0xffff_f000)
    expect(packets.decodeFrame(answer.frame).tcp?.seq).toBe(0)
    expect(data(recording).map(({ seq }) => seq)).toEqual([1, 1001, 2001, 3001, 4001])
    expect(recording.ends[0].samples.at(-1)?.sndUna).toBe(5002)
  })
})
