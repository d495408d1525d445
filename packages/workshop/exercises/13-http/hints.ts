export const hints = [
  "One object for each connection, in a Map by the peer's address and port. It has its path, RCV.NXT, the request as far as it has come, and what of the response is acknowledged (una) and sent (nxt).",
  'What comes is worked through in this order: its `ack` and window, then its data and FIN, then send what fits. The pieces are in your exercises 7, 9 and 12.',
  'Build the whole response once, as bytes: head, empty line, page. The FIN is one "byte" behind its last one: it is sent, acknowledged and sent again with the rest.',
  'One timer: it starts again with each news, and when it fires, nxt goes back to una and everything that fits is sent again. A SYN that comes again gets the same SYN,ACK again.',
  'Content-Length counts bytes, not characters: `body.length` of what TextEncoder has made.',
]

export const mistakes = {
  'no-handshake': 'The SYN was not answered by a SYN,ACK. Exercise 6, from the other side.',
  'no-answer':
    'The connection is open and the request has come, and no response followed. It ends with `\\r\\n\\r\\n`.',
  'not-acked': "The peer's request was not acknowledged: it has to send it again and again.",
  'answers-early':
    'You answered before the request was over. Wait for the empty line: `\\r\\n\\r\\n` at the end of what has come together.',
  'one-piece-only':
    'The request came in two segments, and had no answer. Put what comes together before you look for the empty line.',
  'not-http':
    'What you sent is not an HTTP response that the client can read. The first line is `HTTP/1.1 200 OK`, lines end with `\\r\\n`, and an empty one comes before the page.',
  'wrong-length':
    'Content-Length says something else than what came. It counts *bytes*: some characters have several.',
  'wrong-page': 'The response came, but with another page than you were given.',
  'no-fin': 'After the response close your side: send a FIN. `Connection: close` has promised that.',
  'fin-not-acked': "The peer's FIN was not acknowledged, with one more than its number.",
  'ignores-window': "You sent beyond the peer's window.",
  'too-large': "This segment is larger than the peer's SYN allows in its MSS option.",
  'no-retransmission':
    'A segment was lost, and you did not send it again. After 1 second without news go back to the first byte that is not acknowledged.',
  'one-connection':
    "Two clients came at the same time, and one of them got nothing, or what was the other one's. Keep what you know for each connection: address and port of the peer together name it.",
  'only-once': 'The first client got its page, and the next one none.',
  'kernel-failed':
    'In memory it worked, and with the kernel and curl it does not. The kernel offers window scaling and timestamps in its SYN: what you do not offer back is not used. What does curl say?',
}
