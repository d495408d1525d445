import { packets } from '@tapwire/stack'
import type { SegmentRecord } from '../recording.ts'
import { ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6, ICMPV4, ICMPV6, TCP } from '../run/headers.ts'
import { type Field, FieldReader } from './field.ts'
import { ipv4Fields, ipv6Fields } from './ip-fields.ts'
import { type TcpContext, tcpFields } from './tcp-fields.ts'

const TYPES: Readonly<Record<number, string>> = {
  [ETHERTYPE_IPV4]: 'IPv4',
  [ETHERTYPE_IPV6]: 'IPv6',
  [ETHERTYPE_ARP]: 'ARP',
}

/**
 * The layers of an Ethernet frame and their fields, each with the bytes (and bits) that it is in. Whatever the bytes are, it returns;
 * what is cut off or makes no sense ends the tree.
 * @param segment what is known of it from elsewhere: relative numbers, the scaled window
 */
export function decodeFields(frame: Uint8Array, segment?: SegmentRecord): readonly Field[] {
  const reader = new FieldReader(frame)
  let type = 0
  reader.layer('Ethernet', 'to another station on the link', () => {
    mac(reader, 'Destination')
    mac(reader, 'Source')
    if (reader.left >= 2) type = reader.takeHex('Type', 2, TYPES[reader.number(2)])
    return undefined
  })
  if (type === ETHERTYPE_IPV4 || type === ETHERTYPE_IPV6)
    packet(reader, type === ETHERTYPE_IPV4, segment ?? null)
  if (reader.left > 0) reader.rest('Payload')
  return reader.fields
}

function packet(reader: FieldReader, isV4: boolean, segment: SegmentRecord | null): void {
  let inside: { protocol: number; end: number } | null = null
  reader.layer(isV4 ? 'IPv4' : 'IPv6', 'incomplete', () => {
    inside = isV4 ? ipv4Fields(reader) : ipv6Fields(reader)
    return inside === null ? undefined : 'from host to host'
  })
  const found = inside as { protocol: number; end: number } | null
  if (found === null) return
  if (found.protocol === TCP) segmentFields(reader, found.end, segment)
  else if (found.protocol === ICMPV4 || found.protocol === ICMPV6) icmp(reader, found.protocol === ICMPV4)
}

function segmentFields(reader: FieldReader, end: number, segment: SegmentRecord | null): void {
  const context: TcpContext | null =
    segment === null
      ? null
      : { seq: segment.seq, ack: segment.ack, window: segment.window, sack: segment.sack }
  let payload = -1
  reader.layer('TCP', 'incomplete', () => {
    payload = tcpFields(reader, context)
    return payload < 0 ? undefined : (segment?.label ?? 'a segment')
  })
  const length = Math.min(end, reader.end) - reader.at
  if (payload >= 0 && length > 0) reader.take('Data', length, `${length} bytes`, textOf(reader.bytes(length)))
}

/** RFC 792, RFC 4443: an error, and the packet that it is about. */
function icmp(reader: FieldReader, isV4: boolean): void {
  reader.layer(isV4 ? 'ICMP' : 'ICMPv6', 'incomplete', () => {
    if (reader.left < 8) return undefined
    const type = reader.takeNumber('Type', 1)
    const code = reader.takeNumber('Code', 1)
    reader.takeHex('Checksum', 2)
    const tooBig = isV4 ? type === 3 && code === 4 : type === 2
    if (tooBig && isV4) reader.takeNumber('Unused', 2)
    if (tooBig) reader.takeNumber('MTU of the next link', isV4 ? 2 : 4)
    else reader.takeHex('Rest of the header', 4)
    return tooBig ? 'a packet was too large' : 'an error'
  })
  quoted(reader, isV4)
}

function quoted(reader: FieldReader, isV4: boolean): void {
  if (reader.left === 0) return
  const { length } = reader.bytes(reader.left)
  const inside = new FieldReader(reader.frame, reader.at)
  packet(inside, isV4, null)
  reader.take('The packet that it is about', length, `its first ${length} bytes`, undefined, inside.fields)
}

function mac(reader: FieldReader, name: string): void {
  if (reader.left >= 6) reader.take(name, 6, packets.macText(reader.bytes(6)))
}

/** The beginning of what is text. */
function textOf(bytes: Uint8Array): string | undefined {
  const text = Array.from(bytes.subarray(0, 40), (byte) =>
    byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '·',
  )
  return text.includes('·') && text.every((letter) => letter === '·')
    ? undefined
    : `“${text.join('')}${bytes.length > 40 ? '…' : ''}”`
}
