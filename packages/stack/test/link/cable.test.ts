import { describe, expect, test } from 'vitest'
import { SystemClock } from '../../src/core/clock.ts'
import { Memory } from '../../src/core/memory.ts'
import { VirtualClock } from '../../src/core/virtual-clock.ts'
import { type CableOptions, createCable } from '../../src/link/cable.ts'
import { Gso, RxChecksum, TransmitResult } from '../../src/link/device.ts'
import { BURST } from '../../src/link/frame-outlet.ts'
import {
  MAC_A,
  MAC_B,
  numbered,
  packet,
  parsePacket,
  Station,
  text,
  texts,
  transportOffset,
} from './helpers.ts'

function pair(options: CableOptions = {}) {
  const clock = new VirtualClock()
  const [left, right] = createCable({ clock, ...options })
  return { clock, left, right, a: new Station(left), b: new Station(right) }
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

describe('cable', () => {
  test('delivers both ways, in order, byte for byte, and never while somebody sends', () => {
    const { clock, a, b } = pair()
    for (let i = 0; i < 100; i++) {
      expect(a.send(numbered(i, 60 + i * 14), { pieces: [20, 40] })).toBe(TransmitResult.Sent)
      expect(b.send(numbered(1000 + i))).toBe(TransmitResult.Sent)
    }
    expect(a.sink.frames.length + b.sink.frames.length).toBe(0)
    clock.advance(0)
    expect(b.sink.numbers).toEqual(range(100))
    expect(b.sink.frames.map((f) => f.bytes)).toEqual(range(100).map((i) => numbered(i, 60 + i * 14)))
    expect(a.sink.numbers).toEqual(range(100).map((i) => 1000 + i))
    expect(b.sink.frames.every((f) => f.checksum === RxChecksum.Unverified && f.gsoSize === 0)).toBe(true)
  })

  test('bursts have a budget, and each ends with onBurstEnd', () => {
    const { clock, a, b } = pair()
    const count = BURST * 2 + 10
    for (let i = 0; i < count; i++) a.send(numbered(i))
    clock.advance(0)
    expect(b.sink.numbers).toEqual(range(count))
    expect(b.sink.bursts).toBe(3)
    expect(b.sink.frames.filter((f) => f.burst === 0).length).toBe(BURST)
    expect(b.sink.burstOpen).toBe(false)
  })

  test('a full queue answers Full, loses nothing, and tells when there is room', () => {
    const { clock, a, b, left } = pair({ queue: { frames: 10 } })
    let next = 0
    const sendAll = (): void => {
      while (next < 35 && a.send(numbered(next)) === TransmitResult.Sent) next++
    }
    a.sink.onRoom = sendAll
    sendAll()
    expect(next).toBe(10)
    expect(left.stats).toEqual({ sent: 10, full: 1, refused: 0 })
    expect(a.sink.writable).toBe(0)
    clock.advance(0)
    expect(b.sink.numbers).toEqual(range(35))
    expect(a.sink.writable).toBe(3)
    expect(b.sink.writable).toBe(0)
  })

  test('the limit in bytes holds, and frames of all lengths wrap around the ring unharmed', () => {
    const { clock, a, b } = pair({ queue: { bytes: 4096 } })
    const sent: Uint8Array[] = []
    let bytes = 0
    for (let i = 0; i < 3000; i++) {
      const frame = numbered(i, 20 + ((i * 7919) % 1495))
      if (a.send(frame) === TransmitResult.Sent) {
        sent.push(frame)
        bytes += frame.length
      } else {
        expect(bytes + frame.length).toBeGreaterThan(4096 - 1514)
        clock.advance(0)
        bytes = 0
      }
      expect(bytes).toBeLessThanOrEqual(4096)
      // Leave some behind now and then, so that the ring does not start anew.
      if (i % 5 === 0 && clock.step()) bytes = 0
    }
    clock.advance(0)
    expect(sent.length).toBeGreaterThan(2000)
    expect(texts(b.sink.frames)).toEqual(texts(sent))
  })

  test('frames that overlap in time wrap the ring unharmed too', () => {
    const { clock, a, b } = pair({ queue: { bytes: 8192 }, latency: 1 })
    const sent: Uint8Array[] = []
    for (let i = 0; i < 5000; i++) {
      const frame = numbered(i, 20 + ((i * 104_729) % 1495))
      if (a.send(frame) === TransmitResult.Sent) sent.push(frame)
      clock.advance(0.2)
    }
    clock.advance(2)
    expect(sent.length).toBeGreaterThan(4000)
    expect(texts(b.sink.frames)).toEqual(texts(sent))
  })

  test('latency delays every frame by as much', () => {
    const { clock, a, b } = pair({ latency: 12.5 })
    const arrivals: number[] = []
    b.sink.onReceive = () => arrivals.push(clock.now())
    a.send(numbered(0))
    clock.advance(5)
    a.send(numbered(1))
    a.send(numbered(2))
    clock.advance(100)
    expect(arrivals).toEqual([12_500, 17_500, 17_500])
  })

  test('what is sent before anybody is attached waits and then arrives, with the rest, in order', () => {
    const clock = new VirtualClock()
    const [left, right] = createCable({ clock })
    const a = new Station(left)
    for (let i = 0; i < 50; i++) expect(a.send(numbered(i, 1000))).toBe(TransmitResult.Sent)
    clock.advance(10)
    const b = new Station(right)
    expect(b.sink.frames.length).toBe(0)
    for (let i = 50; i < 60; i++) a.send(numbered(i, 1000))
    clock.advance(0)
    expect(texts(b.sink.frames)).toEqual(texts(range(60).map((i) => numbered(i, 1000))))
  })

  test('nobody attached: the queue fills up and no further', () => {
    const clock = new VirtualClock()
    const [left] = createCable({ clock })
    const a = new Station(left)
    for (let i = 0; i < 5000; i++) a.send(numbered(i))
    expect(left.stats).toEqual({ sent: 1000, full: 4000, refused: 0 })
  })

  test('the receive queue lies in the receiver memory and is given back on close', async () => {
    const clock = new VirtualClock()
    const [left, right] = createCable({ clock })
    const memory = new Memory(1 << 21)
    const a = new Station(left)
    const before = memory.allocated
    const b = new Station(right, memory)
    expect(memory.allocated - before).toBeGreaterThanOrEqual(512 * 1024)
    a.send(numbered(1))
    await right.close()
    await right.close()
    expect(memory.allocated).toBe(before + 128 * 1024)
    expect(b.sink.closed).toEqual([null])
    clock.advance(10)
    expect(b.sink.frames.length).toBe(0)
  })

  test('closing one end: the other is given what was on the way, then told once', async () => {
    const { clock, a, b, left, right } = pair({ latency: 3 })
    const allocated = b.memory.allocated
    a.send(numbered(1))
    await left.close()
    expect(a.send(numbered(2))).toBe(TransmitResult.Refused)
    expect(b.send(numbered(3))).toBe(TransmitResult.Refused)
    expect(b.sink.closed).toEqual([])
    clock.advance(10)
    expect(b.sink.numbers).toEqual([1])
    expect(b.sink.closed).toMatchObject([{ code: 'ENETDOWN' }])
    expect(b.memory.allocated).toBeLessThan(allocated)
    await right.close()
    clock.advance(10)
    expect(b.sink.closed.length).toBe(1)
    expect(a.sink.closed).toEqual([null])
  })

  test('a receiver that closes in the middle of a burst gets nothing more', () => {
    const { clock, a, b, right } = pair()
    b.sink.onReceive = () => void right.close()
    for (let i = 0; i < 5; i++) a.send(numbered(i))
    clock.advance(0)
    expect(b.sink.numbers).toEqual([0])
    expect(b.sink.closed).toEqual([null])
  })

  test('refuses what is too long, and super-frames that it did not offer to take', () => {
    const { a, left } = pair({ mtu: 1000 })
    expect(left.mtu).toBe(1000)
    expect(a.send(numbered(1, 1014))).toBe(TransmitResult.Sent)
    expect(a.send(numbered(1, 1015))).toBe(TransmitResult.Refused)
    expect(a.send(packet({ payload: 500 }), { gso: Gso.TcpV4, gsoSize: 100 })).toBe(TransmitResult.Refused)
    expect(a.send(new Uint8Array(0))).toBe(TransmitResult.Refused)
    expect(left.stats).toEqual({ sent: 1, full: 0, refused: 3 })
  })

  test('without offload a partial checksum is completed on the way', () => {
    const { clock, a, b, left } = pair()
    expect(left.capabilities).toMatchObject({ txChecksum: false, tso4: false, tso6: false, maxSuperFrame: 0 })
    const partial = packet({ payload: 700, partial: true })
    a.send(partial, { pieces: [54, 300], checksumStart: transportOffset(partial), checksumOffset: 16 })
    clock.advance(0)
    expect(b.sink.frames[0]).toMatchObject({ checksum: RxChecksum.Unverified, gsoSize: 0 })
    expect(b.sink.frames[0].bytes).toEqual(packet({ payload: 700 }))
  })

  test.each([4, 6] as const)('with offload a super-frame of TCP over IPv%i passes as it is', (version) => {
    const { clock, a, b, left } = pair({ offload: true })
    expect(left.capabilities).toMatchObject({
      txChecksum: true,
      tso4: true,
      tso6: true,
      maxSuperFrame: 65_550,
    })
    const superFrame = packet({ version, payload: version === 4 ? 65_495 : 65_400, partial: true })
    const how = {
      pieces: [version === 4 ? 54 : 74, 30_000] as const,
      checksumStart: transportOffset(superFrame),
      checksumOffset: 16,
      gso: version === 4 ? Gso.TcpV4 : Gso.TcpV6,
      gsoSize: 1448,
    }
    for (let i = 0; i < 20; i++) expect(a.send(superFrame, how)).toBe(TransmitResult.Sent)
    a.send(packet({ version, payload: 10 }))
    clock.advance(0)
    expect(b.sink.frames.length).toBe(21)
    for (const frame of b.sink.frames.slice(0, 20)) {
      expect(frame).toMatchObject({ checksum: RxChecksum.Partial, gsoSize: 1448 })
      expect(text(frame.bytes)).toBe(text(superFrame))
    }
    expect(b.sink.frames[20]).toMatchObject({ checksum: RxChecksum.Unverified, gsoSize: 0 })
    expect(parsePacket(b.sink.frames[20].bytes).valid).toBe(true)
  })

  test('carries bare IP packets and gives its ends addresses', () => {
    const { clock, a, b, left } = pair({ medium: 'ip', mtu: 1400 })
    expect(left).toMatchObject({ medium: 'ip', mtu: 1400 })
    expect(a.send(packet({ medium: 'ip', payload: 1360 }))).toBe(TransmitResult.Sent)
    expect(a.send(packet({ medium: 'ip', payload: 1361 }))).toBe(TransmitResult.Refused)
    clock.advance(0)
    expect(parsePacket(b.sink.frames[0].bytes, 'ip').valid).toBe(true)
    const [one, two] = createCable({ macs: [MAC_A, MAC_B] })
    expect([one.capabilities.mac, two.capabilities.mac]).toEqual([MAC_A, MAC_B])
  })

  test('options out of range are refused by name; attaching twice is, too', async () => {
    expect(() => createCable({ mtu: 67 })).toThrow(/MTU.*68 to 65535.*67/)
    expect(() => createCable({ mtu: 1500.5 })).toThrow(/MTU/)
    expect(() => createCable({ latency: -1 })).toThrow(/latency/)
    expect(() => createCable({ latency: Number.NaN })).toThrow(/latency/)
    expect(() => createCable({ queue: { bytes: 1513 } })).toThrow(/1514/)
    expect(() => createCable({ offload: true, queue: { bytes: 65_536 } })).toThrow(/65550/)
    expect(() => createCable({ queue: { frames: 0 } })).toThrow(/frames/)
    expect(() => createCable({ macs: [MAC_A, Uint8Array.of(1, 0, 0, 0, 0, 0)] })).toThrow(/MAC/)
    const { left, a } = pair()
    expect(() => left.attach(a.sink)).toThrow(/already/)
    const [closed] = createCable()
    await closed.close()
    expect(() => closed.attach(a.sink)).toThrow(/closed/)
    const [poor] = createCable()
    expect(() => new Station(poor, new Memory(1 << 18))).toThrow(/memory/)
  })

  test('runs on real time as well', async () => {
    const [left, right] = createCable({ clock: new SystemClock() })
    const a = new Station(left)
    const b = new Station(right)
    const arrived = new Promise<void>((resolve) => {
      b.sink.onReceive = () => resolve()
    })
    a.send(numbered(7))
    await arrived
    expect(b.sink.numbers).toEqual([7])
    await left.close()
  })
})
