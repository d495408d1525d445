import { type Clock, SystemClock } from '../core/clock.ts'
import { TapwireError } from '../core/errors.ts'
import { Gso, type LinkCapabilities, NO_OFFLOADS, RxChecksum, type TxDescriptor } from './device.ts'
import { checkQueueLimits, type QueueLimits } from './frame-queue.ts'

/** What a cable and a switch have in common. */
export interface MemoryLinkOptions {
  /** Where time comes from; default: real time. Everything that is to share virtual time shares its clock. */
  readonly clock?: Clock
  /** The largest IP packet, in bytes, 68 to 65,535; default 1,500. */
  readonly mtu?: number
  /** Bounds of each receiver's queue; default 1,000 frames and 512 KiB, 2 MiB with `offload`. */
  readonly queue?: Partial<QueueLimits>
  /**
   * Takes and delivers super-frames and partial checksums as they are, as a TAP with offloads does: much faster,
   * but what passes are not the frames of a wire. Default false.
   */
  readonly offload?: boolean
}

const DEFAULT_QUEUE: QueueLimits = { bytes: 512 * 1024, frames: 1000 }
/** Super-frames need more room to be worth it. */
const DEFAULT_SUPER_QUEUE: QueueLimits = { bytes: 2 * 1024 * 1024, frames: 1000 }
const DEFAULT_MTU = 1500
/** Ethernet header, the longest IP packet, and one byte that makes it even. */
const SUPER_FRAME = 65_550

/** One clock for all links that were given none: it has no state. */
const systemClock = new SystemClock()

export function clockOf(clock: Clock | undefined): Clock {
  return clock ?? systemClock
}

/** @param longest the longest ordinary frame, in bytes @throws ERR_OUT_OF_RANGE */
export function queueOf(options: MemoryLinkOptions, longest: number): QueueLimits {
  if (options.offload !== true) return checkQueueLimits(options.queue, DEFAULT_QUEUE, longest)
  return checkQueueLimits(options.queue, DEFAULT_SUPER_QUEUE, SUPER_FRAME)
}

/** @throws ERR_OUT_OF_RANGE */
export function checkMtu(mtu: number | undefined): number {
  const value = mtu ?? DEFAULT_MTU
  // 68: what every IPv4 link carries (RFC 791 section 3.2).
  if (!Number.isInteger(value) || value < 68 || value > 65_535) {
    throw new TapwireError(
      'ERR_OUT_OF_RANGE',
      `The MTU must be an integer from 68 to 65535. Received ${value}`,
    )
  }
  return value
}

/** What a link in memory says it can do. @throws ERR_INVALID_ARG_VALUE for an address that is no unicast MAC */
export function memoryLinkCapabilities(offload: boolean, mac: Uint8Array | null): LinkCapabilities {
  if (mac !== null && (mac.length !== 6 || (mac[0] & 1) !== 0)) {
    throw new TapwireError('ERR_INVALID_ARG_VALUE', 'A MAC address must be 6 bytes and not a group address')
  }
  if (!offload) return mac === null ? NO_OFFLOADS : { ...NO_OFFLOADS, mac }
  return { mac, txChecksum: true, tso4: true, tso6: true, uso: true, maxSuperFrame: SUPER_FRAME }
}

/** Whether a link that takes ordinary frames of up to `longest` bytes takes this one. */
export function acceptsLength(frame: TxDescriptor, longest: number, capabilities: LinkCapabilities): boolean {
  const length = frame.length
  if (length === 0) return false
  if (frame.gso === Gso.None) return length <= longest
  return frame.gsoSize > 0 && segments(frame.gso, capabilities) && length <= capabilities.maxSuperFrame
}

/** What the receiver is to know of an accepted frame's checksum. */
export function receivedChecksum(frame: TxDescriptor, capabilities: LinkCapabilities): RxChecksum {
  return frame.checksumStart >= 0 && capabilities.txChecksum ? RxChecksum.Partial : RxChecksum.Unverified
}

function segments(gso: Gso, capabilities: LinkCapabilities): boolean {
  if (gso === Gso.TcpV4) return capabilities.tso4
  if (gso === Gso.TcpV6) return capabilities.tso6
  return gso === Gso.Udp && capabilities.uso
}
