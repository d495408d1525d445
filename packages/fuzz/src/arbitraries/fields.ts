import type { packets } from '@tapwire/stack'
import fc from 'fast-check'

/*
 * Every format as plain objects, such as the builders of `packets` take them: any value in any field, lengths and checksums left
 * to be computed.
 */

type ArpPacket = packets.ArpPacket
type EthernetFrame = packets.EthernetFrame
type IcmpFields = packets.IcmpFields
type Ipv4Fields = packets.Ipv4Fields
type Ipv6Extension = packets.Ipv6Extension
type Ipv6Fields = packets.Ipv6Fields
type NdpMessage = packets.NdpMessage
type NdpOption = packets.NdpOption
type TcpFields = packets.TcpFields
type TcpOption = packets.TcpOption
type UdpFields = packets.UdpFields

export const u8: fc.Arbitrary<number> = fc.nat(0xff)
export const u16: fc.Arbitrary<number> = fc.nat(0xffff)
export const u32: fc.Arbitrary<number> = fc.nat(0xffffffff)
export const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length })
export const payload: fc.Arbitrary<Uint8Array> = fc.uint8Array({ maxLength: 70 })
export const mac: fc.Arbitrary<Uint8Array> = bytes(6)
export const ip4: fc.Arbitrary<Uint8Array> = bytes(4)
export const ip6: fc.Arbitrary<Uint8Array> = bytes(16)

export const ethernetFrame: fc.Arbitrary<EthernetFrame> = fc.record({
  destination: mac,
  source: mac,
  type: u16,
  payload,
})

export const arpPacket: fc.Arbitrary<ArpPacket> = fc.record({
  hardwareType: u16,
  protocolType: u16,
  hardwareLength: u8,
  protocolLength: u8,
  operation: u16,
  senderMac: mac,
  senderIp: ip4,
  targetMac: mac,
  targetIp: ip4,
})

export const ipv4Fields: fc.Arbitrary<Ipv4Fields> = fc.record({
  tos: u8,
  identification: u16,
  reserved: fc.boolean(),
  dontFragment: fc.boolean(),
  moreFragments: fc.boolean(),
  fragmentOffset: fc.nat(0x1fff).map((units) => units * 8),
  ttl: u8,
  protocol: u8,
  source: ip4,
  destination: ip4,
  options: fc.nat(10).chain((words) => bytes(words * 4)),
  payload,
})

/** Options that fill their header exactly, so that nothing is padded. */
const optionsHeader = fc
  .constantFrom('hopByHop' as const, 'destination' as const)
  .chain((kind) =>
    fc
      .tuple(fc.integer({ min: 2, max: 255 }), fc.nat(3))
      .chain(([type, units]) => bytes(units * 8 + 4).map((data) => ({ kind, options: [{ type, data }] }))),
  )

export const ipv6Extension: fc.Arbitrary<Ipv6Extension> = fc.oneof(
  optionsHeader,
  fc.record({
    kind: fc.constant('routing' as const),
    type: u8,
    segmentsLeft: u8,
    data: fc.nat(3).chain((units) => bytes(units * 8 + 4)),
  }),
  fc.record({
    kind: fc.constant('fragment' as const),
    offset: fc.constant(0),
    moreFragments: fc.boolean(),
    identification: u32,
  }),
)

export const ipv6Fields: fc.Arbitrary<Ipv6Fields> = fc.record({
  trafficClass: u8,
  flowLabel: fc.nat(0xfffff),
  hopLimit: u8,
  source: ip6,
  destination: ip6,
  extensions: fc.array(ipv6Extension, { maxLength: 5 }),
  // Not one of the extension headers, which the payload would then be read as.
  protocol: u8.filter((protocol) => ![0, 43, 44, 60].includes(protocol)),
  payload,
})

export const udpFields: fc.Arbitrary<UdpFields> = fc.record({
  sourcePort: u16,
  destinationPort: u16,
  payload,
})

const knownKinds = [0, 1, 2, 3, 4, 5, 8, 28, 34]

export const tcpOption: fc.Arbitrary<TcpOption> = fc.oneof(
  fc.constant({ name: 'nop' as const }),
  fc.record({ name: fc.constant('mss' as const), value: u16 }),
  fc.record({ name: fc.constant('windowScale' as const), shift: u8 }),
  fc.constant({ name: 'sackPermitted' as const }),
  fc.record({
    name: fc.constant('sack' as const),
    blocks: fc.array(fc.tuple(u32, u32), { minLength: 1, maxLength: 4 }),
  }),
  fc.record({ name: fc.constant('timestamps' as const), value: u32, echo: u32 }),
  fc.record({ name: fc.constant('userTimeout' as const), minutes: fc.boolean(), value: fc.nat(0x7fff) }),
  fc.record({ name: fc.constant('fastOpen' as const), cookie: fc.uint8Array({ maxLength: 18 }) }),
  fc.record({
    name: fc.constant('unknown' as const),
    kind: u8.filter((kind) => !knownKinds.includes(kind)),
    data: fc.uint8Array({ maxLength: 12 }),
  }),
)

export function optionLength(option: TcpOption): number {
  switch (option.name) {
    case 'end':
    case 'nop':
      return 1
    case 'mss':
    case 'userTimeout':
      return 4
    case 'windowScale':
      return 3
    case 'sackPermitted':
      return 2
    case 'sack':
      return 2 + option.blocks.length * 8
    case 'timestamps':
      return 10
    case 'fastOpen':
      return 2 + option.cookie.length
    case 'unknown':
      return 2 + option.data.length
    case 'raw':
      return option.bytes.length
  }
}

/** As many as fit in 40 bytes, ended by 'end' unless they fill their words: padding then reads back as nothing. */
export const tcpOptionList: fc.Arbitrary<TcpOption[]> = fc
  .array(tcpOption, { maxLength: 8 })
  .map((wanted) => {
    const list: TcpOption[] = []
    let length = 0
    for (const option of wanted) {
      if (length + optionLength(option) > 40) continue
      list.push(option)
      length += optionLength(option)
    }
    if (length % 4 !== 0) list.push({ name: 'end' })
    return list
  })

export const tcpFields: fc.Arbitrary<TcpFields> = fc.record({
  sourcePort: u16,
  destinationPort: u16,
  seq: u32,
  ack: u32,
  reserved: fc.nat(15),
  flags: u8,
  window: u16,
  urgentPointer: u16,
  options: tcpOptionList,
  payload,
})

export const icmpFields: fc.Arbitrary<IcmpFields> = fc.record({
  type: u8,
  code: u8,
  rest: u32,
  body: payload,
})

export const ndpOption: fc.Arbitrary<NdpOption> = fc.oneof(
  fc.record({ name: fc.constantFrom('sourceLinkAddress' as const, 'targetLinkAddress' as const), mac }),
  fc.record({
    name: fc.constant('prefix' as const),
    length: u8,
    onLink: fc.boolean(),
    autonomous: fc.boolean(),
    validLifetime: u32,
    preferredLifetime: u32,
    prefix: ip6,
  }),
  fc.record({ name: fc.constant('mtu' as const), mtu: u32 }),
  fc.record({
    name: fc.constant('unknown' as const),
    kind: fc.integer({ min: 6, max: 255 }),
    data: fc.nat(3).chain((units) => bytes(units * 8 + 6)),
  }),
)

const ndpOptions = fc.array(ndpOption, { maxLength: 4 })

export const ndpMessageFields: fc.Arbitrary<NdpMessage> = fc.oneof(
  fc.record({ name: fc.constant('routerSolicitation' as const), options: ndpOptions }),
  fc.record({
    name: fc.constant('routerAdvertisement' as const),
    hopLimit: u8,
    managed: fc.boolean(),
    other: fc.boolean(),
    routerLifetime: u16,
    reachableTime: u32,
    retransTimer: u32,
    options: ndpOptions,
  }),
  fc.record({ name: fc.constant('neighbourSolicitation' as const), target: ip6, options: ndpOptions }),
  fc.record({
    name: fc.constant('neighbourAdvertisement' as const),
    router: fc.boolean(),
    solicited: fc.boolean(),
    override: fc.boolean(),
    target: ip6,
    options: ndpOptions,
  }),
  fc.record({ name: fc.constant('redirect' as const), target: ip6, destination: ip6, options: ndpOptions }),
)
