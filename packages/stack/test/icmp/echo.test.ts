import { describe, expect, it } from 'vitest'
import type { PingResult } from '../../src/icmp/pinger.ts'
import { IcmpErrorKind } from '../../src/ip/packet-in.ts'
import { address, HOST4, HOST6, hostWithDevice, PEER4, PEER6, textOf } from '../support/ip-host.ts'
import {
  addressText,
  hasGoodChecksum,
  icmp4,
  icmp6,
  ip,
  ip4,
  ip6,
  pattern,
  see4,
  see6,
} from '../support/packets.ts'

const full = (text: string): string => addressText(Uint8Array.from(ip(text)))

describe('echo replies', () => {
  it.each([0, 1, 56, 1472])(
    'ICMP-10: a ping of %i bytes comes back with identifier, sequence number and data',
    (n) => {
      const { host, device } = hostWithDevice()
      host.inject(device, ip4(PEER4, HOST4, 1, icmp4(8, 0, [1, 2, 3, 4], pattern(n)), { tos: 0x20 }))
      const reply = see4(device.take()[0])
      expect([...reply.payload]).toEqual(icmp4(0, 0, [1, 2, 3, 4], pattern(n)))
      // IP-24: from the address that was asked; ICMP-14: with the request's TOS.
      expect(reply).toMatchObject({ source: HOST4, destination: PEER4, tos: 0x20, ttl: 64 })
      expect(host.icmp.counters).toMatchObject({ echoRequestsIn: 1, echoRepliesOut: 1 })
    },
  )

  it.each([0, 1, 56, 1452])('IC6-06, IC6-09: the same over IPv6 with %i bytes', (n) => {
    const { host, device } = hostWithDevice()
    host.inject(device, ip6(PEER6, HOST6, 58, icmp6(PEER6, HOST6, 128, 0, [1, 2, 3, 4], pattern(n))))
    const reply = see6(device.take()[0])
    expect([...reply.payload]).toEqual(icmp6(HOST6, PEER6, 129, 0, [1, 2, 3, 4], pattern(n)))
    expect(reply).toMatchObject({ source: full(HOST6), destination: full(PEER6) })
  })

  it('ICMP-10: the largest ping there is, through loopback and as fragments', () => {
    const { host, device } = hostWithDevice()
    const data = pattern(65_507)
    const results: PingResult[] = []
    host.icmp.ping(address(HOST4), { payload: data }, (result) => results.push(result))
    expect(results[0]).toMatchObject({ kind: 'reply', bytes: 65_507, intact: true })
    const echo = icmp4(8, 0, [1, 2, 3, 4], data)
    for (let at = 0; at < echo.length; at += 1480) {
      const more = at + 1480 < echo.length
      device.deliver(ip4(PEER4, HOST4, 1, echo.slice(at, at + 1480), { id: 5, fragmentOffset: at, more }))
    }
    device.sink.onBurstEnd()
    host.check()
    const parts = device.take().map(see4)
    expect(parts.reduce((sum, part) => sum + part.payload.length, 0)).toBe(65_515)
  })

  it('IP-24: a second address answers for itself', () => {
    const { host, device, iface } = hostWithDevice()
    iface.addAddress({ address: address('10.0.0.77'), length: 24 })
    host.inject(device, ip4(PEER4, '10.0.0.77', 1, icmp4(8, 0, [0, 0, 0, 0], [])))
    expect(see4(device.take()[0]).source).toBe('10.0.0.77')
  })

  it('ICMP-11, ICMP-14: a ping to a broadcast or IPv4 group is not answered', () => {
    const { host, device } = hostWithDevice()
    for (const to of ['255.255.255.255', '10.0.0.255', '224.0.0.1']) {
      host.inject(device, ip4(PEER4, to, 1, icmp4(8, 0, [0, 0, 0, 0], [])))
    }
    expect(device.take()).toEqual([])
    expect(host.icmp.counters.droppedBroadcastEcho).toBe(3)
  })

  it('IC6-05, IC6-06: a ping to ff02::1 is answered from a unicast address', () => {
    const { host, device } = hostWithDevice()
    host.inject(device, ip6(PEER6, 'ff02::1', 58, icmp6(PEER6, 'ff02::1', 128, 0, [0, 0, 0, 1], [5])))
    const reply = see6(device.take()[0])
    expect(reply.source).toBe(full(HOST6))
    expect([...reply.payload]).toEqual(icmp6(HOST6, PEER6, 129, 0, [0, 0, 0, 1], [5]))
  })

  it('ICMP-01: bad checksums, short messages and unknown types are dropped silently', () => {
    const { host, device } = hostWithDevice()
    const bad = icmp4(8, 0, [0, 0, 0, 0], [1, 2])
    bad[9] ^= 1
    host.inject(
      device,
      ip4(PEER4, HOST4, 1, bad),
      ip4(PEER4, HOST4, 1, [8, 0, 0]),
      ip4(PEER4, HOST4, 1, icmp4(200, 0, [0, 0, 0, 0], [])),
    )
    expect(device.take()).toEqual([])
    expect(host.icmp.counters).toMatchObject({ droppedChecksum: 1, droppedShort: 1, droppedType: 1 })
  })

  it('ICMP-12: timestamp, information and address mask requests are not answered', () => {
    const { host, device } = hostWithDevice()
    for (const type of [13, 15, 17])
      host.inject(device, ip4(PEER4, HOST4, 1, icmp4(type, 0, [0, 0, 0, 0], pattern(12))))
    expect(device.take()).toEqual([])
  })

  it('IC6-01, IC6-09: bad checksums and unknown informational types are dropped silently', () => {
    const { host, device } = hostWithDevice()
    const bad = icmp6(PEER6, HOST6, 128, 0, [0, 0, 0, 0], [])
    bad[3] ^= 1
    host.inject(device, ip6(PEER6, HOST6, 58, bad))
    host.inject(device, ip6(PEER6, HOST6, 58, icmp6(PEER6, HOST6, 200, 0, [0, 0, 0, 0], [])))
    expect(device.take()).toEqual([])
    expect(host.icmp.counters).toMatchObject({ droppedChecksum: 1, droppedType: 1 })
  })

  it('ICMP of one version in a packet of the other is nobody’s', () => {
    const { host, device } = hostWithDevice()
    host.inject(device, ip4(PEER4, HOST4, 58, icmp4(8, 0, [0, 0, 0, 0], [])))
    host.inject(device, ip6(PEER6, HOST6, 1, icmp4(8, 0, [0, 0, 0, 0], [])))
    expect(device.take()).toEqual([])
    expect(host.icmp.counters.droppedType).toBe(2)
  })
})

describe('ping', () => {
  function start(target = PEER4, options = {}) {
    const { host, device } = hostWithDevice()
    const results: PingResult[] = []
    host.icmp.ping(address(target), options, (result) => results.push(result))
    return { host, device, results }
  }

  it('sends an echo and tells of the reply, its time and its TTL', () => {
    const { host, device, results } = start(PEER4, { payload: pattern(20), ttl: 9, tos: 4 })
    const echo = see4(device.take()[0])
    expect(echo).toMatchObject({ source: HOST4, destination: PEER4, ttl: 9, tos: 4, protocol: 1 })
    host.advance(25)
    const rest = [...echo.payload.subarray(4, 8)]
    host.inject(device, ip4(PEER4, HOST4, 1, icmp4(0, 0, rest, echo.payload.subarray(8)), { ttl: 61 }))
    expect(results).toEqual([
      { kind: 'reply', from: expect.anything(), rtt: 25_000, bytes: 20, intact: true, ttl: 61 },
    ])
    expect(host.icmp.pending).toBe(0)
  })

  it('does the same over IPv6', () => {
    const { host, device, results } = start(PEER6)
    const echo = see6(device.take()[0])
    expect(hasGoodChecksum(HOST6, PEER6, 58, echo.payload)).toBe(true)
    const rest = [...echo.payload.subarray(4, 8)]
    host.inject(device, ip6(PEER6, HOST6, 58, icmp6(PEER6, HOST6, 129, 0, rest, echo.payload.subarray(8))))
    expect(results[0]).toMatchObject({ kind: 'reply', intact: true, bytes: 56 })
  })

  it('replies from others, or to other pings, do not count; a changed one is not intact', () => {
    const { host, device, results } = start()
    const echo = see4(device.take()[0])
    const rest = [...echo.payload.subarray(4, 8)]
    const data = [...echo.payload.subarray(8)]
    host.inject(device, ip4('10.0.0.9', HOST4, 1, icmp4(0, 0, rest, data)))
    host.inject(device, ip4(PEER4, HOST4, 1, icmp4(0, 0, [rest[0] ^ 1, ...rest.slice(1)], data)))
    host.inject(device, ip4(PEER4, HOST4, 1, icmp4(0, 0, [...rest.slice(0, 3), rest[3] ^ 1], data)))
    expect(results).toEqual([])
    expect(host.icmp.counters.echoRepliesUnexpected).toBe(3)
    data[0] ^= 1
    host.inject(device, ip4(PEER4, HOST4, 1, icmp4(0, 0, rest, data)))
    expect(results[0]).toMatchObject({ kind: 'reply', intact: false })
  })

  it('ends after its timeout', () => {
    const { host, results } = start(PEER4, { timeout: 200 })
    host.advance(199)
    expect(results).toEqual([])
    host.advance(1)
    expect(results).toEqual([{ kind: 'timeout' }])
  })

  it('tells of an error, and who sent it', () => {
    const { host, device, results } = start()
    const [echo] = device.take()
    const forged = ip4(HOST4, '10.0.0.77', 1, echo.subarray(20, 28))
    host.inject(device, ip4('10.0.0.254', HOST4, 1, icmp4(3, 1, [0, 0, 0, 0], forged)))
    expect(results).toEqual([])
    expect(host.icmp.counters.errorsInUnmatched).toBe(1)
    host.inject(device, ip4('10.0.0.254', HOST4, 1, icmp4(3, 1, [0, 0, 0, 0], echo.subarray(0, 28))))
    const [result] = results
    if (result.kind !== 'error' || result.from === null) throw new Error('no error')
    expect(result.error).toBe(IcmpErrorKind.HostUnreachable)
    expect(textOf(result.from)).toBe('10.0.0.254')
  })

  it('IC6-12: after Packet Too Big the next one is cut to fit', () => {
    const { host, device, results } = start(PEER6, { payload: pattern(1400) })
    const [echo] = device.take()
    const tooBig = icmp6('fd00::9', HOST6, 2, 0, [0, 0, 0x05, 0x14], echo.subarray(0, 1200))
    host.inject(device, ip6('fd00::9', HOST6, 58, tooBig))
    expect(results[0]).toMatchObject({ kind: 'error', error: IcmpErrorKind.PacketTooBig, mtu: 1300 })
    host.icmp.ping(address(PEER6), { payload: pattern(1400) }, () => {})
    expect(device.take().map((frame) => frame.length)).toEqual([1296, 208])
  })

  it('refuses what cannot be, and more than limits.pings at once', () => {
    const { host } = hostWithDevice({ limits: { pings: 2 } })
    const ping = (target: string, options = {}) => host.icmp.ping(address(target), options, () => {})
    expect(() => ping('8.8.8.8')).toThrow(expect.objectContaining({ code: 'ENETUNREACH' }))
    expect(() => ping(PEER4, { payload: pattern(65_508) })).toThrow(
      expect.objectContaining({ code: 'EMSGSIZE' }),
    )
    expect(() => ping(PEER4, { payload: pattern(1473), dontFragment: true })).toThrow(
      expect.objectContaining({ code: 'EMSGSIZE' }),
    )
    expect(() => ping(PEER4, { timeout: 0 })).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }))
    expect(() => ping(PEER4, { ttl: 256 })).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }))
    ping(PEER4)
    ping(PEER4)
    expect(() => ping(PEER4)).toThrow(expect.objectContaining({ code: 'ENOBUFS' }))
  })

  it('as a promise', async () => {
    const { host } = hostWithDevice()
    await expect(host.icmp.pingOnce(address('127.0.0.1'))).resolves.toMatchObject({
      kind: 'reply',
      intact: true,
    })
    await expect(host.icmp.pingOnce(address('8.8.8.8'))).rejects.toMatchObject({ code: 'ENETUNREACH' })
  })
})
