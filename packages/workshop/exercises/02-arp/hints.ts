export const hints = [
  'Look at three things of each frame: is its type 0806, is the operation 1, is the *target* IP address yours? If one is not, do nothing.',
  'The reply has the same shape as the request, so a copy is a good start: `const reply = request.slice()`. Then change the operation and fill in all four addresses.',
  'In the reply, sender is (me.mac, me.ip) and target is what stood in the request as sender. The Ethernet header goes from me.mac to the asker. ARP begins at byte 14: operation at 20, sender MAC at 22, sender IP at 28, target MAC at 32, target IP at 38.',
]

export const mistakes = {
  silent:
    'Nothing came from you. `wire.onFrame` must be set to a function when `start` returns, and that function must call `wire.send`. Is the type at bytes 12 and 13, and the target IP address at byte 38?',
  'still-a-question': 'Your answer has operation 1, which asks again. A reply has operation 2.',
  'not-swapped':
    'Sender and target are the wrong way round: in *your* packet the sender is you, and the target is whoever asked.',
  'wrong-sender':
    'The sender of the reply must be you: me.mac and me.ip. That is what the asker wants to know, and keeps.',
  'wrong-target':
    'The target of the reply is whoever asked: the MAC and IP address that stood in the request as sender.',
  'to-everybody':
    'The reply goes to the whole network. It concerns the asker alone: put the MAC address of the asker first into the Ethernet header.',
  'ethernet-source':
    "The source in the Ethernet header must be your own MAC address: that's who sends this frame.",
  'answers-for-others':
    "You answered for an address that is not yours, so that another host's frames would come to you (this is called ARP spoofing). Compare all four bytes of the target IP address with me.ip.",
  'answers-replies':
    'A reply (operation 2) was answered. Two hosts that do so never stop: answer requests (operation 1) only.',
  'answers-anything':
    'That was no ARP request. Look at the type (bytes 12 and 13) and the length before anything else.',
  malformed: 'What you sent is not readable as ARP. Compare it byte by byte with the picture in the README.',
}
