import type { PacketIn } from '../ip/packet-in.ts'
import { TcpOptions } from '../wire/tcp.ts'
import { segmentCount } from './segment-size.ts'

/** The segment being processed, read once at the door. One record per stack, overwritten by the next segment. */
export class SegmentIn {
  packet!: PacketIn
  localPort = 0
  remotePort = 0
  seq = 0
  ack = 0
  flags = 0
  /** As in the header: not scaled. */
  window = 0
  urgentPointer = 0
  /** The payload in the stack's memory. */
  dataOffset = 0
  dataLength = 0
  readonly options = new TcpOptions()

  /** Nothing has been read of it yet. */
  begin(packet: PacketIn): void {
    this.packet = packet
    this.seq = 0
    this.dataLength = 0
  }
}

/** SEG.LEN of RFC 9293: SYN and FIN count one each. */
export function segmentLength(segment: SegmentIn): number {
  return segment.dataLength + (segment.flags & 1) + ((segment.flags >>> 1) & 1)
}

/** Segments that were merged into this one: a super-frame counts as what it was, any other as itself. */
export function mergedSegments(segment: SegmentIn): number {
  const { gsoSize } = segment.packet
  return gsoSize > 0 ? segmentCount(segment.dataLength, gsoSize) : 1
}
