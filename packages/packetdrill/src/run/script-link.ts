import {
  type Clock,
  type FrameSink,
  type LinkDevice,
  NO_OFFLOADS,
  RxFrame,
  TransmitResult,
  type TxDescriptor,
} from '@tapwire/stack'

/** One packet that the stack sent. */
export interface SentPacket {
  readonly time: number
  readonly bytes: Uint8Array
}

/** Room for the largest IP packet: what comes in may be larger than the MTU, as a kernel's receive offload makes it. */
const RECEIVE_BLOCK = 64 * 1024

/** The link whose other end is the script: it keeps what is sent, with the time, and delivers what it is given. */
export class ScriptLink implements LinkDevice {
  readonly medium = 'ip'
  readonly mtu: number
  readonly capabilities = NO_OFFLOADS
  /** Sent and not looked at yet, oldest first. */
  readonly sent: SentPacket[] = []
  /** Everything that is sent is lost, as with a queue without room. */
  broken = false
  readonly #clock: Clock
  readonly #frame = new RxFrame()
  #sink: FrameSink | null = null
  #block = 0

  constructor(clock: Clock, mtu: number) {
    this.#clock = clock
    this.mtu = mtu
  }

  attach(sink: FrameSink): void {
    this.#sink = sink
    this.#block = sink.memory.allocate(RECEIVE_BLOCK)
  }

  transmit(frame: TxDescriptor): TransmitResult {
    if (this.broken) return TransmitResult.Sent
    const { memory } = frame
    const bytes = new Uint8Array(frame.length)
    bytes.set(memory.u8.subarray(frame.headOffset, frame.headOffset + frame.headLength))
    let at = frame.headLength
    bytes.set(memory.u8.subarray(frame.payloadOffset, frame.payloadOffset + frame.payloadLength), at)
    at += frame.payloadLength
    bytes.set(memory.u8.subarray(frame.payload2Offset, frame.payload2Offset + frame.payload2Length), at)
    this.sent.push({ time: this.#clock.now(), bytes })
    return TransmitResult.Sent
  }

  flush(): void {
    // Nothing is batched here.
  }

  close(): Promise<void> {
    this.#sink?.memory.free(this.#block)
    this.#sink = null
    return Promise.resolve()
  }

  /** Delivers one packet, at once. @throws RangeError for what no IP packet can be */
  inject(bytes: Uint8Array): void {
    if (bytes.length >= RECEIVE_BLOCK)
      throw new RangeError(`a packet of ${bytes.length} bytes is too long for IP`)
    const sink = this.#sink
    if (sink === null) return
    sink.memory.u8.set(bytes, this.#block)
    const frame = this.#frame
    frame.offset = this.#block
    frame.length = bytes.length
    sink.onFrame(frame)
    sink.onBurstEnd()
  }
}
