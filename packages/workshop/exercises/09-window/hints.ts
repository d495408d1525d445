export const hints = [
  'Count in bytes of `data`: how many are acknowledged (una), how many were sent (nxt), and where the window ends (edge). `(segment.ack - connection.seq) >>> 0` brings an `ack` into the same count.',
  'One loop sends whatever fits: while nxt is below edge and below data.length, send up to mss bytes, but not beyond edge. Call it at the beginning, and after each segment that comes.',
  'Each segment of the peer sets una to its ack, and edge to una + its window, whether the ack is new or not.',
  'When a segment comes with window 0 and something is left to send, start a timer of 1 second: it sends one byte, that at una, and starts itself again. Any segment that comes calls it off first.',
]

export const mistakes = {
  silent: 'Nothing was sent. `send` begins by itself: connection.window says how much may go out at once.',
  'stop-and-wait':
    'You had only one segment in flight, though the window has room for more. Send on until it is full.',
  'not-filled': 'The window had room, and you had more to send. Whatever fits goes out at once.',
  'ignores-window':
    'You sent more than the peer has room for: what is beyond the window is thrown away. Count what is in flight.',
  'old-window':
    'The window has changed since the beginning: every segment of the peer says it anew, and this one went beyond what the last one said.',
  'from-next':
    'The window begins at the first byte that is *not acknowledged*, not at the next to be sent: what is in flight takes up room in it.',
  'ignores-updates':
    'The peer said that it has room again, by a segment that acknowledges nothing new, and you did not go on. Look at the window of every segment that comes.',
  'no-probe':
    'The segment that told of the new window was lost, and now both sides wait for ever. While the window is 0, send a byte each second.',
  'probe-too-long': 'A probe is one byte. More would be thrown away, and sent for nothing.',
  'too-many-probes': 'The probes come too fast. One a second is enough.',
  'too-large': 'The peer takes connection.mss bytes in one segment at most.',
  incomplete:
    'Not everything has arrived. Did a byte get lost between two segments, or was the last one forgotten?',
  'sent-twice': 'These bytes were sent before, and nothing was lost.',
}
