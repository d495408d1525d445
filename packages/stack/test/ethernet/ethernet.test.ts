import { describe, expect, it } from 'vitest'
import { EthernetLink } from '../../src/ethernet/ethernet-link.ts'
import { requireAddress } from '../../src/ip/address-text.ts'
import { AddressState } from '../../src/ip/link-port.ts'
import { resolveLimits } from '../../src/limits.ts'
import { TransmitResult } from '../../src/link/device.ts'
import {
  arp,
  arpReply,
  Bench,
  BROADCAST,
  ethernet,
  mac,
  OTHER_MAC,
  OUR_MAC,
  only,
  PEER_MAC,
  solicitation,
} from './support.ts'

const IPV4 = 0x0800
const IPV6 = 0x86dd

/** Makes 10.0.0.9 a freshly confirmed neighbour. */
function withNeighbour(): Bench {
  const bench = Bench.ready()
  bench.send('10.0.0.2', '10.0.0.9', 1)
  bench.receive(arpReply({ sender: '10.0.0.9', target: '10.0.0.2' }))
  bench.take()
  return bench
}

describe('Ethernet frames in', () => {
  it('ETH-01 passes IPv4 and IPv6 payloads up by EtherType', () => {
    const bench = Bench.ready()
    bench.receive(ethernet(OUR_MAC, PEER_MAC, IPV4, [0x45, 1, 2]))
    bench.receive(ethernet(OUR_MAC, PEER_MAC, IPV6, [0x60, 3]))
    expect(bench.received).toEqual(['v4 linkMulticast=false 450102', 'v6 linkMulticast=false 6003'])
  })

  it('ETH-02 leaves padding to IP, which knows the true length', () => {
    const bench = Bench.ready()
    bench.receive(ethernet(OUR_MAC, PEER_MAC, IPV4, new Uint8Array(46)))
    expect(bench.received[0]).toHaveLength('v4 linkMulticast=false '.length + 92)
  })

  it('ETH-03 decodes RFC 1042 SNAP, cut to its length field', () => {
    const bench = Bench.ready()
    const snap = [0xaa, 0xaa, 3, 0, 0, 0, 0x08, 0x00, 0x45, 7]
    bench.receive(ethernet(OUR_MAC, PEER_MAC, snap.length, [...snap, 0, 0, 0, 0]))
    expect(bench.received).toEqual(['v4 linkMulticast=false 4507'])
  })

  it('ETH-03 answers ARP that came in SNAP', () => {
    const bench = Bench.ready()
    const request = arp({ sender: '10.0.0.9', target: '10.0.0.2' }).subarray(14)
    bench.receive(ethernet(BROADCAST, PEER_MAC, 36, [0xaa, 0xaa, 3, 0, 0, 0, 0x08, 0x06, ...request]))
    expect(only(bench.take())).toContain('arp reply 10.0.0.2')
  })

  it.each([
    ['a length beyond the frame', 60, [0xaa, 0xaa, 3, 0, 0, 0, 0x08, 0x00, 0x45], 'dropBadLength'],
    ['a length too short for SNAP', 7, [0xaa, 0xaa, 3, 0, 0, 0, 0x08, 0x00], 'dropBadLength'],
    ['another LLC header', 8, [0x42, 0x42, 3, 0, 0, 0, 0x08, 0x00], 'dropUnknownType'],
    ['another OUI', 8, [0xaa, 0xaa, 3, 0, 0, 0xf8, 0x08, 0x00], 'dropUnknownType'],
    ['a length inside SNAP', 8, [0xaa, 0xaa, 3, 0, 0, 0, 0x00, 0x10], 'dropUnknownType'],
    ['a value between length and type', 0x05ff, new Array<number>(1600).fill(0), 'dropUnknownType'],
  ] as const)('ETH-03 drops %s', (_name, type, payload, counter) => {
    const bench = Bench.ready()
    bench.receive(ethernet(OUR_MAC, PEER_MAC, type, [...payload]))
    expect(bench.received).toEqual([])
    expect(bench.counters[counter]).toBe(1)
  })

  it('ETH-04 says whether a frame came by broadcast or multicast', () => {
    const bench = Bench.ready()
    bench.link.join(requireAddress('224.0.0.251'))
    for (const to of [BROADCAST, '01:00:5e:00:00:fb', '33:33:00:00:00:01', OUR_MAC]) {
      bench.receive(ethernet(to, PEER_MAC, IPV4, [0x45]))
    }
    expect(bench.received.map((line) => line.split(' ')[1])).toEqual([
      'linkMulticast=true',
      'linkMulticast=true',
      'linkMulticast=true',
      'linkMulticast=false',
    ])
  })

  it('ETH-05 drops frames for other stations, even with our own IP', () => {
    const bench = Bench.ready()
    bench.receive(arp({ to: OTHER_MAC, sender: '10.0.0.9', target: '10.0.0.2' }))
    bench.receive(ethernet(OTHER_MAC, PEER_MAC, IPV4, [0x45]))
    expect(bench.counters.dropForeign).toBe(2)
    expect(bench.take()).toEqual([])
    expect(bench.received).toEqual([])
    expect(bench.table()).toEqual([])
  })

  it('ETH-05 drops multicast that nobody joined, until somebody does, as long as anybody stays', () => {
    const bench = Bench.ready()
    const frame = ethernet('01:00:5e:01:01:02', PEER_MAC, IPV4, [0x45])
    const group = requireAddress('224.129.1.2')
    bench.receive(frame)
    expect(bench.counters.dropNotJoined).toBe(1)
    bench.link.join(group)
    bench.link.join(group)
    bench.link.leave(group)
    bench.receive(frame)
    expect(bench.received).toHaveLength(1)
    bench.link.leave(group)
    bench.receive(frame)
    expect(bench.counters.dropNotJoined).toBe(2)
  })

  it('ETH-05 drops frames from a group address, and from our own', () => {
    const bench = Bench.ready()
    bench.receive(ethernet(OUR_MAC, '03:00:00:00:00:01', IPV4, [0x45]))
    bench.receive(ethernet(OUR_MAC, BROADCAST, IPV4, [0x45]))
    bench.receive(ethernet(OUR_MAC, OUR_MAC, IPV4, [0x45]))
    bench.receive(arp({ senderMac: OUR_MAC, sender: '10.0.0.2', target: '10.0.0.2' }))
    expect(bench.received).toEqual([])
    expect(bench.counters.dropGroupSource).toBe(2)
    expect(bench.counters.dropOwnSource).toBe(2)
    expect(bench.counters.addressConflicts).toBe(0)
  })

  it('ETH-06 drops runts, VLAN tags and unknown types', () => {
    const bench = Bench.ready()
    for (let length = 0; length < 14; length++) {
      bench.receive(ethernet(OUR_MAC, PEER_MAC, IPV4, []).subarray(0, length))
    }
    bench.receive(ethernet(OUR_MAC, PEER_MAC, 0x8100, [0, 5, 8, 0, 0x45]))
    bench.receive(ethernet(OUR_MAC, PEER_MAC, 0x88a8, [0, 5, 8, 0, 0x45]))
    bench.receive(ethernet(OUR_MAC, PEER_MAC, 0x1234, [0x45]))
    expect(bench.received).toEqual([])
    expect(bench.counters.dropRunt).toBe(14)
    expect(bench.counters.dropVlan).toBe(2)
    expect(bench.counters.dropUnknownType).toBe(1)
    expect(bench.counters.framesIn).toBe(17)
  })

  it('ETH-08 drops trailer encapsulations, and sends none', () => {
    const bench = Bench.ready()
    for (let type = 0x1000; type <= 0x100f; type++) {
      bench.receive(ethernet(OUR_MAC, PEER_MAC, type, new Uint8Array(512)))
    }
    expect(bench.counters.dropUnknownType).toBe(16)
    expect(bench.received).toEqual([])
    bench.send('10.0.0.2', '10.0.0.9')
    bench.send('10.0.0.2', '255.255.255.255')
    bench.send('fd00::2', 'ff02::9')
    bench.send('fd00::2', 'fd00::9')
    const types = bench.device.frames.map(({ bytes }) => (bytes[12] << 8) | bytes[13])
    expect(types).toEqual([0x0806, 0x0800, 0x86dd, 0x86dd])
  })
})

describe('Ethernet frames out', () => {
  it('IP-11 only broadcasts are broadcast; a packet for one station never is, resolved or not', () => {
    const bench = Bench.ready()
    bench.send('10.0.0.2', '10.0.0.9', 1)
    bench.receive(arpReply({ sender: '10.0.0.9', target: '10.0.0.2' }))
    for (const to of ['10.0.0.9', '10.0.0.255', '255.255.255.255', '10.0.0.77']) bench.send('10.0.0.2', to, 2)
    const packets = bench.take().filter((line) => line.startsWith('v4'))
    expect(packets).toEqual([
      `v4 10.0.0.9 #1 -> ${PEER_MAC}`,
      `v4 10.0.0.9 #2 -> ${PEER_MAC}`,
      `v4 10.0.0.255 #2 -> ${BROADCAST}`,
      `v4 255.255.255.255 #2 -> ${BROADCAST}`,
    ])
  })

  it('ETH-01 puts destination, source and type before the packet', () => {
    const bench = withNeighbour()
    bench.send('10.0.0.2', '10.0.0.9', 7)
    const frame = bench.device.frames[0]
    expect([...frame.bytes.subarray(0, 15)]).toEqual([...mac(PEER_MAC), ...mac(OUR_MAC), 8, 0, 0x45])
    expect(frame.bytes).toHaveLength(14 + 28)
    expect(frame.headLength).toBe(34)
  })

  it('ETH-07 maps groups to MACs', () => {
    const bench = Bench.ready()
    bench.send('10.0.0.2', '224.129.1.2', 1)
    bench.send('10.0.0.2', '239.255.255.250', 2)
    bench.send('fd00::2', 'ff02::1:ff12:3456', 3)
    expect(bench.take()).toEqual([
      'v4 224.129.1.2 #1 -> 01:00:5e:01:01:02',
      'v4 239.255.255.250 #2 -> 01:00:5e:7f:ff:fa',
      'v6 ff02::1:ff12:3456 #3 -> 33:33:ff:12:34:56',
    ])
  })

  it('sends limited and directed broadcasts to everybody, and asks for nobody', () => {
    const bench = Bench.ready({}, '10.0.0.2/24', '10.1.0.1/31')
    bench.send('10.0.0.2', '255.255.255.255', 1)
    bench.send('10.0.0.2', '10.0.0.255', 2)
    bench.send('10.0.0.2', '10.0.0.0', 3)
    expect(bench.take()).toEqual([
      `v4 255.255.255.255 #1 -> ${BROADCAST}`,
      `v4 10.0.0.255 #2 -> ${BROADCAST}`,
      `v4 10.0.0.0 #3 -> ${BROADCAST}`,
    ])
    // The other end of a /31 is a host (RFC 3021).
    bench.send('10.1.0.1', '10.1.0.0', 3)
    expect(only(bench.take())).toContain('arp request 10.1.0.1')
  })

  it('leaves a refused descriptor as it was', () => {
    const bench = withNeighbour()
    bench.fill('10.0.0.2', '10.0.0.9', 1, 100)
    const d = bench.descriptor
    d.checksumStart = 20
    const before = { ...d }
    const hop = requireAddress('10.0.0.9')
    bench.device.room = 0
    expect(bench.engine.run(() => bench.link.send(d, hop))).toBe(TransmitResult.Full)
    expect({ ...d }).toEqual(before)
    bench.device.refuse = true
    expect(bench.engine.run(() => bench.link.send(d, hop))).toBe(TransmitResult.Refused)
    expect({ ...d }).toEqual(before)
    bench.device.room = 1
    bench.device.refuse = false
    expect(bench.engine.run(() => bench.link.send(d, hop))).toBe(TransmitResult.Sent)
    expect(bench.device.frames[0].checksumStart).toBe(34)
    expect(bench.counters.framesOut).toBeGreaterThan(0)
  })
})

describe('life of a link', () => {
  it('refuses a MAC that no station can have', () => {
    const bench = new Bench()
    const make = (bytes: Uint8Array): EthernetLink =>
      new EthernetLink({
        engine: bench.engine,
        device: bench.device,
        mac: bytes,
        limits: resolveLimits(),
        conflictDetection: 'off',
        events: { onIpPacket: () => {}, onUnresolved: () => {}, onAddressState: () => {} },
      })
    expect(() => make(mac(BROADCAST))).toThrow('group bit')
    expect(() => make(new Uint8Array(5))).toThrow('6 bytes')
  })

  it('gives back all memory and timers on close, and does nothing afterwards', () => {
    const bench = new Bench({ mode: 'strict' })
    const before = bench.memory.allocated
    bench.add('10.0.0.2/24')
    bench.add('fd00::2/64')
    bench.clock.advance(10_000)
    bench.send('10.0.0.2', '10.0.0.9', 1)
    bench.send('fd00::2', 'fd00::9', 2, 1400)
    bench.receive(arp({ sender: '10.0.0.8', target: '10.0.0.2' }))
    bench.send('10.0.0.2', '10.0.0.8', 3)
    expect(bench.memory.allocated).toBeGreaterThan(before)
    expect(bench.engine.timers.size).toBe(3)
    bench.engine.run(() => bench.link.close())
    bench.link.close()
    // The scratch block that was there from the start is back too.
    expect(bench.memory.allocated).toBe(before - 1024)
    expect(bench.engine.timers.size).toBe(0)
    bench.take()
    bench.clock.advance(60_000)
    bench.receive(solicitation({ source: 'fd00::9', target: 'fd00::2' }))
    bench.receive(arp({ sender: '10.0.0.9', target: '10.0.0.2' }))
    expect(bench.send('10.0.0.2', '10.0.0.8', 3)).toBe(TransmitResult.Refused)
    bench.link.onWritable()
    expect(bench.add('10.0.0.3/24').state).toBe(AddressState.Tentative)
    expect(bench.take()).toEqual([])
    expect(bench.unresolved).toEqual([])
  })

  it('may be closed from within onUnresolved', () => {
    const bench = Bench.ready()
    const before = bench.memory.allocated
    for (let i = 0; i < 5; i++) bench.send('10.0.0.2', '10.0.0.9', i)
    bench.onUnresolved = () => bench.link.close()
    bench.clock.advance(10_000)
    expect(bench.unresolved).toEqual(['10.0.0.9: 0'])
    expect(bench.memory.allocated).toBe(before - 1024)
  })
})
