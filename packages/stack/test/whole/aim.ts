import { type Dice, layoutOf, nudge } from '@tapwire/fuzz'
import type { Tcb } from '../../src/tcp/tcb.ts'
import type { Sample } from './corpus.ts'

/** The packet of a sample becomes one of a live connection, or is about one; nearly where that stands. */
export function aimAt(tcb: Tcb, packet: Uint8Array, kind: Sample['kind'], dice: Dice, now: number): void {
  const v6 = packet[0] >>> 4 === 6
  if (tcb.closeReason !== undefined || tcb.local.isV4 === v6) return
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length)
  writeAddresses(view, 0, tcb, false)
  const { upper } = layoutOf(packet, 0)
  if (upper < 0) return
  if (kind === 'quotes-tcp') aimQuoted(view, upper + 8, tcb, dice)
  else aimSegment(view, upper, tcb, dice, now)
}

/** An ICMP error about what the stack has sent. */
function aimQuoted(view: DataView, quoted: number, tcb: Tcb, dice: Dice): void {
  writeAddresses(view, quoted, tcb, true)
  const segment = quoted + (tcb.local.isV4 ? 20 : 40)
  view.setUint16(segment, tcb.localPort)
  view.setUint16(segment + 2, tcb.remotePort)
  view.setInt32(segment + 4, tcb.sndUna + (dice.one(4) ? nudge(dice) : 0))
}

function aimSegment(view: DataView, upper: number, tcb: Tcb, dice: Dice, now: number): void {
  view.setUint16(upper, tcb.remotePort)
  view.setUint16(upper + 2, tcb.localPort)
  view.setInt32(upper + 4, tcb.rcvNxt + (dice.one(4) ? dice.below(12_000) : 0))
  const flight = (tcb.sndNxt - tcb.sndUna) | 0
  const acked = dice.pick([0, flight, flight, dice.below(Math.max(0, flight) + 1)])
  view.setInt32(upper + 8, tcb.sndUna + acked)
  const headerEnd = upper + (view.getUint8(upper + 12) >>> 4) * 4
  // Timestamps come first where there are any: NOP, NOP, TS.
  if (headerEnd >= upper + 32 && view.getUint32(upper + 20) === 0x0101080a) {
    view.setInt32(upper + 24, tcb.tsRecent + dice.below(3))
    view.setInt32(upper + 28, tcb.tsOffset + now / 1000 - dice.below(300))
  }
  aimSack(view, upper, headerEnd, tcb, dice)
}

/** Blocks somewhere in what is in flight. */
function aimSack(view: DataView, upper: number, headerEnd: number, tcb: Tcb, dice: Dice): void {
  const flight = Math.max(1, (tcb.sndNxt - tcb.sndUna) | 0)
  let at = upper + 20
  while (at + 2 <= headerEnd) {
    const kind = view.getUint8(at)
    const length = kind < 2 ? 1 : Math.max(2, view.getUint8(at + 1))
    const end = Math.min(headerEnd, at + length)
    if (kind === 5) {
      for (let block = at + 2; block + 8 <= end; block += 8) {
        const left = dice.below(flight)
        view.setInt32(block, tcb.sndUna + left)
        view.setInt32(block + 4, tcb.sndUna + left + dice.below(3000))
      }
    }
    at += length
  }
}

function writeAddresses(view: DataView, start: number, tcb: Tcb, outgoing: boolean): void {
  const addresses = outgoing ? [tcb.local, tcb.remote] : [tcb.remote, tcb.local]
  let at = start + (tcb.local.isV4 ? 12 : 8)
  for (const { a0, a1, a2, a3, isV4 } of addresses) {
    for (const word of isV4 ? [a3] : [a0, a1, a2, a3]) {
      view.setInt32(at, word)
      at += 4
    }
  }
}
