export const hints = [
  'Two frames are yours: a SYN when `connect` is called, and an ACK when a SYN,ACK has come. Both go along `path`.',
  'Flags are bits: `segment.flags & SYN` asks for one, `SYN | ACK` names two.',
  'The ACK has `seq: (isn + 1) >>> 0` and `ack: (segment.seq + 1) >>> 0`: both SYNs count as one byte. `>>> 0` brings 2^32 back to 0.',
  'Before you ACK, compare: is it from path.destinationPort to path.sourcePort? No RST? Is segment.ack isn + 1? If only the last one is not so, send a RST with seq: segment.ack.',
]

export const mistakes = {
  silent: '`connect` sent nothing. It must send the SYN itself, before it returns.',
  'syn-with-more':
    'The first segment is a SYN and nothing else: there is nothing yet that it could acknowledge.',
  'wrong-isn': 'Your SYN must carry the sequence number that `connect` was given.',
  'no-ack':
    'The SYN,ACK had no answer. Until its ACK has come, the peer does not take the connection for open.',
  'syn-again': 'The third segment is an ACK: SYN is for the first one only.',
  'syn-not-counted':
    'Your SYN counts as one byte: the next sequence number is isn + 1. So the peer expects it: it has acknowledged that one.',
  'ack-not-plus-one':
    "The peer's SYN counts as one byte, too. `ack` names the next number that you expect, which is segment.seq + 1.",
  swapped:
    'seq and ack are the wrong way round: `seq` numbers what *you* send, `ack` what you expect from the peer.',
  wrap: 'This connection began with 4294967295, so that the number after it is 0. `(isn + 1) >>> 0` says that; isn + 1 alone is a number that no segment can hold.',
  'acks-once':
    'The first ACK was lost, and the peer sent its SYN,ACK again. It must be acknowledged again: every time it comes.',
  'answers-rst': 'A RST was answered. It says that nobody listens: whatever you send now gets another RST.',
  'believes-any-ack':
    'This SYN,ACK acknowledges something that you never sent: an old one, perhaps, or a forged one. Compare its ack with isn + 1 before you believe it.',
  'no-reset':
    'A SYN,ACK with the wrong `ack` is answered with a RST whose sequence number is that `ack` (RFC 9293 section 3.10.7.3): the peer is then rid of a connection that does not exist.',
  'not-ours':
    'This segment was for another port. Compare both ports with those of `path`, the other way round.',
  malformed: 'This is not a segment that the peer can read. Use buildSegment(path, { ... }).',
}
