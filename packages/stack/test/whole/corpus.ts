import { packets } from '../../src/index.ts'
import { ip, pattern } from '../support/packets.ts'
import { OUR_MAC } from './door-device.ts'

export const PEER_MAC = Uint8Array.of(2, 0, 0, 0, 0, 9)
const BROADCAST_MAC = Uint8Array.of(255, 255, 255, 255, 255, 255)

/** The stack has the first, the peer the second. */
export type AddressPair = readonly [us: string, peer: string]

export const PAIRS4: readonly AddressPair[] = [
  ['10.0.0.2', '10.0.0.1'],
  ['10.0.1.2', '10.0.1.1'],
]
export const PAIRS6: readonly AddressPair[] = [
  ['fd00::2', 'fd00::1'],
  ['fd00:1::2', 'fd00:1::1'],
]
export const GROUP4 = '239.1.2.3'
export const GROUP6 = 'ff05::77'

export interface Sample {
  /** An IP packet, or, with `raw`, a whole Ethernet frame. */
  readonly bytes: Uint8Array
  /** What of it can be made to belong to a live connection. */
  readonly kind: 'plain' | 'tcp' | 'quotes-tcp' | 'fragment' | 'raw'
  /** The Ethernet destination. */
  readonly mac: Uint8Array
}

const address = (text: string): Uint8Array => Uint8Array.from(ip(text))

type Layers = Omit<packets.FrameFields, 'ethernet' | 'ipv4' | 'ipv6'>
type Options4 = Partial<packets.Ipv4Fields>
type Options6 = Partial<packets.Ipv6Fields>

function packet4(layers: Layers, options: Options4 = {}): Uint8Array {
  const [local, remote] = PAIRS4[0]
  return packets.buildFrame({
    ipv4: { source: address(remote), destination: address(local), ...options },
    ...layers,
  })
}

function packet6(layers: Layers, options: Options6 = {}): Uint8Array {
  const [local, remote] = PAIRS6[0]
  return packets.buildFrame({
    ipv6: { source: address(remote), destination: address(local), ...options },
    ...layers,
  })
}

const TS: packets.TcpOption[] = [{ name: 'nop' }, { name: 'nop' }, { name: 'timestamps', value: 5, echo: 6 }]

/** Segments of every kind; numbers that belong to a connection are put in later. */
const SEGMENTS: readonly packets.TcpFields[] = [
  {
    flags: 0x02,
    options: [
      { name: 'mss', value: 1460 },
      { name: 'sackPermitted' },
      ...TS,
      { name: 'windowScale', shift: 7 },
    ],
  },
  {
    flags: 0x12,
    options: [
      { name: 'mss', value: 1460 },
      { name: 'windowScale', shift: 14 },
    ],
  },
  { flags: 0x12, options: [{ name: 'mss', value: 536 }, { name: 'sackPermitted' }, ...TS] },
  {
    flags: 0xc2,
    options: [
      { name: 'mss', value: 0 },
      { name: 'fastOpen', cookie: pattern(8) },
    ],
  },
  { flags: 0x10, options: TS },
  { flags: 0x10, window: 0, options: TS },
  { flags: 0x10 },
  { flags: 0x18, options: TS, payload: pattern(1) },
  { flags: 0x18, options: TS, payload: pattern(100) },
  { flags: 0x10, options: TS, payload: pattern(1400) },
  { flags: 0x18, payload: pattern(700) },
  { flags: 0x11, options: TS },
  { flags: 0x19, options: TS, payload: pattern(10) },
  { flags: 0x14 },
  { flags: 0x04 },
  { flags: 0x38, urgentPointer: 3, options: TS, payload: pattern(20) },
  {
    flags: 0x10,
    options: [
      ...TS,
      { name: 'nop' },
      { name: 'nop' },
      {
        name: 'sack',
        blocks: [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
      },
    ],
  },
  { flags: 0x10, options: [{ name: 'nop' }, { name: 'nop' }, { name: 'sack', blocks: [[9, 12]] }] },
  {
    flags: 0x10,
    options: [
      { name: 'userTimeout', minutes: true, value: 5 },
      { name: 'unknown', kind: 253, data: pattern(6) },
    ],
  },
].map((segment) => ({ sourcePort: 4000, destinationPort: 7, ...segment }) as packets.TcpFields)

function tcpSamples(): Sample[] {
  const samples: Sample[] = []
  for (const tcp of SEGMENTS) {
    samples.push({ bytes: packet4({ tcp }), kind: 'tcp', mac: OUR_MAC })
    samples.push({ bytes: packet6({ tcp }), kind: 'tcp', mac: OUR_MAC })
  }
  // Extension headers and IPv4 options before a segment of a connection.
  const tcp = SEGMENTS[8]
  samples.push({ bytes: packet4({ tcp }, { options: Uint8Array.of(1, 1, 1, 0) }), kind: 'tcp', mac: OUR_MAC })
  samples.push({
    bytes: packet6({ tcp }, { extensions: [{ kind: 'destination', options: [] }] }),
    kind: 'tcp',
    mac: OUR_MAC,
  })
  return samples
}

const ERRORS4 = [
  [3, 0, 0],
  [3, 1, 0],
  [3, 3, 0],
  [3, 4, 600],
  [3, 4, 0],
  [3, 13, 0],
  [4, 0, 0],
  [5, 1, 0x0a000009],
  [11, 0, 0],
  [11, 1, 0],
  [12, 0, 0x05000000],
] as const

const ERRORS6 = [
  [1, 0, 0],
  [1, 1, 0],
  [1, 4, 0],
  [2, 0, 1280],
  [2, 0, 500],
  [3, 0, 0],
  [4, 1, 6],
] as const

/** ICMP errors about what the stack could have sent: a segment of a connection, or a datagram. */
function errorSamples(): Sample[] {
  const samples: Sample[] = []
  const back4 = { source: address(PAIRS4[0][0]), destination: address(PAIRS4[0][1]) }
  const back6 = { source: address(PAIRS6[0][0]), destination: address(PAIRS6[0][1]) }
  const tcp = { sourcePort: 7, destinationPort: 4000, flags: 0x10, payload: pattern(40) }
  const udp = { sourcePort: 9, destinationPort: 5353, payload: pattern(40) }
  for (const [type, code, rest] of ERRORS4) {
    for (const quoted of [
      packets.buildFrame({ ipv4: back4, tcp }),
      packets.buildFrame({ ipv4: back4, udp }),
    ]) {
      const bytes = packet4({ icmpv4: { type, code, rest, body: quoted } })
      samples.push({ bytes, kind: quoted[9] === 6 ? 'quotes-tcp' : 'plain', mac: OUR_MAC })
    }
  }
  for (const [type, code, rest] of ERRORS6) {
    for (const quoted of [
      packets.buildFrame({ ipv6: back6, tcp }),
      packets.buildFrame({ ipv6: back6, udp }),
    ]) {
      const bytes = packet6({ icmpv6: { type, code, rest, body: quoted } })
      samples.push({ bytes, kind: quoted[6] === 6 ? 'quotes-tcp' : 'plain', mac: OUR_MAC })
    }
  }
  return samples
}

function plain(...list: Uint8Array[]): Sample[] {
  return list.map((bytes) => ({ bytes, kind: 'plain', mac: OUR_MAC }))
}

function udpSamples(): Sample[] {
  const udp = (port: number, length: number, extra: Partial<packets.UdpFields> = {}): Layers => ({
    udp: { sourcePort: 5353, destinationPort: port, payload: pattern(length), ...extra },
  })
  const list = plain(
    packet4(udp(9, 30)),
    packet4(udp(11, 1400)),
    packet4(udp(9, 0)),
    packet4(udp(9, 30, { checksum: 0 })),
    packet4(udp(4444, 30)),
    packet6(udp(9, 30)),
    packet6(udp(11, 1400)),
    packet6(udp(9, 30, { checksum: 0 })),
    packet6(udp(4444, 30)),
    packet4({}, { protocol: 132, payload: pattern(20) }),
    packet6({}, { protocol: 59 }),
    packet6({}, { protocol: 200, payload: pattern(20) }),
  )
  const group4 = packet4(udp(9, 30), { destination: address(GROUP4) })
  const group6 = packet6(udp(9, 30), { destination: address(GROUP6) })
  list.push({ bytes: group4, kind: 'plain', mac: Uint8Array.of(1, 0, 0x5e, 1, 2, 3) })
  list.push({ bytes: group6, kind: 'plain', mac: Uint8Array.of(0x33, 0x33, 0, 0, 0, 0x77) })
  list.push({
    bytes: packet4(udp(9, 9), { destination: address('10.0.0.255') }),
    kind: 'plain',
    mac: BROADCAST_MAC,
  })
  return list
}

function echoSamples(): Sample[] {
  const icmp = (type: number, length: number): packets.IcmpFields => ({
    type,
    rest: 0x00070001,
    body: pattern(length),
  })
  return plain(
    packet4({ icmpv4: icmp(8, 56) }),
    packet4({ icmpv4: icmp(8, 1400) }),
    packet4({ icmpv4: icmp(0, 56) }),
    packet4({ icmpv4: icmp(13, 12) }),
    packet6({ icmpv6: icmp(128, 56) }),
    packet6({ icmpv6: icmp(129, 56) }),
    packet6({ icmpv6: icmp(130, 16) }),
  )
}

/** Fragments of two datagrams of each version: a UDP one and one that never becomes whole; and lies. */
function fragmentSamples(): Sample[] {
  const udp4 = packet4({ udp: { sourcePort: 5353, destinationPort: 9, payload: pattern(112) } }).subarray(20)
  const udp6 = packet6({ udp: { sourcePort: 5353, destinationPort: 9, payload: pattern(112) } }).subarray(40)
  const piece4 = (id: number, at: number, more: boolean, payload: Uint8Array, protocol = 17): Uint8Array =>
    packet4({}, { protocol, identification: id, fragmentOffset: at, moreFragments: more, payload })
  const piece6 = (
    id: number,
    offset: number,
    moreFragments: boolean,
    payload: Uint8Array,
    protocol = 17,
  ): Uint8Array =>
    packet6(
      {},
      { protocol, payload, extensions: [{ kind: 'fragment', offset, moreFragments, identification: id }] },
    )
  const pieces = [
    piece4(1, 0, true, udp4.subarray(0, 40)),
    piece4(1, 40, true, udp4.subarray(40, 80)),
    piece4(1, 80, false, udp4.subarray(80)),
    piece4(2, 1400, true, pattern(1400)),
    piece4(3, 0, true, pattern(8), 6),
    piece4(4, 65_528, false, pattern(100)),
    piece6(1, 0, true, udp6.subarray(0, 40)),
    piece6(1, 40, true, udp6.subarray(40, 80)),
    piece6(1, 80, false, udp6.subarray(80)),
    piece6(2, 1400, true, pattern(1400)),
    piece6(3, 0, false, udp6),
    piece6(4, 0, true, pattern(8), 58),
    piece6(5, 65_528, false, pattern(100)),
  ]
  return pieces.map((bytes) => ({ bytes, kind: 'fragment', mac: OUR_MAC }))
}

function headerSamples(): Sample[] {
  const udp = { sourcePort: 5353, destinationPort: 9, payload: pattern(20) }
  const options4 = [
    [7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    [131, 7, 4, 10, 0, 0, 1, 0],
    [148, 4, 0, 0],
    [68, 12, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    [1, 1, 1, 1],
  ]
  const extensions: packets.Ipv6Extension[][] = [
    [{ kind: 'hopByHop', options: [{ type: 5, data: Uint8Array.of(0, 0) }] }],
    [{ kind: 'hopByHop', options: [{ type: 0x81, data: pattern(4) }] }],
    [{ kind: 'destination', options: [{ type: 0xc1, data: pattern(4) }] }],
    [{ kind: 'routing', type: 0, segmentsLeft: 0, data: pattern(20) }],
    [{ kind: 'routing', type: 0, segmentsLeft: 1, data: pattern(20) }],
    [
      { kind: 'hopByHop', options: [] },
      { kind: 'routing', type: 4, segmentsLeft: 0, data: pattern(4) },
      { kind: 'destination', options: [] },
    ],
  ]
  return plain(
    ...options4.map((options) => packet4({ udp }, { options: Uint8Array.from(options) })),
    ...extensions.map((list) => packet6({ udp }, { extensions: list })),
  )
}

/** Frames of neighbours and of routers: Ethernet only. */
function neighbourSamples(): Sample[] {
  const samples: Sample[] = []
  const raw = (bytes: Uint8Array): number => samples.push({ bytes, kind: 'raw', mac: OUR_MAC })
  const [us4, peer4] = PAIRS4[0].map(address)
  const arp = (operation: number, sender: Uint8Array, target: Uint8Array, destination = OUR_MAC): number =>
    raw(
      packets.buildFrame({
        ethernet: { destination, source: PEER_MAC },
        arp: { operation, senderMac: PEER_MAC, senderIp: sender, targetMac: OUR_MAC, targetIp: target },
      }),
    )
  arp(1, peer4, us4)
  arp(1, peer4, us4, BROADCAST_MAC)
  arp(1, address('0.0.0.0'), us4, BROADCAST_MAC)
  arp(1, peer4, peer4, BROADCAST_MAC)
  arp(2, peer4, us4)
  const [us6, peer6] = PAIRS6[0].map(address)
  const link = (name: 'sourceLinkAddress' | 'targetLinkAddress'): packets.NdpOption => ({
    name,
    mac: PEER_MAC,
  })
  const ndp = (message: packets.NdpMessage, source = peer6, destination = us6, mac = OUR_MAC): number =>
    raw(
      packets.buildFrame({
        ethernet: { destination: mac, source: PEER_MAC },
        ipv6: { source, destination, hopLimit: 255 },
        ndp: message,
      }),
    )
  ndp({ name: 'neighbourSolicitation', target: us6, options: [link('sourceLinkAddress')] })
  const solicited = address('ff02::1:ff00:2')
  const solicitedMac = Uint8Array.of(0x33, 0x33, 0xff, 0, 0, 2)
  ndp({ name: 'neighbourSolicitation', target: us6, options: [] }, address('::'), solicited, solicitedMac)
  const advert = {
    name: 'neighbourAdvertisement',
    router: false,
    options: [link('targetLinkAddress')],
  } as const
  ndp({ ...advert, solicited: true, override: true, target: peer6, options: [...advert.options] })
  ndp({
    ...advert,
    solicited: false,
    override: false,
    router: true,
    target: peer6,
    options: [...advert.options],
  })
  const router = address('fe80::9')
  const prefix: packets.NdpOption = {
    name: 'prefix',
    length: 64,
    onLink: true,
    autonomous: true,
    validLifetime: 900,
    preferredLifetime: 600,
    prefix: address('fd00:9::'),
  }
  const allNodes = address('ff02::1')
  const allNodesMac = Uint8Array.of(0x33, 0x33, 0, 0, 0, 1)
  const advertisement: packets.NdpMessage = {
    name: 'routerAdvertisement',
    hopLimit: 64,
    managed: false,
    other: false,
    routerLifetime: 1800,
    reachableTime: 30_000,
    retransTimer: 1000,
    options: [link('sourceLinkAddress'), prefix, { name: 'mtu', mtu: 1400 }],
  }
  ndp(advertisement, router, allNodes, allNodesMac)
  ndp({ name: 'routerSolicitation', options: [link('sourceLinkAddress')] }, router)
  ndp(
    {
      name: 'redirect',
      target: address('fe80::7'),
      destination: address('fd01::1'),
      options: [link('targetLinkAddress')],
    },
    router,
  )
  const ipv4 = packet4({ icmpv4: { type: 8, body: pattern(10) } })
  const snap = Uint8Array.from([
    ...OUR_MAC,
    ...PEER_MAC,
    0,
    8 + ipv4.length,
    0xaa,
    0xaa,
    3,
    0,
    0,
    0,
    8,
    0,
    ...ipv4,
  ])
  raw(snap)
  raw(packets.buildEthernet({ destination: OUR_MAC, source: PEER_MAC, type: 0x8100, payload: pattern(50) }))
  return samples
}

/** Somebody claims addresses of the stack: it answers by giving them up, so that they must be rare. */
export function claims(): Uint8Array[] {
  const us4 = address(PAIRS4[0][0])
  const us6 = address(PAIRS6[0][0])
  const ethernet = { destination: BROADCAST_MAC, source: PEER_MAC }
  const arp = { senderMac: PEER_MAC, senderIp: us4, targetMac: OUR_MAC, targetIp: us4 }
  return [
    packets.buildFrame({ ethernet, arp: { ...arp, operation: 1 } }),
    packets.buildFrame({ ethernet, arp: { ...arp, operation: 2 } }),
    packets.buildFrame({
      ethernet: { destination: Uint8Array.of(0x33, 0x33, 0, 0, 0, 1), source: PEER_MAC },
      ipv6: { source: us6, destination: address('ff02::1'), hopLimit: 255 },
      ndp: {
        name: 'neighbourAdvertisement',
        router: false,
        solicited: false,
        override: true,
        target: us6,
        options: [{ name: 'targetLinkAddress', mac: PEER_MAC }],
      },
    }),
  ]
}

/** Valid frames of every kind that a stack reads. @param ethernet with those that only Ethernet has */
export function corpus(ethernet: boolean): Sample[] {
  return [
    ...tcpSamples(),
    // Twice: most of the code is there.
    ...tcpSamples(),
    ...errorSamples(),
    ...udpSamples(),
    ...echoSamples(),
    ...fragmentSamples(),
    ...headerSamples(),
    ...(ethernet ? neighbourSamples() : []),
  ]
}
