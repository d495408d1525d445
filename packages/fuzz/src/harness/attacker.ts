import {
  type FrameSink,
  type LinkDevice,
  packets,
  RxFrame,
  type TransmitResult,
  type TxDescriptor,
  WrappedDevice,
} from '@tapwire/stack'
import type { Dice } from '../dice.ts'
import { layoutOf, word } from '../mutators/layout.ts'
import { mutatePacket, nudge } from '../mutators/mutate.ts'

const BLOCK = 65_536
const FIN = 0x01

/** What an attacker may do to each packet, once in so many; 0 for never. */
export interface Malice {
  /** Flips bits, and leaves checksums as they are. */
  readonly flip: number
  /** Cuts the end off. */
  readonly cut: number
  /** Sends a segment of his own beside it: from either side, anywhere about the window, checksum right. */
  readonly forge: number
  /** As a forged one, but with data. */
  readonly forgeData: number
  /** An ICMP error about it. */
  readonly complain: number
}

/**
 * Somebody on the path, before one of the two ends: sees every packet that arrives there, changes it and adds others. (Loss,
 * duplication and reordering are the business of `impair`.)
 */
export class Attacker extends WrappedDevice {
  malice: Malice = { flip: 0, cut: 0, forge: 0, forgeData: 0, complain: 0 }
  /** Bits were flipped so that every checksum still held: what that packet carried may be wrong. */
  collisions = 0
  forged = 0
  flipped = 0
  /** Told of each connection for which something was forged: the ports of both ends. */
  onForged: (portA: number, portB: number, withData: boolean) => void = () => {}
  /** Told of what passes, and of what the attacker adds. */
  onPacket: (outbound: boolean, bytes: Uint8Array) => void = () => {}
  readonly #dice: Dice
  readonly #frame = new RxFrame()
  #block = -1

  constructor(device: LinkDevice, dice: Dice) {
    super(device, { ...device.capabilities, txChecksum: false, tso4: false, tso6: false, uso: false })
    this.#dice = dice
  }

  override attach(sink: FrameSink): void {
    super.attach(sink)
    this.#block = sink.memory.allocate(BLOCK)
  }

  override transmit(frame: TxDescriptor): TransmitResult {
    const bytes = frame.memory.copyOut(frame.headOffset, frame.headLength)
    const result = this.device.transmit(frame)
    if (result === 0) this.onPacket(true, wholeOf(frame, bytes))
    return result
  }

  override async close(): Promise<void> {
    await this.device.close()
    if (this.#block >= 0) this.memory.free(this.#block)
    this.#block = -1
  }

  override onFrame(frame: RxFrame): void {
    const { malice } = this
    const bytes = this.memory.copyOut(frame.offset, frame.length)
    if (this.#once(malice.forge)) this.#forge(bytes, false)
    if (this.#once(malice.forgeData)) this.#forge(bytes, true)
    if (this.#once(malice.complain)) this.#complain(bytes)
    if (this.#once(malice.flip)) this.#flip(bytes)
    this.#deliver(this.#once(malice.cut) ? bytes.slice(0, this.#dice.below(bytes.length)) : bytes)
  }

  #once(inSoMany: number): boolean {
    return inSoMany > 0 && this.#dice.one(inSoMany)
  }

  #deliver(bytes: Uint8Array): void {
    this.onPacket(false, bytes)
    const { memory } = this
    memory.copyIn(this.#block, bytes)
    this.#frame.offset = this.#block
    this.#frame.length = bytes.length
    this.sink?.onFrame(this.#frame)
    memory.u8.fill(0xdb, this.#block, this.#block + bytes.length)
  }

  #flip(bytes: Uint8Array): void {
    const dice = this.#dice
    this.flipped++
    const before = bytes.slice()
    for (let n = 1 + dice.below(4); n > 0; n--) bytes[dice.below(bytes.length)] ^= 1 << dice.below(8)
    const changed = bytes.some((byte, i) => byte !== before[i])
    const { problems } = packets.decodePacket(bytes)
    if (changed && !problems.some((problem) => problem.includes('checksum'))) this.collisions++
  }

  /** A segment about where the real one stands; half of those without data are what might do harm: SYN, RST, FIN. */
  #forge(bytes: Uint8Array, withData: boolean): void {
    const dice = this.#dice
    const { upper, protocol } = layoutOf(bytes, 0)
    const { tcp, ipv4, ipv6 } = packets.decodePacket(bytes)
    const ip = ipv4 ?? ipv6
    if (protocol !== 6 || upper < 0 || tcp === undefined || ip === undefined) return
    this.forged++
    const payload = withData ? dice.bytes(1 + dice.below(1400)) : new Uint8Array(0)
    const flags = withData ? 0x18 : dice.pick([0x10, 0x04, 0x14, 0x02, 0x12, 0x10])
    const fields = {
      ...tcp,
      flags,
      payload,
      seq: (tcp.seq + (dice.one(3) ? tcp.payload.length : nudge(dice))) >>> 0,
      ack: (tcp.ack + (dice.one(2) ? 0 : nudge(dice))) >>> 0,
    }
    const { source, destination } = ip
    const addresses = { source, destination }
    const { dataOffset: _, checksum: __, ...bare } = fields
    const packet = packets.buildFrame(ipv4 ? { ipv4: addresses, tcp: bare } : { ipv6: addresses, tcp: bare })
    const forged = withData || dice.one(2) ? packet : this.#harmless(packet)
    this.onForged(word(bytes, upper), word(bytes, upper + 2), withData || carriesText(forged))
    this.#deliver(forged)
  }

  /** Mutated, but not so that it becomes data. */
  #harmless(packet: Uint8Array): Uint8Array {
    const mutated = mutatePacket(this.#dice, packet, 0)
    const { upper, upperEnd } = layoutOf(mutated, 0)
    const data = upper >= 0 && upperEnd - upper - (mutated[upper + 12] >>> 4) * 4
    return data === 0 && layoutOf(packet, 0).protocol === 6 ? mutated : packet
  }

  #complain(bytes: Uint8Array): void {
    const dice = this.#dice
    const { ipv4, ipv6 } = packets.decodePacket(bytes)
    const ip = ipv4 ?? ipv6
    if (ip === undefined) return
    // About what the end behind us could have sent: not about this one.
    const { source, destination } = ip
    const rest = dice.pick([0, 68, 576, 1280, 1400])
    const { upper } = layoutOf(bytes, 0)
    if (upper < 0) return
    const back = packets.buildFrame({
      ...(ipv4
        ? { ipv4: { source: destination, destination: source } }
        : { ipv6: { source: destination, destination: source } }),
      tcp: { sourcePort: word(bytes, upper + 2), destinationPort: word(bytes, upper), seq: dice.uint32() },
    })
    const message = ipv4
      ? {
          ipv4: { source, destination },
          icmpv4: { type: 3, code: dice.pick([1, 3, 4, 4]), rest, body: back },
        }
      : {
          ipv6: { source, destination },
          icmpv6: { type: dice.pick([1, 2, 2, 4]), code: 0, rest, body: back },
        }
    this.#deliver(packets.buildFrame(message))
  }
}

/** Data, or an end. */
function carriesText(packet: Uint8Array): boolean {
  const { upper, upperEnd } = layoutOf(packet, 0)
  if (upper < 0 || upperEnd - upper < 20) return false
  return (packet[upper + 13] & FIN) !== 0 || upperEnd - upper > (packet[upper + 12] >>> 4) * 4
}

function wholeOf(frame: TxDescriptor, head: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(frame.length)
  bytes.set(head)
  const { u8 } = frame.memory
  bytes.set(u8.subarray(frame.payloadOffset, frame.payloadOffset + frame.payloadLength), head.length)
  const second = u8.subarray(frame.payload2Offset, frame.payload2Offset + frame.payload2Length)
  bytes.set(second, head.length + frame.payloadLength)
  return bytes
}
