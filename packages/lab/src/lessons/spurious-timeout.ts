import type { HostSettings } from '../model/scenario.ts'
import { scenario } from './base.ts'
import { AtoB, all, DATA, events, first, nth, sampleAt } from './find.ts'
import type { Lesson } from './lesson.ts'

const SENT = { ...AtoB, ...DATA }
const AGAIN = { ...SENT, again: (why: unknown) => why !== null } as const

const pause = (title: string, hosts: HostSettings) =>
  scenario(title, {
    duration: 3000,
    latency: 20,
    hosts: { congestion: 'newreno', tailLossProbe: false, ...hosts },
    there: { bandwidth: 4_000_000, queue: 200 },
    flows: [{ app: 'bulk', from: 'A', bytes: 200_000 }],
    actions: [
      { at: 200, do: 'link', way: 'A→B', set: { latency: 600 } },
      { at: 230, do: 'link', way: 'A→B', set: { latency: 20 } },
    ],
  })

export const spuriousTimeout: Lesson = {
  id: 'spurious-timeout',
  title: 'A false alarm, and how it is taken back',
  topic: 'Loss and recovery',
  goal: 'Tell a spurious timeout from a real one, and say how the sender finds out.',
  minutes: 8,
  needs: ['rto-karn', 'slow-start'],
  scenario: pause('A spurious timeout', {}),
  intro: [
    'A sends 200,000 bytes over a way of 20 ms. At 200 ms something on the way pauses, as when a phone changes its cell: for a moment everything takes 600 ms more. Nothing is lost.',
    'A’s timer has learned from round trips of some 45 ms. It will ring.',
  ],
  predict: {
    at: ({ first: run }) => events(run, 'timeout', 'A')[0]?.time ?? null,
    question:
      'The timer has rung, wrongly. A has sent the first unacknowledged segment again and has shrunk its window to one segment. Now an acknowledgement comes. How can A tell whether its alarm was false?',
    choices: [
      {
        text: 'It cannot: an acknowledgement does not say which copy it answers.',
        reply:
          'A single one does not, that is right (Karn). But one can watch what the next ones acknowledge.',
      },
      {
        text: 'If the acknowledgements go on beyond what was sent again, to data that was sent only once, the first copies must have arrived.',
        reply:
          'Yes: that is F-RTO. A sends something new instead of repeating more, and waits for what comes back.',
      },
      {
        text: 'It asks B.',
        reply:
          'B cannot know either; it has only seen things come late. (With timestamps or D-SACK its answers do say which copy it was.)',
      },
    ],
    answer: 1,
  },
  marks: {},
  steps: [],
  explain: [
    'After the timeout the sender repeats one segment only. If the next acknowledgement moves on, it sends *new* data rather than more repetitions; if then another one comes that acknowledges data which was never sent again, the originals have been on their way all the time: the timeout was *spurious* (RFC 5682 section 2).',
    'Then it takes back what it did to itself: `cwnd` and `ssthresh` become what they were (RFC 4015 section 3 says how to do it with care). Without this each pause would cost a slow start, and a whole window of needless copies.',
    'Timestamps make it simpler still: the first acknowledgement carries the time of the copy that it answers (RFC 3522). The hosts of this lesson have none.',
  ],
  sources: [
    { where: 'RFC 5682 section 2', what: 'F-RTO' },
    { where: 'RFC 4015 section 3', what: 'the Eifel response' },
  ],
  tryThis: [],
  claims: [
    {
      text: 'x',
      holds: ({ first: run }) =>
        all(run, SENT).length === 0 ||
        first(run, AGAIN) === null ||
        nth(run, 1, AtoB) === null ||
        events(run, 'undo').length > 0 ||
        sampleAt(run, 'A', 1) === null,
    },
  ],
}
