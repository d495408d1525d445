import { packets } from '@tapwire/stack'
import type { SegmentRecord } from '../recording.ts'
import { labelledFlags } from './script-flags.ts'

/** Sequence numbers from the frame to the script, for the two sides. */
export interface ScriptNumbers {
  readonly seq: (raw: number) => number
  readonly ack: (raw: number) => number
}

/** Whether a segment comes to the stack that the script is for, or is expected of it. */
export type ScriptWay = '<' | '>'

/** What comes to the stack, or is expected of it, in the language of packetdrill; null for what that has no words for. */
export function scriptPacket(segment: SegmentRecord, way: ScriptWay, numbers: ScriptNumbers): string | null {
  const decoded = packets.decodeFrame(segment.frame)
  const { tcp } = decoded
  if (tcp === undefined) return way === '<' ? icmpText(decoded, numbers) : null
  const { flags, window } = tcp
  const { length } = segment
  const seq = numbers.seq(tcp.seq)
  const parts = [
    way,
    ...ecnText(decoded, segment, way),
    labelledFlags(flags),
    `${seq}:${seq + length}(${length})`,
  ]
  if ((flags & ACK) !== 0) parts.push(`ack ${numbers.ack(tcp.ack)}`)
  // Of what the stack sends the window is left out: it goes by when its application reads.
  if (way === '<') parts.push(`win ${window}`)
  const options = tcp.options.flatMap((option) => optionText(option, numbers))
  if (options.length > 0) parts.push(`<${options.join(',')}>`)
  return parts.join(' ')
}

const ACK = 0x10
const CE = 3
const ECN = ['noecn', 'ect1', 'ect0', 'ce'] as const

function ecnText({ ipv4, ipv6 }: packets.DecodedFrame, { marked }: SegmentRecord, way: ScriptWay): string[] {
  const bits = marked && way === '<' ? CE : (ipv4?.tos ?? ipv6?.trafficClass ?? 0) & 3
  return bits === 0 ? [] : [`[${ECN[bits]}]`]
}

function optionText(option: packets.TcpOption, numbers: ScriptNumbers): string[] {
  switch (option.name) {
    case 'nop':
      return ['nop']
    case 'end':
      return ['eol']
    case 'mss':
      return [`mss ${option.value}`]
    case 'windowScale':
      return [`wscale ${option.shift}`]
    case 'sackPermitted':
      return ['sackOK']
    case 'timestamps':
      return [`TS val ${option.value} ecr ${option.echo}`]
    case 'sack':
      return [
        `sack ${option.blocks.map(([left, right]) => `${numbers.ack(left)}:${numbers.ack(right)}`).join(' ')}`,
      ]
    default:
      return []
  }
}

/** The only errors there are: of packets that were too large. */
function icmpText({ icmpv4, icmpv6 }: packets.DecodedFrame, numbers: ScriptNumbers): string | null {
  const message = icmpv4 ?? icmpv6
  if (message === undefined) return null
  const { rest: mtu, body } = message
  const quoted = icmpv4 === undefined ? 40 : (body[0] & 15) * 4
  if (body.length < quoted + 8) return null
  const view = new DataView(body.buffer, body.byteOffset, body.length)
  const total = icmpv4 === undefined ? 40 + view.getUint16(4) : view.getUint16(2)
  const header = body.length > quoted + 12 ? (body[quoted + 12] >>> 4) * 4 : 20
  const seq = numbers.ack(view.getUint32(quoted + 4))
  const length = Math.max(0, total - quoted - header)
  return `< icmp unreachable frag_needed mtu ${mtu} [${seq}:${seq + length}(${length})]`
}
