import { packets } from '@tapwire/stack'
import { numberText } from '../format.ts'

/** A field of a frame, and the bytes that it is in. */
export interface Field {
  readonly name: string
  readonly value: string
  /** The first byte, and the one after the last. */
  readonly start: number
  readonly end: number
}

/** A header, or what it carries. */
export interface Layer {
  readonly name: string
  readonly start: number
  readonly end: number
  readonly fields: readonly Field[]
}

const ETHERNET_HEADER = 14
const TYPES: Readonly<Record<number, string>> = { 2048: 'IPv4', 34525: 'IPv6', 2054: 'ARP' }
const PROTOCOLS: Readonly<Record<number, string>> = { 1: 'ICMP', 6: 'TCP', 17: 'UDP', 58: 'ICMPv6' }
const ECN_NAMES = ['not ECN-capable', 'ECT(1)', 'ECT(0)', 'CE: congestion experienced']
const FLAG_NAMES = ['CWR', 'ECE', 'URG', 'ACK', 'PSH', 'RST', 'SYN', 'FIN']

/** Reads a frame field by field. What is cut off or unknown is shown as bytes. */
export function dissect(frame: Uint8Array): Layer[] {
  const reader = new Reader(frame)
  try {
    ethernet(reader)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    reader.rest('Cut off')
  }
  return reader.layers
}

/** Takes fields off the front, one after another; RangeError where there are not enough bytes. */
class Reader {
  readonly layers: Layer[] = []
  readonly view: DataView
  readonly frame: Uint8Array
  at = 0
  private fields: Field[] = []

  constructor(frame: Uint8Array) {
    this.frame = frame
    this.view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  }

  begin(name: string): void {
    this.fields = []
    this.layers.push({ name, start: this.at, end: this.at, fields: this.fields })
  }

  /** Adds a field of the next bytes. */
  field(name: string, length: number, value: string): void {
    if (this.at + length > this.frame.length) throw new RangeError(name)
    this.fields.push({ name, value, start: this.at, end: this.at + length })
    this.at += length
    this.close()
  }

  /** Adds one that shares bytes with those before or after: the reader stays where it is. */
  part(name: string, start: number, end: number, value: string): void {
    this.fields.push({ name, value, start, end })
  }

  private close(): void {
    const last = this.layers.length - 1
    this.layers[last] = { ...this.layers[last], end: this.at }
  }

  u8(offset = 0): number {
    return this.view.getUint8(this.at + offset)
  }

  u16(offset = 0): number {
    return this.view.getUint16(this.at + offset)
  }

  u32(offset = 0): number {
    return this.view.getUint32(this.at + offset)
  }

  bytes(length: number): Uint8Array {
    if (this.at + length > this.frame.length) throw new RangeError('bytes')
    return this.frame.subarray(this.at, this.at + length)
  }

  rest(name: string): void {
    const length = this.frame.length - this.at
    if (length <= 0) return
    this.begin(name)
    this.field(name === 'Data' ? 'Payload' : 'Bytes', length, `${numberText(length)} bytes`)
  }
}

const hex = (value: number, digits: number): string => `0x${value.toString(16).padStart(digits, '0')}`

function ethernet(reader: Reader): void {
  // A bare IP packet, as a TUN device carries it.
  const version = reader.u8() >> 4
  if (reader.frame.length < ETHERNET_HEADER || !(reader.view.getUint16(12) in TYPES)) {
    if (version === 4) ipv4(reader)
    else if (version === 6) ipv6(reader)
    else reader.rest('Data')
    return
  }
  reader.begin('Ethernet')
  reader.field('Destination', 6, packets.macText(reader.bytes(6)))
  reader.field('Source', 6, packets.macText(reader.bytes(6)))
  const type = reader.u16()
  reader.field('Type', 2, `${hex(type, 4)} ${TYPES[type] ?? ''}`.trim())
  if (type === 0x0800) ipv4(reader)
  else if (type === 0x86dd) ipv6(reader)
  else reader.rest('Data')
}

function ipv4(reader: Reader): void {
  const start = reader.at
  reader.begin('IPv4')
  const headerLength = (reader.u8() & 15) * 4
  reader.field('Version, header length', 1, `4, ${headerLength} bytes`)
  reader.field('DSCP, ECN', 1, trafficText(reader.u8()))
  const total = reader.u16()
  reader.field('Total length', 2, `${numberText(total)} bytes`)
  reader.field('Identification', 2, hex(reader.u16(), 4))
  const fragment = reader.u16()
  reader.field('Flags, fragment offset', 2, fragmentText(fragment))
  reader.field('Time to live', 1, String(reader.u8()))
  const protocol = reader.u8()
  reader.field('Protocol', 1, `${protocol} ${PROTOCOLS[protocol] ?? ''}`.trim())
  reader.field('Header checksum', 2, hex(reader.u16(), 4))
  reader.field('Source', 4, packets.ipText(reader.bytes(4)))
  reader.field('Destination', 4, packets.ipText(reader.bytes(4)))
  const options = start + headerLength - reader.at
  if (options > 0) reader.field('Options', options, `${options} bytes`)
  transport(reader, protocol, start + total)
}

function ipv6(reader: Reader): void {
  reader.begin('IPv6')
  const first = reader.u32()
  const flow = hex(first & 0xfffff, 5)
  reader.field('Version, class, flow label', 4, `6, ${trafficText((first >>> 20) & 0xff)}, ${flow}`)
  const length = reader.u16()
  reader.field('Payload length', 2, `${numberText(length)} bytes`)
  const protocol = reader.u8()
  reader.field('Next header', 1, `${protocol} ${PROTOCOLS[protocol] ?? ''}`.trim())
  reader.field('Hop limit', 1, String(reader.u8()))
  reader.field('Source', 16, packets.ipText(reader.bytes(16)))
  reader.field('Destination', 16, packets.ipText(reader.bytes(16)))
  transport(reader, protocol, reader.at + length)
}

const trafficText = (value: number): string => `${value >> 2}, ${ECN_NAMES[value & 3]}`

function fragmentText(value: number): string {
  const flags = [value & 0x4000 ? 'DF: do not fragment' : '', value & 0x2000 ? 'more fragments' : '']
  const offset = (value & 0x1fff) * 8
  return [...flags.filter(Boolean), offset > 0 ? `offset ${offset}` : ''].filter(Boolean).join(', ') || 'none'
}

function transport(reader: Reader, protocol: number, end: number): void {
  if (protocol === 6) tcp(reader, end)
  else if (protocol === 1 || protocol === 58) icmp(reader, protocol)
  else reader.rest('Data')
}

function tcp(reader: Reader, end: number): void {
  const start = reader.at
  reader.begin('TCP')
  reader.field('Source port', 2, String(reader.u16()))
  reader.field('Destination port', 2, String(reader.u16()))
  reader.field('Sequence number', 4, numberText(reader.u32()))
  reader.field('Acknowledgement', 4, numberText(reader.u32()))
  const dataOffset = (reader.u8() >> 4) * 4
  reader.field('Data offset', 1, `${dataOffset} bytes`)
  const flags = reader.u8()
  const names = FLAG_NAMES.filter((_, bit) => (flags & (0x80 >> bit)) !== 0)
  reader.field('Flags', 1, `${hex(flags, 2)} ${names.join(' ')}`.trim())
  reader.field('Window', 2, `${numberText(reader.u16())}, as on the wire`)
  reader.field('Checksum', 2, hex(reader.u16(), 4))
  reader.field('Urgent pointer', 2, String(reader.u16()))
  tcpOptions(reader, start + dataOffset)
  const length = end - reader.at
  const kept = Math.min(length, reader.frame.length - reader.at)
  if (kept > 0) {
    reader.begin('Data')
    // Of long runs only the first bytes of each frame are kept.
    const rest = kept < length ? `, the first ${kept} kept` : ''
    reader.field('Payload', kept, `${numberText(length)} bytes${rest}`)
  }
  if (reader.at < reader.frame.length) reader.rest('Padding')
}

function tcpOptions(reader: Reader, end: number): void {
  while (reader.at < end) {
    const kind = reader.u8()
    if (kind === 0 || kind === 1) {
      reader.field(kind === 0 ? 'End of options' : 'No operation', 1, 'fills up')
      continue
    }
    const length = Math.max(2, reader.u8(1))
    if (reader.at + length > end) {
      reader.field('Options', end - reader.at, 'not readable')
      return
    }
    const [name, value] = optionText(reader, kind, length)
    reader.field(name, length, value)
  }
}

function optionText(reader: Reader, kind: number, length: number): readonly [string, string] {
  if (kind === 2 && length === 4) return ['Maximum segment size', `${numberText(reader.u16(2))} bytes`]
  if (kind === 3 && length === 3) {
    return ['Window scale', `${reader.u8(2)}: times ${numberText(2 ** reader.u8(2))}`]
  }
  if (kind === 4) return ['SACK permitted', 'yes']
  if (kind === 5) {
    const blocks: string[] = []
    for (let at = 2; at + 8 <= length; at += 8) {
      blocks.push(`${numberText(reader.u32(at))} to ${numberText(reader.u32(at + 4))}`)
    }
    return ['SACK', blocks.join('; ')]
  }
  if (kind === 8 && length === 10) {
    return ['Timestamps', `value ${numberText(reader.u32(2))}, echo ${numberText(reader.u32(6))}`]
  }
  if (kind === 34) return ['Fast Open cookie', `${length - 2} bytes`]
  return [`Option ${kind}`, `${length} bytes`]
}

const ICMP_TYPES: Readonly<Record<string, string>> = {
  '1/0': 'echo reply',
  '1/3': 'destination unreachable',
  '1/8': 'echo request',
  '1/11': 'time exceeded',
  '58/1': 'destination unreachable',
  '58/2': 'packet too big',
  '58/3': 'time exceeded',
  '58/128': 'echo request',
  '58/129': 'echo reply',
}

function icmp(reader: Reader, protocol: number): void {
  reader.begin(PROTOCOLS[protocol])
  const type = reader.u8()
  reader.field('Type', 1, `${type} ${ICMP_TYPES[`${protocol}/${type}`] ?? ''}`.trim())
  const code = reader.u8()
  reader.field('Code', 1, String(code))
  reader.field('Checksum', 2, hex(reader.u16(), 4))
  if (protocol === 1 && type === 3 && code === 4) {
    reader.field('Unused', 2, '0')
    reader.field('Next-hop MTU', 2, `${numberText(reader.u16())} bytes`)
  } else if (protocol === 58 && type === 2) {
    reader.field('MTU', 4, `${numberText(reader.u32())} bytes`)
  } else {
    reader.field('Rest of header', 4, hex(reader.u32(), 8))
  }
  reader.rest('The packet that it is about')
}

/** The narrowest field that a byte is in. */
export function fieldAt(layers: readonly Layer[], byte: number): Field | null {
  for (const layer of layers) {
    if (byte < layer.start || byte >= layer.end) continue
    return layer.fields.find((field) => byte >= field.start && byte < field.end) ?? null
  }
  return null
}
