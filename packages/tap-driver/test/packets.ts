import { ETHERNET_HEADER } from '@tapwire/stack'

/** Just enough of the formats to talk to a kernel by hand; written apart from the stack, so as not to share its faults. */
export const STACK_MAC = Uint8Array.of(2, 0, 0, 0, 0, 0x77)
export const HOST_IP = Uint8Array.of(10, 77, 0, 1)
export const STACK_IP = Uint8Array.of(10, 77, 0, 2)

export const ETHERTYPE_IPV4 = 0x0800
export const ETHERTYPE_ARP = 0x0806

export function concat(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts))
}

export function ethernet(target: Uint8Array, etherType: number, payload: Uint8Array): Uint8Array {
  return concat(target, STACK_MAC, u16(etherType), payload)
}

export function etherType(frame: Uint8Array): number {
  return frame.length < ETHERNET_HEADER ? 0 : read16(frame, 12)
}

/** Whether a frame is IPv4 of that protocol for the stack. */
export function isIpv4(frame: Uint8Array, protocol: number): boolean {
  return etherType(frame) === ETHERTYPE_IPV4 && frame[23] === protocol && frame[33] === STACK_IP[3]
}

/** Whether a frame asks for the stack's address. */
export function isArpRequest(frame: Uint8Array): boolean {
  return etherType(frame) === ETHERTYPE_ARP && frame[21] === 1 && frame[41] === STACK_IP[3]
}

export function arpReply(request: Uint8Array): Uint8Array {
  const asker = request.subarray(6, 12)
  const body = concat(u16(1), u16(0x0800), Uint8Array.of(6, 4), u16(2), STACK_MAC, STACK_IP, asker, HOST_IP)
  return ethernet(asker, ETHERTYPE_ARP, body)
}

/** An IPv4 header for `length` bytes of payload from the stack to the host. */
export function ipv4(protocol: number, length: number): Uint8Array {
  const header = concat(
    Uint8Array.of(0x45, 0),
    u16(20 + length),
    u16(0),
    u16(0x4000),
    Uint8Array.of(64, protocol, 0, 0),
    STACK_IP,
    HOST_IP,
  )
  header.set(u16(~sum(header) & 0xffff), 10)
  return header
}

export function udp(sourcePort: number, targetPort: number, length: number): Uint8Array {
  return concat(u16(sourcePort), u16(targetPort), u16(8 + length), u16(0))
}

export function icmpEcho(payload: Uint8Array): Uint8Array {
  const packet = concat(Uint8Array.of(8, 0, 0, 0), u16(7), u16(1), payload)
  packet.set(u16(~sum(packet) & 0xffff), 2)
  return packet
}

export const SYN = 2
export const PSH = 8
export const ACK = 16

export function tcp(
  ports: [source: number, target: number],
  numbers: [sequence: number, acknowledgement: number],
  flags: number,
  options = new Uint8Array(0),
): Uint8Array {
  return concat(
    u16(ports[0]),
    u16(ports[1]),
    u32(numbers[0]),
    u32(numbers[1]),
    Uint8Array.of((5 + options.length / 4) << 4, flags),
    u16(65535),
    u32(0),
    options,
  )
}

/** The sum that a partial checksum's field holds: that of the pseudo-header. */
export function pseudoSum(protocol: number, length: number): number {
  return sum(concat(STACK_IP, HOST_IP, u16(protocol), u16(length)))
}

/** The ones' complement sum, folded (RFC 1071). */
export function sum(bytes: Uint8Array): number {
  let total = 0
  for (let i = 0; i < bytes.length; i += 2) total += (bytes[i]! << 8) | (bytes[i + 1] ?? 0)
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16)
  return total
}

export function u16(value: number): Uint8Array {
  return Uint8Array.of(value >>> 8, value)
}

export function u32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value)
}

export function read16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!
}

export function read32(bytes: Uint8Array, at: number): number {
  return ((read16(bytes, at) << 16) | read16(bytes, at + 2)) >>> 0
}
