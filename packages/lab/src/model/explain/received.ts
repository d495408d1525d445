import type { TraceEvent } from '@tapwire/stack'
import type { SegmentRecord } from '../recording.ts'
import { DROPS } from './drops.ts'
import type { Moment } from './facts.ts'
import { bytes, grouped, ms, type Speaker } from './sentence.ts'

/** What the receiver did with a segment that has arrived. */
export function sayReceived(speaker: Speaker, segment: SegmentRecord, moment: Moment): void {
  const { host, events } = moment
  const drop = moment.find('drop')
  if (drop !== null && drop.reason === 'droppedOutOfWindow' && isOld(segment, moment)) {
    if (segment.length > 0) sayText(speaker, segment, moment)
    else
      speaker.say(
        `Its number is one that ${host} has had already: it has nothing to take, and answers where it stands.`,
        9293,
        '3.10.7.4',
      )
  } else if (drop !== null) {
    const [text, rfc, section] = DROPS[drop.reason]
    speaker.say(`${host} drops it, or its data: ${text}.`, rfc, section)
  } else if (segment.kind === 'syn' && moment.before?.state === 'LISTEN') {
    speaker.say(
      `Somebody listens for it at ${host}, which remembers a half-open connection and answers. It counts for nothing until its answer is acknowledged.`,
      9293,
      '3.10.7.2',
    )
  } else if (segment.length > 0) sayText(speaker, segment, moment)
  if (drop === null) sayAcknowledged(speaker, segment, moment)
  for (const event of events) sayDecision(speaker, host, event)
}

/** It lies before the window: everything in it has come already. */
function isOld({ seq, length }: SegmentRecord, { before }: Moment): boolean {
  return before !== null && seq + length <= before.rcvNxt && (length > 0 || seq < before.rcvNxt)
}

/** From how the numbers stood before and after: what came at the same moment is in it. */
function sayText(
  speaker: Speaker,
  { seq, length, flags }: SegmentRecord,
  { host, before, after }: Moment,
): void {
  if (after === null || flags.includes('S')) return
  const end = seq + length
  if (before !== null && before.rcvNxt >= end) {
    speaker.say(
      `${host} has all of these ${bytes(length)} already, and tells so by a D-SACK where it may.`,
      2883,
      '4',
    )
  } else if (after.rcvNxt >= end) {
    const filled = before !== null && before.outOfOrder.length > 0
    speaker.say(
      `${host} puts the ${bytes(length)} behind what it has${filled ? ', and a hole is filled' : ''}: \`RCV.NXT\` is ${grouped(after.rcvNxt)} now.`,
      9293,
      '3.10.7.4',
    )
  } else if (after.outOfOrder.some(([left, right]) => left <= seq && right >= end)) {
    speaker.say(
      `${host} keeps the ${bytes(length)}, but cannot give them to its application: ${bytes(seq - after.rcvNxt)} before them are missing, from ${grouped(after.rcvNxt)} on.`,
      9293,
      '3.10.7.4',
    )
  }
}

function sayAcknowledged(speaker: Speaker, segment: SegmentRecord, { host, before, after }: Moment): void {
  const { ack, sack } = segment
  if (ack === null || before === null || after === null) return
  const una = before.sndUna
  if (ack > una && after.sndUna >= ack) {
    speaker.say(`It acknowledges everything of ${host}’s before ${grouped(ack)}.`, 9293, '3.10.7.4')
  } else if (ack === una && sack.length > 0) {
    const [[left, right]] = sack
    speaker.say(
      `It acknowledges nothing new in order, but its SACK block says that ${grouped(left)} to ${grouped(right)} have arrived.`,
      2018,
      '4',
    )
  } else if (ack < una) speaker.say('Its acknowledgement is old: a later one has overtaken it.', 9293, '3.4')
}

function sayDecision(speaker: Speaker, host: string, event: TraceEvent): void {
  switch (event.kind) {
    case 'state':
      speaker.say(`${host} goes from \`${event.from}\` to \`${event.to}\`.`, 9293, '3.3.2')
      return
    case 'rtt':
      speaker.say(
        `${host} measures a round trip of ${ms(event.sample)}: \`SRTT\` is ${ms(event.srtt)} now, the \`RTO\` ${ms(event.rto)}.`,
        6298,
        '2',
      )
      return
    case 'cwnd':
      speaker.say(
        `\`cwnd\` is ${bytes(event.cwnd)} now, with ${grouped(event.inFlight)} in flight.`,
        5681,
        '3.1',
      )
      return
    case 'recoveryEnter':
      speaker.say(
        `${host} takes something for lost and begins a recovery: \`ssthresh\` becomes ${bytes(event.ssthresh)}. It ends when ${host} hears that all has arrived that is in flight now.`,
        event.algorithm === 'newreno' ? 6582 : 6675,
        event.algorithm === 'newreno' ? '3.2' : '5',
      )
      return
    case 'recoveryExit':
      speaker.say(
        `All that was in flight when the recovery began has arrived: it is over, with \`cwnd\` ${bytes(event.cwnd)}.`,
        6675,
        '5',
      )
      return
    case 'markedLost':
      speaker.say(`${host} takes ${bytes(event.length)} in flight for lost.`, 8985, '6.2')
      return
    case 'undo':
      speaker.say(
        `It proves that nothing was lost: ${host} takes the reduction of its window back.`,
        UNDO[event.proof][0],
        UNDO[event.proof][1],
      )
      return
    default:
      sayWindows(speaker, host, event)
  }
}

const UNDO: Readonly<Record<string, readonly [number, string]>> = {
  dsack: [3708, '3'],
  eifel: [3522, '3.2'],
  frto: [5682, '2.1'],
}

function sayWindows(speaker: Speaker, host: string, event: TraceEvent): void {
  switch (event.kind) {
    case 'zeroWindow':
      if (event.whose === 'peer') {
        speaker.say(`The window in it is 0: ${host} must not send more until it opens.`, 9293, '3.8.6')
      }
      return
    case 'windowOpen':
      if (event.whose === 'peer') {
        speaker.say(
          `The window is open again, ${bytes(event.window)} wide: ${host} may go on.`,
          9293,
          '3.8.6',
        )
      }
      return
    case 'windowUpdate':
      if (event.whose === 'peer') {
        speaker.say(
          `It tells of a larger window: ${bytes(event.window)}, after ${grouped(event.before)}.`,
          9293,
          '3.8.6',
        )
      }
      return
    case 'ecn':
      sayEcn(speaker, host, event)
      return
    case 'pathMtu':
      speaker.say(
        `${host} sends packets of at most ${bytes(event.mtu)} from now on; it was ${grouped(event.before)}.`,
        event.cause === 'icmp' ? 8201 : 4821,
        event.cause === 'icmp' ? '4' : '7',
      )
      return
    case 'reorderingWindow':
      if (event.reorderingSeen) {
        speaker.say(
          `${host} has seen that segments overtake each other here: \`RACK\` gives late ones ${ms(event.window)}.`,
          8985,
          '6.2',
        )
      }
      return
    default:
  }
}

function sayEcn(speaker: Speaker, host: string, event: Extract<TraceEvent, { kind: 'ecn' }>): void {
  if (event.what === 'ceIn') {
    speaker.say(
      `A router has put the mark of congestion on it: ${host} will say so in its ACKs (\`ECE\`).`,
      3168,
      '6.1.3',
    )
  } else if (event.what === 'eceIn') {
    speaker.say(
      `It tells of a router’s mark: ${host} reduces its window as for a loss, without one. \`cwnd\` is ${bytes(event.cwnd)} now.`,
      3168,
      '6.1.2',
    )
  } else if (event.what === 'cwrIn') {
    speaker.say(
      `The peer has reduced its window (\`CWR\`): ${host} need not tell of the mark any more.`,
      3168,
      '6.1.3',
    )
  }
}
