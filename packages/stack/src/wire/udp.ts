/** The UDP header (RFC 768). */
export const UDP_HEADER_LENGTH = 8
/** Where the checksum stands: for `TxDescriptor.checksumOffset`. */
export const UDP_CHECKSUM = 6

const SOURCE_PORT = 0
const DESTINATION_PORT = 2
const LENGTH = 4

export function udpSourcePort(view: DataView, offset: number): number {
  return view.getUint16(offset + SOURCE_PORT)
}

export function udpDestinationPort(view: DataView, offset: number): number {
  return view.getUint16(offset + DESTINATION_PORT)
}

/** Of header and payload, in bytes. */
export function udpLength(view: DataView, offset: number): number {
  return view.getUint16(offset + LENGTH)
}

/** 0: the sender computed none, which IPv6 forbids (UDP-01, V6-12). */
export function udpChecksum(view: DataView, offset: number): number {
  return view.getUint16(offset + UDP_CHECKSUM)
}

/** Writes the header with a checksum of 0; `writeUdpChecksum` completes it. @param length of header and payload */
export function writeUdpHeader(
  view: DataView,
  offset: number,
  sourcePort: number,
  destinationPort: number,
  length: number,
): void {
  view.setUint16(offset + SOURCE_PORT, sourcePort)
  view.setUint16(offset + DESTINATION_PORT, destinationPort)
  view.setUint16(offset + LENGTH, length)
  view.setUint16(offset + UDP_CHECKSUM, 0)
}

/** A computed zero is sent as 0xffff (RFC 768; UDP-01, V6-12). */
export function writeUdpChecksum(view: DataView, offset: number, checksum: number): void {
  view.setUint16(offset + UDP_CHECKSUM, checksum === 0 ? 0xffff : checksum)
}

/** Why a datagram is refused; 0 is a good one. The checksum is another matter: `transportChecksumValid`. */
export const UdpCheck = {
  Ok: 0,
  /** Less than 8 bytes. */
  Short: 1,
  /** Length below 8, or beyond the IP payload (UDP-02). */
  Length: 2,
} as const
export type UdpCheck = (typeof UdpCheck)[keyof typeof UdpCheck]

/** @param available bytes of the IP payload; more than the length says is ignored (UDP-02) */
export function checkUdpHeader(view: DataView, offset: number, available: number): UdpCheck {
  if (available < UDP_HEADER_LENGTH) return UdpCheck.Short
  const length = udpLength(view, offset)
  if (length < UDP_HEADER_LENGTH || length > available) return UdpCheck.Length
  return UdpCheck.Ok
}
