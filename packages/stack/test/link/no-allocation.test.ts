import { expect, test } from 'vitest'
import { Memory } from '../../src/core/memory.ts'
import { VirtualClock } from '../../src/core/virtual-clock.ts'
import {
  type FrameSink,
  type LinkDevice,
  NO_OFFLOADS,
  RxFrame,
  TransmitResult,
  TxDescriptor,
} from '../../src/link/device.ts'
import { FrameQueue } from '../../src/link/frame-queue.ts'
import { impair } from '../../src/link/impair.ts'
import type { ImpairOptions } from '../../src/link/impair-options.ts'
import { MacTable } from '../../src/link/mac-table.ts'

const FRAMES = 100_000
/** The smallest object takes 16 bytes; one per frame would be 1.6 MB. */
const ALLOWED = FRAMES * 4

/** The smallest growth of the heap over several runs: a collection in between, or a compilation, spoils one run only. */
function heapGrowth(work: () => void): number {
  work()
  work()
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < 6; i++) {
    const before = process.memoryUsage().heapUsed
    work()
    const grown = process.memoryUsage().heapUsed - before
    if (grown >= 0) least = Math.min(least, grown)
  }
  return least
}

test('the measure sees an object per frame', () => {
  const kept = new Array<object>(16)
  const growth = heapGrowth(() => {
    for (let i = 0; i < FRAMES; i++) kept[i & 15] = { i }
  })
  expect(growth).toBeGreaterThan(ALLOWED)
})

class Quiet implements LinkDevice, FrameSink {
  readonly medium = 'ethernet'
  readonly mtu = 1500
  readonly capabilities = NO_OFFLOADS
  readonly memory = new Memory(1 << 22)
  count = 0
  sink: FrameSink | null = null
  attach(sink: FrameSink): void {
    this.sink = sink
  }
  transmit(): TransmitResult {
    this.count++
    return TransmitResult.Sent
  }
  flush(): void {}
  async close(): Promise<void> {}
  onFrame(): void {
    this.count++
  }
  onBurstEnd(): void {}
  onWritable(): void {}
  onClosed(): void {}
}

// Without random fates: whether V8 boxes the numbers drawn depends on what it inlines.
const cases: [string, ImpairOptions][] = [
  ['that does nothing', {}],
  ['with latency', { latency: 1 }],
  ['with bandwidth and latency', { latency: 2, bandwidth: 1e10 }],
  [
    'with a policer and a queue that stands, is marked and is dropped from',
    {
      bandwidth: 2e8,
      queue: 60_000,
      codel: { target: 0.5, interval: 2 },
      ecn: true,
      markAbove: 10_000,
      policer: { rate: 1e9, burst: 100_000 },
      pathMtu: 1500,
    },
  ],
]
test.each(cases)('an impaired link %s allocates nothing per frame', (_name, options) => {
  const clock = new VirtualClock()
  const device = new Quiet()
  const sink = new Quiet()
  const bad = impair(device, { clock, ...options })
  bad.attach(sink)
  const block = sink.memory.allocate(2048)
  const out = new TxDescriptor(sink.memory)
  const incoming = new RxFrame()
  const growth = heapGrowth(() => {
    for (let i = 0; i < FRAMES / 2; i++) {
      out.reset(block + 64)
      out.headLength = 1514
      bad.transmit(out)
      incoming.offset = block
      incoming.length = 1514
      device.sink?.onFrame(incoming)
      if (i % 64 === 0) clock.advance(3)
    }
  })
  expect(device.count).toBeGreaterThan(FRAMES)
  expect(sink.count).toBeGreaterThan(FRAMES)
  expect(growth).toBeLessThan(ALLOWED)
})

test('a queue of frames in the sender memory allocates nothing per frame', () => {
  const memory = new Memory(1 << 20)
  const queue = new FrameQueue({ bytes: 1 << 18, frames: 1000 })
  queue.place(memory)
  const out = new TxDescriptor(memory)
  const block = memory.allocate(2048)
  const frame = new RxFrame()
  let bytes = 0
  const growth = heapGrowth(() => {
    for (let i = 0; i < FRAMES; i++) {
      out.reset(block + 64)
      out.headLength = 60 + (i % 1400)
      queue.push(out, 0, i * 1.5)
      if (queue.count > 20) {
        queue.front(frame)
        bytes += frame.length
        queue.pop()
      }
    }
  })
  expect(bytes).toBeGreaterThan(FRAMES * 60)
  expect(growth).toBeLessThan(ALLOWED)
})

test('the MAC table allocates nothing per frame', () => {
  const table = new MacTable(1024, 300_000_000)
  let hits = 0
  const growth = heapGrowth(() => {
    for (let i = 0; i < FRAMES; i++) {
      table.learn(0x0200, -i | 0, i & 15, i * 3)
      if (table.find(0x0200, -i | 0, i * 3) >= 0) hits++
    }
  })
  expect(hits).toBe(FRAMES * 8)
  expect(growth).toBeLessThan(ALLOWED)
})
