import { scenario } from './base.ts'
import { AtoB, about, all, BtoA, DATA, deliveredAt, events, first, nth } from './find.ts'
import type { Lesson } from './lesson.ts'

const SENT = { ...AtoB, ...DATA }

const SCENARIO = scenario('The window shuts, and opens again', {
  duration: 6000,
  latency: 30,
  b: { receiveBuffer: 8000 },
  there: { bandwidth: 10_000_000 },
  flows: [{ app: 'slowReader', bytes: 20_000, read: 20_000, every: 10, readFrom: 3000 }],
})

export const receiveWindow: Lesson = {
  id: 'receive-window',
  title: 'A reader that sleeps: the window shuts',
  topic: 'Numbers and windows',
  goal: 'Read the window of each acknowledgement, and explain what happens when it is zero.',
  minutes: 8,
  needs: ['sequence-numbers'],
  scenario: SCENARIO,
  intro: [
    'A sends 20,000 bytes. B’s TCP takes them into a buffer of 8,000 bytes; but the program at B is busy, and reads nothing for three seconds.',
    'Each acknowledgement carries a *window*: how many bytes beyond the acknowledged ones B has room for. A may not send more.',
  ],
  predict: {
    at: ({ first: run }) => first(run, { ...BtoA, kind: 'ack', window: 0 })?.arrivedAt ?? null,
    question:
      'B has just acknowledged everything, and told a window of 0. Suppose that B will send one segment when there is room again, and that this one gets lost. What would become of the connection?',
    choices: [
      {
        text: 'Nothing bad: A sends on after a while, window or not.',
        reply: 'A must not: the buffer may still be full, and the bytes would be thrown away.',
      },
      {
        text: 'B sees that nothing comes, and tells the window again.',
        reply:
          'An acknowledgement without data is never sent again by a timer: B would not know that it was lost. It could as well be that A has nothing to say.',
      },
      {
        text: 'Both would wait for ever. So A has to ask now and then.',
        reply: 'A deadlock, each waiting for the other. *Zero-window probes* are A’s way out.',
      },
    ],
    answer: 2,
  },
  marks: {
    zero: ({ first: run }) => first(run, { ...BtoA, kind: 'ack', window: 0 }),
    probe1: ({ first: run }) => nth(run, 0, { ...AtoB, kind: 'probe' }),
    probe2: ({ first: run }) => nth(run, 1, { ...AtoB, kind: 'probe' }),
    probe3: ({ first: run }) => nth(run, 2, { ...AtoB, kind: 'probe' }),
    update: ({ first: run }) => first(run, { ...BtoA, kind: 'ack', window: 8000 }),
    resumed: ({ first: run }) => first(run, { ...SENT, seq: 8001 }),
  },
  steps: [
    {
      at: ({ first: run }) => first(run, { ...BtoA, kind: 'ack', window: 0 })?.sentAt ?? null,
      text: 'Read the windows of B’s acknowledgements: 7,000, 6,000, … and `win 0` in {zero}. The number that grows and the window that shrinks always add up to the same: byte 8,000 is the last that fits.',
      focus: { segments: ['zero'], host: 'B', variables: ['rcv.wnd', 'rcv.nxt'], view: 'tapes' },
    },
    {
      at: ({ first: run }) => nth(run, 0, { ...AtoB, kind: 'probe' })?.sentAt ?? null,
      text: 'A’s timer rings at {probe1.time}, and A asks: {probe1} is a segment without data, its number one below what B expects. So B must answer; and says 0 again.',
      focus: { segments: ['probe1'], host: 'A', variables: ['snd.wnd', 'snd.una'] },
    },
    {
      at: ({ first: run }) => nth(run, 2, { ...AtoB, kind: 'probe' })?.sentAt ?? null,
      text: 'The next probes, {probe2} and {probe3}, come after about 0.5 and 1 s: twice the time with each.',
      focus: { segments: ['probe3', 'probe2'], host: 'A', variables: ['snd.wnd'] },
    },
    {
      at: ({ first: run }) => first(run, { ...BtoA, kind: 'ack', window: 8000 })?.sentAt ?? null,
      text: 'At 3 s the program reads. B tells it at once, without being asked: {update}, a *window update*.',
      focus: { segments: ['update'], host: 'B', variables: ['rcv.wnd'], view: 'tapes' },
    },
    {
      at: ({ first: run }) => first(run, { ...SENT, seq: 8001 })?.sentAt ?? null,
      text: 'And A goes on with {resumed}.',
      focus: { segments: ['resumed'], host: 'A', variables: ['snd.wnd', 'snd.nxt'], plot: 'window' },
    },
  ],
  explain: [
    'The window belongs to the receiver: “from the acknowledged byte on, so many” (RFC 9293 section 3.8.6). It is flow control, for the *reader’s* sake; `cwnd` is congestion control, for the *network’s* sake. A sender obeys the smaller of the two.',
    'While it is zero the sender probes: first after a retransmission timeout, then in doubled intervals (RFC 9293 section 3.8.6.1). As long as the probes are answered the connection lives, if need be for days: a printer without paper is no error.',
    'The probe used here, as by Linux, is a segment without data whose number lies just below the window. The receiver must answer it with what it expects and how much room there is.',
  ],
  sources: [
    { where: 'RFC 9293 section 3.8.6', what: 'managing the window' },
    { where: 'RFC 9293 section 3.8.6.1', what: 'zero-window probing' },
  ],
  tryThis: [
    { text: 'Drop {update} by hand. What gets the connection going again, and when?' },
    {
      text: 'Give B a buffer of 30,000 bytes. Does A notice at all that the reader sleeps?',
      scenario: scenario('A large buffer', {
        duration: 6000,
        latency: 30,
        b: { receiveBuffer: 30_000 },
        there: { bandwidth: 10_000_000 },
        flows: [{ app: 'slowReader', bytes: 20_000, read: 20_000, every: 10, readFrom: 3000 }],
      }),
    },
  ],
  claims: [
    {
      text: 'B acknowledges 8,000 bytes in steps, with windows from 7,000 to 0; number and window add up to 8,001.',
      holds: ({ first: run }) => {
        const acks = all(run, {
          ...BtoA,
          kind: 'ack',
          ack: (ack) => ack !== null && ack <= 8001,
          sentAt: (at) => at < 3000,
        })
        return acks.length >= 8 && acks.every(({ ack, window }) => (ack ?? 0) + window === 8001)
      },
    },
    {
      text: 'A sends no data while the window is 0.',
      holds: ({ first: run }) => {
        const zero = first(run, { ...BtoA, kind: 'ack', window: 0 })?.arrivedAt ?? null
        const open = first(run, { ...BtoA, kind: 'ack', window: 8000 })?.arrivedAt ?? null
        if (zero === null || open === null) return false
        return all(run, { ...SENT, sentAt: (at) => at > zero && at < open }).length === 0
      },
    },
    {
      text: 'Three probes of number 8,000 leave, each pause about twice the one before, and each is answered.',
      holds: ({ first: run }) => {
        const probes = all(run, { ...AtoB, kind: 'probe' })
        const [a, b, c] = probes.map(({ sentAt }) => sentAt)
        return (
          probes.length === 3 &&
          probes.every(({ seq, length }) => seq === 8000 && length === 0) &&
          about(b - a, 525, 10) &&
          about(c - b, 1050, 10) &&
          all(run, { ...BtoA, kind: 'ack', window: 0, ack: 8001, sentAt: (at) => at > 200 && at < 3000 })
            .length === 3
        )
      },
    },
    {
      text: 'The window update leaves at 3 s, and data goes on when it has come.',
      holds: ({ first: run }) =>
        about(first(run, { ...BtoA, kind: 'ack', window: 8000 })?.sentAt, 3000, 0.1) &&
        about(first(run, { ...SENT, seq: 8001 })?.sentAt, 3030, 0.1),
    },
    {
      text: 'In the end B has all 20,000 bytes.',
      holds: ({ first: run }) =>
        deliveredAt(run, 'B', 20_001) !== null && events(run, 'zeroWindow', 'A').length > 0,
    },
  ],
}
