import { foldSum, sumBytes } from '../../core/checksum.ts'
import { checkArp } from '../arp.ts'
import { EtherType } from '../ethernet.ts'
import { ICMPV6_PROTOCOL } from '../icmpv6.ts'
import { checkIpv4Header } from '../ipv4.ts'
import { checkIpv6Header } from '../ipv6.ts'
import { checkUdpHeader } from '../udp.ts'
import { type ArpFields, type ArpPacket, buildArp, parseArp } from './arp.ts'
import { NO_BYTES, viewOf } from './bytes.ts'
import { buildEthernet, type EthernetFields, type EthernetFrame, parseEthernet } from './ethernet.ts'
import { buildIcmpv4, buildIcmpv6, type IcmpFields, type IcmpMessage, parseIcmp } from './icmp.ts'
import { buildIpv4, type Ipv4Fields, type Ipv4Packet, parseIpv4 } from './ipv4.ts'
import { buildIpv6, type Ipv6Fields, type Ipv6Packet, parseIpv6 } from './ipv6.ts'
import { type NdpMessage, ndpMessage, parseNdp } from './ndp.ts'
import { type IpAddresses, pseudoSum } from './pseudo.ts'
import { buildTcp, parseTcp, type TcpFields, type TcpSegment } from './tcp.ts'
import { buildUdp, parseUdp, type UdpDatagram, type UdpFields } from './udp.ts'

/** A frame with all its layers beside each other: only those that are there are set. */
export interface DecodedFrame {
  ethernet?: EthernetFrame
  arp?: ArpPacket
  ipv4?: Ipv4Packet
  ipv6?: Ipv6Packet
  icmpv4?: IcmpMessage
  icmpv6?: IcmpMessage
  /** The same message as `icmpv6`, where it is neighbour discovery. */
  ndp?: NdpMessage
  udp?: UdpDatagram
  tcp?: TcpSegment
  /** What a stack would refuse, in words, e.g. 'bad tcp checksum'. Empty for a good frame. */
  problems: string[]
}

/** The layers a frame is built from. The lengths, checksums and types that are left out are computed. */
export interface FrameFields {
  ethernet?: Omit<EthernetFields, 'type'> & { type?: number }
  arp?: ArpFields
  ipv4?: Omit<Ipv4Fields, 'protocol'> & { protocol?: number }
  ipv6?: Omit<Ipv6Fields, 'protocol'> & { protocol?: number }
  icmpv4?: IcmpFields
  icmpv6?: IcmpFields
  ndp?: NdpMessage
  udp?: UdpFields
  tcp?: TcpFields
}

/** Reads an Ethernet frame as far as it makes sense. Never throws. */
export function decodeFrame(bytes: Uint8Array): DecodedFrame {
  const frame: DecodedFrame = { problems: [] }
  const ethernet = parseEthernet(bytes)
  if (ethernet === null) {
    frame.problems.push('short frame')
    return frame
  }
  frame.ethernet = ethernet
  if (ethernet.type === EtherType.Arp) decodeArp(frame, ethernet.payload)
  else if (ethernet.type === EtherType.Ipv4) decodeIpv4(frame, ethernet.payload)
  else if (ethernet.type === EtherType.Ipv6) decodeIpv6(frame, ethernet.payload)
  return frame
}

/** Reads a bare IP packet, as it stands in a TUN frame. Never throws. */
export function decodePacket(bytes: Uint8Array): DecodedFrame {
  const frame: DecodedFrame = { problems: [] }
  if (bytes.length > 0 && bytes[0] >>> 4 === 6) decodeIpv6(frame, bytes)
  else decodeIpv4(frame, bytes)
  return frame
}

/** Builds an Ethernet frame, or a bare IP packet if there is no `ethernet`. */
export function buildFrame(layers: FrameFields): Uint8Array {
  const ip = layers.ipv4 ?? layers.ipv6
  const upper = buildUpper(layers, ip)
  let packet = upper.bytes
  let type = 0
  if (layers.ipv4) {
    packet = buildIpv4({ protocol: upper.protocol, ...payloadOf(upper.bytes), ...layers.ipv4 })
    type = EtherType.Ipv4
  } else if (layers.ipv6) {
    packet = buildIpv6({ protocol: upper.protocol, ...payloadOf(upper.bytes), ...layers.ipv6 })
    type = EtherType.Ipv6
  } else if (layers.arp) {
    packet = buildArp(layers.arp)
    type = EtherType.Arp
  }
  return layers.ethernet ? buildEthernet({ type, ...payloadOf(packet), ...layers.ethernet }) : packet
}

function payloadOf(bytes: Uint8Array): { payload?: Uint8Array } {
  return bytes.length === 0 ? {} : { payload: bytes }
}

function buildUpper(layers: FrameFields, ip?: IpAddresses): { bytes: Uint8Array; protocol: number } {
  if (layers.tcp) return { bytes: buildTcp(layers.tcp, ip), protocol: 6 }
  if (layers.udp) return { bytes: buildUdp(layers.udp, ip), protocol: 17 }
  if (layers.icmpv4) return { bytes: buildIcmpv4(layers.icmpv4), protocol: 1 }
  if (layers.icmpv6) return { bytes: buildIcmpv6(layers.icmpv6, ip), protocol: ICMPV6_PROTOCOL }
  if (layers.ndp) return { bytes: buildIcmpv6(ndpMessage(layers.ndp), ip), protocol: ICMPV6_PROTOCOL }
  return { bytes: NO_BYTES, protocol: 59 }
}

function decodeArp(frame: DecodedFrame, bytes: Uint8Array): void {
  if (checkArp(viewOf(bytes), 0, bytes.length) !== 0) frame.problems.push('bad arp')
  const arp = parseArp(bytes)
  if (arp) frame.arp = arp
}

const IPV4_PROBLEMS = [
  '',
  'short ip',
  'bad ip version',
  'bad ip header length',
  'bad ip length',
  'bad ip checksum',
]

function decodeIpv4(frame: DecodedFrame, bytes: Uint8Array): void {
  const reason = checkIpv4Header(viewOf(bytes), 0, bytes.length)
  if (reason !== 0) frame.problems.push(IPV4_PROBLEMS[reason])
  const packet = parseIpv4(bytes)
  if (packet === null) return
  frame.ipv4 = packet
  if (!packet.moreFragments && packet.fragmentOffset === 0)
    decodeUpper(frame, packet, packet.protocol, packet.payload)
}

const IPV6_PROBLEMS = ['', 'short ipv6', 'bad ip version', 'bad ipv6 length']

function decodeIpv6(frame: DecodedFrame, bytes: Uint8Array): void {
  const reason = checkIpv6Header(viewOf(bytes), 0, bytes.length)
  if (reason !== 0) frame.problems.push(IPV6_PROBLEMS[reason])
  const packet = parseIpv6(bytes)
  if (packet === null) return
  frame.ipv6 = packet
  const piece = packet.extensions.some((e) => e.kind === 'fragment' && (e.offset > 0 || e.moreFragments))
  if (!piece) decodeUpper(frame, packet, packet.protocol, packet.payload)
}

function decodeUpper(frame: DecodedFrame, ip: IpAddresses, protocol: number, bytes: Uint8Array): void {
  if (protocol === 6) decodeTcp(frame, ip, bytes)
  else if (protocol === 17) decodeUdp(frame, ip, bytes)
  else if (protocol === 1 && frame.ipv4) decodeIcmp(frame, bytes, 0)
  else if (protocol === ICMPV6_PROTOCOL && frame.ipv6) {
    decodeIcmp(frame, bytes, pseudoSum(ip, ICMPV6_PROTOCOL, bytes.length))
  }
}

function sumsUp(bytes: Uint8Array, pseudo: number): boolean {
  return foldSum(sumBytes(viewOf(bytes), 0, bytes.length, pseudo)) === 0xffff
}

function decodeTcp(frame: DecodedFrame, ip: IpAddresses, bytes: Uint8Array): void {
  const segment = parseTcp(bytes)
  if (segment === null) {
    frame.problems.push('bad tcp header')
    return
  }
  frame.tcp = segment
  if (!sumsUp(bytes, pseudoSum(ip, 6, bytes.length))) frame.problems.push('bad tcp checksum')
  if (segment.options.some((option) => option.name === 'raw')) frame.problems.push('malformed tcp options')
}

function decodeUdp(frame: DecodedFrame, ip: IpAddresses, bytes: Uint8Array): void {
  const datagram = parseUdp(bytes)
  if (datagram === null || checkUdpHeader(viewOf(bytes), 0, bytes.length) !== 0) {
    frame.problems.push('bad udp length')
    if (datagram) frame.udp = datagram
    return
  }
  frame.udp = datagram
  const covered = bytes.subarray(0, datagram.length)
  const absent = datagram.checksum === 0
  // Only IPv4 may go without (UDP-01, V6-12).
  const good = absent ? ip.source.length === 4 : sumsUp(covered, pseudoSum(ip, 17, covered.length))
  if (!good) frame.problems.push('bad udp checksum')
}

function decodeIcmp(frame: DecodedFrame, bytes: Uint8Array, pseudo: number): void {
  const message = parseIcmp(bytes)
  const name = frame.ipv6 ? 'icmpv6' : 'icmp'
  if (message === null) {
    frame.problems.push(`short ${name}`)
    return
  }
  if (!sumsUp(bytes, pseudo)) frame.problems.push(`bad ${name} checksum`)
  if (!frame.ipv6) {
    frame.icmpv4 = message
    return
  }
  frame.icmpv6 = message
  const ndp = parseNdp(message)
  if (ndp) frame.ndp = ndp
}
