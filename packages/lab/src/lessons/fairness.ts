import type { Recording } from '../model/recording.ts'
import { scenario, vary } from './base.ts'
import { AtoB, about, events, first, sampleAt } from './find.ts'
import type { Lesson } from './lesson.ts'

/** Goodput of a flow in a span of time, kbit/s. */
function rate(run: Recording, flow: number, from: number, to: number): number {
  const bytes = (sampleAt(run, 'B', to, flow)?.rcvNxt ?? 0) - (sampleAt(run, 'B', from, flow)?.rcvNxt ?? 0)
  return (bytes * 8) / (to - from)
}

const FLOW = { app: 'bulk', from: 'A', bytes: 20_000_000 } as const

const SCENARIO = scenario('Two flows', {
  duration: 20_000,
  latency: 20,
  hosts: { congestion: 'newreno' },
  b: { receiveBuffer: 1_000_000 },
  there: { bandwidth: 1_000_000, queue: 15 },
  flows: [FLOW, { ...FLOW, start: 5000 }],
})

export const fairness: Lesson = {
  id: 'fairness',
  title: 'Two flows share a line',
  topic: 'Congestion control',
  goal: 'Explain why two flows come to equal shares without talking to each other.',
  minutes: 9,
  needs: ['congestion-avoidance'],
  scenario: SCENARIO,
  intro: [
    'One line of 1 Mbit/s, two uploads. The first has it for itself for five seconds; then comes the second. They know nothing of each other. Nobody distributes anything: the queue at the line holds 15 packets, and loses what comes when it is full.',
  ],
  predict: {
    at: 5000,
    question: 'At 5 s the first flow has the whole line. How will the two share it in the end?',
    choices: [
      {
        text: 'Who was there first keeps most of it.',
        reply:
          'It would, if both gave back the same *amount* at a loss. They give back the same *part* of what they have.',
      },
      {
        text: 'About half and half.',
        reply: 'Both add the same, and both give back half: so whoever has more gives back more.',
      },
      {
        text: 'The new one takes over: it begins with slow start and pushes the other aside.',
        reply: 'For a moment that is so. But it meets losses as well, and then the same rule holds for both.',
      },
    ],
    answer: 1,
  },
  marks: {
    syn: ({ first: run }) => first(run, { ...AtoB, kind: 'syn', flow: 1 }),
    loss: ({ first: run }) =>
      first(run, { ...AtoB, flow: 0, sentAt: (at) => at > 5000, lost: (lost) => lost !== null }),
  },
  steps: [
    {
      at: 4900,
      text: 'Alone: the saw of NewReno, some 950 kbit/s of goodput. The line is never empty, since its queue lasts for the time after each halving.',
      focus: { host: 'A', variables: ['cwnd', 'ssthresh'], plot: 'goodput' },
    },
    {
      at: 6600,
      text: 'The second flow has begun with {syn}, and slow start takes it up quickly. The queue overflows; both lose something ({loss} is one of the first flow’s), and both halve.',
      focus: { segments: ['syn', 'loss'], host: 'A', plot: 'window' },
    },
    {
      at: 10_000,
      text: 'After five seconds together: 490 and 450 kbit/s in the last three. Nobody has told either of the other.',
      focus: { host: 'A', plot: 'goodput' },
    },
    {
      at: 20_000,
      text: 'It stays like that, with luck on one side or the other: over the last ten seconds 440 and 510 kbit/s. Their losses come at nearly the same moments, when the queue is full.',
      focus: { host: 'A', plot: 'window' },
    },
  ],
  explain: [
    '*Additive increase, multiplicative decrease*: each round trip one segment more (for both the same), at a loss half (for the larger one more). If one has 30 segments and the other 10, after a loss they have 15 and 5: the difference of 20 has become 10. Growth does not change it, each loss halves it (RFC 5681 section 3.1).',
    'It is fair between equals only. A flow with half the round-trip time adds twice as often; four connections of one program get four shares; and a sender that ignores losses gets all. RFC 2914 section 3 says why that matters to everybody.',
  ],
  sources: [
    { where: 'RFC 5681 section 3.1', what: 'additive increase' },
    { where: 'RFC 2914 section 3', what: 'fairness as a principle' },
  ],
  tryThis: [
    {
      text: 'Let the second flow use BBR. Who gets how much over the last ten seconds?',
      scenario: vary(SCENARIO, 'NewReno and BBR', {
        flows: [FLOW, { ...FLOW, start: 5000, congestion: 'bbr' }],
      }),
    },
    {
      text: 'Begin two more flows. What do all of them get?',
      scenario: vary(SCENARIO, 'Four flows', {
        flows: [0, 5000, 6000, 7000].map((start) => ({ ...FLOW, start })),
      }),
    },
  ],
  claims: [
    {
      text: 'Alone the first flow gets some 950 kbit/s.',
      holds: ({ first: run }) => about(rate(run, 0, 1000, 5000), 948, 10) && rate(run, 1, 1000, 5000) === 0,
    },
    {
      text: 'From 7 to 10 s they get some 490 and 450 kbit/s.',
      holds: ({ first: run }) =>
        about(rate(run, 0, 7000, 10_000), 491, 15) && about(rate(run, 1, 7000, 10_000), 451, 15),
    },
    {
      text: 'Over the last ten seconds each has between 45 and 55 % of the line.',
      holds: ({ first: run }) => {
        const [one, two] = [0, 1].map((flow) => rate(run, flow, 10_000, 20_000))
        return one + two > 900 && one / (one + two) > 0.45 && one / (one + two) < 0.55
      },
    },
    {
      text: 'Most losses of the one are within a round trip or two of a loss of the other.',
      holds: ({ first: run }) => {
        const [one, two] = [0, 1].map((flow) =>
          events(run, 'recoveryEnter', 'A', flow)
            .map(({ time }) => time)
            .filter((time) => time > 5000),
        )
        const together = one.filter((time) => two.some((other) => Math.abs(other - time) < 400))
        return one.length >= 10 && together.length / one.length > 0.8
      },
    },
  ],
}
