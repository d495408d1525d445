import {
  type FrameSink,
  type LinkCapabilities,
  type LinkDevice,
  RxChecksum,
  RxFrame,
  TransmitResult,
  type TxDescriptor,
} from '../../src/index.ts'

const MEMORY = 1 << 25
const SUPER_FRAME = 65_536
const FRAME = 2048

/** Everything the stack sends comes back to it from the address it was sent to. The two swap places: no checksum changes. */
export class Hairpin implements LinkDevice {
  readonly medium = 'ip'
  readonly mtu = 1500
  readonly capabilities: LinkCapabilities
  readonly #frame = new RxFrame()
  readonly #slots: number
  readonly #length: Int32Array
  readonly #gsoSize: Int32Array
  readonly #partial: Uint8Array
  readonly #loseOneIn: number
  readonly #slotSize: number
  #sink!: FrameSink
  #blocks = 0
  #head = 0
  #count = 0
  #dataFrames = 0
  #wasFull = false

  /** @param loseOneIn of how many data frames it loses one; 0 for none */
  constructor(offloads: boolean, loseOneIn: number) {
    this.#loseOneIn = loseOneIn
    this.#slotSize = offloads ? SUPER_FRAME : FRAME
    this.#slots = MEMORY / this.#slotSize
    this.#length = new Int32Array(this.#slots)
    this.#gsoSize = new Int32Array(this.#slots)
    this.#partial = new Uint8Array(this.#slots)
    const maxSuperFrame = offloads ? SUPER_FRAME : 0
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
    this.#blocks = sink.memory.allocate(MEMORY)
  }

  transmit(frame: TxDescriptor): TransmitResult {
    if (this.#count === this.#slots) {
      this.#wasFull = true
      return TransmitResult.Full
    }
    if (frame.payloadLength > 0 && this.#loseOneIn > 0 && ++this.#dataFrames % this.#loseOneIn === 0) {
      return TransmitResult.Sent
    }
    const slot = (this.#head + this.#count++) % this.#slots
    const at = this.#blocks + slot * this.#slotSize
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
      frame.offset = this.#blocks + slot * this.#slotSize
      frame.length = this.#length[slot]
      frame.gsoSize = this.#gsoSize[slot]
      frame.checksum = this.#partial[slot] === 1 ? RxChecksum.Partial : RxChecksum.Unverified
      this.#sink.onFrame(frame)
      this.#head = (slot + 1) % this.#slots
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
