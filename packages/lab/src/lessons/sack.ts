import type { HostSettings } from '../model/scenario.ts'
import { scenario, vary } from './base.ts'
import { AtoB, about, acknowledgedAt, all, BtoA, DATA, first, nth } from './find.ts'
import type { Lesson } from './lesson.ts'

const SENT = { ...AtoB, ...DATA }
const AGAIN = { ...SENT, again: (why: unknown) => why !== null } as const

/** What is lost: the third, sixth, ninth and twelfth. */
const HOLES = '2001,5001,8001,11001'

const holes = (title: string, hosts: HostSettings) =>
  scenario(title, {
    duration: 2000,
    latency: 50,
    hosts: { congestion: 'newreno', tailLossProbe: false, ...hosts },
    a: { initialWindow: 20 },
    there: { bandwidth: 10_000_000, queue: 100, dropData: [2, 5, 8, 11] },
    flows: [{ app: 'requests', request: 20_000, response: 100, times: 1, pause: 0 }],
  })

export const sack: Lesson = {
  id: 'sack',
  title: 'Four holes, with and without SACK',
  topic: 'Loss and recovery',
  goal: 'Explain what a sender knows with SACK that it cannot know without, and count the round trips.',
  minutes: 9,
  needs: ['fast-retransmit'],
  scenario: holes('Four losses, with SACK', { sack: true }),
  compareWith: {
    first: 'with SACK',
    second: 'without SACK',
    scenario: holes('Four losses, without SACK', { sack: false }),
  },
  intro: [
    'A sends twenty segments in one go, and four of them are lost: the third, the sixth, the ninth and the twelfth. The two runs are the same but for one option of the `SYN`.',
    'In the first both hosts know *selective acknowledgement*: behind its `ack` B lists the ranges that it has beyond the hole. In the second they know only `ack`.',
  ],
  predict: {
    at: ({ first: run }) => first(run, AGAIN)?.sentAt ?? null,
    question:
      'Both senders have just noticed the first loss. How many round trips does the repair of all four take?',
    choices: [
      {
        text: 'One with SACK, one without: lost is lost, all four are sent at once.',
        reply:
          'How would the sender without SACK know which to send? `ack 2001`, however often, says nothing about the segments behind.',
      },
      {
        text: 'One with SACK, four without.',
        reply:
          'Without SACK each repair moves `ack` on to the next hole, and only that tells the sender that there is one: one hole for each round trip.',
      },
      {
        text: 'One with SACK; without, the timer must ring, and everything is sent again.',
        reply:
          'That was so before NewReno. Today the sender takes an `ack` that moves on only a little for the sign of the next hole, and goes on without the timer.',
      },
    ],
    answer: 1,
  },
  marks: {
    lost1: ({ first: run }) => nth(run, 2, SENT),
    sack: ({ first: run }) => first(run, { ...BtoA, sack: (ranges) => ranges.length >= 4 }),
    again1: ({ first: run }) => first(run, AGAIN),
    again4: ({ first: run }) => nth(run, 3, AGAIN),
    slow1: ({ second: run }) => first(run, AGAIN),
    slow2: ({ second: run }) => nth(run, 1, AGAIN),
    slow4: ({ second: run }) => nth(run, 3, AGAIN),
  },
  steps: [
    {
      at: ({ first: run }) => first(run, { ...BtoA, sack: (ranges) => ranges.length >= 4 })?.sentAt ?? null,
      text: '{lost1} was the first of the four that were lost. {sack} says “I expect 2,001”, and behind it what else has come, in four ranges. In the second run there is nothing but `ack 2001`, again and again.',
      focus: { segments: ['sack', 'lost1'], host: 'B', variables: ['rcv.nxt'], view: 'tapes' },
    },
    {
      at: ({ first: run }) => nth(run, 3, AGAIN)?.sentAt ?? null,
      text: 'With SACK the four holes are plain to see: from {again1} to {again4} all of them are sent within 6 ms.',
      focus: { segments: ['again4', 'again1'], host: 'A', variables: ['snd.una', 'recovery'], view: 'tapes' },
    },
    {
      at: ({ second: run }) => nth(run, 1, AGAIN)?.sentAt ?? null,
      text: 'Without it: {slow1} was repaired, and its acknowledgement, `ack 5001`, is the first sign of the second hole. {slow2} leaves one round trip after it.',
      focus: { run: 'second', segments: ['slow2', 'slow1'], host: 'A', variables: ['snd.una', 'recovery'] },
    },
    {
      at: ({ second: run }) => nth(run, 3, AGAIN)?.sentAt ?? null,
      text: 'And so on: {slow4}, the last, leaves 300 ms after the first. Three round trips more than with SACK.',
      focus: {
        run: 'second',
        segments: ['slow4'],
        host: 'A',
        variables: ['snd.una', 'recovery'],
        plot: 'sequence',
      },
    },
  ],
  explain: [
    'With SACK (RFC 2018 section 3) each acknowledgement carries up to four ranges that have come (three beside timestamps). The sender keeps them on a *scoreboard*: what lies below the highest range and is in none of them is missing, and it may send all of that within the same round trip, as far as `cwnd` allows (RFC 6675 section 5).',
    'Without, a *partial acknowledgement* is all there is: the `ack` moves, but not as far as what was sent when the loss was noticed. NewReno takes it for the next loss (RFC 6582 section 3.2 step 3): one round trip for each hole.',
    'The option costs 2 bytes in the `SYN` and some in acknowledgements, while there are holes. Nearly every host has had it for twenty years.',
  ],
  sources: [
    { where: 'RFC 2018 section 3', what: 'the SACK option' },
    { where: 'RFC 6675 section 5', what: 'recovery with a scoreboard' },
    { where: 'RFC 6582 section 3.2', what: 'NewReno, for those without' },
  ],
  tryThis: [
    {
      text: 'Lose eight segments, without SACK. How many round trips does the repair take?',
      scenario: vary(holes('Eight losses', { sack: false }), 'Eight losses, without SACK', {
        duration: 3000,
        there: { dropData: [1, 3, 5, 7, 9, 11, 13, 15] },
      }),
    },
    {
      text: 'Switch RACK off in the first run. Which of the retransmissions changes its cause, and does its time change?',
    },
  ],
  claims: [
    {
      text: 'In both runs the same four segments are lost, and each is sent again once.',
      holds: ({ first: run, second }) =>
        [run, second].every(
          (one) =>
            all(one, { lost: (lost) => lost !== null })
              .map(({ seq }) => seq)
              .join() === HOLES &&
            all(one, AGAIN)
              .map(({ seq }) => seq)
              .join() === HOLES,
        ),
    },
    {
      text: 'With SACK all four leave within 6 ms: one round trip repairs them.',
      holds: ({ first: run }) => {
        const again = all(run, AGAIN)
        return again.length === 4 && again[3].sentAt - again[0].sentAt < 6
      },
    },
    {
      text: 'Without it each leaves a round trip after the one before: the last 300 ms after the first.',
      holds: ({ second: run }) => {
        const at = all(run, AGAIN).map(({ sentAt }) => sentAt)
        return at.length === 4 && at.slice(1).every((time, i) => about(time - at[i], 101, 1))
      },
    },
    {
      text: 'So everything is acknowledged three round trips later without SACK.',
      holds: ({ first: run, second }) => {
        const fast = acknowledgedAt(run, 'A', 20_001)
        return fast !== null && about(acknowledgedAt(second, 'A', 20_001), fast + 300, 6)
      },
    },
    {
      text: 'Only the first run has SACK blocks, up to four in one acknowledgement.',
      holds: ({ first: run, second }) =>
        all(run, { sack: (ranges) => ranges.length === 4 }).length > 0 &&
        all(second, BtoA).length > 0 &&
        all(second, { sack: (ranges) => ranges.length > 0 }).length === 0,
    },
    {
      text: 'Neither needs the timer.',
      holds: ({ first: run, second }) =>
        first(run, AGAIN)?.again === 'rack' &&
        [run, second].every((one) => all(one, AGAIN).every(({ again }) => again !== 'rto')),
    },
  ],
}
