import type { HostSettings } from '../model/scenario.ts'
import { scenario, vary } from './base.ts'
import { all, BtoA, count, deliveredAt, end, first } from './find.ts'
import type { Lesson } from './lesson.ts'

/** The only SYN-ACK that comes to somebody. */
const COOKIE = { ...BtoA, kind: 'syn', arrivedAt: (at: number | null) => at !== null } as const

const flood = (title: string, b: HostSettings) =>
  scenario(title, {
    duration: 1500,
    latency: 8,
    b,
    flows: [{ app: 'synFlood', syns: 30, backlog: 4 }],
  })

export const synFlood: Lesson = {
  id: 'syn-flood',
  title: 'SYN flood, and the cookie',
  topic: 'Attacks',
  goal: 'Explain how a server accepts a connection of which it has kept nothing.',
  minutes: 9,
  needs: ['handshake', 'lost-syn'],
  scenario: flood('SYN flood, with cookies', { synCookies: true }),
  compareWith: {
    first: 'with SYN cookies',
    second: 'without',
    scenario: flood('SYN flood, without cookies', { synCookies: false }),
  },
  intro: [
    'For each `SYN` B answers and keeps a record, a *half-open connection*, until the third segment comes. Here it has room for 4. Somebody sends 30 `SYN`s, one each millisecond, from addresses that do not exist: nobody will ever send the third segment.',
    'Among them is one honest client, A, which asks for 1,000 bytes. In the first run B uses *SYN cookies*, in the second it does not.',
  ],
  predict: {
    at: ({ first: run }) => first(run, { from: 'A', kind: 'syn' })?.arrivedAt ?? null,
    question:
      'B’s queue of half-open connections is full. The `SYN` of the honest client has just come. What does a B with cookies do?',
    choices: [
      {
        text: 'It drops it: the queue is full.',
        reply: 'Then the attack has reached its goal: nobody gets in any more.',
      },
      {
        text: 'It throws out the oldest entry and takes the new one.',
        reply:
          'That is what the second run does. But under a flood the honest entry will itself be the oldest very soon, before its third segment can come.',
      },
      {
        text: 'It answers, and keeps nothing at all.',
        reply:
          'What it would have to remember it hides in its own sequence number; and the honest client’s third segment brings it back.',
      },
    ],
    answer: 2,
  },
  marks: {
    flood: ({ first: run }) => first(run, { from: 'forger' }),
    syn: ({ first: run }) => first(run, { from: 'A', kind: 'syn' }),
    cookie: ({ first: run }) => first(run, COOKIE),
    ack: ({ first: run }) => first(run, { from: 'A', kind: 'ack' }),
    answer: ({ first: run }) => first(run, { ...BtoA, kind: 'data' }),
    refusal: ({ second: run }) => first(run, { ...BtoA, kind: 'rst' }),
  },
  steps: [
    {
      at: ({ first: run }) => first(run, { from: 'A', kind: 'syn' })?.arrivedAt ?? null,
      text: 'The flood begins with {flood}. B’s answers go to nobody, and its four places are taken when {syn} arrives.',
      focus: { segments: ['syn', 'flood'], host: 'B', variables: ['state'] },
    },
    {
      at: ({ first: run }) => first(run, COOKIE)?.arrivedAt ?? null,
      text: '{cookie} looks like any `SYN-ACK`. But its number *is* the memory: B has kept nothing of A.',
      focus: { segments: ['cookie'], view: 'bytes' },
    },
    {
      at: ({ first: run }) => first(run, { from: 'A', kind: 'ack' })?.arrivedAt ?? null,
      text: '{ack} brings the number back, plus one. B checks it, and the connection is there: made from the third segment alone.',
      focus: { segments: ['ack', 'cookie'], host: 'B', variables: ['state'], view: 'states' },
    },
    {
      at: ({ second: run }) => first(run, { ...BtoA, kind: 'rst' })?.arrivedAt ?? null,
      text: 'Without cookies A’s record had to make room for the flood’s: when its third segment comes B knows of nothing, and answers {refusal}. The program at A sees `ECONNRESET`.',
      focus: { run: 'second', segments: ['refusal'], host: 'A', variables: ['state'], view: 'states' },
    },
    {
      at: ({ first: run }) => first(run, { ...BtoA, kind: 'data' })?.arrivedAt ?? null,
      text: 'With cookies A has its answer. Look at the price, {answer}: segments of 536 bytes and no window scaling. The cookie has room for a rough MSS only.',
      focus: { segments: ['answer'], host: 'B', variables: ['sndMss', 'snd.wnd'] },
    },
  ],
  explain: [
    'RFC 4987 section 3.6: when the queue is full, B answers without keeping anything. What it would have to remember (a rough time, the peer’s MSS) it puts into the 32 bits of its own sequence number, together with a keyed hash of addresses and ports.',
    'The third segment acknowledges that number + 1. B subtracts one, computes the hash again, and if it fits it knows: this peer has seen my answer, so it is where it says. The connection is made from the acknowledgement alone.',
    'The price: what does not fit into the cookie is lost. Without timestamps there is no window scaling and no SACK for such a connection; and a lost `SYN-ACK` is not sent again, as nobody remembers it. So cookies are used only when the queue is full.',
  ],
  sources: [
    { where: 'RFC 4987 section 3.6', what: 'SYN cookies' },
    { where: 'RFC 4987 section 2', what: 'the attack' },
  ],
  tryThis: [
    {
      text: 'Give B 100 places in its queue. Which run is different now?',
      scenario: scenario('A queue large enough', {
        duration: 1500,
        latency: 8,
        flows: [{ app: 'synFlood', syns: 30, backlog: 100 }],
      }),
    },
    {
      text: 'Switch timestamps on at both hosts. What can B remember by their help?',
      scenario: vary(flood('Timestamps', { synCookies: true }), 'SYN flood, cookies and timestamps', {
        hosts: { timestamps: true },
      }),
    },
  ],
  claims: [
    {
      text: 'In both runs 30 SYNs come from nowhere, and their SYN-ACKs reach nobody.',
      holds: ({ first: run, second }) =>
        [run, second].every(
          (one) =>
            count(one, { from: 'forger', kind: 'syn' }) === 30 &&
            count(one, { ...BtoA, kind: 'syn' }) >= 30 &&
            count(one, COOKIE) === 1,
        ),
    },
    {
      text: 'B’s places are taken before A’s SYN comes.',
      holds: ({ first: run }) => {
        const came = first(run, { from: 'A', kind: 'syn' })?.arrivedAt ?? null
        return (
          came !== null &&
          all(run, { from: 'forger', arrivedAt: (at) => at !== null && at < came }).length >= 4
        )
      },
    },
    {
      text: 'With cookies A gets its 1,000 bytes, in segments of at most 536, and both windows are without scale.',
      holds: ({ first: run }) =>
        deliveredAt(run, 'A', 1001) !== null &&
        all(run, { ...BtoA, kind: 'data' }).every(({ length }) => length <= 536) &&
        all(run, { from: 'A', kind: 'ack' }).every(({ window }) => window <= 65_535),
    },
    {
      text: 'Without them A’s third segment is answered with a RST, and A gets nothing.',
      holds: ({ second: run }) =>
        first(run, { ...BtoA, kind: 'rst' })?.sentAt === first(run, { from: 'A', kind: 'ack' })?.arrivedAt &&
        count(run, { ...BtoA, kind: 'data' }) === 0 &&
        end(run, 'A')?.samples.at(-1)?.state === 'CLOSED',
    },
  ],
}
