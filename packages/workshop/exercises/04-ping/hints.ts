export const hints = [
  'Nearly all of the reply stands in the request: copy the frame, then change what differs. That is both pairs of addresses, the type, and the checksum.',
  'Find your way by the lengths in the header, not by fixed numbers: ICMP begins at 14 + (frame[14] & 15) * 4, and the packet ends at 14 + its total length, wherever the frame ends.',
  'Before you compute the checksum, put zero where it goes. Compute it over the ICMP message only, from its type to the end of the *packet*.',
  'Ask in this order, and do nothing when one is not so: long enough? type 0800? protocol 1? destination me.ip? ICMP type 8? checksum of the message 0?',
]

export const mistakes = {
  silent:
    'Nothing came from you. Is the type 0800 at byte 12, the protocol 1 at byte 23, the destination yours at byte 30, and the ICMP type 8 at byte 34?',
  'still-a-request': 'What you sent is an echo *request*: type 8. A reply has type 0.',
  'ip-not-swapped':
    'The IP addresses are the wrong way round: the reply goes from you to whoever asked, so source and destination change places.',
  'mac-not-swapped':
    'The MAC addresses in the Ethernet header are not right: the destination is whoever sent the request, the source is me.mac.',
  'icmp-checksum':
    'The ICMP checksum is not right. The type has changed, and with it the sum: put zero in its place, then compute it over the whole message.',
  'ip-checksum':
    'The checksum of the IPv4 header is not right. (If you only exchange the addresses, it stays as it was.)',
  'other-data':
    'Identifier, sequence number and data must come back as they were: `ping` recognises its own by them.',
  padding:
    'The frame was filled up with zeros to 60 bytes, as Ethernet wants it. They are not part of the packet: it ends at its total length. Cut them off before you compute anything.',
  'fixed-header':
    'This IPv4 header has options, so that it is longer than 20 bytes. Its length stands in the low four bits of its first byte, in words of 4 bytes.',
  'odd-length':
    'This message has an odd number of bytes: for its checksum a zero stands behind the last one.',
  'answers-replies': 'An echo reply was answered. Only requests (type 8) are.',
  'answers-for-others':
    'You answered a ping to another address than yours. Look at the destination in the IPv4 header, too: frames for others may come to you.',
  'answers-anything': 'That was not ICMP. Look at the protocol in the IPv4 header: ICMP has the number 1.',
  'answers-damaged':
    'This request was damaged on the way: its checksum does not fit. Do not answer it: the checksum over the whole message, with the checksum in it, must be 0.',
  malformed: 'What you sent cannot be read as an ICMP message in an IPv4 packet.',
  'kernel-silent':
    "The kernel's ping had no answer, though the host in memory had. The kernel's frames differ in their type of service, identification and flags: do you compare more than you need?",
}
