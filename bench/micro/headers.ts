import {
  ipv4Destination,
  ipv4HeaderLength,
  ipv4Source,
  ipv4TotalLength,
  writeIpv4Header,
} from '../../packages/stack/src/wire/ipv4.ts'
import {
  tcpAck,
  tcpDataOffset,
  tcpDestinationPort,
  tcpFlags,
  tcpSeq,
  tcpSourcePort,
  tcpWindow,
  writeTcpHeader,
} from '../../packages/stack/src/wire/tcp.ts'
import type { Case } from './case.ts'

const FRAME = 2048
const FRAMES = 16
const buffer = new ArrayBuffer(FRAME * FRAMES)
const view = new DataView(buffer)
const bytes = new Uint8Array(buffer)
for (let i = 0; i < FRAMES; i++) {
  writeIpv4Header(view, i * FRAME, 1500, i, 0x4000, 64, 6, 0x0a000001, 0x0a000002, 0)
  writeTcpHeader(view, i * FRAME + 20, 40_000 + i, 80, i * 1460, 77, 20, 0x10, 0xffff, 0)
}

/** Of the shape of the stack's `SegmentIn`: one for all packets. */
const record = {
  source: 0,
  destination: 0,
  sourcePort: 0,
  destinationPort: 0,
  seq: 0,
  ack: 0,
  flags: 0,
  window: 0,
  offset: 0,
  length: 0,
}

function intoTheRecord(): number {
  let sum = 0
  for (let i = 0; i < FRAMES; i++) {
    const ip = i * FRAME
    const at = ip + ipv4HeaderLength(view, ip)
    record.source = ipv4Source(view, ip)
    record.destination = ipv4Destination(view, ip)
    record.sourcePort = tcpSourcePort(view, at)
    record.destinationPort = tcpDestinationPort(view, at)
    record.seq = tcpSeq(view, at)
    record.ack = tcpAck(view, at)
    record.flags = tcpFlags(view, at)
    record.window = tcpWindow(view, at)
    record.offset = at + tcpDataOffset(view, at)
    record.length = ip + ipv4TotalLength(view, ip) - record.offset
    sum = (sum + record.seq + record.length) | 0
  }
  return sum
}

function parse(packet: Uint8Array) {
  const own = new DataView(packet.buffer, packet.byteOffset, packet.byteLength)
  const at = (own.getUint8(0) & 15) * 4
  const offset = at + (own.getUint8(at + 12) >> 4) * 4
  return {
    source: own.getUint32(12),
    destination: own.getUint32(16),
    sourcePort: own.getUint16(at),
    destinationPort: own.getUint16(at + 2),
    seq: own.getUint32(at + 4),
    ack: own.getUint32(at + 8),
    flags: own.getUint8(at + 13),
    window: own.getUint16(at + 14),
    payload: packet.subarray(offset, own.getUint16(2)),
  }
}

let last: ReturnType<typeof parse> | null = null

function intoAnObject(): number {
  let sum = 0
  for (let i = 0; i < FRAMES; i++) {
    last = parse(bytes.subarray(i * FRAME, i * FRAME + 1500))
    sum = (sum + last.seq + last.payload.length) | 0
  }
  return sum
}

export const HEADERS: Case = {
  name: 'IPv4 and TCP header of a packet',
  ways: [
    { name: 'one view, one record', times: FRAMES, run: intoTheRecord },
    { name: 'view, object and subarray for each packet', times: FRAMES, run: intoAnObject },
  ],
}
