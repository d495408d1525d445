import type { Recording, SegmentRecord } from '../recording.ts'
import { receiverOf, senderOf } from '../run/segment.ts'
import { Moment } from './facts.ts'
import { notableOf } from './notable.ts'
import { sayReceived } from './received.ts'
import { saySent } from './sent.ts'
import { type Sentence, Speaker } from './sentence.ts'

/** A segment in words: from what the stacks have told of their decisions, and from how their variables stood. */
export interface Explanation {
  readonly sent: readonly Sentence[]
  /** Empty while it is on its way, or where it was lost. */
  readonly received: readonly Sentence[]
  readonly notable: readonly Sentence[]
}

/** @returns nothing of what is not in the recording; empty for a number that it does not have */
export function explainSegment(recording: Recording, number: number): Explanation {
  const segment: SegmentRecord | undefined = recording.segments[number]
  if (segment === undefined) return { sent: [], received: [], notable: [] }
  const { way, sentAt, arrivedAt } = segment
  const sent = new Speaker(sentAt)
  saySent(sent, recording, segment, new Moment(recording, senderOf(way), segment, sentAt))
  const received = new Speaker(arrivedAt ?? sentAt)
  if (arrivedAt !== null) {
    sayReceived(received, segment, new Moment(recording, receiverOf(way), segment, arrivedAt))
  }
  return { sent: sent.sentences, received: received.sentences, notable: notableOf(segment) }
}
