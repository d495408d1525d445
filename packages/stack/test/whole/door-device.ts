import { bytesOf, Door } from '@tapwire/fuzz'
import {
  ETHERNET_HEADER,
  type LinkCapabilities,
  type LinkDevice,
  NO_OFFLOADS,
  packets,
  TransmitResult,
  type TxDescriptor,
} from '../../src/index.ts'

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

/** A door at which what the stack sends is counted, and a sample of it decoded. */
export class DoorDevice extends Door {
  /** Frames it takes before it is full until `refill`. */
  override room = 64
  sent = 0
  /** What is wrong with frames the stack sent, in words. */
  readonly problems: string[] = []
  /** The last echo request that was sent, or empty: somebody has to answer. */
  echo: Uint8Array = new Uint8Array(0)

  constructor(medium: LinkDevice['medium'], offloads: boolean) {
    super(medium, OUR_MAC, offloads ? OFFLOADS : NO_OFFLOADS)
  }

  override transmit(frame: TxDescriptor): TransmitResult {
    const result = super.transmit(frame)
    if (result === TransmitResult.Full) return result
    this.sent++
    this.#noteEcho(frame)
    if (this.sent % LOOK_AT_ONE_IN === 0) this.#look(frame)
    return result
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
