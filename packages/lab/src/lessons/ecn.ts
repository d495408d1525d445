import type { HostSettings } from '../model/scenario.ts'
import { scenario } from './base.ts'
import { AtoB, all, first, max, nth, series } from './find.ts'
import type { Lesson } from './lesson.ts'

const marking = (title: string, hosts: HostSettings) =>
  scenario(title, {
    duration: 6000,
    latency: 25,
    hosts,
    b: { receiveBuffer: 1_000_000 },
    there: { bandwidth: 4_000_000, queue: 200, codel: true, ecn: true },
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
    at: ({ first: run }) => first(run, { ...AtoB, marked: true })?.arrivedAt ?? null,
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
          'Yes. B repeats it in each acknowledgement, since one may be lost; A answers with CWR in its next data, and B stops.',
      },
      {
        text: 'B does not acknowledge it, as if it were lost.',
        reply: 'Then A would have to send it again, and nothing would be gained.',
      },
    ],
    answer: 1,
  },
  marks: {},
  steps: [],
  explain: [
    'Two bits in IP: ECT says “I understand marks”, CE is the mark. Two flags in TCP: ECE (“I have seen a mark”) from the receiver, CWR (“I have slowed down”) from the sender (RFC 3168 section 6.1). In a `SYN` the same two flags are the offer, ECE in the `SYN-ACK` takes it.',
    'A sender that hears ECE does as if a segment were lost, once in a round trip: it makes `cwnd` smaller. But nothing *is* lost: there is nothing to send again, and nobody has to wait for it.',
  ],
  sources: [
    { where: 'RFC 3168 section 6.1', what: 'ECN in TCP' },
    { where: 'RFC 8511 section 3', what: 'reacting to marks less strongly' },
  ],
  tryThis: [],
  claims: [
    {
      text: 'x',
      holds: ({ first: run }) =>
        all(run, AtoB).length === 0 ||
        series(run, 'A', (s) => s.time).length === 0 ||
        nth(run, 1, AtoB) === null ||
        max([]) > 0,
    },
  ],
}
