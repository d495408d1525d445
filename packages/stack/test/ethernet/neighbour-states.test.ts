import { describe, expect, it } from 'vitest'
import { requireAddress } from '../../src/ip/address-text.ts'
import {
  advertisement,
  arpReply,
  Bench,
  BROADCAST,
  linkOption,
  OTHER_MAC,
  OUR_MAC,
  only,
  PEER_MAC,
} from './support.ts'

const PEER = 'fd00::9'
const hop = requireAddress(PEER)
const MULTICAST_NS = `ns fd00::2 > ff02::1:ff00:9 for ${PEER} slla=${OUR_MAC} -> 33:33:ff:00:00:09`
const UNICAST_NS = `ns fd00::2 > ${PEER} for ${PEER} slla=${OUR_MAC} -> ${PEER_MAC}`

const answer = (flags: number, holder = PEER_MAC, destination = 'fd00::2'): Uint8Array =>
  advertisement(flags, {
    from: holder,
    source: PEER,
    destination,
    target: PEER,
    options: linkOption(2, holder),
  })

/** A bench with a neighbour that has just been confirmed. */
function reachable(seed = 1): Bench {
  const bench = Bench.ready({ seed })
  bench.send('fd00::2', PEER, 1)
  bench.receive(answer(0x60))
  bench.take()
  expect(bench.table()).toEqual([`${PEER} Reachable ${PEER_MAC}`])
  return bench
}

/** One that was confirmed so long ago that nothing of it holds. */
function expired(seed = 1): Bench {
  const bench = reachable(seed)
  bench.clock.advance(46_000)
  return bench
}

/** One that left three probes unanswered. */
function unreachable(): Bench {
  const bench = expired()
  bench.send('fd00::2', PEER, 1)
  bench.clock.advance(8_000)
  expect(bench.table()).toEqual([`${PEER} Unreachable ${PEER_MAC}`])
  bench.take()
  return bench
}

describe('neighbour unreachability detection', () => {
  it('ND-12 stays REACHABLE for 15 to 45 seconds, at random', () => {
    const times = new Set<number>()
    for (let seed = 1; seed <= 40; seed++) {
      const bench = reachable(seed)
      const start = bench.ms
      // Packets keep no neighbour alive; only the clock counts.
      while (bench.table()[0].includes('Reachable')) {
        bench.send('fd00::2', PEER, 1)
        bench.clock.advance(100)
      }
      const lasted = bench.ms - start
      expect(lasted).toBeGreaterThanOrEqual(15_000)
      expect(lasted).toBeLessThanOrEqual(45_200)
      times.add(lasted)
    }
    expect(times.size).toBeGreaterThan(20)
  })

  it('ND-12 an idle entry is not asked, whatever its age', () => {
    const bench = expired()
    bench.clock.advance(3600_000)
    expect(bench.take()).toEqual([])
    expect(bench.engine.timers.size).toBe(0)
  })

  it('ND-12 goes STALE, DELAY for five seconds, PROBE with three unicast solicitations', () => {
    const bench = expired()
    const start = bench.ms
    bench.send('fd00::2', PEER, 7)
    expect(bench.table()).toEqual([`${PEER} Delay ${PEER_MAC}`])
    expect(only(bench.take())).toBe(`v6 ${PEER} #7 -> ${PEER_MAC}`)
    bench.clock.advance(7_999)
    expect(bench.table()).toEqual([`${PEER} Probe ${PEER_MAC}`])
    expect(bench.takeTimed()).toEqual([5000, 6000, 7000].map((at) => `${start + at} ${UNICAST_NS}`))
    bench.receive(answer(0x60))
    expect(bench.table()).toEqual([`${PEER} Reachable ${PEER_MAC}`])
    bench.clock.advance(10_000)
    expect(bench.take()).toEqual([])
  })

  it('ND-12 progress of a transport confirms, and suppresses the probes', () => {
    for (const wait of [0, 4_999, 5_500]) {
      const bench = expired()
      bench.send('fd00::2', PEER, 1)
      bench.clock.advance(wait)
      bench.take()
      bench.engine.run(() => bench.link.confirm(hop))
      expect(bench.table()).toEqual([`${PEER} Reachable ${PEER_MAC}`])
      bench.clock.advance(10_000)
      expect(bench.take()).toEqual([])
    }
  })

  it('ND-12 a steady flow that is confirmed is never probed', () => {
    const bench = reachable()
    for (let i = 0; i < 600; i++) {
      bench.send('fd00::2', PEER, 1)
      bench.engine.run(() => bench.link.confirm(hop))
      bench.clock.advance(1000)
    }
    expect(new Set(bench.take())).toEqual(new Set([`v6 ${PEER} #1 -> ${PEER_MAC}`]))
  })

  it('ND-12 a hint does not resolve, and about a stranger it says nothing', () => {
    const bench = Bench.ready()
    bench.send('fd00::2', PEER, 1)
    bench.engine.run(() => bench.link.confirm(hop))
    bench.engine.run(() => bench.link.confirm(requireAddress('fd00::8')))
    expect(bench.table()).toEqual([`${PEER} Incomplete -`])
  })

  it('a suspicion probes at once, unless that is being done', () => {
    const bench = reachable()
    bench.clock.advance(1000)
    bench.engine.run(() => bench.link.suspect(hop))
    expect(only(bench.take())).toBe(UNICAST_NS)
    bench.engine.run(() => bench.link.suspect(hop))
    bench.engine.run(() => bench.link.suspect(requireAddress('fd00::8')))
    expect(bench.take()).toEqual([])
    bench.clock.advance(3_000)
    expect(bench.take()).toEqual([UNICAST_NS, UNICAST_NS, MULTICAST_NS])
  })

  it('ND-13 an unsolicited advertisement confirms nothing', () => {
    const bench = expired()
    bench.send('fd00::2', PEER, 1)
    bench.take()
    bench.receive(answer(0x20, PEER_MAC, 'ff02::1'))
    expect(bench.table()).toEqual([`${PEER} Delay ${PEER_MAC}`])
    bench.clock.advance(5_000)
    expect(only(bench.take())).toBe(UNICAST_NS)
  })

  it('ND-14 solicits one neighbour once a second at most, under any traffic and suspicion', () => {
    const bench = Bench.ready()
    const solicits: number[] = []
    for (let i = 0; i < 30_000; i++) {
      bench.send('fd00::2', PEER, 1)
      if (i % 7 === 0) bench.engine.run(() => bench.link.suspect(hop))
      // Known for a while, then silent.
      if (i === 700) bench.receive(answer(0x60))
      bench.clock.advance(1)
      for (const frame of bench.device.frames.splice(0)) {
        if (frame.bytes[54] === 135) solicits.push(frame.at)
      }
    }
    expect(solicits.length).toBeGreaterThan(5)
    for (let i = 1; i < solicits.length; i++) {
      expect(solicits[i] - solicits[i - 1]).toBeGreaterThanOrEqual(1000)
    }
  })

  it('ND-15 stays in use when probes fail, and is asked by multicast ever more rarely', () => {
    const bench = expired()
    const start = bench.ms
    bench.send('fd00::2', PEER, 1)
    bench.clock.advance(8_000)
    expect(bench.takeTimed().at(-1)).toBe(`${start + 8000} ${MULTICAST_NS}`)
    expect(bench.counters.neighboursUnreachable).toBe(1)
    const asked: number[] = [start + 8000]
    for (let i = 0; i < 4000; i++) {
      bench.clock.advance(100)
      bench.send('fd00::2', PEER, 1)
      for (const frame of bench.device.frames.splice(0)) if (frame.bytes[54] === 135) asked.push(frame.at)
    }
    const pauses = asked.slice(1).map((at, i) => Math.round((at - asked[i]) / 1000))
    // 3^n seconds, 60 at most (RFC 7048 section 3).
    expect(pauses.slice(0, 6)).toEqual([3, 9, 27, 60, 60, 60])
    expect(bench.unresolved).toEqual([])
  })

  it('ND-15 recovers by an answer, also with another MAC, and is then as good as any', () => {
    const bench = unreachable()
    bench.receive(answer(0x60, OTHER_MAC))
    expect(bench.table()).toEqual([`${PEER} Reachable ${OTHER_MAC}`])
    bench.send('fd00::2', PEER, 2)
    expect(only(bench.take())).toBe(`v6 ${PEER} #2 -> ${OTHER_MAC}`)
  })

  it('ND-15 asks nothing while nobody sends', () => {
    const bench = unreachable()
    bench.clock.advance(3600_000)
    expect(bench.take()).toEqual([])
    bench.send('fd00::2', PEER, 3)
    expect(bench.take()).toEqual([MULTICAST_NS, `v6 ${PEER} #3 -> ${PEER_MAC}`])
  })

  it('goes the same way for IPv4', () => {
    const bench = Bench.ready()
    bench.send('10.0.0.2', '10.0.0.9', 1)
    bench.receive(arpReply({ sender: '10.0.0.9', target: '10.0.0.2' }))
    bench.clock.advance(46_000)
    bench.take()
    bench.send('10.0.0.2', '10.0.0.9', 2)
    bench.clock.advance(8_000)
    const [packet, ...asked] = bench.take()
    expect(packet).toBe(`v4 10.0.0.9 #2 -> ${PEER_MAC}`)
    expect(asked.map((line) => line.split('-> ')[1])).toEqual([PEER_MAC, PEER_MAC, PEER_MAC, BROADCAST])
    // An answer proves that we are heard only where we had asked.
    bench.receive(arpReply({ sender: '10.0.0.9', target: '10.0.0.2' }))
    expect(bench.table()).toEqual([`10.0.0.9 Reachable ${PEER_MAC}`])
  })
})
