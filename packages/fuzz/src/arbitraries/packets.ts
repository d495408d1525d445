import { packets } from '@tapwire/stack'
import fc from 'fast-check'
import { mendChecksums } from '../mutators/checksums.ts'
import { LIES, lie } from '../mutators/lies.ts'
import {
  arpPacket,
  icmpFields,
  ip4,
  ip6,
  ipv4Fields,
  ipv6Extension,
  mac,
  ndpMessageFields,
  payload,
  tcpFields,
  tcpOptionList,
  u8,
  u16,
  u32,
  udpFields,
} from './fields.ts'

/**
 * How far packets are to be believed: 'valid' have lengths and checksums that are right; 'almost' say one thing that is not so,
 * and their checksums are right; 'lying' say up to three, checksums among them; 'mixed' (default) are of all kinds.
 */
export type Truth = 'valid' | 'almost' | 'lying' | 'mixed'

export interface PacketOptions {
  readonly truth?: Truth
  /** Whom packets come from and go to: 4 or 16 bytes each. Default: anybody. */
  readonly source?: Uint8Array
  readonly destination?: Uint8Array
  /** For segments and datagrams. Default: any. */
  readonly sourcePort?: number
  readonly destinationPort?: number
}

type Bytes = fc.Arbitrary<Uint8Array>

const VALUE = fc.record({ what: fc.constantFrom(...LIES), value: u16 })

/** Has packets say what is not so. @param ip where IP starts in them */
function withLies(arbitrary: Bytes, truth: Truth, ip: number): Bytes {
  if (truth === 'valid') return arbitrary
  const almost = fc.tuple(arbitrary, VALUE).map(([bytes, { what, value }]) => {
    const changed = lie(bytes, ip, what, value)
    if (what !== 'checksum' && what !== 'headerChecksum') mendChecksums(changed, ip)
    return changed
  })
  if (truth === 'almost') return almost
  const lying = fc
    .tuple(arbitrary, fc.array(VALUE, { minLength: 1, maxLength: 3 }))
    .map(([bytes, lies]) => lies.reduce((changed, { what, value }) => lie(changed, ip, what, value), bytes))
  if (truth === 'lying') return lying
  return fc.oneof({ weight: 6, arbitrary }, { weight: 3, arbitrary: almost }, { weight: 1, arbitrary: lying })
}

interface Ends {
  readonly source: Uint8Array
  readonly destination: Uint8Array
}

function ends(options: PacketOptions, version: 4 | 6): fc.Arbitrary<Ends> {
  const any = version === 4 ? ip4 : ip6
  return fc.record({
    source: options.source === undefined ? any : fc.constant(options.source),
    destination: options.destination === undefined ? any : fc.constant(options.destination),
  })
}

function versionOf(options: PacketOptions): fc.Arbitrary<4 | 6> {
  const given = options.source ?? options.destination
  return given === undefined ? fc.constantFrom<4 | 6>(4, 6) : fc.constant(given.length === 4 ? 4 : 6)
}

/** A transport in IPv4 or IPv6, whichever the addresses are of. */
function inIp(
  options: PacketOptions,
  layers: fc.Arbitrary<Omit<packets.FrameFields, 'ethernet' | 'ipv4' | 'ipv6'>>,
): Bytes {
  const packet = versionOf(options).chain((version) =>
    fc
      .tuple(ends(options, version), layers)
      .map(([ip, upper]) =>
        packets.buildFrame(version === 4 ? { ipv4: ip, ...upper } : { ipv6: ip, ...upper }),
      ),
  )
  return withLies(packet, options.truth ?? 'mixed', 0)
}

function withPorts<T extends { sourcePort: number; destinationPort: number }>(
  fields: T,
  options: PacketOptions,
): T {
  const { sourcePort = fields.sourcePort, destinationPort = fields.destinationPort } = options
  return { ...fields, sourcePort, destinationPort }
}

/** The options of a segment, as they are listed between its header and its data: at most 40 bytes. */
export function arbitraryTcpOptions(): fc.Arbitrary<packets.TcpOption[]> {
  return tcpOptionList
}

/** An IP packet with a TCP segment: any flags, numbers, options. */
export function arbitraryTcpSegment(options: PacketOptions = {}): Bytes {
  return inIp(
    options,
    tcpFields.map((tcp) => ({ tcp: withPorts({ ...tcp, reserved: 0 }, options) })),
  )
}

/** An IP packet with a UDP datagram. */
export function arbitraryUdpDatagram(options: PacketOptions = {}): Bytes {
  return inIp(
    options,
    udpFields.map((udp) => ({ udp: withPorts(udp, options) })),
  )
}

/** A packet that could be quoted: the beginning of a segment or datagram from `destination` to `source`. */
function quoted(options: PacketOptions): Bytes {
  const { source, destination } = options
  const back: PacketOptions = {
    truth: 'valid',
    ...(destination === undefined ? {} : { source: destination }),
    ...(source === undefined ? {} : { destination: source }),
  }
  return fc.oneof(arbitraryTcpSegment(back), arbitraryUdpDatagram(back))
}

const ICMPV4_TYPES = [0, 3, 4, 5, 8, 11, 12, 13]

/** An IPv4 packet with an ICMP message: echoes, errors about packets of either side, redirects. */
export function arbitraryIcmp(options: PacketOptions = {}): Bytes {
  const message = fc.oneof(
    icmpFields,
    fc.record({ type: fc.constantFrom(...ICMPV4_TYPES), code: fc.nat(15), rest: u32, body: quoted(options) }),
  )
  const packet = fc
    .tuple(ends(options, 4), message)
    .map(([ipv4, icmpv4]) => packets.buildFrame({ ipv4, icmpv4 }))
  return withLies(packet, options.truth ?? 'mixed', 0)
}

const ICMPV6_TYPES = [1, 2, 3, 4, 128, 129]

/** An IPv6 packet with an ICMPv6 message: echoes and errors. */
export function arbitraryIcmpv6(options: PacketOptions = {}): Bytes {
  const message = fc.oneof(
    icmpFields,
    fc.record({ type: fc.constantFrom(...ICMPV6_TYPES), code: fc.nat(7), rest: u32, body: quoted(options) }),
  )
  const packet = fc
    .tuple(ends(options, 6), message)
    .map(([ipv6, icmpv6]) => packets.buildFrame({ ipv6, icmpv6 }))
  return withLies(packet, options.truth ?? 'mixed', 0)
}

/** An IPv6 packet of neighbour discovery: solicitations, advertisements, redirects, with any options. */
export function arbitraryNeighbourDiscovery(options: PacketOptions = {}): Bytes {
  const packet = fc
    .tuple(ends(options, 6), ndpMessageFields, fc.constantFrom(255, 255, 255, 64))
    .map(([ipv6, ndp, hopLimit]) => packets.buildFrame({ ipv6: { ...ipv6, hopLimit }, ndp }))
  return withLies(packet, options.truth ?? 'mixed', 0)
}

/** An IPv4 packet with an IGMP query, report or leave, versions 1 to 3. */
export function arbitraryIgmp(options: PacketOptions = {}): Bytes {
  const message = fc.record({
    type: fc.constantFrom(0x11, 0x12, 0x16, 0x17, 0x22),
    code: u8,
    group: ip4,
    rest: fc.constantFrom(0, 4, 8, 40).chain((n) => fc.uint8Array({ minLength: n, maxLength: n })),
  })
  const packet = fc.tuple(ends(options, 4), message).map(([ipv4, { type, code, group, rest }]) => {
    // The same checksum as ICMP's, in the same place.
    const body = packets.buildIcmpv4({
      type,
      code,
      rest: new DataView(group.buffer, group.byteOffset).getUint32(0),
      body: rest,
    })
    return packets.buildIpv4({
      ...ipv4,
      ttl: 1,
      protocol: 2,
      options: Uint8Array.of(148, 4, 0, 0),
      payload: body,
    })
  })
  return withLies(packet, options.truth ?? 'mixed', 0)
}

/** An IPv6 packet with an MLD query, report or done, versions 1 and 2. */
export function arbitraryMld(options: PacketOptions = {}): Bytes {
  const message = fc.record({
    type: fc.constantFrom(130, 131, 132, 143),
    rest: u32,
    group: ip6,
    more: fc.constantFrom(0, 4, 20).chain((n) => fc.uint8Array({ minLength: n, maxLength: n })),
  })
  const packet = fc.tuple(ends(options, 6), message).map(([ip, { type, rest, group, more }]) => {
    const body = new Uint8Array(group.length + more.length)
    body.set(group)
    body.set(more, group.length)
    const ipv6 = {
      ...ip,
      hopLimit: 1,
      extensions: [{ kind: 'hopByHop' as const, options: [{ type: 5, data: Uint8Array.of(0, 0) }] }],
    }
    return packets.buildFrame({ ipv6, icmpv6: { type, rest, body } })
  })
  return withLies(packet, options.truth ?? 'mixed', 0)
}

/** An IPv4 packet with any header, options and payload: also fragments. */
export function arbitraryIpv4Packet(options: PacketOptions = {}): Bytes {
  const packet = fc
    .tuple(ends(options, 4), ipv4Fields)
    .map(([ip, fields]) => packets.buildIpv4({ ...fields, ...ip }))
  return withLies(packet, options.truth ?? 'mixed', 0)
}

/** An IPv6 packet with any header, extension headers, fragment headers among them, and any transport. */
export function arbitraryIpv6Packet(options: PacketOptions = {}): Bytes {
  const upper = fc.oneof(
    tcpFields.map((tcp) => ({ tcp: withPorts(tcp, options) })),
    udpFields.map((udp) => ({ udp: withPorts(udp, options) })),
    icmpFields.map((icmpv6) => ({ icmpv6 })),
  )
  const packet = fc
    .tuple(ends(options, 6), fc.array(ipv6Extension, { maxLength: 4 }), u8, upper)
    .map(([ip, extensions, hopLimit, layers]) =>
      packets.buildFrame({ ipv6: { ...ip, extensions, hopLimit }, ...layers }),
    )
  return withLies(packet, options.truth ?? 'mixed', 0)
}

/** An ARP packet (28 bytes, no Ethernet header): requests and replies; 'almost' and 'lying' have any kind and length. */
export function arbitraryArp(options: PacketOptions = {}): Bytes {
  const sane = fc
    .tuple(arpPacket, fc.constantFrom(1, 2), ends(options, 4))
    .map(([packet, operation, { source, destination }]) =>
      packets.buildArp({
        operation,
        senderMac: packet.senderMac,
        senderIp: source,
        targetMac: packet.targetMac,
        targetIp: destination,
      }),
    )
  const truth = options.truth ?? 'mixed'
  if (truth === 'valid') return sane
  const odd = arpPacket.map((packet) => packets.buildArp(packet))
  return truth === 'mixed' ? fc.oneof({ weight: 3, arbitrary: sane }, { weight: 1, arbitrary: odd }) : odd
}

export interface FrameOptions extends PacketOptions {
  /** Six bytes each. Default: any. */
  readonly sourceMac?: Uint8Array
  readonly destinationMac?: Uint8Array
  /** Own addresses of whoever is to receive the frames; `source` and `destination` are not looked at then. */
  readonly towards?: readonly { readonly source: Uint8Array; readonly destination: Uint8Array }[]
}

/** Any IP packet of any of the kinds above. */
export function arbitraryIpPacket(options: PacketOptions = {}): Bytes {
  const given = options.source ?? options.destination
  const of4 = [arbitraryIcmp, arbitraryIgmp, arbitraryIpv4Packet]
  const of6 = [arbitraryIcmpv6, arbitraryNeighbourDiscovery, arbitraryMld, arbitraryIpv6Packet]
  const own = given === undefined ? [...of4, ...of6] : given.length === 4 ? of4 : of6
  const kinds = [arbitraryTcpSegment, arbitraryUdpDatagram, ...own]
  return fc.oneof(...kinds.map((kind) => kind(options)))
}

/** An Ethernet frame with any of the packets above, or with any type and payload. */
export function arbitraryEthernetFrame(options: FrameOptions = {}): Bytes {
  const { sourceMac, destinationMac, towards } = options
  const inner =
    towards === undefined
      ? arbitraryIpPacket(options)
      : fc.oneof(...towards.map((pair) => arbitraryIpPacket({ ...options, ...pair })))
  const arp = arbitraryArp(options)
  const body = fc.oneof(
    {
      weight: 12,
      arbitrary: inner.map((bytes) => ({ type: (bytes[0] ?? 0) >>> 4 === 6 ? 0x86dd : 0x0800, bytes })),
    },
    { weight: 2, arbitrary: arp.map((bytes) => ({ type: 0x0806, bytes })) },
    { weight: 1, arbitrary: fc.record({ type: u16, bytes: payload }) },
  )
  const from = sourceMac === undefined ? mac : fc.constant(sourceMac)
  const to = destinationMac === undefined ? mac : fc.constant(destinationMac)
  return fc
    .tuple(from, to, body)
    .map(([source, destination, { type, bytes }]) =>
      packets.buildEthernet({ source, destination, type, payload: bytes }),
    )
}
