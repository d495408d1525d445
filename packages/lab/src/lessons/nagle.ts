import { scenario, vary } from './base.ts'
import { AtoB, about, BtoA, count, DATA, deliveredAt, nth } from './find.ts'
import type { Lesson } from './lesson.ts'

const SENT = { ...AtoB, ...DATA }
const PIECE = { ...SENT, length: 100 } as const

const asking = (title: string, nagle: boolean) =>
  scenario(title, {
    duration: 1000,
    latency: 5,
    hosts: { quickAck: false, delayedAck: 40, tailLossProbe: false, receiveBuffer: 60_000 },
    flows: [{ app: 'requests', request: 200, pieces: 2, response: 300, times: 4, pause: 0, nagle }],
  })

export const nagle: Lesson = {
  id: 'nagle',
  title: 'Two good ideas meet: Nagle and delayed ACKs',
  topic: 'Numbers and windows',
  goal: 'Recognise the stall of write-write-read, and say how a program avoids it.',
  minutes: 8,
  needs: ['delayed-ack'],
  scenario: asking('Nagle and delayed ACKs', true),
  compareWith: { first: 'Nagle', second: 'no delay', scenario: asking('Without Nagle', false) },
  intro: [
    'A asks B four questions, one after the other. The program at A writes each of them in two pieces of 100 bytes, say a header and a body, and then waits for the answer. B answers when it has both pieces. A round trip takes 10 ms.',
    '*Nagle’s algorithm* saves small packets: while one small segment is unacknowledged, the next small one waits. *Delayed acknowledgement* saves packets, too: B waits up to 40 ms for something to send along with its ACK. In the second run A has switched Nagle off (`noDelay`).',
  ],
  predict: {
    at: ({ first: run }) => nth(run, 0, PIECE)?.arrivedAt ?? null,
    question:
      'Both have Nagle on. The first piece of the first question is at B; the second waits at A. What happens next?',
    choices: [
      {
        text: 'A sends the second piece after its retransmission timeout.',
        reply: 'There is nothing to retransmit: nothing is lost. Two hosts are being polite to each other.',
      },
      {
        text: 'B acknowledges at once, and A sends the second piece: 10 ms are lost.',
        reply:
          'That would be cheap. But B has no reason to hurry: one small segment has come, and perhaps there will soon be an answer to carry the ACK.',
      },
      {
        text: 'Nothing for 40 ms: A waits for B’s ACK, and B waits for A’s second piece.',
        reply:
          'B’s delay ends it: its ACK leaves after 40 ms, and A’s second piece can go. And so again for each question.',
      },
    ],
    answer: 2,
  },
  marks: {
    piece1: ({ first: run }) => nth(run, 0, PIECE),
    lateAck: ({ first: run }) => nth(run, 0, { ...BtoA, kind: 'ack', ack: 101 }),
    piece2: ({ first: run }) => nth(run, 1, PIECE),
    quick1: ({ second: run }) => nth(run, 0, PIECE),
    quick2: ({ second: run }) => nth(run, 1, PIECE),
  },
  steps: [
    {
      at: ({ second: run }) => nth(run, 1, PIECE)?.arrivedAt ?? null,
      text: 'Without Nagle {quick1} and {quick2} leave together, and B can answer. Seen from the network that is one packet more than needed.',
      focus: { run: 'second', segments: ['quick1', 'quick2'], host: 'A' },
    },
    {
      at: ({ first: run }) => nth(run, 0, { ...BtoA, kind: 'ack', ack: 101 })?.sentAt ?? null,
      text: 'With Nagle: {piece1} is at B, which has nothing to say yet. Only 40 ms later {lateAck} leaves.',
      focus: { segments: ['lateAck', 'piece1'], host: 'B', variables: ['rcv.nxt'] },
    },
    {
      at: ({ first: run }) => nth(run, 1, PIECE)?.sentAt ?? null,
      text: '{piece2} goes, now that nothing small is unacknowledged. B has the whole question and answers at once.',
      focus: { segments: ['piece2'], host: 'A', variables: ['snd.una', 'inFlight'] },
    },
  ],
  explain: [
    'Nagle (RFC 9293 section 3.7.4): if there is unacknowledged data, send only full segments. It was made for people who type on slow lines: 41 bytes on the wire for each key. Delayed acknowledgements (RFC 9293 section 3.8.6.3) were made in the same years. Each is right; together they wait for each other whenever a program writes twice and then reads.',
    'The cure is in the program: write the question in *one* piece (a buffer, `writev`, cork). Then both ideas do only good. Where it really has many small urgent messages, as a game or a remote desktop has, it switches Nagle off: `socket.setNoDelay(true)`.',
    'This stack asks Nagle’s question in the milder form of Minshall: only an unacknowledged *small* segment holds back another. So the short tail of a long write need not wait.',
  ],
  sources: [
    { where: 'RFC 9293 section 3.7.4', what: 'Nagle’s algorithm' },
    { where: 'RFC 9293 section 3.8.6.3', what: 'delayed acknowledgements' },
    { where: 'RFC 896', what: 'Nagle’s own words, of 1984' },
  ],
  tryThis: [
    {
      text: 'Let B delay for 200 ms. How long do the four questions take?',
      scenario: vary(asking('Nagle', true), 'Nagle and a long delay', {
        duration: 2000,
        b: { delayedAck: 200 },
      }),
    },
    {
      text: 'Write each question in one piece, with Nagle on. Is there still a stall?',
      scenario: scenario('One write for each question', {
        duration: 1000,
        latency: 5,
        hosts: { quickAck: false, delayedAck: 40, tailLossProbe: false, receiveBuffer: 60_000 },
        flows: [{ app: 'requests', request: 200, response: 300, times: 4, pause: 0 }],
      }),
    },
  ],
  claims: [
    {
      text: 'With Nagle the second piece leaves one delayed ACK and one round trip after the first.',
      holds: ({ first: run }) =>
        about((nth(run, 1, PIECE)?.sentAt ?? 0) - (nth(run, 0, PIECE)?.sentAt ?? 0), 50, 1),
    },
    {
      text: 'Without it both leave at the same moment.',
      holds: ({ second: run }) =>
        about((nth(run, 1, PIECE)?.sentAt ?? 9) - (nth(run, 0, PIECE)?.sentAt ?? 0), 0, 0.5),
    },
    {
      text: 'The four questions take 40 ms or more each longer with Nagle.',
      holds: ({ first: run, second }) =>
        (deliveredAt(run, 'A', 1201) ?? 0) - (deliveredAt(second, 'A', 1201) ?? 1e9) >= 160,
    },
    {
      text: 'Both runs send eight pieces.',
      holds: ({ first: run, second }) => count(run, PIECE) === 8 && count(second, PIECE) === 8,
    },
  ],
}
