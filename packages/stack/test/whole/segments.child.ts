/**
 * Moves TCP segments between two connections of one stack and tells, as JSON, what that cost in garbage. It runs in a
 * process of its own, bundled, so that nothing but the stack can have made any.
 */
import { constants, PerformanceObserver, performance } from 'node:perf_hooks'
import {
  type FrameSink,
  type LinkCapabilities,
  type LinkDevice,
  parseAddress,
  RxChecksum,
  RxFrame,
  SeededRandom,
  Stack,
  type TcpConnection,
  TransmitResult,
  type TxDescriptor,
  VirtualClock,
} from '../../src/index.ts'

export interface Order {
  readonly family: 4 | 6
  readonly offloads: boolean
  /** Segments to be counted. */
  readonly segments: number
  /** Of how many data frames the hairpin loses one; 0 for none. */
  readonly loseOneIn: number
}

export interface Cost {
  readonly segments: number
  readonly bytes: number
  readonly retransmitted: number
  /** Collections of young objects. Those of old ones come when the engine has time, whatever the program does. */
  readonly scavenges: number
  /** Growth of the heap while no collection interfered, in bytes. */
  readonly heapGrowth: number
  readonly seconds: number
}

const SLOTS = 512
const SLOT = 65_536
/** A power of two, so that no write wraps in the ring: bytes then go in without a view being made of them. */
const CHUNK = new Uint8Array(4096).fill(7)

/** Everything the stack sends comes back to it from the address it was sent to. The two swap places: no checksum changes. */
class Hairpin implements LinkDevice {
  readonly medium = 'ip'
  readonly mtu = 1500
  readonly capabilities: LinkCapabilities
  readonly #frame = new RxFrame()
  readonly #length = new Int32Array(SLOTS)
  readonly #gsoSize = new Int32Array(SLOTS)
  readonly #partial = new Uint8Array(SLOTS)
  readonly #loseOneIn: number
  #sink!: FrameSink
  #blocks = 0
  #head = 0
  #count = 0
  #dataFrames = 0
  #wasFull = false

  constructor(order: Order) {
    const { offloads } = order
    this.#loseOneIn = order.loseOneIn
    const maxSuperFrame = offloads ? SLOT : 0
    this.capabilities = {
      mac: null,
      txChecksum: offloads,
      tso4: offloads,
      tso6: offloads,
      uso: false,
      maxSuperFrame,
    }
  }

  attach(sink: FrameSink): void {
    this.#sink = sink
    this.#blocks = sink.memory.allocate(SLOTS * SLOT)
  }

  transmit(frame: TxDescriptor): TransmitResult {
    if (this.#count === SLOTS) {
      this.#wasFull = true
      return TransmitResult.Full
    }
    if (frame.payloadLength > 0 && this.#loseOneIn > 0 && ++this.#dataFrames % this.#loseOneIn === 0) {
      return TransmitResult.Sent
    }
    const slot = (this.#head + this.#count++) % SLOTS
    const at = this.#blocks + slot * SLOT
    frame.copyTo(frame.memory, at)
    this.#length[slot] = frame.length
    this.#gsoSize[slot] = frame.gsoSize
    this.#partial[slot] = frame.checksumStart >= 0 ? 1 : 0
    swap(frame.memory.view, at)
    return TransmitResult.Sent
  }

  /** Delivers what waited when it was called. @returns how many frames */
  pump(): number {
    const frame = this.#frame
    const due = this.#count
    for (let left = due; left > 0; left--) {
      const slot = this.#head
      frame.offset = this.#blocks + slot * SLOT
      frame.length = this.#length[slot]
      frame.gsoSize = this.#gsoSize[slot]
      frame.checksum = this.#partial[slot] === 1 ? RxChecksum.Partial : RxChecksum.Unverified
      this.#sink.onFrame(frame)
      this.#head = (slot + 1) % SLOTS
      this.#count--
    }
    this.#sink.onBurstEnd()
    if (this.#wasFull) {
      this.#wasFull = false
      this.#sink.onWritable()
    }
    return due
  }

  flush(): void {}

  async close(): Promise<void> {}
}

function swap(view: DataView, at: number): void {
  const v4 = view.getUint8(at) >>> 4 === 4
  const words = v4 ? 1 : 4
  const from = at + (v4 ? 12 : 8)
  for (let i = 0; i < words; i++) {
    const a = from + i * 4
    const b = a + words * 4
    const word = view.getInt32(a)
    view.setInt32(a, view.getInt32(b))
    view.setInt32(b, word)
  }
}

function start(order: Order): { segments: () => number; step: () => void; stack: Stack } {
  const clock = new VirtualClock()
  const tcp = { receiveBuffer: 1 << 20, sendBuffer: 1 << 20 }
  const stack = new Stack({ clock, random: new SeededRandom(1), tcp })
  const device = new Hairpin(order)
  stack.addInterface(device, { addresses: ['10.0.0.2/24', 'fd00::2/64'] })
  const handler = { onReadable: (connection: TcpConnection) => connection.consume(connection.readable) }
  stack.tcp.listen(
    { port: 7 },
    {
      onConnection: (listener) => {
        const connection = listener.accept()
        if (connection !== null) connection.handler = handler
      },
    },
  )
  const address = parseAddress(order.family === 4 ? '10.0.0.1' : 'fd00::1')
  if (address === null) throw new Error('no address')
  const connection = stack.tcp.connect({ address, port: 7 }, handler)
  const step = (): void => {
    while (connection.writable >= CHUNK.length) {
      if (connection.write(CHUNK) < CHUNK.length) break
    }
    device.pump()
    clock.advance(0.1)
  }
  return { segments: () => stack.tcp.counters.segmentsIn, step, stack }
}

/** The run is measured in parts, and the thriftiest one counts: code that is being compiled anew spoils some, not all. */
const PARTS = 8

/** Milliseconds at least: on a busy machine the optimising compiler, a thread of its own, is late. */
const WARM_UP = 4000

async function measure(order: Order): Promise<Cost> {
  const { gc } = globalThis as unknown as { gc: () => void }
  const { segments, step, stack } = start(order)
  const warm = performance.now() + WARM_UP
  for (const end = order.segments / 4; segments() < end || performance.now() < warm; ) step()
  const { counters } = stack.tcp
  const before = { segments: segments(), bytes: counters.bytesIn, retransmitted: counters.retransmitted }
  let collections: PerformanceEntry[] = []
  const observer = new PerformanceObserver((list) => {
    collections = collections.concat(list.getEntries())
  })
  gc()
  await new Promise((resolve) => setTimeout(resolve, 20))
  observer.observe({ entryTypes: ['gc'] })
  const from = performance.now()
  let leastGrowth = Number.POSITIVE_INFINITY
  for (let part = 1; part <= PARTS; part++) {
    const heap = process.memoryUsage().heapUsed
    for (const end = before.segments + (order.segments * part) / PARTS; segments() < end; ) step()
    leastGrowth = Math.min(leastGrowth, process.memoryUsage().heapUsed - heap)
  }
  const heapGrowth = leastGrowth * PARTS
  const to = performance.now()
  await new Promise((resolve) => setTimeout(resolve, 20))
  observer.disconnect()
  return {
    segments: segments() - before.segments,
    bytes: counters.bytesIn - before.bytes,
    retransmitted: counters.retransmitted - before.retransmitted,
    scavenges: collections.filter(
      (entry) => isScavenge(entry) && entry.startTime >= from && entry.startTime <= to,
    ).length,
    heapGrowth,
    seconds: (to - from) / 1000,
  }
}

function isScavenge(entry: PerformanceEntry): boolean {
  return (
    (entry as unknown as { detail: { kind: number } }).detail.kind === constants.NODE_PERFORMANCE_GC_MINOR
  )
}

const [, , text = '{}'] = process.argv
console.log(JSON.stringify(await measure(JSON.parse(text) as Order)))
