import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildTcpOptions, parseTcpOptionList, type TcpOption } from '../../src/wire/packet.ts'
import * as tcp from '../../src/wire/tcp.ts'
import { TcpOptions } from '../../src/wire/tcp.ts'
import { tcpOptionList } from './arbitraries.ts'

const fresh = (): TcpOptions => new TcpOptions()

/** Parses options that stand at an odd place between other bytes, into a record that holds old values. */
function parse(bytes: Uint8Array, out = dirty()): TcpOptions {
  const around = new Uint8Array(bytes.length + 10).fill(0xee)
  around.set(bytes, 7)
  const good = tcp.parseTcpOptions(new DataView(around.buffer), 7, bytes.length, out)
  expect(good).toBe(!out.malformed)
  return out
}

function dirty(): TcpOptions {
  const out = new TcpOptions()
  const list: TcpOption[] = [
    { name: 'mss', value: 1 },
    { name: 'windowScale', shift: 99 },
    { name: 'sackPermitted' },
    { name: 'timestamps', value: 1, echo: 2 },
    { name: 'sack', blocks: [[1, 2]] },
    { name: 'userTimeout', minutes: false, value: 3 },
    { name: 'fastOpen', cookie: new Uint8Array(4) },
  ]
  const bytes = new Uint8Array([...buildTcpOptions(list), 2, 0])
  tcp.parseTcpOptions(new DataView(bytes.buffer), 0, bytes.length, out)
  expect(out).toMatchObject({ malformed: true, windowScaleExcess: true, sackCount: 1, userTimeout: 3 })
  return out
}

const options = (...list: TcpOption[]): Uint8Array => buildTcpOptions(list)
const numbers = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes)

describe('parseTcpOptions', () => {
  it('finds in every list what the readable parser finds', () => {
    fc.assert(
      fc.property(tcpOptionList, (list) => {
        const out = parse(buildTcpOptions(list))
        const last = <N extends TcpOption['name']>(
          name: N,
          fits = (_: Extract<TcpOption, { name: N }>) => true,
        ) => list.findLast((o): o is Extract<TcpOption, { name: N }> => o.name === name && fits(o as never))
        expect(out.malformed).toBe(false)
        expect(out.mss).toBe(last('mss')?.value ?? 0)
        const shift = last('windowScale')?.shift ?? -1
        expect(out.windowScale).toBe(Math.min(14, shift))
        expect(out.windowScaleExcess).toBe(shift > 14)
        expect(out.sackPermitted).toBe(last('sackPermitted') !== undefined)
        const stamps = last('timestamps')
        expect(out.hasTimestamps).toBe(stamps !== undefined)
        expect([out.tsVal, out.tsEcr]).toEqual([(stamps?.value ?? 0) | 0, (stamps?.echo ?? 0) | 0])
        const blocks = last('sack')?.blocks ?? []
        expect(out.sackCount).toBe(blocks.length)
        for (const [i, [left, right]] of blocks.entries()) {
          expect([out.sackLeft[i], out.sackRight[i]]).toEqual([left | 0, right | 0])
        }
        const timeout = last('userTimeout')
        expect(out.userTimeout).toBe(timeout ? timeout.value * (timeout.minutes ? 60 : 1) : -1)
        const legal = (length: number) => length === 0 || (length >= 4 && length <= 16 && length % 2 === 0)
        const cookie = last('fastOpen', (option) => legal(option.cookie.length))?.cookie
        expect(out.fastOpenOffset >= 0 ? out.fastOpenLength : -1).toBe(cookie?.length ?? -1)
      }),
      { numRuns: 2000 },
    )
  })

  it('the aligned timestamps of most segments give the same as the long way', () => {
    const aligned = numbers(1, 1, 8, 10, 0xff, 2, 3, 4, 5, 6, 7, 8)
    const unaligned = numbers(8, 10, 0xff, 2, 3, 4, 5, 6, 7, 8, 1, 1)
    const clean = (out: TcpOptions) => ({ ...out, sackLeft: null, sackRight: null })
    expect(clean(parse(aligned))).toEqual(clean(parse(unaligned)))
    expect(parse(aligned).tsVal).toBe(0xff020304 | 0)
  })

  it('MUST-4 end of list, no-operation and MSS', () => {
    expect(parse(numbers(1, 1, 2, 4, 3, 232, 0, 99)).mss).toBe(1000)
  })

  it('MUST-6 skips an unknown kind by its length and reads on', () => {
    expect(parse(numbers(253, 6, 9, 9, 9, 9, 2, 4, 2, 88)).mss).toBe(600)
  })

  it('MUST-6 skips a known kind whose length is not its own', () => {
    const out = parse(
      numbers(
        2,
        5,
        1,
        1,
        1,
        3,
        2,
        4,
        3,
        1,
        8,
        3,
        1,
        5,
        9,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        28,
        2,
        34,
        5,
        1,
        1,
        1,
        2,
        4,
        5,
        220,
      ),
    )
    expect(out).toMatchObject({
      mss: 1500,
      windowScale: -1,
      sackPermitted: false,
      hasTimestamps: false,
      sackCount: 0,
      userTimeout: -1,
      fastOpenOffset: -1,
      malformed: false,
    })
  })

  it.each([
    ['length 0', numbers(8, 0, 1, 1)],
    ['length 1', numbers(8, 1, 1, 1)],
    ['length beyond the header', numbers(8, 10, 1, 1)],
    ['unknown kind beyond the header', numbers(200, 5, 1, 1)],
    ['kind without a length', numbers(1, 1, 1, 2)],
  ])('MUST-7 breaks off at a malformed option and keeps what came before: %s', (_, bad) => {
    const out = parse(new Uint8Array([...options({ name: 'mss', value: 700 }), ...bad]))
    expect(out.malformed).toBe(true)
    expect(out.mss).toBe(700)
    expect(out.hasTimestamps).toBe(false)
    expect(parse(options({ name: 'nop' }), out).malformed).toBe(false)
  })

  it('MUST-64 reads options at any alignment', () => {
    for (let nops = 0; nops < 8; nops++) {
      const list = options({ name: 'timestamps', value: 5, echo: 6 }, { name: 'mss', value: 9 })
      const out = parse(new Uint8Array([...new Uint8Array(nops).fill(1), ...list]))
      expect(out).toMatchObject({ tsVal: 5, tsEcr: 6, mss: 9 })
    }
  })

  it('R7323-07 a shift above 14 counts as 14 and is told', () => {
    expect(parse(options({ name: 'windowScale', shift: 14 }))).toMatchObject({
      windowScale: 14,
      windowScaleExcess: false,
    })
    expect(parse(options({ name: 'windowScale', shift: 15 }))).toMatchObject({
      windowScale: 14,
      windowScaleExcess: true,
    })
    expect(parse(options({ name: 'windowScale', shift: 255 })).windowScale).toBe(14)
  })

  it('R2018-10 an odd SACK length is no SACK, and a longer one than fits ends at four blocks', () => {
    expect(parse(numbers(5, 11, 1, 2, 3, 4, 5, 6, 7, 8, 9)).sackCount).toBe(0)
    expect(parse(numbers(5, 2)).sackCount).toBe(0)
    expect(parse(new Uint8Array([5, 50, ...new Array(48).fill(1)])).sackCount).toBe(4)
  })

  it('random bytes never throw, and agree with the readable parser on being malformed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const out = fresh()
        const good = tcp.parseTcpOptions(new DataView(bytes.buffer), 0, bytes.length, out)
        const list = parseTcpOptionList(bytes)
        // Behind 'end' anything may stand.
        const broken = list.at(-1)?.name === 'raw' && list.at(-2)?.name !== 'end'
        expect(good).toBe(!broken)
      }),
      { numRuns: 20_000 },
    )
  })
})

describe('option writers', () => {
  const view = new DataView(new ArrayBuffer(64))
  const written = (end: number): TcpOption[] => parseTcpOptionList(new Uint8Array(view.buffer.slice(4, end)))

  it('MUST-68 every option has a length that covers it, and the layouts keep 4-byte alignment', () => {
    const left = Int32Array.of(1, -2, 3, 4)
    const right = Int32Array.of(5, -1, 7, 8)
    expect(written(tcp.writeMssOption(view, 4, 1460))).toEqual([{ name: 'mss', value: 1460 }])
    expect(written(tcp.writeMssOption(view, 4, 0xffff))).toEqual([{ name: 'mss', value: 0xffff }])
    expect(written(tcp.writeWindowScale(view, 4, 7))).toEqual([
      { name: 'nop' },
      { name: 'windowScale', shift: 7 },
    ])
    const nops: TcpOption[] = [{ name: 'nop' }, { name: 'nop' }]
    expect(written(tcp.writeSackPermitted(view, 4))).toEqual([...nops, { name: 'sackPermitted' }])
    expect(written(tcp.writeTimestamps(view, 4, -1, 2))).toEqual([
      ...nops,
      { name: 'timestamps', value: 0xffffffff, echo: 2 },
    ])
    expect(written(tcp.writeSackPermittedTimestamps(view, 4, 3, -4))).toEqual([
      { name: 'sackPermitted' },
      { name: 'timestamps', value: 3, echo: 0xfffffffc },
    ])
    for (let count = 1; count <= 4; count++) {
      const end = tcp.writeSackBlocks(view, 4, left, right, count)
      expect(end).toBe(4 + tcp.sackLength(count))
      const blocks = Array.from({ length: count }, (_, i) => [left[i] >>> 0, right[i] >>> 0])
      expect(written(end)).toEqual([...nops, { name: 'sack', blocks }])
    }
  })

  it('MUST-69 nothing follows an end of the list: NOPs fill it up', () => {
    for (let length = 0; length <= 16; length += 2) {
      new Uint8Array(view.buffer).fill(0xee)
      const cookie = new Uint8Array(16).fill(0xab)
      const end = tcp.writeFastOpen(view, 4, cookie, length)
      const padded = tcp.padTcpOptions(view, 4, end)
      expect(padded % 4).toBe(0)
      expect(padded - end).toBeLessThan(4)
      for (let at = end; at < padded; at++) expect(view.getUint8(at)).toBe(tcp.TcpOptionKind.Nop)
      expect(view.getUint8(padded)).toBe(0xee)
      expect(written(padded)[0]).toEqual({ name: 'fastOpen', cookie: cookie.slice(0, length) })
    }
  })

  it('R7323-33 everything a SYN carries fits in 40 bytes', () => {
    let at = tcp.writeMssOption(view, 4, 1460)
    at = tcp.writeSackPermittedTimestamps(view, at, 1, 0)
    at = tcp.writeWindowScale(view, at, 7)
    at = tcp.padTcpOptions(view, 4, tcp.writeFastOpen(view, at, new Uint8Array(16), 16))
    expect(at - 4).toBe(40)
  })

  it('a user timeout above 32,767 seconds is sent in minutes, rounded up', () => {
    expect(written(tcp.writeUserTimeout(view, 4, 32_767))).toEqual([
      { name: 'userTimeout', minutes: false, value: 32_767 },
    ])
    expect(written(tcp.writeUserTimeout(view, 4, 32_768))).toEqual([
      { name: 'userTimeout', minutes: true, value: 547 },
    ])
    expect(written(tcp.writeUserTimeout(view, 4, 9e9))).toEqual([
      { name: 'userTimeout', minutes: true, value: 32_767 },
    ])
  })
})
