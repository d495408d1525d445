import {
  type FrameSink,
  type LinkDevice,
  RxFrame,
  type SeededRandom,
  WrappedDevice,
} from '../../src/index.ts'
import { completeChecksum } from '../../src/link/checksum-offload.ts'
import { TransportLayout } from '../../src/link/transport-layout.ts'

/** What happens to each run of segments; probabilities. */
export interface RunFates {
  readonly loss?: number
  readonly duplicate?: number
  /** It comes after the next one. */
  readonly late?: number
}

/**
 * Delivers what a card with receive offload makes of super-frames that were segments on the way: runs of them, with holes,
 * repeated, in another order, each merged again into one frame with its `gsoSize`. Checksums are complete and were not looked at.
 * Everything else, and what is transmitted, passes as it is.
 */
export class RunsDevice extends WrappedDevice {
  readonly seen = { superFrames: 0, runs: 0, superRuns: 0, lost: 0, duplicated: 0, late: 0 }
  readonly #random: SeededRandom
  readonly #fates: RunFates
  readonly #layout = new TransportLayout()
  readonly #run = new RxFrame()
  #block = -1
  #lateRun: { bytes: Uint8Array; gsoSize: number } | null = null

  constructor(device: LinkDevice, random: SeededRandom, fates: RunFates) {
    super(device)
    this.#random = random
    this.#fates = fates
  }

  override attach(sink: FrameSink): void {
    super.attach(sink)
    this.#block = sink.memory.allocate(1 << 17)
  }

  override onFrame(frame: RxFrame): void {
    const { view } = this.memory
    if (
      frame.gsoSize === 0 ||
      !this.#layout.parse(view, frame.offset, frame.length, frame.length, this.medium)
    ) {
      super.onFrame(frame)
      return
    }
    this.seen.superFrames++
    const source = this.memory.copyOut(frame.offset, frame.length)
    const { payload } = this.#layout
    const count = Math.ceil((frame.length - payload) / frame.gsoSize)
    for (let first = 0; first < count; ) {
      const segments = Math.min(count - first, 1 + this.#below(12))
      this.#fate(this.#cut(source, first, segments, frame.gsoSize), segments > 1 ? frame.gsoSize : 0)
      first += segments
    }
  }

  override onBurstEnd(): void {
    this.#deliverLate()
    super.onBurstEnd()
  }

  #fate(bytes: Uint8Array, gsoSize: number): void {
    const { loss = 0, duplicate = 0, late = 0 } = this.#fates
    this.seen.runs++
    if (gsoSize > 0) this.seen.superRuns++
    if (this.#happens(loss)) {
      this.seen.lost++
      return
    }
    if (this.#lateRun === null && this.#happens(late)) {
      this.seen.late++
      this.#lateRun = { bytes, gsoSize }
      return
    }
    this.#deliver(bytes, gsoSize)
    if (this.#happens(duplicate)) {
      this.seen.duplicated++
      this.#deliver(bytes, gsoSize)
    }
    this.#deliverLate()
  }

  #deliverLate(): void {
    const run = this.#lateRun
    this.#lateRun = null
    if (run !== null) this.#deliver(run.bytes, run.gsoSize)
  }

  #deliver(bytes: Uint8Array, gsoSize: number): void {
    this.memory.copyIn(this.#block, bytes)
    this.#run.offset = this.#block
    this.#run.length = bytes.length
    this.#run.checksum = 0
    this.#run.gsoSize = gsoSize
    super.onFrame(this.#run)
  }

  /** Segments `first` and following as a frame of their own, with right lengths, numbers, flags and checksums. */
  #cut(source: Uint8Array, first: number, segments: number, gsoSize: number): Uint8Array {
    const { payload, network, transport, version } = this.#layout
    const from = payload + first * gsoSize
    const to = Math.min(source.length, from + segments * gsoSize)
    const bytes = new Uint8Array(payload + to - from)
    bytes.set(source.subarray(0, payload))
    bytes.set(source.subarray(from, to), payload)
    const view = new DataView(bytes.buffer)
    view.setUint32(transport + 4, view.getUint32(transport + 4) + first * gsoSize)
    // FIN and PSH belong to the last segment, CWR to the first.
    if (to < source.length) bytes[transport + 13] &= ~0x09
    if (first > 0) bytes[transport + 13] &= ~0x80
    if (version === 6) view.setUint16(network + 4, bytes.length - network - 40)
    else {
      view.setUint16(network + 2, bytes.length - network)
      view.setUint16(network + 10, 0)
      view.setUint16(network + 10, headerChecksum(view, network))
    }
    completeChecksum(view, 0, bytes.length, this.medium)
    return bytes
  }

  #happens(probability: number): boolean {
    return probability > 0 && this.#random.uint32() < probability * 2 ** 32
  }

  #below(bound: number): number {
    return this.#random.uint32() % bound
  }
}

function headerChecksum(view: DataView, at: number): number {
  let sum = 0
  for (let i = 0; i < 20; i += 2) sum += view.getUint16(at + i)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}
