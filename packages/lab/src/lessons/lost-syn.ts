import { scenario } from './base.ts'
import { wireSeq } from './bytes.ts'
import { AtoB, about, all, BtoA, events, first, nth, sampleAt } from './find.ts'
import type { Lesson } from './lesson.ts'

const SYN = { ...AtoB, kind: 'syn' } as const

const SCENARIO = scenario('A lost SYN', {
  duration: 6000,
  there: { dropAny: [0, 1] },
  flows: [{ app: 'requests', request: 100, response: 300, times: 1, pause: 0 }],
})

export const lostSyn: Lesson = {
  id: 'lost-syn',
  title: 'A lost SYN, and waiting twice as long',
  topic: 'Connections',
  goal: 'Foretell when a lost `SYN` is sent again, and explain why the pauses double.',
  minutes: 6,
  needs: ['handshake'],
  scenario: SCENARIO,
  intro: [
    'The same two hosts, the same 20 ms each way; but the first two segments that A sends are lost. No router says so. All that A notices is that nothing happens.',
    'How long is it to wait? It has never met B and knows nothing of the way: B could be in the next room or behind a satellite.',
  ],
  predict: {
    at: ({ first: run }) => nth(run, 1, SYN)?.lost?.at ?? null,
    question: 'The first `SYN` left at 0 s, the second at 1 s. Both are gone. When does A send the third?',
    choices: [
      {
        text: 'At 2 s: it tries once a second.',
        reply:
          'A fixed rhythm would be the same load on the network however bad things are. If the `SYN`s are lost because a queue overflows somewhere, thousands of clients in that rhythm keep it full.',
      },
      {
        text: 'At 3 s: it waits twice as long as before.',
        reply:
          '1 s, then 2 s, then 4 s. Each silence is a reason to believe that the trouble is larger than one thought.',
      },
      {
        text: 'At about 1.04 s: now it knows that the way takes 20 ms.',
        reply:
          'It does not: nothing has ever come back. A round-trip time is measured with an answer, and there was none.',
      },
    ],
    answer: 1,
  },
  marks: {
    first: ({ first: run }) => nth(run, 0, SYN),
    second: ({ first: run }) => nth(run, 1, SYN),
    third: ({ first: run }) => nth(run, 2, SYN),
    answer: ({ first: run }) => first(run, { ...BtoA, kind: 'syn' }),
    request: ({ first: run }) => first(run, { ...AtoB, kind: 'data' }),
  },
  steps: [
    {
      at: 0,
      text: '{first} breaks off on its way. A’s retransmission timer was set when it left, to `rto` = 1 s: what is used before anything has been measured.',
      focus: { segments: ['first'], host: 'A', variables: ['state', 'rto'] },
    },
    {
      at: ({ first: run }) => nth(run, 1, SYN)?.sentAt ?? null,
      text: 'The timer rings at {second.time}. {second} is the same `SYN` with the same number, and the timer is set anew, to twice the time.',
      focus: { segments: ['second'], host: 'A', variables: ['rto', 'backoff'] },
    },
    {
      at: ({ first: run }) => nth(run, 2, SYN)?.sentAt ?? null,
      text: '{third} at {third.time}: two seconds after the second one. This one arrives.',
      focus: { segments: ['second', 'third'], host: 'A', variables: ['rto', 'backoff'] },
    },
    {
      at: ({ first: run }) => first(run, { ...AtoB, kind: 'data' })?.sentAt ?? null,
      text: '{answer} comes, and the request leaves in {request}. A user has waited for three seconds for something that takes 80 ms.',
      focus: { segments: ['answer', 'request'], host: 'A', variables: ['state', 'rto'] },
    },
  ],
  explain: [
    'Before the first measurement the retransmission timeout is 1 s (RFC 6298 section 2.1), and each time that it rings it is doubled (RFC 6298 section 5.5): *exponential backoff*. It is TCP’s last and strongest brake, and it needs no news from the network at all.',
    'A does not give up after two: it sends its `SYN` six more times, at 1, 3, 7, 15, 31 and 63 s, and tells the application `ETIMEDOUT` after 127 s. RFC 9293 section 3.8.3 would have it go on for three minutes at least.',
    'The late `SYN-ACK` is no measurement either: is it the answer to the first, the second or the third `SYN`? A cannot tell, so it does not count (see the lesson on Karn’s rule). To be careful it goes on with `rto` = 3 s (RFC 6298 section 5.7), and with a congestion window of one segment instead of ten (RFC 5681 section 3.1).',
  ],
  sources: [
    { where: 'RFC 6298 section 5', what: 'the timer, and its doubling' },
    { where: 'RFC 9293 section 3.8.3', what: 'how long a SYN is tried' },
  ],
  tryThis: [
    {
      text: 'Lose five `SYN`s. How long does the handshake take?',
      scenario: scenario('Five lost SYNs', {
        duration: 40_000,
        there: { dropAny: [0, 1, 2, 3, 4] },
        flows: [{ app: 'requests', request: 100, response: 300, times: 1, pause: 0 }],
      }),
    },
    {
      text: 'Lose B’s answer instead. Who sends again: A, B, or both?',
      scenario: scenario('A lost SYN-ACK', {
        duration: 6000,
        back: { dropAny: [0] },
        flows: [{ app: 'requests', request: 100, response: 300, times: 1, pause: 0 }],
      }),
    },
  ],
  claims: [
    {
      text: 'The SYNs leave at 0, 1 and 3 s.',
      holds: ({ first: run }) => {
        const at = all(run, SYN).map(({ sentAt }) => sentAt)
        return at.length === 3 && [0, 1000, 3000].every((time, i) => about(at[i], time, 1))
      },
    },
    {
      text: 'The first two are lost, the third is answered.',
      holds: ({ first: run }) =>
        all(run, SYN)
          .map(({ lost }) => lost !== null)
          .join() === 'true,true,false' && about(first(run, { ...BtoA, kind: 'syn' })?.arrivedAt, 3040, 2),
    },
    {
      text: 'All three have the same number on the wire.',
      holds: ({ first: run }) => {
        const numbers = all(run, SYN).map(wireSeq)
        return numbers.length === 3 && new Set(numbers).size === 1
      },
    },
    {
      text: 'The answer to a SYN that was sent again is no round-trip sample: the first one comes with the data.',
      holds: ({ first: run }) => {
        const request = first(run, { ...AtoB, kind: 'data' })
        return request !== null && events(run, 'rtt', 'A').every(({ time }) => time > request.sentAt)
      },
    },
    {
      text: 'A goes on with an RTO of 3 s and a window of one segment.',
      holds: ({ first: run }) => {
        const request = first(run, { ...AtoB, kind: 'data' })
        return (
          request !== null &&
          about(sampleAt(run, 'A', request.sentAt)?.info.rto, 3000, 0) &&
          sampleAt(run, 'A', request.sentAt)?.info.cwnd === 1000
        )
      },
    },
  ],
}
