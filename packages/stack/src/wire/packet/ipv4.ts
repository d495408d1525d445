import { checksum } from '../../core/checksum.ts'
import * as wire from '../ipv4.ts'
import { concat, copy, NO_BYTES, putAddress, viewOf } from './bytes.ts'

export interface Ipv4Packet {
  /** DSCP in the high six bits, ECN in the low two. */
  tos: number
  /** Of header and payload. Computed by `buildIpv4` if left out. */
  totalLength: number
  identification: number
  /** The bit that has to be zero. */
  reserved: boolean
  dontFragment: boolean
  moreFragments: boolean
  /** Bytes, a multiple of 8. */
  fragmentOffset: number
  ttl: number
  protocol: number
  /** Computed by `buildIpv4` if left out. */
  checksum: number
  source: Uint8Array
  destination: Uint8Array
  /** As they stand, a multiple of 4 bytes from 0 to 40. */
  options: Uint8Array
  payload: Uint8Array
}

type Required4 = 'protocol' | 'source' | 'destination'
/** What a packet is made from. `headerLength` (bytes) and `version` are there to be lied about. */
export type Ipv4Fields = Pick<Ipv4Packet, Required4> &
  Partial<Omit<Ipv4Packet, Required4>> & { headerLength?: number; version?: number }

/**
 * Reads whatever has a header of at least 20 bytes; a wrong checksum or total length is left for
 * `checkIpv4Header` to find. The payload ends at the total length or with the bytes.
 */
export function parseIpv4(bytes: Uint8Array): Ipv4Packet | null {
  if (bytes.length < wire.IPV4_HEADER_LENGTH) return null
  const view = viewOf(bytes)
  const headerLength = wire.ipv4HeaderLength(view, 0)
  if (wire.ipv4Version(view, 0) !== 4 || headerLength < wire.IPV4_HEADER_LENGTH) return null
  if (headerLength > bytes.length) return null
  const totalLength = wire.ipv4TotalLength(view, 0)
  return {
    tos: wire.ipv4Tos(view, 0),
    totalLength,
    identification: wire.ipv4Identification(view, 0),
    reserved: (wire.ipv4FlagsFragment(view, 0) & 0x8000) !== 0,
    dontFragment: wire.ipv4DontFragment(view, 0),
    moreFragments: wire.ipv4MoreFragments(view, 0),
    fragmentOffset: wire.ipv4FragmentOffset(view, 0),
    ttl: wire.ipv4Ttl(view, 0),
    protocol: wire.ipv4Protocol(view, 0),
    checksum: wire.ipv4Checksum(view, 0),
    source: copy(bytes, 12, 16),
    destination: copy(bytes, 16, 20),
    options: copy(bytes, 20, headerLength),
    payload: copy(bytes, headerLength, Math.max(headerLength, totalLength)),
  }
}

/** Options are filled up with zeros to a multiple of 4 bytes. */
export function buildIpv4(packet: Ipv4Fields): Uint8Array {
  const options = packet.options ?? NO_BYTES
  const payload = packet.payload ?? NO_BYTES
  const length = 20 + ((options.length + 3) & ~3)
  const header = new Uint8Array(length)
  const view = viewOf(header)
  header[0] = ((packet.version ?? 4) << 4) | ((packet.headerLength ?? length) >> 2)
  header[1] = packet.tos ?? 0
  view.setUint16(2, packet.totalLength ?? length + payload.length)
  view.setUint16(4, packet.identification ?? 0)
  const flags = (packet.reserved ? 4 : 0) | (packet.dontFragment ? 2 : 0) | (packet.moreFragments ? 1 : 0)
  view.setUint16(6, (flags << 13) | ((packet.fragmentOffset ?? 0) >> 3))
  header[8] = packet.ttl ?? 64
  header[9] = packet.protocol
  putAddress(header, 12, packet.source, 4)
  putAddress(header, 16, packet.destination, 4)
  header.set(options, 20)
  view.setUint16(10, packet.checksum ?? checksum(view, 0, length))
  return concat(header, payload)
}
