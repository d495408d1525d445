import { packets } from '@tapwire/stack'
import type { EcnSpec, IcmpSpec, IpSpec, PacketSpec, TcpSpec, UdpSpec } from '../language/ast.ts'
import { ACK, CWR, FIN, PSH, RST, SYN, URG } from '../language/flags.ts'
import type { Flow } from './flow.ts'
import { icmpNames, icmpText } from './icmp-names.ts'
import type { SentPacket } from './script-link.ts'
import { optionToScript } from './tcp-options.ts'

const ECN_NAMES: readonly EcnSpec[] = ['noecn', 'ect1', 'ect0', 'ce']

/** A packet that the stack sent, read. */
export interface Sent {
  readonly time: number
  readonly frame: packets.DecodedFrame
}

export function readSent({ time, bytes }: SentPacket): Sent {
  return { time, frame: packets.decodePacket(bytes) }
}

/** Whether it is about the connections of scripts, and not the housekeeping of IP (groups, neighbours). */
export function concernsScripts({ frame }: Sent): boolean {
  if (frame.tcp !== undefined || frame.udp !== undefined) return true
  if (frame.icmpv6 !== undefined) return frame.icmpv6.type < 130
  return frame.ipv4 === undefined || frame.ipv4.protocol !== 2
}

/** The IP header in the script's words. */
function sentIp({ ipv4, ipv6 }: packets.DecodedFrame): Required<IpSpec> {
  const tos = ipv4?.tos ?? ipv6?.trafficClass ?? 0
  return {
    ecn: ECN_NAMES[tos & 3],
    tos,
    ttl: ipv4?.ttl ?? ipv6?.hopLimit ?? 0,
    flowLabel: ipv6?.flowLabel ?? 0,
  }
}

/** The same in the script's numbers. */
export function sentToScript(
  { frame }: Sent,
  flow: Flow | null,
): Omit<PacketSpec, 'kind'> & { ip: Required<IpSpec> } {
  const common = { direction: 'out' as const, ip: sentIp(frame) }
  if (frame.tcp !== undefined) {
    const { sourcePort: source, destinationPort: destination } = frame.tcp
    return { ...common, ports: { source, destination }, content: tcpToScript(frame.tcp, flow) }
  }
  if (frame.udp !== undefined) {
    const content: UdpSpec = { protocol: 'udp', length: frame.udp.payload.length }
    return { ...common, content }
  }
  return { ...common, content: icmpToScript(frame, flow) }
}

function tcpToScript(tcp: packets.TcpSegment, flow: Flow | null): TcpSpec {
  return {
    protocol: 'tcp',
    flags: tcp.flags,
    seq: flow === null ? tcp.seq : flow.localToScript(tcp.seq),
    length: tcp.payload.length,
    ...((tcp.flags & ACK) === 0 ? {} : { ack: flow === null ? tcp.ack : flow.remoteToScript(tcp.ack) }),
    window: tcp.window,
    ...((tcp.flags & URG) === 0 ? {} : { urgent: tcp.urgentPointer }),
    options: flow === null ? [] : tcp.options.map((option) => optionToScript(option, flow)),
  }
}

function icmpToScript(frame: packets.DecodedFrame, flow: Flow | null): IcmpSpec {
  const message = frame.icmpv4 ?? frame.icmpv6
  if (message === undefined) return { protocol: 'icmp', type: 'nothing readable', code: null }
  const v6 = frame.icmpv6 !== undefined
  const [type, code] = icmpText(v6, message.type, message.code).split(' ')
  const tooBig = code === 'frag_needed' || type === 'packet_too_big'
  const quotes = type in icmpNames(v6).types && !type.startsWith('echo')
  return {
    protocol: 'icmp',
    type,
    code: code ?? null,
    ...(tooBig ? { mtu: message.rest } : {}),
    ...(quotes ? quotedToScript(message.body, flow) : {}),
  }
}

function quotedToScript(body: Uint8Array, flow: Flow | null): Pick<IcmpSpec, 'quoted'> {
  const quoted = packets.decodePacket(body)
  if (quoted.udp !== undefined) return { quoted: { protocol: 'udp', length: quoted.udp.length - 8 } }
  if (quoted.tcp === undefined) return {}
  const seq = flow === null ? quoted.tcp.seq : flow.remoteToScript(quoted.tcp.seq)
  return { quoted: { protocol: 'tcp', seq, length: quoted.tcp.payload.length } }
}

/**
 * Whether `next` continues what `first` begins, as one segment that was cut at the MSS on its way out.
 * @param length bytes that have been joined so far
 */
export function continues(first: Sent, length: number, next: Sent): boolean {
  const a = first.frame.tcp
  const b = next.frame.tcp
  if (a === undefined || b === undefined || b.payload.length === 0) return false
  if (a.sourcePort !== b.sourcePort || a.destinationPort !== b.destinationPort) return false
  if ((a.seq + length) >>> 0 !== b.seq || a.ack !== b.ack) return false
  return ((a.flags | b.flags) & (SYN | RST)) === 0 && (a.flags & FIN) === 0
}

/** Both as one: what ends the data (PSH, FIN) may be on the last, CWR is on the first. */
export function joined(first: Sent, next: Sent): Sent {
  const a = first.frame.tcp as packets.TcpSegment
  const b = next.frame.tcp as packets.TcpSegment
  const payload = new Uint8Array(a.payload.length + b.payload.length)
  const flags = a.flags | (b.flags & ~CWR & (PSH | FIN | URG))
  return { time: first.time, frame: { ...first.frame, tcp: { ...a, flags, payload, window: b.window } } }
}
