import { scenario, vary } from './base.ts'
import { AtoB, about, BtoA, count, events, first, nth, sampleAt } from './find.ts'
import type { Lesson } from './lesson.ts'

const FIN = { kind: 'fin' } as const

const SCENARIO = scenario('TIME-WAIT and why', {
  duration: 70_000,
  latency: 20,
  hosts: { tailLossProbe: false },
  there: { dropAny: [5] },
  flows: [{ app: 'requests', request: 100, response: 300, times: 1, pause: 0 }],
})

export const timeWait: Lesson = {
  id: 'time-wait',
  title: 'TIME-WAIT: staying to hear the echo',
  topic: 'Endings',
  goal: 'Give the two reasons for TIME-WAIT, and say which side has to bear it.',
  minutes: 8,
  needs: ['half-close'],
  scenario: SCENARIO,
  intro: [
    'A has its answer and closes; B closes, too. The last segment of all is A’s acknowledgement of B’s `FIN`. Here it gets lost.',
    'A has sent everything and received everything. It could forget the connection now, and give its port to the next one.',
  ],
  predict: {
    at: ({ first: run }) => first(run, { ...AtoB, lost: (lost) => lost !== null })?.lost?.at ?? null,
    question:
      'A’s last acknowledgement is lost. Suppose A had forgotten the connection at that moment. What would happen?',
    choices: [
      {
        text: 'Nothing: all data has arrived, at both sides.',
        reply:
          'The data, yes. But B is in `LAST-ACK` and does not know that its `FIN` has arrived. It will send it again.',
      },
      {
        text: 'B would send its `FIN` again, and A, which knows of no such connection, would answer with a `RST`: an error for B.',
        reply:
          'A clean end would look like a failure to B’s program. So somebody has to stay who can answer.',
      },
      {
        text: 'B would close after some time without an answer, with no harm done.',
        reply: 'It would send its `FIN` again, more than once, and what it gets for an answer is a `RST`.',
      },
    ],
    answer: 1,
  },
  marks: {
    finA: ({ first: run }) => first(run, { ...AtoB, ...FIN }),
    finB: ({ first: run }) => first(run, { ...BtoA, ...FIN }),
    lost: ({ first: run }) => first(run, { ...AtoB, lost: (lost) => lost !== null }),
    finAgain: ({ first: run }) => nth(run, 1, { ...BtoA, ...FIN }),
    echo: ({ first: run }) => nth(run, -1, AtoB),
  },
  steps: [
    {
      at: ({ first: run }) => first(run, { ...BtoA, ...FIN })?.arrivedAt ?? null,
      text: 'A closed first, with {finA}; B’s {finB} has come back. A acknowledges it and is in `TIME-WAIT`. All is said.',
      focus: { segments: ['finA', 'finB'], host: 'A', variables: ['state'], view: 'states' },
    },
    {
      at: ({ first: run }) => first(run, { ...AtoB, lost: (lost) => lost !== null })?.lost?.at ?? null,
      text: 'But {lost}, that acknowledgement, does not arrive. B waits in `LAST-ACK`.',
      focus: { segments: ['lost'], host: 'B', variables: ['state', 'rto'], view: 'states' },
    },
    {
      at: ({ first: run }) => nth(run, 1, { ...BtoA, ...FIN })?.sentAt ?? null,
      text: 'B’s timer rings: {finAgain}, the same `FIN` once more.',
      focus: { segments: ['finAgain'], host: 'B', variables: ['state', 'rto'] },
    },
    {
      at: ({ first: run }) => nth(run, -1, AtoB)?.arrivedAt ?? null,
      text: 'A is still there to answer: {echo}. B is `CLOSED`, and its program has seen a clean end.',
      focus: { segments: ['echo', 'finAgain'], host: 'B', variables: ['state'], view: 'states' },
    },
    {
      at: 62_000,
      text: 'A has stayed for a minute longer, counted from the last `FIN` that it heard. Now it has forgotten, too, and its port is free.',
      focus: { host: 'A', variables: ['state'], view: 'states' },
    },
  ],
  explain: [
    'The side that closes first stays in `TIME-WAIT` for twice the *maximum segment lifetime* (RFC 9293 section 3.6.1): here for 60 s, as Linux does; the RFC would have four minutes.',
    'First reason: to answer a `FIN` that comes again, as here. Second: to keep the same two addresses and ports from being used again while old segments of this connection may still be on their way. An old segment whose number happens to fit would be taken for data of the new connection.',
    'A busy client may have thousands of ports in this state. That is not a leak: each costs a few bytes, and protects somebody. Whoever closes first pays, which is why protocols prefer the client to do so.',
  ],
  sources: [
    { where: 'RFC 9293 section 3.6.1', what: 'half-closed connections, and TIME-WAIT' },
    { where: 'RFC 6191 section 2', what: 'reusing a connection in TIME-WAIT earlier, with timestamps' },
    { where: 'RFC 1337', what: 'what happens if TIME-WAIT is cut short by a RST' },
  ],
  tryThis: [
    {
      text: 'Do not lose the last acknowledgement. Does A stay in `TIME-WAIT` for a shorter time?',
      scenario: vary(SCENARIO, 'TIME-WAIT without loss', { there: { dropAny: [] } }),
    },
    {
      text: 'Lose B’s second `FIN` as well. How long does it take until B is `CLOSED`?',
      scenario: vary(SCENARIO, 'Two lost at the end', { back: { dropAny: [5] } }),
    },
  ],
  claims: [
    {
      text: 'A’s last acknowledgement is lost, and B’s FIN is sent again by its timer.',
      holds: ({ first: run }) =>
        first(run, { lost: (lost) => lost !== null })?.ack === 302 &&
        count(run, { ...BtoA, ...FIN }) === 2 &&
        nth(run, 1, { ...BtoA, ...FIN })?.again !== null,
    },
    {
      text: 'A is in TIME-WAIT then and acknowledges it; only then B is CLOSED.',
      holds: ({ first: run }) => {
        const again = nth(run, 1, { ...BtoA, ...FIN })?.arrivedAt ?? null
        const echo = nth(run, -1, AtoB)
        const closed = events(run, 'state', 'B').find(({ event }) => event.to === 'CLOSED')
        return (
          again !== null &&
          sampleAt(run, 'A', again)?.state === 'TIME-WAIT' &&
          echo?.sentAt === again &&
          echo.ack === 302 &&
          closed?.time === echo.arrivedAt
        )
      },
    },
    {
      text: 'TIME-WAIT lasts 60 s from the FIN that came last.',
      holds: ({ first: run }) => {
        const again = nth(run, 1, { ...BtoA, ...FIN })?.arrivedAt ?? null
        const gone = events(run, 'state', 'A').find(({ event }) => event.to === 'CLOSED')
        return again !== null && about(gone?.time, again + 60_000, 1)
      },
    },
    {
      text: 'Nobody sends a RST.',
      holds: ({ first: run }) => count(run, { kind: 'rst' }) === 0 && count(run, FIN) === 3,
    },
  ],
}
