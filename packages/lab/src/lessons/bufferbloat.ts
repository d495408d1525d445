import type { Recording } from '../model/recording.ts'
import type { LinkSettings } from '../model/scenario.ts'
import { scenario, vary } from './base.ts'
import { AtoB, about, all, BtoA, DATA, max, nth, sampleAt } from './find.ts'
import type { Lesson } from './lesson.ts'

/** The second flow's. */
const QUESTION = { ...AtoB, ...DATA, flow: 1, again: null } as const
const ANSWER = { ...BtoA, ...DATA, flow: 1, again: null } as const

/** Milliseconds from each question to its answer. */
function waits(run: Recording): number[] {
  const asked = all(run, QUESTION)
  return all(run, ANSWER)
    .filter(({ arrivedAt }) => arrivedAt !== null)
    .map(({ arrivedAt }, i) => (arrivedAt ?? 0) - asked[i].sentAt)
}

const uplink = (title: string, there: Partial<LinkSettings>) =>
  scenario(title, {
    duration: 9000,
    latency: 20,
    a: { congestion: 'cubic' },
    b: { receiveBuffer: 1_000_000 },
    there: { bandwidth: 2_000_000, queue: 250, ...there },
    flows: [
      { app: 'bulk', from: 'A', bytes: 20_000_000 },
      { app: 'requests', request: 200, response: 200, times: 100, pause: 100, start: 3000 },
    ],
  })

export const bufferbloat: Lesson = {
  id: 'bufferbloat',
  title: 'Bufferbloat: a queue that never empties',
  topic: 'Congestion control',
  goal: 'Explain where the delay of a busy line comes from, and how CoDel removes it without losing speed.',
  minutes: 9,
  needs: ['slow-start', 'congestion-avoidance'],
  scenario: uplink('Bufferbloat', {}),
  compareWith: { first: 'large queue', second: 'CoDel', scenario: uplink('CoDel', { codel: true }) },
  intro: [
    'A’s line to the Internet takes 2 Mbit/s, and its modem has a large queue: 250 packets. A uploads a film. From 3 s on it also asks somebody small questions, as a browser or a game does. An empty line has a round trip of 40 ms.',
    'In the second run the modem has CoDel: a rule for its queue, nothing else.',
  ],
  predict: {
    at: 3000,
    question:
      'The upload has run alone for three seconds; 126 of its packets stand in the queue. How long will a small question and its answer take now?',
    choices: [
      {
        text: '40 ms, as before: it is small, and the line loses nothing.',
        reply: 'Small packets stand in the same queue, behind all that is in it already.',
      },
      {
        text: 'Some 50 ms: the line is a bit busier.',
        reply:
          'Count what stands before it: 126 packets of a little more than 1,000 bytes each, at 2 Mbit/s.',
      },
      {
        text: 'More than half a second, and it will get worse.',
        reply:
          '126 packets are about a million bits, and the line takes half a second for them. And the upload goes on filling the queue, since nothing has told it to stop.',
      },
    ],
    answer: 2,
  },
  marks: {
    question1: ({ first: run }) => nth(run, 0, QUESTION),
    answer1: ({ first: run }) => nth(run, 0, ANSWER),
    answer6: ({ first: run }) => nth(run, 5, ANSWER),
    quick: ({ second: run }) => nth(run, 0, QUESTION),
    back: ({ second: run }) => nth(run, 0, ANSWER),
  },
  steps: [
    {
      at: 3000,
      text: 'The plot of the queue before the first question: 126 packets in the modem without CoDel, two or three in the one with it. Both lines are equally busy.',
      focus: { host: 'A', variables: ['cwnd', 'srtt'], plot: 'queue' },
    },
    {
      at: ({ second: run }) => nth(run, 0, ANSWER)?.arrivedAt ?? null,
      text: 'With CoDel the connection is there at once; {quick} is answered by {back} after 56 ms.',
      focus: { run: 'second', segments: ['quick', 'back'], host: 'A', plot: 'queue' },
    },
    {
      at: ({ first: run }) => nth(run, 0, ANSWER)?.arrivedAt ?? null,
      text: 'With the large queue even the `SYN` has waited for half a second. {question1} stood in the queue for as long, and {answer1} came after 580 ms.',
      focus: { segments: ['answer1', 'question1'], host: 'A', plot: 'queue' },
    },
    {
      at: ({ first: run }) => nth(run, 5, ANSWER)?.arrivedAt ?? null,
      text: 'And it gets worse, as the upload’s window grows: the sixth answer, {answer6}, came after 870 ms. In the run with CoDel more than thirty questions have been answered by now.',
      focus: { segments: ['answer6'], host: 'A', variables: ['cwnd', 'srtt'], plot: 'rtt' },
    },
  ],
  explain: [
    'A sender that goes by losses sends more until something is lost. With a large queue nothing is lost until the queue is full; and all that a full queue adds is delay, not speed: the line is just as busy with five packets in it. That is *bufferbloat*.',
    'CoDel (RFC 8289 section 4) looks at how long packets have stood in the queue. If the least of that has been above 5 ms for 100 ms, it drops one, and goes on dropping a little more often until the senders understand. Bursts may use the whole queue, but none may keep it.',
    'The upload loses 2 % by this. A queue is there for bursts, and to keep the line busy while a sender goes on with a smaller window; it need not be full for that.',
  ],
  sources: [
    { where: 'RFC 8289 section 4', what: 'CoDel' },
    { where: 'RFC 7567 section 2', what: 'why queues need management' },
  ],
  tryThis: [
    {
      text: 'Make the queue small instead: 10 packets, without CoDel. What becomes of the delay, and of the upload?',
      scenario: vary(uplink('A small queue', {}), 'A small queue', { there: { queue: 10 } }),
    },
    {
      text: 'Let the upload use BBR, with the large queue. Why does it not fill it?',
      scenario: vary(uplink('BBR', {}), 'BBR and a large queue', { a: { congestion: 'bbr' } }),
    },
  ],
  claims: [
    {
      text: 'At 3 s the large queue holds 126 packets; with CoDel it holds fewer than ten.',
      holds: ({ first: run, second }) => {
        const [large, codel] = [run, second].map(
          (one) => one.queues['A→B'].findLast(({ time }) => time <= 3000)?.packets,
        )
        return large === 126 && codel !== undefined && codel < 10
      },
    },
    {
      text: 'With the large queue answers take from 580 to 870 ms, each longer than the one before.',
      holds: ({ first: run }) => {
        const took = waits(run)
        return (
          took.length === 6 &&
          about(took[0], 579, 10) &&
          about(took[5], 871, 10) &&
          took.every((wait, i) => i === 0 || wait > took[i - 1])
        )
      },
    },
    {
      text: 'With CoDel forty and more are answered, none of them in more than 60 ms.',
      holds: ({ second: run }) => waits(run).length >= 40 && max(waits(run)) < 60,
    },
    {
      text: 'When the sixth answer of the large queue comes, CoDel’s flow has had more than thirty.',
      holds: ({ first: run, second }) => {
        const sixth = nth(run, 5, ANSWER)?.arrivedAt ?? null
        if (sixth === null) return false
        return all(second, { ...ANSWER, arrivedAt: (at) => at !== null && at <= sixth }).length > 30
      },
    },
    {
      text: 'With the large queue the SYN alone waits for half a second.',
      holds: ({ first: run }) => {
        const syn = nth(run, 0, { ...AtoB, kind: 'syn', flow: 1 })
        return syn !== null && about((syn.arrivedAt ?? 0) - syn.sentAt, 549, 10)
      },
    },
    {
      text: 'The upload gets through nearly as much: less than 3 % of difference.',
      holds: ({ first: run, second }) => {
        const [large, codel] = [run, second].map((one) => sampleAt(one, 'B', 9000)?.rcvNxt ?? 0)
        return large > 2_000_000 && codel / large > 0.97
      },
    },
    {
      text: 'The large queue gets full in the end: 250 packets.',
      holds: ({ first: run }) => max(run.queues['A→B'].map(({ packets }) => packets)) === 250,
    },
  ],
}
