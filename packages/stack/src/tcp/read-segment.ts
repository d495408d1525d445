import { type PacketIn, Protocol } from '../ip/packet-in.ts'
import { addressSum6, segmentChecksumValid } from '../wire/pseudo-header.ts'
import {
  checkTcpHeader,
  parseTcpOptions,
  TCP_HEADER_LENGTH,
  TcpCheck,
  tcpAck,
  tcpDataOffset,
  tcpDestinationPort,
  tcpFlags,
  tcpSeq,
  tcpSourcePort,
  tcpUrgentPointer,
  tcpWindow,
} from '../wire/tcp.ts'
import type { TcpContext } from './context.ts'
import { DropReason, drop } from './count.ts'
import type { SegmentIn } from './segment-in.ts'

/** Reads and checks the header once, at the door. @returns false: dropped and counted */
export function readSegment(tcp: TcpContext, packet: PacketIn, segment: SegmentIn): boolean {
  const { memory } = tcp.network
  const { view } = memory
  const { offset, length } = packet
  const check = checkTcpHeader(view, offset, length)
  if (check !== TcpCheck.Ok) {
    drop(tcp, 0, segment, check === TcpCheck.Short ? DropReason.TooShort : DropReason.BadOffset)
    return false
  }
  // MUST-3; a checksum of 1 (partial) or 2 (valid) was vouched for by the device.
  if (
    packet.checksum === 0 &&
    !segmentChecksumValid(memory, offset, length, pseudoSum(packet), Protocol.Tcp)
  ) {
    drop(tcp, 0, segment, DropReason.BadChecksum)
    return false
  }
  const headerLength = tcpDataOffset(view, offset)
  if (!parseTcpOptions(view, offset + TCP_HEADER_LENGTH, headerLength - TCP_HEADER_LENGTH, segment.options)) {
    // MUST-7: what could be read is used, the rest is not.
    tcp.counters.malformedOptions++
  }
  segment.remotePort = tcpSourcePort(view, offset)
  segment.localPort = tcpDestinationPort(view, offset)
  segment.seq = tcpSeq(view, offset)
  segment.ack = tcpAck(view, offset)
  segment.flags = tcpFlags(view, offset)
  segment.window = tcpWindow(view, offset)
  segment.urgentPointer = tcpUrgentPointer(view, offset)
  segment.dataOffset = offset + headerLength
  segment.dataLength = length - headerLength
  return true
}

/** Of either version: the mapped prefix of IPv4 adds 0xffff twice, which is zero in ones' complement. */
function pseudoSum(packet: PacketIn): number {
  const { src0, src1, src2, src3, dst0, dst1, dst2, dst3 } = packet
  return addressSum6(src0, src1, src2, src3, dst0, dst1, dst2, dst3)
}
