import {
  ETHERNET_HEADER,
  type FrameSink,
  type LinkCapabilities,
  type LinkDevice,
  NO_OFFLOADS,
  packets,
  type RxChecksum,
  RxFrame,
  TransmitResult,
  type TxDescriptor,
} from '../../src/index.ts'

/** Room for one frame that comes in, super-frames included. */
const BLOCK = 65_536

/** A sample of what is sent is decoded: all of it would be most of the test's time. */
const LOOK_AT_ONE_IN = 512

const OFFLOADS: LinkCapabilities = {
  mac: null,
  txChecksum: true,
  tso4: true,
  tso6: true,
  uso: true,
  maxSuperFrame: 65_550,
}

export const OUR_MAC = Uint8Array.of(2, 0, 0, 0, 0, 1)

/**
 * The outside of one door of a stack. Frames are made in place, in `u8` from `at` on; what the stack sends is counted,
 * and a sample of it is decoded.
 */
export class DoorDevice implements LinkDevice {
  readonly mtu = 1500
  readonly medium: LinkDevice['medium']
  readonly capabilities: LinkCapabilities
  /** Where the next frame is to be made. */
  at = 0
  u8: Uint8Array = new Uint8Array(0)
  view: DataView = new DataView(new ArrayBuffer(0))
  sent = 0
  full = 0
  /** Frames it takes before it is full until `refill`. */
  room = 64
  /** What is wrong with frames the stack sent, in words. */
  readonly problems: string[] = []
  /** The last echo request that was sent, or empty: somebody has to answer. */
  echo: Uint8Array = new Uint8Array(0)
  readonly #frame = new RxFrame()
  #sink!: FrameSink
  #wasFull = false

  constructor(medium: LinkDevice['medium'], offloads: boolean) {
    this.medium = medium
    this.capabilities = {
      ...(offloads ? OFFLOADS : NO_OFFLOADS),
      mac: medium === 'ethernet' ? OUR_MAC : null,
    }
  }

  attach(sink: FrameSink): void {
    this.#sink = sink
    this.at = sink.memory.allocate(BLOCK)
    this.u8 = sink.memory.u8
    this.view = sink.memory.view
  }

  transmit(frame: TxDescriptor): TransmitResult {
    if (this.room <= 0) {
      this.full++
      this.#wasFull = true
      return TransmitResult.Full
    }
    this.room--
    this.sent++
    this.#noteEcho(frame)
    if (this.sent % LOOK_AT_ONE_IN === 0) this.#look(frame)
    return TransmitResult.Sent
  }

  flush(): void {}

  async close(): Promise<void> {
    this.#sink.memory.free(this.at)
    this.#sink.onClosed(null)
  }

  /** Delivers what was made in `u8` at `at`. Afterwards the bytes are gone: whoever kept the offset reads rubbish. */
  deliver(length: number, checksum: RxChecksum, gsoSize: number): void {
    const frame = this.#frame
    frame.offset = this.at
    frame.length = length
    frame.checksum = checksum
    frame.gsoSize = gsoSize
    this.#sink.onFrame(frame)
    this.u8.fill(0xdb, this.at, this.at + length)
  }

  endBurst(): void {
    this.#sink.onBurstEnd()
  }

  /** @param room frames it takes from now on */
  refill(room: number): void {
    this.room = room
    if (!this.#wasFull) return
    this.#wasFull = false
    this.#sink.onWritable()
  }

  #noteEcho(frame: TxDescriptor): void {
    const { u8 } = frame.memory
    const ip = frame.headOffset + (this.medium === 'ethernet' ? ETHERNET_HEADER : 0)
    const v4 = u8[ip] === 0x45
    if (v4 ? u8[ip + 9] !== 1 || u8[ip + 20] !== 8 : u8[ip + 6] !== 58 || u8[ip + 40] !== 128) return
    this.echo = bytesOf(frame)
  }

  #look(frame: TxDescriptor): void {
    if (frame.gsoSize > 0 || frame.checksumStart >= 0) return
    const bytes = bytesOf(frame)
    const decoded = this.medium === 'ethernet' ? packets.decodeFrame(bytes) : packets.decodePacket(bytes)
    if (decoded.problems.length > 0)
      this.problems.push(`${decoded.problems}: ${packets.describeDecoded(decoded)}`)
  }
}

function bytesOf(frame: TxDescriptor): Uint8Array {
  const { memory } = frame
  const bytes = new Uint8Array(frame.length)
  bytes.set(memory.copyOut(frame.headOffset, frame.headLength))
  bytes.set(memory.copyOut(frame.payloadOffset, frame.payloadLength), frame.headLength)
  bytes.set(
    memory.copyOut(frame.payload2Offset, frame.payload2Length),
    frame.headLength + frame.payloadLength,
  )
  return bytes
}
