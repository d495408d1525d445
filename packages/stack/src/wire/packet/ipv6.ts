import * as wire from '../ipv6.ts'
import { Ipv6NextHeader } from '../ipv6-extension.ts'
import { concat, copy, NO_BYTES, putAddress, viewOf } from './bytes.ts'

/** One option of a Hop-by-Hop or Destination Options header. Type 0 is Pad1, a single byte without data. */
export interface Ipv6Option {
  type: number
  data: Uint8Array
}

/** An extension header. What names the next one is computed. */
export type Ipv6Extension =
  | { kind: 'hopByHop' | 'destination'; options: Ipv6Option[] }
  /** `data` is what follows the fourth byte: a multiple of 8 plus 4 bytes. */
  | { kind: 'routing'; type: number; segmentsLeft: number; data: Uint8Array }
  /** `offset` in bytes, a multiple of 8; `identification` unsigned. */
  | { kind: 'fragment'; offset: number; moreFragments: boolean; identification: number }

export interface Ipv6Packet {
  trafficClass: number
  flowLabel: number
  /** Everything behind the header. Computed by `buildIpv6` if left out. */
  payloadLength: number
  hopLimit: number
  source: Uint8Array
  destination: Uint8Array
  extensions: Ipv6Extension[]
  /** The upper-layer protocol: what the last header names. */
  protocol: number
  /** What follows the extension headers that could be read. */
  payload: Uint8Array
}

type Required6 = 'protocol' | 'source' | 'destination'
/** What a packet is made from. `nextHeader` and `version` are there to be lied about. */
export type Ipv6Fields = Pick<Ipv6Packet, Required6> &
  Partial<Omit<Ipv6Packet, Required6>> & { nextHeader?: number; version?: number }

/**
 * Reads whatever has a header of 40 bytes and version 6. Extension headers that do not fit, or whose options are
 * malformed, end the list: `protocol` then names the one that could not be read, and `payload` starts with it.
 */
export function parseIpv6(bytes: Uint8Array): Ipv6Packet | null {
  if (bytes.length < wire.IPV6_HEADER_LENGTH) return null
  const view = viewOf(bytes)
  if (wire.ipv6Version(view, 0) !== 6) return null
  const payloadLength = wire.ipv6PayloadLength(view, 0)
  let rest = bytes.subarray(wire.IPV6_HEADER_LENGTH, wire.IPV6_HEADER_LENGTH + payloadLength)
  let protocol = wire.ipv6NextHeader(view, 0)
  const extensions: Ipv6Extension[] = []
  for (;;) {
    const length = extensionLength(protocol, rest)
    const extension =
      length > 0 && length <= rest.length ? parseExtension(protocol, rest.subarray(0, length)) : null
    if (extension === null) break
    extensions.push(extension)
    protocol = rest[0]
    rest = rest.subarray(length)
    // Behind the first bytes of a fragmented packet, what follows is a piece of data, not a header.
    if (extension.kind === 'fragment' && extension.offset > 0) break
  }
  return {
    trafficClass: wire.ipv6TrafficClass(view, 0),
    flowLabel: wire.ipv6FlowLabel(view, 0),
    payloadLength,
    hopLimit: wire.ipv6HopLimit(view, 0),
    source: copy(bytes, 8, 24),
    destination: copy(bytes, 24, 40),
    extensions,
    protocol,
    payload: rest.slice(),
  }
}

export function buildIpv6(packet: Ipv6Fields): Uint8Array {
  const extensions = packet.extensions ?? []
  const pieces: Uint8Array[] = []
  for (const [index, extension] of extensions.entries()) {
    const next = extensions[index + 1]
    pieces.push(buildExtension(extension, next ? EXTENSION_NUMBER[next.kind] : packet.protocol))
  }
  const body = concat(...pieces, packet.payload ?? NO_BYTES)
  const header = new Uint8Array(wire.IPV6_HEADER_LENGTH)
  const first = extensions.length > 0 ? EXTENSION_NUMBER[extensions[0].kind] : packet.protocol
  wire.writeIpv6Fields(
    viewOf(header),
    0,
    packet.payloadLength ?? body.length,
    packet.nextHeader ?? first,
    packet.hopLimit ?? 64,
    packet.trafficClass ?? 0,
    packet.flowLabel ?? 0,
  )
  if (packet.version !== undefined) header[0] = (packet.version << 4) | (header[0] & 0x0f)
  putAddress(header, wire.IPV6_SOURCE, packet.source, 16)
  putAddress(header, wire.IPV6_DESTINATION, packet.destination, 16)
  return concat(header, body)
}

const EXTENSION_NUMBER = {
  hopByHop: Ipv6NextHeader.HopByHop,
  destination: Ipv6NextHeader.DestinationOptions,
  routing: Ipv6NextHeader.Routing,
  fragment: Ipv6NextHeader.Fragment,
} as const

/** In bytes, or 0 if `protocol` is no extension header or nothing of it is there. */
function extensionLength(protocol: number, rest: Uint8Array): number {
  if (rest.length < 8) return 0
  if (protocol === Ipv6NextHeader.Fragment) return 8
  const known =
    protocol === Ipv6NextHeader.HopByHop ||
    protocol === Ipv6NextHeader.DestinationOptions ||
    protocol === Ipv6NextHeader.Routing
  return known ? (rest[1] + 1) * 8 : 0
}

function parseExtension(protocol: number, bytes: Uint8Array): Ipv6Extension | null {
  if (protocol === Ipv6NextHeader.Fragment) {
    const view = viewOf(bytes)
    const field = view.getUint16(2)
    return {
      kind: 'fragment',
      offset: field & 0xfff8,
      moreFragments: (field & 1) !== 0,
      identification: view.getUint32(4),
    }
  }
  if (protocol === Ipv6NextHeader.Routing) {
    return { kind: 'routing', type: bytes[2], segmentsLeft: bytes[3], data: bytes.slice(4) }
  }
  const options = parseOptions(bytes.subarray(2))
  const kind = protocol === Ipv6NextHeader.HopByHop ? 'hopByHop' : 'destination'
  return options === null ? null : { kind, options }
}

function parseOptions(bytes: Uint8Array): Ipv6Option[] | null {
  const options: Ipv6Option[] = []
  let at = 0
  while (at < bytes.length) {
    const type = bytes[at]
    if (type === 0) {
      options.push({ type, data: NO_BYTES })
      at++
      continue
    }
    const end = at + 1 < bytes.length ? at + 2 + bytes[at + 1] : bytes.length + 1
    if (end > bytes.length) return null
    options.push({ type, data: bytes.slice(at + 2, end) })
    at = end
  }
  return options
}

function buildExtension(extension: Ipv6Extension, next: number): Uint8Array {
  if (extension.kind === 'fragment') {
    const bytes = new Uint8Array(8)
    const view = viewOf(bytes)
    bytes[0] = next
    view.setUint16(2, (extension.offset & 0xfff8) | (extension.moreFragments ? 1 : 0))
    view.setUint32(4, extension.identification)
    return bytes
  }
  if (extension.kind === 'routing') {
    return sized(next, concat(Uint8Array.of(extension.type, extension.segmentsLeft), extension.data))
  }
  const pieces = extension.options.map((option) =>
    option.type === 0
      ? Uint8Array.of(0)
      : concat(Uint8Array.of(option.type, option.data.length), option.data),
  )
  return sized(next, concat(...pieces))
}

/** Next Header, length, body, filled up to a multiple of 8 bytes with Pad1 or PadN (RFC 8200 section 4.2). */
function sized(next: number, body: Uint8Array): Uint8Array {
  const length = Math.max(8, (2 + body.length + 7) & ~7)
  const bytes = new Uint8Array(length)
  bytes[0] = next
  bytes[1] = length / 8 - 1
  bytes.set(body, 2)
  const padding = length - 2 - body.length
  if (padding > 1) bytes.set([1, padding - 2], 2 + body.length)
  return bytes
}
