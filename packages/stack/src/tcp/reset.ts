import { seqAdd } from '../core/seq.ts'
import { IpAddress } from '../ip/address.ts'
import type { PathError } from '../ip/network.ts'
import type { PacketIn } from '../ip/packet-in.ts'
import { TcpFlag, TIMESTAMPS_LENGTH, writeTimestamps } from '../wire/tcp.ts'
import type { TcpContext } from './context.ts'
import { type SegmentIn, segmentLength } from './segment-in.ts'
import { optionsStart, sendSegment } from './segment-out.ts'

/** The addresses of a received packet, as objects: for the few packets that need them. */
export function localOf(packet: PacketIn): IpAddress {
  return new IpAddress(packet.dst0, packet.dst1, packet.dst2, packet.dst3)
}

export function remoteOf(packet: PacketIn): IpAddress {
  const address = new IpAddress(packet.src0, packet.src1, packet.src2, packet.src3)
  return address.isLinkLocal && !address.isV4 ? address.withZone(packet.iface.index) : address
}

/**
 * Answers a segment that belongs to no connection, or does not fit the one it names (RFC 9293 section 3.5.2): SEG-01
 * with the sequence number its ACK asks for, SEG-02 otherwise, so that the peer takes it (SEG-32); never to a RST (SEG-03).
 * Limited per second.
 */
export function replyReset(tcp: TcpContext, segment: SegmentIn): void {
  if ((segment.flags & TcpFlag.Rst) !== 0) return
  const { packet } = segment
  if (packet.multicast || packet.linkMulticast) return
  if (!tcp.resetLimit.allow(tcp.engine.now)) {
    tcp.counters.resetsSuppressed++
    return
  }
  const path = tcp.network.path(remoteOf(packet), localOf(packet))
  if (isPathError(path)) return
  const answersAck = (segment.flags & TcpFlag.Ack) !== 0
  const seq = answersAck ? segment.ack : 0
  const ack = answersAck ? 0 : seqAdd(segment.seq, segmentLength(segment))
  const flags = answersAck ? TcpFlag.Rst : TcpFlag.Rst | TcpFlag.Ack
  const options = echoTimestamp(tcp, segment)
  sendSegment(tcp, path, segment.localPort, segment.remotePort, seq, ack, flags, 0, options, 0, null, 0, 0, 1)
}

/**
 * R7323-19: the RST echoes what it answers, so that a peer knows it for an answer; without a connection there is no clock
 * to tell the time of. @returns the options' length
 */
function echoTimestamp(tcp: TcpContext, segment: SegmentIn): number {
  if (!tcp.config.timestamps || !segment.options.hasTimestamps) return 0
  writeTimestamps(tcp.network.memory.view, optionsStart(tcp, TIMESTAMPS_LENGTH), 0, segment.options.tsVal)
  return TIMESTAMPS_LENGTH
}

export function isPathError<T extends object>(path: T | PathError): path is PathError {
  return typeof path === 'string'
}
