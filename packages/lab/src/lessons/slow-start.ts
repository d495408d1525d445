import { scenario } from './base.ts'
import { AtoB, all, DATA, nth, sampleAt, series } from './find.ts'
import type { Lesson, Runs } from './lesson.ts'

const SENT = { ...AtoB, ...DATA }

/** How many data segments left in each round trip since the first one. */
function perRound({ first: run }: Runs): number[] {
  const data = all(run, SENT)
  const begin = data[0]?.sentAt ?? 0
  const rounds: number[] = []
  for (const { sentAt } of data) {
    const round = Math.floor((sentAt - begin) / 100)
    rounds[round] = (rounds[round] ?? 0) + 1
  }
  return rounds
}

const SCENARIO = scenario('Slow start', {
  duration: 900,
  latency: 50,
  a: { congestion: 'newreno', initialWindow: 2 },
  there: { bandwidth: 20_000_000, queue: 1000 },
  flows: [{ app: 'bulk', from: 'A', bytes: 62_000 }],
})

export const slowStart: Lesson = {
  id: 'slow-start',
  title: 'Slow start, which is fast',
  topic: 'Congestion control',
  goal: 'Say how much a sender may send in each of its first round trips, and why.',
  minutes: 7,
  needs: ['sequence-numbers'],
  scenario: SCENARIO,
  intro: [
    'A has 62,000 bytes to send, and B has room for all of them. But what of the line in the middle, which others use as well? Perhaps it takes a thousand segments at once, perhaps three. A does not know.',
    'So it begins with a small *congestion window*, `cwnd`: how much may be on its way without being acknowledged. Hosts of today begin with ten segments (RFC 6928); here it is two, which makes a simpler picture. A round trip takes 100 ms.',
  ],
  predict: {
    at: ({ first: run }) => nth(run, 2, SENT)?.sentAt ?? null,
    question:
      'A has sent 2 segments and waited. Now their acknowledgement is here. How many does it send in this round trip, and how many in the next?',
    choices: [
      {
        text: '2, and 2 again: the window is two segments.',
        reply:
          'Then it would never find out what the line can carry. Two segments came through: that is news, and A uses it.',
      },
      {
        text: '3, then 4: one more each time.',
        reply:
          'That careful step comes later, once A has met the limit (congestion avoidance). Beginning with it, a long and fast line would stand empty for minutes.',
      },
      {
        text: '4, then 8: twice as many each time.',
        reply:
          'For each byte acknowledged `cwnd` grows by a byte: what has arrived may be sent anew, and as much on top.',
      },
    ],
    answer: 2,
  },
  marks: {
    one: ({ first: run }) => nth(run, 0, SENT),
    third: ({ first: run }) => nth(run, 2, SENT),
    seventh: ({ first: run }) => nth(run, 6, SENT),
    thirtyfirst: ({ first: run }) => nth(run, 30, SENT),
  },
  steps: [
    {
      at: ({ first: run }) => nth(run, 1, SENT)?.sentAt ?? null,
      text: '{one} and the one after it: `cwnd` is 2,000 bytes, and full. A has 60,000 bytes more, and may not send them.',
      focus: { segments: ['one'], host: 'A', variables: ['cwnd', 'inFlight'], plot: 'window' },
    },
    {
      at: ({ first: run }) => nth(run, 5, SENT)?.sentAt ?? null,
      text: 'Both are acknowledged. `cwnd` has become 4,000: from {third} on four segments leave.',
      focus: { segments: ['third'], host: 'A', variables: ['cwnd', 'inFlight'], plot: 'window' },
    },
    {
      at: ({ first: run }) => nth(run, 13, SENT)?.sentAt ?? null,
      text: 'From {seventh} on it is eight. See how the acknowledgements set the pace: each that comes lets two segments go.',
      focus: { segments: ['seventh'], host: 'A', variables: ['cwnd', 'inFlight'], plot: 'window' },
    },
    {
      at: ({ first: run }) => nth(run, -1, SENT)?.sentAt ?? null,
      text: 'Sixteen, then, from {thirtyfirst} on, thirty-two. In five round trips from 2 segments to 32: an exponential curve in the plot.',
      focus: { segments: ['thirtyfirst'], host: 'A', variables: ['cwnd', 'ssthresh'], plot: 'window' },
    },
  ],
  explain: [
    'While `cwnd` is below `ssthresh`, each acknowledgement of N new bytes raises it by N, by no more than a segment’s worth for each segment acknowledged (RFC 5681 section 3.1). That doubles it once per round trip. It is called slow start because before 1988 hosts sent all they had at once.',
    '`ssthresh` is “infinite” at the beginning: nobody knows the limit. The first loss (or mark, or a growing delay, see RFC 9406) tells it; then `ssthresh` remembers it, and growth becomes careful.',
    'For short answers this is all that matters. 62,000 bytes take five round trips from a window of two; from a window of ten they would take three. That is why RFC 6928 raised it to ten.',
  ],
  sources: [
    { where: 'RFC 5681 section 3.1', what: 'slow start and congestion avoidance' },
    { where: 'RFC 6928 section 2', what: 'ten segments to begin with' },
    { where: 'RFC 9406 section 4', what: 'HyStart++: leaving slow start before it hurts' },
  ],
  tryThis: [
    {
      text: 'Begin with ten segments, as hosts do today. How many round trips does it take now?',
      scenario: scenario('Slow start from ten', {
        duration: 900,
        latency: 50,
        a: { congestion: 'newreno', initialWindow: 10 },
        there: { bandwidth: 20_000_000, queue: 1000 },
        flows: [{ app: 'bulk', from: 'A', bytes: 62_000 }],
      }),
    },
    { text: 'Drop one segment of the fourth round trip by hand, and look at `cwnd` and `ssthresh`.' },
  ],
  claims: [
    {
      text: 'Round by round 2, 4, 8, 16 and 32 segments leave.',
      holds: (runs) => perRound(runs).join() === '2,4,8,16,32',
    },
    {
      text: 'cwnd is 2,000 at first, and 4,000 when the first two are acknowledged.',
      holds: ({ first: run }) => {
        const before = nth(run, 1, SENT)
        const after = nth(run, 5, SENT)
        return (
          before !== null &&
          after !== null &&
          sampleAt(run, 'A', before.sentAt)?.info.cwnd === 2000 &&
          sampleAt(run, 'A', after.sentAt)?.info.cwnd === 4000
        )
      },
    },
    {
      text: 'It only grows, and ends above 60,000 bytes: what was acknowledged, and the 2,000 of the beginning.',
      holds: ({ first: run }) => {
        const cwnd = series(run, 'A', ({ info }) => info.cwnd)
        return (cwnd.at(-1) ?? 0) > 60_000 && cwnd.every((value, i) => i === 0 || value >= cwnd[i - 1])
      },
    },
  ],
}
