export const hints = [
  'Begin with exercise 7. Where it drops what is behind RCV.NXT, put it into a Map from sequence number to bytes instead.',
  'Whenever RCV.NXT has moved, look through what you kept: does a piece begin at RCV.NXT or before, and end behind it? Give away its new part, move on, and look again.',
  'The new part of a piece: `const old = (rcvNxt - first) | 0`; below 0 it is still early, from its length on it is old, and else `payload.subarray(old)` is new.',
  'One ACK of RCV.NXT for each segment with data, after you have looked through what you kept.',
]

export const mistakes = {
  silent: 'Data came, and neither onData nor an ACK followed.',
  'as-it-comes':
    'Bytes were given to onData in the order in which they came. They belong in the order of their numbers: what is behind a hole must wait.',
  'throws-away':
    'The missing piece has come, and your ACK does not cover what came early: it was not kept, or not looked at again. The peer must send all of it once more.',
  'acks-holes':
    'You acknowledged bytes that never came. `ack` is RCV.NXT: the first byte that is missing, whatever lies behind it.',
  'no-duplicate-ack':
    'A segment that came early, or twice, was not answered. Three ACKs of the same number are how the peer learns so fast that something is missing.',
  overlap:
    'Pieces overlapped, and bytes came twice or not at all. Of a piece that begins before RCV.NXT only what lies behind it is new.',
  'beyond-window':
    'This segment lies beyond the window of 65,535 bytes that you offer, and it was kept. Who sends such things wants to fill your memory, or to put false bytes where right ones will come.',
  wrap: 'The sequence numbers of this connection pass 4294967295. Compare by the difference: `(a - b) | 0`; add with `>>> 0`.',
  'wrong-data': 'What came to onData is not what the peer has sent.',
}
