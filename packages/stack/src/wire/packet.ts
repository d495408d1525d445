/**
 * Packets as plain objects: parse and build pairs for every format, for tests, teaching and attacking. Lengths and
 * checksums that are not given are computed; given, they are sent as they are.
 */
export { type ArpFields, type ArpPacket, buildArp, parseArp } from './packet/arp.ts'
export { describeDecoded, describeFrame, describePacket, flagsText } from './packet/describe.ts'
export { buildEthernet, type EthernetFields, type EthernetFrame, parseEthernet } from './packet/ethernet.ts'
export { buildFrame, type DecodedFrame, decodeFrame, decodePacket, type FrameFields } from './packet/frame.ts'
export {
  buildIcmpv4,
  buildIcmpv6,
  echoWord,
  type IcmpFields,
  type IcmpMessage,
  parseIcmpv4,
  parseIcmpv6,
} from './packet/icmp.ts'
export { buildIpv4, type Ipv4Fields, type Ipv4Packet, parseIpv4 } from './packet/ipv4.ts'
export {
  buildIpv6,
  type Ipv6Extension,
  type Ipv6Fields,
  type Ipv6Option,
  type Ipv6Packet,
  parseIpv6,
} from './packet/ipv6.ts'
export { type NdpMessage, type NdpOption, ndpMessage, parseNdp } from './packet/ndp.ts'
export type { IpAddresses } from './packet/pseudo.ts'
export { buildTcp, parseTcp, type TcpFields, type TcpSegment } from './packet/tcp.ts'
export { buildTcpOptions, parseTcpOptionList, type TcpOption } from './packet/tcp-options.ts'
export { endpointText, ipText, macText } from './packet/text.ts'
export { buildUdp, parseUdp, type UdpDatagram, type UdpFields } from './packet/udp.ts'
