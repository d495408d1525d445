import { decodeUtf8, encodeUtf8 } from './utf8.ts'

/**
 * The pcapng capture format (draft-ietf-opsawg-pcapng), as Wireshark and tshark open it. Each writer returns one
 * whole block as a chunk of its own; a file is a section header, the interfaces, then packets, in that order.
 * Blocks are written little-endian.
 */

export const LinkType = {
  /** Ethernet II frames without FCS. */
  Ethernet: 1,
  /** Bare IPv4 and IPv6 packets. */
  Raw: 101,
} as const

/** Which way a captured packet went, seen from the interface. */
export const PacketDirection = { Unknown: 0, Inbound: 1, Outbound: 2 } as const
export type PacketDirection = (typeof PacketDirection)[keyof typeof PacketDirection]

const BLOCK_SECTION = 0x0a0d0d0a
const BLOCK_INTERFACE = 1
const BLOCK_SIMPLE_PACKET = 3
const BLOCK_ENHANCED_PACKET = 6
const BYTE_ORDER = 0x1a2b3c4d
const BYTE_ORDER_SWAPPED = 0x4d3c2b1a

const OPTION_END = 0
const OPTION_COMMENT = 1
const SECTION_HARDWARE = 2
const SECTION_OS = 3
const SECTION_APPLICATION = 4
const INTERFACE_NAME = 2
const INTERFACE_DESCRIPTION = 3
const INTERFACE_MAC = 6
const INTERFACE_TSRESOL = 9
const PACKET_FLAGS = 2

/** Timestamps count microseconds: 10^-6. */
const MICROSECONDS = 6

export interface SectionInfo {
  readonly comment?: string
  readonly hardware?: string
  readonly os?: string
  /** Who wrote the file. */
  readonly application?: string
}

export interface CaptureInterface {
  /** One of `LinkType`. */
  readonly linkType: number
  /** The longest packet that is kept, in bytes; 0 for no limit. Default 0. */
  readonly snapLength?: number
  readonly name?: string
  readonly description?: string
  /** Six bytes. */
  readonly mac?: Uint8Array
}

export interface PacketInfo {
  /** Counted from 0 in the order of the interfaces' blocks. */
  readonly interface: number
  /** Microseconds since 1970, a safe integer. */
  readonly time: number
  /** Bytes on the wire, when fewer are kept. */
  readonly originalLength?: number
  readonly direction?: PacketDirection
  readonly comment?: string
}

/** The block a file starts with. */
export function sectionHeaderBlock(info: SectionInfo = {}): Uint8Array {
  const options: CaptureOption[] = []
  addText(options, OPTION_COMMENT, info.comment)
  addText(options, SECTION_HARDWARE, info.hardware)
  addText(options, SECTION_OS, info.os)
  addText(options, SECTION_APPLICATION, info.application)
  const { bytes, view } = block(BLOCK_SECTION, 16, options)
  view.setUint32(8, BYTE_ORDER, true)
  view.setUint16(12, 1, true)
  // Section length "unknown": a capture that is cut off stays readable.
  view.setInt32(16, -1, true)
  view.setInt32(20, -1, true)
  return bytes
}

/** Describes the next interface; the first one is interface 0. */
export function interfaceBlock(about: CaptureInterface): Uint8Array {
  const options: CaptureOption[] = []
  addText(options, INTERFACE_NAME, about.name)
  addText(options, INTERFACE_DESCRIPTION, about.description)
  if (about.mac) options.push({ code: INTERFACE_MAC, value: about.mac })
  options.push({ code: INTERFACE_TSRESOL, value: Uint8Array.of(MICROSECONDS) })
  const { bytes, view } = block(BLOCK_INTERFACE, 8, options)
  view.setUint16(8, about.linkType, true)
  view.setUint32(12, about.snapLength ?? 0, true)
  return bytes
}

/** A packet's block with room for its bytes: for whoever has them in several pieces. */
export interface OpenPacketBlock {
  readonly bytes: Uint8Array
  /** Where `length` bytes of packet go. */
  readonly dataOffset: number
}

/** @param length bytes of the packet that are kept */
export function openPacketBlock(info: PacketInfo, length: number): OpenPacketBlock {
  const options: CaptureOption[] = []
  addText(options, OPTION_COMMENT, info.comment)
  if (info.direction) options.push({ code: PACKET_FLAGS, value: Uint8Array.of(info.direction, 0, 0, 0) })
  const { bytes, view } = block(BLOCK_ENHANCED_PACKET, 20 + padded(length), options)
  view.setUint32(8, info.interface, true)
  view.setUint32(12, Math.floor(info.time / 0x100000000), true)
  view.setUint32(16, info.time >>> 0, true)
  view.setUint32(20, length, true)
  view.setUint32(24, info.originalLength ?? length, true)
  return { bytes, dataOffset: 28 }
}

/** One packet. */
export function packetBlock(info: PacketInfo, packet: Uint8Array): Uint8Array {
  const open = openPacketBlock(info, packet.length)
  open.bytes.set(packet, open.dataOffset)
  return open.bytes
}

interface CaptureOption {
  readonly code: number
  readonly value: Uint8Array
}

function addText(options: CaptureOption[], code: number, text: string | undefined): void {
  if (text) options.push({ code, value: encodeUtf8(text).subarray(0, 0xfffc) })
}

function padded(length: number): number {
  return (length + 3) & ~3
}

/** Type, total length, `body` bytes that the caller fills, options, total length. */
function block(
  type: number,
  body: number,
  options: readonly CaptureOption[],
): { bytes: Uint8Array; view: DataView } {
  let optionBytes = options.length === 0 ? 0 : 4
  for (const option of options) optionBytes += 4 + padded(option.value.length)
  const total = 12 + body + optionBytes
  const bytes = new Uint8Array(total)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, type, true)
  view.setUint32(4, total, true)
  let at = 8 + body
  for (const option of options) {
    view.setUint16(at, option.code, true)
    view.setUint16(at + 2, option.value.length, true)
    bytes.set(option.value, at + 4)
    at += 4 + padded(option.value.length)
  }
  view.setUint32(total - 4, total, true)
  return { bytes, view }
}

/** One packet as read back. */
export interface CapturedPacket extends Required<Omit<PacketInfo, 'comment'>> {
  /** The bytes that were kept: a view into the file. */
  readonly bytes: Uint8Array
  readonly comment: string | null
}

export interface CapturedInterface {
  readonly linkType: number
  readonly snapLength: number
  readonly name: string | null
}

export interface CaptureFile {
  readonly interfaces: readonly CapturedInterface[]
  readonly packets: readonly CapturedPacket[]
  /** The file ends in the middle of a block, or what follows makes no sense; what came before is given. */
  readonly truncated: boolean
}

/**
 * Reads a file of one or several sections in either byte order; blocks of unknown type are skipped.
 * @returns null if it does not start like pcapng
 */
export function readPcapng(file: Uint8Array): CaptureFile | null {
  const reader = new PcapngReader(file)
  return reader.isPcapng ? reader.read() : null
}

class PcapngReader {
  readonly #file: Uint8Array
  readonly #view: DataView
  readonly #interfaces: CapturedInterface[] = []
  /** Microseconds per unit of each interface's timestamps. */
  readonly #units: number[] = []
  readonly #packets: CapturedPacket[] = []
  #little = true
  /** The first interface of this section. */
  #base = 0

  constructor(file: Uint8Array) {
    this.#file = file
    this.#view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  }

  get isPcapng(): boolean {
    return this.#file.length >= 28 && this.#view.getUint32(0, true) === BLOCK_SECTION
  }

  read(): CaptureFile {
    const size = this.#file.length
    let at = 0
    let whole = true
    while (whole && at < size) {
      if (size - at < 12) whole = false
      else if (this.#u32(at) === BLOCK_SECTION && !this.#section(at)) whole = false
      else {
        const length = this.#u32(at + 4)
        whole =
          length >= 12 && length % 4 === 0 && at + length <= size && this.#u32(at + length - 4) === length
        if (whole) whole = this.#block(at, length)
        at += length
      }
    }
    return { interfaces: this.#interfaces, packets: this.#packets, truncated: !whole }
  }

  #u16(at: number): number {
    return this.#view.getUint16(at, this.#little)
  }

  #u32(at: number): number {
    return this.#view.getUint32(at, this.#little)
  }

  /** A section header decides the byte order of all that follows. */
  #section(at: number): boolean {
    if (at + 28 > this.#file.length) return false
    const order = this.#view.getUint32(at + 8, true)
    if (order !== BYTE_ORDER && order !== BYTE_ORDER_SWAPPED) return false
    this.#little = order === BYTE_ORDER
    this.#base = this.#interfaces.length
    return true
  }

  #block(at: number, length: number): boolean {
    switch (this.#u32(at)) {
      case BLOCK_INTERFACE:
        return this.#interface(at, length)
      case BLOCK_ENHANCED_PACKET:
        return this.#enhancedPacket(at, length)
      case BLOCK_SIMPLE_PACKET:
        return this.#simplePacket(at, length)
      default:
        return true
    }
  }

  #interface(at: number, length: number): boolean {
    if (length < 20) return false
    const end = at + length - 4
    const resolution = this.#option(at + 16, end, INTERFACE_TSRESOL)
    const name = this.#option(at + 16, end, INTERFACE_NAME)
    this.#units.push(resolution === null || resolution.length === 0 ? 1 : unitOf(resolution[0]))
    this.#interfaces.push({
      linkType: this.#u16(at + 8),
      snapLength: this.#u32(at + 12),
      name: name === null ? null : decodeUtf8(name),
    })
    return true
  }

  #enhancedPacket(at: number, length: number): boolean {
    if (length < 32) return false
    const index = this.#base + this.#u32(at + 8)
    const kept = this.#u32(at + 20)
    if (index >= this.#interfaces.length || kept > length - 32) return false
    const end = at + length - 4
    const optionsStart = at + 28 + padded(kept)
    const flags = this.#option(optionsStart, end, PACKET_FLAGS)
    const comment = this.#option(optionsStart, end, OPTION_COMMENT)
    const units = this.#u32(at + 12) * 0x100000000 + this.#u32(at + 16)
    this.#packets.push({
      interface: index,
      time: Math.floor(units * this.#units[index]),
      bytes: this.#file.subarray(at + 28, at + 28 + kept),
      originalLength: this.#u32(at + 24),
      direction: this.#direction(flags),
      comment: comment === null ? null : decodeUtf8(comment),
    })
    return true
  }

  #simplePacket(at: number, length: number): boolean {
    if (length < 16 || this.#base >= this.#interfaces.length) return false
    const originalLength = this.#u32(at + 8)
    const snapLength = this.#interfaces[this.#base].snapLength
    const kept = snapLength === 0 ? originalLength : Math.min(originalLength, snapLength)
    if (kept > length - 16) return false
    this.#packets.push({
      interface: this.#base,
      time: 0,
      bytes: this.#file.subarray(at + 12, at + 12 + kept),
      originalLength,
      direction: PacketDirection.Unknown,
      comment: null,
    })
    return true
  }

  #direction(flags: Uint8Array | null): PacketDirection {
    if (flags === null || flags.length !== 4) return PacketDirection.Unknown
    const bits = flags[this.#little ? 0 : 3] & 3
    return bits === 3 ? PacketDirection.Unknown : (bits as PacketDirection)
  }

  /** The first option of a kind between two offsets, or null. */
  #option(start: number, end: number, code: number): Uint8Array | null {
    let at = start
    while (at + 4 <= end) {
      const kind = this.#u16(at)
      const length = this.#u16(at + 2)
      if (kind === OPTION_END || at + 4 + length > end) return null
      if (kind === code) return this.#file.subarray(at + 4, at + 4 + length)
      at += 4 + padded(length)
    }
    return null
  }
}

/** if_tsresol: a negative power of 10, or of 2 with the high bit set; in microseconds. */
function unitOf(resolution: number): number {
  const base = resolution & 0x80 ? 2 : 10
  return 1_000_000 / base ** (resolution & 0x7f)
}
