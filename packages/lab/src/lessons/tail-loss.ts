import type { HostSettings } from '../model/scenario.ts'
import { scenario, vary } from './base.ts'
import { about, all, BtoA, DATA, deliveredAt, events, first, nth, series } from './find.ts'
import type { Lesson } from './lesson.ts'

const SENT = { ...BtoA, ...DATA }
const AGAIN = { ...SENT, again: (why: unknown) => why !== null } as const

const tail = (title: string, hosts: HostSettings) =>
  scenario(title, {
    duration: 1500,
    latency: 30,
    hosts,
    back: { bandwidth: 10_000_000, dropData: [4, 5] },
    flows: [{ app: 'requests', request: 200, response: 6000, times: 1, pause: 0 }],
  })

export const tailLoss: Lesson = {
  id: 'tail-loss',
  title: 'The last segment is the worst to lose',
  topic: 'Loss and recovery',
  goal: 'Explain why the end of an answer is hard to repair, and what a tail loss probe does about it.',
  minutes: 7,
  needs: ['fast-retransmit', 'sack'],
  scenario: tail('A tail loss, with a probe', { tailLossProbe: true }),
  compareWith: {
    first: 'with tail loss probe',
    second: 'timer only',
    scenario: tail('A tail loss, without a probe', { tailLossProbe: false }),
  },
  intro: [
    'A asks, and B answers with 6,000 bytes: six segments. The last two are lost. A round trip takes 60 ms.',
    'Duplicate acknowledgements and SACK tell of a hole by what arrives *behind* it. Behind these two nothing comes.',
  ],
  predict: {
    at: ({ first: run }) => first(run, { way: 'A→B', ack: 4001 })?.arrivedAt ?? null,
    question:
      'B has heard that four of its six segments arrived, and has nothing more to send. Its retransmission timer will ring some 260 ms from now. What will B do if it has *tail loss probes*?',
    choices: [
      {
        text: 'Nothing: without a sign of loss it may not send anything again before the timer.',
        reply:
          'May it not? It is a guess, but a cheap one: a single segment, and the answer shows how things stand. RFC 8985 allows just that.',
      },
      {
        text: 'After about two round trips of silence it sends the last segment once more.',
        reply:
          'Only that one. What A answers to it shows what is missing; and if nothing was, one segment was sent for nothing.',
      },
      {
        text: 'It asks A by a segment without data whether everything came.',
        reply:
          'The answer would be another `ack 4001`, which B knows already. To learn something, B has to send data.',
      },
    ],
    answer: 1,
  },
  marks: {
    last: ({ first: run }) => nth(run, 5, SENT),
    heard: ({ first: run }) => first(run, { way: 'A→B', ack: 4001 }),
    probe: ({ first: run }) => first(run, AGAIN),
    told: ({ first: run }) => first(run, { way: 'A→B', sack: (ranges) => ranges.length > 0 }),
    repair: ({ first: run }) => nth(run, 1, AGAIN),
    timer: ({ second: run }) => first(run, AGAIN),
    timer2: ({ second: run }) => nth(run, 1, AGAIN),
  },
  steps: [
    {
      at: ({ first: run }) => first(run, { way: 'A→B', ack: 4001 })?.arrivedAt ?? null,
      text: '{heard} is the last that B hears. {last} and the one before it are lost, and silence begins.',
      focus: { segments: ['heard', 'last'], host: 'B', variables: ['inFlight', 'snd.una', 'srtt'] },
    },
    {
      at: ({ first: run }) => first(run, AGAIN)?.sentAt ?? null,
      text: 'Two round trips later B sends {probe}, the *last* segment again. The ladder marks it with its cause, TLP.',
      focus: { segments: ['probe', 'last'], host: 'B', variables: ['srtt', 'rto'] },
    },
    {
      at: ({ first: run }) => nth(run, 1, AGAIN)?.sentAt ?? null,
      text: 'A’s answer to it, {told}, has a SACK block: the sixth segment is there, the fifth is not. That is news, and {repair} fills the hole at once. The timer has not rung.',
      focus: { segments: ['told', 'repair'], host: 'B', variables: ['cwnd', 'ssthresh', 'recovery'] },
    },
    {
      at: ({ second: run }) => nth(run, 1, AGAIN)?.sentAt ?? null,
      text: 'Without probes B has waited for the retransmission timer: {timer} leaves at {timer.time}. Its congestion window is one segment now, as if the network had broken down; so {timer2} has to wait for another round trip.',
      focus: {
        run: 'second',
        segments: ['timer', 'timer2'],
        host: 'B',
        variables: ['cwnd', 'rto', 'recovery'],
        plot: 'window',
      },
    },
  ],
  explain: [
    'When everything has been sent and no acknowledgement has come for about two smoothed round trips, the sender sends one *probe*: new data if there is any, else the last segment again (RFC 8985 section 7.2 and 7.3). What comes back tells by SACK what is missing, and the fast ways of repair take over.',
    'The retransmission timer is slower by design: at least 200 ms here (RFC 6298 would even have 1 s), since a timer that rings too early sends everything twice. And it is harsher: `cwnd` falls to one segment.',
    'Answers on the web are short: most of their losses are at or near the tail.',
  ],
  sources: [
    { where: 'RFC 8985 section 7', what: 'tail loss probes' },
    { where: 'RFC 6298 section 5', what: 'the retransmission timer' },
  ],
  tryThis: [
    {
      text: 'Lose only the last segment. With a single segment unacknowledged the probe has to allow for a delayed ACK, and comes later: how much?',
      scenario: vary(tail('The last segment lost', { tailLossProbe: true }), 'Only the last segment lost', {
        back: { dropData: [5] },
      }),
    },
    { text: 'Drop the probe as well, by hand. What does the B with the probe have left?' },
  ],
  claims: [
    {
      text: 'With probes: the last segment again as TLP, then the fifth by RACK. Without: both by the timer, the fifth first.',
      holds: ({ first: run, second }) =>
        all(run, AGAIN)
          .map(({ again, seq }) => `${again} ${seq}`)
          .join() === 'tlp 5001,rack 4001' &&
        all(second, AGAIN)
          .map(({ again, seq }) => `${again} ${seq}`)
          .join() === 'rto 4001,rto 5001',
    },
    {
      text: 'The probe leaves some two round trips after the last acknowledgement, the timer rings after 260 ms.',
      holds: ({ first: run, second }) => {
        const heard = first(run, { way: 'A→B', ack: 4001 })?.arrivedAt ?? 0
        return (
          about((first(run, AGAIN)?.sentAt ?? 0) - heard, 124, 3) &&
          about((first(second, AGAIN)?.sentAt ?? 0) - heard, 261, 3)
        )
      },
    },
    {
      text: 'A’s answer to the probe has a SACK block for it.',
      holds: ({ first: run }) =>
        first(run, { way: 'A→B', sack: (ranges) => ranges.length > 0 })?.sack.join() === '5001,6001',
    },
    {
      text: 'Only without probes there is a timeout; it makes cwnd one segment and doubles the timer.',
      holds: ({ first: run, second }) =>
        events(run, 'rtt').length > 0 &&
        events(run, 'timeout').length === 0 &&
        events(second, 'timeout', 'B').length === 1 &&
        series(second, 'B', ({ info }) => info).some(
          ({ cwnd, backoff, rto }) => cwnd === 1000 && backoff === 1 && rto > 500,
        ) &&
        series(run, 'B', ({ info }) => info).every(({ backoff }) => backoff === 0),
    },
    {
      text: 'With probes A has the whole answer more than 100 ms earlier.',
      holds: ({ first: run, second }) =>
        (deliveredAt(second, 'A', 6001) ?? 0) - (deliveredAt(run, 'A', 6001) ?? Number.POSITIVE_INFINITY) >
        100,
    },
  ],
}
