import type { SegmentRecord } from '../model/recording.ts'
import { scenario, vary } from './base.ts'
import { AtoB, about, all, BtoA, count, DATA, first, nth, sampleAt } from './find.ts'
import type { Lesson, Runs } from './lesson.ts'

const SENT = { ...AtoB, ...DATA }

/** The acknowledgements of the same number, but for the first. */
function duplicates({ first: run }: Runs): SegmentRecord[] {
  return all(run, { ...BtoA, kind: 'ack', ack: 3001 }).slice(1)
}

const SCENARIO = scenario('Fast retransmit', {
  duration: 700,
  latency: 50,
  hosts: { congestion: 'newreno', sack: false },
  there: { bandwidth: 4_000_000, queue: 100, dropData: [3] },
  flows: [{ app: 'slowReader', bytes: 10_000, read: 10_000, every: 10, readFrom: 500 }],
})

export const fastRetransmit: Lesson = {
  id: 'fast-retransmit',
  title: 'Three echoes: fast retransmit',
  topic: 'Loss and recovery',
  goal: 'Recognise a lost segment by its duplicate acknowledgements, and say when it is sent again.',
  minutes: 8,
  needs: ['sequence-numbers', 'slow-start'],
  scenario: SCENARIO,
  intro: [
    'A sends ten segments of 1,000 bytes. The fourth, `3001:4001`, gets lost. B receives the three before it and the six after it.',
    'B can only acknowledge what it has without a gap: it says `ack 3001`, “the next byte I need is 3,001”. (The two hosts use no SACK in this lesson: so TCP did it in 1990, and it still works.)',
  ],
  predict: {
    at: ({ first: run }) => nth(run, 4, SENT)?.arrivedAt ?? null,
    question: 'Segment `4001:5001` has just come to B, and before it there is a hole. What does B do?',
    choices: [
      {
        text: 'It keeps the segment, and says nothing until the missing one comes.',
        reply: 'Then A would learn of the loss by its timer only. Silence is the slowest message there is.',
      },
      {
        text: 'It sends `ack 3001` at once, the same as before.',
        reply:
          'And again for each further one: an echo per segment that arrives behind the hole. The first says little; the third will say enough.',
      },
      {
        text: 'It sends `ack 5001` and hopes for the rest.',
        reply:
          'Acknowledgements are cumulative: `ack 5001` would mean that B has every byte below 5,001. A would forget the lost ones, and they would be gone for good.',
      },
      {
        text: 'It throws the segment away, as it came too early, and asks for `3001:4001`.',
        reply:
          'It may do so, but then A would have to send all of it again. Every real TCP keeps what fits into its buffer.',
      },
    ],
    answer: 1,
  },
  marks: {
    lost: ({ first: run }) => first(run, { ...SENT, lost: (lost) => lost !== null }),
    dup1: (runs) => duplicates(runs)[0] ?? null,
    dup2: (runs) => duplicates(runs)[1] ?? null,
    dup3: (runs) => duplicates(runs)[2] ?? null,
    again: ({ first: run }) => first(run, { ...SENT, again: (why) => why !== null }),
    full: ({ first: run }) => first(run, { ...BtoA, ack: (ack) => ack !== null && ack >= 10_001 }),
  },
  steps: [
    {
      at: ({ first: run }) => first(run, { ...SENT, lost: (lost) => lost !== null })?.sentAt ?? null,
      text: '{lost} is dropped, just behind A. The nine others go on.',
      focus: { segments: ['lost'], host: 'A', variables: ['snd.nxt', 'snd.una'] },
    },
    {
      at: (runs) => duplicates(runs)[2]?.sentAt ?? null,
      text: '{dup1}, {dup2}, {dup3}: the same `ack 3001` for each segment that comes behind the hole. B keeps those segments: see its tape.',
      focus: { segments: ['dup1', 'dup2', 'dup3'], host: 'B', variables: ['rcv.nxt'], view: 'tapes' },
    },
    {
      at: ({ first: run }) => first(run, { ...SENT, again: (why) => why !== null })?.sentAt ?? null,
      text: 'With the third duplicate A has seen enough: {again} is the lost one. `ssthresh` falls to half of what was in flight, 3,500 bytes. The timer would have rung some 200 ms later.',
      focus: {
        segments: ['again', 'dup3'],
        host: 'A',
        variables: ['cwnd', 'ssthresh', 'recovery', 'rto'],
        plot: 'window',
      },
    },
    {
      at: ({ first: run }) =>
        first(run, { ...BtoA, ack: (ack) => ack !== null && ack >= 10_001 })?.arrivedAt ?? null,
      text: 'The hole is filled, and one acknowledgement says so for everything: {full} jumps from 3,001 to the end.',
      focus: { segments: ['full'], host: 'A', variables: ['snd.una', 'recovery'], view: 'tapes' },
    },
  ],
  explain: [
    'A receiver should acknowledge at once what comes out of order (RFC 5681 section 4.2). The sender counts: a duplicate acknowledgement carries no data, acknowledges nothing new and tells the same window.',
    'One or two may be reordering: the segment is still on its way and another has overtaken it. With the third the sender takes it for lost and sends it again without waiting for the timer: *fast retransmit*. `ssthresh` becomes half of what was in flight (RFC 5681 section 3.2).',
    'Each duplicate also says that *something* has left the network: the sender may send new segments for them meanwhile, if it has any. That is *fast recovery*. It ends when everything that was sent before the loss was noticed is acknowledged.',
  ],
  sources: [
    { where: 'RFC 5681 section 3.2', what: 'fast retransmit and fast recovery' },
    { where: 'RFC 6582 section 3', what: 'NewReno: more than one loss without SACK' },
  ],
  tryThis: [
    {
      text: 'Lose the ninth segment instead. How many duplicates come now? What must A wait for?',
      scenario: vary(SCENARIO, 'A loss near the end', { there: { dropData: [8] } }),
    },
    { text: 'Drop {again} as well. Which kind of retransmission repairs that?' },
  ],
  claims: [
    {
      text: 'Only segment 3001:4001 is lost, and B acknowledges 3001 once and then again for each segment that comes behind.',
      holds: (runs) =>
        all(runs.first, { lost: (lost) => lost !== null })
          .map(({ seq }) => seq)
          .join() === '3001' && duplicates(runs).length >= 6,
    },
    {
      text: 'It is sent again when the third duplicate comes, and not before.',
      holds: (runs) => {
        const again = all(runs.first, { ...SENT, again: (why) => why !== null })
        return (
          again.length === 1 &&
          again[0].again === 'fast' &&
          again[0].sentAt === duplicates(runs)[2]?.arrivedAt
        )
      },
    },
    {
      text: 'That is one round trip after it was lost, and before the timer (srtt + 200 ms).',
      holds: ({ first: run }) => {
        const again = first(run, { ...SENT, again: 'fast' })
        const lost = first(run, { ...SENT, lost: (lost) => lost !== null })
        return (
          again !== null &&
          lost !== null &&
          about(again.sentAt - lost.sentAt, 113, 1) &&
          count(run, { again: 'rto' }) === 0
        )
      },
    },
    {
      text: 'ssthresh is 3,500 then.',
      holds: ({ first: run }) => {
        const again = first(run, { ...SENT, again: 'fast' })
        return again !== null && sampleAt(run, 'A', again.sentAt)?.info.ssthresh === 3500
      },
    },
    {
      text: 'After it B acknowledges everything at once.',
      holds: ({ first: run }) => {
        const again = first(run, { ...SENT, again: 'fast' })
        const next =
          again === null ? null : nth(run, 0, { ...BtoA, sentAt: (at) => at >= (again.arrivedAt ?? 1e9) })
        return next !== null && next.ack === 10_002
      },
    },
  ],
}
