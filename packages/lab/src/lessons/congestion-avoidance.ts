import type { CongestionName } from '@tapwire/stack'
import type { Recording } from '../model/recording.ts'
import { scenario, vary } from './base.ts'
import { AtoB, about, events, first, sampleAt } from './find.ts'
import type { Lesson } from './lesson.ts'

const AGAIN = { ...AtoB, again: (why: unknown) => why !== null } as const

const cwnd = (run: Recording, time: number): number => sampleAt(run, 'A', time)?.info.cwnd ?? 0
/** What B got in a span of time, in bytes. */
const received = (run: Recording, from: number, to: number): number =>
  (sampleAt(run, 'B', to)?.rcvNxt ?? 0) - (sampleAt(run, 'B', from)?.rcvNxt ?? 0)

const satellite = (title: string, congestion: CongestionName) =>
  scenario(title, {
    duration: 30_000,
    latency: 250,
    a: { congestion },
    b: { receiveBuffer: 1_000_000 },
    there: { bandwidth: 500_000, queue: 15 },
    flows: [{ app: 'bulk', from: 'A', bytes: 5_000_000 }],
  })

export const congestionAvoidance: Lesson = {
  id: 'congestion-avoidance',
  title: 'The saw and the S: NewReno and CUBIC',
  topic: 'Congestion control',
  goal: 'Tell NewReno from CUBIC by the plot of the window, and explain both shapes.',
  minutes: 10,
  needs: ['slow-start', 'fast-retransmit'],
  scenario: satellite('CUBIC', 'cubic'),
  compareWith: { first: 'CUBIC', second: 'NewReno', scenario: satellite('NewReno', 'newreno') },
  intro: [
    'A line over a satellite: 500 kbit/s, half a second for a round trip. Some 30 segments of 1,000 bytes fit into it, and 15 more may wait at its entrance; what comes then is lost.',
    'Slow start goes too far, as it always does, and something is lost. From then on A goes carefully: *congestion avoidance*. In the first run it uses CUBIC, the standard of today, in the second NewReno, that of yesterday.',
  ],
  predict: {
    at: ({ second: run }) => first(run, AGAIN)?.sentAt ?? null,
    question:
      'The first loss has been noticed, and both windows have been made smaller. Look at the plot of `cwnd` from here on. Which shapes will you see?',
    choices: [
      {
        text: 'Two straight lines, CUBIC’s only steeper.',
        reply:
          'One of them is a straight line. CUBIC’s goes by the time since the loss, and by the window at which it was.',
      },
      {
        text: 'NewReno a straight line; CUBIC an S: steep, flat near the old limit, steep again.',
        reply:
          'Saw teeth with NewReno, and with CUBIC a curve that hurries to where the limit was and then feels its way.',
      },
      {
        text: 'Both double, as before the loss.',
        reply: 'That was slow start. Above `ssthresh` growth is careful.',
      },
    ],
    answer: 1,
  },
  marks: {
    first: ({ second: run }) => first(run, AGAIN),
    tooth: ({ second: run }) => first(run, { ...AGAIN, sentAt: (at) => at > 5000 }),
    plateau: ({ first: run }) => first(run, { ...AGAIN, sentAt: (at) => at > 15_000 }),
    limit: ({ first: run }) => first(run, { ...AGAIN, sentAt: (at) => at > 20_000 }),
  },
  steps: [
    {
      at: 4100,
      text: 'Slow start has overshot: {first} and many more were lost at the full queue. NewReno has halved its window, CUBIC has taken 30 % off it. Both are now in congestion avoidance.',
      focus: {
        run: 'second',
        segments: ['first'],
        host: 'A',
        variables: ['cwnd', 'ssthresh'],
        plot: 'window',
      },
    },
    {
      at: 13_000,
      text: 'NewReno’s window has grown by one segment per round trip to 47, where the next loss was ({tooth}), and is 23.5 now: half. The first tooth of the saw.',
      focus: {
        run: 'second',
        segments: ['tooth'],
        host: 'A',
        variables: ['cwnd', 'ssthresh'],
        plot: 'window',
      },
    },
    {
      at: 19_500,
      text: 'CUBIC lost something at 15.4 s ({plateau}), with 48 segments. By 17 s it had regained a good part; since then the curve is nearly flat: it feels its way around where the limit was.',
      focus: { segments: ['plateau'], host: 'A', variables: ['cwnd', 'ssthresh'], plot: 'window' },
    },
    {
      at: 22_100,
      text: 'Nothing was lost there, so it becomes bold again, steeper from moment to moment, until the queue is full ({limit}). There is the S.',
      focus: { segments: ['limit'], host: 'A', variables: ['cwnd', 'ssthresh'], plot: 'window' },
    },
    {
      at: 27_900,
      text: 'NewReno has only now come back to where it was at 11.7 s: sixteen seconds for one tooth. Compare the goodput: for six seconds of them its line was not full.',
      focus: { run: 'second', host: 'A', variables: ['cwnd'], plot: 'goodput' },
    },
  ],
  explain: [
    'NewReno adds one segment to `cwnd` for each round trip, whatever the line (RFC 5681 section 3.1). After a loss it halves, and needs as many round trips as half the window has segments: the longer and faster the line, the longer it stands half empty. Here that takes 16 seconds; on a fast line over the Atlantic, where the window has tens of thousands of segments, it would be an hour.',
    'CUBIC remembers at which window the loss was, and grows along a cubic curve of *time*: fast at first, flat near the old limit, then fast again to look for more (RFC 9438 section 4.2). And it gives back only 30 %, not half (RFC 9438 section 4.6).',
    'On short and slow lines CUBIC’s curve would be slower than NewReno’s; there it does as NewReno would, so that nobody is worse off for it (RFC 9438 section 4.3).',
  ],
  sources: [
    { where: 'RFC 5681 section 3.1', what: 'congestion avoidance' },
    { where: 'RFC 9438 section 4', what: 'CUBIC' },
  ],
  tryThis: [
    {
      text: 'Shorten the line to 25 ms each way. What is left of CUBIC’s S?',
      scenario: vary(satellite('CUBIC', 'cubic'), 'CUBIC on a short line', { link: { latency: 25 } }),
    },
    {
      text: 'Take BBR. It does not wait for losses at all: what does it go by?',
      scenario: satellite('BBR', 'bbr'),
    },
  ],
  claims: [
    {
      text: 'After the loss at 11.7 s NewReno’s window is half of what it was, and CUBIC’s at 15.4 s 70 % or more.',
      holds: ({ first: run, second }) =>
        about(cwnd(second, 13_000), 23_500, 500) &&
        about(cwnd(second, 11_600), 47_000, 1000) &&
        cwnd(run, 16_600) / cwnd(run, 15_400) > 0.68,
    },
    {
      text: 'From 13 s to 27 s NewReno grows by one segment a round trip: never more than 2,000 bytes a second, and always a bit.',
      holds: ({ second: run }) =>
        Array.from(
          { length: 14 },
          (_, i) => cwnd(run, 14_000 + i * 1000) - cwnd(run, 13_000 + i * 1000),
        ).every((growth) => growth >= 500 && growth <= 2000),
    },
    {
      text: 'CUBIC’s curve is steep, flat and steep: in the middle it grows by less than a third of what it does at its ends.',
      holds: ({ first: run }) => {
        const [early, middle, late] = [16_600, 18_800, 21_000].map(
          (time) => cwnd(run, time + 1000) - cwnd(run, time),
        )
        return middle > 0 && middle < early / 3 && middle < late / 3
      },
    },
    {
      text: 'A tooth of NewReno takes 16 s.',
      holds: ({ second: run }) => {
        const losses = events(run, 'recoveryEnter', 'A').map(({ time }) => time)
        return losses.length === 3 && about(losses[2] - losses[1], 16_300, 200)
      },
    },
    {
      text: 'After its loss NewReno leaves the line partly empty: from 13.5 to 17.5 s it gets less than 430 kbit/s, from 21 to 26 s more than 470.',
      holds: ({ second: run }) =>
        (received(run, 13_500, 17_500) * 8) / 4000 < 430 && (received(run, 21_000, 26_000) * 8) / 5000 > 470,
    },
    {
      text: 'In that time CUBIC delivers more: 978,000 bytes against 908,000.',
      holds: ({ first: run, second }) =>
        about(received(run, 12_000, 28_000), 978_000, 5000) &&
        about(received(second, 12_000, 28_000), 908_000, 5000),
    },
  ],
}
