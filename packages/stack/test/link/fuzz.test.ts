import { expect, test } from 'vitest'
import { Memory } from '../../src/core/memory.ts'
import { randomBelow, SeededRandom } from '../../src/core/random.ts'
import { VirtualClock } from '../../src/core/virtual-clock.ts'
import { createCable } from '../../src/link/cable.ts'
import { capture } from '../../src/link/capture.ts'
import {
  type FrameSink,
  type LinkDevice,
  NO_OFFLOADS,
  RxFrame,
  TransmitResult,
} from '../../src/link/device.ts'
import { impair } from '../../src/link/impair.ts'
import { createSwitch } from '../../src/link/switch.ts'
import { withoutOffloads } from '../../src/link/without-offloads.ts'
import { packet, Station, TestSink } from './helpers.ts'

const random = new SeededRandom(20_260_101)

/** Random bytes, or a packet of a random kind with a few bytes changed and perhaps cut off. */
function anyBytes(): Uint8Array {
  if (random.uint32() % 3 === 0) {
    const bytes = new Uint8Array(randomBelow(random, 200))
    for (let i = 0; i < bytes.length; i++) bytes[i] = random.uint32()
    return bytes
  }
  const bits = random.uint32()
  const bytes = packet({
    version: bits & 1 ? 4 : 6,
    protocol: bits & 2 ? 'tcp' : 'udp',
    payload: randomBelow(random, 300),
    tcpOptions: bits & 4 ? 12 : 0,
    extension: bits & 8 ? 8 : 0,
    vlan: (bits & 16) !== 0,
  })
  const header = Math.min(bytes.length, 80)
  for (let i = randomBelow(random, 4); i > 0; i--) bytes[randomBelow(random, header)] = random.uint32()
  return bits & 32 ? bytes.subarray(0, randomBelow(random, bytes.length)) : bytes
}

/** A device that hands over whatever the test tells it, claims of checksums and segments included. */
class Hostile implements LinkDevice {
  readonly medium = 'ethernet'
  readonly mtu = 1500
  readonly capabilities = NO_OFFLOADS
  sink: FrameSink | null = null
  readonly #frame = new RxFrame()
  #block = 0

  attach(sink: FrameSink): void {
    this.sink = sink
    this.#block = sink.memory.allocate(2048)
  }

  deliver(bytes: Uint8Array): void {
    const sink = this.sink as FrameSink
    sink.memory.copyIn(this.#block, bytes)
    this.#frame.offset = this.#block
    this.#frame.length = bytes.length
    this.#frame.checksum = (random.uint32() % 3) as 0 | 1 | 2
    this.#frame.gsoSize = random.uint32() & 1 ? 0 : randomBelow(random, 400)
    sink.onFrame(this.#frame)
    sink.onBurstEnd()
  }

  transmit(): TransmitResult {
    return TransmitResult.Sent
  }

  flush(): void {}

  close(): Promise<void> {
    this.sink?.memory.free(this.#block)
    this.sink?.onClosed(null)
    return Promise.resolve()
  }
}

test('any bytes as a received frame, whatever is claimed of them: no decorator throws or keeps memory', async () => {
  const clock = new VirtualClock()
  const wraps: ((device: LinkDevice) => LinkDevice)[] = [
    (device) => withoutOffloads(device),
    (device) => impair(device, { clock }),
    (device) => impair(device, { clock, latency: 1, loss: 0.1, duplicate: 0.1, corrupt: 0.2, reorder: 0.1 }),
    (device) =>
      impair(device, {
        clock,
        latency: 1,
        bandwidth: 1e8,
        codel: true,
        ecn: true,
        markAbove: 0,
        mark: 0.1,
        pathMtu: 300,
        script: [
          { match: 'data', nth: 7, do: 'corrupt' },
          { match: (p) => p.udp?.checksum === 1, do: 'drop' },
        ],
      }),
    (device) => capture(device, () => {}, { clock, snapLength: 100 }),
  ]
  for (const wrap of wraps) {
    const memory = new Memory(1 << 20)
    const hostile = new Hostile()
    const device = wrap(hostile)
    const sink = new TestSink(memory)
    device.attach(sink)
    let delivered = 0
    for (let i = 0; i < 20_000; i++) {
      hostile.deliver(anyBytes())
      if (i % 16 === 0) clock.advance(1)
      delivered += sink.frames.splice(0).length
    }
    clock.advance(10)
    expect(delivered).toBeGreaterThan(8000)
    await device.close()
    expect(memory.allocated).toBe(0)
  }
})

test('any bytes sent through a cable or a switch: no exception, and what is Sent arrives', () => {
  const clock = new VirtualClock()
  const [left, right] = createCable({ clock, offload: true })
  const center = createSwitch({ clock, offload: true })
  for (const [from, to] of [
    [left, right],
    [center.port(), center.port()],
  ]) {
    const a = new Station(from)
    const b = new Station(to)
    let sent = 0
    for (let i = 0; i < 20_000; i++) {
      const bytes = anyBytes()
      // Nothing that is sent may stay behind at the switch: it goes to a group.
      if (bytes.length > 0) bytes[0] = 0xff
      const gso = random.uint32() % 4
      const start = bytes.length > 40 && random.uint32() & 1 ? randomBelow(random, 30) : -1
      const how = { gso: gso as 0 | 1 | 2 | 3, gsoSize: gso && 100, checksumStart: start, checksumOffset: 6 }
      if (a.send(bytes, how) === TransmitResult.Sent) sent++
      if (i % 16 === 0) clock.advance(0)
    }
    clock.advance(0)
    expect(sent).toBeGreaterThan(15_000)
    expect(b.sink.frames.length).toBe(sent)
  }
})
