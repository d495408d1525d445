export const hints = [
  'Take your solution of exercise 9 and let the window be the smaller one of two: what the peer says, and cwnd. Both count from the first byte that is not acknowledged.',
  'cwnd changes in two places only: when an ACK acknowledges something new, and when the timer fires.',
  'For each ACK of something new: `cwnd += cwnd < ssthresh ? Math.min(acked - una, mss) : (mss * mss) / cwnd`. It may have a fraction; what is sent are whole segments.',
  'When the timer fires: `ssthresh = Math.max(inFlight / 2, 2 * mss)`, `cwnd = mss`, go back to the first byte that is not acknowledged, and send what fits: one segment. Its ACK may acknowledge much more than that one; go on from there.',
]

export const mistakes = {
  silent: 'Nothing was sent. `send` begins by itself, with two segments.',
  'all-at-once':
    'You begin with more than two segments. Nobody knows yet what the network has room for: cwnd is 2 * mss at first.',
  'too-careful': 'You begin with less than two segments: cwnd is 2 * mss at first.',
  'too-fast':
    'In a round trip cwnd doubles at most: each ACK makes it larger by what it acknowledges, and never by more than one mss.',
  linear:
    'cwnd grows too slowly. Below ssthresh each ACK of new data makes it larger by what it acknowledges (one mss at most), so that a round trip doubles it.',
  'never-slows':
    'cwnd has reached ssthresh, and goes on doubling. From there on it is congestion avoidance: mss * mss / cwnd for each ACK.',
  'ignores-window': "The peer's window holds, too: never more in flight than the smaller one of the two.",
  'no-retransmission':
    'A segment was lost, and was not sent again. Start a timer of 1 second for the first one that is not acknowledged.',
  'keeps-window':
    'After a timeout cwnd is one segment: the network has just shown that it was too much. You sent more at once.',
  'forgets-half':
    'After the timeout you went back to doubling beyond half of what was in flight: set ssthresh to that before cwnd becomes one segment.',
  'grows-on-duplicates':
    'These ACKs acknowledge nothing new: they say that something is missing. cwnd must not grow by them.',
  'wrong-segment':
    'After a timeout the first segment that is not acknowledged is sent again: that is the one that is missing.',
  incomplete: 'Not everything has arrived.',
}
