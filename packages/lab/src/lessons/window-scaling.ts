import type { HostSettings } from '../model/scenario.ts'
import { scenario } from './base.ts'
import { AtoB, acknowledgedAt, all, BtoA, first, max, nth, series } from './find.ts'
import type { Lesson } from './lesson.ts'

const longFat = (title: string, hosts: HostSettings) =>
  scenario(title, {
    duration: 6000,
    latency: 100,
    hosts: { ...hosts, maxSegment: 1460, congestion: 'newreno', initialWindow: 10 },
    there: { bandwidth: 10_000_000, queue: 400 },
    flows: [{ app: 'bulk', from: 'A', bytes: 1_500_000 }],
  })

export const windowScaling: Lesson = {
  id: 'window-scaling',
  title: 'A long fat pipe, and sixteen bits',
  topic: 'Numbers and windows',
  goal: 'Compute the bandwidth-delay product, and the most that a given window can carry.',
  minutes: 8,
  needs: ['slow-start', 'receive-window'],
  scenario: longFat('Window scaling', { windowScaling: true }),
  compareWith: {
    first: 'with window scaling',
    second: 'without',
    scenario: longFat('No window scaling', { windowScaling: false }),
  },
  intro: [
    'From A to B it is 10 Mbit/s, and a round trip takes 200 ms, as between continents. To keep such a line full, A must have as much on its way as fits into it: bandwidth × round trip, the *bandwidth-delay product*: 250,000 bytes.',
    'The window field of TCP has 16 bits. In the second run the hosts make do with that. In the first they agree, in their `SYN`s, to multiply it by a power of two.',
  ],
  predict: {
    at: ({ first: run }) => first(run, { ...AtoB, kind: 'data' })?.sentAt ?? null,
    question:
      'No loss, no congestion, a buffer large enough. How fast can the transfer *without* scaling be, at best?',
    choices: [
      {
        text: '10 Mbit/s: the line decides.',
        reply:
          'It would, if A could have 250,000 bytes on their way. With 16 bits it may have 65,535, and must then wait for a round trip.',
      },
      {
        text: 'About 2.6 Mbit/s: 65,535 bytes for each round trip of 200 ms.',
        reply:
          'Yes: window ÷ round trip. A quarter of the line is used, three quarters stand empty, and no faster line would help.',
      },
      {
        text: 'It depends on the processor of B.',
        reply:
          'B could be infinitely fast: the limit is what A may send before it hears of B, and that takes 200 ms.',
      },
    ],
    answer: 1,
  },
  marks: {},
  steps: [],
  explain: [
    'The option in the `SYN` says by how many bits the windows of that side are to be shifted to the left, 0 to 14 (RFC 7323 section 2.2): up to 2^30 bytes. It only counts if both `SYN`s have it, and windows in `SYN`s themselves are never scaled.',
    'It has to be agreed upon at the beginning because the numbers in the segments would mean something else otherwise. A capture that lacks the handshake cannot be read for that reason: nobody knows the factor.',
  ],
  sources: [
    { where: 'RFC 7323 section 2', what: 'the window scale option' },
    { where: 'RFC 6349 section 3.3', what: 'the bandwidth-delay product in practice' },
  ],
  tryThis: [],
  claims: [
    {
      text: 'x',
      holds: ({ first: run }) =>
        all(run, AtoB).length === 0 ||
        series(run, 'A', (s) => s.time).length === 0 ||
        first(run, BtoA) === null ||
        nth(run, 1, AtoB) === null ||
        max([]) > 0 ||
        acknowledgedAt(run, 'A', 1) === null,
    },
  ],
}
