import { describe, expect, it } from 'vitest'
import {
  address,
  HOST4,
  HOST6,
  hostWithDevice,
  PEER4,
  PEER6,
  textOf,
  UdpRecorder,
} from '../support/ip-host.ts'
import { icmp4, icmp6, ip4, ip6, pattern, see4, u32 } from '../support/packets.ts'
import { in4, withSocket } from './support.ts'

describe('connected sockets', () => {
  function connected(target = PEER4) {
    const setup = withSocket()
    setup.socket.connect(address(target), 9)
    setup.socket.send(pattern(10))
    const [sent] = setup.device.take()
    return { ...setup, sent }
  }

  it('receive from their peer only, and send to it', () => {
    const { host, device, app, socket, sent } = connected()
    expect(see4(sent).destination).toBe(PEER4)
    expect(textOf(socket.localAddress)).toBe(HOST4)
    host.inject(device, in4(7, [1], HOST4, PEER4, 9), in4(7, [2], HOST4, PEER4, 8))
    expect(app.messages.map((m) => m.bytes[0])).toEqual([1])
    socket.disconnect()
    host.inject(device, in4(7, [3], HOST4, PEER4, 8))
    expect(app.messages.map((m) => m.bytes[0])).toEqual([1, 3])
  })

  it.each([
    [3, 3, 'ECONNREFUSED'],
    [3, 1, 'EHOSTUNREACH'],
    [3, 0, 'ENETUNREACH'],
    [3, 13, 'EHOSTUNREACH'],
  ])('UDP-04: type %i code %i is reported as %s', (type, code, errno) => {
    const { host, device, app, sent } = connected()
    host.inject(device, ip4(PEER4, HOST4, 1, icmp4(type, code, u32(0), sent.subarray(0, 28))))
    expect(app.errors).toEqual([errno])
  })

  it('UDP-04: the same over IPv6', () => {
    const { host, device, app, sent } = connected(PEER6)
    host.inject(device, ip6(PEER6, HOST6, 58, icmp6(PEER6, HOST6, 1, 4, u32(0), sent)))
    expect(app.errors).toEqual(['ECONNREFUSED'])
  })

  it('UDP-04: through loopback, where nobody listens', () => {
    const { host } = hostWithDevice()
    const app = new UdpRecorder()
    const socket = host.udp.bind({}, app)
    socket.connect(address('127.0.0.1'), 9)
    socket.send(pattern(1))
    expect(app.errors).toEqual(['ECONNREFUSED'])
  })

  it('errors about other ports, and those for sockets that are not connected, are not reported', () => {
    const { host, device, app, socket, sent } = connected()
    const forged = sent.slice(0, 28)
    forged[22] ^= 1
    host.inject(device, ip4(PEER4, HOST4, 1, icmp4(3, 3, u32(0), forged)))
    forged[20] ^= 1
    host.inject(device, ip4(PEER4, HOST4, 1, icmp4(3, 3, u32(0), forged)))
    expect(app.errors).toEqual([])
    expect(host.udp.counters.errorsUnmatched).toBe(2)
    socket.disconnect()
    host.inject(device, ip4(PEER4, HOST4, 1, icmp4(3, 3, u32(0), sent.subarray(0, 28))))
    expect(app.errors).toEqual([])
    expect(host.udp.counters).toMatchObject({ errorsUnmatched: 2, errorsIn: 3 })
  })

  it('a parameter problem is only a hint', () => {
    const { host, device, app, sent } = connected()
    host.inject(device, ip4(PEER4, HOST4, 1, icmp4(12, 0, u32(0), sent.subarray(0, 28))))
    expect(app.errors).toEqual([])
  })

  it('FRG-09: with DF a smaller path MTU is reported as EMSGSIZE, without it nobody need know', () => {
    const { host, device, app, socket, sent } = connected()
    const tooBig = (mtu: number[]) => ip4(PEER4, HOST4, 1, icmp4(3, 4, [0, 0, ...mtu], sent.subarray(0, 28)))
    host.inject(device, tooBig([5, 0]))
    expect(app.errors).toEqual([])
    socket.dontFragment = true
    host.inject(device, tooBig([4, 0]))
    expect(app.errors).toEqual(['EMSGSIZE'])
    socket.disconnect()
    host.inject(device, tooBig([3, 0]))
    expect(app.errors).toEqual(['EMSGSIZE'])
  })

  it('IC6-12, R8201-02: Packet Too Big makes the next one fit; one that quotes no socket of ours does not', () => {
    const { host, device, socket, sent } = connected(PEER6)
    const tooBig = (quote: Uint8Array) =>
      ip6('fd00::9', HOST6, 58, icmp6('fd00::9', HOST6, 2, 0, [0, 0, 0x05, 0x00], quote))
    const forged = sent.slice()
    forged[41] ^= 1
    host.inject(device, tooBig(forged))
    socket.send(pattern(1400))
    expect(device.take()).toHaveLength(1)
    host.inject(device, tooBig(sent))
    socket.send(pattern(1400))
    expect(device.take().map((frame) => frame.length)).toEqual([1280, 224])
  })

  it('R1191-02: a router that does not tell its MTU is guessed at', () => {
    const { host, device, socket } = connected()
    socket.dontFragment = true
    socket.send(pattern(1472))
    const [sent] = device.take()
    host.inject(device, ip4('10.0.0.254', HOST4, 1, icmp4(3, 4, u32(0), sent.subarray(0, 28))))
    expect(() => socket.send(pattern(1472))).toThrow(expect.objectContaining({ code: 'EMSGSIZE' }))
    expect(socket.send(pattern(1492 - 28))).toBe(true)
  })

  it('hear of it when their address or interface goes away', () => {
    const { device, app } = connected()
    device.sink.onClosed(new Error('unplugged'))
    expect(app.errors).toEqual(['ENETDOWN'])
  })
})
