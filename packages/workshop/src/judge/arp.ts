import { packets } from '@tapwire/stack'
import type { Host } from '../learner/wire.ts'

const REQUEST = 1
const REPLY = 2

const typeOf = (frame: Uint8Array): number => (frame[12] << 8) | frame[13]

export const isArp = (frame: Uint8Array): boolean => typeOf(frame) === 0x0806
export const isIpv4 = (frame: Uint8Array): boolean => typeOf(frame) === 0x0800

/** The reply that `host` owes for this frame, or null. */
export function answerArp(frame: Uint8Array, host: Host): Uint8Array | null {
  const { arp } = packets.decodeFrame(frame)
  if (arp === undefined || arp.operation !== REQUEST || !sameBytes(arp.targetIp, host.ip)) return null
  return packets.buildFrame({
    ethernet: { destination: arp.senderMac, source: host.mac },
    arp: {
      operation: REPLY,
      senderMac: host.mac,
      senderIp: host.ip,
      targetMac: arp.senderMac,
      targetIp: arp.senderIp,
    },
  })
}

/** "Who has `target`?", as `host` asks it: whoever answers has learnt where `host` is. */
export function askArp(host: Host, target: Uint8Array): Uint8Array {
  return packets.buildFrame({
    ethernet: { destination: new Uint8Array(6).fill(0xff), source: host.mac },
    arp: {
      operation: REQUEST,
      senderMac: host.mac,
      senderIp: host.ip,
      targetMac: new Uint8Array(6),
      targetIp: target,
    },
  })
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at])
}
