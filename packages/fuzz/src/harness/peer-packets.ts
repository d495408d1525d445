import { packets, requireAddress } from '@tapwire/stack'

type Layers = Omit<packets.FrameFields, 'ethernet' | 'ipv4' | 'ipv6'>

/** An IP packet of the version that the addresses have. */
export function ipPacket(source: Uint8Array, destination: Uint8Array, layers: Layers): Uint8Array {
  const ip = { source, destination }
  return packets.buildFrame(source.length === 4 ? { ipv4: ip, ...layers } : { ipv6: ip, ...layers })
}

/** The bytes of an address as packets have it. */
export function addressBytes(text: string): Uint8Array {
  const { a0, a1, a2, a3, isV4 } = requireAddress(text)
  const words = isV4 ? [a3] : [a0, a1, a2, a3]
  const bytes = new Uint8Array(words.length * 4)
  const view = new DataView(bytes.buffer)
  for (const [i, value] of words.entries()) view.setInt32(i * 4, value)
  return bytes
}

/** The Ethernet addresses of a peer, and of the stack under test. */
export interface Macs {
  readonly source: Uint8Array
  readonly destination: Uint8Array
}

/** An Ethernet frame around an IP packet. */
export function framed({ source, destination }: Macs, packet: Uint8Array): Uint8Array {
  const type = (packet[0] ?? 0) >>> 4 === 6 ? 0x86dd : 0x0800
  return packets.buildEthernet({ source, destination, type, payload: packet })
}

/** A frame from which the stack learns the MAC address of its peer: it asks for the stack's own. */
export function introduction(macs: Macs, source: Uint8Array, destination: Uint8Array): Uint8Array {
  if (source.length === 4) {
    const addresses = { senderIp: source, targetIp: destination }
    const arp = { operation: 1, senderMac: macs.source, targetMac: macs.destination, ...addresses }
    return packets.buildFrame({ ethernet: macs, arp })
  }
  const options: packets.NdpOption[] = [{ name: 'sourceLinkAddress', mac: macs.source }]
  const ndp = { name: 'neighbourSolicitation' as const, target: destination, options }
  return packets.buildFrame({ ethernet: macs, ipv6: { source, destination, hopLimit: 255 }, ndp })
}
