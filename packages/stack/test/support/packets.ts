/**
 * Packets for tests, built and read byte by byte, without the code under test: what the stack says of a packet is
 * compared with what these say.
 */

/** 4 or 16 bytes of an address text; IPv6 with at most one `::`. */
export function ip(text: string): number[] {
  if (!text.includes(':')) return text.split('.').map(Number)
  const [head, tail] = text.split('::')
  const words = (part: string | undefined): number[] =>
    part ? part.split(':').map((word) => Number.parseInt(word, 16)) : []
  const left = words(head)
  const right = words(tail)
  const zeros = new Array<number>(tail === undefined ? 0 : 8 - left.length - right.length).fill(0)
  return [...left, ...zeros, ...right].flatMap((word) => [word >> 8, word & 255])
}

/** The text of an address's bytes: dotted, or eight full groups in hexadecimal. */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16)
  return Array.from({ length: 8 }, (_, i) => view.getUint16(i * 2).toString(16)).join(':')
}

export function u16(value: number): number[] {
  return [(value >>> 8) & 255, value & 255]
}

export function u32(value: number): number[] {
  return [(value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]
}

/** The Internet checksum by the book: 16 bits at a time. */
export function internetChecksum(bytes: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i] << 8) | (bytes[i + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000)
  return ~sum & 0xffff
}

function pseudoHeader(source: string, destination: string, protocol: number, length: number): number[] {
  if (!source.includes(':')) return [...ip(source), ...ip(destination), 0, protocol, ...u16(length)]
  return [...ip(source), ...ip(destination), ...u32(length), 0, 0, 0, protocol]
}

export interface Ip4Options {
  readonly id?: number
  readonly df?: boolean
  readonly more?: boolean
  /** Bytes. */
  readonly fragmentOffset?: number
  readonly ttl?: number
  readonly tos?: number
  readonly options?: readonly number[]
  readonly version?: number
  readonly ihl?: number
  readonly totalLength?: number
  readonly badChecksum?: boolean
}

export function ip4(
  source: string,
  destination: string,
  protocol: number,
  payload: ArrayLike<number>,
  options: Ip4Options = {},
): Uint8Array {
  const extra = options.options ?? []
  const headerLength = 20 + extra.length
  const flags = (options.df ? 0x4000 : 0) | (options.more ? 0x2000 : 0) | ((options.fragmentOffset ?? 0) >> 3)
  const header = [
    ((options.version ?? 4) << 4) | (options.ihl ?? headerLength / 4),
    options.tos ?? 0,
    ...u16(options.totalLength ?? headerLength + payload.length),
    ...u16(options.id ?? 0),
    ...u16(flags),
    options.ttl ?? 64,
    protocol,
    0,
    0,
    ...ip(source),
    ...ip(destination),
    ...extra,
  ]
  const sum = internetChecksum(header) ^ (options.badChecksum ? 1 : 0)
  header[10] = sum >> 8
  header[11] = sum & 255
  return Uint8Array.from([...header, ...Array.from(payload)])
}

export interface Ip6Options {
  readonly hopLimit?: number
  readonly trafficClass?: number
  readonly payloadLength?: number
  readonly version?: number
}

export function ip6(
  source: string,
  destination: string,
  nextHeader: number,
  payload: ArrayLike<number>,
  options: Ip6Options = {},
): Uint8Array {
  return Uint8Array.from([
    ...u32((((options.version ?? 6) << 28) | ((options.trafficClass ?? 0) << 20)) >>> 0),
    ...u16(options.payloadLength ?? payload.length),
    nextHeader,
    options.hopLimit ?? 64,
    ...ip(source),
    ...ip(destination),
    ...Array.from(payload),
  ])
}

/** A Fragment header. */
export function fragment6(nextHeader: number, offset: number, more: boolean, id: number): number[] {
  return [nextHeader, 0, ...u16(offset | (more ? 1 : 0)), ...u32(id)]
}

/** A UDP datagram with its checksum; `checksum` replaces it. */
export function udp(
  source: string,
  destination: string,
  sourcePort: number,
  destinationPort: number,
  payload: ArrayLike<number>,
  options: { checksum?: number; length?: number } = {},
): number[] {
  const length = 8 + payload.length
  const datagram = [
    ...u16(sourcePort),
    ...u16(destinationPort),
    ...u16(options.length ?? length),
    0,
    0,
    ...Array.from(payload),
  ]
  let sum = internetChecksum([...pseudoHeader(source, destination, 17, length), ...datagram])
  if (sum === 0) sum = 0xffff
  const written = options.checksum ?? sum
  datagram[6] = written >> 8
  datagram[7] = written & 255
  return datagram
}

/** An ICMPv4 message with its checksum. */
export function icmp4(
  type: number,
  code: number,
  rest: readonly number[],
  payload: ArrayLike<number>,
): number[] {
  const message = [type, code, 0, 0, ...rest, ...Array.from(payload)]
  const sum = internetChecksum(message)
  message[2] = sum >> 8
  message[3] = sum & 255
  return message
}

/** An ICMPv6 message with its checksum. */
export function icmp6(
  source: string,
  destination: string,
  type: number,
  code: number,
  rest: readonly number[],
  payload: ArrayLike<number>,
): number[] {
  const message = [type, code, 0, 0, ...rest, ...Array.from(payload)]
  const sum = internetChecksum([...pseudoHeader(source, destination, 58, message.length), ...message])
  message[2] = sum >> 8
  message[3] = sum & 255
  return message
}

export interface Seen4 {
  readonly source: string
  readonly destination: string
  readonly protocol: number
  readonly tos: number
  readonly ttl: number
  readonly id: number
  readonly df: boolean
  readonly more: boolean
  readonly fragmentOffset: number
  readonly payload: Uint8Array
}

/** Reads an IPv4 packet and insists on a right header. */
export function see4(packet: Uint8Array): Seen4 {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength)
  const headerLength = (packet[0] & 15) * 4
  if (packet[0] >> 4 !== 4) throw new Error('not IPv4')
  if (internetChecksum(packet.subarray(0, headerLength)) !== 0) throw new Error('bad IPv4 header checksum')
  if (view.getUint16(2) !== packet.length) throw new Error('total length is not the packet length')
  const flags = view.getUint16(6)
  return {
    source: addressText(packet.subarray(12, 16)),
    destination: addressText(packet.subarray(16, 20)),
    protocol: packet[9],
    tos: packet[1],
    ttl: packet[8],
    id: view.getUint16(4),
    df: (flags & 0x4000) !== 0,
    more: (flags & 0x2000) !== 0,
    fragmentOffset: (flags & 0x1fff) * 8,
    payload: packet.subarray(headerLength),
  }
}

export interface Seen6 {
  readonly source: string
  readonly destination: string
  readonly nextHeader: number
  readonly trafficClass: number
  readonly flowLabel: number
  readonly hopLimit: number
  readonly payload: Uint8Array
}

/** Reads an IPv6 packet and insists on a right header. */
export function see6(packet: Uint8Array): Seen6 {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength)
  if (packet[0] >> 4 !== 6) throw new Error('not IPv6')
  if (view.getUint16(4) !== packet.length - 40) throw new Error('payload length is not the packet length')
  return {
    source: addressText(packet.subarray(8, 24)),
    destination: addressText(packet.subarray(24, 40)),
    nextHeader: packet[6],
    trafficClass: (view.getUint16(0) >> 4) & 255,
    flowLabel: view.getUint32(0) & 0xfffff,
    hopLimit: packet[7],
    payload: packet.subarray(40),
  }
}

/** Whether an upper-layer payload's checksum is right for these addresses. */
export function hasGoodChecksum(
  source: string,
  destination: string,
  protocol: number,
  payload: Uint8Array,
): boolean {
  const withPseudo = protocol !== 1
  const prefix = withPseudo ? pseudoHeader(source, destination, protocol, payload.length) : []
  return internetChecksum([...prefix, ...payload]) === 0
}

/** Bytes 0, 1, 2 … of a length, from `first` on. */
export function pattern(length: number, first = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 7 + first) & 255)
}
