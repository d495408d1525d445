import {
  type FrameSink,
  type LinkCapabilities,
  type LinkDevice,
  NO_OFFLOADS,
  type RxChecksum,
  RxFrame,
  TransmitResult,
  type TxDescriptor,
} from '@tapwire/stack'

/** Room for one frame that comes in. */
const BLOCK = 65_536

/** The outside of a door of a stack: whoever holds it makes up what comes in, and is told what goes out. */
export class Door implements LinkDevice {
  readonly medium: LinkDevice['medium']
  readonly mtu: number
  readonly capabilities: LinkCapabilities
  /** Frames it takes before it is full. */
  room = Number.POSITIVE_INFINITY
  onSent: (bytes: Uint8Array) => void = () => {}
  readonly #frame = new RxFrame()
  #sink: FrameSink | null = null
  #block = -1
  #wasFull = false

  /** @param offloads what it can do for the stack; @param mac where the medium has any */
  constructor(
    medium: LinkDevice['medium'],
    mac: Uint8Array | null,
    offloads: LinkCapabilities = NO_OFFLOADS,
    mtu = 1500,
  ) {
    this.medium = medium
    this.mtu = mtu
    this.capabilities = { ...offloads, mac: medium === 'ethernet' ? mac : null }
  }

  attach(sink: FrameSink): void {
    this.#sink = sink
    this.#block = sink.memory.allocate(BLOCK)
  }

  transmit(frame: TxDescriptor): TransmitResult {
    if (this.room <= 0) {
      this.#wasFull = true
      return TransmitResult.Full
    }
    this.room--
    this.onSent(bytesOf(frame))
    return TransmitResult.Sent
  }

  flush(): void {}

  async close(): Promise<void> {
    this.#sink?.memory.free(this.#block)
    this.#sink?.onClosed(null)
    this.#sink = null
  }

  /** One frame of a burst; its bytes are gone afterwards, so that whoever kept them reads rubbish. */
  deliver(bytes: Uint8Array, checksum: RxChecksum = 0, gsoSize = 0): void {
    const sink = this.#sink
    if (sink === null || bytes.length > BLOCK) return
    const frame = this.#frame
    sink.memory.copyIn(this.#block, bytes)
    frame.offset = this.#block
    frame.length = bytes.length
    frame.checksum = checksum
    frame.gsoSize = gsoSize
    sink.onFrame(frame)
    sink.memory.u8.fill(0xdb, this.#block, this.#block + bytes.length)
  }

  endBurst(): void {
    this.#sink?.onBurstEnd()
  }

  /** @param room frames it takes from now on */
  refill(room: number): void {
    this.room = room
    if (!this.#wasFull || room <= 0) return
    this.#wasFull = false
    this.#sink?.onWritable()
  }
}

/** What a device is told to send. */
export function bytesOf(frame: TxDescriptor): Uint8Array {
  const { memory } = frame
  const bytes = new Uint8Array(frame.length)
  const { u8 } = memory
  bytes.set(u8.subarray(frame.headOffset, frame.headOffset + frame.headLength))
  let at = frame.headLength
  bytes.set(u8.subarray(frame.payloadOffset, frame.payloadOffset + frame.payloadLength), at)
  at += frame.payloadLength
  bytes.set(u8.subarray(frame.payload2Offset, frame.payload2Offset + frame.payload2Length), at)
  return bytes
}
