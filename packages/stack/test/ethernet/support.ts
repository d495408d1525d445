import { checksum } from '../../src/core/checksum.ts'
import { Engine } from '../../src/core/engine.ts'
import { Memory } from '../../src/core/memory.ts'
import { SeededRandom } from '../../src/core/random.ts'
import { VirtualClock } from '../../src/core/virtual-clock.ts'
import { EthernetLink, type EthernetLinkOptions } from '../../src/ethernet/ethernet-link.ts'
import { NeighbourState } from '../../src/ethernet/neighbour.ts'
import { formatAddress, requireAddress, requirePrefix } from '../../src/ip/address-text.ts'
import { AddressState, type ConflictDetection, InterfaceAddress } from '../../src/ip/link-port.ts'
import { PacketIn } from '../../src/ip/packet-in.ts'
import { type Limits, resolveLimits } from '../../src/limits.ts'
import {
  type FrameSink,
  type LinkDevice,
  NO_OFFLOADS,
  RxFrame,
  TransmitResult,
  TX_HEADROOM,
  TxDescriptor,
} from '../../src/link/device.ts'

export const OUR_MAC = '02:00:00:00:00:01'
export const PEER_MAC = '02:00:00:00:00:aa'
export const OTHER_MAC = '02:00:00:00:00:bb'
export const BROADCAST = 'ff:ff:ff:ff:ff:ff'

/** A frame that left, with the time in milliseconds and what its descriptor said. */
export interface SentFrame {
  readonly at: number
  readonly bytes: Uint8Array
  readonly headLength: number
  readonly checksumStart: number
  readonly checksumOffset: number
  readonly gso: number
  readonly gsoSize: number
}

/** Keeps what is transmitted; `room` frames fit until somebody raises it. */
export class RecordingDevice implements LinkDevice {
  readonly medium = 'ethernet'
  readonly mtu = 1500
  readonly capabilities = NO_OFFLOADS
  readonly frames: SentFrame[] = []
  room = Number.POSITIVE_INFINITY
  refuse = false
  /** Longer frames than this find no room. */
  longest = Number.POSITIVE_INFINITY
  readonly #clock: VirtualClock

  constructor(clock: VirtualClock) {
    this.#clock = clock
  }

  attach(_sink: FrameSink): void {}

  transmit(frame: TxDescriptor): TransmitResult {
    if (this.refuse) return TransmitResult.Refused
    if (this.room <= 0 || frame.length > this.longest) return TransmitResult.Full
    this.room--
    const copy = new Memory(1 << 17)
    frame.copyTo(copy, 0)
    const { headLength, checksumStart, checksumOffset, gso, gsoSize } = frame
    this.frames.push({
      at: this.#clock.now() / 1000,
      bytes: copy.copyOut(0, frame.length),
      headLength,
      checksumStart,
      checksumOffset,
      gso,
      gsoSize,
    })
    return TransmitResult.Sent
  }

  flush(): void {}
  async close(): Promise<void> {}
}

export interface BenchOptions {
  readonly mode?: ConflictDetection
  readonly limits?: Partial<Limits>
  readonly seed?: number
  /** Bytes of the stack's memory. */
  readonly memory?: number
  readonly link?: Partial<EthernetLinkOptions>
}

/** An Ethernet link on a bench: frames in by hand, frames out on record, virtual time. */
export class Bench {
  readonly clock = new VirtualClock()
  readonly memory: Memory
  readonly engine: Engine
  readonly device: RecordingDevice
  readonly link: EthernetLink
  readonly descriptor: TxDescriptor
  /** IP packets handed up, neighbour discovery excepted: `v4 linkMulticast=false 010203`. */
  readonly received: string[] = []
  /** `10.0.0.9: <first payload byte>` for each packet that could not be delivered. */
  readonly unresolved: string[] = []
  /** `<address> <state> [holder]`, with the time. */
  readonly states: string[] = []
  readonly addresses: InterfaceAddress[] = []
  onUnresolved: (() => void) | null = null
  readonly #rx: number
  readonly #tx: number
  readonly #frame = new RxFrame()
  readonly #packet = new PacketIn()

  constructor(options: BenchOptions = {}) {
    this.memory = new Memory(options.memory ?? 1 << 22)
    this.engine = new Engine(this.clock, this.memory, new SeededRandom(options.seed ?? 1))
    this.device = new RecordingDevice(this.clock)
    this.#rx = this.memory.allocate(2048)
    this.#tx = this.memory.allocate(1 << 17)
    this.descriptor = new TxDescriptor(this.memory)
    this.link = new EthernetLink({
      engine: this.engine,
      device: this.device,
      mac: mac(OUR_MAC),
      limits: resolveLimits(options.limits),
      conflictDetection: options.mode ?? 'off',
      events: {
        onIpPacket: (offset, length, version, linkMulticast) =>
          this.#onIpPacket(offset, length, version, linkMulticast),
        onUnresolved: (offset, length, nextHop) => {
          const last = this.memory.u8[offset + length - 1]
          this.unresolved.push(`${formatAddress(nextHop)}: ${last}`)
          this.onUnresolved?.()
        },
        onAddressState: (address, holder) => {
          const state = Object.keys(AddressState)[address.state]
          const by = holder === null ? '' : ` ${macText(holder)}`
          this.states.push(`${this.ms} ${formatAddress(address.address)} ${state}${by}`)
        },
      },
      ...options.link,
    })
  }

  get counters() {
    return this.link.counters
  }

  /** The time in milliseconds. */
  get ms(): number {
    return this.clock.now() / 1000
  }

  add(text: string): InterfaceAddress {
    const { address, length } = requirePrefix(text)
    const own = new InterfaceAddress(address, length, AddressState.Tentative)
    this.addresses.push(own)
    this.engine.run(() => this.link.addAddress(own))
    return own
  }

  /** A bench with addresses that are past all detection, and no frames on record. */
  static ready(options: BenchOptions = {}, ...addresses: string[]): Bench {
    const bench = new Bench(options)
    for (const text of addresses.length > 0 ? addresses : ['10.0.0.2/24', 'fd00::2/64']) bench.add(text)
    bench.clock.advance(10_000)
    bench.device.frames.length = 0
    bench.states.length = 0
    return bench
  }

  receive(bytes: Uint8Array): void {
    this.memory.copyIn(this.#rx, bytes)
    this.#frame.offset = this.#rx
    this.#frame.length = bytes.length
    this.engine.enter()
    this.link.onFrame(this.#frame)
    this.engine.leave()
  }

  /** Sends an IP packet whose last byte is `mark`; payload of `size` bytes beyond the header. */
  send(source: string, nextHop: string, mark = 0, size = 8): TransmitResult {
    this.fill(source, nextHop, mark, size)
    return this.engine.run(() => this.link.send(this.descriptor, requireAddress(nextHop)))
  }

  /** Puts such a packet in `descriptor`: the header in the head, the payload in two pieces. */
  fill(source: string, destination: string, mark: number, size: number): void {
    const from = requireAddress(source).toBytes()
    const v4 = from.length === 4
    const headerLength = v4 ? 20 : 40
    const head = this.#tx + TX_HEADROOM + 14
    const payload = this.#tx + 256
    this.memory.u8.fill(0, this.#tx, payload + size)
    this.memory.u8[head] = v4 ? 0x45 : 0x60
    this.memory.copyIn(head + (v4 ? 12 : 8), from)
    this.memory.copyIn(head + (v4 ? 16 : 24), requireAddress(destination).toBytes())
    this.memory.u8[payload + size - 1] = mark
    const d = this.descriptor
    d.reset(head + headerLength)
    d.prepend(headerLength)
    d.payloadOffset = payload
    d.payloadLength = size >> 1
    d.payload2Offset = payload + (size >> 1)
    d.payload2Length = size - (size >> 1)
  }

  /** Takes the record of what was sent, one line a frame; see `describe`. */
  take(): string[] {
    return this.device.frames.splice(0).map((frame) => describe(frame.bytes))
  }

  /** The same with times. */
  takeTimed(): string[] {
    return this.device.frames.splice(0).map((frame) => `${frame.at} ${describe(frame.bytes)}`)
  }

  /** Lines of the neighbour table, sorted: `10.0.0.9 Stale 02:00:00:00:00:aa`. */
  table(): string[] {
    return this.link
      .neighbours()
      .map(({ address, state, mac: bytes, isRouter }) => {
        const name = Object.keys(NeighbourState)[state]
        return `${formatAddress(address)} ${name} ${bytes === null ? '-' : macText(bytes)}${isRouter ? ' router' : ''}`
      })
      .sort()
  }

  #onIpPacket(offset: number, length: number, version: 4 | 6, linkMulticast: boolean): void {
    const bytes = this.memory.copyOut(offset, length)
    const isNd = version === 6 && length >= 48 && bytes[6] === 58 && bytes[40] >= 133 && bytes[40] <= 137
    if (!isNd) {
      this.received.push(`v${version} linkMulticast=${linkMulticast} ${hex(bytes)}`)
      return
    }
    const packet = this.#packet
    const view = this.memory.view
    packet.version = 6
    packet.src0 = view.getInt32(offset + 8)
    packet.src1 = view.getInt32(offset + 12)
    packet.src2 = view.getInt32(offset + 16)
    packet.src3 = view.getInt32(offset + 20)
    packet.dst0 = view.getInt32(offset + 24)
    packet.dst1 = view.getInt32(offset + 28)
    packet.dst2 = view.getInt32(offset + 32)
    packet.dst3 = view.getInt32(offset + 36)
    packet.offset = offset + 40
    packet.length = length - 40
    packet.ttl = bytes[7]
    packet.reassembled = this.reassembled
    this.link.onNeighbourDiscovery(packet)
  }

  /** Makes the next neighbour discovery message look as if it had come in fragments. */
  reassembled = false
}

export function mac(text: string): Uint8Array {
  return Uint8Array.from(text.split(':').map((byte) => Number.parseInt(byte, 16)))
}

export function macText(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':')
}

export function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

export function join(...parts: (Uint8Array | number[])[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]))
}

/** 4 or 16 bytes; an IPv4-mapped IPv6 address stays one. */
export function ip(text: string): Uint8Array {
  const bytes = requireAddress(text).toBytes()
  return text.startsWith('::ffff:') ? join(new Uint8Array(10), [255, 255], bytes) : bytes
}

export function ethernet(to: string, from: string, type: number, payload: Uint8Array | number[]): Uint8Array {
  return join(mac(to), mac(from), [type >>> 8, type & 255], payload)
}

export interface ArpFields {
  readonly to?: string
  readonly from?: string
  readonly operation?: number
  readonly senderMac?: string
  readonly sender: string
  readonly targetMac?: string
  readonly target: string
}

/** An ARP request by broadcast unless told otherwise. */
export function arp(fields: ArpFields): Uint8Array {
  const from = fields.from ?? fields.senderMac ?? PEER_MAC
  const payload = join(
    [0, 1, 8, 0, 6, 4, 0, fields.operation ?? 1],
    mac(fields.senderMac ?? from),
    ip(fields.sender),
    mac(fields.targetMac ?? '00:00:00:00:00:00'),
    ip(fields.target),
  )
  return ethernet(fields.to ?? BROADCAST, from, 0x0806, payload)
}

export function arpReply(fields: ArpFields): Uint8Array {
  return arp({ to: OUR_MAC, targetMac: OUR_MAC, operation: 2, ...fields })
}

export interface NdFields {
  readonly to?: string
  readonly from?: string
  readonly source: string
  readonly destination?: string
  readonly hopLimit?: number
  readonly code?: number
  readonly target: string
  /** Options as they are on the wire. */
  readonly options?: number[]
}

export function linkOption(kind: 1 | 2, address: string): number[] {
  return [kind, 1, ...mac(address)]
}

/** An ICMPv6 message as a whole frame, its checksum right. */
export function icmpv6(fields: NdFields, message: Uint8Array): Uint8Array {
  const bytes = Uint8Array.from(message)
  bytes[2] = 0
  bytes[3] = 0
  const destination = fields.destination ?? solicited(fields.target)
  const pseudo = join(ip(fields.source), ip(destination), [0, 0, 0, bytes.length, 0, 0, 0, 58], bytes)
  const sum = checksum(new DataView(pseudo.buffer), 0, pseudo.length)
  bytes[2] = sum >>> 8
  bytes[3] = sum & 255
  const header = [0x60, 0, 0, 0, bytes.length >>> 8, bytes.length & 255, 58, fields.hopLimit ?? 255]
  const packet = join(header, ip(fields.source), ip(destination), bytes)
  return ethernet(fields.to ?? groupMac(destination), fields.from ?? PEER_MAC, 0x86dd, packet)
}

/** A Neighbour Solicitation to the solicited-node group unless told otherwise. */
export function solicitation(fields: NdFields): Uint8Array {
  const message = join([135, fields.code ?? 0, 0, 0, 0, 0, 0, 0], ip(fields.target), fields.options ?? [])
  return icmpv6(fields, message)
}

/** A Neighbour Advertisement to us. `flags`: 0x80 router, 0x40 solicited, 0x20 override. */
export function advertisement(flags: number, fields: NdFields): Uint8Array {
  const message = join([136, fields.code ?? 0, 0, 0, flags, 0, 0, 0], ip(fields.target), fields.options ?? [])
  return icmpv6({ to: OUR_MAC, destination: 'fd00::2', ...fields }, message)
}

/** ff02::1:ffXX:XXXX */
export function solicited(target: string): string {
  const bytes = ip(target)
  const tail = hex(bytes.subarray(13))
  return formatAddress(requireAddress(`ff02::1:ff${tail.slice(0, 2)}:${tail.slice(2)}`))
}

export function groupMac(address: string): string {
  const bytes = ip(address)
  if (bytes[0] !== 0xff) return OUR_MAC
  return `33:33:${macText(bytes.subarray(12))}`
}

/** One line for a frame, decoded here and not by the code under test. */
export function describe(bytes: Uint8Array): string {
  const to = macText(bytes.subarray(0, 6))
  const type = (bytes[12] << 8) | bytes[13]
  const body = bytes.subarray(14)
  if (macText(bytes.subarray(6, 12)) !== OUR_MAC) return `not from us: ${hex(bytes)}`
  if (type === 0x0806) return `${describeArp(body)} -> ${to}`
  if (type === 0x86dd && body[6] === 58) return `${describeNd(body)} -> ${to}`
  const destination = type === 0x0800 ? body.subarray(16, 20) : body.subarray(24, 40)
  return `v${body[0] >> 4} ${addressText(destination)} #${body.at(-1)} -> ${to}`
}

function describeArp(body: Uint8Array): string {
  if (hex(body.subarray(0, 7)) !== '00010800060400') return `bad arp ${hex(body)}`
  const kind = body[7] === 1 ? 'request' : body[7] === 2 ? 'reply' : `operation ${body[7]}`
  const sender = `${addressText(body.subarray(14, 18))}(${macText(body.subarray(8, 14))})`
  const target = `${addressText(body.subarray(24, 28))}(${macText(body.subarray(18, 24))})`
  return `arp ${kind} ${sender} ${target}`
}

function describeNd(packet: Uint8Array): string {
  const message = packet.subarray(40)
  const pseudo = join(packet.subarray(8, 40), [0, 0, 0, message.length, 0, 0, 0, 58], message)
  const bad = [
    packet[7] === 255 ? '' : ` hopLimit=${packet[7]}`,
    message[1] === 0 ? '' : ` code=${message[1]}`,
    ((packet[4] << 8) | packet[5]) === message.length ? '' : ' bad length',
    // One word over everything, the checksum included, is zero.
    checksum(new DataView(pseudo.buffer), 0, pseudo.length) === 0 ? '' : ' bad checksum',
  ].join('')
  const source = addressText(packet.subarray(8, 24))
  const destination = addressText(packet.subarray(24, 40))
  const target = addressText(message.subarray(8, 24))
  const option =
    message.length === 24 ? '' : ` ${optionName(message[24])}=${macText(message.subarray(26, 32))}`
  const flags = message[0] === 136 ? ` ${flagText(message[4])}` : ''
  const kind = message[0] === 135 ? 'ns' : message[0] === 136 ? 'na' : `type ${message[0]}`
  return `${kind} ${source} > ${destination} for ${target}${flags}${option}${bad}`
}

function optionName(kind: number): string {
  return kind === 1 ? 'slla' : kind === 2 ? 'tlla' : `option ${kind}`
}

function flagText(flags: number): string {
  return `${flags & 0x80 ? 'R' : '-'}${flags & 0x40 ? 'S' : '-'}${flags & 0x20 ? 'O' : '-'}`
}

function addressText(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (bytes.length === 4) return [...bytes].join('.')
  const words: string[] = []
  for (let i = 0; i < 16; i += 2) words.push(view.getUint16(i).toString(16))
  return formatAddress(requireAddress(words.join(':')))
}

/** The last line of a record, for tests that want one frame only. */
export function only(lines: readonly string[]): string {
  if (lines.length !== 1) throw new Error(`Expected one frame, not ${lines.length}:\n${lines.join('\n')}`)
  return lines[0]
}
