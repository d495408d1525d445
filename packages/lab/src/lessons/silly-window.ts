import { scenario, vary } from './base.ts'
import { AtoB, about, all, BtoA, count, DATA, first, nth } from './find.ts'
import type { Lesson } from './lesson.ts'

const SENT = { ...AtoB, ...DATA }
/** What B says when there is room again: the buffer was full before. */
const UPDATE = {
  ...BtoA,
  kind: 'ack',
  window: 1000,
  ack: (ack: number | null) => ack !== null && ack >= 4001,
} as const

const SCENARIO = scenario('A reader of small bites', {
  duration: 6000,
  latency: 20,
  b: { receiveBuffer: 4000 },
  there: { bandwidth: 10_000_000 },
  flows: [{ app: 'slowReader', bytes: 12_000, read: 100, every: 20, readFrom: 500 }],
})

export const sillyWindow: Lesson = {
  id: 'silly-window',
  title: 'Silly windows: better wait for a whole crumb',
  topic: 'Numbers and windows',
  goal: 'Explain the silly window syndrome, and how both sides avoid it.',
  minutes: 7,
  needs: ['receive-window'],
  scenario: SCENARIO,
  intro: [
    'B’s buffer holds 4,000 bytes, and A has filled it. The program at B is slow: from half a second on it reads 100 bytes every 20 ms.',
    'After each such bite there are 100 bytes of room. B could tell A at once: `win 100`.',
  ],
  predict: {
    at: 500,
    question: 'The program at B has just read its first 100 bytes. What does B tell A?',
    choices: [
      {
        text: '`win 100`: room is room.',
        reply:
          'And A would send a segment of 100 bytes with 40 bytes of headers around it, then again 100: the connection would never get out of it. That is the *silly window*.',
      },
      {
        text: 'Nothing yet; it keeps the window at 0 until a full segment fits.',
        reply: '900 bytes more have to be read before it says anything: then a whole segment can come.',
      },
      {
        text: 'Nothing until the whole buffer is empty.',
        reply:
          'That would be wasteful in the other direction: the line would stand idle while B still has data to read.',
      },
    ],
    answer: 1,
  },
  marks: {
    zero: ({ first: run }) => first(run, { ...BtoA, kind: 'ack', window: 0 }),
    update: ({ first: run }) => nth(run, 0, UPDATE),
    full: ({ first: run }) => first(run, { ...SENT, seq: 4001 }),
    update2: ({ first: run }) => nth(run, 1, UPDATE),
    full2: ({ first: run }) => first(run, { ...SENT, seq: 5001 }),
  },
  steps: [
    {
      at: 600,
      text: 'A hundred milliseconds and six bites later: 600 bytes are free, and B has said nothing. For A the window is still that of {zero}.',
      focus: { segments: ['zero'], host: 'B', variables: ['rcv.wnd'], view: 'tapes' },
    },
    {
      at: ({ first: run }) => nth(run, 0, UPDATE)?.sentAt ?? null,
      text: '{update} at {update.time}, after the tenth bite: now a full segment fits, and B says so.',
      focus: { segments: ['update'], host: 'B', variables: ['rcv.wnd'], view: 'tapes' },
    },
    {
      at: ({ first: run }) => first(run, { ...SENT, seq: 4001 })?.sentAt ?? null,
      text: '{full} has 1,000 bytes: 40 bytes of headers for 1,000 of data, and not for 100.',
      focus: { segments: ['full'], host: 'A', variables: ['snd.wnd', 'snd.nxt'] },
    },
    {
      at: ({ first: run }) => first(run, { ...SENT, seq: 5001 })?.sentAt ?? null,
      text: 'The same again: {update2}, {full2}. The reader is as slow as before, but the line carries whole segments.',
      focus: { segments: ['full2', 'update2'], host: 'A', plot: 'sequence' },
    },
  ],
  explain: [
    'The receiver moves the right edge of its window only when it can do so by a full segment, or by half of its buffer if that is less (RFC 9293 section 3.8.6.2.2).',
    'The sender does its part: it does not fill a small window with a small segment, unless that is all that there is, or it is half of the largest window that it has ever seen, or some time has passed (RFC 9293 section 3.8.6.2.1).',
    'Either side alone would be enough; each is there in case the other is old. David Clark described the syndrome in 1982 (RFC 813).',
  ],
  sources: [
    { where: 'RFC 9293 section 3.8.6.2', what: 'silly window syndrome avoidance' },
    { where: 'RFC 813', what: 'the syndrome, as it was found' },
  ],
  tryThis: [
    {
      text: 'A buffer of 2,048 bytes, and segments of up to 1,460. After how many bites does B tell its window now, and why so early?',
      scenario: scenario('A tiny buffer', {
        duration: 6000,
        latency: 20,
        b: { receiveBuffer: 2048 },
        hosts: { maxSegment: 1460 },
        there: { bandwidth: 10_000_000 },
        flows: [{ app: 'slowReader', bytes: 12_000, read: 100, every: 20, readFrom: 500 }],
      }),
    },
    {
      text: 'Let the program read 1,000 bytes at a time, ten times as seldom. Is anything different on the line?',
      scenario: vary(SCENARIO, 'A reader of large bites', {
        flows: [{ app: 'slowReader', bytes: 12_000, read: 1000, every: 200, readFrom: 500 }],
      }),
    },
  ],
  claims: [
    {
      text: 'B says nothing of its room until ten bites are read: the first window update leaves at 680 ms.',
      holds: ({ first: run }) =>
        about(nth(run, 0, UPDATE)?.sentAt, 680, 0.1) &&
        all(run, { ...BtoA, sentAt: (at) => at >= 500 && at < 680 }).length === 0,
    },
    {
      text: 'It never tells a window between 0 and 1,000.',
      holds: ({ first: run }) =>
        count(run, UPDATE) >= 7 &&
        all(run, { ...BtoA, kind: 'ack', window: (window) => window > 0 && window < 999 }).length === 0,
    },
    {
      text: 'All of A’s data goes in twelve full segments.',
      holds: ({ first: run }) => {
        const data = all(run, SENT)
        return data.length === 12 && data.every(({ length }) => length === 1000)
      },
    },
  ],
}
