import { scenario, vary } from './base.ts'
import { AtoB, about, all, count, end, events, first, nth, sampleAt } from './find.ts'
import type { Lesson } from './lesson.ts'

const PROBE = { ...AtoB, kind: 'probe' } as const

const gone = (title: string, more: { readonly keepAlive?: number; readonly back?: number }) =>
  scenario(title, {
    duration: 120_000,
    latency: 20,
    flows: [{ app: 'vanish', bytes: 300, who: 'B', at: 1000, ...more }],
  })

export const keepalive: Lesson = {
  id: 'keepalive',
  title: 'Half-open: talking to somebody who has gone',
  topic: 'Endings',
  goal: 'Explain how a connection can outlive one of its ends, and how keepalive finds out.',
  minutes: 7,
  needs: ['half-close'],
  scenario: gone('Keepalive', { keepAlive: 5000 }),
  compareWith: { first: 'keepalive after 5 s', second: 'no keepalive', scenario: gone('No keepalive', {}) },
  intro: [
    'A sends 300 bytes to B, and B acknowledges them. After one second somebody pulls B’s plug. No `FIN`, no `RST`: B is just gone.',
    'A waits for B to say something, as clients of chats and databases do for hours.',
  ],
  predict: {
    at: 1000,
    question: 'B lost its power at 1 s. A has no keepalive. When does it notice?',
    choices: [
      {
        text: 'At once: the connection breaks.',
        reply: 'A connection is no wire: it is what two hosts remember. A’s memory is as good as it was.',
      },
      {
        text: 'After some minutes, when its timers have run out.',
        reply: 'Which timer? Those of TCP run while something is unacknowledged. A has nothing on its way.',
      },
      {
        text: 'Never, as long as it does not send anything.',
        reply: 'Silence is the normal state of a connection. A’s end can stay `ESTABLISHED` for years.',
      },
    ],
    answer: 2,
  },
  marks: {
    last: ({ first: run }) => first(run, { way: 'B→A', ack: 301 }),
    probe1: ({ first: run }) => nth(run, 0, PROBE),
    probe9: ({ first: run }) => nth(run, 8, PROBE),
    bye: ({ first: run }) => first(run, { ...AtoB, kind: 'rst' }),
  },
  steps: [
    {
      at: 1000,
      text: 'The last that A hears of B is {last}. At 1 s B is gone; nothing on the line shows it.',
      focus: { segments: ['last'], host: 'A', variables: ['state'], view: 'states' },
    },
    {
      at: ({ first: run }) => nth(run, 0, PROBE)?.sentAt ?? null,
      text: 'With keepalive A asks after 5 s of silence: {probe1}, a segment without data whose number is one too low. A living B would have to answer it.',
      focus: { segments: ['probe1'], host: 'A', variables: ['state', 'snd.nxt'] },
    },
    {
      at: ({ first: run }) => first(run, { ...AtoB, kind: 'rst' })?.sentAt ?? null,
      text: 'Nine probes, up to {probe9}, remain without an answer. At {bye.time} A gives up: it tells its program `ETIMEDOUT` and, in case anybody is there, sends a `RST`, {bye}.',
      focus: { segments: ['bye', 'probe9'], host: 'A', variables: ['state'], view: 'states' },
    },
    {
      at: 120_000,
      text: 'Two minutes: in the run without keepalive A is `ESTABLISHED` as ever. It would be tomorrow.',
      focus: { run: 'second', host: 'A', variables: ['state'], view: 'states' },
    },
  ],
  explain: [
    'A connection of which one side has gone is *half-open* (RFC 9293 section 3.5.1). If B comes back with an empty memory, the next segment that A sends is answered with a `RST`, and A knows.',
    'Keepalive (RFC 9293 section 3.8.4) makes A ask by itself after a silence: a segment without data whose number is one too low. It is outside of the window, so a living B must answer it with where it is. If several of them stay unanswered the connection is given up, with `ETIMEDOUT`.',
    'It is off by default, and the first probe comes after two hours at the earliest unless a program says otherwise: a connection that is idle should not break just because the path is broken for a minute.',
  ],
  sources: [
    { where: 'RFC 9293 section 3.8.4', what: 'keepalives' },
    { where: 'RFC 9293 section 3.5.1', what: 'half-open connections' },
  ],
  tryThis: [
    {
      text: 'Let B come back at 3 s, with an empty memory. What does the first probe bring to light?',
      scenario: gone('B comes back', { keepAlive: 5000, back: 3000 }),
    },
    {
      text: 'Let somebody forge a segment from B to A with a wrong number, at 7 s. Is it a sign of life for A?',
      scenario: vary(gone('Forged', { keepAlive: 5000 }), 'Keepalive and a forger', {
        actions: [{ at: 7000, do: 'forge', way: 'B→A', flags: 'A', seq: 500_000, ack: 301, bytes: 0 }],
      }),
    },
  ],
  claims: [
    {
      text: 'After 1 s nothing of B’s is on the line in either run.',
      holds: ({ first: run, second }) =>
        [run, second].every(
          (one) =>
            all(one, { way: 'B→A' }).length >= 2 &&
            all(one, { way: 'B→A' }).every(({ sentAt }) => sentAt < 1000),
        ),
    },
    {
      text: 'Probes with a number one too low leave after 5 s of silence, nine of them, 5 s apart.',
      holds: ({ first: run }) => {
        const probes = all(run, PROBE)
        const heard = first(run, { way: 'B→A', ack: 301 })?.arrivedAt ?? 0
        return (
          probes.length === 9 &&
          probes.every(({ sentAt, seq }, i) => seq === 300 && about(sentAt, heard + 5000 * (i + 1), 1))
        )
      },
    },
    {
      text: 'After the ninth A gives up, 50 s after the last that it heard, with a RST.',
      holds: ({ first: run }) => {
        const heard = first(run, { way: 'B→A', ack: 301 })?.arrivedAt ?? 0
        const closed = events(run, 'state', 'A').find(({ event }) => event.to === 'CLOSED')
        return (
          about(closed?.time, heard + 50_000, 1) &&
          first(run, { ...AtoB, kind: 'rst' })?.sentAt === closed?.time
        )
      },
    },
    {
      text: 'Without keepalive A sends nothing and is ESTABLISHED to the end.',
      holds: ({ second: run }) =>
        count(run, { sentAt: (at) => at > 1000 }) === 0 &&
        run.segments.length > 0 &&
        sampleAt(run, 'A', 120_000)?.state === 'ESTABLISHED' &&
        end(run, 'A') !== null,
    },
  ],
}
