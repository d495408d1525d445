import { Memory } from '../../src/core/memory.ts'
import {
  type FrameSink,
  type Gso,
  type LinkDevice,
  type RxFrame,
  type TransmitResult,
  TxDescriptor,
} from '../../src/link/device.ts'

export interface Received {
  readonly bytes: Uint8Array
  readonly checksum: number
  readonly gsoSize: number
  /** How often `onBurstEnd` had been called before. */
  readonly burst: number
}

/** A receiver that keeps copies of what it gets. */
export class TestSink implements FrameSink {
  readonly memory: Memory
  readonly frames: Received[] = []
  bursts = 0
  writable = 0
  closed: (Error | null)[] = []
  /** Called for each frame, after it was kept. */
  onReceive: ((frame: Received) => void) | null = null
  onRoom: (() => void) | null = null
  #open = false

  constructor(memory = new Memory(8 * 1024 * 1024)) {
    this.memory = memory
  }

  onFrame(frame: RxFrame): void {
    if (this.closed.length > 0) throw new Error('a frame after onClosed')
    this.#open = true
    const kept = {
      bytes: this.memory.copyOut(frame.offset, frame.length),
      checksum: frame.checksum,
      gsoSize: frame.gsoSize,
      burst: this.bursts,
    }
    this.frames.push(kept)
    this.onReceive?.(kept)
  }

  onBurstEnd(): void {
    this.#open = false
    this.bursts++
  }

  onWritable(): void {
    this.writable++
    this.onRoom?.()
  }

  onClosed(error: Error | null): void {
    this.closed.push(error)
  }

  /** Frames came that no `onBurstEnd` followed. */
  get burstOpen(): boolean {
    return this.#open
  }

  /** The first payload number of each frame made by `numbered`. */
  get numbers(): number[] {
    return this.frames.map((frame) => numberOf(frame.bytes))
  }
}

/** One end that sends and receives: a device with a sink attached and a descriptor to send from. */
export class Station {
  readonly device: LinkDevice
  readonly sink: TestSink
  readonly memory: Memory
  readonly descriptor: TxDescriptor
  readonly #block: number

  constructor(device: LinkDevice, memory = new Memory(8 * 1024 * 1024)) {
    this.device = device
    this.memory = memory
    this.#block = memory.allocate(128 * 1024)
    this.sink = new TestSink(memory)
    this.descriptor = new TxDescriptor(memory)
    device.attach(this.sink)
  }

  /**
   * Sends bytes, in one piece or, with `pieces`, as head and two payload pieces cut at these offsets.
   */
  send(bytes: Uint8Array, how: SendHow = {}): TransmitResult {
    return this.device.transmit(this.describe(bytes, how))
  }

  describe(bytes: Uint8Array, how: SendHow = {}): TxDescriptor {
    const { descriptor } = this
    const [first = bytes.length, second = bytes.length] = how.pieces ?? []
    const at = this.#block + 64
    descriptor.reset(at)
    this.memory.copyIn(at, bytes.subarray(0, first))
    // The pieces lie apart, and the second before the first, as in a ring that wraps.
    const at3 = at + first + 100
    const at2 = at3 + (bytes.length - second) + 100
    this.memory.copyIn(at2, bytes.subarray(first, second))
    this.memory.copyIn(at3, bytes.subarray(second))
    descriptor.headLength = first
    descriptor.payloadOffset = at2
    descriptor.payloadLength = second - first
    descriptor.payload2Offset = at3
    descriptor.payload2Length = bytes.length - second
    descriptor.checksumStart = how.checksumStart ?? -1
    descriptor.checksumOffset = how.checksumOffset ?? 0
    descriptor.gso = how.gso ?? 0
    descriptor.gsoSize = how.gsoSize ?? 0
    return descriptor
  }
}

export interface SendHow {
  pieces?: readonly [number, number]
  checksumStart?: number
  checksumOffset?: number
  gso?: Gso
  gsoSize?: number
}

export const MAC_A = Uint8Array.of(2, 0, 0, 0, 0, 0xa)
export const MAC_B = Uint8Array.of(2, 0, 0, 0, 0, 0xb)
export const MAC_C = Uint8Array.of(2, 0, 0, 0, 0, 0xc)
export const BROADCAST = new Uint8Array(6).fill(255)

/** An Ethernet frame of `length` bytes that carries a number, type 0x88b5 (local experiments). */
export function numbered(
  number: number,
  length = 64,
  destination: Uint8Array = MAC_B,
  source: Uint8Array = MAC_A,
): Uint8Array {
  const bytes = new Uint8Array(length)
  bytes.set(destination)
  bytes.set(source, 6)
  const view = new DataView(bytes.buffer)
  view.setUint16(12, 0x88b5)
  view.setUint32(14, number)
  for (let i = 18; i < length; i++) bytes[i] = (number + i) & 0xff
  return bytes
}

export function numberOf(frame: Uint8Array): number {
  return new DataView(frame.buffer, frame.byteOffset).getUint32(14)
}

export interface PacketOptions {
  version?: 4 | 6
  protocol?: 'tcp' | 'udp'
  medium?: 'ethernet' | 'ip'
  payload?: number | Uint8Array
  seq?: number
  flags?: number
  id?: number
  /** Bytes of options (multiples of 4): IPv4 options, TCP options; of an IPv6 hop-by-hop header (8). */
  ipOptions?: number
  tcpOptions?: number
  extension?: number
  /** Only the pseudo-header's sum in the checksum field. */
  partial?: boolean
  vlan?: boolean
}

/** A TCP or UDP packet with right lengths and checksums, computed the slow and obvious way. */
export function packet(options: PacketOptions = {}): Uint8Array {
  const { version = 4, protocol = 'tcp', medium = 'ethernet', payload = 100 } = options
  const { ipOptions = 0, tcpOptions = 0, extension = 0 } = options
  const data = typeof payload === 'number' ? pattern(payload) : payload
  const link = medium === 'ip' ? 0 : options.vlan ? 18 : 14
  const ip = version === 4 ? 20 + ipOptions : 40 + extension
  const transport = protocol === 'tcp' ? 20 + tcpOptions : 8
  const bytes = new Uint8Array(link + ip + transport + data.length)
  const view = new DataView(bytes.buffer)
  if (link > 0) {
    bytes.set(MAC_B)
    bytes.set(MAC_A, 6)
    if (options.vlan) view.setUint32(12, 0x81000007)
    view.setUint16(link - 2, version === 4 ? 0x0800 : 0x86dd)
  }
  const number = protocol === 'tcp' ? 6 : 17
  if (version === 4) {
    view.setUint8(link, 0x40 | (ip / 4))
    view.setUint16(link + 2, ip + transport + data.length)
    view.setUint16(link + 4, options.id ?? 0x1234)
    view.setUint16(link + 6, 0x4000)
    view.setUint8(link + 8, 64)
    view.setUint8(link + 9, number)
    view.setUint32(link + 12, 0x0a4d0001)
    view.setUint32(link + 16, 0x0a4d0002)
    bytes.fill(1, link + 20, link + ip)
    view.setUint16(link + 10, naiveChecksum(bytes.subarray(link, link + ip)))
  } else {
    view.setUint32(link, 0x60000000)
    view.setUint16(link + 4, extension + transport + data.length)
    view.setUint8(link + 6, extension > 0 ? 0 : number)
    view.setUint8(link + 7, 64)
    view.setUint16(link + 8, 0xfd77)
    view.setUint8(link + 23, 1)
    view.setUint16(link + 24, 0xfd77)
    view.setUint8(link + 39, 2)
    if (extension > 0) {
      view.setUint8(link + 40, number)
      view.setUint8(link + 41, extension / 8 - 1)
      view.setUint16(link + 42, 0x0100 + extension - 4)
    }
  }
  const at = link + ip
  view.setUint16(at, 40_000)
  view.setUint16(at + 2, 7)
  if (protocol === 'tcp') {
    view.setUint32(at + 4, options.seq ?? 1000)
    view.setUint32(at + 8, 5000)
    view.setUint8(at + 12, (transport / 4) << 4)
    view.setUint8(at + 13, options.flags ?? 0x10)
    view.setUint16(at + 14, 0xffff)
    bytes.fill(1, at + 20, at + transport)
  } else view.setUint16(at + 4, transport + data.length)
  bytes.set(data, at + transport)
  const field = at + (protocol === 'tcp' ? 16 : 6)
  const pseudo = pseudoHeader(bytes, link, version, number, transport + data.length)
  if (options.partial) view.setUint16(field, ~naiveChecksum(pseudo) & 0xffff)
  else {
    const sum = naiveChecksum(joined(pseudo, bytes.subarray(at)))
    view.setUint16(field, sum === 0 ? 0xffff : sum)
  }
  return bytes
}

export interface ParsedPacket {
  version: number
  id: number
  seq: number
  flags: number
  payload: Uint8Array
  /** IPv4 header and transport checksum are right; lengths agree with the frame. */
  valid: boolean
}

/** Reads back what `packet` made, checking with the same slow checksum. */
export function parsePacket(bytes: Uint8Array, medium: 'ethernet' | 'ip' = 'ethernet'): ParsedPacket {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let link = medium === 'ip' ? 0 : 14
  if (link > 0 && view.getUint16(12) === 0x8100) link = 18
  const version = view.getUint8(link) >>> 4
  let at: number
  let protocol: number
  let valid = true
  if (version === 4) {
    at = link + (view.getUint8(link) & 15) * 4
    protocol = view.getUint8(link + 9)
    valid = naiveChecksum(bytes.subarray(link, at)) === 0 && view.getUint16(link + 2) === bytes.length - link
  } else {
    at = link + 40
    protocol = view.getUint8(link + 6)
    valid = view.getUint16(link + 4) === bytes.length - at
    if (protocol === 0) {
      protocol = view.getUint8(at)
      at += (view.getUint8(at + 1) + 1) * 8
    }
  }
  const segment = bytes.subarray(at)
  const pseudo = pseudoHeader(bytes, link, version as 4 | 6, protocol, segment.length)
  valid = valid && naiveChecksum(joined(pseudo, segment)) === 0
  const header = protocol === 6 ? (view.getUint8(at + 12) >>> 4) * 4 : 8
  if (protocol === 17) valid = valid && view.getUint16(at + 4) === segment.length
  return {
    version,
    id: version === 4 ? view.getUint16(link + 4) : 0,
    seq: protocol === 6 ? view.getUint32(at + 4) : 0,
    flags: protocol === 6 ? view.getUint8(at + 13) : 0,
    payload: segment.subarray(header),
    valid,
  }
}

/** Where the transport header of a `packet` starts: what `checksumStart` says. */
export function transportOffset(bytes: Uint8Array, medium: 'ethernet' | 'ip' = 'ethernet'): number {
  const link = medium === 'ip' ? 0 : 14
  return bytes[link] >>> 4 === 4 ? link + (bytes[link] & 15) * 4 : link + 40
}

export function pattern(length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i++) bytes[i] = (i * 7 + (i >>> 8)) & 0xff
  return bytes
}

export function joined(...parts: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

function pseudoHeader(
  bytes: Uint8Array,
  ip: number,
  version: 4 | 6,
  protocol: number,
  length: number,
): Uint8Array {
  const addresses = version === 4 ? bytes.subarray(ip + 12, ip + 20) : bytes.subarray(ip + 8, ip + 40)
  const tail = new Uint8Array(8)
  new DataView(tail.buffer).setUint32(0, length)
  tail[7] = protocol
  return joined(addresses, tail)
}

/** RFC 1071, word by word. */
function naiveChecksum(bytes: Uint8Array): number {
  let sum = 0
  for (let i = 0; i < bytes.length; i += 2) {
    sum += (bytes[i] << 8) | (i + 1 < bytes.length ? bytes[i + 1] : 0)
    sum = (sum & 0xffff) + (sum >>> 16)
  }
  return ~sum & 0xffff
}

/** Bytes as a string: what `expect` compares a thousand times faster than arrays. */
export function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

export function texts(frames: readonly (Received | Uint8Array)[]): string[] {
  return frames.map((frame) => text(frame instanceof Uint8Array ? frame : frame.bytes))
}
