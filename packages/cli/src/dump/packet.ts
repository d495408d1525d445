import { packets } from '@tapwire/stack'
import type { SegmentView, TcpFlows } from './flows.ts'

/** A packet with all that a line, a filter or a program wants to know of it. */
export interface Packet {
  /** Microseconds since 1970. */
  readonly time: number
  /** Seen from the stack; null where a capture does not say. */
  readonly direction: 'in' | 'out' | null
  readonly bytes: Uint8Array
  readonly originalLength: number
  readonly frame: packets.DecodedFrame
  readonly ip: (packets.IpAddresses & { readonly trafficClass: number }) | null
  readonly ports: readonly [source: number, destination: number] | null
  /** The name that a filter knows: arp, icmp, icmp6, tcp, udp, ip, ip6, other. */
  readonly protocol: string
  /** Null for what is no TCP segment, or too damaged to be one. */
  readonly tcp: SegmentView | null
  /** What is odd about it. */
  readonly notes: readonly string[]
}

export interface RawFrame {
  readonly time: number
  readonly direction: 'in' | 'out' | null
  readonly bytes: Uint8Array
  readonly originalLength: number
}

/** CE of RFC 3168: a router has marked it. */
const CONGESTION_EXPERIENCED = 3

/** Reads a frame, and learns from it. Never throws, whatever it is. */
export function readPacket(raw: RawFrame, medium: 'ethernet' | 'ip', flows: TcpFlows): Packet {
  const frame = medium === 'ethernet' ? packets.decodeFrame(raw.bytes) : packets.decodePacket(raw.bytes)
  const ip = ipOf(frame)
  const cut = raw.originalLength > raw.bytes.length
  // Of a packet that was cut off nobody knows whether its lengths and sums are right.
  const problems = cut ? [] : frame.problems
  const transport = frame.tcp ?? frame.udp
  const trusted =
    frame.tcp !== undefined && ip !== null && !problems.some((text) => text.includes('checksum'))
  const tcp = trusted ? flows.look(ip, frame.tcp as packets.TcpSegment, raw.time / 1000) : null
  const notes = [...problems, ...(tcp?.notes ?? [])]
  if (ip !== null && (ip.trafficClass & 3) === CONGESTION_EXPERIENCED) notes.push('congestion experienced')
  if (cut) notes.push(`cut off, ${raw.originalLength} bytes on the wire`)
  return {
    ...raw,
    frame: cut ? { ...frame, problems: [] } : frame,
    ip,
    ports: transport === undefined ? null : [transport.sourcePort, transport.destinationPort],
    protocol: protocolOf(frame),
    tcp,
    notes,
  }
}

function ipOf({ ipv4, ipv6 }: packets.DecodedFrame): Packet['ip'] {
  if (ipv4) return { source: ipv4.source, destination: ipv4.destination, trafficClass: ipv4.tos }
  return ipv6 ? { source: ipv6.source, destination: ipv6.destination, trafficClass: ipv6.trafficClass } : null
}

function protocolOf(frame: packets.DecodedFrame): string {
  for (const [layer, name] of [
    ['tcp', 'tcp'],
    ['udp', 'udp'],
    ['icmpv4', 'icmp'],
    ['icmpv6', 'icmp6'],
    ['arp', 'arp'],
    ['ipv4', 'ip'],
    ['ipv6', 'ip6'],
  ] as const) {
    if (frame[layer] !== undefined) return name
  }
  return 'other'
}
