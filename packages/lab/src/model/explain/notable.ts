import type { LossCause, SegmentRecord } from '../recording.ts'
import { type Sentence, Speaker } from './sentence.ts'

const LOSSES: { readonly [L in LossCause]: readonly [text: string, rfc?: number, section?: string] } = {
  loss: ['It was lost on the way, by chance.'],
  queue: ['The queue at the bottleneck was full, and dropped it.', 5681, '1'],
  codel: [
    'It had waited too long in the queue: CoDel dropped it, to tell its sender before the queue is full.',
    8289,
    '3',
  ],
  mtu: ['It was larger than the next link can carry.', 8201, '1'],
  damaged: ['It was damaged so that nobody could take it.'],
  dropped: ['It was dropped on purpose: by hand, or because the scenario says so.'],
  policer: ['It exceeded the rate that was agreed on, and was dropped without a queue.', 2475, '2.3.3.4'],
  gone: ['There was nobody to take it.'],
}

/** What one would not expect of a segment. */
export function notableOf(segment: SegmentRecord): Sentence[] {
  const sent = new Speaker(segment.sentAt)
  const { arrivedAt, lost } = segment
  if (segment.window === 0 && segment.kind !== 'rst' && segment.kind !== 'icmp') {
    sent.say('Its window is 0: there is no room left at its sender.', 9293, '3.8.6')
  }
  if (segment.flags.includes('E') && segment.flags.includes('S')) {
    sent.say('It offers ECN.', 3168, '6.1.1')
  } else {
    if (segment.flags.includes('E'))
      sent.say('`ECE` tells that a mark of congestion has come.', 3168, '6.1.3')
    if (segment.flags.includes('W'))
      sent.say('`CWR` tells that its sender has reduced its window.', 3168, '6.1.2')
  }
  if (isDsack(segment)) sent.say('Its first SACK block is a D-SACK: this came twice.', 2883, '4')
  const later = new Speaker(lost?.at ?? arrivedAt ?? segment.sentAt)
  if (lost !== null) later.say(...LOSSES[lost.why])
  if (segment.damaged) later.say('Bits of it were turned on the way.')
  if (segment.marked)
    later.say('A router put the mark of congestion on it (`CE`) instead of dropping it.', 3168, '5')
  return [...sent.sentences, ...later.sentences]
}

/** RFC 2883 section 4: below the ACK, or inside the second block. */
function isDsack({ sack, ack }: SegmentRecord): boolean {
  if (sack.length === 0 || ack === null) return false
  const [[left, right]] = sack
  if (right <= ack) return true
  const second = sack[1]
  return second !== undefined && left >= second[0] && right <= second[1]
}
