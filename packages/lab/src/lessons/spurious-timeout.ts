import type { HostSettings } from '../model/scenario.ts'
import { scenario } from './base.ts'
import { AtoB, about, all, BtoA, count, DATA, events, first, nth, sampleAt } from './find.ts'
import type { Lesson } from './lesson.ts'

const SENT = { ...AtoB, ...DATA }
const AGAIN = { ...SENT, again: (why: unknown) => why !== null } as const

const pause = (title: string, hosts: HostSettings) =>
  scenario(title, {
    duration: 1500,
    latency: 20,
    hosts: { congestion: 'newreno', tailLossProbe: false, ...hosts },
    a: { initialWindow: 4 },
    there: { bandwidth: 4_000_000, queue: 200 },
    flows: [{ app: 'bulk', from: 'A', bytes: 40_000 }],
    actions: [
      { at: 70, do: 'link', way: 'A→B', set: { latency: 600 } },
      { at: 95, do: 'link', way: 'A→B', set: { latency: 20 } },
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
    'A sends 40,000 bytes over a way of 20 ms. At 70 ms something pauses, as when a phone changes its cell: eight segments that are sent just then take 600 ms. Nothing is lost.',
    'A’s timer has learned from round trips of some 40 ms: `rto` is 240 ms. It will ring.',
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
          'That is F-RTO. A sends something new instead of repeating more, and waits for what comes back.',
      },
      {
        text: 'It asks B.',
        reply:
          'B cannot know either; it has only seen things come late. (With timestamps or D-SACK its answers do say which copy it was.)',
      },
    ],
    answer: 1,
  },
  marks: {
    delayed: ({ first: run }) => first(run, { ...SENT, seq: 4001 }),
    again: ({ first: run }) => first(run, AGAIN),
    ack1: ({ first: run }) => first(run, { ...BtoA, ack: 5001 }),
    fresh: ({ first: run }) => first(run, { ...SENT, seq: 12_001 }),
    ack2: ({ first: run }) => first(run, { ...BtoA, ack: 6001 }),
    twice: ({ first: run }) => first(run, { ...BtoA, sack: (ranges) => ranges.length > 0 }),
  },
  steps: [
    {
      at: ({ first: run }) => nth(run, 11, SENT)?.sentAt ?? null,
      text: '{delayed} and the seven behind it are on their long way. A knows nothing of that.',
      focus: { segments: ['delayed'], host: 'A', variables: ['cwnd', 'rto', 'inFlight'] },
    },
    {
      at: ({ first: run }) => first(run, AGAIN)?.sentAt ?? null,
      text: 'The timer rings at {again.time}. {again} repeats the first of them; `cwnd` falls to one segment, `ssthresh` to half.',
      focus: {
        segments: ['again', 'delayed'],
        host: 'A',
        variables: ['cwnd', 'ssthresh', 'recovery', 'backoff'],
        plot: 'window',
      },
    },
    {
      at: ({ first: run }) => first(run, { ...SENT, seq: 12_001 })?.sentAt ?? null,
      text: '{ack1} comes. A does not go on repeating: it sends two *new* segments, from {fresh} on, and waits for the next acknowledgement.',
      focus: { segments: ['ack1', 'fresh'], host: 'A', variables: ['cwnd', 'recovery', 'snd.nxt'] },
    },
    {
      at: ({ first: run }) => events(run, 'undo', 'A')[0]?.time ?? null,
      text: '{ack2} acknowledges a segment that was sent once only: so the first copies did arrive. False alarm: `cwnd` is 8,000 again (and 9,000 at once, for what was acknowledged), and `ssthresh` what it was.',
      focus: { segments: ['ack2'], host: 'A', variables: ['cwnd', 'ssthresh', 'recovery'], plot: 'window' },
    },
    {
      at: ({ first: run }) => first(run, { ...BtoA, sack: (ranges) => ranges.length > 0 })?.arrivedAt ?? null,
      text: 'The copy arrives, too, and {twice} says so by a D-SACK, a SACK block for bytes that are acknowledged already: “that came twice”. One needless segment, not eight.',
      focus: { segments: ['twice', 'again'], host: 'A', variables: ['snd.una'] },
    },
  ],
  explain: [
    'After the timeout the sender repeats one segment only. If the next acknowledgement moves on, it sends *new* data rather than more repetitions; if then another one comes that acknowledges data which was never sent again, the originals have been on their way all the time: the timeout was *spurious* (RFC 5682 section 2).',
    'Then it takes back what it did to itself: `cwnd` and `ssthresh` become what they were (RFC 4015 section 3 says how to do it with care). Without this each pause would cost a slow start, and a whole window of needless copies.',
    'Timestamps make it simpler still: the first acknowledgement carries the time of the copy that it answers (RFC 3522). The hosts of this lesson have none.',
  ],
  sources: [
    { where: 'RFC 5682 section 2', what: 'F-RTO' },
    { where: 'RFC 4015 section 3', what: 'the Eifel response' },
  ],
  tryThis: [
    {
      text: 'Switch timestamps on at both hosts. Which acknowledgement is the proof now?',
      scenario: pause('A spurious timeout, with timestamps', { timestamps: true, maxSegment: 1012 }),
    },
    { text: 'Drop {delayed} by hand: then the alarm is right. What is different after {ack1}?' },
  ],
  claims: [
    {
      text: 'Nothing is lost; the segments sent in the pause take some 600 ms.',
      holds: ({ first: run }) =>
        run.segments.length > 0 &&
        count(run, { lost: (lost) => lost !== null }) === 0 &&
        all(run, { ...SENT, again: null }).filter(({ sentAt, arrivedAt }) => (arrivedAt ?? 0) - sentAt > 500)
          .length === 8,
    },
    {
      text: 'The timer rings once, 240 ms after the last acknowledgement, and only one segment is sent again.',
      holds: ({ first: run }) => {
        const again = all(run, AGAIN)
        const heard = first(run, { ...BtoA, ack: 4001 })?.arrivedAt ?? null
        return (
          again.length === 1 &&
          again[0].again === 'rto' &&
          heard !== null &&
          about(again[0].sentAt - heard, 242, 1)
        )
      },
    },
    {
      text: 'cwnd falls from 8,000 to 1,000 then, and ssthresh to 4,000.',
      holds: ({ first: run }) => {
        const again = first(run, AGAIN)?.sentAt ?? 0
        const info = sampleAt(run, 'A', again)?.info
        return (
          sampleAt(run, 'A', again - 1)?.info.cwnd === 8000 && info?.cwnd === 1000 && info.ssthresh === 4000
        )
      },
    },
    {
      text: 'After the first acknowledgement two new segments leave; the second proves the alarm false (F-RTO), and cwnd is 8,000 again.',
      holds: ({ first: run }) => {
        const ack1 = first(run, { ...BtoA, ack: 5001 })?.arrivedAt ?? null
        const ack2 = first(run, { ...BtoA, ack: 6001 })?.arrivedAt ?? null
        const undo = events(run, 'undo', 'A')
        return (
          ack1 !== null &&
          all(run, { ...SENT, sentAt: ack1 })
            .map(({ seq }) => seq)
            .join() === '12001,13001' &&
          undo.length === 1 &&
          undo[0].time === ack2 &&
          undo[0].event.proof === 'frto' &&
          undo[0].event.cwnd === 8000
        )
      },
    },
    {
      text: 'B tells of the copy by a D-SACK.',
      holds: ({ first: run }) =>
        all(run, { ...BtoA, sack: (ranges) => ranges.length > 0 })[0]?.sack.join() === '4001,5001',
    },
  ],
}
