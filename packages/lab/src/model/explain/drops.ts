import type { TraceEvent } from '@tapwire/stack'

type DropName = Extract<TraceEvent, { kind: 'drop' }>['reason']

/** Why a segment, or its text, was not used; behind "the receiver drops it: ". */
export const DROPS: { readonly [D in DropName]: readonly [text: string, rfc: number, section: string] } = {
  droppedTooShort: ['it is too short for a TCP header', 9293, '3.1'],
  droppedBadOffset: ['its data offset makes no sense', 9293, '3.1'],
  droppedBadChecksum: ['its checksum is wrong, so something was damaged on the way', 9293, '3.1'],
  droppedMulticast: ['it was sent to a group', 9293, '3.9.2.3'],
  droppedOutOfWindow: ['its numbers lie outside of the receive window', 9293, '3.4'],
  droppedPaws: ['its timestamp is older than one that has come already', 7323, '5'],
  droppedNoAck: ['it has no ACK bit, without which nothing is taken in this state', 9293, '3.10.7.4'],
  droppedBadAck: ['it acknowledges what was never sent', 9293, '3.10.7.4'],
  droppedChallengedReset: [
    'a RST must have exactly the number that is expected; this one lies only in the window and is answered with a challenge',
    5961,
    '3.2',
  ],
  droppedChallengedSyn: ['a SYN in the middle of a connection is answered with a challenge', 5961, '4.2'],
  droppedAfterClose: ['its application has closed and will read no more', 9293, '3.6.1'],
  droppedAfterFin: ['it has data behind the FIN', 9293, '3.10.7.4'],
  droppedNoMemory: ['there is no memory for it', 9293, '3.8.6'],
  droppedTooManyRanges: ['there are too many holes before it', 2018, '8'],
  droppedUnexpected: ['it is nothing that this state expects', 9293, '3.10.7'],
  droppedNoConnection: ['there is no such connection, and nobody listens', 9293, '3.10.7.1'],
  droppedTimeWait: ['the connection is over, and only remembered for such stragglers', 9293, '3.6.1'],
  droppedAcceptQueue: ['as many connections as it may hold wait for its application', 4987, '3'],
  droppedConnectionLimit: ['it has as many connections as it may have', 4987, '3'],
  droppedHalfOpenRefused: ['the handshake was refused', 9293, '3.10.7.4'],
}
