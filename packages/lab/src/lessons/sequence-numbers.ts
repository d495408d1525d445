import { scenario } from './base.ts'
import { wireSeq } from './bytes.ts'
import { AtoB, all, BtoA, DATA, first, nth } from './find.ts'
import type { Lesson } from './lesson.ts'

/** 2,501 below 2^32: the third segment of 1,000 bytes passes the end. */
const ISN = 2 ** 32 - 2501

const SCENARIO = scenario('Sequence numbers that wrap around', {
  duration: 400,
  a: { isn: ISN },
  there: { bandwidth: 4_000_000 },
  flows: [{ app: 'bulk', from: 'A', bytes: 6000 }],
})

export const sequenceNumbers: Lesson = {
  id: 'sequence-numbers',
  title: 'Every byte has a number, and numbers run out',
  topic: 'Numbers and windows',
  goal: 'Compute the number and the acknowledgement of any segment, and say what happens at 2^32.',
  minutes: 8,
  needs: ['handshake'],
  scenario: SCENARIO,
  intro: [
    'TCP numbers bytes, not segments. The number of a segment is that of its first byte; an acknowledgement names the *next* byte that is expected. On the ladder numbers count from the first one of the connection, because that is easier to read.',
    'On the wire they are 32 bits wide and begin anywhere. Here A begins, by (our) design, at 4,294,964,795: just 2,501 short of 2^32. It sends six segments of 1,000 bytes.',
  ],
  predict: {
    at: ({ first: run }) => nth(run, 2, { ...AtoB, ...DATA })?.sentAt ?? null,
    question:
      'A’s third segment has the number 4,294,966,796 on the wire and brings 1,000 bytes. Which number has the fourth?',
    choices: [
      {
        text: '4,294,967,796: it simply goes on.',
        reply: 'That number needs 33 bits: 2^32 is 4,294,967,296. The field has 32.',
      },
      {
        text: '0: counting begins anew.',
        reply:
          'Nearly. 500 bytes of the third segment lie below 2^32, and the other 500 already have the numbers 0 to 499. Nothing is skipped.',
      },
      {
        text: '500: the sum modulo 2^32.',
        reply:
          'The byte after 4,294,967,295 has the number 0, in the middle of the third segment, and nobody takes notice.',
      },
      {
        text: 'None: when numbers are used up, the connection ends.',
        reply:
          'Then no connection could carry more than 4 GiB. Numbers are used again; one only has to be sure that old bytes with the same number are gone from the network.',
      },
    ],
    answer: 2,
  },
  marks: {
    syn: ({ first: run }) => first(run, { ...AtoB, kind: 'syn' }),
    one: ({ first: run }) => nth(run, 0, { ...AtoB, ...DATA }),
    third: ({ first: run }) => nth(run, 2, { ...AtoB, ...DATA }),
    fourth: ({ first: run }) => nth(run, 3, { ...AtoB, ...DATA }),
    ack: ({ first: run }) => first(run, { ...BtoA, ack: (ack) => ack !== null && ack >= 3001 }),
  },
  steps: [
    {
      at: 0,
      text: 'Click {syn} and look at its bytes: the four at “sequence number” are the true ones. The `SYN` has the number 4,294,964,795 and takes one, so the first byte of data gets 4,294,964,796.',
      focus: { segments: ['syn'], view: 'bytes' },
    },
    {
      at: ({ first: run }) => nth(run, 0, { ...AtoB, ...DATA })?.sentAt ?? null,
      text: '{one} is `1:1001` on the ladder: bytes 1 to 1,000, and 1,001 is the first that is not in it. That is the number that will be acknowledged.',
      focus: { segments: ['one'], view: 'bytes' },
    },
    {
      at: ({ first: run }) => nth(run, 3, { ...AtoB, ...DATA })?.sentAt ?? null,
      text: '{third} passes the end of the numbers in its middle; {fourth} has `00 00 01 f4` in its bytes: 500.',
      focus: { segments: ['fourth', 'third'], view: 'bytes' },
    },
    {
      at: ({ first: run }) =>
        first(run, { ...BtoA, ack: (ack) => ack !== null && ack >= 3001 })?.arrivedAt ?? null,
      text: '{ack} acknowledges beyond the wrap: a smaller number on the wire, and yet A takes it for a later one.',
      focus: { segments: ['ack'], host: 'A', variables: ['snd.una', 'snd.nxt'], view: 'bytes' },
    },
  ],
  explain: [
    'All arithmetic on sequence numbers is modulo 2^32 (RFC 9293 section 3.4). “Is a before b?” is answered by the sign of their difference in 32 bits: a is before b if b lies less than 2^31 ahead. That works as long as nobody compares numbers that are further apart; windows are kept below 2^30 for that reason (RFC 7323 section 2.3).',
    'What can go wrong is age. At 1 Gbit/s all numbers are used within 34 s, and a segment that was held up for so long would look new. Timestamps are the remedy: what carries an older time than the last is thrown away (RFC 7323 section 5, “PAWS”).',
    'Why does it not begin at 0 always? Because two connections, one after the other, would then have the same numbers, and because a stranger who can guess a number can put in bytes of his own (RFC 6528).',
  ],
  sources: [
    { where: 'RFC 9293 section 3.4', what: 'sequence numbers, and how they are compared' },
    { where: 'RFC 6528 section 3', what: 'the choice of the first one' },
    { where: 'RFC 7323 section 5', what: 'protection against wrapped numbers' },
  ],
  tryThis: [
    {
      text: 'Let the wrap fall between two segments: begin at 2^32 - 2,001. Which number has the third segment?',
      scenario: scenario('Wrapping between two segments', {
        duration: 400,
        a: { isn: 2 ** 32 - 2001 },
        there: { bandwidth: 4_000_000 },
        flows: [{ app: 'bulk', from: 'A', bytes: 6000 }],
      }),
    },
    {
      text: 'Drop {third} by hand: does a retransmission across the wrap work? Look at the `SACK` blocks’ bytes.',
    },
  ],
  claims: [
    {
      text: 'On the wire the SYN has 2^32 - 2,501 and the fourth segment 500.',
      holds: ({ first: run }) => {
        const fourth = nth(run, 3, { ...AtoB, ...DATA })
        const syn = first(run, { ...AtoB, kind: 'syn' })
        return syn !== null && fourth !== null && wireSeq(syn) === 4_294_964_795 && wireSeq(fourth) === 500
      },
    },
    {
      text: 'The third one has 4,294,966,796.',
      holds: ({ first: run }) => {
        const third = nth(run, 2, { ...AtoB, ...DATA })
        return third !== null && wireSeq(third) === 4_294_966_796 && third.length === 1000
      },
    },
    {
      text: 'Relative numbers go on: 1, 1001, 2001, …, 5001.',
      holds: ({ first: run }) =>
        all(run, { ...AtoB, ...DATA })
          .map(({ seq }) => seq)
          .join() === '1,1001,2001,3001,4001,5001',
    },
    {
      text: 'Everything is acknowledged, and nothing sent twice.',
      holds: ({ first: run }) =>
        first(run, { ...BtoA, ack: (ack) => ack !== null && ack >= 6001 }) !== null &&
        all(run, { again: (why) => why !== null }).length === 0,
    },
  ],
}
