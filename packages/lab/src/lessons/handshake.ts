import { scenario } from './base.ts'
import { AtoB, all, BtoA, count, events, first, nth } from './find.ts'
import type { Lesson } from './lesson.ts'

export const handshake: Lesson = {
  id: 'handshake',
  title: 'The three-way handshake',
  topic: 'Connections',
  goal: 'Read the three segments that open a connection, and say why two would not do.',
  minutes: 5,
  needs: [],
  scenario: scenario('The three-way handshake', {
    duration: 300,
    flows: [{ app: 'requests', request: 100, response: 300, times: 1, pause: 0 }],
  }),
  intro: [
    'IP carries packets: each for itself, any of them may be lost, come late or come twice. TCP makes two streams of bytes of that, one in each direction, and for that both ends must remember things of each other: a *connection*.',
    'A, at the left, wants to ask B something. The line between them takes 20 ms each way. Time runs downwards. A sends its first segment, a `SYN`, and B has just answered it.',
  ],
  predict: {
    at: ({ first: run }) => nth(run, 0, { ...BtoA, kind: 'syn' })?.arrivedAt ?? null,
    question: 'The `SYN` with the `ACK` bit has come to A after 40 ms. What does A send next, and when?',
    choices: [
      {
        text: 'Nothing until B has sent one more segment: B must first say that it is ready.',
        reply:
          'B is ready: it has seen A’s `SYN` and answered it. What B does not know yet is whether its own number has come to A. It is A that owes a segment.',
      },
      {
        text: 'An `ACK` at once, and the request right behind it, without waiting.',
        reply:
          'For A the connection stands as soon as its `SYN` is acknowledged and it knows B’s number. So the request costs one round trip, not two, before it may leave.',
      },
      {
        text: 'An `ACK` at once; the request when B has acknowledged that.',
        reply:
          'An `ACK` without data is never acknowledged: otherwise two hosts would thank each other for ever. A has all it needs, and sends.',
      },
    ],
    answer: 1,
  },
  marks: {
    syn: ({ first: run }) => first(run, { ...AtoB, kind: 'syn' }),
    synAck: ({ first: run }) => first(run, { ...BtoA, kind: 'syn' }),
    ack: ({ first: run }) => first(run, { ...AtoB, kind: 'ack' }),
    request: ({ first: run }) => first(run, { ...AtoB, kind: 'data' }),
    response: ({ first: run }) => first(run, { ...BtoA, kind: 'data' }),
  },
  steps: [
    {
      at: 0,
      text: '{syn}: A says “my bytes will be counted from this number on”. The number itself is drawn so that nobody can guess it; here, as in most tools, it is shown as `0`. A is now in `SYN-SENT`.',
      focus: { segments: ['syn'], host: 'A', variables: ['state', 'snd.nxt'], view: 'states' },
    },
    {
      at: ({ first: run }) => first(run, { ...BtoA, kind: 'syn' })?.sentAt ?? null,
      text: '{synAck} does two things in one segment: it acknowledges A’s `SYN` (`ack 1`: “I expect your byte number 1”), and it tells B’s own number. B is in `SYN-RECEIVED`.',
      focus: { segments: ['synAck'], host: 'B', variables: ['state', 'rcv.nxt'], view: 'states' },
    },
    {
      at: ({ first: run }) => first(run, { ...AtoB, kind: 'data' })?.sentAt ?? null,
      text: '{ack} acknowledges B’s number, and {request} with the 100 bytes of the request leaves in the same millisecond. A has been `ESTABLISHED` since the second segment came; B will be with the third.',
      focus: {
        segments: ['ack', 'request'],
        host: 'A',
        variables: ['state', 'snd.una', 'snd.nxt'],
        view: 'states',
      },
    },
    {
      at: ({ first: run }) => first(run, { ...BtoA, kind: 'data' })?.arrivedAt ?? null,
      text: '{response} brings the answer after 80 ms: two round trips, of which one was for the handshake.',
      focus: { segments: ['response'], host: 'A' },
    },
  ],
  explain: [
    'Each side has to tell its initial sequence number, and each has to learn that it was heard: four messages, of which the two in the middle travel together. That makes three (RFC 9293 section 3.5).',
    'Two would not do. With {syn} and {synAck} alone B could never tell whether A knows B’s number, nor whether the `SYN` was a late duplicate of an old connection, which A would not remember. The third segment is the proof that A is there now.',
    'A `SYN` counts as one byte of the stream, and so does a `FIN`: that is how they can be acknowledged and, if lost, sent again. So the first byte of data has the number `1`.',
  ],
  sources: [
    { where: 'RFC 9293 section 3.5', what: 'establishing a connection' },
    { where: 'RFC 9293 section 3.4.1', what: 'how the first number is chosen' },
    { where: 'RFC 7413 section 2', what: 'data on the SYN, when even one round trip is too much' },
  ],
  tryThis: [
    { text: 'Click the first `SYN` and look at its options: what does A offer that only a `SYN` can offer?' },
    { text: 'Drop the third segment by hand. Who notices, and what repairs it?' },
  ],
  claims: [
    {
      text: 'Three segments open the connection: SYN, SYN-ACK, ACK.',
      holds: ({ first: run }) =>
        run.segments
          .slice(0, 3)
          .map(({ flags }) => flags)
          .join() === 'S,SA,A',
    },
    {
      text: 'The SYN-ACK acknowledges number 1.',
      holds: ({ first: run }) => first(run, { ...BtoA, kind: 'syn' })?.ack === 1,
    },
    {
      text: 'The request leaves when the SYN-ACK has come, together with the ACK.',
      holds: ({ first: run }) => {
        const arrived = first(run, { ...BtoA, kind: 'syn' })?.arrivedAt ?? -1
        return [first(run, { ...AtoB, kind: 'ack' }), first(run, { ...AtoB, kind: 'data' })].every(
          (segment) => segment !== null && segment.sentAt - arrived < 1 && segment.sentAt >= arrived,
        )
      },
    },
    {
      text: 'The answer is there after two round trips.',
      holds: ({ first: run }) => {
        const arrived = first(run, { ...BtoA, kind: 'data' })?.arrivedAt ?? 0
        return arrived >= 80 && arrived < 85
      },
    },
    {
      text: 'A is SYN-SENT at 0 and ESTABLISHED at 40 ms, B is SYN-RECEIVED at 20 and ESTABLISHED at 60 ms.',
      holds: ({ first: run }) =>
        ['A SYN-SENT 0', 'B SYN-RECEIVED 20', 'A ESTABLISHED 40', 'B ESTABLISHED 60'].every((one) =>
          events(run, 'state').some(
            ({ host, event, time }) => `${host} ${event.to} ${Math.round(time)}` === one,
          ),
        ),
    },
    {
      text: 'The first byte of data has the number 1.',
      holds: ({ first: run }) =>
        first(run, { ...AtoB, kind: 'data' })?.seq === 1 && count(run, { kind: 'syn' }) === 2,
    },
    {
      text: 'Nothing is lost or sent again.',
      holds: ({ first: run }) =>
        run.segments.length > 0 && all(run, { again: (why) => why !== null }).length === 0,
    },
  ],
}
