import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { buildFrame, echoWord, type FrameFields, type TcpOption } from '../../src/wire/packet.ts'
import { interfaceBlock, LinkType, packetBlock, sectionHeaderBlock } from '../../src/wire/pcapng.ts'

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))
const ethernet = { destination: hex('020000000002'), source: hex('020000000001') }
const ipv4 = { source: Uint8Array.of(10, 77, 0, 1), destination: Uint8Array.of(10, 77, 0, 2) }
const ipv6 = { source: hex(`fe80${'00'.repeat(13)}01`), destination: hex(`ff02${'00'.repeat(13)}01`) }
const nearby = { ...ipv6, hopLimit: 255 }
const ports = { sourcePort: 1234, destinationPort: 4321 }
const text = new Uint8Array(Buffer.from('odd length payload!'))

const options: TcpOption[] = [
  { name: 'mss', value: 1460 },
  { name: 'sackPermitted' },
  { name: 'timestamps', value: 0xfedcba98, echo: 0 },
  { name: 'nop' },
  { name: 'windowScale', shift: 7 },
  { name: 'userTimeout', minutes: true, value: 5 },
  { name: 'fastOpen', cookie: hex('0102030405060708') },
]
const sack: TcpOption[] = [
  { name: 'nop' },
  { name: 'nop' },
  {
    name: 'sack',
    blocks: [
      [100, 200],
      [300, 400],
    ],
  },
]

const frames: FrameFields[] = [
  {
    ethernet,
    arp: {
      operation: 1,
      senderMac: ethernet.source,
      senderIp: ipv4.source,
      targetMac: new Uint8Array(6),
      targetIp: ipv4.destination,
    },
  },
  { ethernet, ipv4, tcp: { ...ports, flags: 2, options } },
  { ethernet, ipv6, tcp: { ...ports, flags: 2, options } },
  {
    ethernet,
    ipv4: { ...ipv4, options: hex('94040000') },
    tcp: { ...ports, flags: 0x10, ack: 5, options: sack, payload: text },
  },
  { ethernet, ipv4, udp: { ...ports, payload: text } },
  { ethernet, ipv6, udp: { ...ports, payload: text } },
  { ethernet, ipv4, icmpv4: { type: 8, rest: echoWord(1, 2), body: text } },
  { ethernet, ipv6, icmpv6: { type: 128, rest: echoWord(1, 2), body: text } },
  { ethernet, ipv4, icmpv4: { type: 3, code: 3, body: buildFrame({ ipv4, udp: ports }) } },
  {
    ethernet,
    ipv6: {
      ...ipv6,
      extensions: [
        { kind: 'hopByHop', options: [{ type: 5, data: new Uint8Array(2) }] },
        { kind: 'destination', options: [] },
      ],
    },
    udp: { ...ports, payload: text },
  },
  {
    ethernet,
    ipv6: { ...ipv6, extensions: [{ kind: 'fragment', offset: 0, moreFragments: false, identification: 7 }] },
    udp: { ...ports, payload: text },
  },
  {
    ethernet,
    ipv6: nearby,
    ndp: {
      name: 'neighbourSolicitation',
      target: ipv6.source,
      options: [{ name: 'sourceLinkAddress', mac: ethernet.source }],
    },
  },
  {
    ethernet,
    ipv6: nearby,
    ndp: {
      name: 'neighbourAdvertisement',
      router: true,
      solicited: false,
      override: true,
      target: ipv6.source,
      options: [{ name: 'targetLinkAddress', mac: ethernet.source }],
    },
  },
  { ethernet, ipv6: nearby, ndp: { name: 'routerSolicitation', options: [] } },
  {
    ethernet,
    ipv6: nearby,
    ndp: {
      name: 'routerAdvertisement',
      hopLimit: 64,
      managed: true,
      other: false,
      routerLifetime: 1800,
      reachableTime: 30_000,
      retransTimer: 1000,
      options: [
        { name: 'mtu', mtu: 1400 },
        {
          name: 'prefix',
          length: 64,
          onLink: true,
          autonomous: true,
          validLifetime: 86_400,
          preferredLifetime: 3600,
          prefix: hex(`fd77${'00'.repeat(14)}`),
        },
      ],
    },
  },
  {
    ethernet,
    ipv6: nearby,
    ndp: { name: 'redirect', target: ipv6.source, destination: ipv6.source, options: [] },
  },
]

const present = spawnSync('tshark', ['--version']).status === 0
if (!present)
  console.log('skipped: tshark is not installed, so that its verdict on built frames is not asked')

describe.skipIf(!present)('tshark about frames that were built here', () => {
  const ask = (fields: readonly FrameFields[], ...query: string[]): string => {
    const folder = mkdtempSync(join(tmpdir(), 'frames-'))
    try {
      const chunks = [sectionHeaderBlock(), interfaceBlock({ linkType: LinkType.Ethernet })]
      for (const [i, layers] of fields.entries()) {
        chunks.push(packetBlock({ interface: 0, time: 1_767_225_600_000_000 + i }, buildFrame(layers)))
      }
      const path = join(folder, 'frames.pcapng')
      writeFileSync(path, Buffer.concat(chunks))
      const checks = ['ip', 'tcp', 'udp'].flatMap((layer) => ['-o', `${layer}.check_checksum:TRUE`])
      return execFileSync('tshark', ['-r', path, ...checks, ...query], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      })
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
  const wrong = ['ip', 'tcp', 'udp', 'icmp', 'icmpv6'].map((layer) => `${layer}.checksum.status == 0`)
  const complaint = ['_ws.malformed', ...wrong].join(' || ')

  it('finds nothing malformed and no bad checksum, in any format', () => {
    expect(ask(frames, '-Y', complaint)).toBe('')
    expect(ask(frames).trim().split('\n')).toHaveLength(frames.length)
  })

  it('would have said so', () => {
    const forged = [
      { ethernet, ipv4, tcp: { ...ports, checksum: 1 } },
      { ethernet, ipv4: { ...ipv4, checksum: 1 }, udp: ports },
      { ethernet, ipv6, icmpv6: { type: 128, checksum: 1 } },
    ]
    expect(ask(forged, '-Y', complaint).trim().split('\n')).toHaveLength(3)
  })

  it('reads the TCP options as they were meant', () => {
    const names = ['mss_val', 'timestamp.tsval', 'wscale.shift', 'user_to_val', 'tfo.cookie']
    const query = ['-T', 'fields', ...names.flatMap((name) => ['-e', `tcp.options.${name}`])]
    expect(
      ask([frames[1]], ...query)
        .trim()
        .split('\t'),
    ).toEqual(['1460', String(0xfedcba98), '7', '5', '0102030405060708'])
  })
})
