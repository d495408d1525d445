import type { HostSettings } from '../model/scenario.ts'
import { scenario, vary } from './base.ts'
import { AtoB, about, acknowledgedAt, all, BtoA, count, first, max, nth, sampleAt, series } from './find.ts'
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
          'Window ÷ round trip. A quarter of the line is used, three quarters stand empty, and no faster line would help.',
      },
      {
        text: 'It depends on the processor of B.',
        reply:
          'B could be infinitely fast: the limit is what A may send before it hears of B, and that takes 200 ms.',
      },
    ],
    answer: 1,
  },
  marks: {
    syn: ({ first: run }) => first(run, { ...AtoB, kind: 'syn' }),
    data: ({ first: run }) => first(run, { ...AtoB, kind: 'data' }),
    full: ({ second: run }) => first(run, { ...BtoA, ack: (ack) => ack !== null && ack > 100_000 }),
    last: ({ second: run }) => nth(run, -1, { ...AtoB, kind: 'data' }),
  },
  steps: [
    {
      at: 0,
      text: 'Look at the options of {syn}: “window scale”. B’s `SYN` has it, too: so both may use it. In the second run it is missing.',
      focus: { segments: ['syn'], view: 'bytes' },
    },
    {
      at: 900,
      text: 'At first there is no difference: slow start, 10, 20, 40 segments. Half a second has passed since {data}.',
      focus: { segments: ['data'], host: 'A', variables: ['cwnd', 'snd.wnd', 'inFlight'], plot: 'window' },
    },
    {
      at: 2000,
      text: 'Without scaling `cwnd` would allow 128,000 bytes, but B’s window ends at 65,535 (see {full}): what is in flight stays below it, in a burst for each round trip, and silence between them.',
      focus: {
        run: 'second',
        segments: ['full'],
        host: 'A',
        variables: ['cwnd', 'snd.wnd', 'inFlight'],
        plot: 'window',
      },
    },
    {
      at: ({ first: run }) => acknowledgedAt(run, 'A', 1_500_001),
      text: 'With scaling 1.5 million bytes are through after 2.3 s. B’s buffer has grown with what came, up to 5 MB.',
      focus: { host: 'A', variables: ['snd.wnd', 'inFlight'], plot: 'goodput' },
    },
    {
      at: ({ second: run }) => acknowledgedAt(run, 'A', 1_500_001),
      text: 'Without it takes 5.5 s, until {last} is acknowledged: 2.5 Mbit/s on a line of ten.',
      focus: {
        run: 'second',
        segments: ['last'],
        host: 'A',
        variables: ['snd.wnd', 'inFlight'],
        plot: 'goodput',
      },
    },
  ],
  explain: [
    'The option in the `SYN` says by how many bits the windows of that side are to be shifted to the left, 0 to 14 (RFC 7323 section 2.2): up to 2^30 bytes. It only counts if both `SYN`s have it, and windows in `SYN`s themselves are never scaled.',
    'It has to be agreed upon at the beginning because the numbers in the segments would mean something else otherwise. A capture that lacks the handshake cannot be read for that reason: nobody knows the factor.',
  ],
  sources: [
    { where: 'RFC 7323 section 2', what: 'the window scale option' },
    { where: 'RFC 6349 section 3.3', what: 'the bandwidth-delay product in practice' },
  ],
  tryThis: [
    {
      text: 'Shorten the line to 10 ms each way, without scaling. Is 65,535 bytes enough now? Compute before you look.',
      scenario: vary(longFat('Short', { windowScaling: false }), 'A short line without scaling', {
        link: { latency: 10 },
      }),
    },
    {
      text: 'Keep scaling, but fix B’s buffer at 125,000 bytes. Which speed do you expect?',
      scenario: vary(longFat('Half', { windowScaling: true }), 'A buffer of half the product', {
        b: { receiveBuffer: 125_000 },
      }),
    },
  ],
  claims: [
    {
      text: 'Windows of B go beyond 250,000 bytes with scaling, and never beyond 65,535 without.',
      holds: ({ first: run, second }) =>
        max(all(run, BtoA).map(({ window }) => window)) > 250_000 &&
        max(all(second, BtoA).map(({ window }) => window)) === 65_535,
    },
    {
      text: 'Without scaling A never has more than 65,535 bytes in flight, though cwnd would allow 128,000.',
      holds: ({ second: run }) => {
        const flights = series(run, 'A', ({ info }) => info.inFlight)
        return (
          max(flights) > 60_000 &&
          max(flights) <= 65_535 &&
          (sampleAt(run, 'A', 2000)?.info.cwnd ?? 0) > 120_000
        )
      },
    },
    {
      text: 'That is 2.5 Mbit/s between 1 and 4 s.',
      holds: ({ second: run }) => {
        const bytes = (sampleAt(run, 'B', 4000)?.rcvNxt ?? 0) - (sampleAt(run, 'B', 1000)?.rcvNxt ?? 0)
        return about((bytes * 8) / 3000, 2490, 60)
      },
    },
    {
      text: 'With scaling all is acknowledged after 2.3 s, without after 5.5 s; nothing is lost in either run.',
      holds: ({ first: run, second }) =>
        about(acknowledgedAt(run, 'A', 1_500_001), 2296, 50) &&
        about(acknowledgedAt(second, 'A', 1_500_001), 5472, 100) &&
        [run, second].every((one) => count(one, { lost: (lost) => lost !== null }) === 0),
    },
  ],
}
