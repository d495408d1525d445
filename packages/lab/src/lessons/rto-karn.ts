import { scenario, vary } from './base.ts'
import { AtoB, about, all, BtoA, DATA, events, first, nth, sampleAt } from './find.ts'
import type { Lesson } from './lesson.ts'

const SENT = { ...AtoB, ...DATA }

const SCENARIO = scenario('RTO and Karn’s rule', {
  duration: 6000,
  latency: 50,
  hosts: { tailLossProbe: false, delayedAck: 0 },
  there: { dropData: [4, 5, 6] },
  flows: [{ app: 'requests', request: 500, response: 500, times: 8, pause: 100 }],
})

export const rtoKarn: Lesson = {
  id: 'rto-karn',
  title: 'The timer, and whom an answer answers',
  topic: 'Loss and recovery',
  goal: 'Compute SRTT, RTTVAR and RTO from samples, and say which acknowledgements are no sample.',
  minutes: 10,
  needs: ['lost-syn'],
  scenario: SCENARIO,
  intro: [
    'A sends small requests, one after the other, and B answers each. A round trip takes 100 ms. Every acknowledgement of a request is a *sample* of it: A keeps a smoothed mean, `srtt`, and how much samples stray, `rttvar`. The timer is `rto` = `srtt` + 4 × `rttvar`.',
    'The fifth request will be lost, and so will be the next two attempts to send it.',
  ],
  predict: {
    at: ({ first: run }) => nth(run, 3, { ...SENT, seq: (seq) => seq === 2001 })?.arrivedAt ?? null,
    question:
      'The fifth request has been sent four times; the last one has just come to B, which answers it. Some 100 ms after that last attempt A has the answer. What does A make of it for `srtt`?',
    choices: [
      {
        text: 'A sample of 100 ms: the time since the last attempt.',
        reply:
          'If the answer belongs to the last attempt. It might as well be the answer to the first one, which was only slow; then 100 ms would be far too short, and the timer would ring too early from now on.',
      },
      {
        text: 'A sample of more than a second: the time since the first attempt.',
        reply:
          'If the answer belongs to the first attempt. But that was lost, and then a second would be far too long: the timer would become lame.',
      },
      {
        text: 'Nothing: it cannot know which attempt is answered.',
        reply: 'Karn’s rule. An acknowledgement of something sent more than once is no sample.',
      },
    ],
    answer: 2,
  },
  marks: {
    request1: ({ first: run }) => first(run, SENT),
    lost: ({ first: run }) => first(run, { ...SENT, seq: 2001 }),
    again1: ({ first: run }) => nth(run, 1, { ...SENT, seq: 2001 }),
    again2: ({ first: run }) => nth(run, 2, { ...SENT, seq: 2001 }),
    again3: ({ first: run }) => nth(run, 3, { ...SENT, seq: 2001 }),
    answer: ({ first: run }) => first(run, { ...BtoA, ack: 2501 }),
    next: ({ first: run }) => first(run, { ...SENT, seq: 2501 }),
  },
  steps: [
    {
      at: ({ first: run }) => first(run, SENT)?.sentAt ?? null,
      text: 'The handshake gave the first sample: 100 ms. So `srtt` is 100, `rttvar` 50, and `rto` 300 ms.',
      focus: { segments: ['request1'], host: 'A', variables: ['srtt', 'rttvar', 'rto'], plot: 'rtt' },
    },
    {
      at: ({ first: run }) => first(run, { ...SENT, seq: 2001 })?.sentAt ?? null,
      text: 'Four more samples, all of 100 ms: `rttvar` becomes smaller and smaller, but `rto` stays at 300 ms: this stack never goes below `srtt` + 200 ms. {lost} leaves, and gets lost.',
      focus: { segments: ['lost'], host: 'A', variables: ['srtt', 'rttvar', 'rto'], plot: 'rtt' },
    },
    {
      at: ({ first: run }) => nth(run, 3, { ...SENT, seq: 2001 })?.sentAt ?? null,
      text: '300 ms later {again1}, then after twice the time {again2}, and again twice {again3}: 300, 600, 1,200 ms.',
      focus: {
        segments: ['again1', 'again2', 'again3'],
        host: 'A',
        variables: ['rto', 'backoff'],
        plot: 'rtt',
      },
    },
    {
      at: ({ first: run }) => first(run, { ...BtoA, ack: 2501 })?.arrivedAt ?? null,
      text: '{answer} comes. No new point in the plot of samples; `srtt` stays what it was, and so does the doubled `rto`.',
      focus: { segments: ['answer'], host: 'A', variables: ['srtt', 'rto', 'backoff'], plot: 'rtt' },
    },
    {
      at: ({ first: run }) => first(run, { ...SENT, seq: 2501 })?.sentAt ?? null,
      text: '{next} is sent once, and its answer will be a sample again: then `rto` is back at 300 ms.',
      focus: { segments: ['next'], host: 'A', variables: ['srtt', 'rto', 'backoff'], plot: 'rtt' },
    },
  ],
  explain: [
    'With the first sample R: `srtt` = R, `rttvar` = R/2; from then on `rttvar` is ¾ of itself and ¼ of how far the sample is off, `srtt` ⅞ of itself and ⅛ of the sample (RFC 6298 section 2). A steady path makes `rttvar` small, and the timer comes close to the round trip; but this stack keeps it 200 ms above `srtt` at least (RFC 6298 section 2 would even have a second).',
    'Each time it rings it doubles (RFC 6298 section 5.5), and the doubled value stays until there is a *new* sample, from something that was sent once only: the request after it (RFC 6298 section 3 and 5).',
    'With timestamps (RFC 7323 section 4) the answer carries a copy of the time that was in the request. Then it is known which attempt it answers, and Karn’s rule is not needed. The hosts of this lesson do without.',
  ],
  sources: [
    { where: 'RFC 6298 section 2', what: 'SRTT, RTTVAR and RTO' },
    { where: 'RFC 6298 section 3', what: 'Karn’s rule' },
    { where: 'RFC 7323 section 4', what: 'measuring with timestamps' },
  ],
  tryThis: [
    {
      text: 'Switch timestamps on at both hosts. What is different when the answer comes?',
      scenario: scenario('RTO with timestamps', {
        duration: 6000,
        latency: 50,
        hosts: { timestamps: true, tailLossProbe: false, delayedAck: 0 },
        there: { dropData: [4, 5, 6] },
        flows: [{ app: 'requests', request: 500, response: 500, times: 8, pause: 100 }],
      }),
    },
    {
      text: 'Give the line a jitter of 30 ms, and watch `rttvar` and `rto` follow.',
      scenario: vary(SCENARIO, 'RTO with jitter', { link: { jitter: 30 } }),
    },
  ],
  claims: [
    {
      text: 'The first sample gives srtt 100, rttvar 50, rto 300 ms.',
      holds: ({ first: run }) => {
        const info = sampleAt(run, 'A', 100)?.info
        return (
          info !== undefined &&
          about(info.srtt, 100, 0.1) &&
          about(info.rttvar, 50, 0.1) &&
          about(info.rto, 300, 0.1)
        )
      },
    },
    {
      text: 'Before the loss rttvar has become smaller, and rto has not.',
      holds: ({ first: run }) => {
        const info = sampleAt(run, 'A', 900)?.info
        return info !== undefined && info.rttvar < 50 && about(info.srtt, 100, 0.1) && about(info.rto, 300, 1)
      },
    },
    {
      text: 'The fifth request is sent four times, with pauses of 300, 600 and 1,200 ms, by the timer.',
      holds: ({ first: run }) => {
        const sent = all(run, { ...SENT, seq: 2001 })
        const pauses = sent.slice(1).map(({ sentAt }, i) => sentAt - sent[i].sentAt)
        return (
          sent.map(({ again }) => again).join() === ',rto,rto,rto' &&
          [300, 600, 1200].every((pause, i) => about(pauses[i], pause, 1))
        )
      },
    },
    {
      text: 'Its acknowledgement is no sample.',
      holds: ({ first: run }) => {
        const lost = first(run, { ...SENT, seq: 2001 })?.sentAt ?? null
        const next = first(run, { ...SENT, seq: 2501 })?.sentAt ?? null
        if (lost === null || next === null) return false
        const samples = events(run, 'rtt', 'A').map(({ time }) => time)
        return samples.some((time) => time > next) && !samples.some((time) => time > lost && time <= next)
      },
    },
    {
      text: 'rto stays doubled until the next sample, and is 300 ms after it.',
      holds: ({ first: run }) => {
        const answer = first(run, { ...BtoA, ack: 2501 })?.arrivedAt ?? null
        const next = first(run, { ...BtoA, ack: 3001 })?.arrivedAt ?? null
        if (answer === null || next === null) return false
        return (
          (sampleAt(run, 'A', answer)?.info.rto ?? 0) > 1000 &&
          about(sampleAt(run, 'A', next)?.info.rto, 300, 1)
        )
      },
    },
  ],
}
