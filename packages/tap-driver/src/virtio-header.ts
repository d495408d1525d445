import { Gso, RxChecksum, type RxFrame, type TxDescriptor } from '@tapwire/stack'

/**
 * The `struct virtio_net_hdr` that IFF_VNET_HDR puts before every frame, both ways (virtio 1.2, section 5.1.6):
 *
 *     0 flags  1 gso_type  2 hdr_len  4 gso_size  6 csum_start  8 csum_offset      little-endian (TUNSETVNETLE)
 */
export const VIRTIO_HEADER = 10

const NEEDS_CSUM = 1
const DATA_VALID = 2

const GSO_NONE = 0
const GSO_TCPV4 = 1
const GSO_TCPV6 = 4
/** UDP segmentation (UDP_L4), not the long-gone UDP fragmentation (3). */
const GSO_UDP_L4 = 5
/** The flags in a TCP header, at whose start a super-frame's partial checksum begins. */
const TCP_FLAGS = 13
const TCP_CWR = 0x80
/** Set beside a TCP type when the first segment carries CWR. */
const GSO_ECN = 0x80

/** Writes what the kernel has to know about an outgoing frame. */
export function writeVirtioHeader(view: DataView, at: number, frame: TxDescriptor): void {
  const partial = frame.checksumStart >= 0
  view.setUint8(at, partial ? NEEDS_CSUM : 0)
  view.setUint16(at + 6, partial ? frame.checksumStart : 0, true)
  view.setUint16(at + 8, partial ? frame.checksumOffset : 0, true)
  if (frame.gso === Gso.None) {
    view.setUint8(at + 1, GSO_NONE)
    view.setUint32(at + 2, 0, true)
    return
  }
  view.setUint8(at + 1, frame.gso === Gso.Udp ? GSO_UDP_L4 : tcpGsoType(view, frame))
  view.setUint16(at + 2, frame.headLength, true)
  view.setUint16(at + 4, frame.gsoSize, true)
}

/** CWR is for the first segment alone (RFC 3168 section 6.1.2): a card that does not know that must not cut this frame. */
function tcpGsoType(view: DataView, frame: TxDescriptor): number {
  const type = frame.gso === Gso.TcpV4 ? GSO_TCPV4 : GSO_TCPV6
  const flags = view.getUint8(frame.headOffset + frame.checksumStart + TCP_FLAGS)
  return (flags & TCP_CWR) === 0 ? type : type | GSO_ECN
}

/** Reads what the kernel says of an incoming frame. @returns false when it is of a kind that was never negotiated */
export function readVirtioHeader(view: DataView, at: number, frame: RxFrame): boolean {
  const flags = view.getUint8(at)
  frame.checksum =
    (flags & NEEDS_CSUM) !== 0
      ? RxChecksum.Partial
      : (flags & DATA_VALID) !== 0
        ? RxChecksum.Valid
        : RxChecksum.Unverified
  const gso = view.getUint8(at + 1) & ~GSO_ECN
  if (gso === GSO_NONE) {
    frame.gsoSize = 0
    return true
  }
  frame.gsoSize = view.getUint16(at + 4, true)
  return (gso === GSO_TCPV4 || gso === GSO_TCPV6 || gso === GSO_UDP_L4) && frame.gsoSize > 0
}
