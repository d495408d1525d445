import { describe, expect, test } from 'vitest'
import { Memory } from '../../src/core/memory.ts'
import { createCable } from '../../src/link/cable.ts'
import { completeChecksum } from '../../src/link/checksum-offload.ts'
import { Gso, RxChecksum, RxFrame } from '../../src/link/device.ts'
import { Segmenter } from '../../src/link/segment.ts'
import { joined, type PacketOptions, packet, parsePacket, pattern, Station, text } from './helpers.ts'

const FIN = 0x01
const SYN_ACK = 0x12
const PSH = 0x08
const ACK = 0x10
const CWR = 0x80

function cutFrame(
  bytes: Uint8Array,
  gsoSize: number,
  checksum: RxChecksum,
  medium: 'ethernet' | 'ip' = 'ethernet',
) {
  const memory = new Memory(1 << 18)
  const frame = new RxFrame()
  frame.offset = memory.allocate(1 << 17)
  frame.length = bytes.length
  frame.gsoSize = gsoSize
  frame.checksum = checksum
  memory.copyIn(frame.offset, bytes)
  return cut(new Segmenter(), (s) => s.startFrame(memory, frame, medium))
}

function cut(segmenter: Segmenter, start: (segmenter: Segmenter) => number): Uint8Array[] {
  const target = new Memory(1 << 16)
  const count = start(segmenter)
  const frames: Uint8Array[] = []
  for (let i = 0; i < count; i++) {
    const length = segmenter.write(i, target, 33)
    expect(length).toBe(segmenter.lengthOf(i))
    expect(length).toBeLessThanOrEqual(segmenter.longest)
    frames.push(target.copyOut(33, length))
  }
  return frames
}

describe('segmentation of super-frames', () => {
  const shapes: [string, PacketOptions][] = [
    ['TCP over IPv4', { version: 4 }],
    ['TCP over IPv4 with IP and TCP options', { version: 4, ipOptions: 8, tcpOptions: 12 }],
    ['TCP over IPv6', { version: 6, tcpOptions: 12 }],
    ['TCP over IPv6 with a hop-by-hop header', { version: 6, extension: 8 }],
    ['TCP over IPv4 in a VLAN', { version: 4, vlan: true }],
    ['bare TCP over IPv4', { version: 4, medium: 'ip' }],
    ['bare TCP over IPv6', { version: 6, medium: 'ip' }],
  ]
  test.each(shapes)(
    '%s: every segment is a whole packet and together they carry the payload',
    (_name, options) => {
      const payload = pattern(10_001)
      const medium = options.medium ?? 'ethernet'
      for (const partial of [true, false]) {
        const bytes = packet({
          ...options,
          payload,
          seq: 0xffff_f000,
          id: 0xfffe,
          flags: ACK | PSH | FIN | CWR,
          partial,
        })
        const frames = cutFrame(bytes, 1448, partial ? RxChecksum.Partial : RxChecksum.Unverified, medium)
        const parsed = frames.map((frame) => parsePacket(frame, medium))
        expect(parsed.length).toBe(7)
        expect(parsed.every((p) => p.valid)).toBe(true)
        expect(parsed.map((p) => p.payload.length)).toEqual([1448, 1448, 1448, 1448, 1448, 1448, 1313])
        expect(text(joined(...parsed.map((p) => p.payload)))).toBe(text(payload))
        expect(parsed.map((p) => p.seq)).toEqual(parsed.map((_, i) => (0xffff_f000 + i * 1448) % 2 ** 32))
        const middle = ACK
        expect(parsed.map((p) => p.flags)).toEqual([
          ACK | CWR,
          middle,
          middle,
          middle,
          middle,
          middle,
          ACK | PSH | FIN,
        ])
        if (options.version === 4) expect(parsed.map((p) => p.id)).toEqual([0xfffe, 0xffff, 0, 1, 2, 3, 4])
      }
    },
  )

  test.each([4, 6] as const)('UDP over IPv%i: each segment is a datagram with its own length', (version) => {
    const payload = pattern(5000)
    const frames = cutFrame(packet({ version, protocol: 'udp', payload }), 1200, RxChecksum.Unverified)
    const parsed = frames.map((frame) => parsePacket(frame))
    expect(parsed.map((p) => p.payload.length)).toEqual([1200, 1200, 1200, 1200, 200])
    expect(parsed.every((p) => p.valid)).toBe(true)
    expect(text(joined(...parsed.map((p) => p.payload)))).toBe(text(payload))
  })

  test('a descriptor whose payload lies in two pieces, cut anywhere, gives the same frames', () => {
    const bytes = packet({ payload: 6000, tcpOptions: 12, partial: true })
    const expected = cutFrame(bytes, 1448, RxChecksum.Partial)
    const [end] = createCable()
    const station = new Station(end)
    for (const pieces of [
      [66, 66],
      [66, 67],
      [66, 1514],
      [66, 1515],
      [66, 3000],
      [66, 6066],
      [200, 5000],
    ] as const) {
      const descriptor = station.describe(bytes, {
        pieces,
        gso: Gso.TcpV4,
        gsoSize: 1448,
        checksumStart: 34,
        checksumOffset: 16,
      })
      expect(cut(new Segmenter(), (s) => s.startDescriptor(descriptor, 'ethernet'))).toEqual(expected)
    }
  })

  test('a payload that fits one segment stays one frame, flags and all', () => {
    const bytes = packet({ payload: 500, flags: ACK | PSH | FIN | CWR })
    expect(cutFrame(bytes, 500, RxChecksum.Valid)).toEqual([bytes])
    expect(cutFrame(bytes, 1448, RxChecksum.Valid)).toEqual([bytes])
  })

  test('Ethernet padding is not taken for payload', () => {
    const bytes = packet({ payload: 10 })
    expect(
      cutFrame(joined(bytes, new Uint8Array(20)), 5, RxChecksum.Valid).map(
        (f) => parsePacket(f).payload.length,
      ),
    ).toEqual([5, 5])
  })

  test('what cannot be cut is refused: fragments, other protocols, wrong lengths, no segment size', () => {
    const good = packet({ payload: 3000 })
    const change = (at: number, value: number): Uint8Array => {
      const bytes = good.slice()
      bytes[at] = value
      return bytes
    }
    expect(cutFrame(good, 1448, RxChecksum.Valid).length).toBe(3)
    expect(cutFrame(good, 0, RxChecksum.Valid)).toEqual([])
    expect(cutFrame(change(12, 9), 1448, RxChecksum.Valid)).toEqual([])
    expect(cutFrame(change(14, 0x44), 1448, RxChecksum.Valid)).toEqual([])
    expect(cutFrame(change(14, 0x55), 1448, RxChecksum.Valid)).toEqual([])
    expect(cutFrame(change(16, 0xff), 1448, RxChecksum.Valid)).toEqual([])
    expect(cutFrame(change(20, 0x20), 1448, RxChecksum.Valid)).toEqual([])
    expect(cutFrame(change(21, 0x01), 1448, RxChecksum.Valid)).toEqual([])
    expect(cutFrame(change(23, 1), 1448, RxChecksum.Valid)).toEqual([])
    expect(cutFrame(change(46, 0x40), 1448, RxChecksum.Valid)).toEqual([])
  })

  test('every truncation of a frame is refused without reading past its end', () => {
    for (const options of [{}, { version: 6, extension: 8 }, { protocol: 'udp' }] as PacketOptions[]) {
      const good = packet({ ...options, payload: 40 })
      for (let length = 0; length < good.length; length++) {
        expect(cutFrame(good.subarray(0, length), 10, RxChecksum.Valid)).toEqual([])
      }
    }
  })

  test('a super-frame that nobody verified and that is damaged does not get fresh checksums', () => {
    const bytes = packet({ payload: 3000 })
    bytes[200] ^= 1
    expect(cutFrame(bytes, 1448, RxChecksum.Unverified)).toEqual([])
    expect(cutFrame(bytes, 1448, RxChecksum.Valid).length).toBe(3)
  })
})

describe('completeChecksum', () => {
  const cases: PacketOptions[] = [
    { version: 4, protocol: 'tcp', payload: 1460 },
    { version: 4, protocol: 'udp', payload: 33 },
    { version: 6, protocol: 'tcp', payload: 0 },
    { version: 6, protocol: 'udp', payload: 1 },
    { version: 4, protocol: 'tcp', payload: 11, medium: 'ip' },
    { version: 4, protocol: 'tcp', payload: 65_000 },
  ]
  test.each(cases)('makes a partial one whole: %o', (options) => {
    const memory = new Memory(1 << 17)
    const whole = packet({ ...options, flags: SYN_ACK })
    memory.copyIn(7, packet({ ...options, flags: SYN_ACK, partial: true }))
    expect(memory.copyOut(7, whole.length)).not.toEqual(whole)
    expect(completeChecksum(memory.view, 7, whole.length, options.medium ?? 'ethernet')).toBe(true)
    expect(memory.copyOut(7, whole.length)).toEqual(whole)
  })

  test('a UDP checksum that comes out as 0 is sent as 0xffff (RFC 768)', () => {
    const memory = new Memory(1 << 16)
    // The last word of the payload makes the sum come out as wanted.
    const probe = packet({ protocol: 'udp', payload: Uint8Array.of(0, 0) })
    const view = new DataView(probe.buffer)
    const missing = view.getUint16(40)
    const bytes = packet({
      protocol: 'udp',
      payload: Uint8Array.of(missing >>> 8, missing & 0xff),
      partial: true,
    })
    memory.copyIn(0, bytes)
    expect(completeChecksum(memory.view, 0, bytes.length, 'ethernet')).toBe(true)
    expect(memory.view.getUint16(40)).toBe(0xffff)
  })

  test('leaves what is neither TCP nor UDP as it is', () => {
    const memory = new Memory(1 << 16)
    const bytes = packet({ payload: 50 })
    bytes[23] = 1
    memory.copyIn(0, bytes)
    expect(completeChecksum(memory.view, 0, bytes.length, 'ethernet')).toBe(false)
    expect(memory.copyOut(0, bytes.length)).toEqual(bytes)
  })
})
