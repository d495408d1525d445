import { describe, expect, it } from 'vitest'
import { AddressState } from '../../src/ip/link-port.ts'
import {
  advertisement,
  Bench,
  groupMac,
  icmpv6,
  join,
  linkOption,
  OTHER_MAC,
  OUR_MAC,
  only,
  PEER_MAC,
  solicitation,
} from './support.ts'

const GROUP = 'ff02::1:ff00:2'
const PROBE = `ns :: > ${GROUP} for fd00::2 -> 33:33:ff:00:00:02`

const foreignProbe = solicitation({ from: OTHER_MAC, source: '::', target: 'fd00::2' })
const question = solicitation({ source: 'fd00::9', target: 'fd00::2', options: linkOption(1, PEER_MAC) })
const claim = advertisement(0x20, {
  to: groupMac('ff02::1'),
  from: OTHER_MAC,
  source: 'fe80::bb',
  destination: 'ff02::1',
  target: 'fd00::2',
  options: linkOption(2, OTHER_MAC),
})

/** With the router's MAC and a lifetime of half an hour. */
const routerAdvertisement = icmpv6(
  { from: OTHER_MAC, source: 'fe80::bb', destination: 'ff02::1', target: '::' },
  join([134, 0, 0, 0, 64, 0, 0x07, 0x08], new Uint8Array(8), linkOption(1, OTHER_MAC)),
)

describe('duplicate address detection', () => {
  it('SL-01 checks every unicast address, link-local and global alike, before use', () => {
    const bench = new Bench({ mode: 'strict' })
    bench.add('fe80::2/64')
    bench.add('fd00::2/64')
    expect(bench.addresses.map((own) => own.state)).toEqual([AddressState.Tentative, AddressState.Tentative])
    bench.clock.advance(5_000)
    expect(bench.take().sort()).toEqual([PROBE, `ns :: > ${GROUP} for fe80::2 -> 33:33:ff:00:00:02`])
    expect(bench.addresses.map((own) => own.state)).toEqual([AddressState.Preferred, AddressState.Preferred])
  })

  it('SL-02 sends one solicitation within a second, and waits one more', () => {
    const delays = new Set<number>()
    for (let seed = 1; seed <= 40; seed++) {
      const bench = new Bench({ mode: 'strict', seed })
      bench.add('fd00::2/64')
      bench.clock.advance(10_000)
      const at = bench.device.frames[0].at
      expect(at).toBeLessThan(1000)
      expect(only(bench.take())).toBe(PROBE)
      expect(bench.states).toHaveLength(1)
      expect(Number.parseFloat(bench.states[0])).toBeCloseTo(at + 1000, 3)
      delays.add(at)
    }
    expect(delays.size).toBeGreaterThan(30)
  })

  it('SL-02 ND-06 has joined the groups before', () => {
    const bench = new Bench({ mode: 'strict' })
    bench.receive(foreignProbe)
    expect(bench.counters.dropNotJoined).toBe(1)
    bench.add('fd00::2/64')
    bench.receive(foreignProbe)
    expect(bench.counters.dropNotJoined).toBe(1)
    expect(bench.counters.ndSolicitsIn).toBe(1)
  })

  it('SL-04 the holder may defend the address from that very address, as Linux does', () => {
    const bench = new Bench({ mode: 'strict' })
    const own = bench.add('fd00::2/64')
    bench.receive(
      advertisement(0x20, {
        to: groupMac('ff02::1'),
        from: OTHER_MAC,
        source: 'fd00::2',
        destination: 'ff02::1',
        target: 'fd00::2',
        options: linkOption(2, OTHER_MAC),
      }),
    )
    expect(own.state).toBe(AddressState.Duplicate)
  })

  it.each(['strict', 'optimistic'] as const)(
    'SL-03 another node that checks the same address has it (%s)',
    (mode) => {
      const bench = new Bench({ mode })
      const own = bench.add('fd00::2/64')
      bench.clock.advance(500)
      bench.receive(foreignProbe)
      expect(own.state).toBe(AddressState.Duplicate)
      expect(bench.states).toEqual([`500 fd00::2 Duplicate ${OTHER_MAC}`])
      bench.take()
      bench.receive(question)
      bench.clock.advance(10_000)
      expect(bench.take()).toEqual([])
    },
  )

  it('SL-03 ignores questions for a tentative address, and learns nothing from them', () => {
    const bench = new Bench({ mode: 'strict' })
    const own = bench.add('fd00::2/64')
    bench.clock.advance(1000)
    bench.take()
    bench.receive(question)
    expect(bench.take()).toEqual([])
    expect(bench.table()).toEqual([])
    expect(own.state).toBe(AddressState.Tentative)
  })

  it('SL-03 ND-24 is no conflict when our own solicitation comes back', () => {
    const bench = new Bench({ mode: 'optimistic' })
    const own = bench.add('fd00::2/64')
    const looped = bench.device.frames[0].bytes
    bench.receive(looped)
    bench.clock.advance(5_000)
    expect(own.state).toBe(AddressState.Preferred)
    expect(bench.counters.dropOwnSource).toBe(1)
  })

  it.each(['strict', 'optimistic'] as const)(
    'SL-04 an advertisement for the address means it is taken (%s)',
    (mode) => {
      const bench = new Bench({ mode })
      const own = bench.add('fd00::2/64')
      bench.clock.advance(300)
      bench.receive(claim)
      expect(own.state).toBe(AddressState.Duplicate)
      expect(bench.states).toEqual([`300 fd00::2 Duplicate ${OTHER_MAC}`])
      expect(bench.counters.addressesLost).toBe(1)
    },
  )

  it('SL-04 a checked address is not lost to a forged advertisement', () => {
    const bench = Bench.ready({ mode: 'strict' }, 'fd00::2/64')
    for (let i = 0; i < 3; i++) bench.receive(claim)
    expect(bench.addresses[0].state).toBe(AddressState.Preferred)
    expect(bench.counters.addressConflicts).toBe(3)
    expect(bench.states).toEqual([])
    expect(bench.take()).toEqual([])
  })

  it('answers another node that checks our address (ND-09: to all nodes, unsolicited)', () => {
    const bench = Bench.ready({ mode: 'strict' }, 'fd00::2/64')
    bench.receive(foreignProbe)
    expect(only(bench.take())).toBe(
      `na fd00::2 > ff02::1 for fd00::2 --O tlla=${OUR_MAC} -> 33:33:00:00:00:01`,
    )
  })

  it("'off' takes the address at once and tells everybody", () => {
    const bench = new Bench({ mode: 'off' })
    bench.add('fd00::2/64')
    expect(bench.states).toEqual(['0 fd00::2 Preferred'])
    expect(only(bench.take())).toBe(
      `na fd00::2 > ff02::1 for fd00::2 --O tlla=${OUR_MAC} -> 33:33:00:00:00:01`,
    )
    bench.clock.advance(10_000)
    expect(bench.take()).toEqual([])
  })
})

describe('optimistic addresses (RFC 4429)', () => {
  it('are probed at once, answered for without overriding, and preferred a second later', () => {
    const bench = new Bench({ mode: 'optimistic' })
    const own = bench.add('fd00::2/64')
    expect(own.state).toBe(AddressState.Optimistic)
    expect(bench.takeTimed()).toEqual([`0 ${PROBE}`])
    bench.receive(question)
    expect(only(bench.take())).toBe(`na fd00::2 > fd00::9 for fd00::2 -S- tlla=${OUR_MAC} -> ${PEER_MAC}`)
    bench.send('fd00::2', 'fd00::9', 4)
    expect(only(bench.take())).toBe(`v6 fd00::9 #4 -> ${PEER_MAC}`)
    bench.clock.advance(1000)
    expect(bench.states).toEqual(['1000 fd00::2 Preferred'])
    bench.receive(question)
    expect(only(bench.take())).toContain('-SO')
  })

  it('never ask for a neighbour: the packet waits for the check, and goes then', () => {
    const bench = new Bench({ mode: 'optimistic' })
    bench.add('fd00::2/64')
    bench.take()
    bench.send('fd00::2', 'fd00::9', 1)
    bench.clock.advance(999)
    expect(bench.take()).toEqual([])
    bench.clock.advance(1)
    const ask = `ns fd00::2 > ff02::1:ff00:9 for fd00::9 slla=${OUR_MAC} -> 33:33:ff:00:00:09`
    expect(only(bench.take())).toBe(ask)
    // All three attempts are still to come.
    bench.clock.advance(2000)
    expect(bench.take()).toEqual([ask, ask])
    expect(bench.unresolved).toEqual([])
    bench.clock.advance(1000)
    expect(bench.unresolved).toEqual(['fd00::9: 1'])
  })

  it('send through a router that is known, for want of the right to ask', () => {
    const bench = new Bench({ mode: 'optimistic' })
    bench.add('fd00::2/64')
    bench.receive(routerAdvertisement)
    bench.take()
    bench.send('fd00::2', 'fd00::9', 1)
    expect(only(bench.take())).toBe(`v6 fd00::9 #1 -> ${OTHER_MAC}`)
    // No router passes on what is for its own link only.
    bench.send('fd00::2', 'fe80::9', 2)
    expect(bench.take()).toEqual([])
    bench.clock.advance(1000)
    bench.take()
    bench.send('fd00::2', 'fd00::9', 3)
    expect(only(bench.take())).toContain('ns fd00::2 > ff02::1:ff00:9')
  })

  it('ask through another address that has been checked', () => {
    const bench = Bench.ready({ mode: 'optimistic' }, 'fe80::2/64')
    bench.add('fd00::2/64')
    bench.take()
    bench.send('fd00::2', 'fd00::9', 1)
    expect(only(bench.take())).toContain('ns fe80::2 > ff02::1:ff00:9')
  })

  it('a packet whose only source is lost is reported in the end', () => {
    const bench = new Bench({ mode: 'optimistic' })
    bench.add('fd00::2/64')
    bench.send('fd00::2', 'fd00::9', 1)
    bench.receive(claim)
    bench.take()
    bench.clock.advance(3000)
    expect(bench.take()).toEqual([])
    expect(bench.unresolved).toEqual(['fd00::9: 1'])
  })
})
