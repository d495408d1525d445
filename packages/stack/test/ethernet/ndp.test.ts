import { describe, expect, it } from 'vitest'
import { requireAddress } from '../../src/ip/address-text.ts'
import type { PacketIn } from '../../src/ip/packet-in.ts'
import {
  advertisement,
  Bench,
  icmpv6,
  ip,
  join,
  linkOption,
  type NdFields,
  OTHER_MAC,
  OUR_MAC,
  only,
  PEER_MAC,
  solicitation,
} from './support.ts'

const SLLA = linkOption(1, PEER_MAC)
const TLLA = linkOption(2, PEER_MAC)
const ASK = `ns fd00::2 > ff02::1:ff00:9 for fd00::9 slla=${OUR_MAC} -> 33:33:ff:00:00:09`
const ANSWER = `na fd00::2 > fd00::9 for fd00::2 -SO tlla=${OUR_MAC} -> ${PEER_MAC}`

/** A valid question for us, some of it changed. */
function question(fields: Partial<NdFields> = {}): Uint8Array {
  return solicitation({ source: 'fd00::9', target: 'fd00::2', options: SLLA, ...fields })
}

/** A valid answer of fd00::9, some of it changed. */
function answer(flags: number, fields: Partial<NdFields> = {}): Uint8Array {
  return advertisement(flags, { source: 'fd00::9', target: 'fd00::9', options: TLLA, ...fields })
}

/** The message cut to `length` bytes of ICMPv6. */
function cut(source: string, target: string, type: number, length: number): Uint8Array {
  const whole = join([type, 0, 0, 0, 0, 0, 0, 0], ip(target), new Uint8Array(32))
  return icmpv6({ to: OUR_MAC, source, destination: 'fd00::2', target }, whole.subarray(0, length))
}

describe('neighbour solicitations', () => {
  it.each([
    ['hop limit 254', question({ hopLimit: 254 })],
    ['code 1', question({ code: 1 })],
    ['20 bytes', cut('fd00::9', 'fd00::2', 135, 20)],
    ['a multicast target', question({ target: 'ff02::1', destination: 'ff02::1' })],
    ['ND-05 an option of length 0', question({ options: [1, 0, 0, 0, 0, 0, 0, 0] })],
    ['ND-05 an option beyond the end', question({ options: [1, 2, 0, 0, 0, 0, 0, 0] })],
    ['source :: and a unicast destination', question({ source: '::', destination: 'fd00::2', options: [] })],
    ['source :: and a SLLA', question({ source: '::' })],
    ['a multicast source', question({ source: 'ff02::9' })],
    ['our own source', question({ source: 'fd00::2' })],
    ['an IPv4-mapped source', question({ source: '::ffff:10.0.0.9' })],
    ['a group as its SLLA', question({ options: linkOption(1, '33:33:00:00:00:01') })],
    ['zeros as its SLLA', question({ options: linkOption(1, '00:00:00:00:00:00') })],
    ['our MAC as its SLLA', question({ options: linkOption(1, OUR_MAC) })],
  ])('ND-01 are ignored with %s', (_name, frame) => {
    const bench = Bench.ready()
    // All-nodes frames come through as well, so that only the rule under test can stop it.
    bench.receive(frame)
    expect(bench.take()).toEqual([])
    expect(bench.table()).toEqual([])
    expect(bench.counters.dropNdInvalid).toBe(1)
  })

  it('ND-01 are ignored when they came in fragments (RFC 6980)', () => {
    const bench = Bench.ready()
    bench.reassembled = true
    bench.receive(question())
    expect(bench.take()).toEqual([])
    expect(bench.counters.dropNdInvalid).toBe(1)
  })

  it('ND-05 may carry unknown options before the known one', () => {
    const bench = Bench.ready()
    bench.receive(question({ options: [200, 1, 1, 2, 3, 4, 5, 6, ...SLLA] }))
    expect(only(bench.take())).toBe(ANSWER)
    expect(bench.table()).toEqual([`fd00::9 Stale ${PEER_MAC}`])
  })

  it('ND-06 are heard in the solicited-node group of each address, until the last one leaves it', () => {
    const bench = Bench.ready({}, 'fd00::2/64', 'fd00:1::2/64', 'fd00::1:3/64')
    bench.receive(question())
    bench.receive(question({ target: 'fd00:1::2' }))
    bench.receive(question({ target: 'fd00::1:3' }))
    expect(bench.take()).toHaveLength(3)
    bench.engine.run(() => bench.link.removeAddress(bench.addresses[0]))
    bench.receive(question({ target: 'fd00:1::2' }))
    expect(bench.take()).toHaveLength(1)
    expect(bench.counters.dropNotJoined).toBe(0)
    bench.engine.run(() => bench.link.removeAddress(bench.addresses[1]))
    bench.receive(question({ target: 'fd00:1::2' }))
    expect(bench.counters.dropNotJoined).toBe(1)
  })

  it('ND-09 are answered by unicast, solicited and overriding, with our MAC', () => {
    const bench = Bench.ready()
    bench.receive(question())
    expect(only(bench.take())).toBe(ANSWER)
    // A probe of our reachability comes by unicast, and without SLLA.
    bench.receive(question({ to: OUR_MAC, destination: 'fd00::2', options: [] }))
    expect(only(bench.take())).toBe(ANSWER)
    bench.receive(question({ target: 'fd00::77', destination: 'ff02::1:ff00:2' }))
    expect(bench.take()).toEqual([])
  })

  it('ND-09 without SLLA are answered to where the frame came from', () => {
    const bench = Bench.ready()
    bench.receive(question({ from: OTHER_MAC, options: [] }))
    expect(only(bench.take())).toBe(ANSWER.replace(PEER_MAC, OTHER_MAC))
    expect(bench.table()).toEqual([])
  })

  it('ND-10 create and update a STALE entry, never a REACHABLE one', () => {
    const bench = Bench.ready()
    bench.receive(question())
    expect(bench.table()).toEqual([`fd00::9 Stale ${PEER_MAC}`])
    bench.take()
    bench.send('fd00::2', 'fd00::9', 1)
    expect(only(bench.take())).toBe(`v6 fd00::9 #1 -> ${PEER_MAC}`)
    expect(bench.table()).toEqual([`fd00::9 Delay ${PEER_MAC}`])
    bench.receive(question({ from: OTHER_MAC, options: linkOption(1, OTHER_MAC) }))
    expect(bench.table()).toEqual([`fd00::9 Stale ${OTHER_MAC}`])
    // Of the same MAC, they change nothing.
    bench.engine.run(() => bench.link.confirm(requireAddress('fd00::9')))
    bench.receive(question({ from: OTHER_MAC, options: linkOption(1, OTHER_MAC) }))
    expect(bench.table()).toEqual([`fd00::9 Reachable ${OTHER_MAC}`])
  })

  it('ND-10 from :: create nothing', () => {
    const bench = Bench.ready()
    bench.receive(question({ source: '::', options: [] }))
    expect(bench.table()).toEqual([])
  })

  it('ND-10 from ::1 create nothing', () => {
    const bench = Bench.ready()
    bench.receive(question({ source: '::1' }))
    expect(bench.table()).toEqual([])
  })

  it('ND-10 of a neighbour we are asking for resolve it', () => {
    const bench = Bench.ready()
    bench.send('fd00::2', 'fd00::9', 1)
    bench.receive(question())
    expect(bench.take()).toEqual([ASK, `v6 fd00::9 #1 -> ${PEER_MAC}`, ANSWER])
    expect(bench.table()).toEqual([`fd00::9 Delay ${PEER_MAC}`])
  })
})

describe('resolution by NDP', () => {
  it('ND-07 ND-08 asks three times, a second apart, from the source of the packet', () => {
    const bench = Bench.ready({}, 'fd00::3/64', 'fd00::2/64')
    const start = bench.ms
    bench.send('fd00::2', 'fd00::9', 1)
    bench.send('fd00::3', 'fd00::9', 2)
    bench.clock.advance(2_999)
    expect(bench.unresolved).toEqual([])
    bench.clock.advance(1)
    expect(bench.takeTimed()).toEqual([0, 1000, 2000].map((at) => `${start + at} ${ASK}`))
    expect(bench.unresolved).toEqual(['fd00::9: 1', 'fd00::9: 2'])
    expect(bench.table()).toEqual([])
  })

  it('ND-07 sends what waited, in order, when the answer comes', () => {
    const bench = Bench.ready()
    bench.send('fd00::2', 'fd00::9', 1)
    bench.send('fd00::2', 'fd00::9', 2)
    bench.take()
    bench.clock.advance(1500)
    bench.take()
    bench.receive(answer(0x60))
    expect(bench.take()).toEqual([`v6 fd00::9 #1 -> ${PEER_MAC}`, `v6 fd00::9 #2 -> ${PEER_MAC}`])
    expect(bench.table()).toEqual([`fd00::9 Reachable ${PEER_MAC}`])
    bench.clock.advance(10_000)
    expect(bench.unresolved).toEqual([])
  })

  it('asks for a link-local neighbour from a link-local address', () => {
    const bench = Bench.ready({}, 'fd00::2/64', 'fe80::2/128')
    bench.send('2001:db8::1', 'fe80::9', 1)
    expect(only(bench.take())).toContain('ns fe80::2 > ff02::1:ff00:9 for fe80::9')
  })
})

describe('neighbour advertisements', () => {
  it.each([
    ['hop limit 64', answer(0x60, { hopLimit: 64 })],
    ['code 2', answer(0x60, { code: 2 })],
    ['23 bytes', cut('fd00::9', 'fd00::9', 136, 23)],
    ['a multicast target', answer(0x60, { target: 'ff02::9' })],
    ['S set and a multicast destination', answer(0x60, { destination: 'ff02::1' })],
    ['an option of length 0', answer(0x60, { options: [2, 0, 0, 0, 0, 0, 0, 0] })],
    ['a group as its TLLA', answer(0x60, { options: linkOption(2, 'ff:ff:ff:ff:ff:ff') })],
    ['our own MAC as its TLLA', answer(0x60, { options: linkOption(2, OUR_MAC) })],
  ])('ND-02 are ignored with %s', (_name, frame) => {
    const bench = Bench.ready()
    bench.send('fd00::2', 'fd00::9', 1)
    bench.receive(frame)
    expect(bench.take()).toEqual([ASK])
    expect(bench.table()).toEqual(['fd00::9 Incomplete -'])
    expect(bench.counters.dropNdInvalid).toBe(1)
  })

  it('ND-11 of nobody we know are ignored', () => {
    const bench = Bench.ready()
    bench.receive(answer(0x60))
    expect(bench.table()).toEqual([])
    expect(bench.counters.ndAdvertsIn).toBe(1)
  })

  it('ND-11 cannot name an IPv4 neighbour', () => {
    const bench = Bench.ready()
    bench.send('10.0.0.2', '10.0.0.9', 1)
    bench.take()
    bench.receive(answer(0x60, { target: '::ffff:10.0.0.9' }))
    expect(bench.table()).toEqual(['10.0.0.9 Incomplete -'])
  })

  it.each([
    // flags, with TLLA, expected
    [0x60, true, `fd00::9 Reachable ${PEER_MAC}`],
    [0x40, true, `fd00::9 Reachable ${PEER_MAC}`],
    // A waiting packet makes a STALE entry a DELAY one as it leaves.
    [0x20, true, `fd00::9 Delay ${PEER_MAC}`],
    [0x00, true, `fd00::9 Delay ${PEER_MAC}`],
    [0xe0, true, `fd00::9 Reachable ${PEER_MAC} router`],
    [0x60, false, 'fd00::9 Incomplete -'],
  ])('ND-11 with flags %i and TLLA %s resolve to %s', (flags, withMac, expected) => {
    const bench = Bench.ready()
    bench.send('fd00::2', 'fd00::9', 1)
    const destination = flags & 0x40 ? 'fd00::2' : 'ff02::1'
    bench.receive(answer(flags, { destination, options: withMac ? TLLA : [] }))
    expect(bench.table()).toEqual([expected])
  })

  const known = ['Reachable', 'Stale'] as const
  const matrix = known.flatMap((state) =>
    [0x00, 0x20, 0x40, 0x60].flatMap((flags) =>
      (['same', 'different', 'none'] as const).map((tlla) => [state, flags, tlla] as const),
    ),
  )

  it.each(matrix)('ND-11 on a %s entry with flags %i and %s TLLA', (state, flags, tlla) => {
    const bench = Bench.ready()
    bench.receive(question())
    if (state === 'Reachable') bench.engine.run(() => bench.link.confirm(requireAddress('fd00::9')))
    const options = { same: TLLA, different: linkOption(2, OTHER_MAC), none: [] }[tlla]
    const solicited = (flags & 0x40) !== 0
    const override = (flags & 0x20) !== 0
    const destination = solicited ? 'fd00::2' : 'ff02::1'
    bench.receive(answer(flags, { from: OTHER_MAC, to: OUR_MAC, destination, options }))
    // RFC 4861 section 7.2.5, as a table.
    const differs = tlla === 'different'
    let expected: string = state
    let holder = PEER_MAC
    if (differs && !override) {
      if (state === 'Reachable') expected = 'Stale'
    } else {
      if (differs) holder = OTHER_MAC
      if (solicited) expected = 'Reachable'
      else if (differs) expected = 'Stale'
    }
    expect(bench.table()).toEqual([`fd00::9 ${expected} ${holder}`])
  })

  it('ND-11 the R flag says whether it is a router, unless the advertisement is not believed', () => {
    const bench = Bench.ready()
    bench.receive(question())
    bench.receive(answer(0xe0))
    expect(bench.table()).toEqual([`fd00::9 Reachable ${PEER_MAC} router`])
    bench.receive(answer(0x40, { options: linkOption(2, OTHER_MAC) }))
    expect(bench.table()).toEqual([`fd00::9 Stale ${PEER_MAC} router`])
    bench.receive(answer(0x60))
    expect(bench.table()).toEqual([`fd00::9 Reachable ${PEER_MAC}`])
  })
})

describe('router advertisements and redirects', () => {
  const ROUTER = 'fe80::99'
  const body = [64, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0]

  function routerAdvertisement(
    fields: Partial<NdFields> = {},
    message = [134, 0, 0, 0, ...body],
  ): Uint8Array {
    const whole = join(message, fields.options ?? SLLA)
    return icmpv6({ source: ROUTER, destination: 'ff02::1', target: '::', ...fields }, whole)
  }

  function redirect(fields: Partial<NdFields> = {}, destination = 'fd01::1', code = 0): Uint8Array {
    const target = fields.target ?? 'fe80::55'
    const whole = join([137, code, 0, 0, 0, 0, 0, 0], ip(target), ip(destination), fields.options ?? TLLA)
    return icmpv6({ to: OUR_MAC, source: ROUTER, destination: 'fd00::2', target, ...fields }, whole)
  }

  function withRouting(accept: boolean): { bench: Bench; heard: number[] } {
    const heard: number[] = []
    const hear = (packet: PacketIn): boolean => {
      heard.push(bench.memory.u8[packet.offset])
      return accept
    }
    const bench = Bench.ready({ link: { routers: { onRouterAdvertisement: hear, onRedirect: hear } } })
    return { bench, heard }
  }

  it('ND-03 a valid router advertisement makes its sender a STALE neighbour, and is passed on', () => {
    const { bench, heard } = withRouting(true)
    bench.receive(routerAdvertisement())
    expect(bench.table()).toEqual([`fe80::99 Stale ${PEER_MAC} router`])
    expect(heard).toEqual([134])
  })

  it.each([
    ['a global source', routerAdvertisement({ source: 'fd00::99' })],
    ['hop limit 1', routerAdvertisement({ hopLimit: 1 })],
    ['code 1', routerAdvertisement({}, [134, 1, 0, 0, ...body])],
    ['12 bytes', routerAdvertisement({ options: [] }, [134, 0, 0, 0, ...body.slice(4)])],
    ['an option of length 0', routerAdvertisement({ options: [1, 0, 0, 0, 0, 0, 0, 0] })],
  ])('ND-03 a router advertisement with %s is ignored', (_name, frame) => {
    const { bench, heard } = withRouting(true)
    bench.receive(frame)
    expect(bench.table()).toEqual([])
    expect(heard).toEqual([])
    expect(bench.counters.dropNdInvalid).toBe(1)
  })

  it('ND-04 ND-21 a redirect that routing follows makes its target a STALE neighbour', () => {
    const { bench, heard } = withRouting(true)
    bench.receive(redirect())
    expect(heard).toEqual([137])
    expect(bench.table()).toEqual([`fe80::55 Stale ${PEER_MAC}`])
  })

  it('ND-04 a redirect that routing does not follow changes nothing', () => {
    const { bench } = withRouting(false)
    bench.receive(redirect())
    const alone = Bench.ready()
    alone.receive(redirect())
    for (const { link } of [bench, alone]) {
      expect(link.neighbours()).toEqual([])
      expect(link.counters.dropNdIgnored).toBe(1)
    }
  })

  it.each([
    ['a source that is not link-local', redirect({ source: 'fd00::99' })],
    ['hop limit 63', redirect({ hopLimit: 63 })],
    ['code 3', redirect({}, 'fd01::1', 3)],
    ['a multicast destination', redirect({}, 'ff02::5')],
    ['a target neither link-local nor the destination', redirect({ target: 'fd00::55' })],
    ['an option of length 0', redirect({ options: [2, 0, 0, 0, 0, 0, 0, 0] })],
  ])('ND-04 a redirect with %s is ignored', (_name, frame) => {
    const { bench, heard } = withRouting(true)
    bench.receive(frame)
    expect(heard).toEqual([])
    expect(bench.table()).toEqual([])
    expect(bench.counters.dropNdInvalid).toBe(1)
  })

  it('router solicitations are for routers', () => {
    const bench = Bench.ready()
    bench.receive(
      icmpv6(
        { to: OUR_MAC, source: 'fe80::9', destination: 'fd00::2', target: '::' },
        join([133, 0, 0, 0, 0, 0, 0, 0], SLLA),
      ),
    )
    expect(bench.counters.dropNdIgnored).toBe(1)
    expect(bench.table()).toEqual([])
  })
})
