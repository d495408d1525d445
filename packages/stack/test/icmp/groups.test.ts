import { describe, expect, it } from 'vitest'
import { EthernetLink } from '../../src/ethernet/ethernet-link.ts'
import type { Interface, LinkFactory } from '../../src/ip/interface.ts'
import { igmpResponseTime } from '../../src/wire/igmp.ts'
import { mldResponseTime } from '../../src/wire/mld.ts'
import { address, IpHost } from '../support/ip-host.ts'
import {
  addressText,
  hasGoodChecksum,
  icmp6,
  internetChecksum,
  ip,
  ip4,
  ip6,
  u16,
} from '../support/packets.ts'
import { ScriptedDevice } from '../support/scripted-device.ts'

const MAC = Uint8Array.of(2, 0, 0, 0, 0, 2)
const ROUTER = [2, 0, 0, 0, 0, 9]
const GROUP4 = '224.1.2.3'
const GROUP6 = 'ff05::99'
const RECORDS = ['', 'is-in', 'is-ex', 'to-in', 'to-ex']

interface Bench {
  host: IpHost
  device: ScriptedDevice
  iface: Interface
}

function bench(addresses: string[], settled = true, seed = 1, linkLocal = true): Bench {
  const host = new IpHost({ seed })
  const device = new ScriptedDevice({ medium: 'ethernet', capabilities: { mac: MAC } })
  const conflictDetection = 'strict'
  const link: LinkFactory = (counted, iface) =>
    new EthernetLink({
      engine: host.engine,
      device: counted,
      mac: MAC,
      limits: host.limits,
      events: iface,
      conflictDetection,
    })
  const iface = host.add(device, addresses, { link, conflictDetection, linkLocal })
  if (settled) {
    host.advance(60_000)
    device.take()
  }
  return { host, device, iface }
}

/** A membership message in a line, decoded byte by byte; null for any other frame. */
function read(frame: Uint8Array): string | null {
  const packet = frame.subarray(14)
  if (frame[12] === 8 && frame[13] === 0 && packet[9] === 2) return read4(frame, packet)
  if (frame[12] !== 0x86 || packet[6] !== 0 || packet[40] !== 58) return null
  return read6(frame, packet)
}

function read4(frame: Uint8Array, packet: Uint8Array): string {
  const message = packet.subarray(24)
  // IGMP-01: TTL 1, TOS 0xc0, Router Alert, good checksums; and the group's own MAC (ETH-07).
  expect([packet[0], packet[1], packet[8], ...packet.subarray(20, 24)]).toEqual([0x46, 0xc0, 1, 148, 4, 0, 0])
  expect([internetChecksum(packet.subarray(0, 24)), internetChecksum(message)]).toEqual([0, 0])
  expect([...frame.subarray(0, 6)]).toEqual([1, 0, 0x5e, packet[17] & 0x7f, packet[18], packet[19]])
  const head = `${addressText(packet.subarray(12, 16))} > ${addressText(packet.subarray(16, 20))}`
  if (message[0] !== 0x22) return `${head} ${message[0].toString(16)} ${addressText(message.subarray(4, 8))}`
  return `${head} ${records(message, 8, 4)}`
}

function read6(frame: Uint8Array, packet: Uint8Array): string {
  const message = packet.subarray(48)
  // MLD-01: hop limit 1, Router Alert, good checksum.
  expect([packet[7], ...packet.subarray(40, 48)]).toEqual([1, 58, 0, 5, 2, 0, 0, 1, 0])
  const [source, destination] = [addressText(packet.subarray(8, 24)), addressText(packet.subarray(24, 40))]
  expect(hasGoodChecksum(source, destination, 58, message)).toBe(true)
  expect([...frame.subarray(0, 6)]).toEqual([0x33, 0x33, ...packet.subarray(36, 40)])
  const head = `${source.startsWith('fe80') ? 'fe80' : short(source)} > ${short(destination)}`
  if (message[0] !== 143) return `${head} ${message[0]} ${short(addressText(message.subarray(8, 24)))}`
  return `${head} ${records(message, 20, 16)}`
}

function records(message: Uint8Array, each: number, size: number): string {
  const count = (message[6] << 8) | message[7]
  expect(message.length).toBe(8 + count * each)
  return Array.from({ length: count }, (_, i) => {
    const record = message.subarray(8 + i * each)
    return `${RECORDS[record[0]]} ${short(addressText(record.subarray(4, 4 + size)))}`
  }).join(', ')
}

const short = (text: string): string => (text === '0:0:0:0:0:0:0:0' ? '::' : text.replace(/:(?:0:)+/, '::'))

function said({ device }: Bench): string[] {
  return device
    .take()
    .map(read)
    .filter((line) => line !== null)
}

/** The same, with the second in which it was said. */
function saidWithin(it: Bench, milliseconds: number, step = 50): [number, string][] {
  const lines: [number, string][] = []
  for (let at = 0; at <= milliseconds; at += step) {
    for (const line of said(it)) lines.push([at, line])
    it.host.advance(step)
  }
  return lines
}

function join(it: Bench, group: string): void {
  it.host.engine.run(() => it.iface.groups.join(address(group)))
  it.host.advance(0)
}

function leave(it: Bench, group: string): void {
  it.host.engine.run(() => it.iface.groups.leave(address(group)))
  it.host.advance(0)
}

interface Query {
  code?: number
  length?: number
  alert?: boolean
  to?: string
  from?: string
  hopLimit?: number
  type?: number
}

function ask4(
  it: Bench,
  group: string,
  { code = 100, length = 12, alert = true, to, type = 0x11 }: Query = {},
) {
  const message = [type, code, 0, 0, ...ip(group), ...new Array<number>(Math.max(0, length - 8)).fill(0)]
  message.splice(2, 2, ...u16(internetChecksum(message)))
  const destination = to ?? (group === '0.0.0.0' ? '224.0.0.1' : group)
  const packet = ip4('10.0.0.9', destination, 2, message.slice(0, length), {
    ttl: 1,
    options: alert ? [148, 4, 0, 0] : [],
  })
  const [, b, c, d] = ip(destination)
  it.host.inject(it.device, Uint8Array.from([1, 0, 0x5e, b & 127, c, d, ...ROUTER, 8, 0, ...packet]))
}

function ask6(it: Bench, group: string, query: Query = {}) {
  const { code = 10_000, length = 28, alert = true, from = 'fe80::9', hopLimit = 1, type = 130 } = query
  const to = query.to ?? (group === '::' ? 'ff02::1' : group)
  const rest = new Array<number>(Math.max(0, length - 24)).fill(0)
  const message = icmp6(from, to, type, 0, [...u16(code), 0, 0], [...ip(group), ...rest].slice(0, length - 8))
  const packet = alert
    ? ip6(from, to, 0, [58, 0, 5, 2, 0, 0, 1, 0, ...message], { hopLimit })
    : ip6(from, to, 58, message, { hopLimit })
  const mac = [0x33, 0x33, ...ip(to).slice(12)]
  it.host.inject(it.device, Uint8Array.from([...mac, ...ROUTER, 0x86, 0xdd, ...packet]))
}

describe('IGMP', () => {
  it('IGMP-01 IGMP-02 a change is told at once, and once more within a second', () => {
    const it = bench(['10.0.0.2/24'], true, 1, false)
    for (const [change, type] of [
      [join, 'to-ex'],
      [leave, 'to-in'],
    ] as const) {
      change(it, GROUP4)
      const line = `10.0.0.2 > 224.0.0.22 ${type} ${GROUP4}`
      expect(said(it)).toEqual([line])
      it.host.advance(1000)
      expect(said(it)).toEqual([line])
      it.host.advance(60_000)
      expect(said(it)).toEqual([])
    }
  })

  it('IGMP-02 joined twice is told once, and left when the last one leaves', () => {
    const it = bench(['10.0.0.2/24'], true, 1, false)
    join(it, GROUP4)
    it.host.advance(5000)
    said(it)
    join(it, GROUP4)
    leave(it, GROUP4)
    it.host.advance(5000)
    expect(said(it)).toEqual([])
    leave(it, GROUP4)
    expect(said(it)).toEqual([`10.0.0.2 > 224.0.0.22 to-in ${GROUP4}`])
  })

  it('IGMP-03 a general query is answered once for all groups but 224.0.0.1, at random in time', () => {
    const times = new Set<number>()
    for (let seed = 1; seed <= 20; seed++) {
      const it = bench(['10.0.0.2/24'], true, seed, false)
      join(it, GROUP4)
      join(it, '239.0.0.1')
      it.host.advance(5000)
      said(it)
      ask4(it, '0.0.0.0')
      ask4(it, GROUP4, { code: 200 })
      const answers = saidWithin(it, 30_000).filter(([, line]) => line.includes(','))
      expect(answers).toEqual([
        [expect.any(Number), `10.0.0.2 > 224.0.0.22 is-ex ${GROUP4}, is-ex 239.0.0.1`],
      ])
      expect(answers[0][0]).toBeLessThanOrEqual(10_050)
      times.add(answers[0][0])
    }
    expect(times.size).toBeGreaterThan(10)
  })

  it('IGMP-03 a query about one group is answered for it alone; about another not at all', () => {
    const it = bench(['10.0.0.2/24'], true, 1, false)
    join(it, GROUP4)
    it.host.advance(5000)
    said(it)
    ask4(it, '239.9.9.9', { to: '224.0.0.1' })
    expect(saidWithin(it, 12_000)).toEqual([])
    ask4(it, GROUP4, { code: 10 })
    ask4(it, GROUP4, { code: 10 })
    expect(saidWithin(it, 1000).map(([, line]) => line)).toEqual([`10.0.0.2 > 224.0.0.22 is-ex ${GROUP4}`])
  })

  it('IGMP-04 an older querier is spoken to in its version, until it has been gone for 260 s', () => {
    const it = bench(['10.0.0.2/24'], true, 1, false)
    join(it, GROUP4)
    it.host.advance(5000)
    said(it)
    ask4(it, '0.0.0.0', { length: 8 })
    expect(saidWithin(it, 10_000).map(([, line]) => line)).toEqual([`10.0.0.2 > ${GROUP4} 16 ${GROUP4}`])
    leave(it, GROUP4)
    expect(said(it)).toEqual([`10.0.0.2 > 224.0.0.2 17 ${GROUP4}`])
    join(it, GROUP4)
    expect(saidWithin(it, 11_000).map(([, line]) => line)).toEqual([
      `10.0.0.2 > ${GROUP4} 16 ${GROUP4}`,
      `10.0.0.2 > ${GROUP4} 16 ${GROUP4}`,
    ])
    ask4(it, '0.0.0.0', { length: 8, code: 0, alert: false })
    expect(saidWithin(it, 10_000).map(([, line]) => line)).toEqual([`10.0.0.2 > ${GROUP4} 12 ${GROUP4}`])
    leave(it, GROUP4)
    expect(said(it)).toEqual([])
    it.host.advance(261_000)
    join(it, GROUP4)
    expect(said(it)).toEqual([`10.0.0.2 > 224.0.0.22 to-ex ${GROUP4}`])
  })

  it.each([
    ['of version 2, about a group', { length: 8 }],
    ['of version 1, about a group: there is no such thing', { length: 8, code: 0, alert: false }],
  ] as [string, Query][])('IGMP-04 a query %s does not bring the older version back', (_, query) => {
    const it = bench(['10.0.0.2/24'], true, 1, false)
    join(it, GROUP4)
    it.host.advance(5000)
    said(it)
    ask4(it, GROUP4, query)
    it.host.advance(20_000)
    said(it)
    leave(it, GROUP4)
    expect(said(it)).toEqual([`10.0.0.2 > 224.0.0.22 to-in ${GROUP4}`])
  })

  it('IGMP-04 in the older versions another host’s report is enough', () => {
    const it = bench(['10.0.0.2/24'], true, 1, false)
    join(it, GROUP4)
    it.host.advance(5000)
    said(it)
    ask4(it, '0.0.0.0', { length: 8 })
    ask4(it, GROUP4, { length: 8, type: 0x16 })
    expect(saidWithin(it, 12_000)).toEqual([])
  })

  it.each([
    ['without Router Alert', '0.0.0.0', { alert: false }],
    ['general, but not to all hosts', '0.0.0.0', { to: GROUP4 }],
    ['of 10 bytes', '0.0.0.0', { length: 10 }],
    ['of 7 bytes', '0.0.0.0', { length: 7 }],
    ['of no known type', '0.0.0.0', { type: 0x55 }],
  ] as [string, string, Query][])('IGMP-05 a query %s is ignored', (_, group, query) => {
    const it = bench(['10.0.0.2/24'], true, 1, false)
    join(it, GROUP4)
    it.host.advance(5000)
    said(it)
    ask4(it, group, query)
    expect(saidWithin(it, 12_000)).toEqual([])
    expect(it.host.icmp.counters.groupQueriesIn).toBe(0)
    // The bench can ask rightly.
    ask4(it, '0.0.0.0')
    expect(saidWithin(it, 12_000)).toHaveLength(1)
  })

  it('IGMP-06 response codes from 128 on are floating point', () => {
    expect([0, 1, 127, 128, 0x8f, 0x90, 0xff].map(igmpResponseTime)).toEqual([
      0, 1, 127, 128, 248, 256, 31_744,
    ])
  })

  it('IGMP-07 without an address the report comes from 0.0.0.0', () => {
    const it = bench([], true, 1, false)
    join(it, GROUP4)
    expect(said(it)).toEqual([`0.0.0.0 > 224.0.0.22 to-ex ${GROUP4}`])
  })
})

describe('MLD', () => {
  it('MLD-01 MLD-02 N8504-03 a change is told at once, and once more within a second', () => {
    const it = bench([])
    for (const [change, type] of [
      [join, 'to-ex'],
      [leave, 'to-in'],
    ] as const) {
      change(it, GROUP6)
      const line = `fe80 > ff02::16 ${type} ${GROUP6}`
      expect(said(it)).toEqual([line])
      it.host.advance(1000)
      expect(said(it)).toEqual([line])
      it.host.advance(60_000)
      expect(said(it)).toEqual([])
    }
  })

  it('MLD-05 MLD-06 SL-02 before an address is checked its group is reported from ::, and again when there is a source', () => {
    const it = bench(['fd00::2/64'], false)
    it.host.advance(0)
    const [first, ...more] = said(it)
    expect(more).toEqual([])
    expect(first).toMatch(/^:: > ff02::16 to-ex ff02::1:ff[\da-f]+:[\da-f]+, to-ex ff02::1:ff00:2$/)
    it.host.advance(5000)
    const later = said(it)
    expect(later.filter((line) => line.startsWith(':: >'))).toHaveLength(1)
    expect(later.filter((line) => line.startsWith('fe80 > ff02::16 to-ex '))).toHaveLength(2)
    expect(later).toHaveLength(3)
  })

  it.each(['ff01::5', 'ff00::5', 'ff02::1'])('MLD-05 nobody is told of %s', (group) => {
    const it = bench([])
    join(it, group)
    leave(it, group)
    it.host.advance(5000)
    expect(said(it)).toEqual([])
  })

  it('MLD-03 queries are answered in time, for all groups or for one', () => {
    const it = bench(['fd00::2/64'])
    ask6(it, '::', { code: 5000 })
    const [[at, line], ...more] = saidWithin(it, 20_000)
    expect(at).toBeLessThanOrEqual(5050)
    expect(line).toMatch(/^fe80 > ff02::16 is-ex ff02::1:ff\S+, is-ex ff02::1:ff00:2$/)
    expect(more).toEqual([])
    ask6(it, 'ff02::1:ff00:2', { code: 1000 })
    expect(saidWithin(it, 1000).map(([, text]) => text)).toEqual(['fe80 > ff02::16 is-ex ff02::1:ff00:2'])
  })

  it.each([
    ['from a global address', { from: 'fd00::9' }],
    ['with hop limit 2', { hopLimit: 2 }],
    ['without Router Alert', { alert: false }],
    ['to another group than all nodes', { to: 'ff02::1:ff00:2' }],
    ['of 26 bytes', { length: 26 }],
    ['of 20 bytes', { length: 20 }],
  ] as [string, Query][])('MLD-03 MLD-04 a query %s is ignored', (_, query) => {
    const it = bench(['fd00::2/64'])
    ask6(it, '::', query)
    expect(saidWithin(it, 12_000)).toEqual([])
    expect(it.host.icmp.counters).toMatchObject({ groupQueriesIn: 0, groupQueriesIgnored: 1 })
  })

  it('MLD-04 a querier of version 1 is answered in kind', () => {
    const it = bench(['fd00::2/64'])
    join(it, GROUP6)
    it.host.advance(5000)
    said(it)
    ask6(it, '::', { length: 24 })
    const reports = saidWithin(it, 10_000).map(([, line]) => line)
    expect(reports).toHaveLength(3)
    expect(reports).toContain(`fe80 > ${GROUP6} 131 ${GROUP6}`)
    leave(it, GROUP6)
    expect(said(it)).toEqual([`fe80 > ff02::2 132 ${GROUP6}`])
    it.host.advance(261_000)
    join(it, GROUP6)
    expect(said(it)).toEqual([`fe80 > ff02::16 to-ex ${GROUP6}`])
  })

  it('MLD-07 response codes from 32,768 on are floating point', () => {
    expect([0, 0x7fff, 0x8000, 0x8fff, 0x9000, 0xffff].map(mldResponseTime)).toEqual([
      0, 32_767, 32_768, 65_528, 65_536, 8_387_584,
    ])
  })

  it('more groups than a packet holds take several', () => {
    const it = bench([])
    it.host.engine.run(() => {
      for (let i = 1; i <= 200; i++) it.iface.groups.join(address(`ff05::${i}`))
    })
    it.host.advance(0)
    expect(said(it).map((line) => line.split(',').length)).toEqual([72, 72, 56])
  })

  it('nothing is left of an interface that is gone, and nothing is said on one without Ethernet', async () => {
    const it = bench(['fd00::2/64'])
    join(it, GROUP6)
    await it.iface.close()
    it.host.advance(60_000)
    expect(it.host.engine.timers.size).toBe(0)
    const tun = new ScriptedDevice()
    const iface = it.host.add(tun, ['fd01::2/64'])
    it.host.engine.run(() => iface.groups.join(address(GROUP6)))
    it.host.advance(60_000)
    expect(tun.take()).toEqual([])
  })
})
