import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkIpv6Header } from '../../src/wire/ipv6.ts'
import * as extension from '../../src/wire/ipv6-extension.ts'
import { Ipv6Chain, Ipv6Walk, resumeAfterFragment, walkIpv6 } from '../../src/wire/ipv6-extension.ts'
import { buildIpv6, type Ipv6Extension, type Ipv6Fields } from '../../src/wire/packet.ts'
import { u32 } from './arbitraries.ts'

const AT = 5
const addresses = { source: new Uint8Array(16), destination: new Uint8Array(16) }
const data = (length: number): Uint8Array => new Uint8Array(length)
const hopByHop = (...options: { type: number; data: Uint8Array }[]): Ipv6Extension => ({
  kind: 'hopByHop',
  options,
})
const destination = (...options: { type: number; data: Uint8Array }[]): Ipv6Extension => ({
  kind: 'destination',
  options,
})
const routing = (segmentsLeft: number): Ipv6Extension => ({
  kind: 'routing',
  type: 0,
  segmentsLeft,
  data: data(4),
})
const fragment = (offset: number, moreFragments: boolean): Ipv6Extension => ({
  kind: 'fragment',
  offset,
  moreFragments,
  identification: 0xfedcba98,
})

function placed(bytes: Uint8Array): DataView {
  const around = new Uint8Array(bytes.length + 10)
  around.set(bytes, AT)
  return new DataView(around.buffer)
}

function walk(fields: Partial<Ipv6Fields>, change?: (bytes: Uint8Array) => void) {
  const bytes = buildIpv6({ ...addresses, protocol: 6, payload: data(20), ...fields })
  change?.(bytes)
  const view = placed(bytes)
  const chain = new Ipv6Chain()
  chain.routerAlert = 99
  chain.pointer = 99
  return { result: walkIpv6(view, AT, chain), chain, view, bytes }
}

describe('walkIpv6', () => {
  it('without extension headers ends at once', () => {
    const { result, chain } = walk({})
    expect(result).toBe(Ipv6Walk.Upper)
    expect(chain).toMatchObject({ next: 6, offset: AT + 40, length: 20, nextHeaderAt: 6, routerAlert: -1 })
  })

  it('V6-03 takes headers in any order, repeated too', () => {
    const extensions = [hopByHop(), destination(), routing(0), destination(), routing(0)]
    const { result, chain } = walk({ extensions })
    expect(result).toBe(Ipv6Walk.Upper)
    expect(chain).toMatchObject({ next: 6, offset: AT + 80, length: 20, nextHeaderAt: 72 })
  })

  it('V6-03 Hop-by-Hop anywhere but in front is an unrecognised next header there', () => {
    const { result, chain } = walk({ extensions: [destination(), hopByHop()] })
    expect(result).toBe(Ipv6Walk.Misplaced)
    expect(chain.pointer).toBe(40)
  })

  it('V6-04 the pointer to an unrecognised next header is where the field stands', () => {
    expect(walk({ protocol: 200 }).chain).toMatchObject({ next: 200, nextHeaderAt: 6 })
    expect(walk({ protocol: 200, extensions: [destination()] }).chain).toMatchObject({
      next: 200,
      nextHeaderAt: 40,
    })
  })

  it.each([
    [0x1e, Ipv6Walk.Upper],
    [0x5e, Ipv6Walk.OptionDrop],
    [0x9e, Ipv6Walk.OptionReport],
    [0xde, Ipv6Walk.OptionReportUnicast],
  ])('V6-05 an unknown option of type %i gives %i', (type, expected) => {
    const { result, chain } = walk({
      extensions: [destination({ type: 1, data: data(2) }, { type, data: data(0) })],
    })
    expect(result).toBe(expected)
    if (expected !== Ipv6Walk.Upper) expect(chain.pointer).toBe(40 + 2 + 4)
  })

  it('V6-06 Pad1 and PadN are passed; an option over its header is an error', () => {
    const pads = destination(
      { type: 0, data: data(0) },
      { type: 1, data: data(0) },
      { type: 1, data: data(5) },
    )
    expect(walk({ extensions: [pads] }).result).toBe(Ipv6Walk.Upper)
    const overrun = (bytes: Uint8Array) => {
      bytes[43] = 5
    }
    expect(walk({ extensions: [destination({ type: 1, data: data(4) })] }, overrun).result).toBe(
      Ipv6Walk.Truncated,
    )
    const noLength = (bytes: Uint8Array) => {
      bytes.set([0, 0, 0, 0, 0, 1], 42)
    }
    expect(walk({ extensions: [destination({ type: 1, data: data(4) })] }, noLength).result).toBe(
      Ipv6Walk.Truncated,
    )
  })

  it('V6-07 a routing header is ignored without segments left, refused with some', () => {
    expect(walk({ extensions: [routing(0)] }).result).toBe(Ipv6Walk.Upper)
    const { result, chain } = walk({ extensions: [routing(1)] })
    expect(result).toBe(Ipv6Walk.RoutingSegments)
    expect(chain.pointer).toBe(42)
  })

  it('V6-08 No Next Header ends the packet', () => {
    expect(walk({ protocol: 59 }).result).toBe(Ipv6Walk.Nothing)
    expect(walk({ protocol: 59, extensions: [destination()] }).result).toBe(Ipv6Walk.Nothing)
  })

  it('V6-09 more headers or options than anybody sends are refused', () => {
    const many = (count: number) => Array.from({ length: count }, () => destination())
    expect(walk({ extensions: many(8) }).result).toBe(Ipv6Walk.Upper)
    expect(walk({ extensions: many(9) }).result).toBe(Ipv6Walk.TooMany)
    const options = (count: number) =>
      destination(...Array.from({ length: count }, () => ({ type: 0x1e, data: data(0) })))
    expect(walk({ extensions: [options(8)] }).result).toBe(Ipv6Walk.Upper)
    expect(walk({ extensions: [options(9)] }).result).toBe(Ipv6Walk.TooMany)
  })

  it('a header over the end of the packet is refused', () => {
    expect(walk({ protocol: 60, payload: data(7) }).result).toBe(Ipv6Walk.Truncated)
    expect(walk({ protocol: 60, payload: Uint8Array.of(6, 1, 1, 4, 0, 0, 0, 0) }).result).toBe(
      Ipv6Walk.Truncated,
    )
    expect(walk({ protocol: 44, payload: data(7) }).result).toBe(Ipv6Walk.Truncated)
  })

  it('reads the router alert', () => {
    expect(walk({ extensions: [hopByHop({ type: 5, data: Uint8Array.of(0, 3) })] }).chain.routerAlert).toBe(3)
    expect(walk({ extensions: [hopByHop({ type: 5, data: data(3) })] }).chain.routerAlert).toBe(-1)
  })

  it('V6F-04 stops at a fragment and, for an atomic one, walks on', () => {
    const { result, chain, view } = walk({ extensions: [hopByHop(), fragment(0, false), destination()] })
    expect(result).toBe(Ipv6Walk.Fragment)
    expect(chain).toMatchObject({ offset: AT + 48, length: 36 })
    expect(extension.ipv6FragmentIdentification(view, chain.offset)).toBe(0xfedcba98 | 0)
    expect(resumeAfterFragment(view, chain)).toBe(Ipv6Walk.Upper)
    expect(chain).toMatchObject({ next: 6, offset: AT + 64, length: 20, nextHeaderAt: 56 })
  })

  it('the fragment writer and the accessors agree', () => {
    fc.assert(
      fc.property(fc.nat(0x1fff), fc.boolean(), u32, fc.nat(255), (units, more, identification, next) => {
        const view = new DataView(new Uint8Array(12).fill(0xee).buffer)
        extension.writeIpv6Fragment(view, 3, next, units * 8, more, identification | 0)
        expect(view.getUint8(3)).toBe(next)
        expect(view.getUint8(4)).toBe(0)
        expect(extension.ipv6FragmentOffset(view, 3)).toBe(units * 8)
        expect(extension.ipv6MoreFragments(view, 3)).toBe(more)
        expect(extension.ipv6FragmentIdentification(view, 3)).toBe(identification | 0)
      }),
    )
  })

  it('random chains never throw, end, and stay inside the packet', () => {
    const first = fc.constantFrom(0, 43, 44, 60, 59, 6, 200)
    fc.assert(
      fc.property(
        first,
        fc.uint8Array({ maxLength: 90 }),
        fc.array(first, { maxLength: 8 }),
        (protocol, payload, nexts) => {
          for (const [i, next] of nexts.entries()) {
            if (i * 8 + 1 < payload.length) payload.set([next, payload[i * 8 + 1] & 1], i * 8)
          }
          const bytes = buildIpv6({ ...addresses, protocol, payload })
          const view = new DataView(bytes.buffer)
          expect(checkIpv6Header(view, 0, bytes.length)).toBe(0)
          const chain = new Ipv6Chain()
          let result = walkIpv6(view, 0, chain)
          for (let i = 0; result === Ipv6Walk.Fragment; i++) {
            expect(i).toBeLessThan(9)
            result = resumeAfterFragment(view, chain)
          }
          expect(chain.length).toBeGreaterThanOrEqual(0)
          expect(chain.offset + chain.length).toBe(bytes.length)
          expect(chain.pointer).toBeLessThan(bytes.length)
        },
      ),
      { numRuns: 20_000 },
    )
  })
})
