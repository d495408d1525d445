import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  interfaceBlock,
  LinkType,
  PacketDirection,
  type PacketInfo,
  packetBlock,
  readPcapng,
  sectionHeaderBlock,
} from '../../src/wire/pcapng.ts'
import { decodeUtf8, encodeUtf8 } from '../../src/wire/utf8.ts'

const join8 = (...chunks: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(chunks))

const aPacket = fc.record({
  interface: fc.nat(1),
  time: fc.nat(Number.MAX_SAFE_INTEGER),
  direction: fc.constantFrom(PacketDirection.Unknown, PacketDirection.Inbound, PacketDirection.Outbound),
  comment: fc.string({ unit: 'grapheme', maxLength: 30 }),
  bytes: fc.uint8Array({ maxLength: 80 }),
  cut: fc.nat(100),
})

describe('pcapng', () => {
  it('reads back what it wrote', () => {
    fc.assert(
      fc.property(fc.array(aPacket, { maxLength: 10 }), (packets) => {
        const chunks = [
          sectionHeaderBlock({ application: 'tapwire' }),
          interfaceBlock({ linkType: LinkType.Ethernet, name: 'täp0', snapLength: 65_535 }),
          interfaceBlock({ linkType: LinkType.Raw, mac: Uint8Array.of(2, 0, 0, 0, 0, 1) }),
        ]
        for (const { bytes, cut, ...info } of packets) {
          chunks.push(packetBlock({ ...info, originalLength: bytes.length + cut }, bytes))
        }
        for (const chunk of chunks) expect(chunk.length % 4).toBe(0)
        const file = readPcapng(join8(...chunks))
        expect(file?.truncated).toBe(false)
        expect(file?.interfaces).toEqual([
          { linkType: 1, snapLength: 65_535, name: 'täp0' },
          { linkType: 101, snapLength: 0, name: null },
        ])
        expect(file?.packets).toEqual(
          packets.map(({ bytes, cut, comment, ...info }) => ({
            ...info,
            bytes,
            originalLength: bytes.length + cut,
            comment: comment === '' ? null : comment,
          })),
        )
      }),
    )
  })

  it('matches a block made by hand', () => {
    const info: PacketInfo = { interface: 0, time: 0x1_0000_0002, direction: PacketDirection.Outbound }
    expect(Buffer.from(packetBlock(info, Uint8Array.of(0xaa, 0xbb, 0xcc))).toString('hex')).toBe(
      [
        '06000000', // enhanced packet block
        '30000000', // 48 bytes
        '00000000', // interface
        '01000000' + '02000000', // time, high word first
        '03000000' + '03000000', // kept, on the wire
        'aabbcc00',
        '0200' + '0400' + '02000000', // flags: outbound
        '00000000', // end of options
        '30000000',
      ].join(''),
    )
  })

  it('reads the other byte order and nanosecond timestamps', () => {
    const bytes = Buffer.from(
      '0a0d0d0a0000001c1a2b3c4d00010000ffffffffffffffff0000001c' +
        '0000000100000020000100000000ffff' +
        '0009000109000000' +
        '00000000' +
        '00000020' +
        '00000006000000240000000000000000000007d00000000200000002abcd000000000024',
      'hex',
    )
    const file = readPcapng(bytes)
    expect(file?.truncated).toBe(false)
    expect(file?.packets).toHaveLength(1)
    expect(file?.packets[0].time).toBe(2)
    expect([...(file?.packets[0].bytes ?? [])]).toEqual([0xab, 0xcd])
  })

  it('gives what came before the cut of a truncated file', () => {
    const whole = join8(
      sectionHeaderBlock(),
      interfaceBlock({ linkType: LinkType.Ethernet }),
      packetBlock({ interface: 0, time: 1 }, Uint8Array.of(1)),
      packetBlock({ interface: 0, time: 2 }, Uint8Array.of(2)),
    )
    for (let length = whole.length - 35; length < whole.length; length++) {
      const file = readPcapng(whole.subarray(0, length))
      expect(file?.truncated).toBe(true)
      expect(file?.packets).toHaveLength(1)
    }
  })

  it('never throws on random bytes or a mutated file', () => {
    const good = join8(
      sectionHeaderBlock({ os: 'x' }),
      interfaceBlock({ linkType: LinkType.Ethernet, name: 'a' }),
      packetBlock({ interface: 0, time: 1, comment: 'hello' }, new Uint8Array(20)),
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 6 }), (changes) => {
        const file = good.slice()
        for (const [at, value] of changes) file[at] = value
        readPcapng(file)
      }),
      { numRuns: 20_000 },
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(readPcapng(bytes)).toBeNull()
      }),
      { numRuns: 20_000 },
    )
  })

  const tshark = spawnSync('tshark', ['--version']).status === 0
  if (!tshark) console.log('skipped: tshark is not installed, so that its verdict on a capture is not asked')
  it.skipIf(!tshark)('is read by tshark', () => {
    const folder = mkdtempSync(join(tmpdir(), 'pcapng-'))
    try {
      const path = join(folder, 'a.pcapng')
      const file = join8(
        sectionHeaderBlock({ application: 'tapwire' }),
        interfaceBlock({ linkType: LinkType.Raw, name: 'tun0' }),
        packetBlock({ interface: 0, time: 1_700_000_000_000_001, comment: 'c' }, Uint8Array.of(0x60)),
      )
      writeFileSync(path, file)
      const fields = ['-e', 'frame.time_epoch', '-e', 'frame.interface_name', '-e', 'frame.comment']
      const text = execFileSync('tshark', ['-r', path, '-T', 'fields', ...fields], { encoding: 'utf8' })
      expect(text.trim().split('\t')).toEqual(['1700000000.000001000', 'tun0', 'c'])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('UTF-8', () => {
  it('agrees with TextEncoder and TextDecoder', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const encoded = encodeUtf8(text)
        expect(encoded).toEqual(new TextEncoder().encode(text))
        expect(decodeUtf8(encoded)).toBe(text)
      }),
    )
    expect(encodeUtf8('\ud800')).toEqual(Uint8Array.of(0xef, 0xbf, 0xbd))
  })

  it('replaces what is no UTF-8, and accepts nothing that TextDecoder refuses', () => {
    const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 6 }), (bytes) => {
        const text = decodeUtf8(bytes)
        let expected: string | null = null
        try {
          expected = strict.decode(bytes)
        } catch {}
        if (expected === null) expect(text).toContain('\ufffd')
        else expect(text).toBe(expected)
      }),
      { numRuns: 20_000 },
    )
  })
})
