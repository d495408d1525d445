import { describe, expect, it } from 'vitest'
import type { IpAddress } from '../../src/ip/address.ts'
import { requirePrefix } from '../../src/ip/address-text.ts'
import type { Path } from '../../src/ip/network.ts'
import { MIN_MTU_V4, plateauBelow } from '../../src/ip/path-mtu.ts'
import { TransmitResult } from '../../src/link/device.ts'
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
  UdpRecorder,
} from '../support/ip-host.ts'
import { icmp4, ip4, pattern, see4 } from '../support/packets.ts'
import { ScriptedDevice } from '../support/scripted-device.ts'

function pathOf(host: IpHost, remote: string | IpAddress, local: string | null = null): Path {
  const target = typeof remote === 'string' ? address(remote) : remote
  const path = host.internet.path(target, local === null ? null : address(local))
  if (typeof path === 'string') throw new Error(path)
  return path
}

const nextHop = (path: Path) => textOf((path as unknown as { nextHop: IpAddress }).nextHop)

function sendOn(host: IpHost, path: Path): TransmitResult {
  host.internet.descriptor.reset(host.internet.headEnd)
  host.internet.descriptor.prepend(8)
  return host.engine.run(() => host.internet.send(path, 99, { ttl: 64, tos: 0, dontFragment: true }))
}

describe('paths', () => {
  it('IP-19: on the link directly, elsewhere through the gateway', () => {
    const { host } = hostWithDevice({ gateways: [PEER4, PEER6] })
    expect(nextHop(pathOf(host, '10.0.0.77'))).toBe('10.0.0.77')
    expect(pathOf(host, '10.0.0.77').onLink).toBe(true)
    expect(nextHop(pathOf(host, '8.8.8.8'))).toBe(PEER4)
    expect(pathOf(host, '8.8.8.8').onLink).toBe(false)
    expect(nextHop(pathOf(host, '2001:db8::1'))).toBe('fd00:0:0:0:0:0:0:1')
  })

  it('ND-16: without a route there is no way; nothing is assumed to be on the link', () => {
    const { host } = hostWithDevice()
    expect(host.internet.path(address('8.8.8.8'), null)).toBe('ENETUNREACH')
    expect(host.internet.path(address('2001:db8::1'), null)).toBe('ENETUNREACH')
  })

  it('the same way is one object, with its figures', () => {
    const { host } = hostWithDevice()
    const path = pathOf(host, PEER4)
    expect(pathOf(host, PEER4)).toBe(path)
    expect(pathOf(host, PEER4, HOST4)).toBe(path)
    expect(path).toMatchObject({ mtu: 1500, headerLength: 20, maxSuperPayload: 0 })
    expect(path.pseudoSum).toBe(0x0a00 + 1 + 0x0a00 + 2)
    expect(pathOf(host, PEER6).headerLength).toBe(40)
  })

  it('SEL-04: a source that is not ours, or of the other version, is refused', () => {
    const { host } = hostWithDevice()
    expect(host.internet.path(address(PEER4), address('10.0.0.3'))).toBe('EADDRNOTAVAIL')
    expect(host.internet.path(address(PEER4), address(HOST6))).toBe('EAFNOSUPPORT')
  })

  it.each(['240.0.0.1', '0.1.2.3'])('MART-01: there is no way to %s', (to) => {
    const { host } = hostWithDevice({ gateways: [PEER4] })
    expect(host.internet.path(address(to), null)).toBe('ENETUNREACH')
  })

  it('IP-25, IP-07: own addresses, 127/8 and the unspecified address are reached inside', () => {
    const { host, device } = hostWithDevice()
    new Recorder(host, 99)
    for (const [to, source] of [
      [HOST4, HOST4],
      ['127.0.0.1', '127.0.0.1'],
      ['127.9.9.9', '127.0.0.1'],
      ['0.0.0.0', '127.0.0.1'],
      ['::1', '0:0:0:0:0:0:0:1'],
      ['::', '0:0:0:0:0:0:0:1'],
      [HOST6, 'fd00:0:0:0:0:0:0:2'],
    ]) {
      const path = pathOf(host, to)
      expect([path.iface.name, textOf(path.local)]).toEqual(['lo', source])
      expect(sendOn(host, path)).toBe(TransmitResult.Sent)
    }
    expect(device.take()).toEqual([])
    expect(host.counters.loopedBack).toBe(7)
  })

  it('IP-23: strong host model: packets leave by the interface that has their source', () => {
    const host = new IpHost()
    const devices = [new ScriptedDevice(), new ScriptedDevice()]
    host.add(devices[0], ['10.0.0.2/24'], { gateways: [address('10.0.0.1')] })
    host.add(devices[1], ['10.1.0.2/24'], { gateways: [address('10.1.0.1')] })
    expect(nextHop(pathOf(host, '8.8.8.8'))).toBe('10.0.0.1')
    expect(nextHop(pathOf(host, '8.8.8.8', '10.1.0.2'))).toBe('10.1.0.1')
    expect(host.internet.path(address('10.0.0.9'), address('127.0.0.1'))).toBe('ENETUNREACH')
    // And comes in only by the interface that has its destination.
    host.inject(devices[0], Uint8Array.from([0x45, 0]))
    expect(host.internet.interfaceAt(3)?.owns4(0x0a010002)).toBe(true)
    expect(host.internet.interfaceAt(2)?.owns4(0x0a010002)).toBe(false)
  })

  it('R1191-01, R1191-03: a path MTU only shrinks, not below the floor, and is forgotten after ten minutes', () => {
    const { host } = hostWithDevice()
    const path = pathOf(host, PEER4)
    path.reduceMtu(9000)
    expect(path.mtu).toBe(1500)
    path.reduceMtu(1200)
    path.reduceMtu(1300)
    expect(path.mtu).toBe(1200)
    host.advance(599_000)
    sendOn(host, path)
    expect(path.mtu).toBe(1200)
    host.advance(1000)
    host.engine.run(() => {})
    expect(path.mtu).toBe(1500)
    expect(host.counters).toMatchObject({ pathMtuReduced: 1, pathMtuIgnored: 2 })
  })

  it('R1191-01: below the floor packets go out without DF instead', () => {
    const { host, device } = hostWithDevice()
    const path = pathOf(host, PEER4)
    path.reduceMtu(20)
    expect(path.mtu).toBe(MIN_MTU_V4)
    sendOn(host, path)
    expect(see4(device.take()[0]).df).toBe(false)
  })

  it('R1191-02: plateaus', () => {
    expect([1500, 1492, 65_535, 68, 20].map(plateauBelow)).toEqual([1492, 1006, 32_000, 68, 68])
  })

  it('EXH-01: limits.paths holds; evicted paths go on working', () => {
    const { host, device } = hostWithDevice({ limits: { paths: 16 }, gateways: [PEER4] })
    const first = pathOf(host, '8.0.0.1')
    for (let i = 0; i < 1000; i++) {
      pathOf(host, '8.0.0.2')
      host.internet.path(address(`9.0.${i >> 8}.${i & 255}`), null)
    }
    expect(host.internet.router.paths.size).toBe(16)
    expect(host.counters.pathsEvicted).toBe(1002 - 16)
    // The one in use all along is still there; the first is not, but its holder can send.
    expect(pathOf(host, '8.0.0.1')).not.toBe(first)
    expect([...host.internet.router.paths.all()].some((path) => textOf(path.remote) === '8.0.0.2')).toBe(true)
    expect(sendOn(host, first)).toBe(TransmitResult.Sent)
    expect(device.take()).toHaveLength(1)
  })

  it('a path finds its new way when routes change, and refuses when there is none', () => {
    const { host, device, iface } = hostWithDevice({ gateways: [PEER4] })
    const path = pathOf(host, '8.8.8.8')
    const { destination, prefixLength } = { destination: address('8.8.0.0'), prefixLength: 16 }
    const gateway = address('10.0.0.9')
    const route = host.internet.addRoute({ address: destination, length: prefixLength }, { iface, gateway })
    sendOn(host, path)
    expect(nextHop(path)).toBe('10.0.0.9')
    expect(host.internet.removeRoute(route)).toBe(true)
    expect(host.internet.removeRoute(route)).toBe(false)
    sendOn(host, path)
    expect(nextHop(path)).toBe(PEER4)
    device.take()
    device.sink.onClosed(new Error('unplugged'))
    expect(sendOn(host, path)).toBe(TransmitResult.Refused)
    expect(host.counters.outNoRoute).toBe(1)
  })

  it('a path that is asked for again and again is refused as soon as its way or its source is gone', () => {
    const { host, device, iface } = hostWithDevice({ gateways: [PEER4] })
    const path = pathOf(host, '8.8.8.8', HOST4)
    expect(pathOf(host, '8.8.8.8', HOST4)).toBe(path)
    expect(host.internet.path(address('8.8.8.8'), address('10.0.0.3'))).toBe('EADDRNOTAVAIL')
    expect(pathOf(host, '8.8.8.8', HOST4)).toBe(path)
    const gateway = address('10.0.0.9')
    const prefix = { address: address('8.8.0.0'), length: 16 }
    host.internet.addRoute(prefix, { iface, gateway })
    expect(pathOf(host, '8.8.8.8', HOST4)).toBe(path)
    sendOn(host, path)
    expect(nextHop(path)).toBe('10.0.0.9')
    device.sink.onClosed(new Error('unplugged'))
    expect(host.internet.path(address('8.8.8.8'), address(HOST4))).toBe('EADDRNOTAVAIL')
  })

  it('a path moves to the interface that has its source now', () => {
    const { host, iface } = hostWithDevice()
    const path = pathOf(host, PEER4)
    path.reduceMtu(600)
    const second = new ScriptedDevice()
    iface.removeAddress(address(HOST4))
    expect(sendOn(host, path)).toBe(TransmitResult.Refused)
    host.add(second, [`${HOST4}/24`])
    expect(sendOn(host, path)).toBe(TransmitResult.Sent)
    expect(second.take()).toHaveLength(1)
    expect(path).toMatchObject({ mtu: 1500 })
    expect(path.iface.index).toBe(3)
    expect(pathOf(host, PEER4)).toBe(path)
  })

  it('a gateway has to be on the link', () => {
    const host = new IpHost()
    const device = new ScriptedDevice({ medium: 'ethernet' })
    const link = () => quietLink
    const iface = host.add(device, ['10.0.0.2/24'], { link, linkLocal: false })
    const add = (gateway: string) =>
      host.internet.addRoute(requirePrefix('0.0.0.0/0'), { iface, gateway: address(gateway) })
    expect(() => add('10.0.1.1')).toThrow(/not on a prefix/)
    expect(() => add('10.0.0.2')).toThrow(/not on a prefix/)
    expect(add('10.0.0.1').metric).toBe(0)
    const v6 = requirePrefix('::/0')
    expect(host.internet.addRoute(v6, { iface, gateway: address('fe80::1') }).prefixLength).toBe(0)
  })

  it('V6-18: a link-local address without zone is ambiguous on two links', () => {
    const host = new IpHost()
    const link = () => quietLink
    const ethernet = () => new ScriptedDevice({ medium: 'ethernet' })
    const one = host.add(ethernet(), [], { link })
    expect(pathOf(host, 'fe80::9').iface).toBe(one)
    const two = host.add(ethernet(), [], { link })
    expect(host.internet.path(address('fe80::9'), null)).toBe('EINVAL')
    expect(pathOf(host, address('fe80::9').withZone(two.index)).iface).toBe(two)
    const source = one.addresses[0].address
    const path = host.internet.path(address('fe80::9'), source)
    expect(typeof path === 'string' ? path : path.iface).toBe(one)
    expect(host.internet.path(address('fe80::9').withZone(99), null)).toBe('ENETUNREACH')
  })

  it('groups leave by the interface of the default route, else by the first that speaks their version', () => {
    const host = new IpHost()
    const two = host.add(new ScriptedDevice(), ['fd00::2/64'])
    const three = host.add(new ScriptedDevice(), ['10.0.0.2/24'])
    const four = host.add(new ScriptedDevice(), ['10.1.0.2/24', 'fd01::2/64'])
    const ifaceTo = (group: string, local: string | null = null) => pathOf(host, group, local).iface
    expect([ifaceTo('ff15::9'), ifaceTo('239.1.2.3'), ifaceTo('255.255.255.255')]).toEqual([
      two,
      three,
      three,
    ])
    expect(pathOf(host, address('ff15::9').withZone(four.index)).iface).toBe(four)
    expect(ifaceTo('239.1.2.3', '10.1.0.2')).toBe(four)
    host.internet.addRoute(requirePrefix('0.0.0.0/0'), { iface: four, gateway: address('10.1.0.1') })
    expect([ifaceTo('ff15::9'), ifaceTo('239.1.2.3')]).toEqual([two, four])
    expect(pathOf(host, '239.1.2.3')).toMatchObject({ multicast: true, onLink: true })
  })

  it('hints go to the link, forward progress at most once a second', () => {
    const { host, iface } = hostWithDevice()
    const told: string[] = []
    iface.link.confirm = () => told.push('confirm')
    iface.link.suspect = () => told.push('suspect')
    const path = pathOf(host, PEER4)
    for (let i = 0; i < 100; i++) path.confirm()
    expect(told).toEqual(['confirm'])
    host.advance(1000)
    host.engine.run(() => path.confirm())
    path.suspect()
    path.confirm()
    expect(told).toEqual(['confirm', 'confirm', 'suspect', 'confirm'])
  })

  it.each([0, 1, 5, 6, 7, 11, 12])(
    'IP-22: unreachable, code %i, is told but proves no gateway dead',
    (code) => {
      const { host, device } = hostWithDevice({ gateways: ['10.0.0.1', '10.0.0.3'] })
      const app = new UdpRecorder()
      const socket = host.udp.bind({ port: 7 }, app)
      socket.connect(address('8.8.8.8'), 9)
      for (let i = 0; i < 20; i++) {
        socket.send(pattern(1))
        const [sent] = device.take()
        host.inject(device, ip4('10.0.0.1', HOST4, 1, icmp4(3, code, [0, 0, 0, 0], sent.subarray(0, 28))))
        expect(nextHop(pathOf(host, '8.8.8.8'))).toBe('10.0.0.1')
        expect(nextHop(pathOf(host, '9.9.9.9'))).toBe('10.0.0.1')
      }
      expect(app.errors).toHaveLength(20)
    },
  )

  it('IP-20, IP-21: when the gateway does not answer, the second one stands in, and no error is told', () => {
    const { host, device, iface } = hostWithDevice({ gateways: ['10.0.0.1', '10.0.0.254'] })
    const tcp = new Recorder(host, 99)
    const path = pathOf(host, '8.8.8.8')
    sendOn(host, path)
    const [packet] = device.take()
    const { memory } = host.engine
    const block = memory.allocate(2048)
    memory.copyIn(block, packet)
    const fail = (gateway: string) =>
      host.engine.run(() => iface.onUnresolved(block, packet.length, address(gateway)))
    fail('10.0.0.1')
    expect(tcp.errors).toEqual([])
    sendOn(host, path)
    expect(nextHop(path)).toBe('10.0.0.254')
    // With both dead there is somebody to tell.
    fail('10.0.0.254')
    expect(tcp.errors).toHaveLength(1)
    expect(tcp.errors[0].locallyGenerated).toBe(true)
    // After a rest the first is tried again for new destinations.
    host.advance(61_000)
    host.engine.run(() => {})
    expect(nextHop(pathOf(host, '9.9.9.9'))).toBe('10.0.0.1')
  })
})

it('ND-16: gateways that are all dead are tried in turn', () => {
  const { host, device, iface } = hostWithDevice({ gateways: ['10.0.0.11', '10.0.0.12', '10.0.0.13'] })
  const path = pathOf(host, '8.8.8.8')
  sendOn(host, path)
  const [packet] = device.take()
  const block = host.engine.memory.allocate(2048)
  host.engine.memory.copyIn(block, packet)
  const tried: string[] = []
  for (let i = 0; i < 9; i++) {
    sendOn(host, path)
    tried.push(nextHop(path))
    host.engine.run(() => iface.onUnresolved(block, packet.length, address(nextHop(path))))
    host.advance(3000)
  }
  expect(tried.map((text) => text.slice(-1)).join('')).toBe('123123123')
})

/** A link layer that does nothing. */
const quietLink = {
  headerLength: 14,
  onFrame: () => {},
  send: () => TransmitResult.Sent,
  onNeighbourDiscovery: () => {},
  confirm: () => {},
  suspect: () => {},
  addAddress: (own: { state: number }) => {
    own.state = 2
  },
  removeAddress: () => {},
  join: () => {},
  leave: () => {},
  close: () => {},
}
