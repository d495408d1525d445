export const hints = [
  'Keep RCV.NXT in a variable outside of the function that is called for each frame. The SYN sets it to segment.seq + 1.',
  'The whole rule is one comparison: is segment.seq RCV.NXT? If so, give its payload to onData and add its length. In either case send an ACK that says RCV.NXT.',
  'How much of a segment is old: `const old = (rcvNxt - segment.seq) | 0`. Negative: there is a hole before it. Between 0 and its length: `payload.subarray(old)` is new. More: nothing is.',
  'Whatever you add to a sequence number, put `>>> 0` behind it.',
]

export const mistakes = {
  'no-syn-ack':
    'The SYN had no answer. Look at segment.path.destinationPort, and send a SYN,ACK back along reversed(segment.path).',
  'syn-not-counted': "The peer's SYN counts as one byte: acknowledge segment.seq + 1.",
  'wrong-isn': 'The SYN,ACK carries `isn` as its sequence number, and everything after it isn + 1.',
  'no-ack': 'Data came and nothing went back. The peer has to send it again until it is acknowledged.',
  'acks-length':
    'The ACK names the number of the next byte: RCV.NXT, which grows by the number of bytes that came.',
  'no-duplicate-ack':
    'A duplicate had no answer. Your ACK of it may have been lost: say RCV.NXT again, or the peer sends it for ever.',
  'acks-holes':
    'You acknowledged beyond a segment that never came: the peer now believes that you have it, and will not send it again. Acknowledge only what came without a hole.',
  'delivers-holes':
    'Bytes were given to onData although some before them were missing. Drop what does not begin at RCV.NXT.',
  'delivers-twice': 'Bytes came to onData twice. What begins before RCV.NXT was there before.',
  overlap:
    'This segment began with bytes that you had and went on with new ones. The old ones are (rcvNxt - seq) many: skip these and take the rest.',
  wrap: 'The sequence numbers of this connection pass 4294967295 and begin again at 0. Add with `>>> 0` behind it, and compare by the difference: `(a - b) | 0`.',
  'wrong-data': 'What came to onData is not what the peer has sent.',
}
