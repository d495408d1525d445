import { describe, expect, test } from 'vitest'
import { createSimulation } from '../../src/model/create-simulation.ts'
import { DROPS } from '../../src/model/explain/drops.ts'
import { type Explanation, explainSegment } from '../../src/model/explain/explain.ts'
import type { Recording, SegmentRecord } from '../../src/model/recording.ts'
import type { Scenario } from '../../src/model/scenario.ts'
import { bulk, scenarioOf } from './scenarios.ts'

function run(scenario: Scenario): Recording {
  const simulation = createSimulation(scenario)
  simulation.runTo(scenario.duration)
  return simulation.recording
}

type Part = keyof Explanation

/** Sentences with their RFCs, about the first segment that is meant. */
function said(recording: Recording, part: Part, which: (segment: SegmentRecord) => boolean): string {
  const segment = recording.segments.find(which)
  if (segment === undefined) throw new Error('there is no such segment')
  return explainSegment(recording, segment.number)
    [part].map(({ text, where }) => `${text} (${where ?? ''})`)
    .join('\n')
}

const neat = { maxSegment: 1000, timestamps: false }
const asking = { app: 'requests', request: 3000, response: 100, times: 1, pause: 0 } as const

describe('why a segment was sent', () => {
  test('the handshake, data that the application wrote, and data that an ACK let go', () => {
    const recording = run(scenarioOf(bulk(30_000)))
    expect(said(recording, 'sent', ({ number }) => number === 0)).toMatch(
      /application wants.*RFC 9293 section 3.5/,
    )
    expect(said(recording, 'sent', ({ number }) => number === 1)).toMatch(/has had a `SYN` and answers/)
    expect(said(recording, 'sent', ({ seq, length }) => seq === 1 && length > 0)).toMatch(
      /application has written/,
    )
    const clocked = said(recording, 'sent', ({ seq }) => seq === 10_001)
    expect(clocked).toMatch(/An ACK has come/)
    expect(clocked).toMatch(/`cwnd` is [\d,]+ bytes, the peer’s window [\d,]+; .* are in flight/)
    expect(said(recording, 'sent', ({ kind }) => kind === 'fin')).toMatch(/will send no more/)
  })

  test.each([
    ['rack', scenarioOf(bulk(20_000), { there: { dropData: [4] } }), /RACK.*RFC 8985 section 6.2/],
    [
      'fast',
      scenarioOf(bulk(20_000), {
        there: { dropData: [4] },
        hosts: { A: { ...neat, sack: false }, B: { ...neat, sack: false } },
      }),
      /fast retransmit.*RFC 5681 section 3.2/,
    ],
    ['tlp', scenarioOf(asking, { there: { dropData: [2] } }), /tail loss probe.*RFC 8985 section 7/],
    [
      'rto',
      scenarioOf(asking, {
        there: { dropData: [2] },
        hosts: { A: { ...neat, tailLossProbe: false }, B: neat },
      }),
      /timer has run out.*RFC 6298 section 5/,
    ],
    ['syn', scenarioOf(asking, { there: { dropAny: [0] } }), /No answer has come.*RFC 6298/],
  ] as const)('again: %s', (cause, scenario, words) => {
    expect(said(run(scenario), 'sent', ({ again }) => again === cause)).toMatch(words)
  })

  test('a path that carries smaller packets only', () => {
    const recording = run(scenarioOf(bulk(5000), { hosts: { A: {}, B: {} }, there: { mtu: 1000 } }))
    expect(said(recording, 'sent', ({ kind }) => kind === 'icmp')).toMatch(/too large.*RFC 1191 section 4/)
    expect(said(recording, 'received', ({ kind }) => kind === 'icmp')).toMatch(
      /at most 1,000 bytes from now on/,
    )
    expect(said(recording, 'notable', ({ lost }) => lost !== null)).toMatch(/larger than the next link/)
    expect(said(recording, 'sent', ({ again }) => again !== null)).toMatch(/smaller packets only/)
  })

  test('ACKs: what came, out of order, after a wait, of a window that opens, of a probe', () => {
    const late = run(
      scenarioOf(
        { app: 'typing', bytes: 1, times: 1, pause: 1 },
        { hosts: { A: neat, B: { ...neat, quickAck: false } } },
      ),
    )
    // The FIN is acknowledged at once; so the byte is followed by it.
    expect(said(late, 'sent', ({ way, kind }) => way === 'B→A' && kind === 'ack')).toMatch(
      /received everything/,
    )
    const delayed = run(
      scenarioOf(
        { app: 'typing', bytes: 1, times: 3, pause: 500 },
        { hosts: { A: neat, B: { ...neat, quickAck: false } } },
      ),
    )
    expect(said(delayed, 'sent', ({ way, prompt }) => way === 'B→A' && prompt?.by === 'timer')).toMatch(
      /Its timer has run out.*RFC 9293 section 3.8.6.3/,
    )
    const slow = run(
      scenarioOf(
        { app: 'slowReader', bytes: 20_000, read: 2000, every: 100, readFrom: 2000 },
        { hosts: { A: neat, B: { ...neat, receiveBuffer: 5000 } } },
      ),
    )
    expect(said(slow, 'sent', ({ kind }) => kind === 'probe')).toMatch(/window is shut.*\(probe 1\)/)
    const answer = slow.segments.find(
      ({ prompt }) => prompt?.by === 'segment' && slow.segments[prompt.segment].kind === 'probe',
    )
    expect(said(slow, 'sent', ({ number }) => number === answer?.number)).toMatch(/answers the probe/)
    expect(said(slow, 'sent', ({ kind, prompt }) => kind === 'ack' && prompt?.by === 'application')).toMatch(
      /there is room again.*RFC 9293 section 3.8.6.2.2/,
    )
    expect(said(slow, 'notable', ({ window, kind }) => window === 0 && kind === 'ack')).toMatch(
      /Its window is 0/,
    )
    expect(said(slow, 'received', ({ window, kind }) => window === 0 && kind === 'ack')).toMatch(
      /must not send more/,
    )
  })

  test('what somebody forged, and the challenge that answers it', () => {
    const forge = { at: 100, do: 'forge', way: 'A→B', flags: 'R', seq: 100, ack: 0, bytes: 0 } as const
    const recording = run(scenarioOf({ app: 'idle' }, { actions: [forge] }))
    expect(said(recording, 'sent', ({ from }) => from === 'forger')).toMatch(/Neither host has sent this/)
    expect(said(recording, 'received', ({ from }) => from === 'forger')).toMatch(
      /challenge.*RFC 5961 section 3.2/,
    )
    expect(said(recording, 'sent', ({ sentAt, from }) => sentAt > 100 && from === 'B')).toMatch(
      /not what B could take/,
    )
  })
})

describe('what the receiver did', () => {
  const recording = run(scenarioOf(bulk(20_000), { there: { dropData: [4] } }))

  test('in order, each segment of a burst by itself; out of order; and the hole that is filled', () => {
    const received = (seq: number): string =>
      said(recording, 'received', (one) => one.seq === seq && one.length > 0 && one.lost === null)
    expect(received(1)).toMatch(/`RCV.NXT` is 1,001 now/)
    expect(received(1001)).toMatch(/`RCV.NXT` is 2,001 now/)
    expect(received(6001)).toMatch(
      /keeps the 1,000 bytes.*2,000 bytes before them are missing, from 4,001 on/,
    )
    expect(received(4001)).toMatch(/and a hole is filled/)
  })

  test('acknowledged, measured, found lost, recovered; states', () => {
    const all = recording.segments
      .flatMap(({ number }) => explainSegment(recording, number).received)
      .map(({ text }) => text)
      .join('\n')
    for (const words of [
      /It acknowledges everything of A’s before 4,001\./,
      /A measures a round trip of 40 ms: `SRTT` is/,
      /A takes 1,000 bytes in flight for lost/,
      /begins a recovery/,
      /recovery began has arrived: it is over/,
      /A goes from `SYN-SENT` to `ESTABLISHED`/,
      /B goes from `SYN-RECEIVED` to `ESTABLISHED`/,
      /Somebody listens for it at B/,
    ]) {
      expect(all).toMatch(words)
    }
  })

  test('nothing of what was lost, or is on its way; and of what there is not', () => {
    const lost = recording.segments.find((segment) => segment.lost !== null)
    expect(explainSegment(recording, lost?.number ?? -1).received).toEqual([])
    expect(explainSegment(recording, 1_000_000)).toEqual({ sent: [], received: [], notable: [] })
    const early = createSimulation(scenarioOf(bulk(1000)))
    early.runTo(10)
    expect(explainSegment(early.recording, 0).received).toEqual([])
  })

  test('ECN: offered, marked, told, and heeded', () => {
    const host = { ...neat, ecn: true }
    const marked = run(
      scenarioOf(bulk(60_000), {
        hosts: { A: host, B: host },
        there: { bandwidth: 1_000_000, queue: 5, ecn: true },
        duration: 5000,
      }),
    )
    expect(said(marked, 'notable', ({ number }) => number === 0)).toMatch(/offers ECN/)
    expect(said(marked, 'notable', (one) => one.marked)).toMatch(/mark of congestion.*RFC 3168 section 5/)
    expect(said(marked, 'received', (one) => one.marked)).toMatch(/will say so in its ACKs/)
    expect(said(marked, 'received', ({ flags, kind }) => kind === 'ack' && flags.includes('E'))).toMatch(
      /reduces its window as for a loss/,
    )
  })

  test('damage, and what came twice', () => {
    const damaged = run(scenarioOf(bulk(3000), { actions: [{ at: 0, do: 'flip', segment: 4, bit: 600 }] }))
    expect(said(damaged, 'received', (one) => one.damaged)).toMatch(/checksum is wrong/)
    expect(said(damaged, 'notable', (one) => one.damaged)).toMatch(/Bits of it were turned/)
    const twice = run(scenarioOf(bulk(3000), { there: { duplicate: 1 } }))
    const copy = ({ copyOf, length }: SegmentRecord): boolean =>
      copyOf !== null && copyOf !== undefined && length > 0
    expect(said(twice, 'sent', copy)).toMatch(/The link has made a second one/)
    expect(said(twice, 'received', copy)).toMatch(/has all of these 1,000 bytes already/)
    expect(said(twice, 'notable', ({ sack }) => sack.length > 0)).toMatch(/D-SACK/)
  })
})

test('every sentence has its time, and every reason of a drop its words', () => {
  const recording = run(scenarioOf(bulk(50_000), { both: { loss: 0.05 } }))
  for (const { number, sentAt, arrivedAt } of recording.segments) {
    const { sent, received } = explainSegment(recording, number)
    expect(sent.length).toBeGreaterThan(0)
    for (const { at } of sent) expect(at).toBe(sentAt)
    for (const { at } of received) expect(at).toBe(arrivedAt)
  }
  for (const [text, rfc, section] of Object.values(DROPS)) {
    expect(text).toMatch(/^(?:its|it|a|the|there|as) /i)
    expect(rfc).toBeGreaterThan(700)
    expect(section).toMatch(/^\d[\d.]*$/)
  }
})
