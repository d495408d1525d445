export * from './tcp-options.ts'

/** The TCP header (RFC 9293 section 3.1). Sequence numbers are int32, for `core/seq.ts`. */
export const TCP_HEADER_LENGTH = 20
/** With 40 bytes of options. */
export const TCP_MAX_HEADER_LENGTH = 60

const SOURCE_PORT = 0
const DESTINATION_PORT = 2
const SEQUENCE = 4
const ACKNOWLEDGEMENT = 8
const DATA_OFFSET = 12
const FLAGS = 13
const WINDOW = 14
/** Where the checksum stands: for `TxDescriptor.checksumOffset`. */
export const TCP_CHECKSUM = 16
const URGENT_POINTER = 18

export const TcpFlag = { Fin: 1, Syn: 2, Rst: 4, Psh: 8, Ack: 16, Urg: 32, Ece: 64, Cwr: 128 } as const

export function tcpSourcePort(view: DataView, offset: number): number {
  return view.getUint16(offset + SOURCE_PORT)
}

export function tcpDestinationPort(view: DataView, offset: number): number {
  return view.getUint16(offset + DESTINATION_PORT)
}

export function tcpSeq(view: DataView, offset: number): number {
  return view.getInt32(offset + SEQUENCE)
}

export function tcpAck(view: DataView, offset: number): number {
  return view.getInt32(offset + ACKNOWLEDGEMENT)
}

/** The header's length in bytes, options included. */
export function tcpDataOffset(view: DataView, offset: number): number {
  return (view.getUint8(offset + DATA_OFFSET) >>> 4) << 2
}

/** The eight flags of `TcpFlag`; reserved bits are ignored (SEG-33). */
export function tcpFlags(view: DataView, offset: number): number {
  return view.getUint8(offset + FLAGS)
}

/** Unsigned and not scaled (MUST-1). */
export function tcpWindow(view: DataView, offset: number): number {
  return view.getUint16(offset + WINDOW)
}

export function tcpChecksum(view: DataView, offset: number): number {
  return view.getUint16(offset + TCP_CHECKSUM)
}

export function tcpUrgentPointer(view: DataView, offset: number): number {
  return view.getUint16(offset + URGENT_POINTER)
}

/**
 * Writes the header's fixed part with a checksum of 0, reserved bits zero (SEG-33).
 * @param headerLength bytes with options, a multiple of 4 from 20 to 60
 */
export function writeTcpHeader(
  view: DataView,
  offset: number,
  sourcePort: number,
  destinationPort: number,
  seq: number,
  ack: number,
  headerLength: number,
  flags: number,
  window: number,
  urgentPointer: number,
): void {
  view.setUint16(offset + SOURCE_PORT, sourcePort)
  view.setUint16(offset + DESTINATION_PORT, destinationPort)
  view.setInt32(offset + SEQUENCE, seq)
  view.setInt32(offset + ACKNOWLEDGEMENT, ack)
  view.setUint16(offset + DATA_OFFSET, (headerLength << 10) | flags)
  view.setUint16(offset + WINDOW, window)
  view.setUint16(offset + TCP_CHECKSUM, 0)
  view.setUint16(offset + URGENT_POINTER, urgentPointer)
}

export function writeTcpChecksum(view: DataView, offset: number, checksum: number): void {
  view.setUint16(offset + TCP_CHECKSUM, checksum)
}

/** Why a segment is refused at the door; 0 is a good one. The checksum is another matter: `transportChecksumValid`. */
export const TcpCheck = {
  Ok: 0,
  /** Less than 20 bytes. */
  Short: 1,
  /** Data offset below 5, or a header longer than the segment (SEG-31). */
  DataOffset: 2,
} as const
export type TcpCheck = (typeof TcpCheck)[keyof typeof TcpCheck]

/** @param length bytes of the segment */
export function checkTcpHeader(view: DataView, offset: number, length: number): TcpCheck {
  if (length < TCP_HEADER_LENGTH) return TcpCheck.Short
  const headerLength = tcpDataOffset(view, offset)
  // RFC 9293 section 3.1 (SEG-31).
  if (headerLength < TCP_HEADER_LENGTH || headerLength > length) return TcpCheck.DataOffset
  return TcpCheck.Ok
}
