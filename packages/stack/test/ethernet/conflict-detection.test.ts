import { describe, expect, it } from 'vitest'
import { AddressState } from '../../src/ip/link-port.ts'
import { arp, arpReply, Bench, BROADCAST, OTHER_MAC, OUR_MAC, only, PEER_MAC } from './support.ts'

const ZERO_MAC = '00:00:00:00:00:00'
const PROBE = `arp request 0.0.0.0(${OUR_MAC}) 10.0.0.2(${ZERO_MAC}) -> ${BROADCAST}`
const ANNOUNCEMENT = `arp request 10.0.0.2(${OUR_MAC}) 10.0.0.2(${ZERO_MAC}) -> ${BROADCAST}`

const foreignUse = arp({ from: OTHER_MAC, sender: '10.0.0.2', target: '10.0.0.50' })
const foreignProbe = arp({ from: OTHER_MAC, sender: '0.0.0.0', target: '10.0.0.2' })
const question = arp({ sender: '10.0.0.9', target: '10.0.0.2' })

function strict(seed = 1): Bench {
  const bench = new Bench({ mode: 'strict', seed })
  bench.add('10.0.0.2/24')
  return bench
}

describe('address conflict detection', () => {
  it('ACD-01 ACD-02 ACD-06 probes three times before any use, then announces twice', () => {
    const bench = strict()
    expect(bench.addresses[0].state).toBe(AddressState.Tentative)
    expect(bench.addresses[0].usable).toBe(false)
    bench.clock.advance(20_000)
    expect(bench.take()).toEqual([PROBE, PROBE, PROBE, ANNOUNCEMENT, ANNOUNCEMENT])
    expect(bench.addresses[0].state).toBe(AddressState.Preferred)
  })

  it('ACD-03 keeps the times of RFC 5227 for every draw', () => {
    const firsts = new Set<number>()
    for (let seed = 1; seed <= 40; seed++) {
      const bench = strict(seed)
      bench.clock.advance(20_000)
      const [p1, p2, p3, a1, a2] = bench.device.frames.map((frame) => frame.at)
      expect(p1).toBeGreaterThanOrEqual(0)
      expect(p1).toBeLessThan(1000)
      for (const pause of [p2 - p1, p3 - p2]) {
        expect(pause).toBeGreaterThanOrEqual(1000)
        expect(pause).toBeLessThan(2000)
      }
      expect(a1 - p3).toBeCloseTo(2000, 3)
      expect(a2 - a1).toBeCloseTo(2000, 3)
      expect(bench.states).toEqual([`${a1} 10.0.0.2 Preferred`])
      firsts.add(p1)
    }
    expect(firsts.size).toBeGreaterThan(30)
  })

  it.each([
    ['a request by its holder', foreignUse],
    ['an answer of its holder', arpReply({ from: OTHER_MAC, sender: '10.0.0.2', target: '0.0.0.0' })],
    ['a probe by another host', foreignProbe],
  ])('ACD-04 gives up on %s', (_name, frame) => {
    for (const mode of ['strict', 'optimistic'] as const) {
      const bench = new Bench({ mode })
      const own = bench.add('10.0.0.2/24')
      bench.clock.advance(1500)
      const at = bench.ms
      bench.receive(frame)
      expect(own.state).toBe(AddressState.Duplicate)
      expect(bench.states).toEqual([`${at} 10.0.0.2 Duplicate ${OTHER_MAC}`])
      bench.take()
      // Neither sent from nor answered for.
      bench.receive(question)
      bench.clock.advance(60_000)
      expect(bench.take()).toEqual([])
      expect(bench.counters.addressesLost).toBe(1)
    }
  })

  it('ACD-04 is no conflict with an ordinary question for the candidate', () => {
    const bench = strict()
    bench.clock.advance(1500)
    bench.take()
    bench.receive(question)
    expect(bench.addresses[0].state).toBe(AddressState.Tentative)
    expect(bench.take()).toEqual([])
  })

  it('ACD-04 is no conflict with a reply from nobody', () => {
    const bench = strict()
    bench.clock.advance(1500)
    bench.receive(arpReply({ from: OTHER_MAC, sender: '0.0.0.0', target: '10.0.0.2' }))
    expect(bench.addresses[0].state).toBe(AddressState.Tentative)
  })

  it('ACD-04 the holder of a lost address can be talked to', () => {
    const bench = Bench.ready({ mode: 'strict' }, '10.0.0.3/24', '10.0.0.2/24')
    bench.receive(foreignUse)
    bench.receive(foreignUse)
    expect(bench.addresses[1].state).toBe(AddressState.Duplicate)
    bench.receive(arp({ from: OTHER_MAC, sender: '10.0.0.2', target: '10.0.0.3' }))
    expect(bench.table()).toEqual([`10.0.0.2 Stale ${OTHER_MAC}`])
  })

  it('ACD-05 after ten conflicts tries once a minute at most', () => {
    const bench = new Bench({ mode: 'optimistic' })
    const starts: number[] = []
    for (let i = 0; i < 13; i++) {
      const own = bench.add('10.0.0.2/24')
      bench.clock.runUntil(() => bench.device.frames.length > 0)
      starts.push(bench.ms)
      // Past the limit an address is not used unchecked, whatever the mode.
      expect(own.state).toBe(i < 10 ? AddressState.Optimistic : AddressState.Tentative)
      bench.receive(foreignUse)
      expect(own.state).toBe(AddressState.Duplicate)
      bench.engine.run(() => bench.link.removeAddress(own))
      bench.take()
    }
    for (let i = 1; i < 10; i++) expect(starts[i] - starts[i - 1]).toBeLessThan(1000)
    for (let i = 10; i < 13; i++) expect(starts[i] - starts[i - 1]).toBeGreaterThanOrEqual(60_000)
    // A success ends the penance.
    const own = bench.add('10.0.0.2/24')
    bench.clock.advance(80_000)
    expect(own.state).toBe(AddressState.Preferred)
    bench.take()
    bench.add('10.0.0.3/24')
    bench.clock.advance(1000)
    expect(bench.take()).toHaveLength(1)
  })

  it('ACD-05 an address that was removed before it was tried delays nobody', () => {
    const bench = new Bench({ mode: 'optimistic' })
    for (let i = 0; i < 40; i++) {
      const own = bench.add('10.0.0.2/24')
      bench.receive(foreignUse)
      bench.engine.run(() => bench.link.removeAddress(own))
    }
    const own = bench.add('10.0.0.2/24')
    expect(own.state).toBe(AddressState.Tentative)
    bench.clock.advance(70_000)
    expect(own.state).toBe(AddressState.Preferred)
  })

  it('ACD-07 defends once, and gives up on a second conflict within ten seconds', () => {
    const bench = Bench.ready({ mode: 'strict' }, '10.0.0.2/24')
    bench.receive(foreignUse)
    expect(only(bench.take())).toBe(ANNOUNCEMENT)
    expect(bench.states).toEqual([])
    bench.clock.advance(9_999)
    const at = bench.ms
    bench.receive(foreignUse)
    expect(bench.take()).toEqual([])
    expect(bench.states).toEqual([`${at} 10.0.0.2 Duplicate ${OTHER_MAC}`])
  })

  it('ACD-07 keeps an address whose conflicts are more than ten seconds apart', () => {
    const bench = Bench.ready({ mode: 'optimistic' }, '10.0.0.2/24')
    for (let i = 0; i < 5; i++) {
      bench.receive(foreignUse)
      expect(only(bench.take())).toBe(ANNOUNCEMENT)
      bench.clock.advance(10_001)
    }
    expect(bench.states).toEqual([])
    expect(bench.counters.addressesDefended).toBe(5)
  })

  it("ACD-07 with 'off' never gives up, and defends at a limited rate", () => {
    const bench = Bench.ready({ mode: 'off' }, '10.0.0.2/24')
    for (let i = 0; i < 1000; i++) bench.receive(foreignUse)
    expect(only(bench.take())).toBe(ANNOUNCEMENT)
    expect(bench.addresses[0].state).toBe(AddressState.Preferred)
    expect(bench.counters.addressConflicts).toBe(1000)
  })

  it('ACD-08 does not probe again', () => {
    const bench = Bench.ready({ mode: 'strict' }, '10.0.0.2/24')
    bench.clock.advance(24 * 3600_000)
    expect(bench.take()).toEqual([])
  })

  it('ACD-09 answers questions from the first announcement on', () => {
    const bench = strict()
    bench.clock.runUntil(() => bench.states.length > 0)
    expect(bench.take().at(-1)).toBe(ANNOUNCEMENT)
    bench.receive(question)
    expect(only(bench.take())).toBe(`arp reply 10.0.0.2(${OUR_MAC}) 10.0.0.9(${PEER_MAC}) -> ${PEER_MAC}`)
    // Another host's probe is now answered, and is no conflict.
    bench.receive(foreignProbe)
    expect(only(bench.take())).toBe(`arp reply 10.0.0.2(${OUR_MAC}) 0.0.0.0(${OTHER_MAC}) -> ${OTHER_MAC}`)
    expect(bench.addresses[0].state).toBe(AddressState.Preferred)
  })

  it("'optimistic' uses and answers for an address at once, and probes it meanwhile", () => {
    const bench = new Bench({ mode: 'optimistic' })
    const own = bench.add('10.0.0.2/24')
    expect(own.usable).toBe(true)
    bench.receive(question)
    expect(only(bench.take())).toBe(`arp reply 10.0.0.2(${OUR_MAC}) 10.0.0.9(${PEER_MAC}) -> ${PEER_MAC}`)
    bench.clock.advance(20_000)
    expect(bench.take()).toEqual([PROBE, PROBE, PROBE, ANNOUNCEMENT, ANNOUNCEMENT])
    expect(own.state).toBe(AddressState.Preferred)
  })

  it("'off' announces at once, twice, and probes nothing", () => {
    const bench = new Bench({ mode: 'off' })
    bench.add('10.0.0.2/24')
    expect(bench.states).toEqual(['0 10.0.0.2 Preferred'])
    bench.clock.advance(20_000)
    expect(bench.takeTimed()).toEqual([`0 ${ANNOUNCEMENT}`, `2000 ${ANNOUNCEMENT}`])
  })

  it('an address removed while being checked is checked no more', () => {
    const bench = strict()
    bench.clock.advance(1000)
    bench.take()
    bench.engine.run(() => bench.link.removeAddress(bench.addresses[0]))
    bench.clock.advance(60_000)
    expect(bench.take()).toEqual([])
    expect(bench.states).toEqual([])
  })
})
