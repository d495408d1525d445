import { packets, parseAddress } from '@tapwire/stack'
import type { Place } from './addresses.ts'
import { ETHERTYPE_ARP, ETHERTYPE_IPV6, ICMPV6 } from './headers.ts'

/*
 * ARP and neighbour discovery are left out of the lab's picture: what a host asks, the link answers at once, and nothing of it
 * crosses the impaired line.
 */

/** The address's bytes, 4 or 16. */
export function bytesOf(text: string): Uint8Array {
  const address = parseAddress(text)
  if (address === null) throw new Error(`${text} is no address`)
  return address.toBytes()
}

/**
 * The answer to a host's question for a neighbour, or null: it was none.
 * @param macOf who has the address that is asked for
 */
export function answerNeighbour(
  frame: Uint8Array,
  macOf: (address: Uint8Array) => Uint8Array,
): Uint8Array | null {
  const { ethernet, arp, ndp, ipv6 } = packets.decodeFrame(frame)
  if (ethernet === undefined) return null
  if (arp !== undefined) {
    if (arp.operation !== 1 || same(arp.senderIp, arp.targetIp)) return null
    const { senderMac: targetMac, senderIp: targetIp, targetIp: senderIp } = arp
    const mac = macOf(senderIp)
    return packets.buildFrame({
      ethernet: { destination: targetMac, source: mac },
      arp: { operation: 2, senderMac: mac, senderIp, targetMac, targetIp },
    })
  }
  if (ndp?.name !== 'neighbourSolicitation' || ipv6 === undefined) return null
  // Whether an address is taken, asks somebody who has none: it is not.
  if (ipv6.source.every((byte) => byte === 0)) return null
  const mac = macOf(ndp.target)
  return packets.buildFrame({
    ethernet: { destination: ethernet.source, source: mac },
    ipv6: { source: ndp.target, destination: ipv6.source, hopLimit: 255 },
    ndp: {
      name: 'neighbourAdvertisement',
      router: false,
      solicited: true,
      override: true,
      target: ndp.target,
      options: [{ name: 'targetLinkAddress', mac }],
    },
  })
}

/** A frame from which the host at `place` learns a neighbour before it needs one, so that its first segment does not wait. */
export function introduce(place: Place, address: string, mac: Uint8Array): Uint8Array {
  const from = bytesOf(address)
  const to = bytesOf(place.address)
  const ethernet = { destination: place.mac, source: mac }
  if (from.length === 4) {
    return packets.buildFrame({
      ethernet,
      arp: {
        operation: 1,
        senderMac: mac,
        senderIp: from,
        targetMac: new Uint8Array(6),
        targetIp: to,
      },
    })
  }
  return packets.buildFrame({
    ethernet,
    ipv6: { source: from, destination: to, hopLimit: 255 },
    ndp: {
      name: 'neighbourSolicitation',
      target: to,
      options: [{ name: 'sourceLinkAddress', mac }],
    },
  })
}

/** ARP, neighbour discovery and what else keeps a link going (MLD). */
export function isHousekeeping(frame: Uint8Array): boolean {
  const type = (frame[12] << 8) | frame[13]
  if (type === ETHERTYPE_ARP) return true
  if (type !== ETHERTYPE_IPV6) return (frame[0] & 1) !== 0
  // MLD stands behind a Hop-by-Hop header; discovery is ICMPv6 of the types 133 to 137.
  return (frame[0] & 1) !== 0 || (frame[20] === ICMPV6 && frame[54] >= 133 && frame[54] <= 137)
}

export function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
