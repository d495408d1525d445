import { ArpOperation } from '../arp.ts'
import { Icmpv4Type, Icmpv4Unreachable } from '../icmpv4.ts'
import { Icmpv6Type } from '../icmpv6.ts'
import { TcpFlag } from '../tcp.ts'
import type { ArpPacket } from './arp.ts'
import { type DecodedFrame, decodeFrame, decodePacket } from './frame.ts'
import type { IcmpMessage } from './icmp.ts'
import type { NdpMessage } from './ndp.ts'
import type { IpAddresses } from './pseudo.ts'
import type { TcpSegment } from './tcp.ts'
import type { TcpOption } from './tcp-options.ts'
import { endpointText, ipText, macText } from './text.ts'
import type { UdpDatagram } from './udp.ts'

/**
 * One line about an Ethernet frame, in the manner of tcpdump:
 * `TCP 10.0.0.1:4000 > 10.0.0.2:80 SYN seq=1 win=65535 len=0 <mss 1460>`. What is wrong with it follows in brackets.
 * Never throws.
 */
export function describeFrame(bytes: Uint8Array): string {
  return describeDecoded(decodeFrame(bytes))
}

/** The same about a bare IP packet. */
export function describePacket(bytes: Uint8Array): string {
  return describeDecoded(decodePacket(bytes))
}

export function describeDecoded(frame: DecodedFrame): string {
  const problems = frame.problems.length === 0 ? '' : ` [${frame.problems.join(', ')}]`
  return describeLayers(frame) + problems
}

function describeLayers(frame: DecodedFrame): string {
  if (frame.arp) return describeArp(frame.arp)
  const ip = frame.ipv4 ?? frame.ipv6
  if (ip) return describeIp(frame, ip) + describeFragment(frame)
  if (!frame.ethernet) return 'nothing readable'
  const { source, destination, type, payload } = frame.ethernet
  const kind = `type 0x${type.toString(16).padStart(4, '0')}`
  return `ETH ${macText(source)} > ${macText(destination)} ${kind} len=${payload.length}`
}

function describeArp(arp: ArpPacket): string {
  const { operation, senderIp, senderMac, targetIp } = arp
  if (operation === ArpOperation.Request)
    return `ARP who-has ${ipText(targetIp)} tell ${ipText(senderIp)} (${macText(senderMac)})`
  if (operation === ArpOperation.Reply)
    return `ARP ${ipText(senderIp)} is-at ${macText(senderMac)} to ${ipText(targetIp)}`
  return `ARP operation ${operation}`
}

function describeIp(
  frame: DecodedFrame,
  ip: IpAddresses & { protocol: number; payload: Uint8Array },
): string {
  if (frame.tcp) return describeTcp(frame.tcp, ip)
  if (frame.udp) return describeUdp(frame.udp, ip)
  const route = `${ipText(ip.source)} > ${ipText(ip.destination)}`
  if (frame.ndp) return `NDP ${route} ${describeNdp(frame.ndp)}`
  if (frame.icmpv4) return `ICMP ${route} ${describeIcmpv4(frame.icmpv4)}`
  if (frame.icmpv6) return `ICMPv6 ${route} ${describeIcmpv6(frame.icmpv6)}`
  return `${frame.ipv4 ? 'IP' : 'IPv6'} ${route} protocol ${ip.protocol} len=${ip.payload.length}`
}

function describeFragment(frame: DecodedFrame): string {
  if (frame.ipv4) {
    const { identification, fragmentOffset, moreFragments } = frame.ipv4
    if (fragmentOffset === 0 && !moreFragments) return ''
    return ` (frag id=${identification} offset=${fragmentOffset}${moreFragments ? '+' : ''})`
  }
  const fragment = frame.ipv6?.extensions.find((extension) => extension.kind === 'fragment')
  if (fragment === undefined) return ''
  return ` (frag id=${fragment.identification} offset=${fragment.offset}${fragment.moreFragments ? '+' : ''})`
}

const FLAG_NAMES: readonly [number, string][] = [
  [TcpFlag.Syn, 'SYN'],
  [TcpFlag.Fin, 'FIN'],
  [TcpFlag.Rst, 'RST'],
  [TcpFlag.Psh, 'PSH'],
  [TcpFlag.Ack, 'ACK'],
  [TcpFlag.Urg, 'URG'],
  [TcpFlag.Ece, 'ECE'],
  [TcpFlag.Cwr, 'CWR'],
]

/** E.g. 'SYN,ACK', or 'none'. */
export function flagsText(flags: number): string {
  const names = FLAG_NAMES.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name)
  return names.length === 0 ? 'none' : names.join(',')
}

function describeTcp(segment: TcpSegment, ip: IpAddresses): string {
  const from = endpointText(ip.source, segment.sourcePort)
  const to = endpointText(ip.destination, segment.destinationPort)
  const ack = segment.flags & TcpFlag.Ack ? ` ack=${segment.ack}` : ''
  const urgent = segment.flags & TcpFlag.Urg ? ` urg=${segment.urgentPointer}` : ''
  const list = segment.options.map(describeOption).join(', ')
  const options = list === '' ? '' : ` <${list}>`
  const size = `win=${segment.window} len=${segment.payload.length}`
  return `TCP ${from} > ${to} ${flagsText(segment.flags)} seq=${segment.seq}${ack} ${size}${urgent}${options}`
}

function describeOption(option: TcpOption): string {
  switch (option.name) {
    case 'end':
      return 'eol'
    case 'nop':
      return 'nop'
    case 'mss':
      return `mss ${option.value}`
    case 'windowScale':
      return `wscale ${option.shift}`
    case 'sackPermitted':
      return 'sackOK'
    case 'sack':
      return `sack ${option.blocks.map(([left, right]) => `${left}-${right}`).join(' ')}`
    case 'timestamps':
      return `TS ${option.value}/${option.echo}`
    case 'userTimeout':
      return `uto ${option.value}${option.minutes ? 'min' : 's'}`
    case 'fastOpen':
      return option.cookie.length === 0 ? 'tfo request' : `tfo ${macText(option.cookie).replaceAll(':', '')}`
    case 'unknown':
      return `opt ${option.kind} len ${option.data.length + 2}`
    case 'raw':
      return `malformed ${option.bytes.length} bytes`
  }
}

function describeUdp(datagram: UdpDatagram, ip: IpAddresses): string {
  const from = endpointText(ip.source, datagram.sourcePort)
  const to = endpointText(ip.destination, datagram.destinationPort)
  return `UDP ${from} > ${to} len=${datagram.payload.length}`
}

function describeEcho(name: string, message: IcmpMessage): string {
  return `${name} id=${message.rest >>> 16} seq=${message.rest & 0xffff} len=${message.body.length}`
}

function describeIcmpv4(message: IcmpMessage): string {
  if (message.type === Icmpv4Type.Echo) return describeEcho('echo request', message)
  if (message.type === Icmpv4Type.EchoReply) return describeEcho('echo reply', message)
  const name = nameOf(Icmpv4Type, message.type)
  if (message.type === Icmpv4Type.DestinationUnreachable) {
    const mtu = message.code === Icmpv4Unreachable.FragmentationNeeded ? ` mtu=${message.rest & 0xffff}` : ''
    return `${name} ${nameOf(Icmpv4Unreachable, message.code)}${mtu}${describeQuote(message)}`
  }
  return `${name} code=${message.code} len=${message.body.length}`
}

function describeIcmpv6(message: IcmpMessage): string {
  if (message.type === Icmpv6Type.EchoRequest) return describeEcho('echo request', message)
  if (message.type === Icmpv6Type.EchoReply) return describeEcho('echo reply', message)
  const name = nameOf(Icmpv6Type, message.type)
  if (message.type === Icmpv6Type.PacketTooBig) return `${name} mtu=${message.rest}${describeQuote(message)}`
  if (message.type === Icmpv6Type.ParameterProblem)
    return `${name} code=${message.code} pointer=${message.rest}`
  const quote = message.type === Icmpv6Type.DestinationUnreachable ? describeQuote(message) : ''
  return `${name} code=${message.code} len=${message.body.length}${quote}`
}

/** Whom an error is about, as far as the quoted header tells. */
function describeQuote(message: IcmpMessage): string {
  const quoted = decodePacket(message.body)
  const ip = quoted.ipv4 ?? quoted.ipv6
  return ip ? ` about ${ipText(ip.source)} > ${ipText(ip.destination)} protocol ${ip.protocol}` : ''
}

function describeNdp(message: NdpMessage): string {
  const options = message.options.map((option) => {
    if ('mac' in option) return ` ${option.name} ${macText(option.mac)}`
    if (option.name === 'prefix') return ` prefix ${ipText(option.prefix)}/${option.length}`
    return option.name === 'mtu' ? ` mtu ${option.mtu}` : ` ${option.name}`
  })
  return describeNdpFields(message) + options.join('')
}

function describeNdpFields(message: NdpMessage): string {
  switch (message.name) {
    case 'routerSolicitation':
      return 'router solicitation'
    case 'routerAdvertisement':
      return `router advertisement lifetime=${message.routerLifetime}`
    case 'neighbourSolicitation':
      return `who-has ${ipText(message.target)}`
    case 'neighbourAdvertisement': {
      const flags = `${message.router ? 'R' : ''}${message.solicited ? 'S' : ''}${message.override ? 'O' : ''}`
      return `${ipText(message.target)} is here${flags === '' ? '' : ` [${flags}]`}`
    }
    case 'redirect':
      return `redirect ${ipText(message.destination)} to ${ipText(message.target)}`
  }
}

function nameOf(names: Readonly<Record<string, number>>, value: number): string {
  return Object.keys(names).find((name) => names[name] === value) ?? String(value)
}
