import { scenario, vary } from './base.ts'
import { AtoB, about, all, BtoA, DATA, first, nth } from './find.ts'
import type { Lesson } from './lesson.ts'

const SENT = { ...AtoB, ...DATA }

const SCENARIO = scenario('Delayed acknowledgements', {
  duration: 1500,
  latency: 10,
  hosts: { maxSegment: 500, tailLossProbe: false },
  b: { quickAck: false, delayedAck: 200, receiveBuffer: 60_000 },
  there: { bandwidth: 1_000_000 },
  flows: [{ app: 'typing', bytes: 2500, times: 2, pause: 600 }],
})

export const delayedAck: Lesson = {
  id: 'delayed-ack',
  title: 'Not every segment gets its ACK',
  topic: 'Numbers and windows',
  goal: 'Say when an acknowledgement is sent at once, when it waits, and for how long.',
  minutes: 5,
  needs: ['sequence-numbers'],
  scenario: SCENARIO,
  intro: [
    'An acknowledgement costs a packet, and often there will be one going that way soon anyhow: the answer to what has just come. So a receiver waits a little before it acknowledges. Here B may wait for 200 ms, the longest time in common use (Linux: 40 ms and more).',
    'A writes 2,500 bytes: five full segments of 500 bytes. B’s program reads them and does not answer. After 600 ms A writes as much again, and closes.',
  ],
  predict: {
    at: ({ first: run }) => nth(run, 0, SENT)?.arrivedAt ?? null,
    question:
      'The first of five segments has just come to B. How many acknowledgements will B send for the five, and when?',
    choices: [
      {
        text: 'Five, each at once.',
        reply:
          'It may, and some do at the beginning of a connection. But every second one says it all: acknowledgements are cumulative.',
      },
      {
        text: 'Three: after the second, after the fourth, and 200 ms after the fifth.',
        reply:
          'Every second full segment is acknowledged at once; a single one waits for company, but not for long.',
      },
      {
        text: 'One, 200 ms after the first.',
        reply:
          'In 200 ms a sender could be waiting for room in its window. So at the second segment the waiting ends.',
      },
    ],
    answer: 1,
  },
  marks: {
    ack2: ({ first: run }) => first(run, { ...BtoA, ack: 1001 }),
    ack4: ({ first: run }) => first(run, { ...BtoA, ack: 2001 }),
    fifth: ({ first: run }) => nth(run, 4, SENT),
    late: ({ first: run }) => first(run, { ...BtoA, ack: 2501 }),
  },
  steps: [
    {
      at: ({ first: run }) => nth(run, 1, SENT)?.arrivedAt ?? null,
      text: 'The second segment is here, and B acknowledges both at once with {ack2}: `ack 1001`.',
      focus: { segments: ['ack2'], host: 'B', variables: ['rcv.nxt'] },
    },
    {
      at: ({ first: run }) => nth(run, 3, SENT)?.arrivedAt ?? null,
      text: 'The same with the third and the fourth: {ack4}.',
      focus: { segments: ['ack4'], host: 'B', variables: ['rcv.nxt'] },
    },
    {
      at: ({ first: run }) => nth(run, 4, SENT)?.arrivedAt ?? null,
      text: '{fifth} is alone. B has it, and has given it to its program; the acknowledgement waits.',
      focus: { segments: ['fifth'], host: 'B', variables: ['rcv.nxt'] },
    },
    {
      at: ({ first: run }) => first(run, { ...BtoA, ack: 2501 })?.sentAt ?? null,
      text: '200 ms later nothing has come that could take it along: {late} leaves by itself.',
      focus: { segments: ['late', 'fifth'], host: 'B' },
    },
    {
      at: ({ first: run }) => first(run, { ...BtoA, ack: 5002 })?.sentAt ?? null,
      text: 'The second time there is no waiting at the end: A’s `FIN` comes right behind the last data, and is acknowledged at once.',
      focus: { host: 'B', variables: ['state', 'rcv.nxt'] },
    },
  ],
  explain: [
    'RFC 9293 section 3.8.6.3: an acknowledgement should be delayed, but for less than half a second, and at least every second full-sized segment should get one (also RFC 5681 section 4.2).',
    'What comes out of order, or fills a hole, is acknowledged at once (RFC 5681 section 4.2): then news is worth more than a packet.',
    'Many systems do not delay at the beginning, while the peer is in slow start and needs each acknowledgement to grow (“quick ACK”). In this lesson that is switched off.',
  ],
  sources: [
    { where: 'RFC 9293 section 3.8.6.3', what: 'delayed acknowledgements' },
    { where: 'RFC 5681 section 4.2', what: 'generating acknowledgements' },
  ],
  tryThis: [
    {
      text: 'Let B delay by 40 ms only, as Linux does. Which segment moves, and which do not?',
      scenario: vary(SCENARIO, 'A shorter delay', { b: { delayedAck: 40 } }),
    },
    {
      text: 'Switch quick ACKs on at B. What does the beginning of the connection look like now?',
      scenario: vary(SCENARIO, 'Quick ACKs', { b: { quickAck: true } }),
    },
  ],
  claims: [
    {
      text: 'Five segments of 500 bytes get three acknowledgements: 1001, 2001, 2501.',
      holds: ({ first: run }) =>
        all(run, { ...BtoA, kind: 'ack', sentAt: (at) => at < 600 })
          .map(({ ack }) => ack)
          .join() === '1001,2001,2501',
    },
    {
      text: 'The first two leave when the second and the fourth segment come.',
      holds: ({ first: run }) =>
        [1, 3].every((n, i) => {
          const came = nth(run, n, SENT)?.arrivedAt ?? null
          return about(nth(run, i, { ...BtoA, kind: 'ack' })?.sentAt, came ?? -9, 0.1)
        }),
    },
    {
      text: 'The third leaves 200 ms after the fifth segment.',
      holds: ({ first: run }) =>
        about(first(run, { ...BtoA, ack: 2501 })?.sentAt, (nth(run, 4, SENT)?.arrivedAt ?? 0) + 200, 1),
    },
    {
      text: 'The FIN is acknowledged at once.',
      holds: ({ first: run }) => {
        const fin = first(run, { ...AtoB, kind: 'fin' })
        return fin !== null && first(run, { ...BtoA, ack: 5002 })?.sentAt === fin.arrivedAt
      },
    },
  ],
}
