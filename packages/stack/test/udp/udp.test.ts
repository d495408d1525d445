import { describe, expect, it } from 'vitest'
import { RxChecksum } from '../../src/link/device.ts'
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
import { hasGoodChecksum, ip4, ip6, pattern, see4, see6, udp } from '../support/packets.ts'
import { in4, in6, withSocket } from './support.ts'

describe('datagrams in', () => {
  it('UDP-05, UDP-06: are handed over with addresses, ports, TTL and TOS', () => {
    const { host, device, app } = withSocket()
    const packet = ip4(PEER4, HOST4, 17, udp(PEER4, HOST4, 4321, 7, [1, 2]), { ttl: 9, tos: 0x10 })
    host.inject(device, packet)
    const { message, bytes } = app.messages[0]
    expect([...bytes]).toEqual([1, 2])
    expect(message).toMatchObject({ remotePort: 4321, ttl: 9, tos: 0x10, length: 2 })
    expect([textOf(message.remoteAddress), textOf(message.localAddress)]).toEqual([PEER4, HOST4])
  })

  it('UDP-05: a reply may choose the address the request went to', () => {
    const { host, device, app, socket, iface } = withSocket()
    iface.addAddress({ address: address('10.0.0.77'), length: 24 })
    host.inject(device, in4(7, [1], '10.0.0.77'))
    const { message } = app.messages[0]
    const { remoteAddress, remotePort, localAddress } = message
    socket.send(pattern(1), { address: remoteAddress, port: remotePort, localAddress })
    expect(see4(device.take()[0])).toMatchObject({ source: '10.0.0.77', destination: PEER4 })
  })

  it('applications hear of them at the end of the burst, in order', () => {
    const { device, app } = withSocket()
    device.deliver(in4(7, [1]))
    device.deliver(in6(7, [2]))
    expect(app.messages).toEqual([])
    device.sink.onBurstEnd()
    expect(app.messages.map((m) => m.bytes[0])).toEqual([1, 2])
  })

  it('UDP-01: a wrong checksum is dropped, none is fine in IPv4', () => {
    const { host, device, app } = withSocket()
    host.inject(device, ip4(PEER4, HOST4, 17, udp(PEER4, HOST4, 5, 7, [1], { checksum: 0x1234 })))
    expect(host.udp.counters.droppedChecksum).toBe(1)
    host.inject(device, ip4(PEER4, HOST4, 17, udp(PEER4, HOST4, 5, 7, [2], { checksum: 0 })))
    expect(app.messages.map((m) => m.bytes[0])).toEqual([2])
    expect(device.take()).toEqual([])
  })

  it('V6-12: none is not fine in IPv6', () => {
    const { host, device, app } = withSocket()
    host.inject(device, ip6(PEER6, HOST6, 17, udp(PEER6, HOST6, 5, 7, [2], { checksum: 0 })))
    expect(app.messages).toEqual([])
    expect(host.udp.counters.droppedNoChecksum).toBe(1)
  })

  it('a checksum that the device verified, or that was never due, is not looked at', () => {
    const { device, app } = withSocket()
    const wrong = ip4(PEER4, HOST4, 17, udp(PEER4, HOST4, 5, 7, [1], { checksum: 0x1234 }))
    device.deliver(wrong, RxChecksum.Valid)
    device.deliver(wrong, RxChecksum.Partial)
    device.sink.onBurstEnd()
    expect(app.messages).toHaveLength(2)
  })

  it.each([
    ['7', 7],
    ['0', 0],
    ['beyond the packet', 100],
  ])('UDP-02: a length of %s is dropped', (_, length) => {
    const { host, device, app } = withSocket()
    host.inject(device, ip4(PEER4, HOST4, 17, udp(PEER4, HOST4, 5, 7, [1, 2], { length, checksum: 0 })))
    expect(app.messages).toEqual([])
    expect(host.udp.counters.droppedLength).toBe(1)
  })

  it('UDP-02: bytes beyond the length are cut off', () => {
    const { host, device, app } = withSocket()
    host.inject(device, ip4(PEER4, HOST4, 17, [...udp(PEER4, HOST4, 5, 7, [1, 2]), 9, 9, 9]))
    expect([...app.messages[0].bytes]).toEqual([1, 2])
  })

  it('an empty datagram is one too', () => {
    const { host, device, app } = withSocket()
    host.inject(device, in4(7, []))
    expect(app.messages[0].bytes.length).toBe(0)
  })

  it('UDP-03: without a listener the sender is told', () => {
    const { host, device } = withSocket()
    host.inject(device, in4(8, [1]))
    expect([...see4(device.take()[0]).payload.subarray(0, 2)]).toEqual([3, 3])
    expect(host.udp.counters.droppedNoListener).toBe(1)
  })

  it('a super-frame is handed over as the datagrams it was merged from', () => {
    const { device, app } = withSocket()
    device.deliver(in4(7, pattern(2500)), RxChecksum.Valid, 1000)
    device.sink.onBurstEnd()
    expect(app.messages.map((m) => m.bytes.length)).toEqual([1000, 1000, 500])
    expect(app.messages[1].bytes).toEqual(pattern(2500).subarray(1000, 2000))
  })
})

describe('who a datagram is for', () => {
  it('the most specific socket: connected before bound before wildcard', () => {
    const { host, device } = hostWithDevice()
    const names: string[] = []
    const open = (name: string, options = {}) =>
      host.udp.bind({ port: 7, reuseAddress: true, ...options }, { onMessage: () => names.push(name) })
    open('any')
    open('bound', { address: address(HOST4) })
    const connected = open('connected', { address: address(HOST4) })
    connected.connect(address(PEER4), 5)
    host.inject(device, in4(7, [1]))
    host.inject(device, in4(7, [1], HOST4, PEER4, 6))
    host.inject(device, in6(7, [1]))
    expect(names).toEqual(['connected', 'bound', 'any'])
  })

  it('DUAL-02: `::` takes both versions, with ipv6Only one; 0.0.0.0 takes IPv4', () => {
    const { host, device } = hostWithDevice()
    const both = new UdpRecorder()
    const only6 = new UdpRecorder()
    const only4 = new UdpRecorder()
    host.udp.bind({ port: 1, address: address('::') }, both)
    host.udp.bind({ port: 2, address: address('::'), ipv6Only: true }, only6)
    host.udp.bind({ port: 2, address: address('0.0.0.0') }, only4)
    host.inject(device, in4(1, [1]), in6(1, [2]), in4(2, [3]), in6(2, [4]))
    expect(both.messages.map((m) => m.bytes[0])).toEqual([1, 2])
    expect(only6.messages.map((m) => m.bytes[0])).toEqual([4])
    expect(only4.messages.map((m) => m.bytes[0])).toEqual([3])
  })

  it('UDP-08: broadcasts go to every socket on the port, multicast to those who joined', () => {
    const { host, device } = hostWithDevice()
    const apps = [0, 1].map(() => new UdpRecorder())
    const sockets = apps.map((app) => host.udp.bind({ port: 7, reuseAddress: true }, app))
    host.inject(device, in4(7, [1], '10.0.0.255'))
    expect(apps.map((app) => app.messages.length)).toEqual([1, 1])
    sockets[1].joinGroup(address('239.1.2.3'))
    sockets[1].joinGroup(address('ff15::9'))
    host.inject(device, in4(7, [2], '239.1.2.3'), in6(7, [3], 'ff15::9'))
    expect(apps.map((app) => app.messages.length)).toEqual([1, 3])
    sockets[1].leaveGroup(address('239.1.2.3'))
    sockets[1].close()
    host.inject(device, in4(7, [2], '239.1.2.3'), in6(7, [3], 'ff15::9'))
    expect(apps.map((app) => app.messages.length)).toEqual([1, 3])
    expect(host.counters.droppedNotOurs).toBe(2)
  })

  it('V6-16, MCAST-01: what is sent to all nodes needs no joining', () => {
    const { host, device } = hostWithDevice()
    const app = new UdpRecorder()
    host.udp.bind({ port: 7 }, app)
    host.inject(device, in4(7, [1], '224.0.0.1'), in6(7, [2], 'ff02::1'))
    expect(app.messages.map((m) => m.bytes[0])).toEqual([1, 2])
  })

  it('groups are joined on interfaces there are, and are groups', () => {
    const { host, iface } = hostWithDevice()
    const socket = host.udp.bind({}, new UdpRecorder())
    expect(() => socket.joinGroup(address(PEER4))).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }),
    )
    expect(() => socket.joinGroup(address('239.1.2.3'), 9)).toThrow(
      expect.objectContaining({ code: 'ENETUNREACH' }),
    )
    const before = iface.groups.list().length
    socket.joinGroup(address('239.1.2.3'), iface.index)
    socket.joinGroup(address('239.1.2.3'), iface.index)
    expect(iface.groups.list().length).toBe(before + 1)
    socket.leaveGroup(address('239.1.2.3'))
    expect(iface.groups.list().length).toBe(before)
  })

  it('a taken port is refused unless both share it, or are of different versions', () => {
    const { host } = hostWithDevice()
    const app = new UdpRecorder()
    const inUse = expect.objectContaining({ code: 'EADDRINUSE' })
    host.udp.bind({ port: 7 }, app)
    expect(() => host.udp.bind({ port: 7, address: address(HOST4) }, app)).toThrow(inUse)
    expect(() => host.udp.bind({ port: 7, reuseAddress: true }, app)).toThrow(inUse)
    host.udp.bind({ port: 8, address: address(HOST4) }, app)
    host.udp.bind({ port: 8, address: address('127.0.0.1') }, app)
    expect(() => host.udp.bind({ port: 8, address: address('0.0.0.0') }, app)).toThrow(inUse)
    host.udp.bind({ port: 8, address: address('::'), ipv6Only: true }, app)
    expect(host.udp.size).toBe(4)
  })

  it('SEL-04: only own addresses can be bound', () => {
    const { host } = hostWithDevice()
    const bind = () => host.udp.bind({ address: address('10.0.0.3') }, new UdpRecorder())
    expect(bind).toThrow(expect.objectContaining({ code: 'EADDRNOTAVAIL' }))
  })

  it('limits.udpSockets holds', () => {
    const { host } = hostWithDevice({ limits: { udpSockets: 2 } })
    const bind = () => host.udp.bind({}, new UdpRecorder())
    bind()
    const second = bind()
    expect(bind).toThrow(expect.objectContaining({ code: 'EMFILE' }))
    expect(host.udp.counters.socketsRefused).toBe(1)
    second.close()
    second.close()
    bind()
  })

  it('R6056-01, R6056-02: ephemeral ports lie in the dynamic range and follow no sequence', () => {
    const { host } = hostWithDevice()
    const ports = Array.from({ length: 200 }, () => host.udp.bind({}, new UdpRecorder()).localPort)
    expect(new Set(ports).size).toBe(200)
    expect(Math.min(...ports)).toBeGreaterThanOrEqual(32_768)
    const steps = ports.slice(1).map((port, i) => Math.abs(port - ports[i]))
    expect(steps.filter((step) => step === 1).length).toBeLessThan(3)
    expect(() => host.udp.bind({ port: 65_536 }, new UdpRecorder())).toThrow(
      expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }),
    )
  })
})

describe('the receive queue', () => {
  it('is bounded by limits.udpReceiveBuffer while nobody reads, and drops what is newest', () => {
    const { host, device, app, socket } = withSocket({}, { limits: { udpReceiveBuffer: 4096 } })
    socket.paused = true
    for (let i = 0; i < 10; i++) host.inject(device, in4(7, [i]))
    expect(socket.queuedBytes).toBe(4096)
    expect(socket.dropped).toBe(6)
    expect(host.udp.counters.droppedQueueFull).toBe(6)
    expect(app.messages).toEqual([])
    socket.paused = false
    expect(app.messages.map((m) => m.bytes[0])).toEqual([0, 1, 2, 3])
    expect(socket.queuedBytes).toBe(0)
  })

  it('gives its memory back when the socket is closed, also from inside its own handler', () => {
    const { host, device } = hostWithDevice()
    const before = host.engine.memory.allocated
    const seen: number[] = []
    const socket = host.udp.bind(
      { port: 7 },
      {
        onMessage: (self, message) => {
          seen.push(message.bytes()[0])
          self.close()
        },
      },
    )
    host.inject(device, in4(7, [1]), in4(7, [2]), in4(7, [3]))
    expect(seen).toEqual([1])
    expect(host.engine.memory.allocated).toBe(before)
    expect(() => socket.send(pattern(1), { address: address(PEER4), port: 1 })).toThrow(
      expect.objectContaining({ code: 'EINVAL' }),
    )
  })

  it('goes on after a handler that throws, which the host hears of', async () => {
    const { host, device } = hostWithDevice()
    const seen: number[] = []
    const uncaught: unknown[] = []
    const listeners = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.on('uncaughtException', (error) => uncaught.push(error))
    const onMessage = (_: unknown, message: { bytes(): Uint8Array }) => {
      seen.push(message.bytes()[0])
      throw new Error('application')
    }
    host.udp.bind({ port: 7 }, { onMessage })
    host.inject(device, in4(7, [1]), in4(7, [2]))
    await new Promise((resolve) => setImmediate(resolve))
    process.removeAllListeners('uncaughtException')
    for (const listener of listeners) process.on('uncaughtException', listener)
    expect(seen).toEqual([1, 2])
    expect(uncaught).toHaveLength(2)
  })
})

describe('datagrams out', () => {
  it('UDP-01: carry a right checksum, and 0xffff where it is 0', () => {
    const { device, socket } = withSocket()
    for (let i = 0; i < 0x10000; i += 257) {
      socket.send(Uint8Array.of(i >> 8, i & 255), { address: address(PEER4), port: 9 })
      const { payload } = see4(device.take()[0])
      expect(hasGoodChecksum(HOST4, PEER4, 17, payload)).toBe(true)
    }
    // The one payload for which the sum comes out as zero.
    const zero = udp(HOST4, PEER4, 7, 9, [0, 0])
    const missing = (zero[6] << 8) | zero[7]
    socket.send(Uint8Array.of(missing >> 8, missing & 255), { address: address(PEER4), port: 9 })
    expect([...see4(device.take()[0]).payload.subarray(6, 8)]).toEqual([255, 255])
  })

  it('leave the checksum to a device that completes it', () => {
    const { device, socket } = withSocket({}, { device: { capabilities: { txChecksum: true } } })
    socket.send(pattern(100), { address: address(PEER6), port: 9 })
    const [frame] = device.sent
    expect(frame).toMatchObject({ checksumStart: 40, checksumOffset: 6 })
    // The field holds the pseudo-header's sum: completing it gives a right one.
    const { payload } = see6(frame.bytes)
    const copy = payload.slice()
    let sum = 0
    for (let i = 0; i < copy.length; i += 2) sum += (copy[i] << 8) | (copy[i + 1] ?? 0)
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
    copy[6] = (~sum >> 8) & 255
    copy[7] = ~sum & 255
    expect(hasGoodChecksum(HOST6, PEER6, 17, copy)).toBe(true)
  })

  it('UDP-08: to a broadcast address only when the socket allows it', () => {
    const { device, socket } = withSocket()
    for (const to of ['10.0.0.255', '255.255.255.255']) {
      const send = () => socket.send(pattern(1), { address: address(to), port: 9 })
      socket.broadcast = false
      expect(send).toThrow(expect.objectContaining({ code: 'EACCES' }))
      socket.broadcast = true
      expect(send()).toBe(true)
      expect(see4(device.take()[0]).destination).toBe(to)
    }
  })

  it('MCAST-02: multicast goes out with TTL 1 by default, from a unicast source', () => {
    const { device, socket } = withSocket()
    socket.send(pattern(1), { address: address('239.1.2.3'), port: 9 })
    socket.multicastTtl = 5
    socket.send(pattern(1), { address: address('ff15::9'), port: 9 })
    const [a, b] = device.take()
    expect(see4(a)).toMatchObject({ ttl: 1, source: HOST4 })
    expect(see6(b)).toMatchObject({ hopLimit: 5, source: 'fd00:0:0:0:0:0:0:2' })
  })

  it('FRG-09: with DF what does not fit is refused, and what can never fit always', () => {
    const { device, socket } = withSocket()
    const tooBig = expect.objectContaining({ code: 'EMSGSIZE' })
    const send = (length: number, to = PEER4) =>
      socket.send(pattern(length), { address: address(to), port: 9 })
    expect(() => send(65_508)).toThrow(tooBig)
    expect(() => send(65_528, PEER6)).toThrow(tooBig)
    expect(send(65_507)).toBe(true)
    expect(send(65_527, PEER6)).toBe(true)
    device.take()
    socket.dontFragment = true
    expect(() => send(1473)).toThrow(tooBig)
    expect(send(1472)).toBe(true)
    expect(see4(device.take()[0]).df).toBe(true)
  })

  it('a full device sends nothing and tells when there is room', () => {
    const { host, device, app, socket } = withSocket()
    device.room = 0
    expect(socket.send(pattern(1), { address: address(PEER4), port: 9 })).toBe(false)
    expect(host.udp.counters.sendFull).toBe(1)
    device.room = 1
    device.sink.onWritable()
    expect(app.writable).toBe(1)
    expect(socket.send(pattern(1), { address: address(PEER4), port: 9 })).toBe(true)
    device.sink.onWritable()
    expect(app.writable).toBe(1)
  })

  it('refuses what has no target, no way or no such version', () => {
    const { socket, host } = withSocket()
    const codes = (run: () => unknown, code: string) => expect(run).toThrow(expect.objectContaining({ code }))
    codes(() => socket.send(pattern(1)), 'ENOTCONN')
    codes(() => socket.send(pattern(1), { address: address('8.8.8.8'), port: 1 }), 'ENETUNREACH')
    codes(() => socket.send(pattern(1), { address: address(PEER4), port: 0 }), 'ERR_OUT_OF_RANGE')
    const localAddress = address('10.0.0.3')
    codes(() => socket.send(pattern(1), { address: address(PEER4), port: 1, localAddress }), 'EADDRNOTAVAIL')
    const only4 = host.udp.bind({ address: address('0.0.0.0') }, new UdpRecorder())
    codes(() => only4.send(pattern(1), { address: address(PEER6), port: 1 }), 'EAFNOSUPPORT')
    codes(() => only4.connect(address(PEER6), 1), 'EAFNOSUPPORT')
    codes(() => {
      socket.ttl = 0
    }, 'ERR_OUT_OF_RANGE')
  })
})
