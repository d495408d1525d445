import { describe, expect, it } from 'vitest'
import { packets, parseAddress } from '../../src/index.ts'
import { inState } from './in-state.ts'
import { MODERN, pattern, Script } from './script.ts'

const bytesOf = (text: string) => parseAddress(text)!.toBytes()
const SYN = { sourcePort: 5000, destinationPort: 7, seq: 1000, flags: 2, window: 65_535 }

/** All IP headers of what the stack sent. */
const sentIp = (t: Script) =>
  t.device.sent.map(({ bytes }) => {
    const { ipv4, ipv6 } = packets.decodePacket(bytes)
    return ipv4 !== undefined
      ? { ttl: ipv4.ttl, tos: ipv4.tos, df: ipv4.dontFragment }
      : { ttl: ipv6!.hopLimit, tos: ipv6!.trafficClass, df: true }
  })

describe('fields of the header', () => {
  it('MUST-1 a window of 65,535 is not negative', () => {
    const t = new Script({ tcp: { initialWindow: 100 } }).established([], 65_535)
    t.connection.write(new Uint8Array(100_000))
    let total = 0
    while (t.pending > 0) total += t.next().length
    expect(total).toBeGreaterThan(53_000)
    expect(t.connection.info().sndWnd).toBe(65_535)
  })

  it('REC-1 a window of a gigabyte is no overflow', () => {
    const t = new Script().listen()
    t.send({
      flags: 'S',
      options: [{ name: 'mss', value: 1460 }, { name: 'nop' }, { name: 'windowScale', shift: 14 }],
    })
    t.next()
    t.send({ flags: 'A', seq: 1, ack: 1, win: 65_535 })
    expect(t.connection.info().sndWnd).toBe(65_535 * 2 ** 14)
    t.connection.write(new Uint8Array(1000))
    t.expect({ length: 1000 })
  })

  it.each([4, 6] as const)(
    'MUST-2 checksums of SYN, odd data, ACK, FIN and RST are right, IPv%i',
    (family) => {
      const t = new Script({ family }).established(MODERN)
      for (const length of [1, 3, 1447, 1448]) t.connection.write(pattern(1, length))
      t.wait(5000)
      t.send({ flags: 'PA', seq: 1, ack: 2900, data: 3 })
      t.readAll()
      t.connection.shutdown()
      t.wait(1000)
      t.connection.abort()
      const flags = new Set<number>()
      for (const { bytes } of t.device.sent) {
        const frame = packets.decodePacket(bytes)
        expect(frame.problems).toEqual([])
        flags.add(frame.tcp!.flags & 7)
      }
      expect([...flags].sort()).toEqual([0, 1, 2, 4])
    },
  )

  it.each([4, 6] as const)('MUST-49 a TTL of 7 is on SYN-ACK, data, ACK, FIN and RST, IPv%i', (family) => {
    const t = new Script({ family, tcp: { ttl: 7 } }).established()
    t.connection.write(new Uint8Array(10))
    t.send({ flags: 'PA', seq: 1, ack: 11, data: 3 })
    t.connection.abort()
    t.send({ flags: 'A', seq: 4, ack: 11 })
    const ttls = sentIp(t).map(({ ttl }) => ttl)
    expect(ttls.length).toBeGreaterThan(4)
    expect(new Set(ttls)).toEqual(new Set([7]))
    const syn = new Script({ family, tcp: { ttl: 7 } }).connect()
    expect(sentIp(syn)[0].ttl).toBe(7)
  })

  it.each([4, 6] as const)(
    'MUST-48 SHLD-21 SHLD-22 the traffic class can be set and changed, IPv%i',
    (family) => {
      const t = new Script({ family, tcp: { trafficClass: 0x28 } }).established()
      expect(sentIp(t).at(-1)!.tos).toBe(0x28)
      t.connection.trafficClass = 0xb8
      t.connection.write(new Uint8Array(10))
      expect(sentIp(t).at(-1)!.tos).toBe(0xb8)
      t.send({ flags: 'A', seq: 1, ack: 11 })
      t.connection.trafficClass = 0x48
      t.connection.shutdown()
      expect(sentIp(t).at(-1)!.tos).toBe(0x48)
      t.send({ flags: 'FA', seq: 1, ack: 12 })
      expect(sentIp(t).at(-1)!.tos).toBe(0x48)
      // TIME-WAIT keeps it.
      t.send({ flags: 'FA', seq: 1, ack: 12 })
      expect(sentIp(t).at(-1)!.tos).toBe(0x48)
      expect(() => {
        t.connection.trafficClass = 256
      }).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }))
    },
  )

  it('R7323-31 IPv4 goes out with DF', () => {
    const t = new Script().established()
    t.connection.write(new Uint8Array(3000))
    expect(sentIp(t).every(({ df }) => df)).toBe(true)
  })
})

describe('whom TCP does not answer', () => {
  const cases = [
    ['MUST-57', '10.0.0.2', '255.255.255.255'],
    ['MUST-57', '10.0.0.2', '10.0.0.255'],
    ['MUST-57 MCAST-03', '10.0.0.2', '224.0.0.1'],
    ['MUST-63', '255.255.255.255', '10.0.0.1'],
    ['MUST-63', '10.0.0.255', '10.0.0.1'],
    ['MUST-63 MCAST-03', '224.0.0.1', '10.0.0.1'],
    ['MUST-63', '127.0.0.1', '10.0.0.1'],
    ['MUST-63', '0.0.0.0', '10.0.0.1'],
    ['MUST-63', '240.0.0.1', '10.0.0.1'],
    ['MUST-57', 'fd00::2', 'ff02::1'],
    ['MUST-63', 'ff02::1', 'fd00::1'],
    ['MUST-63', '::1', 'fd00::1'],
    ['MUST-63', '::', 'fd00::1'],
  ] as const
  it.each(cases)('%s a SYN from %s to %s, listened for or not', (_, source, destination) => {
    for (const port of [7, 9]) {
      const t = new Script().listen()
      const addresses = { source: bytesOf(source), destination: bytesOf(destination) }
      const tcp = { ...SYN, destinationPort: port }
      t.device.receive(
        packets.buildFrame(source.includes(':') ? { ipv6: addresses, tcp } : { ipv4: addresses, tcp }),
      )
      t.silence(5000)
      expect(t.stack.tcp.sizes.halfOpen).toBe(0)
    }
  })

  it('MUST-50 an IPv4 option nobody knows does not matter', () => {
    const t = new Script().listen()
    t.device.receive(
      packets.buildFrame({
        ipv4: {
          source: bytesOf('10.0.0.2'),
          destination: bytesOf('10.0.0.1'),
          options: Uint8Array.of(0x99, 4, 1, 2),
        },
        tcp: SYN,
      }),
    )
    t.expect({ flags: 'SA' })
  })

  it.each([0x83, 0x89])('MUST-53 a source route (option %i) is dropped by policy', (kind) => {
    const t = new Script().listen()
    t.device.receive(
      packets.buildFrame({
        ipv4: {
          source: bytesOf('10.0.0.2'),
          destination: bytesOf('10.0.0.1'),
          options: Uint8Array.of(kind, 7, 8, 10, 0, 0, 3, 0),
        },
        tcp: SYN,
      }),
    )
    t.silence(3000)
    expect(t.stack.tcp.sizes.halfOpen).toBe(0)
  })

  it('MAY-17 data is delivered with or without PSH', () => {
    const t = inState('ESTABLISHED')
    t.send({ flags: 'A', seq: 1, ack: 1, data: 10 })
    expect(t.readAll()).toHaveLength(10)
  })
})

describe('urgent data', () => {
  it('MUST-30 R6093-03 it is delivered in the stream, and acknowledged', () => {
    const t = inState('ESTABLISHED')
    t.send({ flags: 'UPA', seq: 1, ack: 1, data: Uint8Array.of(97, 98, 99), urgent: 2 })
    t.expect({ flags: 'A', ack: 4 })
    expect([...t.readAll()]).toEqual([97, 98, 99])
  })

  it('MUST-31 urgent data of any length, over several segments', () => {
    const t = inState('ESTABLISHED')
    for (let i = 0; i < 5; i++) {
      t.send({ flags: 'UA', seq: 1 + i * 1000, ack: 1, data: 1000, urgent: 5000 - i * 1000 })
    }
    expect(t.readAll()).toEqual(pattern(1, 5000))
  })

  it.each([0, 1, 65_535])('an urgent pointer of %i without data harms nobody', (urgent) => {
    const t = inState('ESTABLISHED')
    t.send({ flags: 'UA', seq: 1, ack: 1, urgent }).silence()
    expect(t.state).toBe('ESTABLISHED')
  })

  it('SHLD-13 R6093-02 nothing we send is urgent', () => {
    const t = inState('ESTABLISHED')
    t.connection.write(new Uint8Array(5000))
    while (t.pending > 0) expect(t.next().flags).not.toContain('U')
  })
})
