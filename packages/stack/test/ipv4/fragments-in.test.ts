import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../src/core/random.ts'
import { HOST4, hostWithDevice, PEER4, Recorder, UdpRecorder } from '../support/ip-host.ts'
import { icmp4, internetChecksum, ip4, pattern, see4, udp } from '../support/packets.ts'

/** A datagram cut into fragments of `size` data bytes. */
function cut(
  protocol: number,
  payload: ArrayLike<number>,
  size: number,
  id: number,
  source = PEER4,
): Uint8Array[] {
  const bytes = Array.from(payload)
  const fragments: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += size) {
    const more = at + size < bytes.length
    fragments.push(ip4(source, HOST4, protocol, bytes.slice(at, at + size), { id, fragmentOffset: at, more }))
  }
  return fragments
}

function shuffled<T>(list: readonly T[], seed: number): T[] {
  const random = new SeededRandom(seed)
  return list
    .map((item) => ({ item, rank: random.uint32() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item)
}

describe('IPv4 reassembly', () => {
  it('FRG-01: the largest UDP datagram arrives whole out of 1,480-byte fragments', () => {
    const { host, device } = hostWithDevice()
    const app = new UdpRecorder()
    host.udp.bind({ port: 7 }, app)
    const payload = pattern(65_507)
    host.inject(device, ...cut(17, udp(PEER4, HOST4, 5, 7, payload), 1480, 1))
    expect(app.messages).toHaveLength(1)
    expect(app.messages[0].bytes).toEqual(payload)
    expect(host.counters.reassembled).toBe(1)
    expect(host.ipv4.reassembler.bytes).toBe(0)
  })

  it.each([1, 2, 3])('FRG-02: any order will do (seed %i)', (seed) => {
    const { host, device } = hostWithDevice()
    const recorder = new Recorder(host, 99)
    const payload = pattern(5000)
    host.inject(device, ...shuffled(cut(99, payload, 512, 1), seed))
    expect(recorder.packets[0].bytes).toEqual(payload)
    expect(recorder.packets[0].packet).toMatchObject({ reassembled: true, checksum: 0, totalLength: 5020 })
  })

  it('FRG-02: reverse order, and equal identifications of other protocols or sources are kept apart', () => {
    const { host, device } = hostWithDevice()
    const recorder = new Recorder(host, 99)
    const other = new Recorder(host, 98)
    const a = cut(99, pattern(100, 1), 40, 7)
    const b = cut(98, pattern(100, 2), 40, 7)
    const c = cut(99, pattern(100, 3), 40, 7, '10.0.0.9')
    host.inject(device, ...[2, 1, 0].flatMap((i) => [a[i], b[i], c[i]]))
    expect(recorder.packets.map((p) => p.bytes)).toEqual([pattern(100, 1), pattern(100, 3)])
    expect(other.packets.map((p) => p.bytes)).toEqual([pattern(100, 2)])
  })

  it('the whole has the header of the first fragment, made right again', () => {
    const { host, device } = hostWithDevice()
    const recorder = new Recorder(host, 99)
    host.inject(device, ...cut(99, pattern(100), 40, 7).reverse())
    const header = see4(recorder.packets[0].whole)
    expect(header).toMatchObject({ source: PEER4, fragmentOffset: 0, more: false, id: 7 })
    expect(internetChecksum(recorder.packets[0].whole.subarray(0, 20))).toBe(0)
  })

  it('FRG-03: after 60 s the rest is given up, and the sender told if the first fragment came', () => {
    const { host, device } = hostWithDevice()
    const [first] = cut(99, pattern(100), 40, 7)
    host.inject(device, first)
    host.advance(59_999)
    expect(device.take()).toEqual([])
    host.advance(1)
    const error = see4(device.take()[0])
    expect(error.protocol).toBe(1)
    expect([...error.payload.subarray(0, 2)]).toEqual([11, 1])
    // ICMP-02: the quote is the fragment as it came.
    expect(error.payload.subarray(8)).toEqual(first)
    expect(host.ipv4.reassembler.bytes).toBe(0)
    expect(host.ipv4.reassembler.size).toBe(0)
  })

  it('FRG-03: without the first fragment nobody is told', () => {
    const { host, device } = hostWithDevice()
    host.inject(device, cut(99, pattern(100), 40, 7)[1])
    host.advance(120_000)
    expect(device.take()).toEqual([])
    expect(host.counters.reassemblyTimeouts).toBe(1)
    expect(host.ipv4.reassembler.bytes).toBe(0)
  })

  it('FRG-03: the time runs from the first fragment that came, and later ones do not extend it', () => {
    const { host, device } = hostWithDevice()
    const recorder = new Recorder(host, 99)
    const [a, b, c] = cut(99, pattern(100), 40, 7)
    host.inject(device, a)
    host.advance(50_000)
    host.inject(device, b)
    host.advance(11_000)
    host.inject(device, c)
    expect(recorder.packets).toEqual([])
    expect(host.counters.reassemblyTimeouts).toBe(1)
  })

  it('FRG-04: odd lengths in the middle, empty fragments and the ping of death are dropped', () => {
    const { host, device } = hostWithDevice()
    const bad = [
      ip4(PEER4, HOST4, 99, pattern(41), { id: 1, more: true }),
      ip4(PEER4, HOST4, 99, [], { id: 2, more: true }),
      ip4(PEER4, HOST4, 99, pattern(100), { id: 3, fragmentOffset: 8191 * 8 }),
    ]
    host.inject(device, ...bad)
    expect(host.counters.droppedFragmentInvalid).toBe(3)
    expect(host.ipv4.reassembler.size).toBe(0)
  })

  it('FRG-05: TCP fragments that hide the header are dropped', () => {
    const { host, device } = hostWithDevice()
    host.inject(
      device,
      ip4(PEER4, HOST4, 6, pattern(8), { id: 1, more: true }),
      ip4(PEER4, HOST4, 6, pattern(32), { id: 2, fragmentOffset: 8 }),
    )
    expect(host.counters.droppedFragmentInvalid).toBe(2)
  })

  it('FRG-06: an overlap discards the datagram, and what still comes of it', () => {
    const { host, device } = hostWithDevice()
    const recorder = new Recorder(host, 99)
    const [a, b, c] = cut(99, pattern(120), 40, 7)
    const overlap = ip4(PEER4, HOST4, 99, pattern(40, 9), { id: 7, fragmentOffset: 32, more: true })
    host.inject(device, a, overlap, b, c)
    expect(recorder.packets).toEqual([])
    expect(host.ipv4.reassembler.bytes).toBe(0)
    expect(host.counters.reassemblyOverlaps).toBe(3)
    // Its place is free again when the time is up.
    host.advance(60_000)
    host.inject(device, a, b, c)
    expect(recorder.packets).toHaveLength(1)
  })

  it('FRG-06: an exact duplicate is ignored; one with other bytes is an overlap', () => {
    const { host, device } = hostWithDevice()
    const recorder = new Recorder(host, 99)
    const [a, b, c] = cut(99, pattern(120), 40, 7)
    host.inject(device, a, b, a, b, c)
    expect(recorder.packets).toHaveLength(1)
    const forged = ip4(PEER4, HOST4, 99, pattern(40, 50), { id: 8, more: true })
    const [d, e, f] = cut(99, pattern(120), 40, 8)
    host.inject(device, d, forged, e, f)
    expect(recorder.packets).toHaveLength(1)
  })

  it('FRG-07: a flood of first fragments stays within the limits, and others still get through', () => {
    const { host, device } = hostWithDevice({
      limits: { reassemblies: 16, reassembliesPerSource: 8, reassemblyBytes: 32_768 },
    })
    const app = new UdpRecorder()
    host.udp.bind({ port: 7 }, app)
    const before = host.engine.memory.allocated
    const random = new SeededRandom(5)
    for (let i = 0; i < 20_000; i++) {
      const source = `10.0.0.${3 + (random.uint32() % 250)}`
      device.deliver(ip4(source, HOST4, 99, pattern(64), { id: random.uint32() & 0xffff, more: true }))
    }
    device.sink.onBurstEnd()
    host.check()
    expect(host.ipv4.reassembler.size).toBeLessThanOrEqual(16)
    expect(host.ipv4.reassembler.bytes).toBeLessThanOrEqual(32_768)
    expect(host.engine.memory.allocated - before).toBeLessThanOrEqual(32_768)
    host.inject(device, ...cut(17, udp(PEER4, HOST4, 5, 7, pattern(3000)), 1480, 1))
    expect(app.messages).toHaveLength(1)
    host.advance(60_000)
    expect(host.engine.memory.allocated).toBe(before)
  })

  it('FRG-07: one source cannot use up the places of others', () => {
    const { host, device } = hostWithDevice({ limits: { reassemblies: 16, reassembliesPerSource: 4 } })
    const recorder = new Recorder(host, 99)
    const [a, b] = cut(99, pattern(80), 40, 1, '10.0.0.7')
    host.inject(device, a)
    for (let id = 0; id < 100; id++)
      host.inject(device, ip4(PEER4, HOST4, 99, pattern(40), { id, more: true }))
    expect(host.ipv4.reassembler.size).toBe(5)
    host.inject(device, b)
    expect(recorder.packets).toHaveLength(1)
  })

  it('FRG-07: when memory is short the oldest makes room, and the newest gets through', () => {
    const { host, device } = hostWithDevice({ limits: { reassemblyBytes: 8192 } })
    const recorder = new Recorder(host, 99)
    const [a, b, c] = cut(99, pattern(6000, 1), 2000, 1, '10.0.0.7')
    const newer = cut(99, pattern(6000, 2), 2000, 2)
    host.inject(device, a, ...newer, b, c)
    expect(recorder.packets.map((p) => p.bytes)).toEqual([pattern(6000, 2)])
    expect(host.counters.reassemblyEvicted).toBe(1)
    expect(host.ipv4.reassembler.bytes).toBeLessThanOrEqual(8192)
  })

  it('FRG-07: a datagram that alone needs more than there is, is given up', () => {
    const { host, device } = hostWithDevice({ limits: { reassemblyBytes: 4096 } })
    host.inject(device, ...cut(99, pattern(6000), 2000, 1))
    expect(host.counters.reassemblyNoMemory).toBeGreaterThan(0)
    expect(host.ipv4.reassembler.bytes).toBeLessThanOrEqual(4096)
  })

  it('FRG-07: a datagram of more fragments than the limit is given up', () => {
    const { host, device } = hostWithDevice({ limits: { fragmentsPerDatagram: 4 } })
    const recorder = new Recorder(host, 99)
    host.inject(device, ...cut(99, pattern(32), 8, 1))
    expect(recorder.packets).toHaveLength(1)
    host.inject(device, ...cut(99, pattern(40), 8, 2))
    expect(recorder.packets).toHaveLength(1)
    expect(host.ipv4.reassembler.bytes).toBe(0)
  })

  it('FRG-08: two different ends, or data past the end, discard the datagram', () => {
    const { host, device } = hostWithDevice()
    const recorder = new Recorder(host, 99)
    const last = (id: number, at: number, length: number) =>
      ip4(PEER4, HOST4, 99, pattern(length), { id, fragmentOffset: at })
    host.inject(
      device,
      last(1, 80, 20),
      last(1, 40, 20),
      ip4(PEER4, HOST4, 99, pattern(40), { id: 1, more: true }),
    )
    const past = ip4(PEER4, HOST4, 99, pattern(40), { id: 2, fragmentOffset: 120, more: true })
    host.inject(device, last(2, 40, 20), past, ip4(PEER4, HOST4, 99, pattern(40), { id: 2, more: true }))
    const before = ip4(PEER4, HOST4, 99, pattern(40), { id: 3, fragmentOffset: 120, more: true })
    host.inject(device, before, last(3, 40, 20), ip4(PEER4, HOST4, 99, pattern(40), { id: 3, more: true }))
    expect(recorder.packets).toEqual([])
    expect(host.ipv4.reassembler.bytes).toBe(0)
  })

  it.each([
    ['all the same', [2, 2], 2],
    ['one congested among capable ones', [2, 3], 3],
    ['one congested, the other not capable', [0, 3], null],
  ])('FRG-12, R3168-11: ECN of fragments: %s', (_, [first, second], expected) => {
    const { host, device } = hostWithDevice()
    const recorder = new Recorder(host, 99)
    host.inject(
      device,
      ip4(PEER4, HOST4, 99, pattern(40), { id: 1, more: true, tos: 0x20 | first }),
      ip4(PEER4, HOST4, 99, pattern(40), { id: 1, fragmentOffset: 40, tos: 0x20 | second }),
    )
    expect(recorder.packets.map((p) => p.packet.tos)).toEqual(expected === null ? [] : [0x20 | expected])
    expect(host.ipv4.reassembler.bytes).toBe(0)
  })

  it('ICMP-03: an error may be sent about a datagram that came in fragments', () => {
    const { host, device } = hostWithDevice()
    host.inject(device, ...cut(17, udp(PEER4, HOST4, 5, 9, pattern(2000)), 1480, 1))
    const error = see4(device.take()[0])
    expect([...error.payload.subarray(0, 2)]).toEqual([3, 3])
  })

  it('ICMP-10: an echo that came in fragments is answered in fragments', () => {
    const { host, device } = hostWithDevice()
    const data = pattern(5000)
    host.inject(device, ...cut(1, icmp4(8, 0, [1, 2, 3, 4], data), 1480, 1))
    const parts = device.take().map(see4)
    expect(parts).toHaveLength(4)
    const whole = parts.flatMap((part) => [...part.payload])
    expect(whole).toEqual(icmp4(0, 0, [1, 2, 3, 4], data))
    expect(new Set(parts.map((part) => part.id)).size).toBe(1)
  })
})
