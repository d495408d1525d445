// TCP segments in Ethernet frames: what exercises 1 to 5 are about, put together, so that the later ones can be about TCP.

export const FIN = 0x01
export const SYN = 0x02
export const RST = 0x04
export const PSH = 0x08
export const ACK = 0x10

/** Both ends of a conversation, as the frame of one of them names them. Addresses are bytes: 6 of a MAC, 4 of IPv4. */
export interface Path {
  readonly sourceMac: Uint8Array
  readonly destinationMac: Uint8Array
  readonly sourceIp: Uint8Array
  readonly destinationIp: Uint8Array
  readonly sourcePort: number
  readonly destinationPort: number
}

/** One TCP segment. `seq` and `ack` are unsigned, 0 to 2^32 - 1; `flags` is made of FIN, SYN, RST, PSH, ACK. */
export interface Segment {
  readonly path: Path
  readonly seq: number
  readonly ack: number
  readonly flags: number
  readonly window: number
  readonly options: Uint8Array
  readonly payload: Uint8Array
}

/** A connection that is open already, as it looks from your side. */
export interface Connection {
  /** From you to the peer: what you send goes this way. */
  readonly path: Path
  /** The sequence number of the next byte that you send (SND.NXT). */
  readonly seq: number
  /** The sequence number of the next byte that the peer sends (RCV.NXT). */
  readonly ack: number
  /** Bytes that the peer takes in one segment at most. */
  readonly mss: number
  /** Bytes that the peer takes at once, as it said last (SND.WND). */
  readonly window: number
}

/** The way back. */
export function reversed(path: Path): Path {
  return {
    sourceMac: path.destinationMac,
    destinationMac: path.sourceMac,
    sourceIp: path.destinationIp,
    destinationIp: path.sourceIp,
    sourcePort: path.destinationPort,
    destinationPort: path.sourcePort,
  }
}

/** Reads a frame; null for one that is not TCP over IPv4, or that was damaged on the way. */
export function readSegment(frame: Uint8Array): Segment | null {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  if (frame.length < 54 || view.getUint16(12) !== 0x0800 || frame[14] >> 4 !== 4 || frame[23] !== 6)
    return null
  const tcp = 14 + (frame[14] & 15) * 4
  const end = 14 + view.getUint16(16)
  if (end > frame.length || tcp + 20 > end) return null
  const data = tcp + (frame[tcp + 12] >> 4) * 4
  if (data < tcp + 20 || data > end) return null
  if (sum(frame, 14, tcp) !== 0xffff || sum(frame, tcp, end, pseudoSum(frame, end - tcp)) !== 0xffff)
    return null
  return {
    path: {
      sourceMac: frame.slice(6, 12),
      destinationMac: frame.slice(0, 6),
      sourceIp: frame.slice(26, 30),
      destinationIp: frame.slice(30, 34),
      sourcePort: view.getUint16(tcp),
      destinationPort: view.getUint16(tcp + 2),
    },
    seq: view.getUint32(tcp + 4),
    ack: view.getUint32(tcp + 8),
    flags: frame[tcp + 13],
    window: view.getUint16(tcp + 14),
    options: frame.slice(tcp + 20, data),
    payload: frame.slice(data, end),
  }
}

/** Builds a frame, checksums included. What is left out is 0 or empty, and the window 65,535. */
export function buildSegment(path: Path, fields: Partial<Omit<Segment, 'path'>>): Uint8Array {
  const { options = new Uint8Array(0), payload = new Uint8Array(0) } = fields
  if (options.length > 40) throw new RangeError(`TCP has room for 40 bytes of options, not ${options.length}`)
  const padded = (options.length + 3) & ~3
  const frame = new Uint8Array(54 + padded + payload.length)
  const view = new DataView(frame.buffer)
  frame.set(path.destinationMac, 0)
  frame.set(path.sourceMac, 6)
  view.setUint16(12, 0x0800)
  // IPv4 (RFC 791): version and header length, total length, don't fragment, TTL, protocol, addresses, checksum.
  frame[14] = 0x45
  view.setUint16(16, frame.length - 14)
  view.setUint16(20, 0x4000)
  frame[22] = 64
  frame[23] = 6
  frame.set(path.sourceIp, 26)
  frame.set(path.destinationIp, 30)
  view.setUint16(24, 0xffff - sum(frame, 14, 34))
  // TCP (RFC 9293 section 3.1).
  view.setUint16(34, path.sourcePort)
  view.setUint16(36, path.destinationPort)
  view.setUint32(38, fields.seq ?? 0)
  view.setUint32(42, fields.ack ?? 0)
  frame[46] = (5 + padded / 4) << 4
  frame[47] = fields.flags ?? 0
  view.setUint16(48, fields.window ?? 0xffff)
  frame.set(options, 54)
  frame.set(payload, 54 + padded)
  view.setUint16(50, 0xffff - sum(frame, 34, frame.length, pseudoSum(frame, frame.length - 34)))
  return frame
}

/** The sum over TCP's pseudo-header: addresses, protocol and length. */
function pseudoSum(frame: Uint8Array, length: number): number {
  return sum(frame, 26, 34) + 6 + length
}

function sum(bytes: Uint8Array, from: number, to: number, start = 0): number {
  let total = start
  for (let at = from; at < to; at += 2) total += (bytes[at] << 8) | (at + 1 < to ? bytes[at + 1] : 0)
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16)
  return total
}
