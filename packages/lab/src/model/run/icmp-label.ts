import type { HostName } from '../scenario.ts'
import type { Conversations } from './conversations.ts'
import { type Headers, ICMPV4, TCP } from './headers.ts'
import { receiverOf, type Segment } from './segment.ts'

/** What an ICMP error says, and which connection it is about: that of the packet that it quotes. */
export function describeIcmp(segment: Segment, headers: Headers, conversations: Conversations): void {
  segment.kind = 'icmp'
  const { frame } = segment
  const at = headers.transport
  if (at + 8 > frame.length) {
    segment.label = 'ICMP'
    return
  }
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length)
  const v4 = headers.protocol === ICMPV4
  segment.label = v4
    ? icmpv4(frame[at], frame[at + 1], view.getUint16(at + 6))
    : icmpv6(frame[at], frame[at + 1], view.getUint32(at + 4))
  const ports = quotedPorts(view, at + 8, v4)
  // It goes to whoever sent what it quotes.
  const sender: HostName = receiverOf(segment.way)
  if (ports !== null) segment.flow = conversations.of(sender, ports[0], ports[1]).flow
}

function icmpv4(type: number, code: number, mtu: number): string {
  if (type === 3 && code === 4) return `ICMP too big, MTU ${mtu}`
  return type === 3 ? `ICMP unreachable (${code})` : `ICMP type ${type}`
}

function icmpv6(type: number, code: number, mtu: number): string {
  if (type === 2) return `ICMPv6 too big, MTU ${mtu}`
  return type === 1 ? `ICMPv6 unreachable (${code})` : `ICMPv6 type ${type}`
}

function quotedPorts(view: DataView, at: number, v4: boolean): readonly [number, number] | null {
  const header = v4 ? (view.byteLength > at ? (view.getUint8(at) & 15) * 4 : 0) : 40
  if (at + header + 4 > view.byteLength || header < 20) return null
  const protocol = view.getUint8(v4 ? at + 9 : at + 6)
  if (protocol !== TCP) return null
  return [view.getUint16(at + header), view.getUint16(at + header + 2)]
}
