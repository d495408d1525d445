import type { SegmentRecord } from '../recording.ts'
import type { Moment } from './facts.ts'
import { bytes, ms, type Speaker } from './sentence.ts'

/** Why a segment was sent once more. */
export function sayAgain(speaker: Speaker, segment: SegmentRecord, moment: Moment): void {
  const { from, again, kind, length } = segment
  const what =
    length > 0
      ? `these ${bytes(length)}`
      : `this ${kind === 'syn' ? '`SYN`' : kind === 'fin' ? '`FIN`' : 'segment'}`
  switch (again) {
    case 'rto':
      sayTimeout(speaker, segment, moment, what)
      return
    case 'rack':
      if (moment.findAround('pathMtu') !== null) {
        speaker.say(
          `${from} has learned that the path carries smaller packets only, and sends ${what} again in such ones.`,
          8201,
          '4',
        )
        return
      }
      speaker.say(
        `${from} sends ${what} again: something that it had sent later has arrived, and the reordering window has passed, so \`RACK\` takes them for lost.`,
        8985,
        '6.2',
      )
      return
    case 'fast':
      speaker.say(
        `${from} sends ${what} again without waiting for its timer: the duplicate ACKs say that something behind them has arrived. That is fast retransmit.`,
        5681,
        '3.2',
      )
      return
    case 'tlp':
      speaker.say(
        `The ACKs have stopped. Before the timeout ${from} sends its last segment again as a tail loss probe, to get an ACK that tells what is missing.`,
        8985,
        '7.3',
      )
      return
    case 'syn':
      speaker.say(
        segment.ack === null
          ? `No answer has come to the \`SYN\`, so ${from} sends it again; each time it waits twice as long.`
          : `${from} sends its \`SYN ACK\` again: the ACK that ends the handshake has not come, or the peer’s \`SYN\` has come once more.`,
        6298,
        '5',
      )
      return
    case 'probe':
      speaker.say(`${from} has had no answer that helps, and asks again.`, 9293, '3.8.6.1')
      return
    default:
  }
}

function sayTimeout(speaker: Speaker, segment: SegmentRecord, moment: Moment, what: string): void {
  const timeout = moment.findAround('timeout')
  if (timeout === null) {
    // Later ones of the same recovery are let go by what arrives.
    speaker.say(
      `After the retransmission timeout all that was in flight counts as lost. ${segment.from} sends ${what} again, as fast as its small window lets it.`,
      6298,
      '5.4',
    )
    return
  }
  const { backoff, rto } = timeout
  speaker.say(
    `The retransmission timer has run out: no ACK has come for the oldest data in flight. ${segment.from} sends ${what} again, and will now wait ${ms(rto)}${backoff > 0 ? `: the time is doubled each time (\`backoff\` ${backoff})` : ''}.`,
    6298,
    '5',
  )
}
