import { describe, expect, it } from 'vitest'
import { TransmitResult } from '../../src/link/device.ts'
import { address, HOST6, hostWithDevice, PEER6, UdpRecorder } from '../support/ip-host.ts'
import { addressText, hasGoodChecksum, ip, pattern, see6 } from '../support/packets.ts'

const full = (text: string): string => addressText(Uint8Array.from(ip(text)))

describe('IPv6 out', () => {
  it('V6F-01, V6F-02: a long datagram goes out in fragments under one unpredictable identification', () => {
    const { host, device } = hostWithDevice()
    const socket = host.udp.bind({}, new UdpRecorder())
    const payload = pattern(5000)
    socket.send(payload, { address: address(PEER6), port: 7 })
    socket.send(payload, { address: address('fd00::9'), port: 7 })
    const parts = device.take().map(see6)
    expect(parts.every((part) => part.nextHeader === 44)).toBe(true)
    const first = parts.filter((part) => part.destination === full(PEER6))
    const view = (part: (typeof parts)[0]) => new DataView(part.payload.buffer, part.payload.byteOffset)
    expect(first.map((part) => view(part).getUint16(2))).toEqual([0 | 1, 1448 | 1, 2896 | 1, 4344])
    expect(first.every((part) => part.payload[0] === 17)).toBe(true)
    const ids = parts.map((part) => view(part).getUint32(4))
    expect(new Set(ids).size).toBe(2)
    expect(Math.abs(ids[0] - ids[ids.length - 1])).toBeGreaterThan(1)
    const whole = Uint8Array.from(first.flatMap((part) => [...part.payload.subarray(8)]))
    expect(hasGoodChecksum(HOST6, PEER6, 17, whole)).toBe(true)
    expect(whole.subarray(8)).toEqual(payload)
  })

  it('V6F-03, R8201-01: a claim below 1,280 is discarded, and no atomic fragment is made', () => {
    const { host, device } = hostWithDevice()
    const path = host.internet.path(address(PEER6), null)
    if (typeof path === 'string') throw new Error(path)
    path.reduceMtu(1000)
    expect(path.mtu).toBe(1500)
    path.reduceMtu(1280)
    expect(path.mtu).toBe(1280)
    const socket = host.udp.bind({}, new UdpRecorder())
    socket.send(pattern(1232), { address: address(PEER6), port: 7 })
    expect(see6(device.take()[0]).nextHeader).toBe(17)
    socket.send(pattern(1233), { address: address(PEER6), port: 7 })
    expect(device.take().map((frame) => frame.length)).toEqual([1280, 57])
  })

  it('V6-15: one flow label per 5-tuple, never 0', () => {
    const { host, device } = hostWithDevice()
    const one = host.udp.bind({}, new UdpRecorder())
    const other = host.udp.bind({}, new UdpRecorder())
    for (const socket of [one, one, other])
      socket.send([1] as unknown as Uint8Array, { address: address(PEER6), port: 7 })
    const [a, b, c] = device.take().map((frame) => see6(frame).flowLabel)
    expect(a).toBe(b)
    expect(a).not.toBe(c)
    expect(a).toBeGreaterThan(0)
  })

  it('traffic class and hop limit are the socket’s', () => {
    const { host, device } = hostWithDevice()
    const socket = host.udp.bind({}, new UdpRecorder())
    socket.ttl = 3
    socket.tos = 0xb9
    socket.send(pattern(1), { address: address(PEER6), port: 7 })
    expect(see6(device.take()[0])).toMatchObject({ hopLimit: 3, trafficClass: 0xb9 })
  })

  it('a full device refuses the first fragment and nothing has happened; later ones are lost', () => {
    const { host, device } = hostWithDevice()
    const socket = host.udp.bind({}, new UdpRecorder())
    const before = host.engine.memory.allocated
    const send = () => socket.send(pattern(3000), { address: address(PEER6), port: 7 })
    device.room = 0
    expect(send()).toBe(false)
    device.room = 1
    expect(send()).toBe(true)
    expect(host.counters).toMatchObject({ outFragmentsLost: 1, fragmentsOut: 1 })
    expect(host.engine.memory.allocated).toBe(before)
  })

  it('what is longer than a packet can be is refused', () => {
    const { host } = hostWithDevice()
    const path = host.internet.path(address(PEER6), null)
    if (typeof path === 'string') throw new Error(path)
    const { descriptor, headEnd, memory } = host.internet
    descriptor.reset(headEnd)
    descriptor.payloadOffset = memory.allocate(70_000)
    descriptor.payloadLength = 65_536
    const options = { ttl: 64, tos: 0, dontFragment: false }
    expect(host.engine.run(() => host.internet.send(path, 99, options))).toBe(TransmitResult.Refused)
    expect(host.counters.outTooBig).toBe(1)
  })
})
