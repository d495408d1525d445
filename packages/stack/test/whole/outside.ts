import {
  addressBytes,
  type Dice,
  framed,
  introduction,
  ipPacket,
  layoutOf,
  mendChecksums,
  mutatePacket,
} from '@tapwire/fuzz'
import { type LinkDevice, packets } from '../../src/index.ts'
import type { Tcb } from '../../src/tcp/tcb.ts'
import { pattern } from '../support/packets.ts'
import { aimAt } from './aim.ts'
import { type AddressPair, PAIRS4, PAIRS6, PEER_MAC, type Sample } from './corpus.ts'
import { DoorDevice, OUR_MAC } from './door-device.ts'

const MACS = { source: PEER_MAC, destination: OUR_MAC }

/** Frames that can come again, or late. */
const KEPT = 16
const LONGEST_KEPT = 2048
const LONGEST_RANDOM = 160
/** Bytes that a super-frame's payload has. */
const SUPER_PAYLOAD = 7000

/** The outside of the one door of a stack: a peer with whom one can talk, and frames that are not nice. */
export class Outside {
  readonly device: DoorDevice
  readonly dice: Dice
  /** Connections to which frames are made to belong. */
  live: Tcb[] = []
  frames = 0
  /** Where IP starts in a frame. */
  readonly header: number
  readonly #kept: Uint8Array[] = Array.from({ length: KEPT }, () => new Uint8Array(0))
  #nextKept = 0
  readonly #now: () => number
  readonly #random = new Uint8Array(LONGEST_RANDOM)
  readonly #randomView = new DataView(this.#random.buffer)

  /** @param now microseconds, as timestamps count them */
  constructor(medium: LinkDevice['medium'], offloads: boolean, dice: Dice, now: () => number) {
    this.#now = now
    this.device = new DoorDevice(medium, offloads)
    this.dice = dice
    this.header = medium === 'ethernet' ? 14 : 0
  }

  // ---- the peer --------------------------------------------------------------------------------------------

  /** An ARP request and neighbour solicitations from the peer, so that the stack can answer it. */
  introducePeer(): void {
    if (this.header === 0) return
    for (const [us, peer] of [PAIRS4[0], ...PAIRS6]) {
      this.#deliver(introduction(MACS, addressBytes(peer), addressBytes(us)))
    }
    this.device.endBurst()
  }

  /** A bare segment to port 7. */
  segment(pair: AddressPair, sourcePort: number, seq: number, ack: number, flags: number): void {
    const options: packets.TcpOption[] = [{ name: 'mss', value: 1460 }]
    const numbers = { seq: seq >>> 0, ack: ack >>> 0 }
    const tcp = { sourcePort, destinationPort: 7, ...numbers, flags, window: 40_000, options }
    this.#deliverPacket(fromPeer(pair, { tcp }))
  }

  /** The peer pings, in IPv4. */
  ask(): void {
    this.introducePeer()
    this.#deliverPacket(fromPeer(PAIRS4[0], { icmpv4: { type: 8, body: pattern(50) } }))
    this.device.endBurst()
  }

  /** The peer answers the last echo request, as far as there was one. */
  answerEcho(): void {
    const { echo } = this.device
    if (echo.length === 0) return
    const packet = echo.slice(this.header)
    const { version, upper } = layoutOf(packet, 0)
    const [from, size] = version === 6 ? [8, 16] : [12, 4]
    const source = packet.slice(from, from + size)
    packet.copyWithin(from, from + size, from + 2 * size)
    packet.set(source, from + size)
    packet[upper] = version === 6 ? 129 : 0
    mendChecksums(packet, 0)
    this.#deliverPacket(packet)
    this.device.echo = new Uint8Array(0)
  }

  /** The beginning of a datagram whose end never comes. */
  loneFragment(): void {
    const [us, peer] = PAIRS4[0]
    const addresses = { source: addressBytes(peer), destination: addressBytes(us) }
    const ipv4 = { ...addresses, protocol: 17, moreFragments: true, payload: pattern(1000) }
    this.#deliverPacket(packets.buildFrame({ ipv4 }))
    this.device.endBurst()
  }

  /** Somebody claims an address, twice: once could be a mistake. */
  claim(frame: Uint8Array): void {
    for (let i = 0; i < 2; i++) this.#deliver(frame)
  }

  #deliverPacket(packet: Uint8Array): void {
    this.#deliver(this.#framed(packet, OUR_MAC))
  }

  #framed(packet: Uint8Array, destination: Uint8Array): Uint8Array {
    return this.header === 0 ? packet : framed({ source: PEER_MAC, destination }, packet)
  }

  #deliver(frame: Uint8Array, checksum: 0 | 1 | 2 = 0, gsoSize = 0): void {
    this.frames++
    this.device.deliver(frame, checksum, gsoSize)
  }

  // ---- frames that are not nice ----------------------------------------------------------------------------

  /** A frame of random bytes; half of them are led past the first checks. */
  randomFrame(): void {
    const { dice, header } = this
    const length = dice.below(LONGEST_RANDOM)
    for (let i = 0; i < length; i += 4) this.#randomView.setUint32(i, dice.uint32())
    const frame = this.#random.subarray(0, length)
    const lead = dice.below(4)
    if (lead > 0 && length > header) {
      const type = dice.pick([0x0800, 0x86dd, 0x0806, 0x0800])
      if (header > 0) {
        frame.set(OUR_MAC, 0)
        frame.set(PEER_MAC, 6)
        this.#randomView.setUint16(12, type)
      }
      if (lead > 1) frame[header] = type === 0x86dd ? 0x60 : 0x45
      if (lead > 2) this.#address(frame, type === 0x86dd)
    }
    this.#deliver(frame, this.#checksumState(), this.#gsoSize())
  }

  /** An IP header that is right, in front of random bytes. */
  #address(frame: Uint8Array, v6: boolean): void {
    const { dice, header } = this
    const view = this.#randomView
    const length = frame.length - header
    const protocol = dice.pick([1, 6, 17, 58, 6, 44])
    const [us, peer] = (v6 ? PAIRS6 : PAIRS4)[0].map(addressBytes)
    if (v6 && length >= 40) {
      view.setUint16(header + 4, length - 40)
      frame[header + 6] = protocol
      frame.set(peer, header + 8)
      frame.set(us, header + 24)
    } else if (!v6 && length >= 20) {
      view.setUint16(header + 2, length)
      view.setUint16(header + 6, dice.one(8) ? dice.uint32() & 0x3fff : 0)
      frame[header + 9] = protocol
      frame.set(peer, header + 12)
      frame.set(us, header + 16)
    }
    mendChecksums(frame, header)
  }

  #checksumState(): 0 | 1 | 2 {
    return this.dice.pick([0, 0, 0, 0, 0, 0, 1, 2] as const)
  }

  #gsoSize(): number {
    return this.dice.one(16) ? this.dice.pick([1, 100, 536, 1448, 65_535]) : 0
  }

  /** A valid frame, most often damaged, or one of the last ones once more: duplicated, or late and so out of order. */
  mutated(samples: readonly Sample[]): void {
    const { dice } = this
    if (dice.one(16)) {
      this.#deliver(dice.pick(this.#kept), this.#checksumState())
      return
    }
    const sample = dice.pick(samples)
    const gsoSize = this.#gsoSize()
    const whole = this.#frameOf(sample, gsoSize > 0 && dice.one(2))
    const ip = sample.kind === 'raw' ? 14 : this.header
    const frame = dice.one(4) ? whole : mutatePacket(dice, whole, ip)
    if (frame === whole) mendChecksums(frame, ip)
    this.#keep(frame)
    this.#deliver(frame, this.#checksumState(), gsoSize)
  }

  #frameOf({ bytes, kind, mac }: Sample, large: boolean): Uint8Array {
    const { dice, live } = this
    if (kind === 'raw') return bytes.slice()
    const packet = bytes.slice()
    const about = kind === 'tcp' || kind === 'quotes-tcp'
    if (about && live.length > 0) aimAt(dice.pick(live), packet, kind, dice, this.#now())
    if (kind === 'fragment') this.#identify(packet)
    return this.#framed(large ? superFrame(packet) : packet, mac)
  }

  /** Fragments that come about the same time belong together; later ones are not held back by what became of them. */
  #identify(packet: Uint8Array): void {
    const view = new DataView(packet.buffer)
    const id = this.frames >>> 10
    if (packet[0] >>> 4 === 4) view.setUint16(4, view.getUint16(4) + (id << 3))
    else view.setUint32(44, view.getUint32(44) + (id << 3))
  }

  #keep(frame: Uint8Array): void {
    if (frame.length > LONGEST_KEPT) return
    this.#kept[this.#nextKept] = frame
    this.#nextKept = (this.#nextKept + 1) % KEPT
  }
}

/** A longer payload, as of segments that were merged. */
function superFrame(packet: Uint8Array): Uint8Array {
  const { version, upper } = layoutOf(packet, 0)
  if (upper < 0) return packet
  const grown = new Uint8Array(packet.length + SUPER_PAYLOAD).fill(0x55)
  grown.set(packet)
  const view = new DataView(grown.buffer)
  if (version === 4) view.setUint16(2, grown.length)
  else view.setUint16(4, grown.length - 40)
  return grown
}

function fromPeer([us, peer]: AddressPair, layers: Parameters<typeof ipPacket>[2]): Uint8Array {
  return ipPacket(addressBytes(peer), addressBytes(us), layers)
}
