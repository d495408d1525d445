import { scenario, vary } from './base.ts'
import { AtoB, all, BtoA, DATA, events, first, nth, states } from './find.ts'
import type { Lesson } from './lesson.ts'

const FIN_A = { ...AtoB, kind: 'fin' } as const

const SCENARIO = scenario('Half-close', {
  duration: 800,
  latency: 20,
  link: { bandwidth: 4_000_000 },
  flows: [{ app: 'halfClose', bytes: 3000, answer: 6000 }],
})

export const halfClose: Lesson = {
  id: 'half-close',
  title: 'Half-close: “that was all from me”',
  topic: 'Endings',
  goal: 'Explain why a connection has two ends to close, and follow both through the states.',
  minutes: 6,
  needs: ['handshake'],
  scenario: SCENARIO,
  intro: [
    'A sends B a list of 3,000 bytes to be sorted. B cannot begin before it has seen the last line; so A has to say that there are no more. It shuts *its* direction: `FIN`.',
    'Old tools live on this: `sort` on another machine, `rsh`, HTTP/1.0 answers that end when the connection does.',
  ],
  predict: {
    at: ({ first: run }) => first(run, FIN_A)?.arrivedAt ?? null,
    question:
      'A’s `FIN` has come to B. B has read the list, and has 6,000 bytes to answer. May it still send them?',
    choices: [
      {
        text: 'No: the connection is closed. A has to open a new one for the answer.',
        reply:
          'The `FIN` closes one direction, that from A to B. A has said that it sends no more, not that it does not listen.',
      },
      {
        text: 'Yes, as many as it likes: the direction from B to A is still open.',
        reply:
          'A connection is two streams, and each ends by itself. A acknowledges all of it, although it sends no data any more.',
      },
      {
        text: 'Only what A’s window allows at this moment; after a `FIN` it does not move any more.',
        reply: 'A’s acknowledgements go on, and so do its windows. Only A’s *data* has ended.',
      },
    ],
    answer: 1,
  },
  marks: {
    finA: ({ first: run }) => first(run, FIN_A),
    ackFin: ({ first: run }) => first(run, { ...BtoA, ack: 3002 }),
    answer: ({ first: run }) => first(run, { ...BtoA, ...DATA }),
    finB: ({ first: run }) => first(run, { ...BtoA, kind: 'fin' }),
    last: ({ first: run }) => nth(run, -1, AtoB),
  },
  steps: [
    {
      at: ({ first: run }) => first(run, FIN_A)?.sentAt ?? null,
      text: '{finA} comes right behind A’s last data: “no more bytes from me after number 3,000”. A is in `FIN-WAIT-1`.',
      focus: { segments: ['finA'], host: 'A', variables: ['state', 'snd.nxt'], view: 'states' },
    },
    {
      at: ({ first: run }) => first(run, { ...BtoA, ...DATA })?.sentAt ?? null,
      text: '{ackFin} acknowledges 3,002: the `FIN` has a number, too. B is in `CLOSE-WAIT`, and its answer begins with {answer}.',
      focus: { segments: ['ackFin', 'answer'], host: 'B', variables: ['state', 'rcv.nxt'], view: 'states' },
    },
    {
      at: ({ first: run }) => first(run, { ...BtoA, ...DATA })?.arrivedAt ?? null,
      text: 'A is in `FIN-WAIT-2` by now, and receives: 6,000 bytes flow through a connection that is half closed. A acknowledges them all.',
      focus: { segments: ['answer'], host: 'A', variables: ['state', 'rcv.nxt', 'rcv.wnd'], view: 'states' },
    },
    {
      at: ({ first: run }) => nth(run, -1, AtoB)?.arrivedAt ?? null,
      text: '{finB} ends the other direction; {last} acknowledges it. B is `CLOSED`, and A stays in `TIME-WAIT`, about which there is a lesson.',
      focus: { segments: ['finB', 'last'], host: 'A', variables: ['state'], view: 'states' },
    },
  ],
  explain: [
    'Each direction ends by itself, with a `FIN` and its acknowledgement (RFC 9293 section 3.6). The four segments of a full close are two such pairs; often the second and third travel together, because B closes at once when it sees A’s end.',
    'A program that calls `close` usually means both: it will neither send nor read. What then still arrives is answered with a `RST` (RFC 9293 section 3.6.1). Half-close is the other call: `shutdown` in C, `end()` in Node with `allowHalfOpen`.',
  ],
  sources: [
    { where: 'RFC 9293 section 3.6', what: 'closing a connection' },
    { where: 'RFC 9293 section 3.3.2', what: 'the states' },
  ],
  tryThis: [
    { text: 'Drop {finA} by hand. What does B do meanwhile, and who repairs it?' },
    {
      text: 'Let A abort at 90 ms instead of waiting. What does B see?',
      scenario: vary(SCENARIO, 'Half-close and abort', {
        actions: [{ at: 90, do: 'abort', host: 'A', flow: 0 }],
      }),
    },
  ],
  claims: [
    {
      text: 'A’s FIN has number 3001 and is acknowledged with 3002.',
      holds: ({ first: run }) =>
        first(run, FIN_A)?.seq === 3001 &&
        first(run, { ...BtoA, ack: 3002 })?.sentAt === first(run, FIN_A)?.arrivedAt,
    },
    {
      text: 'B sends all of its 6,000 bytes after A’s FIN has come.',
      holds: ({ first: run }) => {
        const came = first(run, FIN_A)?.arrivedAt ?? null
        const answer = all(run, { ...BtoA, ...DATA })
        return (
          came !== null &&
          answer.reduce((sum, { length }) => sum + length, 0) === 6000 &&
          answer.every(({ sentAt }) => sentAt >= came)
        )
      },
    },
    {
      text: 'A goes FIN-WAIT-1, FIN-WAIT-2, TIME-WAIT; B CLOSE-WAIT, LAST-ACK, CLOSED.',
      holds: ({ first: run }) =>
        states(run, 'A').join().includes('FIN-WAIT-1,FIN-WAIT-2,TIME-WAIT') &&
        states(run, 'B').join().includes('CLOSE-WAIT,LAST-ACK,CLOSED'),
    },
    {
      text: 'A is in FIN-WAIT-2 when the answer comes, and acknowledges it.',
      holds: ({ first: run }) => {
        const came = first(run, { ...BtoA, ...DATA })?.arrivedAt ?? null
        const into = events(run, 'state', 'A').find(({ event }) => event.to === 'FIN-WAIT-2')
        return came !== null && into !== undefined && into.time <= came && nth(run, -1, AtoB)?.ack === 6002
      },
    },
  ],
}
