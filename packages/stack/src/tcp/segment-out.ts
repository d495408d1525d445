import { finishChecksum, foldSum, sumBytes, sumMemory, swapSum } from '../core/checksum.ts'
import type { Path, SendOptions } from '../ip/network.ts'
import { Protocol } from '../ip/packet-in.ts'
import { Gso, TransmitResult, type TxDescriptor } from '../link/device.ts'
import { pseudoHeaderSum } from '../wire/pseudo-header.ts'
import { TCP_CHECKSUM, TCP_HEADER_LENGTH, TcpFlag, writeTcpChecksum, writeTcpHeader } from '../wire/tcp.ts'
import type { ByteRing } from './byte-ring.ts'
import type { TcpContext } from './context.ts'
import { NO_SETTINGS, type OwnSettings } from './own-settings.ts'
import { segmentCount } from './segment-size.ts'
import { TraceKind, trace } from './trace.ts'

/** Never cut on the way (R7323-31): with fragments two segments could be mixed up. */
/** FRG-10: TCP is never cut. FRG-11: segments as large as the path carries, with DF, so that it is found out. */
const sendOptions: SendOptions = { ttl: 64, tos: 0, dontFragment: true }

/**
 * Sends one segment, or one super-frame of them. Its options have been written already and end at
 * `network.headEnd` (`optionsStart` says where they begin); the payload is gathered from a ring.
 *
 * @param ring where the payload is, from `position` on; null for none
 * @param mss payload bytes per segment when `length` is more than that
 * @param urgent the urgent pointer
 * @param connection whose it is, for the trace; 0 for none
 * @param own what has been asked of it
 */
export function sendSegment(
  tcp: TcpContext,
  path: Path,
  localPort: number,
  remotePort: number,
  seq: number,
  ack: number,
  flags: number,
  window: number,
  optionsLength: number,
  trafficClass: number,
  ring: ByteRing | null,
  position: number,
  length: number,
  mss: number,
  urgent = 0,
  connection = 0,
  own: OwnSettings = NO_SETTINGS,
): TransmitResult {
  const { network } = tcp
  const descriptor = network.descriptor
  descriptor.reset(network.headEnd)
  const headerLength = TCP_HEADER_LENGTH + optionsLength
  const at = descriptor.prepend(headerLength)
  writeTcpHeader(
    network.memory.view,
    at,
    localPort,
    remotePort,
    seq,
    ack,
    headerLength,
    flags,
    window,
    urgent,
  )
  if (ring !== null && length > 0) gatherPayload(descriptor, ring, position, length)
  if (length > mss) {
    descriptor.gso = path.local.isV4 ? Gso.TcpV4 : Gso.TcpV6
    descriptor.gsoSize = mss
  }
  fillChecksum(descriptor, path, at, headerLength + length)
  // MUST-49, SHLD-22.
  sendOptions.ttl = own.ttl > 0 ? own.ttl : tcp.config.ttl
  sendOptions.dontFragment = own.dontFragment
  sendOptions.tos = trafficClass
  const result = network.send(path, Protocol.Tcp, sendOptions)
  if (result === TransmitResult.Full) tcp.counters.deviceFull++
  else {
    const count = segmentCount(length, mss)
    tcp.counters.segmentsOut += count
    path.iface.counters.tcp.segmentsOut += count
    tcp.counters.bytesOut += length
    if ((flags & TcpFlag.Rst) !== 0) tcp.counters.resetsOut++
    trace(tcp, connection, TraceKind.SegmentOut, seq, length, flags, ack)
  }
  return result
}

/** Where options of this length start, so that they end at `headEnd`. */
export function optionsStart(tcp: TcpContext, optionsLength: number): number {
  return tcp.network.headEnd - optionsLength
}

function gatherPayload(descriptor: TxDescriptor, ring: ByteRing, position: number, length: number): void {
  const first = Math.min(length, ring.contiguous(position))
  descriptor.payloadOffset = ring.offset(position)
  descriptor.payloadLength = first
  if (first < length) {
    descriptor.payload2Offset = ring.block
    descriptor.payload2Length = length - first
  }
}

/** MUST-2; where the device sums, the field gets the pseudo-header's sum only. */
function fillChecksum(descriptor: TxDescriptor, path: Path, at: number, segmentLength: number): void {
  const { memory } = descriptor
  const { view } = memory
  const pseudo = pseudoHeaderSum(path.pseudoSum, Protocol.Tcp, segmentLength)
  if (path.iface.txChecksum) {
    descriptor.checksumStart = 0
    descriptor.checksumOffset = TCP_CHECKSUM
    writeTcpChecksum(view, at, foldSum(pseudo))
    return
  }
  let sum = sumBytes(view, at, descriptor.headLength, pseudo)
  sum = sumMemory(memory, descriptor.payloadOffset, descriptor.payloadLength, sum)
  if (descriptor.payload2Length > 0) {
    const second = sumMemory(memory, descriptor.payload2Offset, descriptor.payload2Length)
    sum += (descriptor.payloadLength & 1) === 0 ? second : swapSum(second)
  }
  writeTcpChecksum(view, at, finishChecksum(sum))
}
