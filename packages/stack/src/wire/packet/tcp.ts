import { checksum } from '../../core/checksum.ts'
import * as wire from '../tcp.ts'
import { concat, copy, NO_BYTES, viewOf } from './bytes.ts'
import { type IpAddresses, pseudoSum } from './pseudo.ts'
import { buildTcpOptions, parseTcpOptionList, type TcpOption } from './tcp-options.ts'

export interface TcpSegment {
  sourcePort: number
  destinationPort: number
  /** Unsigned. */
  seq: number
  /** Unsigned. */
  ack: number
  /** Header bytes, options included. Computed by `buildTcp` if left out. */
  dataOffset: number
  /** The four bits that have to be zero. */
  reserved: number
  /** Bits of `TcpFlag`. */
  flags: number
  window: number
  /** Computed by `buildTcp` if left out. */
  checksum: number
  urgentPointer: number
  options: TcpOption[]
  payload: Uint8Array
}

export type TcpFields = Pick<TcpSegment, 'sourcePort' | 'destinationPort'> & Partial<TcpSegment>

/** @returns null where `checkTcpHeader` refuses; the checksum is not looked at */
export function parseTcp(bytes: Uint8Array): TcpSegment | null {
  const view = viewOf(bytes)
  if (wire.checkTcpHeader(view, 0, bytes.length) !== wire.TcpCheck.Ok) return null
  const dataOffset = wire.tcpDataOffset(view, 0)
  return {
    sourcePort: wire.tcpSourcePort(view, 0),
    destinationPort: wire.tcpDestinationPort(view, 0),
    seq: wire.tcpSeq(view, 0) >>> 0,
    ack: wire.tcpAck(view, 0) >>> 0,
    dataOffset,
    reserved: bytes[12] & 0x0f,
    flags: wire.tcpFlags(view, 0),
    window: wire.tcpWindow(view, 0),
    checksum: wire.tcpChecksum(view, 0),
    urgentPointer: wire.tcpUrgentPointer(view, 0),
    options: parseTcpOptionList(bytes.subarray(wire.TCP_HEADER_LENGTH, dataOffset)),
    payload: copy(bytes, dataOffset, bytes.length),
  }
}

/**
 * Options are filled up with zeros to a multiple of 4 bytes, or to `dataOffset` if that is larger.
 * @param ip for the checksum; without it and without one given, the checksum is 0
 */
export function buildTcp(segment: TcpFields, ip?: IpAddresses): Uint8Array {
  const options = buildTcpOptions(segment.options ?? [])
  const natural = wire.TCP_HEADER_LENGTH + ((options.length + 3) & ~3)
  const header = new Uint8Array(Math.max(natural, segment.dataOffset ?? 0))
  header.set(options, wire.TCP_HEADER_LENGTH)
  const bytes = concat(header, segment.payload ?? NO_BYTES)
  const view = viewOf(bytes)
  wire.writeTcpHeader(
    view,
    0,
    segment.sourcePort,
    segment.destinationPort,
    segment.seq ?? 0,
    segment.ack ?? 0,
    segment.dataOffset ?? natural,
    segment.flags ?? 0,
    segment.window ?? 0xffff,
    segment.urgentPointer ?? 0,
  )
  bytes[12] |= segment.reserved ?? 0
  if (segment.checksum !== undefined) wire.writeTcpChecksum(view, 0, segment.checksum)
  else if (ip) {
    wire.writeTcpChecksum(view, 0, checksum(view, 0, bytes.length, pseudoSum(ip, 6, bytes.length)))
  }
  return bytes
}
