import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { VirtualClock } from '../../src/core/virtual-clock.ts'
import { type CableOptions, createCable } from '../../src/link/cable.ts'
import { type CaptureOptions, type CaptureSink, capture } from '../../src/link/capture.ts'
import { Gso, RxChecksum, TransmitResult } from '../../src/link/device.ts'
import { impair } from '../../src/link/impair.ts'
import { withoutOffloads } from '../../src/link/without-offloads.ts'
import { LinkType, PacketDirection, readPcapng } from '../../src/wire/pcapng.ts'
import {
  joined,
  MAC_A,
  MAC_B,
  numbered,
  packet,
  parsePacket,
  Station,
  text,
  transportOffset,
} from './helpers.ts'

const START = Date.UTC(2026, 0, 1) * 1000

function setUp(options: CaptureOptions = {}, cable: CableOptions = {}) {
  const clock = new VirtualClock()
  const [left, right] = createCable({ clock, macs: [MAC_A, MAC_B], ...cable })
  const chunks: Uint8Array[] = []
  const watched = capture(left, (chunk) => chunks.push(chunk), { clock, ...options })
  const a = new Station(watched)
  const b = new Station(right)
  const read = () => {
    const file = readPcapng(joined(...chunks))
    if (file === null) throw new Error('not pcapng')
    return file
  }
  return { clock, a, b, left, right, watched, chunks, read }
}

function partialHow(bytes: Uint8Array, protocol: 'tcp' | 'udp' = 'tcp') {
  return { checksumStart: transportOffset(bytes), checksumOffset: protocol === 'tcp' ? 16 : 6 }
}

describe('capture', () => {
  test('writes what passes, both ways, with its direction and time', () => {
    const { clock, a, b, read, watched } = setUp({ name: 'cable0' })
    a.send(numbered(1, 100), { pieces: [30, 60] })
    clock.advance(1.5)
    b.send(numbered(2, 61))
    clock.advance(2)
    const file = read()
    expect(file.truncated).toBe(false)
    expect(file.interfaces).toEqual([{ linkType: LinkType.Ethernet, snapLength: 262_144, name: 'cable0' }])
    expect(file.packets.map((p) => [text(p.bytes), p.direction, p.time, p.originalLength])).toEqual([
      [text(numbered(1, 100)), PacketDirection.Outbound, START, 100],
      [text(numbered(2, 61)), PacketDirection.Inbound, START + 1500, 61],
    ])
    expect(b.sink.numbers).toEqual([1])
    expect(a.sink.numbers).toEqual([2])
    expect(watched.stats).toMatchObject({ frames: 2, notRecorded: 0 })
  })

  test('a file is whole at every moment, also before the first frame', () => {
    const { read, watched, chunks } = setUp()
    expect(read()).toMatchObject({ packets: [], truncated: false })
    expect(watched.stats.bytes).toBe(joined(...chunks).length)
  })

  test('bare IP packets have their own link type; a stream serves as sink', () => {
    const chunks: Uint8Array[] = []
    const clock = new VirtualClock()
    const [left] = createCable({ clock, medium: 'ip' })
    const sink: CaptureSink = { write: (chunk) => chunks.push(chunk) > 0 }
    new Station(capture(left, sink, { clock })).send(packet({ medium: 'ip', version: 6 }))
    const file = readPcapng(joined(...chunks))
    expect(file?.interfaces[0].linkType).toBe(LinkType.Raw)
    expect(text(file?.packets[0].bytes ?? new Uint8Array())).toBe(text(packet({ medium: 'ip', version: 6 })))
  })

  test('a frame the device did not take is not written, and the answer is passed on', () => {
    const { clock, a, read } = setUp({}, { queue: { frames: 1 } })
    expect(a.send(numbered(1))).toBe(TransmitResult.Sent)
    expect(a.send(numbered(2))).toBe(TransmitResult.Full)
    expect(a.send(numbered(3, 2000))).toBe(TransmitResult.Refused)
    expect(read().packets.length).toBe(1)
    clock.advance(0)
    expect(a.sink.writable).toBe(1)
  })

  test.each([
    ['tcp', 4],
    ['tcp', 6],
    ['udp', 4],
    ['udp', 6],
  ] as const)(
    'partial checksums of %s over IPv%i are completed in the file and nowhere else',
    (protocol, version) => {
      const { clock, a, b, left, watched, read } = setUp({}, { offload: true })
      expect(watched.capabilities).toBe(left.capabilities)
      const partial = packet({ protocol, version, payload: 333, partial: true })
      const whole = text(packet({ protocol, version, payload: 333 }))
      a.send(partial, { ...partialHow(partial, protocol), pieces: [80, 200] })
      b.send(partial, partialHow(partial, protocol))
      clock.advance(0)
      expect(read().packets.map((p) => text(p.bytes))).toEqual([whole, whole])
      for (const { frames } of [a.sink, b.sink]) {
        expect(text(frames[0].bytes)).toBe(text(partial))
        expect(frames[0].checksum).toBe(RxChecksum.Partial)
      }
    },
  )

  test('super-frames pass unchanged and are written as the one packet they are', () => {
    const { clock, a, b, read } = setUp({}, { offload: true })
    const sizes = [65_495, 40_000]
    for (const payload of sizes) {
      const bytes = packet({ payload, partial: true })
      const how = { ...partialHow(bytes), gso: Gso.TcpV4, gsoSize: 1448 }
      a.send(bytes, { ...how, pieces: [54, 10_000] })
      b.send(bytes, how)
    }
    clock.advance(0)
    for (const { frames } of [a.sink, b.sink]) {
      expect(frames.map((f) => [f.gsoSize, f.checksum, f.bytes.length])).toEqual(
        sizes.map((payload) => [1448, RxChecksum.Partial, payload + 54]),
      )
    }
    const { packets } = read()
    expect(packets.map((p) => parsePacket(p.bytes).payload.length).sort()).toEqual(
      [...sizes, ...sizes].sort(),
    )
    expect(packets.every((p) => parsePacket(p.bytes).valid)).toBe(true)
  })

  test('snapLength cuts what is kept, not what passes, and checksums are those of the whole frame', () => {
    const { clock, a, b, read } = setUp({ snapLength: 60 }, { offload: true })
    const partial = packet({ payload: 1000, partial: true })
    a.send(partial, partialHow(partial))
    a.send(numbered(1, 59))
    clock.advance(0)
    const { packets } = read()
    expect(packets.map((p) => [p.bytes.length, p.originalLength])).toEqual([
      [60, 1054],
      [59, 59],
    ])
    expect(text(packets[0].bytes)).toBe(text(packet({ payload: 1000 }).subarray(0, 60)))
    expect(b.sink.frames[0].bytes.length).toBe(1054)
  })

  test('maxFrames and maxBytes end the capture, not the network; what was not written is counted', () => {
    const few = setUp({ maxFrames: 3 })
    const small = setUp({ maxBytes: 1000 })
    for (const { a, clock } of [few, small]) {
      for (let i = 0; i < 20; i++) a.send(numbered(i, 100))
      clock.advance(0)
    }
    expect(few.b.sink.frames.length).toBe(20)
    expect(few.watched.stats).toMatchObject({ frames: 3, notRecorded: 17 })
    expect(few.read().packets.length).toBe(3)
    const written = joined(...small.chunks).length
    expect(written).toBeLessThanOrEqual(1000)
    expect(written).toBeGreaterThan(850)
    expect(small.watched.stats.bytes).toBe(written)
    expect(small.watched.stats.frames + small.watched.stats.notRecorded).toBe(20)
    expect(small.read()).toMatchObject({ truncated: false })
    small.a.send(numbered(1, 20))
    expect(joined(...small.chunks).length).toBe(written)
  })

  test('a sink that throws ends the capture; the network goes on and the error surfaces', async () => {
    const uncaught = vi.fn()
    const listeners = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.once('uncaughtException', uncaught)
    const clock = new VirtualClock()
    const [left, right] = createCable({ clock })
    let chunks = 0
    const watched = capture(left, () => {
      if (++chunks === 3) throw new Error('disk full')
    })
    const a = new Station(watched)
    const b = new Station(right)
    for (let i = 0; i < 5; i++) expect(a.send(numbered(i))).toBe(TransmitResult.Sent)
    clock.advance(0)
    await new Promise((resolve) => setImmediate(resolve))
    for (const listener of listeners) process.on('uncaughtException', listener)
    expect(b.sink.frames.length).toBe(5)
    expect(chunks).toBe(3)
    expect(watched.stats).toMatchObject({ frames: 0, notRecorded: 5 })
    expect(uncaught).toHaveBeenCalledTimes(1)
    expect(uncaught.mock.calls[0][0]).toMatchObject({ message: 'disk full' })
  })

  test('close and the loss of the link pass through; attaching twice and bad options are refused', async () => {
    const one = setUp()
    await one.watched.close()
    expect(one.a.sink.closed).toEqual([null])
    one.clock.advance(0)
    expect(one.b.sink.closed.length).toBe(1)
    const two = setUp()
    expect(() => two.watched.attach(two.a.sink)).toThrow(/already/)
    await two.right.close()
    two.clock.advance(0)
    expect(two.a.sink.closed).toMatchObject([{ code: 'ENETDOWN' }])
    expect(() => capture(two.left, () => {}, { snapLength: 0 })).toThrow(/snapLength/)
    expect(() => capture(two.left, () => {}, { maxBytes: 0.5 })).toThrow(/maxBytes/)
    expect(() => capture(two.left, () => {}, { maxFrames: -1 })).toThrow(/maxFrames/)
  })

  test('two runs with the same seed are byte-identical, through every impairment', () => {
    const run = (seed: number): Uint8Array => {
      const clock = new VirtualClock()
      const [left, right] = createCable({ clock, offload: true })
      const chunks: Uint8Array[] = []
      const bad = impair(right, {
        clock,
        seed,
        latency: 20,
        jitter: 5,
        loss: 0.1,
        duplicate: 0.1,
        reorder: 0.1,
        corrupt: 0.1,
        bandwidth: 50_000_000,
        queue: 100_000,
      })
      const a = new Station(left)
      const b = new Station(capture(bad, (chunk) => chunks.push(chunk), { clock }))
      b.sink.onReceive = ({ bytes }) => {
        if (bytes.length < 1000) b.send(bytes)
      }
      for (let i = 0; i < 50; i++) {
        const bytes = packet({ payload: 100 * i, partial: true })
        a.send(bytes, { ...partialHow(bytes), gso: Gso.TcpV4, gsoSize: 1400 })
        clock.advance(3)
      }
      clock.advance(1000)
      return joined(...chunks)
    }
    expect(run(5).length).toBeGreaterThan(50_000)
    expect(text(run(5))).toBe(text(run(5)))
    expect(text(run(5))).not.toBe(text(run(6)))
  })

  test('decorators stack: a capture outside withoutOffloads sees the frames of a wire', () => {
    const clock = new VirtualClock()
    const [left, right] = createCable({ clock, offload: true })
    const inner: Uint8Array[] = []
    const outer: Uint8Array[] = []
    const within = capture(right, (chunk) => inner.push(chunk), { clock })
    const b = new Station(capture(withoutOffloads(within), (chunk) => outer.push(chunk), { clock }))
    const a = new Station(left)
    const bytes = packet({ payload: 10_000, partial: true })
    a.send(bytes, { ...partialHow(bytes), gso: Gso.TcpV4, gsoSize: 1000 })
    clock.advance(0)
    expect(readPcapng(joined(...inner))?.packets.length).toBe(1)
    const packets = readPcapng(joined(...outer))?.packets ?? []
    expect(packets.length).toBe(10)
    expect(packets.every((p) => parsePacket(p.bytes).valid)).toBe(true)
    expect(b.sink.frames.length).toBe(10)
  })
})

const tshark = spawnSync('tshark', ['--version']).status === 0
if (!tshark) console.log('skipped: reading captures with tshark, which is not installed')

describe.skipIf(!tshark)('capture, read by tshark', () => {
  test('no malformed packet, no bad checksum, and directions, lengths and times as written', () => {
    const { clock, a, b, chunks } = setUp({}, { offload: true })
    for (const version of [4, 6] as const) {
      for (const protocol of ['tcp', 'udp'] as const) {
        const partial = packet({ version, protocol, payload: 500, partial: true })
        a.send(partial, partialHow(partial, protocol))
        clock.advance(1)
        b.send(packet({ version, protocol, payload: 501 }))
        clock.advance(1)
      }
      const large = packet({ version, payload: version === 4 ? 65_495 : 65_000, partial: true, seq: 9000 })
      a.send(large, { ...partialHow(large), gso: version === 4 ? Gso.TcpV4 : Gso.TcpV6, gsoSize: 1428 })
      b.send(large, { ...partialHow(large), gso: version === 4 ? Gso.TcpV4 : Gso.TcpV6, gsoSize: 1428 })
      clock.advance(1)
    }
    const folder = mkdtempSync(join(tmpdir(), 'tapwire-capture-'))
    try {
      const path = join(folder, 'test.pcapng')
      writeFileSync(path, joined(...chunks))
      const checks = ['tcp', 'udp', 'ip'].flatMap((name) => ['-o', `${name}.check_checksum:TRUE`])
      const fields = [
        'frame.len',
        'frame.time_relative',
        'frame.packet_flags_direction',
        'tcp.checksum.status',
        'udp.checksum.status',
        'ip.checksum.status',
      ]
      const output = execFileSync(
        'tshark',
        [
          '-n',
          '-r',
          path,
          ...checks,
          '-T',
          'fields',
          '-E',
          'separator=,',
          ...fields.flatMap((f) => ['-e', f]),
        ],
        { encoding: 'utf8', stdio: 'pipe' },
      )
      const rows = output
        .trim()
        .split('\n')
        .map((line) => line.split(','))
      expect(rows.length).toBe(12)
      // 1 is "good".
      expect(rows.every((row) => row[3] === '1' || row[4] === '1')).toBe(true)
      expect(rows.every((row) => row[3] !== '0' && row[4] !== '0' && row[5] !== '0')).toBe(true)
      expect(rows.slice(0, 2).map((row) => [row[0], Number(row[1]), Number(row[2])])).toEqual([
        ['554', 0, 2],
        ['555', 0.001, 1],
      ])
      const bad = execFileSync(
        'tshark',
        ['-n', '-r', path, ...checks, '-Y', '_ws.malformed || ip.checksum.status == 0'],
        { stdio: 'pipe' },
      )
      expect(bad.toString()).toBe('')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
