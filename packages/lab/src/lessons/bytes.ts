import type { SegmentRecord } from '../model/recording.ts'

const ETHERNET_HEADER = 14
const IPV6_HEADER = 40

/** Where the TCP header begins in the frame of a segment, on Ethernet, without IPv6 extension headers. */
function tcpOffset(frame: Uint8Array): number {
  const version = frame[ETHERNET_HEADER] >>> 4
  return ETHERNET_HEADER + (version === 6 ? IPV6_HEADER : (frame[ETHERNET_HEADER] & 0x0f) * 4)
}

/** The sequence number as it is on the wire. */
export function wireSeq({ frame }: SegmentRecord): number {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  return view.getUint32(tcpOffset(frame) + 4)
}
