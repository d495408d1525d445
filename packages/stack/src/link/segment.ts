import { checksum } from '../core/checksum.ts'
import type { Memory } from '../core/memory.ts'
import { transportChecksumValid, writeTransportChecksum } from './checksum-offload.ts'
import { type LinkDevice, RxChecksum, type RxFrame, type TxDescriptor } from './device.ts'
import { TransportLayout } from './transport-layout.ts'

/** TCP flags that only the last segment of a super-frame carries: FIN, PSH. */
const LAST_ONLY = 0x09
/** The one that only the first carries: CWR says that the window was halved once (RFC 3168 section 6.1.2). */
const FIRST_ONLY = 0x80

/**
 * Cuts a super-frame into the frames that a card would put on the wire, each complete with its own lengths,
 * sequence number, flags and checksums. `start...` looks at the source and says how many there are, `write` puts
 * any one of them into memory; nothing is allocated and the source is not changed.
 */
export class Segmenter {
  /** Length of the longest frame that `write` makes, in bytes. */
  longest = 0
  /** The layout of the source. */
  readonly #source = new TransportLayout()
  /** The layout of the segment being written: as the source, but shorter. */
  readonly #segment = new TransportLayout()
  #memory: Memory | null = null
  #offset1 = 0
  #length1 = 0
  #offset2 = 0
  #length2 = 0
  #offset3 = 0
  #gsoSize = 0
  #count = 0

  /**
   * Takes a frame that lies in one piece.
   * @returns the number of segments, or 0 when it cannot be cut: no whole TCP or UDP packet, or its checksum was
   * never looked at and is wrong (new checksums would hide the damage)
   */
  startFrame(memory: Memory, frame: RxFrame, medium: LinkDevice['medium']): number {
    const { offset, length } = frame
    if (!this.#source.parse(memory.view, offset, length, length, medium)) return this.#refuse()
    if (
      frame.checksum === RxChecksum.Unverified &&
      !transportChecksumValid(memory.view, offset, this.#source)
    ) {
      return this.#refuse()
    }
    this.#memory = memory
    this.#pieces(offset, length, 0, 0, 0)
    return this.#begin(frame.gsoSize)
  }

  /** Takes an outgoing super-frame; its headers lie in the head. @returns as `startFrame` */
  startDescriptor(frame: TxDescriptor, medium: LinkDevice['medium']): number {
    const { memory, headOffset, headLength } = frame
    if (!this.#source.parse(memory.view, headOffset, headLength, frame.length, medium)) return this.#refuse()
    this.#memory = memory
    this.#pieces(headOffset, headLength, frame.payloadOffset, frame.payloadLength, frame.payload2Offset)
    return this.#begin(frame.gsoSize)
  }

  /** The length of segment `index`, from 0, in bytes. */
  lengthOf(index: number): number {
    const { payload, end } = this.#source
    return payload + Math.min(this.#gsoSize, end - payload - index * this.#gsoSize)
  }

  /** Writes segment `index`, from 0, in one piece to `at` of `target`. @returns its length in bytes */
  write(index: number, target: Memory, at: number): number {
    const source = this.#source
    const first = source.payload + index * this.#gsoSize
    const payloadLength = Math.min(this.#gsoSize, source.end - first)
    this.#copy(0, source.payload, target, at)
    this.#copy(first, payloadLength, target, at + source.payload)
    const segment = this.#segment
    segment.version = source.version
    segment.network = source.network
    segment.protocol = source.protocol
    segment.transport = source.transport
    segment.payload = source.payload
    segment.end = source.payload + payloadLength
    this.#patchNetwork(index, target.view, at)
    if (source.isTcp) this.#patchTcp(index, target.view, at)
    else target.view.setUint16(at + segment.transport + 4, segment.end - segment.transport)
    writeTransportChecksum(target.view, at, segment)
    return segment.end
  }

  #patchNetwork(index: number, view: DataView, frame: number): void {
    const { version, network, end } = this.#segment
    const at = frame + network
    if (version === 6) {
      view.setUint16(at + 4, end - network - 40)
      return
    }
    view.setUint16(at + 2, end - network)
    view.setUint16(at + 4, (view.getUint16(at + 4) + index) & 0xffff)
    view.setUint16(at + 10, 0)
    view.setUint16(at + 10, checksum(view, at, (view.getUint8(at) & 0x0f) * 4))
  }

  #patchTcp(index: number, view: DataView, frame: number): void {
    const at = frame + this.#segment.transport
    view.setInt32(at + 4, (view.getInt32(at + 4) + index * this.#gsoSize) | 0)
    let flags = view.getUint8(at + 13)
    if (index > 0) flags &= ~FIRST_ONLY
    if (index < this.#count - 1) flags &= ~LAST_ONLY
    view.setUint8(at + 13, flags)
  }

  #pieces(offset1: number, length1: number, offset2: number, length2: number, offset3: number): void {
    this.#offset1 = offset1
    this.#length1 = length1
    this.#offset2 = offset2
    this.#length2 = length2
    this.#offset3 = offset3
  }

  #begin(gsoSize: number): number {
    if (gsoSize <= 0) return this.#refuse()
    const payload = this.#source.end - this.#source.payload
    this.#gsoSize = gsoSize
    this.#count = Math.max(1, Math.ceil(payload / gsoSize))
    this.longest = this.#source.payload + Math.min(payload, gsoSize)
    return this.#count
  }

  #refuse(): number {
    this.longest = 0
    this.#count = 0
    return 0
  }

  /** Copies bytes `from` to `from + length` of the source frame, over the borders of its pieces. */
  #copy(from: number, length: number, target: Memory, at: number): void {
    const memory = this.#memory as Memory
    const end1 = this.#length1
    const end2 = end1 + this.#length2
    const end = from + length
    let position = from
    if (position < end1) {
      const part = Math.min(end, end1) - position
      memory.copyTo(target, at, this.#offset1 + position, part)
      position += part
    }
    if (position < end && position < end2) {
      const part = Math.min(end, end2) - position
      memory.copyTo(target, at + position - from, this.#offset2 + position - end1, part)
      position += part
    }
    if (position < end) {
      memory.copyTo(target, at + position - from, this.#offset3 + position - end2, end - position)
    }
  }
}
