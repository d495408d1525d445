import { finishChecksum, sumBytes } from '../../core/checksum.ts'
import { UDP_HEADER_LENGTH, udpChecksum, udpDestinationPort, udpLength, udpSourcePort } from '../udp.ts'
import { concat, copy, NO_BYTES, viewOf } from './bytes.ts'
import { type IpAddresses, pseudoSum } from './pseudo.ts'

export interface UdpDatagram {
  sourcePort: number
  destinationPort: number
  /** Of header and payload. Computed by `buildUdp` if left out. */
  length: number
  /** Computed by `buildUdp` if left out; 0 says that there is none. */
  checksum: number
  payload: Uint8Array
}

export type UdpFields = Pick<UdpDatagram, 'sourcePort' | 'destinationPort'> & Partial<UdpDatagram>

/** The payload ends at the length field or with the bytes; what is wrong there is for `checkUdpHeader` to find. */
export function parseUdp(bytes: Uint8Array): UdpDatagram | null {
  if (bytes.length < UDP_HEADER_LENGTH) return null
  const view = viewOf(bytes)
  const length = udpLength(view, 0)
  return {
    sourcePort: udpSourcePort(view, 0),
    destinationPort: udpDestinationPort(view, 0),
    length,
    checksum: udpChecksum(view, 0),
    payload: copy(bytes, UDP_HEADER_LENGTH, Math.max(UDP_HEADER_LENGTH, length)),
  }
}

/** @param ip for the checksum; without it and without one given, the checksum is 0 */
export function buildUdp(datagram: UdpFields, ip?: IpAddresses): Uint8Array {
  const header = new Uint8Array(UDP_HEADER_LENGTH)
  const bytes = concat(header, datagram.payload ?? NO_BYTES)
  const view = viewOf(bytes)
  view.setUint16(0, datagram.sourcePort)
  view.setUint16(2, datagram.destinationPort)
  view.setUint16(4, datagram.length ?? bytes.length)
  if (datagram.checksum !== undefined) view.setUint16(6, datagram.checksum)
  else if (ip) {
    // RFC 768: a computed zero is sent as all ones (UDP-01).
    view.setUint16(
      6,
      finishChecksum(sumBytes(view, 0, bytes.length, pseudoSum(ip, 17, bytes.length))) || 0xffff,
    )
  }
  return bytes
}
