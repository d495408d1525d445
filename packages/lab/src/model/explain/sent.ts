import type { Recording, SegmentRecord } from '../recording.ts'
import { sayAgain } from './again.ts'
import type { Moment } from './facts.ts'
import { bytes, grouped, type Speaker } from './sentence.ts'

/** Why a segment was sent. */
export function saySent(
  speaker: Speaker,
  recording: Recording,
  segment: SegmentRecord,
  moment: Moment,
): void {
  const { from, kind, copyOf = null, prompt = null } = segment
  if (copyOf !== null)
    speaker.say(`The link has made a second one of segment ${copyOf}: nobody has sent this one.`)
  if (from === 'forger') {
    speaker.say('Neither host has sent this: somebody else has, in the name of one of them.', 9293, '7')
    return
  }
  if (kind === 'icmp') {
    sayIcmp(speaker, segment)
    return
  }
  if (segment.again !== null && kind !== 'probe') sayAgain(speaker, segment, moment)
  else if (kind === 'syn') saySyn(speaker, segment)
  else if (kind === 'rst') sayReset(speaker, segment, moment)
  else if (kind === 'probe') sayProbe(speaker, segment, moment)
  else if (kind === 'fin') {
    speaker.say(
      `${from}’s application has said that it will send no more. The \`FIN\` stands behind the last byte and takes a number of its own.`,
      9293,
      '3.6',
    )
  } else if (kind === 'data') sayData(speaker, segment, moment)
  else sayAck(speaker, recording, segment, moment)
  if (prompt?.by === 'segment' && kind !== 'ack' && segment.again === null) {
    speaker.say(`What set it off was the arrival of segment ${prompt.segment}.`)
  }
}

function saySyn(speaker: Speaker, { from, ack }: SegmentRecord): void {
  if (ack === null) {
    speaker.say(
      `${from}’s application wants a connection. The \`SYN\` tells the number from which its bytes will be counted, and what it can do: the options that only a \`SYN\` may offer.`,
      9293,
      '3.5',
    )
    return
  }
  speaker.say(
    `${from} has had a \`SYN\` and answers it: its ACK says that it came, its own \`SYN\` tells ${from}’s number.`,
    9293,
    '3.5',
  )
}

function sayReset(speaker: Speaker, { from, prompt }: SegmentRecord, moment: Moment): void {
  if (prompt?.by === 'application') {
    speaker.say(
      `${from}’s application gave the connection up: a \`RST\` ends it at once, with nothing more to come.`,
      9293,
      '3.10.5',
    )
  } else if (moment.findAround('drop') !== null) {
    speaker.say(
      `What came to ${from} fits no connection that it knows, or one that will not have it. A \`RST\` says so, that the other side need not wait.`,
      9293,
      '3.5.2',
    )
  } else {
    speaker.say(`${from} has given the connection up, after too long without an answer.`, 9293, '3.8.3')
  }
}

function sayProbe(speaker: Speaker, segment: SegmentRecord, moment: Moment): void {
  const { from } = segment
  const keepalive = moment.find('keepaliveProbe')
  if (keepalive !== null) {
    speaker.say(
      `Nothing has been heard for a long time. ${from} asks whether the other side is still there (probe ${keepalive.number}): a number that was acknowledged already must be answered by an ACK.`,
      9293,
      '3.8.4',
    )
    return
  }
  const probe = moment.find('windowProbe')
  speaker.say(
    `The peer’s window is shut and ${from} has more to send. Should the segment that opens it be lost, both would wait for ever; so ${from} asks${probe === null ? '' : ` (probe ${probe.number})`}, ever more seldom.`,
    9293,
    '3.8.6.1',
  )
}

function sayData(speaker: Speaker, segment: SegmentRecord, moment: Moment): void {
  const { from, length, prompt } = segment
  const tail = moment.find('tailProbe')
  const { after } = moment
  if (tail !== null && !tail.retransmission) {
    speaker.say(
      `The ACKs have stopped. ${from} sends ${bytes(length)} of new data as a tail loss probe, even beyond its window, to get an ACK.`,
      8985,
      '7.3',
    )
  } else if (prompt?.by === 'application') {
    speaker.say(
      `${from}’s application has written, and both windows let these ${bytes(length)} go.`,
      9293,
      '3.8.6.2.1',
    )
  } else if (prompt?.by === 'timer') {
    speaker.say(`A timer of ${from}’s has let these ${bytes(length)} go.`, 9293, '3.8.6.2.1')
  } else {
    speaker.say(
      `An ACK has come: less is in flight, or the window has grown, so ${from} may send ${bytes(length)} more.`,
      5681,
      '3.1',
    )
  }
  if (after !== null && after.info.cwnd > 0) {
    const { cwnd, inFlight } = after.info
    speaker.say(
      `\`cwnd\` is ${bytes(cwnd)}, the peer’s window ${grouped(after.sndWnd)}; with what leaves at this moment ${grouped(inFlight)} are in flight.`,
    )
  }
}

function sayAck(speaker: Speaker, recording: Recording, segment: SegmentRecord, moment: Moment): void {
  const { from, ack, prompt, sack } = segment
  const update = moment.findAround('windowUpdate')
  const open = moment.findAround('windowOpen')
  const cause = prompt?.by === 'segment' ? recording.segments[prompt.segment] : undefined
  if (
    prompt?.by === 'application' ||
    (update?.whose === 'own' && cause === undefined) ||
    open?.whose === 'own'
  ) {
    speaker.say(
      `${from}’s application has read, and there is room again: this segment tells of the larger window.`,
      9293,
      '3.8.6.2.2',
    )
  } else if (prompt?.by === 'timer') {
    speaker.say(
      `An ACK need not go at once: ${from} has waited whether something to send would take it along. Its timer has run out.`,
      9293,
      '3.8.6.3',
    )
  } else if (cause?.kind === 'probe') {
    speaker.say(
      `${from} answers the probe: it is there, and this is its window.`,
      9293,
      cause.seq < 1 ? '3.8.4' : '3.8.6.1',
    )
  } else if (moment.findAround('drop') !== null) {
    speaker.say(
      `What came is not what ${from} could take. It answers with where it stands: if the sender is honest and confused, that puts it right.`,
      9293,
      '3.10.7.4',
    )
  } else if (sack.length > 0) {
    speaker.say(
      `Something is missing before what has arrived, so ${from} acknowledges at once, and says what it has beyond the hole.`,
      5681,
      '4.2',
    )
  } else if (ack !== null) {
    speaker.say(
      `${from} has received everything before ${grouped(ack)}, and expects that number next.`,
      9293,
      '3.4',
    )
  }
}

function sayIcmp(speaker: Speaker, { label, prompt }: SegmentRecord): void {
  const about = prompt?.by === 'segment' ? `Segment ${prompt.segment}` : 'A packet'
  if (label.includes('too big')) {
    const v6 = label.startsWith('ICMPv6')
    speaker.say(
      `${about} was too large for the next link and must not be cut. The router tells its sender how large a packet may be.`,
      v6 ? 4443 : 1191,
      v6 ? '3.2' : '4',
    )
  } else speaker.say(`${about} could not be delivered.`, 792, 'Destination Unreachable')
}
