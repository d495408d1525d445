import { packets } from '@tapwire/stack'
import { ICMPV4, ICMPV6, TCP } from '../run/headers.ts'
import type { FieldReader } from './field.ts'

const ECN = ['not ECN-capable', 'ECT(1)', 'ECT(0)', 'CE: congestion was met']
const PROTOCOLS: Readonly<Record<number, string>> = {
  [ICMPV4]: 'ICMP',
  [TCP]: 'TCP',
  17: 'UDP',
  [ICMPV6]: 'ICMPv6',
}

const protocolName = (number: number): string | undefined => PROTOCOLS[number]
const ecnName = (bits: number): string | undefined => ECN[bits]

/** RFC 791 section 3.1. @returns the protocol that follows, and where the packet ends; null where that cannot be said */
export function ipv4Fields(reader: FieldReader): { protocol: number; end: number } | null {
  const start = reader.at
  if (reader.left < 20) return null
  reader.part('Version', 1, 0, 4)
  const words = reader.part('Header length', 1, 4, 4, (n) => `${n * 4} bytes`)
  reader.at++
  reader.part('DSCP', 1, 0, 6)
  reader.part('ECN', 1, 6, 2, ecnName)
  reader.at++
  const total = reader.takeNumber('Total length', 2)
  reader.takeHex('Identification', 2)
  reader.part('Don’t fragment', 2, 1, 1)
  reader.part('More fragments', 2, 2, 1)
  const offset = reader.part('Fragment offset', 2, 3, 13)
  reader.at += 2
  reader.takeNumber('Time to live', 1)
  const protocol = reader.takeNumber('Protocol', 1, protocolName)
  reader.takeHex('Header checksum', 2)
  address(reader, 'Source address', 4)
  address(reader, 'Destination address', 4)
  if (words < 5) return null
  const options = start + words * 4 - reader.at
  if (options > 0) reader.take('Options', options, `${options} bytes`)
  return offset > 0 ? null : { protocol, end: start + total }
}

/** RFC 8200 section 3. */
export function ipv6Fields(reader: FieldReader): { protocol: number; end: number } | null {
  const start = reader.at
  if (reader.left < 40) return null
  reader.part('Version', 4, 0, 4)
  reader.part('DSCP', 4, 4, 6)
  reader.part('ECN', 4, 10, 2, ecnName)
  reader.part('Flow label', 4, 12, 20)
  reader.at += 4
  const payload = reader.takeNumber('Payload length', 2)
  const protocol = reader.takeNumber('Next header', 1, protocolName)
  reader.takeNumber('Hop limit', 1)
  address(reader, 'Source address', 16)
  address(reader, 'Destination address', 16)
  return { protocol, end: start + 40 + payload }
}

function address(reader: FieldReader, name: string, length: 4 | 16): void {
  reader.take(name, length, packets.ipText(reader.bytes(length)))
}
