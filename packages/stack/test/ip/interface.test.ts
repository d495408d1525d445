import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../src/core/random.ts'
import { EthernetLink } from '../../src/ethernet/ethernet-link.ts'
import { Redirects } from '../../src/icmp/redirects.ts'
import type { IpAddress } from '../../src/ip/address.ts'
import { requirePrefix } from '../../src/ip/address-text.ts'
import { solicitedNode } from '../../src/ip/groups.ts'
import type { Interface, LinkFactory } from '../../src/ip/interface.ts'
import { randomSecret, stableLinkLocal } from '../../src/ip/interface-id.ts'
import { AddressState } from '../../src/ip/link-port.ts'
import { PacketIn } from '../../src/ip/packet-in.ts'
import {
  address,
  HOST4,
  HOST6,
  hostWithDevice,
  IpHost,
  PEER4,
  PEER6,
  Recorder,
  textOf,
} from '../support/ip-host.ts'
import { icmp4, icmp6, ip, ip4, ip6, pattern, see6, u32 } from '../support/packets.ts'
import { ScriptedDevice } from '../support/scripted-device.ts'

const MAC = Uint8Array.of(2, 0, 0, 0, 0, 2)
const OTHER_MAC = [2, 0, 0, 0, 0, 9]

function ethernetHost(
  options: { mode?: 'optimistic' | 'strict' | 'off'; addresses?: string[]; seed?: number } = {},
) {
  const host = new IpHost({ seed: options.seed ?? 1 })
  const conflictDetection = options.mode ?? 'optimistic'
  const device = new ScriptedDevice({ medium: 'ethernet', capabilities: { mac: MAC } })
  const link: LinkFactory = (counted, iface) =>
    new EthernetLink({
      engine: host.engine,
      device: counted,
      mac: MAC,
      limits: host.limits,
      events: iface,
      conflictDetection,
    })
  const states: string[] = []
  host.internet.events.on('addressState', (_, own) => states.push(`${textOf(own.address)} ${own.state}`))
  const iface = host.add(device, options.addresses ?? [], { link, conflictDetection })
  return { host, device, iface, states }
}

describe('an interface', () => {
  it('counts frames and bytes, both ways', () => {
    const { host, device, iface } = hostWithDevice()
    const packet = ip4(PEER4, HOST4, 1, icmp4(8, 0, [0, 0, 0, 0], pattern(10)))
    host.inject(device, packet, packet)
    expect(iface.counters).toMatchObject({ framesIn: 2, bytesIn: 76, framesOut: 2, bytesOut: 76, txFull: 0 })
    device.room = 0
    host.inject(device, packet)
    expect(iface.counters).toMatchObject({ framesOut: 2, txFull: 1 })
  })

  it('flushes the device once a burst, and only when something was sent', () => {
    const { host, device } = hostWithDevice()
    const packet = ip4(PEER4, HOST4, 1, icmp4(8, 0, [0, 0, 0, 0], []))
    host.inject(device, packet, packet, packet)
    expect(device.flushes).toBe(1)
    host.inject(device, ip4(PEER4, HOST4, 1, icmp4(200, 0, [0, 0, 0, 0], [])))
    expect(device.flushes).toBe(1)
  })

  it('enters the engine with the first frame of a burst and leaves at its end', () => {
    const { host, device } = hostWithDevice()
    const tcp = new Recorder(host, 6)
    const bursts = tcp.bursts
    device.sink.onBurstEnd()
    expect(tcp.bursts).toBe(bursts)
    device.deliver(ip4(PEER4, HOST4, 6, pattern(20)))
    device.deliver(ip4(PEER4, HOST4, 6, pattern(20)))
    expect(tcp.bursts).toBe(bursts)
    device.sink.onBurstEnd()
    device.sink.onBurstEnd()
    expect(tcp.bursts).toBe(bursts + 1)
    expect(tcp.packets).toHaveLength(2)
  })

  it('keeps what is thrown behind it from the device, and says so', () => {
    const { host, device, iface } = hostWithDevice()
    host.internet.registerTransport(6, {
      onPacket: () => {
        throw new Error('a bug')
      },
      onIcmpError: () => {},
      onInterfaceDown: () => {},
      onWritable: () => {},
      onBurstEnd: () => false,
    })
    device.inject(ip4(PEER4, HOST4, 6, pattern(20)), ip4(PEER4, HOST4, 1, icmp4(8, 0, [0, 0, 0, 0], [])))
    expect(iface.counters.faults).toBe(1)
    expect(host.faults).toHaveLength(1)
    expect(device.take()).toHaveLength(1)
  })

  it('drops frames of medium ip that are neither version', () => {
    const { host, device } = hostWithDevice()
    host.inject(device, Uint8Array.of(), Uint8Array.of(0x50, 1, 2), Uint8Array.of(0xff))
    expect(host.counters.packetsIn).toBe(0)
  })

  it('passes `writable` on to every transport once', () => {
    const { host, device } = hostWithDevice()
    const recorder = new Recorder(host, 6)
    host.internet.registerTransport(99, recorder)
    device.sink.onWritable()
    expect(recorder.writable).toBe(1)
  })

  it('goes down when its device does: routes, paths, transports and applications hear of it', () => {
    const { host, device, iface } = hostWithDevice({ gateways: [PEER4] })
    const tcp = new Recorder(host, 6)
    const events: unknown[] = []
    host.internet.events.on('interfaceDown', (...args) => events.push(args))
    const error = new Error('unplugged')
    device.sink.onClosed(error)
    device.sink.onClosed(error)
    expect(iface.up).toBe(false)
    expect(tcp.down).toEqual([iface])
    expect(events).toEqual([[iface, error]])
    expect(host.internet.interfaces.map((other) => other.name)).toEqual(['lo'])
    expect(host.internet.routes.size).toBe(0)
    expect(host.internet.isLocal(address(HOST4))).toBe(false)
    expect(host.internet.path(address(PEER4), null)).toBe('ENETUNREACH')
    device.inject(ip4(PEER4, HOST4, 6, pattern(20)))
    expect(iface.counters.droppedDown).toBe(1)
    expect(tcp.packets).toEqual([])
    expect(() => iface.addAddress(requirePrefix('10.0.0.9/24'))).toThrow(
      expect.objectContaining({ code: 'ENETDOWN' }),
    )
  })

  it('closes its device when it is closed, once', async () => {
    const { host, device, iface } = hostWithDevice()
    const events: unknown[] = []
    host.internet.events.on('interfaceDown', (_, error) => events.push(error))
    await iface.close()
    expect([device.closes, iface.up]).toEqual([1, false])
    expect(events).toEqual([null])
  })

  it('has a name of its own', () => {
    const host = new IpHost()
    expect(host.add(new ScriptedDevice(), []).name).toBe('tun0')
    expect(host.add(new ScriptedDevice(), []).name).toBe('tun1')
    expect(() => host.add(new ScriptedDevice(), [], { name: 'lo' })).toThrow(
      expect.objectContaining({ code: 'EADDRINUSE' }),
    )
    expect(host.internet.interfaceNamed('tun1')?.index).toBe(3)
    expect(() => host.add(new ScriptedDevice({ medium: 'ethernet' }), [])).toThrow(/link layer/)
  })

  it('is given a name that nobody has taken', () => {
    const host = new IpHost()
    host.add(new ScriptedDevice(), [], { name: 'tun1' })
    expect(host.add(new ScriptedDevice(), []).name).toBe('tun2')
    expect(host.add(new ScriptedDevice(), []).name).toBe('tun3')
  })

  it('is not there when its device could not be attached, and the device stays open', () => {
    const host = new IpHost()
    const events: string[] = []
    host.internet.events.on('interfaceUp', (iface) => events.push(iface.name))
    host.internet.events.on('interfaceDown', (iface) => events.push(iface.name))
    const device = new ScriptedDevice()
    device.attach = () => {
      throw new Error('attached already')
    }
    expect(() => host.add(device, ['10.0.0.2/24'], { name: 'wan' })).toThrow('attached already')
    expect(host.internet.interfaces).toHaveLength(1)
    expect(device.closes).toBe(0)
    expect(host.add(new ScriptedDevice(), [], { name: 'wan' }).name).toBe('wan')
    expect(events).toEqual(['wan'])
  })

  it('closed in the middle of a burst ends it: the rest of the stack goes on', async () => {
    const { host, device, iface } = hostWithDevice()
    const tcp = new Recorder(host, 6)
    device.deliver(ip4(PEER4, HOST4, 6, pattern(20)))
    const { bursts } = tcp
    await iface.close()
    expect(tcp.bursts).toBe(bursts)
    host.clock.advance(0)
    expect(tcp.bursts).toBeGreaterThan(bursts)
    const other = new ScriptedDevice()
    host.add(other, [`${HOST4}/24`])
    host.inject(other, ip4(PEER4, HOST4, 1, icmp4(8, 0, [0, 0, 0, 0], pattern(10))))
    expect(other.flushes).toBe(1)
  })

  it('is not left behind half-configured', () => {
    const host = new IpHost()
    const device = new ScriptedDevice()
    expect(() => host.add(device, ['10.0.0.2/24', '224.0.0.1/24'])).toThrow(/cannot be the address/)
    expect(host.internet.interfaces).toHaveLength(1)
    expect(host.internet.routes.size).toBe(0)
    expect(device.closes).toBe(1)
  })
})

describe('addresses', () => {
  it.each([
    '224.0.0.1/24',
    '0.0.0.0/0',
    '255.255.255.255/32',
    '240.0.0.1/8',
    '127.0.0.2/8',
    'ff02::1/64',
    '::/0',
    '::1/128',
  ])('%s cannot be one', (text) => {
    const { iface } = hostWithDevice()
    expect(() => iface.addAddress(requirePrefix(text))).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }),
    )
  })

  it('limits.addressesPerInterface holds, and none is there twice', () => {
    const { iface } = hostWithDevice({ limits: { addressesPerInterface: 3 } })
    expect(() => iface.addAddress(requirePrefix(`${HOST4}/24`))).toThrow(
      expect.objectContaining({ code: 'EADDRINUSE' }),
    )
    iface.addAddress(requirePrefix('10.0.0.9/24'))
    expect(() => iface.addAddress(requirePrefix('10.0.0.10/24'))).toThrow(
      expect.objectContaining({ code: 'ENOBUFS' }),
    )
  })

  it('V6-10: IPv6 needs an MTU of 1,280', () => {
    const host = new IpHost()
    expect(() => host.add(new ScriptedDevice({ mtu: 1279 }), ['fd00::2/64'])).toThrow(/1280/)
    expect(() => host.add(new ScriptedDevice({ mtu: 1279 }), [], { linkLocal: true })).toThrow(/1280/)
    const small = host.add(new ScriptedDevice({ mtu: 1279 }), ['10.0.0.2/24'])
    expect(() => small.addAddress(requirePrefix('fd00::2/64'))).toThrow(/1280/)
  })

  it.each([67, 0, -1, Number.NaN])('a device with an MTU of %d is refused', (mtu) => {
    const host = new IpHost()
    expect(() => host.add(new ScriptedDevice({ mtu }), [])).toThrow(/68/)
    expect(host.internet.interfaces).toHaveLength(1)
  })

  it('IP-08: /31 and /32 prefixes have no broadcast', () => {
    const host = new IpHost()
    const device = new ScriptedDevice()
    const iface = host.add(device, ['10.0.0.2/31', '10.1.0.0/32'])
    expect([iface.isBroadcast4(0x0a000003), iface.isBroadcast4(0x0a000002)]).toEqual([false, false])
    expect(iface.isBroadcast4(-1)).toBe(true)
    iface.addAddress(requirePrefix('10.2.0.1/30'))
    expect([0, 1, 2, 3, 4].map((host4) => iface.isBroadcast4(0x0a020000 | host4))).toEqual([
      true,
      false,
      false,
      true,
      false,
    ])
    const path = host.internet.path(address('10.0.0.3'), null)
    expect(typeof path === 'string' ? path : path.onLink).toBe(true)
    expect(host.internet.path(address('10.1.0.1'), null)).toBe('ENETUNREACH')
  })

  it('an address that is removed takes its route with it, unless another needs it', () => {
    const { host, iface } = hostWithDevice()
    const tcp = new Recorder(host, 6)
    iface.addAddress(requirePrefix('10.0.0.9/24'))
    const connected = () => host.internet.routes.list().filter((route) => route.destination.isV4).length
    expect(connected()).toBe(2)
    const [own] = iface.addresses
    expect(own.state).toBe(AddressState.Preferred)
    expect(iface.removeAddress(address(HOST4))).toBe(true)
    expect(own.usable).toBe(false)
    expect(host.internet.isLocal(address(HOST4))).toBe(false)
    expect(tcp.down).toEqual([iface])
    expect(host.internet.path(address(PEER4), null)).not.toBeTypeOf('string')
    iface.removeAddress(address('10.0.0.9'))
    expect(connected()).toBe(0)
    expect(iface.removeAddress(address('10.0.0.9'))).toBe(false)
  })

  it('SL-10, SL-12: link-local addresses are stable, opaque and not made from the MAC', () => {
    const secret = randomSecret(new SeededRandom(1))
    const one = stableLinkLocal(secret, 'eth0', MAC, 0)
    expect(one.isLinkLocal).toBe(true)
    expect(stableLinkLocal(secret, 'eth0', MAC, 0).equals(one)).toBe(true)
    const others = [
      stableLinkLocal(secret, 'eth1', MAC, 0),
      stableLinkLocal(secret, 'eth0', MAC, 1),
      stableLinkLocal(secret, 'eth0', null, 0),
      stableLinkLocal(randomSecret(new SeededRandom(2)), 'eth0', MAC, 0),
    ]
    expect(new Set([one, ...others].map(textOf)).size).toBe(5)
    // An EUI-64 identifier would have ff:fe in its middle.
    expect((one.a2 & 0xff) === 0xff && one.a3 >>> 24 === 0xfe).toBe(false)
  })

  it('ND-06: the solicited-node group of an address', () => {
    expect(textOf(solicitedNode(address('fd00::1234:5678')))).toBe('ff02:0:0:0:0:1:ff34:5678')
  })
})

describe('on Ethernet', () => {
  const frame = (to: number[], from: number[], packet: Uint8Array) =>
    Uint8Array.from([
      ...to,
      ...from,
      packet[0] >> 4 === 4 ? 8 : 0x86,
      packet[0] >> 4 === 4 ? 0 : 0xdd,
      ...packet,
    ])

  const linkLocal = (iface: Interface): IpAddress => iface.addresses[0].address

  it('SL-01: a link-local address is formed first, with its zone, and checked like any other', () => {
    const { host, iface, device, states } = ethernetHost({ addresses: [`${HOST4}/24`, `${HOST6}/64`] })
    expect(iface.addresses.map((own) => textOf(own.address)).slice(1)).toEqual([HOST4, 'fd00:0:0:0:0:0:0:2'])
    expect(linkLocal(iface)).toMatchObject({ isLinkLocal: true, zone: iface.index })
    host.advance(10_000)
    expect(iface.addresses.map((own) => own.state)).toEqual([
      AddressState.Preferred,
      AddressState.Preferred,
      AddressState.Preferred,
    ])
    expect(states).toHaveLength(3)
    const solicits = device.take().filter((bytes) => bytes[12] === 0x86 && bytes[14 + 40] === 135)
    expect(solicits.length).toBeGreaterThanOrEqual(2)
    expect(see6(solicits[0].subarray(14)).source).toBe('0:0:0:0:0:0:0:0')
  })

  it('SL-01: with strict detection an address is used only once it is checked', () => {
    const { host, iface } = ethernetHost({ mode: 'strict', addresses: [`${HOST4}/24`] })
    expect(host.internet.isLocal(address(HOST4))).toBe(false)
    expect(host.internet.path(address(PEER4), null)).toBe('EADDRNOTAVAIL')
    host.advance(15_000)
    expect(iface.addresses.map((own) => own.state)).toEqual([AddressState.Preferred, AddressState.Preferred])
    expect(host.internet.path(address(PEER4), null)).not.toBeTypeOf('string')
  })

  /** An advertisement by whoever has `own` already, as duplicate address detection provokes it. */
  function defend(own: IpAddress, source = 'fe80::9'): Uint8Array {
    const target = ip(textOf(own))
    const message = icmp6(source, 'ff02::1', 136, 0, u32(0x20000000), [...target, 2, 1, ...OTHER_MAC])
    return frame([0x33, 0x33, 0, 0, 0, 1], OTHER_MAC, ip6(source, 'ff02::1', 58, message, { hopLimit: 255 }))
  }

  it('MART-02: neighbour discovery from our own address is let through: it may tell of a conflict', () => {
    const { host, iface, device } = ethernetHost({ addresses: [`${HOST6}/64`] })
    const heard: number[] = []
    iface.link.onNeighbourDiscovery = (packet) => heard.push(packet.src3)
    const own = iface.addresses[1].address
    host.inject(device, defend(own, HOST6))
    expect(heard).toEqual([2])
    const echo = icmp6(HOST6, HOST6, 128, 0, u32(0), [])
    host.inject(device, frame([...MAC], OTHER_MAC, ip6(HOST6, HOST6, 58, echo, { hopLimit: 255 })))
    expect(host.counters.droppedOwnSource).toBe(1)
  })

  it('SL-04: an address that somebody advertises is given up, and its users hear of it', () => {
    const { host, iface, device, states } = ethernetHost({ addresses: [`${HOST6}/64`] })
    const own = iface.addresses[1]
    const tcp = new Recorder(host, 6)
    host.inject(device, defend(own.address))
    expect(own.state).toBe(AddressState.Duplicate)
    expect(host.internet.isLocal(own.address)).toBe(false)
    expect(tcp.down).toEqual([iface])
    expect(states).toEqual([`${textOf(own.address)} ${AddressState.Duplicate}`])
  })

  it('SL-10: a link-local address that is taken is replaced, three times, then given up', () => {
    const { host, iface, device } = ethernetHost()
    const seen = new Set<string>()
    for (let i = 0; i < 3; i++) {
      seen.add(textOf(linkLocal(iface)))
      host.inject(device, defend(linkLocal(iface)))
      expect(iface.addresses).toHaveLength(1)
      expect(linkLocal(iface).isLinkLocal).toBe(true)
    }
    seen.add(textOf(linkLocal(iface)))
    expect(seen.size).toBe(4)
    host.inject(device, defend(linkLocal(iface)))
    expect(iface.addresses[0].state).toBe(AddressState.Duplicate)
    expect(host.internet.path(address('fe80::9'), null)).toBe('ENETUNREACH')
  })

  it('a ping from the link is answered to where the neighbour is', () => {
    const { host, device } = ethernetHost({ mode: 'off', addresses: [`${HOST6}/64`] })
    device.take()
    const echo = icmp6(PEER6, HOST6, 128, 0, [0, 1, 0, 1], [1, 2, 3])
    host.inject(device, frame([...MAC], OTHER_MAC, ip6(PEER6, HOST6, 58, echo)))
    const [solicit] = device.take()
    expect(solicit[14 + 40]).toBe(135)
    const advert = icmp6(PEER6, HOST6, 136, 0, u32(0x60000000), [...ip(PEER6), 2, 1, ...OTHER_MAC])
    host.inject(device, frame([...MAC], OTHER_MAC, ip6(PEER6, HOST6, 58, advert, { hopLimit: 255 })))
    const [reply] = device.take()
    expect([...reply.subarray(0, 6)]).toEqual(OTHER_MAC)
    expect(see6(reply.subarray(14)).payload[0]).toBe(129)
  })

  it('V6-18: a ping between link-local addresses stays on its link', () => {
    const { host, iface, device } = ethernetHost({ mode: 'off' })
    device.take()
    const own = textOf(linkLocal(iface))
    const echo = icmp6('fe80::9', own, 128, 0, [0, 1, 0, 1], [])
    host.inject(device, frame([...MAC], OTHER_MAC, ip6('fe80::9', own, 58, echo)))
    expect(host.icmp.counters.echoRepliesOut).toBe(1)
    expect(device.take()[0][14 + 40]).toBe(135)
  })
})

describe('IPv6 redirects', () => {
  it('ND-04, ND-21: are followed when they come from the first hop in use', () => {
    const { host, iface } = hostWithDevice({ gateways: ['fe80::1'] })
    const path = host.internet.path(address('2001:db8::9'), null)
    if (typeof path === 'string') throw new Error(path)
    const hop = () => textOf((path as unknown as { nextHop: IpAddress }).nextHop)
    const redirects = new Redirects(host.internet, iface)
    const { memory } = host.engine
    const at = memory.allocate(2048)
    const deliver = (from: string, target: string, quote: number[]): boolean => {
      const options = quote.length === 0 ? [] : [4, 1 + quote.length / 8, 0, 0, 0, 0, 0, 0, ...quote]
      const body = [...ip(target), ...ip('2001:db8::9'), ...options]
      const message = icmp6(from, HOST6, 137, 0, u32(0), body)
      memory.copyIn(at, Uint8Array.from(message))
      const packet = new PacketIn()
      const words = address(from)
      packet.src0 = words.a0
      packet.src3 = words.a3
      packet.offset = at
      packet.length = message.length
      return redirects.onRedirect(packet)
    }
    const quote = [...ip6(HOST6, '2001:db8::9', 6, pattern(24))]
    expect(deliver('fe80::66', 'fe80::2', quote)).toBe(false)
    expect(deliver('fe80::1', 'fe80::2', [])).toBe(false)
    expect(hop()).toBe('fe80:0:0:0:0:0:0:1')
    expect(deliver('fe80::1', 'fe80::2', quote)).toBe(true)
    expect(hop()).toBe('fe80:0:0:0:0:0:0:2')
  })
})
