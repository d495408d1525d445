import type { SegmentRecord } from '../model/recording.ts'
import { scenario, vary } from './base.ts'
import { AtoB, BtoA, DATA, events, first, nth, sampleAt } from './find.ts'
import type { Lesson, Runs } from './lesson.ts'

const FORGED = { from: 'forger' } as const

/** What B says when the forged segment comes. */
function answerTo(n: number, { first: run }: Runs): SegmentRecord | null {
  const came = nth(run, n, FORGED)?.arrivedAt ?? null
  return came === null ? null : first(run, { ...BtoA, sentAt: came })
}

const SCENARIO = scenario('Blind injection', {
  duration: 5000,
  latency: 20,
  b: { receiveBuffer: 65_536 },
  flows: [{ app: 'typing', bytes: 100, times: 8, pause: 500 }],
  actions: [
    { at: 1200, do: 'forge', way: 'A→B', flags: 'PA', seq: 900_000, ack: 1, bytes: 50 },
    { at: 2200, do: 'forge', way: 'A→B', flags: 'PA', seq: 501, ack: 4_000_000, bytes: 50 },
    { at: 3200, do: 'forge', way: 'A→B', flags: 'PA', seq: 701, ack: 1, bytes: 50 },
  ],
})

export const blindInjection: Lesson = {
  id: 'blind-injection',
  title: 'Putting words into somebody’s mouth, blind',
  topic: 'Attacks',
  goal: 'List what a blind attacker must guess to inject data, and what checks each guess.',
  minutes: 8,
  needs: ['rst-challenge'],
  scenario: SCENARIO,
  intro: [
    'The forger now wants more than to cut a connection: B shall take 50 bytes for A’s. It can send packets in A’s name, but sees nothing of what A and B say to each other: it is *blind*.',
    'It knows (or tries) both addresses and ports. It still has to guess two numbers: the sequence number, and the acknowledgement, which every segment with data carries.',
  ],
  predict: {
    at: ({ first: run }) => nth(run, 1, FORGED)?.arrivedAt ?? null,
    question:
      'The second forged segment has exactly the right sequence number (a lucky guess), but acknowledges bytes that B has never sent. What becomes of its data?',
    choices: [
      {
        text: 'B takes the data: the sequence number decides.',
        reply:
          'Old TCPs did, more or less. The acknowledgement is a second secret number, and worth a check.',
      },
      {
        text: 'B throws all of it away and answers with an ACK that shows where it is.',
        reply: 'An acknowledgement of something never sent cannot come from the A that B knows.',
      },
      {
        text: 'B resets the connection, since A has gone mad.',
        reply: 'Then any stranger could end it with one bad segment. Suspicion must not be a weapon either.',
      },
    ],
    answer: 1,
  },
  marks: {
    far: ({ first: run }) => nth(run, 0, FORGED),
    badAck: ({ first: run }) => nth(run, 1, FORGED),
    good: ({ first: run }) => nth(run, 2, FORGED),
    answer1: (runs) => answerTo(0, runs),
    answer2: (runs) => answerTo(1, runs),
    answer3: (runs) => answerTo(2, runs),
    real: ({ first: run }) => first(run, { ...AtoB, ...DATA, from: 'A', seq: 701 }),
  },
  steps: [
    {
      at: ({ first: run }) => nth(run, 0, FORGED)?.arrivedAt ?? null,
      text: '{far}: a number far outside of the window. B drops the data and says where it is, {answer1}: `ack 301`. (A gets that answer, and shrugs.)',
      focus: { segments: ['far', 'answer1'], host: 'B', variables: ['rcv.nxt', 'rcv.wnd'] },
    },
    {
      at: ({ first: run }) => nth(run, 1, FORGED)?.arrivedAt ?? null,
      text: '{badAck}: the right number, but `ack 4000000`. Dropped as well; {answer2} is `ack 501`, so not one byte of it was taken.',
      focus: { segments: ['badAck', 'answer2'], host: 'B', variables: ['rcv.nxt', 'snd.nxt'] },
    },
    {
      at: ({ first: run }) => nth(run, 2, FORGED)?.arrivedAt ?? null,
      text: '{good} is right in both. {answer3} acknowledges 751: B has taken 50 bytes of the forger’s and given them to its program.',
      focus: { segments: ['good', 'answer3'], host: 'B', variables: ['rcv.nxt'], view: 'bytes' },
    },
    {
      at: ({ first: run }) => first(run, { ...AtoB, ...DATA, from: 'A', seq: 701 })?.arrivedAt ?? null,
      text: 'When A really sends its bytes from 701 on, {real}, B takes only those from 751 on: the first 50 seem to be a repetition. From here on the two ends believe in different histories.',
      focus: { segments: ['real', 'good'], host: 'B', variables: ['rcv.nxt'], view: 'bytes' },
    },
  ],
  explain: [
    'Two checks stand in the way (RFC 9293 section 3.10.7.4): the sequence number must lie in the window, and the acknowledgement must be neither of bytes never sent nor of bytes too old (RFC 5961 section 5.2). A forger who knows nothing must hit both.',
    'The third guess was right in both, and B takes 50 bytes that A has never sent. Nothing in TCP can tell: whoever sees the connection can write into it. That is what encryption is for: TLS would notice it, and end the connection.',
    'The first defence is that the numbers cannot be guessed: each connection begins at a number that is a keyed hash of its addresses and ports plus a clock (RFC 6528 section 3), from a port chosen at random (RFC 6056).',
  ],
  sources: [
    { where: 'RFC 5961 section 5.2', what: 'the check of the acknowledgement' },
    { where: 'RFC 6528 section 3', what: 'initial sequence numbers' },
    { where: 'RFC 6056 section 3.3', what: 'ports that cannot be guessed' },
  ],
  tryThis: [
    {
      text: 'Forge data that lies ahead of what B expects (number 801 at 3.2 s). What does B say now, and what becomes of it when A’s own bytes come?',
      scenario: vary(SCENARIO, 'Injection ahead', {
        actions: [{ at: 3200, do: 'forge', way: 'A→B', flags: 'PA', seq: 801, ack: 1, bytes: 50 }],
      }),
    },
    {
      text: 'Switch timestamps on at both hosts. What does the third forged segment lack now, and does B mind (RFC 7323 section 3.2)?',
      scenario: vary(SCENARIO, 'Injection against timestamps', { hosts: { timestamps: true } }),
    },
  ],
  claims: [
    {
      text: 'The first is dropped for its number, the second for its acknowledgement.',
      holds: ({ first: run }) =>
        events(run, 'drop', 'B')
          .slice(0, 2)
          .map(({ event }) => event.reason)
          .join() === 'droppedOutOfWindow,droppedBadAck',
    },
    {
      text: 'B answers both with where it is: 301 and 501.',
      holds: (runs) => answerTo(0, runs)?.ack === 301 && answerTo(1, runs)?.ack === 501,
    },
    {
      text: 'The third is taken: 751 is acknowledged, though A has sent 700 bytes only.',
      holds: (runs) => {
        const came = nth(runs.first, 2, FORGED)?.arrivedAt ?? null
        return (
          came !== null &&
          answerTo(2, runs)?.ack === 751 &&
          sampleAt(runs.first, 'B', came)?.rcvNxt === 751 &&
          sampleAt(runs.first, 'A', came)?.sndNxt === 701
        )
      },
    },
    {
      text: 'Of A’s own bytes B then takes those from 751 on: it tells of the others as duplicate (D-SACK).',
      holds: ({ first: run }) => {
        const real = first(run, { ...AtoB, ...DATA, from: 'A', seq: 701 })
        const answer = real === null ? null : first(run, { ...BtoA, sentAt: real.arrivedAt ?? -1 })
        return answer?.sack.join() === '701,751'
      },
    },
  ],
}
