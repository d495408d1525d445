import type { CongestionName } from '@tapwire/stack'
import { scenario } from './base.ts'
import { AtoB, all, first, max, nth, series } from './find.ts'
import type { Lesson } from './lesson.ts'

const satellite = (title: string, congestion: CongestionName) =>
  scenario(title, {
    duration: 40_000,
    latency: 250,
    a: { congestion },
    b: { receiveBuffer: 1_000_000 },
    there: { bandwidth: 1_000_000, queue: 30 },
    flows: [{ app: 'bulk', from: 'A', bytes: 10_000_000 }],
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
    'A line over a satellite: 1 Mbit/s, half a second for a round trip. 62 segments of 1,000 bytes fit into it, and 30 more may wait at its entrance; what comes then is lost.',
    'A has met the limit once, and has halved its window or nearly so. From now on it goes carefully: *congestion avoidance*. In the first run it uses CUBIC, the standard of today, in the second NewReno, that of yesterday.',
  ],
  predict: {
    at: ({ second: run }) => first(run, { ...AtoB, again: (why) => why !== null })?.sentAt ?? null,
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
          'Yes: saw teeth with NewReno, and with CUBIC a curve that hurries to where the limit was and then feels its way.',
      },
      {
        text: 'Both double, as before the loss.',
        reply: 'That was slow start. Above `ssthresh` growth is careful.',
      },
    ],
    answer: 1,
  },
  marks: {},
  steps: [],
  explain: [
    'NewReno adds one segment to `cwnd` for each round trip, whatever the line (RFC 5681 section 3.1). After a loss it halves, and needs as many round trips as half the window has segments: the longer and faster the line, the longer it stands half empty. Here a round trip is half a second, so it takes more than ten seconds; on 10 Gbit/s over the Atlantic it would be an hour.',
    'CUBIC remembers at which window the loss was, and grows along a cubic curve of *time*: fast at first, flat near the old limit, then fast again to look for more (RFC 9438 section 4.2). And it gives back only 30 %, not half (RFC 9438 section 4.6).',
    'On short and slow lines CUBIC’s curve would be slower than NewReno’s; there it does as NewReno would, so that nobody is worse off for it (RFC 9438 section 4.3).',
  ],
  sources: [
    { where: 'RFC 5681 section 3.1', what: 'congestion avoidance' },
    { where: 'RFC 9438 section 4', what: 'CUBIC' },
  ],
  tryThis: [],
  claims: [
    {
      text: 'x',
      holds: ({ first: run }) =>
        all(run, AtoB).length === 0 ||
        series(run, 'A', (s) => s.time).length === 0 ||
        first(run, AtoB) === null ||
        nth(run, 1, AtoB) === null ||
        max([]) > 0,
    },
  ],
}
