import { scenario } from './base.ts'
import { AtoB, all, max, nth, series } from './find.ts'
import type { Lesson } from './lesson.ts'

export const fairness: Lesson = {
  id: 'fairness',
  title: 'Two flows share a line',
  topic: 'Congestion control',
  goal: 'Explain why two flows come to equal shares without talking to each other.',
  minutes: 9,
  needs: ['congestion-avoidance'],
  scenario: scenario('Two flows', {
    duration: 30_000,
    latency: 20,
    hosts: { congestion: 'newreno' },
    b: { receiveBuffer: 1_000_000 },
    there: { bandwidth: 1_000_000, queue: 15 },
    flows: [
      { app: 'bulk', from: 'A', bytes: 20_000_000 },
      { app: 'bulk', from: 'A', bytes: 20_000_000, start: 8000 },
    ],
  }),
  intro: [
    'One line of 1 Mbit/s, two uploads. The first has it for itself for eight seconds; then comes the second. They know nothing of each other. Nobody distributes anything: the queue at the line holds 15 packets, and loses what comes when it is full.',
  ],
  predict: {
    at: 8000,
    question: 'At 8 s the first flow has the whole line. How will the two share it in the end?',
    choices: [
      {
        text: 'Who was there first keeps most of it.',
        reply:
          'It would, if both gave back the same *amount* at a loss. They give back the same *part* of what they have.',
      },
      {
        text: 'About half and half.',
        reply: 'Yes. Both add the same, and both give back half: so whoever has more gives back more.',
      },
      {
        text: 'The new one takes over: it begins with slow start and pushes the other aside.',
        reply: 'For a moment that is so. But it meets losses as well, and then the same rule holds for both.',
      },
    ],
    answer: 1,
  },
  marks: {},
  steps: [],
  explain: [
    '*Additive increase, multiplicative decrease*: each round trip one segment more (for both the same), at a loss half (for the larger one more). If one has 30 segments and the other 10, after a loss they have 15 and 5: the difference of 20 has become 10. Growth does not change it, each loss halves it (RFC 5681 section 3.1).',
    'It is fair between equals only. A flow with half the round-trip time adds twice as often; four connections of one program get four shares; and a sender that ignores losses gets all. RFC 2914 section 3 says why that matters to everybody.',
  ],
  sources: [
    { where: 'RFC 5681 section 3.1', what: 'additive increase' },
    { where: 'RFC 2914 section 3', what: 'fairness as a principle' },
  ],
  tryThis: [],
  claims: [
    {
      text: 'x',
      holds: ({ first: run }) =>
        all(run, AtoB).length === 0 ||
        series(run, 'A', (s) => s.time).length === 0 ||
        nth(run, 1, AtoB) === null ||
        max([]) > 0,
    },
  ],
}
