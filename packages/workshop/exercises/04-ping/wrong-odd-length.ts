import type { Host, Wire } from '../../src/learner/wire.ts'

const ETHERNET = 14
const IPV4 = 0x0800
const ICMP = 1
const ECHO_REQUEST = 8
const ECHO_REPLY = 0

export function start(wire: Wire, me: Host): void {
  wire.onFrame = (frame) => {
    const reply = replyTo(frame, me)
    if (reply !== null) wire.send(reply)
  }
}

function replyTo(frame: Uint8Array, me: Host): Uint8Array | null {
  if (frame.length < ETHERNET + 20 || number(frame, 12) !== IPV4) return null
  const message = ETHERNET + (frame[ETHERNET] & 15) * 4
  const end = ETHERNET + number(frame, ETHERNET + 2)
  if (end > frame.length || message + 8 > end) return null
  if (frame[ETHERNET + 9] !== ICMP || frame[message] !== ECHO_REQUEST) return null
  if (!me.ip.every((byte, at) => byte === frame[ETHERNET + 16 + at])) return null

  const reply = frame.slice(0, end)
  reply.set(frame.subarray(6, 12), 0)
  reply.set(me.mac, 6)
  // The addresses change places, so that the sum of the IPv4 header, and its checksum, stay the same.
  reply.set(frame.subarray(ETHERNET + 12, ETHERNET + 16), ETHERNET + 16)
  reply.set(me.ip, ETHERNET + 12)
  reply[message] = ECHO_REPLY
  put(reply, message + 2, 0)
  put(reply, message + 2, checksum(reply.subarray(message)))
  return reply
}

function checksum(bytes: Uint8Array): number {
  let sum = 0
  for (let at = 0; at < bytes.length - 1; at += 2) sum += (bytes[at] << 8) | (bytes[at + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return 0xffff - sum
}

function number(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1]
}

function put(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8
  bytes[at + 1] = value & 0xff
}
