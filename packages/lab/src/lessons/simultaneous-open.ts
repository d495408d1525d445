import { scenario, vary } from './base.ts'
import { AtoB, all, BtoA, count, first, nth, states } from './find.ts'
import type { Lesson } from './lesson.ts'

const SCENARIO = scenario('Simultaneous open', {
  duration: 400,
  latency: 30,
  flows: [{ app: 'simultaneousOpen', bytes: 500 }],
})

export const simultaneousOpen: Lesson = {
  id: 'simultaneous-open',
  title: 'Both call at once',
  topic: 'Connections',
  goal: 'Follow a simultaneous open through the state diagram, and say why it makes one connection and not two.',
  minutes: 6,
  needs: ['handshake'],
  scenario: SCENARIO,
  intro: [
    'Nobody listens here. A connects to B, and at the same moment B connects to A, each from the port that the other one calls. Their `SYN`s cross on the line.',
    'That is rare in a textbook and common in the world: two peers behind address translators open a way through both of them like this.',
  ],
  predict: {
    at: ({ first: run }) => first(run, { ...AtoB, flags: 'S' })?.arrivedAt ?? null,
    question: 'A is in `SYN-SENT` and waits for a `SYN-ACK`. What comes is a bare `SYN`. What does A do?',
    choices: [
      {
        text: 'It refuses with a `RST`: it called B, and does not listen.',
        reply:
          'A wants to talk to exactly this port of B, and B to exactly this port of A. Both get what they want.',
      },
      {
        text: 'It answers with a `SYN-ACK`, as a listener would.',
        reply:
          'It goes to `SYN-RECEIVED`, and sends its `SYN` again, this time with an acknowledgement of B’s. B does the same at the same moment.',
      },
      {
        text: 'It opens a second connection for the other direction.',
        reply:
          'A connection is named by both addresses and both ports. These are the same four numbers: it is the same connection, called from both sides.',
      },
    ],
    answer: 1,
  },
  marks: {
    synA: ({ first: run }) => first(run, { ...AtoB, flags: 'S' }),
    synB: ({ first: run }) => first(run, { ...BtoA, flags: 'S' }),
    synAckA: ({ first: run }) => first(run, { ...AtoB, flags: 'SA' }),
    synAckB: ({ first: run }) => first(run, { ...BtoA, flags: 'SA' }),
    finA: ({ first: run }) => first(run, { ...AtoB, kind: 'fin' }),
    finB: ({ first: run }) => first(run, { ...BtoA, kind: 'fin' }),
  },
  steps: [
    {
      at: 0,
      text: '{synA} and {synB} leave at the same time and cross. Both ends are in `SYN-SENT`.',
      focus: { segments: ['synA', 'synB'], host: 'A', variables: ['state'], view: 'states' },
    },
    {
      at: ({ first: run }) => first(run, { ...AtoB, flags: 'SA' })?.sentAt ?? null,
      text: 'Each gets the other’s `SYN` and answers: {synAckA} and {synAckB} cross as well. Both ends are in `SYN-RECEIVED`, which otherwise only a server sees from this side.',
      focus: { segments: ['synAckA', 'synAckB'], host: 'A', variables: ['state', 'rcv.nxt'], view: 'states' },
    },
    {
      at: ({ first: run }) => first(run, { ...AtoB, flags: 'SA' })?.arrivedAt ?? null,
      text: 'Each `SYN-ACK` acknowledges the other’s `SYN`: both are `ESTABLISHED`, if only for a moment: each sends its 500 bytes and closes at once. Four segments instead of three, and no third step.',
      focus: { segments: ['synAckA', 'synAckB'], host: 'B', variables: ['state'], view: 'states' },
    },
    {
      at: ({ first: run }) => first(run, { ...AtoB, kind: 'fin' })?.arrivedAt ?? null,
      text: 'And as both have closed at the same moment, their `FIN`s cross, too: both ends pass through `CLOSING`, the state that one sees least of all.',
      focus: { segments: ['finA', 'finB'], host: 'A', variables: ['state'], view: 'states' },
    },
  ],
  explain: [
    'RFC 9293 section 3.5 shows this as its second example, and a TCP must support it (its rule MUST-10). In the state diagram it is the way from `SYN-SENT` down to `SYN-RECEIVED`.',
    'The `SYN-ACK` has the number of the first `SYN`, 0, not a new one: it is the same `SYN` once more, with news beside it.',
  ],
  sources: [
    { where: 'RFC 9293 section 3.5', what: 'simultaneous connection synchronisation (figure 7)' },
    { where: 'RFC 5382 section 4.2', what: 'what address translators owe to it' },
  ],
  tryThis: [
    {
      text: 'Make the way from B to A 60 ms. At which moment does each end become `ESTABLISHED` now?',
      scenario: vary(SCENARIO, 'Simultaneous open, one way slower', { back: { latency: 60 } }),
    },
    { text: 'Drop one of the two `SYN`s by hand. Is it still a simultaneous open?' },
  ],
  claims: [
    {
      text: 'Both send a SYN at the same time, and both a SYN-ACK.',
      holds: ({ first: run }) =>
        count(run, { flags: 'S' }) === 2 &&
        count(run, { flags: 'SA' }) === 2 &&
        first(run, { ...AtoB, flags: 'S' })?.sentAt === first(run, { ...BtoA, flags: 'S' })?.sentAt,
    },
    {
      text: 'Both ends go from SYN-SENT over SYN-RECEIVED to ESTABLISHED.',
      holds: ({ first: run }) =>
        (['A', 'B'] as const).every((host) =>
          states(run, host).join().includes('SYN-SENT,SYN-RECEIVED,ESTABLISHED'),
        ),
    },
    {
      text: 'Both close at the same moment, and go through CLOSING to TIME-WAIT.',
      holds: ({ first: run }) =>
        (['A', 'B'] as const).every((host) =>
          states(run, host).join().includes('FIN-WAIT-1,CLOSING,TIME-WAIT'),
        ),
    },
    {
      text: 'The SYN-ACKs have number 0 and acknowledge 1.',
      holds: ({ first: run }) =>
        all(run, { flags: 'SA' }).length === 2 &&
        all(run, { flags: 'SA' }).every(({ seq, ack }) => seq === 0 && ack === 1),
    },
    {
      text: 'Data goes over the one connection that there is.',
      holds: ({ first: run }) =>
        nth(run, 0, { ...AtoB, kind: 'data' })?.length === 500 &&
        run.segments.every(({ flow }) => flow === 0),
    },
  ],
}
