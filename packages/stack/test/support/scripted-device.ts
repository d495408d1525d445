import {
  type FrameSink,
  type LinkCapabilities,
  type LinkDevice,
  NO_OFFLOADS,
  RxChecksum,
  RxFrame,
  TransmitResult,
  type TxDescriptor,
} from '../../src/link/device.ts'

/** What a transmitted frame's descriptor said, beside its bytes. */
export interface SentFrame {
  readonly bytes: Uint8Array
  readonly checksumStart: number
  readonly checksumOffset: number
  readonly gsoSize: number
}

export interface ScriptedDeviceOptions {
  readonly medium?: 'ethernet' | 'ip'
  readonly mtu?: number
  readonly capabilities?: Partial<LinkCapabilities>
}

/** A device whose other side is a test: it keeps what is sent, and delivers what it is told to. */
export class ScriptedDevice implements LinkDevice {
  readonly medium: 'ethernet' | 'ip'
  readonly mtu: number
  readonly capabilities: LinkCapabilities
  readonly sent: SentFrame[] = []
  /** How many frames it takes before it is full. */
  room = Number.POSITIVE_INFINITY
  flushes = 0
  closes = 0
  readonly #frame = new RxFrame()
  #sink: FrameSink | null = null
  #block = -1

  constructor(options: ScriptedDeviceOptions = {}) {
    this.medium = options.medium ?? 'ip'
    this.mtu = options.mtu ?? 1500
    this.capabilities = { ...NO_OFFLOADS, ...options.capabilities }
  }

  attach(sink: FrameSink): void {
    this.#sink = sink
    this.#block = sink.memory.allocate(128 * 1024)
  }

  transmit(frame: TxDescriptor): TransmitResult {
    if (this.room <= 0) return TransmitResult.Full
    this.room--
    const bytes = new Uint8Array(frame.length)
    const { memory } = frame
    bytes.set(memory.u8.subarray(frame.headOffset, frame.headOffset + frame.headLength))
    bytes.set(memory.copyOut(frame.payloadOffset, frame.payloadLength), frame.headLength)
    bytes.set(
      memory.copyOut(frame.payload2Offset, frame.payload2Length),
      frame.headLength + frame.payloadLength,
    )
    const { checksumStart, checksumOffset, gsoSize } = frame
    this.sent.push({ bytes, checksumStart, checksumOffset, gsoSize })
    return TransmitResult.Sent
  }

  flush(): void {
    this.flushes++
  }

  async close(): Promise<void> {
    this.closes++
  }

  // ---- the test's side -------------------------------------------------------------------------------------

  get sink(): FrameSink {
    if (this.#sink === null) throw new Error('the device is not attached')
    return this.#sink
  }

  /** Delivers frames as one burst. */
  inject(...frames: Uint8Array[]): void {
    for (const bytes of frames) this.deliver(bytes)
    this.sink.onBurstEnd()
  }

  /** Delivers one frame without ending the burst. */
  deliver(bytes: Uint8Array, checksum: RxChecksum = RxChecksum.Unverified, gsoSize = 0): void {
    this.sink.memory.copyIn(this.#block, bytes)
    this.#frame.offset = this.#block
    this.#frame.length = bytes.length
    this.#frame.checksum = checksum
    this.#frame.gsoSize = gsoSize
    this.sink.onFrame(this.#frame)
    // A device's memory is its own again at once: whoever kept the offset would read this.
    this.sink.memory.u8.fill(0xdb, this.#block, this.#block + bytes.length)
  }

  /** Everything sent since the last call, as bytes. */
  take(): Uint8Array[] {
    return this.sent.splice(0).map((frame) => frame.bytes)
  }
}
