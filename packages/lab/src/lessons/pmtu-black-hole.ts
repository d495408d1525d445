import type { SegmentRecord } from '../model/recording.ts'
import type { LinkSettings } from '../model/scenario.ts'
import { scenario, vary } from './base.ts'
import { AtoB, about, all, deliveredAt, events, first, nth } from './find.ts'
import type { Lesson } from './lesson.ts'

const TOO_BIG = { ...AtoB, lost: (lost: SegmentRecord['lost']) => lost?.why === 'mtu' } as const

const narrow = (title: string, there: Partial<LinkSettings>) =>
  scenario(title, {
    duration: 8000,
    latency: 20,
    hosts: { maxSegment: 1460, mtuProbing: 'blackHole', tailLossProbe: false },
    a: { initialWindow: 2 },
    router: true,
    there: { mtu: 1300, bandwidth: 10_000_000, ...there },
    flows: [{ app: 'bulk', from: 'A', bytes: 12_000 }],
  })

export const pathMtu: Lesson = {
  id: 'pmtu-black-hole',
  title: 'The black hole: a path too narrow that does not say so',
  topic: 'The path',
  goal: 'Recognise a path MTU black hole, and say how a host gets out of it.',
  minutes: 8,
  needs: ['rto-karn'],
  scenario: narrow('A path MTU black hole', { icmp: false }),
  compareWith: {
    first: 'silent router',
    second: 'router that tells',
    scenario: narrow('Path MTU discovery', { icmp: true }),
  },
  intro: [
    'A and B have Ethernet, and agree in their `SYN`s on segments of 1,460 bytes. Between them stands a router, and behind it a tunnel through which packets of 1,300 bytes go at most. TCP’s packets must not be cut into pieces (they carry the “don’t fragment” bit), so the router drops what is larger.',
    'It ought to tell A, by an ICMP message. In the first run it does not: somebody has forbidden ICMP “for security”. The handshake, of course, works.',
  ],
  predict: {
    at: ({ first: run }) => first(run, TOO_BIG)?.lost?.at ?? null,
    question:
      'The handshake is done, and A’s first full segment has been dropped in silence. What would a user see of this?',
    choices: [
      {
        text: 'The connection is refused.',
        reply: 'It is there: `SYN`, `SYN-ACK` and `ACK` are small, and went through.',
      },
      {
        text: 'It connects, small things work, and large ones hang.',
        reply: 'The sign of a black hole: the login prompt comes, the directory listing does not.',
      },
      {
        text: 'It is slow, as with heavy loss.',
        reply: 'With loss some of the large segments get through. Here none of them ever does.',
      },
    ],
    answer: 1,
  },
  marks: {
    dropped: ({ first: run }) => first(run, TOO_BIG),
    again: ({ first: run }) => nth(run, 2, TOO_BIG),
    small: ({ first: run }) => first(run, { ...AtoB, again: 'rto', length: (length) => length < 1460 }),
    told: ({ second: run }) => first(run, { kind: 'icmp' }),
    cut: ({ second: run }) => first(run, { ...AtoB, again: (why) => why !== null }),
  },
  steps: [
    {
      at: ({ second: run }) => first(run, { ...AtoB, again: (why) => why !== null })?.sentAt ?? null,
      text: 'First the run in which the router tells: {told} says “too big, 1,300 at most”. A believes it and cuts: {cut} has 1,260 bytes of payload, and passes. 20 ms are lost.',
      focus: { run: 'second', segments: ['told', 'cut'], host: 'A', variables: ['sndMss'] },
    },
    {
      at: ({ first: run }) => nth(run, 2, TOO_BIG)?.sentAt ?? null,
      text: 'With the silent router nothing comes back for {dropped}. A’s timer rings; it sends the same again, and it is lost again, for the same reason.',
      focus: { segments: ['dropped', 'again'], host: 'A', variables: ['rto', 'backoff'] },
    },
    {
      at: ({ first: run }) =>
        first(run, { ...AtoB, again: 'rto', length: (length) => length < 1460 })?.sentAt ?? null,
      text: 'At {small.time} A has had enough: after its third timeout it takes the path for a black hole, and tries 1,024 bytes, {small}. That passes.',
      focus: { segments: ['small'], host: 'A', variables: ['sndMss', 'backoff'] },
    },
    {
      at: ({ first: run }) => deliveredAt(run, 'B', 12_001),
      text: 'From there on everything flows: 12,000 bytes took two seconds, where 200 ms would have been enough.',
      focus: { host: 'A', plot: 'sequence' },
    },
  ],
  explain: [
    'Path MTU discovery (RFC 1191 section 3) relies on the router’s message “fragmentation needed”, which says how large a packet may be. In the second run it comes after one round trip to the router, and A goes on with smaller segments at once.',
    'Where it does not come, the sender has only silence (RFC 2923 section 2.1). RFC 4821 lets it find out by itself: after several timeouts of full segments it tries small ones, and if they arrive, it searches upwards for the largest that passes.',
    'The other cure is at the router: it writes a smaller MSS into the `SYN`s that pass (“MSS clamping”). Every home router with a tunnel does it.',
  ],
  sources: [
    { where: 'RFC 1191 section 3', what: 'path MTU discovery' },
    { where: 'RFC 2923 section 2.1', what: 'black holes' },
    { where: 'RFC 4821 section 7', what: 'finding the MTU without ICMP' },
  ],
  tryThis: [
    {
      text: 'Switch the search off (`mtuProbing: false`) at A. When does the connection get going now?',
      scenario: scenario('A black hole for ever', {
        duration: 30_000,
        latency: 20,
        hosts: { maxSegment: 1460, mtuProbing: false, tailLossProbe: false },
        router: true,
        there: { mtu: 1300, bandwidth: 10_000_000, icmp: false },
        flows: [{ app: 'bulk', from: 'A', bytes: 12_000 }],
      }),
    },
    {
      text: 'Let B ask for segments of 1,240 bytes. Is the narrow place noticed at all?',
      scenario: vary(narrow('MSS', { icmp: false }), 'Clamped to 1,240 bytes', { b: { maxSegment: 1240 } }),
    },
  ],
  claims: [
    {
      text: 'The handshake passes; every full segment is dropped for its size, three attempts at the first one among them.',
      holds: ({ first: run }) =>
        all(run, { kind: 'syn' }).every(({ arrivedAt }) => arrivedAt !== null) &&
        all(run, { ...AtoB, length: 1460 }).length >= 4 &&
        all(run, { ...AtoB, length: 1460 }).every(({ lost }) => lost?.why === 'mtu') &&
        all(run, { ...TOO_BIG, seq: 1 }).length === 3,
    },
    {
      text: 'With the silent router there is no ICMP; after the third timeout, at about 1.7 s, A goes down to 1,024 bytes by itself.',
      holds: ({ first: run }) => {
        const found = events(run, 'pathMtu', 'A')[0]
        return (
          all(run, { kind: 'icmp' }).length === 0 &&
          found?.event.cause === 'blackHole' &&
          about(found.time, 1720, 5) &&
          first(run, { ...AtoB, sentAt: found.time })?.length === 1024 &&
          events(run, 'timeout', 'A').length === 3
        )
      },
    },
    {
      text: 'With the telling one ICMP names 1,300, and 1,260 bytes follow one round trip to the router later, without a timeout.',
      holds: ({ second: run }) => {
        const cut = first(run, { ...AtoB, again: (why) => why !== null })
        return (
          events(run, 'pathMtu', 'A')[0]?.event.mtu === 1300 &&
          cut?.length === 1260 &&
          cut.sentAt === first(run, { kind: 'icmp' })?.arrivedAt &&
          about(cut.sentAt - (first(run, TOO_BIG)?.sentAt ?? 0), 20, 1) &&
          events(run, 'timeout').length === 0
        )
      },
    },
    {
      text: 'The black hole costs about 1.7 s.',
      holds: ({ first: run, second }) => {
        const slow = deliveredAt(run, 'B', 12_001) ?? 0
        const quick = deliveredAt(second, 'B', 12_001) ?? 0
        return about(slow, 1905, 20) && quick > 0 && quick < 200
      },
    },
  ],
}
