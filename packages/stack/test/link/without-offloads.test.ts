import { describe, expect, test } from 'vitest'
import { VirtualClock } from '../../src/core/virtual-clock.ts'
import { createCable } from '../../src/link/cable.ts'
import { Gso, NO_OFFLOADS, RxChecksum, TransmitResult } from '../../src/link/device.ts'
import { withoutOffloads } from '../../src/link/without-offloads.ts'
import {
  joined,
  MAC_A,
  MAC_B,
  numbered,
  packet,
  parsePacket,
  pattern,
  Station,
  text,
  transportOffset,
} from './helpers.ts'

function setUp(options: { frames?: number } = {}) {
  const clock = new VirtualClock()
  const [left, right] = createCable({
    clock,
    offload: true,
    macs: [MAC_A, MAC_B],
    queue: { frames: options.frames ?? 1000 },
  })
  const plain = withoutOffloads(right)
  return { clock, plain, left, right, a: new Station(left), b: new Station(plain) }
}

function sendSuper(a: Station, version: 4 | 6, payload: number, gsoSize = 1448): void {
  const bytes = packet({ version, payload, partial: true })
  const gso = version === 4 ? Gso.TcpV4 : Gso.TcpV6
  expect(a.send(bytes, { checksumStart: transportOffset(bytes), checksumOffset: 16, gso, gsoSize })).toBe(
    TransmitResult.Sent,
  )
}

describe('withoutOffloads', () => {
  test('offers nothing but the address', () => {
    expect(setUp().plain.capabilities).toEqual({ ...NO_OFFLOADS, mac: MAC_B })
  })

  test.each([4, 6] as const)(
    'a received super-frame over IPv%i comes as valid frames of a wire',
    (version) => {
      const { clock, a, b, plain } = setUp()
      a.send(numbered(1))
      sendSuper(a, version, 40_000, version === 4 ? 1460 : 1440)
      a.send(numbered(2))
      clock.advance(0)
      const frames = b.sink.frames.slice(1, -1)
      expect(frames.length).toBe(28)
      expect(
        frames.every(
          (f) => f.bytes.length <= 1514 && f.gsoSize === 0 && f.checksum === RxChecksum.Unverified,
        ),
      ).toBe(true)
      const parsed = frames.map((f) => parsePacket(f.bytes))
      expect(parsed.every((p) => p.valid)).toBe(true)
      expect(text(joined(...parsed.map((p) => p.payload)))).toBe(text(pattern(40_000)))
      expect(b.sink.bursts).toBe(1)
      expect(plain.stats).toEqual({ split: 1, malformed: 0 })
    },
  )

  test('a partial checksum is completed, a whole one left', () => {
    const { clock, a, b } = setUp()
    const partial = packet({ payload: 100, partial: true })
    a.send(partial, { checksumStart: transportOffset(partial), checksumOffset: 16 })
    a.send(packet({ payload: 100 }))
    clock.advance(0)
    for (const frame of b.sink.frames) {
      expect(frame.checksum).toBe(RxChecksum.Unverified)
      expect(frame.bytes).toEqual(packet({ payload: 100 }))
    }
  })

  test('what cannot be cut into frames that fit is dropped and counted', () => {
    const { clock, a, b, plain } = setUp()
    sendSuper(a, 4, 4000, 1461)
    a.send(joined(numbered(1), new Uint8Array(3000)), { gso: Gso.TcpV4, gsoSize: 1448 })
    clock.advance(0)
    expect(b.sink.frames.length).toBe(0)
    expect(plain.stats).toEqual({ split: 0, malformed: 2 })
  })

  test('sends whole frames and refuses work that was not offered', () => {
    const { clock, a, b } = setUp()
    expect(b.send(numbered(5))).toBe(TransmitResult.Sent)
    expect(b.send(packet({ payload: 9000 }), { gso: Gso.TcpV4, gsoSize: 1448 })).toBe(TransmitResult.Refused)
    expect(b.send(packet({ partial: true }), { checksumStart: 34, checksumOffset: 16 })).toBe(
      TransmitResult.Refused,
    )
    clock.advance(0)
    expect(a.sink.numbers).toEqual([5])
  })

  test('passes Full, room, close and the loss of the link', async () => {
    const { clock, a, b, plain, left } = setUp({ frames: 2 })
    for (let i = 0; i < 2; i++) b.send(numbered(i))
    expect(b.send(numbered(2))).toBe(TransmitResult.Full)
    clock.advance(0)
    expect(b.sink.writable).toBe(1)
    expect(() => plain.attach(b.sink)).toThrow(/already/)
    await left.close()
    clock.advance(0)
    expect(b.sink.closed).toMatchObject([{ code: 'ENETDOWN' }])
    expect(b.memory.allocated).toBe(128 * 1024)
    await plain.close()
    expect(b.sink.closed.length).toBe(1)
    expect(a.sink.numbers).toEqual([0, 1])
    const other = setUp()
    await other.plain.close()
    expect(other.b.sink.closed).toEqual([null])
    expect(other.b.memory.allocated).toBe(128 * 1024)
  })
})
