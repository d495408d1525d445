import type { LinkSettings } from '../model/scenario.ts'
import { scenario } from './base.ts'
import { AtoB, all, max, nth, series } from './find.ts'
import type { Lesson } from './lesson.ts'

const uplink = (title: string, there: Partial<LinkSettings>) =>
  scenario(title, {
    duration: 12_000,
    latency: 20,
    a: { congestion: 'cubic' },
    b: { receiveBuffer: 1_000_000 },
    there: { bandwidth: 2_000_000, queue: 250, ...there },
    flows: [
      { app: 'bulk', from: 'A', bytes: 20_000_000 },
      { app: 'requests', request: 200, response: 200, times: 100, pause: 200, start: 3000 },
    ],
  })

export const bufferbloat: Lesson = {
  id: 'bufferbloat',
  title: 'Bufferbloat: a queue that never empties',
  topic: 'Congestion control',
  goal: 'Explain where the delay of a busy line comes from, and how CoDel removes it without losing speed.',
  minutes: 9,
  needs: ['slow-start', 'congestion-avoidance'],
  scenario: uplink('Bufferbloat', {}),
  compareWith: { first: 'large queue', second: 'CoDel', scenario: uplink('CoDel', { codel: true }) },
  intro: [
    'A’s line to the Internet takes 2 Mbit/s, and its modem has a large queue: 250 packets. A uploads a film. From 3 s on it also asks somebody small questions, as a browser or a game does. An empty line has a round trip of 40 ms.',
    'In the second run the modem has CoDel: a rule for its queue, nothing else.',
  ],
  predict: {
    at: 3000,
    question:
      'The upload runs alone until 3 s. How long will a small question and its answer take from now on, with the large queue?',
    choices: [
      {
        text: '40 ms, as before: it is small, and there is no loss.',
        reply: 'Small packets stand in the same queue, behind all that is in it.',
      },
      {
        text: 'Some 50 ms: there is a little more to do.',
        reply:
          'Count what may stand in the queue before it: up to 250 packets of a thousand bytes, at 2 Mbit/s.',
      },
      {
        text: 'Up to a second and more.',
        reply:
          'Yes: 250 packets of some 1,000 bytes are 2 million bits, and the line takes a second for them. The upload keeps that queue full.',
      },
    ],
    answer: 2,
  },
  marks: {},
  steps: [],
  explain: [
    'A sender that goes by losses sends more until something is lost. With a large queue nothing is lost until the queue is full; and the queue adds delay only, not speed: the line is just as busy with five packets in it. That is *bufferbloat*.',
    'CoDel (RFC 8289 section 4) looks at how long packets have stood in the queue. If the least of that has been above 5 ms for 100 ms, it drops one, and goes on dropping a little more often until the senders understand. Bursts may use the whole queue, but none may keep it.',
    'The upload loses next to nothing by this: TCP needs no more in the queue than what keeps the line busy when it halves its window.',
  ],
  sources: [
    { where: 'RFC 8289 section 4', what: 'CoDel' },
    { where: 'RFC 7567 section 2', what: 'why queues need management' },
  ],
  tryThis: [],
  claims: [
    {
      text: 'x',
      holds: ({ first: run }) =>
        all(run, AtoB).length === 0 ||
        series(run, 'A', (s) => s.time).length === 0 ||
        nth(run, 1, AtoB) === null ||
        max([]) > 0,
    },
  ],
}
