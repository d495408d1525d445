import { describe, expect, it } from 'vitest'
import {
  buildFrame,
  buildIpv4,
  describeFrame,
  describePacket,
  echoWord,
  ipText,
} from '../../src/wire/packet.ts'

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))
const ethernet = { destination: hex('020000000002'), source: hex('020000000001') }
const ipv4 = { source: Uint8Array.of(10, 0, 0, 1), destination: Uint8Array.of(10, 0, 0, 2) }
const ipv6 = { source: hex(`fe80${'00'.repeat(13)}01`), destination: hex(`ff02${'00'.repeat(9)}01ff000002`) }

describe('describeFrame', () => {
  it.each([
    [
      {
        ethernet,
        ipv4,
        tcp: {
          sourcePort: 4000,
          destinationPort: 80,
          seq: 1,
          flags: 2,
          window: 65_535,
          options: [{ name: 'mss' as const, value: 1460 }, { name: 'sackPermitted' as const }],
        },
      },
      'TCP 10.0.0.1:4000 > 10.0.0.2:80 SYN seq=1 win=65535 len=0 <mss 1460, sackOK, eol>',
    ],
    [
      {
        ethernet,
        ipv6,
        tcp: { sourcePort: 1, destinationPort: 2, ack: 9, flags: 0x11, window: 0, checksum: 7 },
      },
      'TCP [fe80::1]:1 > [ff02::1:ff00:2]:2 FIN,ACK seq=0 ack=9 win=0 len=0 [bad tcp checksum]',
    ],
    [
      { ethernet, ipv4, udp: { sourcePort: 53, destinationPort: 5353, payload: new Uint8Array(9) } },
      'UDP 10.0.0.1:53 > 10.0.0.2:5353 len=9',
    ],
    [
      { ethernet, ipv4, icmpv4: { type: 8, rest: echoWord(7, 2), body: new Uint8Array(56) } },
      'ICMP 10.0.0.1 > 10.0.0.2 echo request id=7 seq=2 len=56',
    ],
    [
      { ethernet, ipv4, icmpv4: { type: 3, code: 4, rest: 1400, body: buildIpv4({ ...ipv4, protocol: 6 }) } },
      'ICMP 10.0.0.1 > 10.0.0.2 DestinationUnreachable FragmentationNeeded mtu=1400 about 10.0.0.1 > 10.0.0.2 protocol 6',
    ],
    [
      {
        ethernet,
        ipv6,
        ndp: {
          name: 'neighbourSolicitation' as const,
          target: ipv6.source,
          options: [{ name: 'sourceLinkAddress' as const, mac: ethernet.source }],
        },
      },
      'NDP fe80::1 > ff02::1:ff00:2 who-has fe80::1 sourceLinkAddress 02:00:00:00:00:01',
    ],
    [
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
      'ARP who-has 10.0.0.2 tell 10.0.0.1 (02:00:00:00:00:01)',
    ],
    [
      {
        ethernet,
        ipv4: { ...ipv4, identification: 5, moreFragments: true, protocol: 17, payload: new Uint8Array(8) },
      },
      'IP 10.0.0.1 > 10.0.0.2 protocol 17 len=8 (frag id=5 offset=0+)',
    ],
    [
      { ethernet: { ...ethernet, type: 0x88cc, payload: new Uint8Array(3) } },
      'ETH 02:00:00:00:00:01 > 02:00:00:00:00:02 type 0x88cc len=3',
    ],
  ])('%#', (layers, text) => {
    expect(describeFrame(buildFrame(layers))).toBe(text)
  })

  it('describes bare packets and scraps', () => {
    const packet = buildFrame({ ipv4, udp: { sourcePort: 1, destinationPort: 2 } })
    expect(describePacket(packet)).toBe('UDP 10.0.0.1:1 > 10.0.0.2:2 len=0')
    expect(describeFrame(new Uint8Array(3))).toBe('nothing readable [short frame]')
    expect(describePacket(new Uint8Array(0))).toBe('nothing readable [short ip]')
  })
})

describe('ipText (RFC 5952)', () => {
  it.each([
    ['00000000000000000000000000000000', '::'],
    ['00000000000000000000000000000001', '::1'],
    ['20010db8000000000001000000000001', '2001:db8::1:0:0:1'],
    ['20010db8000100010001000100010001', '2001:db8:1:1:1:1:1:1'],
    ['20010db8000000010001000100010001', '2001:db8:0:1:1:1:1:1'],
    ['fe800000000000000000000000000000', 'fe80::'],
  ])('%s', (bytes, text) => {
    expect(ipText(hex(bytes))).toBe(text)
  })
})
