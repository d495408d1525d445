export const hints = [
  'Two numbers are enough: how many bytes are acknowledged, and how many were sent. The segment on its way lies between them.',
  'One function sends the segment that begins at the first byte not acknowledged, and starts the timer. It is called for the first segment, for each next one, and by the timer.',
  '`(segment.ack - connection.seq) >>> 0` is how many bytes of `data` are acknowledged. Compare that, not the sequence numbers: it does not wrap.',
  'Keep what `wire.after` returned and call it when an ACK has come. When the timer fires, double the timeout first, then send; when something new is acknowledged, it is 1 second again.',
]

export const mistakes = {
  silent: 'Nothing was sent. `send` must send the first segment itself, before it returns.',
  'wrong-number':
    'The first segment has the number connection.seq, and each next one that plus what was acknowledged.',
  'wrong-ack': 'Every segment says connection.ack in `ack`, with the flag ACK.',
  'too-large': 'The peer takes connection.mss bytes in one segment at most.',
  'two-at-once':
    'A second segment was on its way before the first one was acknowledged. That is allowed, but not yet the exercise: one at a time.',
  'no-retransmission':
    'The segment was lost, no acknowledgement came, and you did not send it again. Start a timer with each segment: `wire.after(1000, ...)`.',
  'new-number':
    'What you sent after the timeout is not the same segment. It begins at the first byte that is not acknowledged: move on only when an ACK has come.',
  'too-early': 'It was sent again too soon: the acknowledgement may still be on its way. Wait for 1 second.',
  'too-late': 'It was sent again too late. The first timeout is 1 second.',
  'no-backoff':
    'Each further timeout takes twice as long as the one before: 1, 2, 4, 8 seconds. Else everybody fills an overloaded network again and again.',
  'timer-left':
    'A segment was sent again although it had been acknowledged: its timer was still running. Call what `wire.after` returned.',
  'any-ack':
    'An old `ack` came, and you took it for an answer to the new segment. Compare its number with what you know.',
  'partial-ack':
    'Only a part of the segment was acknowledged. Go on with the first byte that was not: not with the next segment, and not with the whole one.',
  'future-ack':
    'This `ack` names bytes that you have not sent yet. Whoever believes it never sends them: compare with what was sent.',
  stops: 'After the segment was acknowledged the next one should have gone out.',
  incomplete:
    'Not everything has arrived. Does each segment that is acknowledged bring the next one, to the last byte?',
}
