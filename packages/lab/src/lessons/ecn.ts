import type { HostSettings } from '../model/scenario.ts'
import { scenario, vary } from './base.ts'
import { AtoB, all, BtoA, count, first, max, nth, sampleAt } from './find.ts'
import type { Lesson, Runs } from './lesson.ts'

/** One turn of the signal, when slow start is over: the mark, its echo, the answer, and the end of the echo. */
function loop({ first: run }: Runs) {
  const marked = first(run, { ...AtoB, marked: true, sentAt: (at) => at > 1500 })
  const came = marked?.arrivedAt ?? Number.POSITIVE_INFINITY
  const echo = first(run, { ...BtoA, flags: (flags) => flags.includes('E'), sentAt: (at) => at >= came })
  const heard = echo?.arrivedAt ?? Number.POSITIVE_INFINITY
  const cwr = first(run, { ...AtoB, flags: (flags) => flags.includes('W'), sentAt: (at) => at >= heard })
  const known = cwr?.arrivedAt ?? Number.POSITIVE_INFINITY
  const quiet = first(run, { ...BtoA, flags: 'A', sentAt: (at) => at >= known })
  return { marked, echo, cwr, quiet }
}

const marking = (title: string, hosts: HostSettings) =>
  scenario(title, {
    duration: 4000,
    latency: 25,
    hosts,
    b: { receiveBuffer: 1_000_000 },
    there: { bandwidth: 2_000_000, queue: 200, codel: true, ecn: true },
    flows: [{ app: 'bulk', from: 'A', bytes: 20_000_000 }],
  })

export const ecn: Lesson = {
  id: 'ecn',
  title: 'ECN: a mark instead of a loss',
  topic: 'Congestion control',
  goal: 'Follow a congestion mark from the router to the receiver and back to the sender.',
  minutes: 7,
  needs: ['bufferbloat'],
  scenario: marking('ECN', { ecn: true }),
  compareWith: { first: 'with ECN', second: 'without', scenario: marking('No ECN', { ecn: false }) },
  intro: [
    'Again an upload through a queue with CoDel. A router that wants its senders to slow down has had one way to say so: to lose a packet. With *explicit congestion notification* it can mark one instead, by two bits of the IP header.',
    'Both runs are the same, but in the first the hosts have agreed in their `SYN`s on using these marks.',
  ],
  predict: {
    at: (runs) => loop(runs).marked?.arrivedAt ?? null,
    question:
      'The router has put its mark (CE) on a segment from A to B, and it has arrived. How will A hear of it?',
    choices: [
      {
        text: 'The router tells A, by ICMP.',
        reply:
          'That was once tried (Source Quench), and given up: more packets when there are too many already, and anybody could forge them.',
      },
      {
        text: 'B sets a bit, ECE, in its acknowledgements, until A says that it has understood.',
        reply:
          'B repeats it in each acknowledgement, since one may be lost; A answers with CWR in its next data, and B stops.',
      },
      {
        text: 'B does not acknowledge it, as if it were lost.',
        reply: 'Then A would have to send it again, and nothing would be gained.',
      },
    ],
    answer: 1,
  },
  marks: {
    syn: ({ first: run }) => first(run, { ...AtoB, kind: 'syn' }),
    synAck: ({ first: run }) => first(run, { ...BtoA, kind: 'syn' }),
    marked: (runs) => loop(runs).marked,
    echo: (runs) => loop(runs).echo,
    cwr: (runs) => loop(runs).cwr,
    quiet: (runs) => loop(runs).quiet,
    again: ({ second: run }) => first(run, { ...AtoB, again: (why) => why !== null }),
  },
  steps: [
    {
      at: ({ first: run }) => first(run, { ...BtoA, kind: 'syn' })?.sentAt ?? null,
      text: 'The handshake has it: ECE and CWR in {syn} are the offer, ECE in {synAck} accepts it.',
      focus: { segments: ['syn', 'synAck'], view: 'bytes' },
    },
    {
      at: (runs) => loop(runs).echo?.sentAt ?? null,
      text: '{marked} has met a queue that had been standing for too long, and got the mark CE on its way. B’s next acknowledgement, {echo}, carries ECE.',
      focus: { segments: ['marked', 'echo'], host: 'B', plot: 'queue' },
    },
    {
      at: (runs) => loop(runs).cwr?.sentAt ?? null,
      text: 'A hears it and makes its window smaller; {cwr} says so: CWR, “congestion window reduced”. Until it arrives B goes on repeating ECE.',
      focus: { segments: ['cwr', 'echo'], host: 'A', variables: ['cwnd', 'ssthresh'], plot: 'window' },
    },
    {
      at: (runs) => loop(runs).quiet?.sentAt ?? null,
      text: '{quiet} is without ECE again: the news has come round.',
      focus: { segments: ['quiet'], host: 'B' },
    },
    {
      at: 4000,
      text: 'In four seconds 15 marks and not one loss. Without ECN, with the same rule in the router, 20 segments were lost and had to be sent again, {again} the first of them.',
      focus: { run: 'second', segments: ['again'], host: 'A', variables: ['cwnd'], plot: 'window' },
    },
  ],
  explain: [
    'Two bits in IP: ECT says “I understand marks”, CE is the mark. Two flags in TCP: ECE (“I have seen a mark”) from the receiver, CWR (“I have slowed down”) from the sender (RFC 3168 section 6.1). In a `SYN` the same two flags are the offer, ECE in the `SYN-ACK` takes it.',
    'A sender that hears ECE does as if a segment were lost, once in a round trip: it makes `cwnd` smaller. But nothing *is* lost: there is nothing to send again, and nobody has to wait for it.',
  ],
  sources: [
    { where: 'RFC 3168 section 6.1', what: 'ECN in TCP' },
    { where: 'RFC 8511 section 3', what: 'reacting to marks less strongly' },
  ],
  tryThis: [
    {
      text: 'Switch ECN off at B only. What does its `SYN-ACK` say, and which of the two runs do you get?',
      scenario: vary(marking('ECN', { ecn: true }), 'ECN at A only', { b: { ecn: false } }),
    },
    {
      text: 'Let the router mark nothing, with hosts that would understand. What does a mark become?',
      scenario: vary(marking('ECN', { ecn: true }), 'A router without ECN', { there: { ecn: false } }),
    },
  ],
  claims: [
    {
      text: 'The SYN offers with ECE and CWR, the SYN-ACK accepts with ECE; without ECN there is neither.',
      holds: ({ first: run, second }) =>
        first(run, { kind: 'syn' })?.flags === 'SEW' &&
        first(run, { ...BtoA, kind: 'syn' })?.flags === 'SAE' &&
        all(second, { kind: 'syn' })
          .map(({ flags }) => flags)
          .join() === 'S,SA',
    },
    {
      text: 'Mark, ECE, CWR and the end of ECE follow each other; all acknowledgements between the first ECE and the last carry it.',
      holds: (runs) => {
        const { marked, echo, cwr, quiet } = loop(runs)
        if (marked === null || echo === null || cwr === null || quiet === null) return false
        const between = all(runs.first, { ...BtoA, sentAt: (at) => at >= echo.sentAt && at < quiet.sentAt })
        return (
          between.length > 3 &&
          between.every(({ flags }) => flags.includes('E')) &&
          echo.sentAt === marked.arrivedAt
        )
      },
    },
    {
      text: 'A’s window is smaller when it sends CWR than it was when the mark arrived.',
      holds: (runs) => {
        const { echo, cwr } = loop(runs)
        const before = sampleAt(runs.first, 'A', (echo?.arrivedAt ?? 0) - 1)?.info.cwnd ?? 0
        return cwr !== null && (sampleAt(runs.first, 'A', cwr.sentAt)?.info.cwnd ?? before) < before * 0.9
      },
    },
    {
      text: 'With ECN 15 marks, nothing lost, nothing sent again; without 20 losses and no mark.',
      holds: ({ first: run, second }) =>
        count(run, { marked: true }) === 15 &&
        count(run, { lost: (lost) => lost !== null }) === 0 &&
        count(run, { again: (why) => why !== null }) === 0 &&
        count(second, { marked: true }) === 0 &&
        count(second, { lost: (lost) => lost?.why === 'codel' }) === 20 &&
        nth(second, 19, { ...AtoB, again: (why) => why !== null }) !== null,
    },
    {
      text: 'The queue is the same short one in both runs after the first second.',
      holds: ({ first: run, second }) =>
        [run, second].every((one) => {
          const later = one.queues['A→B'].filter(({ time }) => time > 1000).map(({ packets }) => packets)
          return later.length > 0 && max(later) < 10
        }),
    },
  ],
}
