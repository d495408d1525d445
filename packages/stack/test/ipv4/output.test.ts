import { describe, expect, it } from 'vitest'
import { IpAddress } from '../../src/ip/address.ts'
import type { Path } from '../../src/ip/network.ts'
import { Gso, TransmitResult } from '../../src/link/device.ts'
import { address, HOST4, hostWithDevice, type IpHost, PEER4, UdpRecorder } from '../support/ip-host.ts'
import { pattern, see4 } from '../support/packets.ts'

function pathTo(host: IpHost, text: string): Path {
  const path = host.internet.path(address(text), null)
  if (typeof path === 'string') throw new Error(path)
  return path
}

/** Sends `length` payload bytes under protocol 99. */
function send(host: IpHost, path: Path, length: number, options = {}): TransmitResult {
  const { descriptor, headEnd, memory } = host.internet
  const block = memory.allocate(Math.max(1, length))
  memory.copyIn(block, pattern(length))
  descriptor.reset(headEnd)
  descriptor.payloadOffset = block
  descriptor.payloadLength = length
  const result = host.engine.run(() =>
    host.internet.send(path, 99, { ttl: 64, tos: 0, dontFragment: false, ...options }),
  )
  memory.free(block)
  return result
}

describe('IPv4 out', () => {
  it('IP-04, IP-13, IP-14: source, TTL and TOS are what was asked for', () => {
    const { host, device } = hostWithDevice()
    send(host, pathTo(host, PEER4), 10, { ttl: 9, tos: 0xb8 })
    expect(see4(device.take()[0])).toMatchObject({
      source: HOST4,
      destination: PEER4,
      ttl: 9,
      tos: 0xb8,
      protocol: 99,
    })
  })

  it('ID-01: with DF set the identification is 0, and the packet atomic', () => {
    const { host, device } = hostWithDevice()
    send(host, pathTo(host, PEER4), 10, { dontFragment: true })
    expect(see4(device.take()[0])).toMatchObject({ df: true, id: 0, more: false, fragmentOffset: 0 })
  })

  it('ID-02, ID-03: packets that may be fragmented have identifications of their own, each used once', () => {
    const { host, device } = hostWithDevice()
    const path = pathTo(host, PEER4)
    for (let i = 0; i < 200; i++) send(host, path, 10)
    const ids = device.take().map((packet) => see4(packet).id)
    expect(new Set(ids).size).toBe(200)
  })

  it('ID-02: when a path has used its identifications, packets go out atomic until two minutes have passed', () => {
    const { host, device } = hostWithDevice()
    const path = pathTo(host, PEER4)
    const seen = new Set<number>()
    let atomic = 0
    for (let i = 0; i < 33_000; i++) {
      send(host, path, 1)
      const { df, id } = see4(device.take()[0])
      if (df) atomic++
      else {
        expect(seen.has(id)).toBe(false)
        seen.add(id)
      }
    }
    expect(atomic).toBeGreaterThan(0)
    // What cannot be atomic is refused.
    expect(send(host, path, 3000)).toBe(TransmitResult.Refused)
    expect(host.counters.outIdsExhausted).toBe(1)
    host.advance(120_000)
    // The next two minutes have the other half: none comes back in less than its lifetime.
    for (let i = 0; i < 1000; i++) {
      send(host, path, 1)
      const { df, id } = see4(device.take()[0])
      expect(df).toBe(false)
      expect(seen.has(id)).toBe(false)
    }
  })

  it('ID-04: identifications to two hosts are unrelated', () => {
    const { host, device } = hostWithDevice()
    send(host, pathTo(host, '10.0.0.8'), 10)
    send(host, pathTo(host, '10.0.0.9'), 10)
    const [a, b] = device.take().map((packet) => see4(packet).id)
    expect(Math.abs(a - b)).toBeGreaterThan(1)
  })

  it('FRG-09: what is too long is cut at multiples of 8, all parts but the last marked', () => {
    const { host, device } = hostWithDevice()
    expect(send(host, pathTo(host, PEER4), 3000)).toBe(TransmitResult.Sent)
    const parts = device.take().map(see4)
    expect(parts.map((part) => [part.fragmentOffset, part.payload.length, part.more])).toEqual([
      [0, 1480, true],
      [1480, 1480, true],
      [2960, 40, false],
    ])
    expect(Uint8Array.from(parts.flatMap((part) => [...part.payload]))).toEqual(pattern(3000))
    expect(new Set(parts.map((part) => part.id)).size).toBe(1)
    expect(host.counters).toMatchObject({ fragmentsOut: 3, fragmentedOut: 1 })
  })

  it('FRG-09: with DF nothing is cut', () => {
    const { host, device } = hostWithDevice()
    expect(send(host, pathTo(host, PEER4), 3000, { dontFragment: true })).toBe(TransmitResult.Refused)
    expect(device.take()).toEqual([])
    expect(host.counters.outTooBig).toBe(1)
  })

  it('FRG-09: no packet is longer than 65,535 bytes', () => {
    const { host } = hostWithDevice()
    expect(send(host, pathTo(host, PEER4), 65_515)).toBe(TransmitResult.Sent)
    expect(send(host, pathTo(host, PEER4), 65_516)).toBe(TransmitResult.Refused)
  })

  it('a full device refuses the first fragment and nothing has happened; later ones are lost', () => {
    const { host, device } = hostWithDevice()
    const before = host.engine.memory.allocated
    device.room = 0
    expect(send(host, pathTo(host, PEER4), 3000)).toBe(TransmitResult.Full)
    device.room = 1
    expect(send(host, pathTo(host, PEER4), 3000)).toBe(TransmitResult.Sent)
    expect(host.counters.outFragmentsLost).toBe(1)
    expect(host.engine.memory.allocated).toBe(before)
  })

  it('a super-frame passes whole, in one descriptor', () => {
    const { host, device } = hostWithDevice({
      device: { capabilities: { txChecksum: true, tso4: true, maxSuperFrame: 65_549 } },
    })
    const path = pathTo(host, PEER4)
    expect(path.maxSuperPayload).toBe(65_515)
    expect(path.iface.txChecksum).toBe(true)
    const { descriptor, headEnd, memory } = host.internet
    const block = memory.allocate(20_000)
    descriptor.reset(headEnd)
    descriptor.payloadOffset = block
    descriptor.payloadLength = 20_000
    descriptor.prepend(20)
    descriptor.checksumStart = 0
    descriptor.checksumOffset = 16
    descriptor.gso = Gso.TcpV4
    descriptor.gsoSize = 1460
    host.engine.run(() => host.internet.send(path, 6, { ttl: 64, tos: 0, dontFragment: true }))
    const [frame] = device.sent
    expect(frame).toMatchObject({ checksumStart: 20, checksumOffset: 16, gsoSize: 1460 })
    expect(see4(frame.bytes).payload.length).toBe(20_020)
  })

  it('UDP-01: a checksum left to the device is completed before a datagram is cut', () => {
    const { host, device } = hostWithDevice({ device: { capabilities: { txChecksum: true } } })
    const socket = host.udp.bind({}, new UdpRecorder())
    socket.send(pattern(3000), { address: address(PEER4), port: 7 })
    const parts = device.sent.splice(0)
    expect(parts.every((part) => part.checksumStart === -1)).toBe(true)
    const whole = Uint8Array.from(parts.flatMap((part) => [...see4(part.bytes).payload]))
    const pseudo = [10, 0, 0, 2, 10, 0, 0, 1, 0, 17, whole.length >> 8, whole.length & 255]
    let sum = 0
    for (const bytes of [pseudo, whole]) {
      for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i] << 8) | (bytes[i + 1] ?? 0)
    }
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
    expect(sum).toBe(0xffff)
  })

  it('IP-11: a directed broadcast goes to the link’s broadcast', () => {
    const { host } = hostWithDevice()
    const path = host.internet.path(IpAddress.v4(0x0a0000ff), null)
    expect(path).toMatchObject({ broadcast: true, onLink: true })
    expect((path as unknown as { nextHop: IpAddress }).nextHop.isLimitedBroadcast).toBe(true)
  })
})
