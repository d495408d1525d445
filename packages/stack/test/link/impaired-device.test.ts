import { describe, expect, test } from 'vitest'
import { Memory } from '../../src/core/memory.ts'
import { Gso, NO_OFFLOADS, RxChecksum, TransmitResult } from '../../src/link/device.ts'
import { joined, MAC_B, numbered, packet, parsePacket, pattern, text, transportOffset } from './helpers.ts'
import { impaired, range, sendMany } from './impaired.ts'

describe('an impaired device', () => {
  test('super-frames that come in are cut, and each wire frame has a fate of its own', () => {
    const { clock, bad, near, far, stats } = impaired({ latency: 1 }, { offload: true, macs: [MAC_B, MAC_B] })
    expect(bad.capabilities).toEqual({ ...NO_OFFLOADS, mac: MAC_B })
    bad.set({ filter: (_frame, _direction, index) => (index === 2 ? 'drop' : 'pass') })
    for (const version of [4, 6] as const) {
      const bytes = packet({ version, payload: 14_000, partial: true })
      far.send(bytes, {
        checksumStart: transportOffset(bytes),
        checksumOffset: 16,
        gso: version === 4 ? Gso.TcpV4 : Gso.TcpV6,
        gsoSize: 1400,
      })
    }
    clock.advance(5)
    const parsed = near.sink.frames.map((f) => parsePacket(f.bytes))
    expect(near.sink.frames.every((f) => f.checksum === RxChecksum.Unverified && f.gsoSize === 0)).toBe(true)
    expect(parsed.every((p) => p.valid)).toBe(true)
    expect(parsed.length).toBe(19)
    expect(text(joined(...parsed.slice(9).map((p) => p.payload)))).toBe(text(pattern(14_000)))
    expect(parsed.slice(0, 9).map((p) => p.seq - 1000)).toEqual(
      [0, 1, 3, 4, 5, 6, 7, 8, 9].map((i) => i * 1400),
    )
    expect(stats.in).toMatchObject({ frames: 20, filtered: 1, delivered: 19 })
  })

  test('with nothing impaired super-frames and partial checksums still come as frames of a wire', () => {
    const { clock, near, far } = impaired({}, { offload: true })
    const small = packet({ payload: 50, partial: true })
    far.send(small, { checksumStart: transportOffset(small), checksumOffset: 16 })
    const large = packet({ payload: 5000, partial: true })
    far.send(large, { checksumStart: 34, checksumOffset: 16, gso: Gso.TcpV4, gsoSize: 1448 })
    far.send(numbered(1))
    clock.advance(0)
    expect(near.sink.frames.length).toBe(6)
    expect(near.sink.frames.slice(0, 5).every((f) => parsePacket(f.bytes).valid)).toBe(true)
    expect(near.sink.frames.every((f) => f.checksum === RxChecksum.Unverified)).toBe(true)
  })

  test('outgoing super-frames and partial checksums are completed too, though none was offered', () => {
    const { clock, near, far } = impaired({ latency: 1 }, { offload: true })
    const large = packet({ payload: 5000, partial: true })
    const how = { checksumStart: 34, checksumOffset: 16 }
    expect(near.send(large, { ...how, gso: Gso.TcpV4, gsoSize: 1448, pieces: [54, 999] })).toBe(
      TransmitResult.Sent,
    )
    expect(near.send(packet({ payload: 5, partial: true }), how)).toBe(TransmitResult.Sent)
    expect(near.send(large, { ...how, gso: Gso.TcpV4, gsoSize: 1461 })).toBe(TransmitResult.Refused)
    expect(near.send(numbered(1), { gso: Gso.TcpV4, gsoSize: 20 })).toBe(TransmitResult.Refused)
    expect(near.send(numbered(1, 1515))).toBe(TransmitResult.Refused)
    clock.advance(5)
    const parsed = far.sink.frames.map((f) => parsePacket(f.bytes))
    expect(parsed.map((p) => p.payload.length)).toEqual([1448, 1448, 1448, 656, 5])
    expect(parsed.every((p) => p.valid)).toBe(true)
  })

  test('a damaged super-frame that cannot be cut is dropped and counted', () => {
    const { clock, near, far, stats } = impaired({}, { offload: true })
    const bytes = packet({ payload: 5000 })
    bytes[1000] ^= 4
    far.send(bytes, { gso: Gso.TcpV4, gsoSize: 1448 })
    clock.advance(0)
    expect(near.sink.frames.length).toBe(0)
    expect(stats.in.malformed).toBe(1)
  })

  test.each([{}, { latency: 2 }, { loss: 1e-9 }])(
    'a full device: nothing is lost, Full and room are passed on (%o)',
    (options) => {
      const { clock, near, far } = impaired(options, { queue: { frames: 4 } })
      let next = 0
      const sendAll = (): void => {
        while (next < 50 && near.send(numbered(next)) === TransmitResult.Sent) next++
      }
      near.sink.onRoom = sendAll
      sendAll()
      for (let i = 0; i < 100; i++) {
        clock.advance(1)
        sendAll()
      }
      expect(next).toBe(50)
      expect(far.sink.numbers).toEqual(range(50))
      if (!('latency' in options)) expect(near.sink.writable).toBeGreaterThan(0)
    },
  )

  test('what is kept is bounded by the memory; what does not fit is dropped and counted, and all is freed', async () => {
    const memory = new Memory(1 << 20)
    const { clock, near, far, bad, stats } = impaired({ latency: 10 }, { queue: { bytes: 64 << 10 } }, memory)
    const before = memory.allocated
    for (let i = 0; i < 1000; i++) near.send(numbered(i, 1500))
    expect(stats.out.overflowed).toBe(1000 - 64)
    expect(memory.allocated - before).toBe(64 * 2048)
    clock.advance(20)
    expect(far.sink.numbers).toEqual(range(64))
    expect(memory.allocated).toBe(before)
    sendMany(near, 10)
    sendMany(far, 10)
    clock.advance(1)
    expect(bad.onTheWay).toEqual({ in: 10, out: 10 })
    await bad.close()
    await bad.close()
    expect(memory.allocated).toBe(128 * 1024)
    expect(near.sink.closed).toEqual([null])
    expect(near.send(numbered(1))).toBe(TransmitResult.Refused)
    clock.advance(50)
    expect(near.sink.frames.length).toBe(0)
    expect(far.sink.frames.length).toBe(64)
  })

  test('when the link goes away, what is on the way in still arrives, then it is told once', async () => {
    const { clock, near, far, left, bad } = impaired({ latency: 10 })
    sendMany(far, 3)
    clock.advance(1)
    await left.close()
    clock.advance(1)
    expect(near.sink.closed).toEqual([])
    expect(near.send(numbered(9))).toBe(TransmitResult.Refused)
    clock.advance(20)
    expect(near.sink.numbers).toEqual(range(3))
    expect(near.sink.closed).toMatchObject([{ code: 'ENETDOWN' }])
    await bad.close()
    expect(near.sink.closed.length).toBe(1)
    expect(near.memory.allocated).toBe(128 * 1024)
  })

  test('a receiver may close in the middle of delivery', () => {
    const { clock, near, far, bad } = impaired({ latency: 1 })
    near.sink.onReceive = () => void bad.close()
    sendMany(far, 5)
    clock.advance(10)
    expect(near.sink.numbers).toEqual([0])
    expect(near.memory.allocated).toBe(128 * 1024)
  })

  test('many frames due at once come in bursts that each end', () => {
    const { clock, near, far } = impaired({ latency: 10 })
    sendMany(far, 1000)
    clock.advance(20)
    expect(near.sink.numbers).toEqual(range(1000))
    expect(near.sink.bursts).toBeGreaterThanOrEqual(4)
    expect(near.sink.burstOpen).toBe(false)
  })
})
