import { scenario } from './base.ts'
import { AtoB, about, BtoA, count, DATA, events, first, nth, sampleAt } from './find.ts'
import type { Lesson } from './lesson.ts'

const FORGED = { from: 'forger' } as const

const SCENARIO = scenario('RST and challenge ACKs', {
  duration: 6000,
  latency: 20,
  b: { receiveBuffer: 65_536 },
  flows: [{ app: 'typing', bytes: 100, times: 10, pause: 500 }],
  actions: [
    { at: 1200, do: 'forge', way: 'A→B', flags: 'R', seq: 500_000, ack: 0, bytes: 0 },
    { at: 2200, do: 'forge', way: 'A→B', flags: 'R', seq: 10_000, ack: 0, bytes: 0 },
    { at: 3200, do: 'forge', way: 'A→B', flags: 'R', seq: 701, ack: 0, bytes: 0 },
  ],
})

export const rstChallenge: Lesson = {
  id: 'rst-challenge',
  title: 'A RST is not always believed',
  topic: 'Attacks',
  goal: 'Say which of three forged RSTs ends a connection, and what the other two get for an answer.',
  minutes: 7,
  needs: ['sequence-numbers', 'receive-window'],
  scenario: SCENARIO,
  intro: [
    'A `RST` says: there is no such connection, forget it. It ends a connection at once, data or not. So whoever can make one can cut off others.',
    'A types 100 bytes each half second. Somebody else, who can send packets with A’s address, sends three `RST`s to B. Their numbers differ: the first is far beyond B’s window, the second lies within it, the third is exactly what B expects next.',
  ],
  predict: {
    at: ({ first: run }) => nth(run, 1, FORGED)?.arrivedAt ?? null,
    question:
      'The first forged `RST` (outside of the window) was ignored. The second has just come: its number lies within the window, 9,499 bytes ahead of what B expects. What does B do?',
    choices: [
      {
        text: 'The connection is reset: within the window is good enough.',
        reply:
          'That was the rule until 2010. A forger then needs to hit a window of 65,000 among four thousand million numbers: some 65,000 tries, a matter of seconds.',
      },
      {
        text: 'Nothing: it is ignored like the first.',
        reply:
          'It could be genuine: perhaps A has crashed and some of its segments were lost. B should find out.',
      },
      {
        text: 'It asks A: “is that you?”, by an acknowledgement.',
        reply:
          'A *challenge ACK*. An A that has really gone answers with a `RST` of exactly the right number. An A that is alive does nothing.',
      },
    ],
    answer: 2,
  },
  marks: {
    rst1: ({ first: run }) => nth(run, 0, FORGED),
    rst2: ({ first: run }) => nth(run, 1, FORGED),
    challenge: ({ first: run }) => {
      const came = nth(run, 1, FORGED)?.arrivedAt ?? null
      return came === null ? null : first(run, { ...BtoA, sentAt: came })
    },
    rst3: ({ first: run }) => nth(run, 2, FORGED),
    next: ({ first: run }) => first(run, { ...AtoB, ...DATA, seq: 701 }),
    refusal: ({ first: run }) => first(run, { ...BtoA, kind: 'rst' }),
  },
  steps: [
    {
      at: ({ first: run }) => nth(run, 0, FORGED)?.arrivedAt ?? null,
      text: '{rst1} has the number 500,000; B’s window ends at about 65,500. B throws it away without a word.',
      focus: { segments: ['rst1'], host: 'B', variables: ['rcv.nxt', 'rcv.wnd'] },
    },
    {
      at: ({ first: run }) => nth(run, 1, FORGED)?.arrivedAt ?? null,
      text: '{rst2}: 10,000, within the window, but not the 501 that B expects. B answers A with {challenge}: “I am at 501. Did you mean that?”',
      focus: { segments: ['challenge', 'rst2'], host: 'B', variables: ['state', 'rcv.nxt'], view: 'states' },
    },
    {
      at: ({ first: run }) => first(run, { ...AtoB, ...DATA, seq: 601 })?.arrivedAt ?? null,
      text: 'A gets an acknowledgement that it knows already, and goes on typing. Both are `ESTABLISHED`: nothing has happened.',
      focus: { segments: ['challenge'], host: 'A', variables: ['state', 'snd.una'] },
    },
    {
      at: ({ first: run }) => nth(run, 2, FORGED)?.arrivedAt ?? null,
      text: '{rst3} has exactly the number that B expects: 701. B believes it, and is `CLOSED`.',
      focus: { segments: ['rst3'], host: 'B', variables: ['state', 'rcv.nxt'], view: 'states' },
    },
    {
      at: ({ first: run }) => first(run, { ...BtoA, kind: 'rst' })?.arrivedAt ?? null,
      text: 'A knows nothing of it until it sends again: {next} comes to a B that has no such connection, and {refusal} tells A.',
      focus: { segments: ['next', 'refusal'], host: 'A', variables: ['state'], view: 'states' },
    },
  ],
  explain: [
    'RFC 5961 section 3.2: a `RST` counts at once if its number is *exactly* the next expected one. Elsewhere within the window it is answered with a challenge ACK. Outside it is dropped.',
    'So a blind forger must now hit one number of 2^32, not one of some 65,000. The genuine case still works: a host that has forgotten the connection answers the challenge with a `RST` whose number it takes from the challenge itself.',
    'Challenge ACKs are few by rule (RFC 5961 section 7), as else they could be used to make B send; and their number must not be countable from outside, which an attack of 2016 made use of.',
  ],
  sources: [
    { where: 'RFC 5961 section 3.2', what: 'RST and challenge ACK' },
    { where: 'RFC 9293 section 3.10.7.4', what: 'the checks of a segment that arrives, in order' },
  ],
  tryThis: [
    { text: 'Click any segment and “forge a RST” yourself. How near must you come?' },
    {
      text: 'Forge a `SYN` into the connection. What does B answer (RFC 5961 section 4)?',
      scenario: scenario('A forged SYN', {
        duration: 3000,
        latency: 20,
        flows: [{ app: 'typing', bytes: 100, times: 4, pause: 500 }],
        actions: [{ at: 1200, do: 'forge', way: 'A→B', flags: 'S', seq: 301, ack: 0, bytes: 0 }],
      }),
    },
  ],
  claims: [
    {
      text: 'The RST outside of the window gets no answer, and changes nothing.',
      holds: ({ first: run }) => {
        const rst = nth(run, 0, FORGED)
        if (rst === null || rst.arrivedAt === null) return false
        return (
          count(run, { ...BtoA, sentAt: rst.arrivedAt }) === 0 &&
          sampleAt(run, 'B', rst.arrivedAt + 100)?.state === 'ESTABLISHED'
        )
      },
    },
    {
      text: 'The one within the window gets a challenge ACK of 501 at once; both stay ESTABLISHED.',
      holds: ({ first: run }) => {
        const rst = nth(run, 1, FORGED)
        if (rst === null || rst.arrivedAt === null) return false
        const challenge = first(run, { ...BtoA, sentAt: rst.arrivedAt })
        return (
          challenge?.kind === 'ack' &&
          challenge.ack === 501 &&
          (['A', 'B'] as const).every((host) => sampleAt(run, host, 3000)?.state === 'ESTABLISHED')
        )
      },
    },
    {
      text: 'The exact one closes B at once.',
      holds: ({ first: run }) => {
        const rst = nth(run, 2, FORGED)
        const closed = events(run, 'state', 'B').find(({ event }) => event.to === 'CLOSED')
        return rst !== null && rst.seq === 701 && closed !== undefined && closed.time === rst.arrivedAt
      },
    },
    {
      text: 'A learns of it by a RST for its next data.',
      holds: ({ first: run }) => {
        const next = first(run, { ...AtoB, ...DATA, seq: 701 })
        const refusal = first(run, { ...BtoA, kind: 'rst' })
        const closed = events(run, 'state', 'A').find(({ event }) => event.to === 'CLOSED')
        return (
          refusal !== null &&
          refusal.sentAt === next?.arrivedAt &&
          about(closed?.time, refusal.arrivedAt ?? -1, 0.1)
        )
      },
    },
  ],
}
