import type { HostSettings } from '../model/scenario.ts'
import { scenario, vary } from './base.ts'
import { AtoB, all, count, DATA, events, first, nth } from './find.ts'
import type { Lesson } from './lesson.ts'

const SENT = { ...AtoB, ...DATA }
const AGAIN = { ...SENT, again: (why: unknown) => why !== null } as const
/** The first two that were overtaken by more than two others, as the seed has it. */
const LATE = { ...SENT, again: null, seq: (seq: number) => seq === 11_001 || seq === 23_001 } as const

const overtaken = (title: string, hosts: HostSettings, reorder = 0.08) =>
  scenario(title, {
    duration: 1500,
    seed: 3,
    latency: 50,
    hosts: { congestion: 'newreno', maxSegment: 1012, timestamps: true, ...hosts },
    a: { sendBuffer: 12_000 },
    there: { bandwidth: 4_000_000, queue: 200, reorder, reorderBy: 10 },
    flows: [{ app: 'bulk', from: 'A', bytes: 80_000 }],
  })

export const rack: Lesson = {
  id: 'rack',
  title: 'Late is not lost: RACK and reordering',
  topic: 'Loss and recovery',
  goal: 'Explain why counting duplicates fails under reordering, and what RACK uses instead.',
  minutes: 9,
  needs: ['sack'],
  scenario: overtaken('Reordering with RACK', { rack: true }),
  compareWith: {
    first: 'RACK (time)',
    second: 'counting to three',
    scenario: overtaken('Reordering, counting', { rack: false }),
  },
  intro: [
    'A sends 80,000 bytes, twelve segments at a time. Nothing is lost here. But now and then a segment overtakes the others, because it took another way or another queue: at B things arrive out of order.',
    'B’s SACK blocks then show a hole. Is what is missing lost, or only late? The sender of the second run counts: when three segments behind the hole have arrived, it takes it for lost. The sender of the first run uses *RACK*, and looks at the clock.',
  ],
  predict: {
    at: ({ first: run }) =>
      first(run, { way: 'B→A', sack: (ranges) => ranges.length > 0 })?.arrivedAt ?? null,
    question:
      'No segment is lost in either run, but several come late. What will the two senders send again?',
    choices: [
      {
        text: 'Nothing: nothing is lost.',
        reply: 'You know that. The senders see holes, and no letter from the network that says why.',
      },
      {
        text: 'The one that counts: whatever is overtaken by three. RACK: one perhaps, until it has learned.',
        reply:
          'Counting takes for lost whatever three others overtake, every time. RACK is as quick at the first one; once it has seen that it only came late, it gives the next ones a quarter of a round trip.',
      },
      {
        text: 'Both the same: a hole is a hole.',
        reply:
          'At the first hole that is so. But RACK looks at when things were sent, and remembers what it was wrong about.',
      },
    ],
    answer: 1,
  },
  marks: {
    late: ({ first: run }) => first(run, { ...SENT, seq: 11_001 }),
    again: ({ first: run }) => first(run, AGAIN),
    late2: ({ first: run }) => all(run, LATE)[1] ?? null,
    false2: ({ second: run }) => nth(run, 1, AGAIN),
    last: ({ second: run }) => nth(run, -1, AGAIN),
  },
  steps: [
    {
      at: ({ first: run }) => first(run, AGAIN)?.sentAt ?? null,
      text: '{late} took 10 ms longer than its neighbours. A has three SACKs beyond it, and both senders take it for lost: {again}. As long as it has never seen reordering RACK is as quick as counting is.',
      focus: { segments: ['again', 'late'], host: 'A', variables: ['cwnd', 'recovery'] },
    },
    {
      at: ({ first: run }) => events(run, 'undo', 'A')[0]?.time ?? null,
      text: 'A moment later the original is acknowledged (its timestamp shows that it is the original). Both take back their smaller window. And RACK has learned: things come out of order here. From now on it waits 25 ms before it takes something for lost.',
      focus: { segments: ['late'], host: 'A', variables: ['cwnd', 'ssthresh', 'recovery'], plot: 'window' },
    },
    {
      at: ({ second: run }) => nth(run, 1, AGAIN)?.sentAt ?? null,
      text: 'The next late one. The sender that counts has learned nothing: {false2} leaves with the third SACK.',
      focus: { run: 'second', segments: ['false2'], host: 'A', variables: ['cwnd', 'recovery'] },
    },
    {
      at: ({ second: run }) => events(run, 'undo', 'A')[1]?.time ?? null,
      text: 'In the run with RACK {late2} was 10 ms late, too: less than the 25 ms that it was given. Nothing was sent again, and the window stays.',
      focus: { segments: ['late2'], host: 'A', variables: ['cwnd', 'recovery'], plot: 'window' },
    },
    {
      at: ({ second: run }) => nth(run, -1, AGAIN)?.sentAt ?? null,
      text: 'In the end counting has sent four segments for nothing, {last} the last of them; RACK one.',
      focus: { run: 'second', segments: ['last'], host: 'A', plot: 'window' },
    },
  ],
  explain: [
    'Counting (RFC 6675 section 5) asks: how *many* came after it? With faster lines more segments fit into the same delay, so three are sooner together. RACK asks: how much *time* has passed between what arrived and what did not? A segment is lost if another one that was sent later has arrived, and if a *reordering window* has passed as well (RFC 8985 section 6.2).',
    'That window is a quarter of the smallest round-trip time to begin with, and grows when D-SACKs tell of retransmissions that were not needed. As long as no reordering has ever been seen it is zero once three are counted: so RACK is not slower where the order is kept.',
    'A needless retransmission costs more than its bytes: the sender believes in congestion and halves its window. Here timestamps prove the mistake within milliseconds, and it is taken back; without them it may last for a round trip or more.',
  ],
  sources: [
    { where: 'RFC 8985 section 6', what: 'the RACK algorithm' },
    { where: 'RFC 6675 section 5', what: 'counting: DupThresh' },
  ],
  tryThis: [
    {
      text: 'Let 20 % of the segments be late. Does RACK still hold its peace?',
      scenario: overtaken('More reordering with RACK', { rack: true }, 0.2),
    },
    {
      text: 'Switch timestamps off. By what does A notice now that it was mistaken, and how much later?',
      scenario: vary(overtaken('No timestamps', { rack: true }), 'Reordering without timestamps', {
        hosts: { timestamps: false, maxSegment: 1000 },
      }),
    },
  ],
  claims: [
    {
      text: 'Nothing is lost in either run.',
      holds: ({ first: run, second }) =>
        [run, second].every(
          (one) => one.segments.length > 130 && count(one, { lost: (lost) => lost !== null }) === 0,
        ),
    },
    {
      text: 'RACK sends one segment for nothing, counting four.',
      holds: ({ first: run, second }) => count(run, AGAIN) === 1 && count(second, AGAIN) === 4,
    },
    {
      text: 'The first needless one is the same in both runs, and is taken back (Eifel) within 6 ms.',
      holds: ({ first: run, second }) =>
        [run, second].every((one) => {
          const again = first(one, AGAIN)
          const undo = events(one, 'undo', 'A')[0]
          return again?.seq === 11_001 && undo?.event.proof === 'eifel' && undo.time - again.sentAt < 6
        }),
    },
    {
      text: 'RACK has seen reordering then, and gives 25 ms.',
      holds: ({ first: run }) => {
        const seen = events(run, 'reorderingWindow', 'A')[0]?.event
        return seen?.reorderingSeen === true && Math.round(seen.window) === 25
      },
    },
    {
      text: 'Their causes are told apart: RACK in the first run, fast retransmit in the second.',
      holds: ({ first: run, second }) =>
        count(run, { ...AGAIN, again: 'rack' }) === 1 && count(second, { ...AGAIN, again: 'fast' }) === 4,
    },
    {
      text: 'The second late segment is sent again by counting only.',
      holds: ({ first: run, second }) =>
        nth(second, 1, AGAIN)?.seq === 23_001 &&
        all(run, LATE).length === 2 &&
        count(run, { ...AGAIN, seq: 23_001 }) === 0,
    },
    {
      text: 'Counting has to take back its reduced window four times, RACK once.',
      holds: ({ first: run, second }) =>
        events(run, 'undo', 'A').length === 1 && events(second, 'undo', 'A').length === 4,
    },
  ],
}
