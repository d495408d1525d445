import type { Host, Wire } from '../../src/learner/wire.ts'

const ARP = 0x0806
const REQUEST = 1
const REPLY = 2
/** Where the ARP packet begins, and its fields in it. */
const PACKET = 14
const OPERATION = PACKET + 6
const SENDER_MAC = PACKET + 8
const SENDER_IP = PACKET + 14
const TARGET_MAC = PACKET + 18
const TARGET_IP = PACKET + 24
const LENGTH = PACKET + 28

export function start(wire: Wire, me: Host): void {
  wire.onFrame = (frame) => {
    if (frame.length < LENGTH || number(frame, 12) !== ARP || number(frame, OPERATION) !== REQUEST) return
    if (!me.ip.every((byte, at) => byte === frame[TARGET_IP + at])) return
    wire.send(replyTo(frame, me))
  }
}

function replyTo(request: Uint8Array, me: Host): Uint8Array {
  const askerMac = request.slice(SENDER_MAC, SENDER_MAC + 6)
  const askerIp = request.slice(SENDER_IP, SENDER_IP + 4)
  const reply = request.slice(0, LENGTH)
  reply.set(askerMac, 0)
  reply.set(me.mac, 6)
  reply[OPERATION + 1] = REPLY
  reply.set(me.ip, SENDER_IP)
  reply.set(askerMac, TARGET_MAC)
  reply.set(askerIp, TARGET_IP)
  return reply
}

function number(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1]
}
