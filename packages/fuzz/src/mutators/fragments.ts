import { packets } from '@tapwire/stack'
import type { Dice } from '../dice.ts'

/**
 * Cuts an IPv4 or IPv6 packet into fragments of which some overlap, contradict each other, come twice or stay away: in order, or
 * not.
 * @param packet an IP packet, without Ethernet
 * @returns the fragments; the packet alone where it cannot be cut
 */
export function fragmentBadly(dice: Dice, packet: Uint8Array): Uint8Array[] {
  const whole = packets.parseIpv4(packet) ?? packets.parseIpv6(packet)
  if (whole === null || whole.payload.length < 16) return [packet]
  const identification = dice.below(0x10000)
  const size = 8 * (1 + dice.below(Math.max(1, Math.min(180, whole.payload.length >> 4))))
  const pieces: Uint8Array[] = []
  for (let at = 0; at < whole.payload.length; ) {
    const end = Math.min(at + size, whole.payload.length)
    const more = dice.one(16) ? dice.one(2) : end < whole.payload.length
    const piece = build(
      whole,
      dice.one(16) ? at + 8 * (dice.below(5) - 2) : at,
      more,
      identification,
      whole.payload.slice(at, end),
    )
    if (dice.one(16)) piece[piece.length - 1] ^= 0xff
    if (!dice.one(16)) pieces.push(piece)
    if (dice.one(16)) pieces.push(piece)
    at = dice.one(16) && at >= 8 ? at : end
    if (pieces.length > 64) break
  }
  if (dice.one(2)) pieces.reverse()
  return pieces
}

function build(
  whole: packets.Ipv4Packet | packets.Ipv6Packet,
  offset: number,
  moreFragments: boolean,
  identification: number,
  payload: Uint8Array,
): Uint8Array {
  const at = Math.max(0, offset) & 0xfff8
  if ('ttl' in whole) {
    const { tos, ttl, protocol, source, destination } = whole
    return packets.buildIpv4({
      tos,
      ttl,
      protocol,
      source,
      destination,
      identification,
      fragmentOffset: at,
      moreFragments,
      payload,
    })
  }
  const { trafficClass, hopLimit, protocol, source, destination } = whole
  return packets.buildIpv6({
    trafficClass,
    hopLimit,
    protocol,
    source,
    destination,
    extensions: [{ kind: 'fragment', offset: at, moreFragments, identification }],
    payload,
  })
}
