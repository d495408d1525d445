export const hints = [
  'Keep the state in a variable, with the names of the picture, and RCV.NXT in another. Each segment that comes may change both.',
  'Look at a segment in this order: does its `ack` say connection.seq + 1? Then your FIN has arrived. Has it data at RCV.NXT? Then RCV.NXT grows by its length. Has it FIN? Then by one more.',
  'In every state but CLOSED: whatever has data or a FIN is answered by an ACK of RCV.NXT, also when it was there before.',
  'One timer is enough: it sends the FIN again until that is acknowledged, and in TIME-WAIT it becomes the one that forgets everything after 60 seconds.',
]

export const mistakes = {
  silent: '`close()` must send a FIN.',
  'fin-without-ack': 'Your FIN must say what you have received: set the flag ACK too, and `ack` to RCV.NXT.',
  'wrong-number': 'Your FIN has the number connection.seq: the one after your last byte.',
  'after-fin-number':
    'Your FIN has taken a sequence number: what you send after it has the next one, connection.seq + 1.',
  'fin-not-acked': "The peer's FIN was not acknowledged.",
  'fin-not-counted': "The peer's FIN counts as one byte: acknowledge one more than its number.",
  'never-closes':
    'The peer has closed its side, and you never closed yours: the connection stays in CLOSE-WAIT for ever. Send your FIN, too.',
  'deaf-after-fin':
    'After your FIN the peer may still send: only your own direction is closed. Its data must be acknowledged.',
  'data-not-acked': "The peer's data was not acknowledged, or not all of it.",
  'fin-not-resent':
    'Your FIN was lost, and you did not send it again. It needs a timer, as data does: 1 second, then 2, then 4.',
  'fin-again': 'Your FIN was acknowledged, and you sent it once more. Stop its timer.',
  'no-time-wait':
    'Your last ACK was lost, the peer sent its FIN again, and nobody was there any more. Whoever closed first stays in TIME-WAIT for 60 seconds, and acknowledges again.',
  'waits-for-ever':
    'TIME-WAIT is over after 60 seconds. Then the connection does not exist any more, and nothing is answered.',
  simultaneous:
    'Both sides closed at the same moment: a FIN came before the ACK of your own. Acknowledge it, and wait for that ACK.',
  'sends-rst': 'A RST throws everything away. Close with a FIN.',
}
