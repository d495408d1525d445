import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as ndp from '../../src/wire/ndp.ts'
import { NdpCheck, NdpOption } from '../../src/wire/ndp.ts'
import { buildIcmpv6, type IcmpFields, type NdpMessage, ndpMessage } from '../../src/wire/packet.ts'
import * as any from './arbitraries.ts'

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))
const linkLocal = hex(`fe80${'00'.repeat(13)}01`)
const global = hex(`fd77${'00'.repeat(13)}01`)
const unspecified = new Uint8Array(16)
const allNodes = hex(`ff02${'00'.repeat(13)}01`)
const solicitedNode = hex(`ff02${'00'.repeat(9)}01ff000001`)
const mac = hex('020000000009')

type Four = [number, number, number, number]
const words = (bytes: Uint8Array): Four => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return [view.getInt32(0), view.getInt32(4), view.getInt32(8), view.getInt32(12)]
}

interface Around {
  hopLimit?: number
  source?: Uint8Array
  destination?: Uint8Array
  icmp?: Partial<IcmpFields>
  cut?: number
}

function check(message: NdpMessage, around: Around = {}): NdpCheck {
  const bytes = buildIcmpv6({ ...ndpMessage(message), ...around.icmp })
  const view = new DataView(new Uint8Array([9, 9, 9, ...bytes]).buffer)
  const source = words(around.source ?? linkLocal)
  const destination = words(around.destination ?? global)
  const length = bytes.length - (around.cut ?? 0)
  return ndp.checkNeighbourDiscovery(view, 3, length, around.hopLimit ?? 255, ...source, ...destination)
}

const sourceLink = { name: 'sourceLinkAddress' as const, mac }
const solicitation: NdpMessage = { name: 'neighbourSolicitation', target: global, options: [sourceLink] }
const bare: NdpMessage = { ...solicitation, options: [] }
const advertisement: NdpMessage = {
  name: 'neighbourAdvertisement',
  router: false,
  solicited: true,
  override: true,
  target: global,
  options: [{ name: 'targetLinkAddress', mac }],
}
const routerAdvertisement: NdpMessage = {
  name: 'routerAdvertisement',
  hopLimit: 64,
  managed: false,
  other: true,
  routerLifetime: 1800,
  reachableTime: 1,
  retransTimer: 2,
  options: [sourceLink, { name: 'mtu', mtu: 1400 }],
}
const redirect: NdpMessage = { name: 'redirect', target: linkLocal, destination: global, options: [] }
const zeroLength = { name: 'raw' as const, bytes: new Uint8Array(8) }

describe('checkNeighbourDiscovery', () => {
  it.each([
    ['ND-01 a good solicitation', solicitation, {}, NdpCheck.Ok],
    ['ND-01 hop limit', solicitation, { hopLimit: 254 }, NdpCheck.HopLimit],
    ['ND-01 code', solicitation, { icmp: { code: 1 } }, NdpCheck.Code],
    ['ND-01 length', bare, { cut: 1 }, NdpCheck.Short],
    ['ND-01 multicast target', { ...solicitation, target: allNodes }, {}, NdpCheck.Target],
    [
      'ND-01 from :: to a solicited-node group',
      bare,
      { source: unspecified, destination: solicitedNode },
      NdpCheck.Ok,
    ],
    ['ND-01 from :: elsewhere', bare, { source: unspecified, destination: allNodes }, NdpCheck.Destination],
    [
      'ND-01 from :: with a source link-layer address',
      solicitation,
      { source: unspecified, destination: solicitedNode },
      NdpCheck.Source,
    ],
    ['ND-02 a good advertisement', advertisement, {}, NdpCheck.Ok],
    ['ND-02 hop limit', advertisement, { hopLimit: 1 }, NdpCheck.HopLimit],
    ['ND-02 multicast target', { ...advertisement, target: allNodes }, {}, NdpCheck.Target],
    ['ND-02 solicited to multicast', advertisement, { destination: allNodes }, NdpCheck.Destination],
    [
      'ND-02 unsolicited to multicast',
      { ...advertisement, solicited: false },
      { destination: allNodes },
      NdpCheck.Ok,
    ],
    ['ND-03 a good router advertisement', routerAdvertisement, { destination: allNodes }, NdpCheck.Ok],
    ['ND-03 source not link-local', routerAdvertisement, { source: global }, NdpCheck.Source],
    ['ND-03 code', routerAdvertisement, { icmp: { code: 1 } }, NdpCheck.Code],
    ['ND-03 length', { ...routerAdvertisement, options: [] }, { cut: 1 }, NdpCheck.Short],
    ['ND-04 a good redirect to a router', redirect, {}, NdpCheck.Ok],
    ['ND-04 a destination on the link', { ...redirect, target: global }, {}, NdpCheck.Ok],
    ['ND-04 source not link-local', redirect, { source: global }, NdpCheck.Source],
    ['ND-04 target neither', { ...redirect, target: hex(`fd77${'00'.repeat(13)}02`) }, {}, NdpCheck.Target],
    ['ND-04 multicast destination', { ...redirect, destination: allNodes }, {}, NdpCheck.Target],
    ['ND-05 an option of length 0', { ...solicitation, options: [zeroLength] }, {}, NdpCheck.Option],
    ['ND-05 an option beyond the message', solicitation, { cut: 4 }, NdpCheck.Option],
    [
      'ND-05 an unknown option is skipped',
      {
        ...solicitation,
        options: [{ name: 'unknown' as const, kind: 99, data: new Uint8Array(14) }, sourceLink],
      },
      {},
      NdpCheck.Ok,
    ],
    [
      'a prefix option of a wrong length',
      { ...routerAdvertisement, options: [{ name: 'unknown' as const, kind: 3, data: new Uint8Array(6) }] },
      {},
      NdpCheck.Option,
    ],
    ['a type that is none of the five', solicitation, { icmp: { type: 128 } }, NdpCheck.Short],
    [
      'RFC 4861 section 6.1.1: a solicitation from :: with a source link-layer address',
      { name: 'routerSolicitation' as const, options: [sourceLink] },
      { source: unspecified },
      NdpCheck.Source,
    ],
  ])('%s', (_, message, around, expected) => {
    expect(check(message, around)).toBe(expected)
  })

  it('random messages never throw', () => {
    const address = fc.constantFrom(linkLocal, global, unspecified, allNodes, solicitedNode)
    fc.assert(
      fc.property(
        fc.constantFrom(133, 134, 135, 136, 137),
        fc.uint8Array({ maxLength: 90 }),
        address,
        address,
        (type, bytes, from, to) => {
          if (bytes.length > 1) bytes.set([type, 0])
          const view = new DataView(bytes.buffer)
          const good = ndp.checkNeighbourDiscovery(view, 0, bytes.length, 255, ...words(from), ...words(to))
          const start = ndp.ndpOptionsStart(type)
          for (let kind = 0; kind < 6; kind++) {
            const found = ndp.findNdpOption(view, start, bytes.length, kind)
            if (found >= 0) expect(found + ndp.ndpOptionLength(view, found)).toBeLessThanOrEqual(bytes.length)
          }
          expect(good).toBeGreaterThanOrEqual(0)
        },
      ),
      { numRuns: 20_000 },
    )
  })
})

describe('accessors and writers', () => {
  const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length)

  it('agree with the readable form', () => {
    fc.assert(
      fc.property(
        any.ip6,
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        any.mac,
        (target, router, solicited, override, mac) => {
          const message: NdpMessage = {
            name: 'neighbourAdvertisement',
            router,
            solicited,
            override,
            target,
            options: [{ name: 'targetLinkAddress', mac }],
          }
          const bytes = buildIcmpv6(ndpMessage(message))
          const flags =
            (router ? ndp.NaFlag.Router : 0) |
            (solicited ? ndp.NaFlag.Solicited : 0) |
            (override ? ndp.NaFlag.Override : 0)
          expect(ndp.naFlags(view(bytes), 0)).toBe(flags)
          expect([0, 1, 2, 3].map((word) => ndp.ndpTargetWord(view(bytes), 0, word))).toEqual(words(target))
          const written = new Uint8Array(32).fill(0xee)
          const at = ndp.writeNeighbourAdvertisement(view(written), 0, flags, ...words(target))
          const option = ndp.findNdpOption(view(bytes), 24, 32, NdpOption.TargetLinkAddress)
          expect(option).toBe(24)
          const link = ndp.ndpLinkAddress(option)
          const [high, low] = [view(bytes).getUint16(link), view(bytes).getInt32(link + 2)]
          expect(ndp.writeLinkAddressOption(view(written), at, NdpOption.TargetLinkAddress, high, low)).toBe(
            32,
          )
          expect(written).toEqual(bytes)
        },
      ),
    )
  })

  it('solicitations', () => {
    const written = new Uint8Array(24).fill(0xee)
    ndp.writeNeighbourSolicitation(view(written), 0, ...words(global))
    expect(written).toEqual(buildIcmpv6(ndpMessage(bare)))
    const router = new Uint8Array(8).fill(0xee)
    expect(ndp.writeRouterSolicitation(view(router), 0)).toBe(8)
    expect(router).toEqual(buildIcmpv6(ndpMessage({ name: 'routerSolicitation', options: [] })))
  })

  it('router advertisements and their options', () => {
    fc.assert(
      fc.property(any.ndpMessageFields, (message) => {
        if (message.name !== 'routerAdvertisement') return
        const bytes = view(buildIcmpv6(ndpMessage(message)))
        expect(ndp.raHopLimit(bytes, 0)).toBe(message.hopLimit)
        expect((ndp.raFlags(bytes, 0) & ndp.RaFlag.Managed) !== 0).toBe(message.managed)
        expect((ndp.raFlags(bytes, 0) & ndp.RaFlag.Other) !== 0).toBe(message.other)
        expect(ndp.raRouterLifetime(bytes, 0)).toBe(message.routerLifetime)
        expect(ndp.raReachableTime(bytes, 0)).toBe(message.reachableTime)
        expect(ndp.raRetransTimer(bytes, 0)).toBe(message.retransTimer)
        const prefixes = message.options.filter((option) => option.name === 'prefix')
        let at = ndp.findNdpOption(bytes, 16, bytes.byteLength, NdpOption.PrefixInformation)
        for (const prefix of prefixes) {
          expect(ndp.prefixLength(bytes, at)).toBe(prefix.length)
          expect((ndp.prefixFlags(bytes, at) & ndp.PrefixFlag.OnLink) !== 0).toBe(prefix.onLink)
          expect((ndp.prefixFlags(bytes, at) & ndp.PrefixFlag.Autonomous) !== 0).toBe(prefix.autonomous)
          expect(ndp.prefixValidLifetime(bytes, at)).toBe(prefix.validLifetime)
          expect(ndp.prefixPreferredLifetime(bytes, at)).toBe(prefix.preferredLifetime)
          expect([0, 1, 2, 3].map((word) => ndp.prefixWord(bytes, at, word))).toEqual(words(prefix.prefix))
          at = ndp.findNdpOption(bytes, at + 32, bytes.byteLength, NdpOption.PrefixInformation)
        }
        expect(at).toBe(-1)
        const mtu = ndp.findNdpOption(bytes, 16, bytes.byteLength, NdpOption.Mtu)
        const expected = message.options.find((option) => option.name === 'mtu')
        if (expected) expect(ndp.ndpMtu(bytes, mtu)).toBe(expected.mtu)
        else expect(mtu).toBe(-1)
      }),
      { numRuns: 500 },
    )
  })

  it('redirects', () => {
    const bytes = view(buildIcmpv6(ndpMessage(redirect)))
    expect([0, 1, 2, 3].map((word) => ndp.ndpTargetWord(bytes, 0, word))).toEqual(words(linkLocal))
    expect([0, 1, 2, 3].map((word) => ndp.ndpDestinationWord(bytes, 0, word))).toEqual(words(global))
  })
})
