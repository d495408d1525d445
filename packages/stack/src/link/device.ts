import type { Memory } from '../core/memory.ts'

/** What of a received frame's transport checksum has been checked, and by whom. */
export const RxChecksum = {
  /** Nobody looked: the stack verifies it. */
  Unverified: 0,
  /**
   * The sender left it to the hardware, as a local kernel does: the field holds the pseudo-header's sum only, and
   * the bytes never crossed a wire on which they could be damaged.
   */
  Partial: 1,
  /** The device verified it. */
  Valid: 2,
} as const
export type RxChecksum = (typeof RxChecksum)[keyof typeof RxChecksum]

/** What kind of segmentation a super-frame wants. */
export const Gso = { None: 0, TcpV4: 1, TcpV6: 2, Udp: 3 } as const
export type Gso = (typeof Gso)[keyof typeof Gso]

/**
 * A frame that came in, as `(offset, length)` in the sink's memory. A device has one record and overwrites it for
 * the next frame; nobody may keep it, and the bytes are the device's again when `onFrame` returns.
 */
export class RxFrame {
  offset = 0
  length = 0
  checksum: RxChecksum = RxChecksum.Unverified
  /** Payload bytes of each segment this super-frame was merged from; 0 for an ordinary frame. */
  gsoSize = 0
}

/** Free bytes that stand before every outgoing frame, for a device's own header (virtio-net's takes 10 or 12). */
export const TX_HEADROOM = 16

/**
 * A frame that goes out: headers in one piece, payload in up to two (a ring that wraps). It is one reused record;
 * a device copies or writes it before `transmit` returns.
 */
export class TxDescriptor {
  readonly memory: Memory
  /** At least `TX_HEADROOM` bytes before this offset may be overwritten. */
  headOffset = 0
  headLength = 0
  payloadOffset = 0
  payloadLength = 0
  /** Second piece of the payload, or length 0. */
  payload2Offset = 0
  payload2Length = 0
  /** Where the device starts summing, in bytes from the frame's start; -1 when the checksum is complete. */
  checksumStart = -1
  /** Where, from `checksumStart`, the sum goes. The field holds the pseudo-header's folded sum. */
  checksumOffset = 0
  gso: Gso = Gso.None
  /** Payload bytes per segment, when `gso` is not None. */
  gsoSize = 0

  constructor(memory: Memory) {
    this.memory = memory
  }

  /** The whole frame's length in bytes. */
  get length(): number {
    return this.headLength + this.payloadLength + this.payload2Length
  }

  /** Back to an empty frame whose headers will end at `headEnd`: each layer prepends its own. */
  reset(headEnd: number): void {
    this.headOffset = headEnd
    this.headLength = 0
    this.payloadOffset = 0
    this.payloadLength = 0
    this.payload2Offset = 0
    this.payload2Length = 0
    this.checksumStart = -1
    this.checksumOffset = 0
    this.gso = Gso.None
    this.gsoSize = 0
  }

  /** Makes room for a header of `length` bytes before what is there. @returns its offset */
  prepend(length: number): number {
    this.headOffset -= length
    this.headLength += length
    if (this.checksumStart >= 0) this.checksumStart += length
    return this.headOffset
  }

  /** Writes the whole frame, in one piece, to `offset` of `target`. */
  copyTo(target: Memory, offset: number): void {
    this.memory.copyTo(target, offset, this.headOffset, this.headLength)
    let at = offset + this.headLength
    if (this.payloadLength > 0) this.memory.copyTo(target, at, this.payloadOffset, this.payloadLength)
    at += this.payloadLength
    if (this.payload2Length > 0) this.memory.copyTo(target, at, this.payload2Offset, this.payload2Length)
  }
}

/** The answer to `transmit`. */
export const TransmitResult = {
  /** The device took the frame: sequence state may move. */
  Sent: 0,
  /** No room: nothing happened, and `onWritable` will tell when to try again. */
  Full: 1,
  /** The frame can never leave: the device is closed, or the frame is larger than it takes. */
  Refused: 2,
} as const
export type TransmitResult = (typeof TransmitResult)[keyof typeof TransmitResult]

/** What a device can do by itself. Fixed from `attach` on. */
export interface LinkCapabilities {
  /** The link-layer address the stack is to use (6 bytes), or null: the stack makes one up. Ignored for medium 'ip'. */
  readonly mac: Uint8Array | null
  /** Completes checksums that are left partial (`checksumStart >= 0`). */
  readonly txChecksum: boolean
  /** Segments TCP over IPv4 super-frames. */
  readonly tso4: boolean
  /** Segments TCP over IPv6 super-frames. */
  readonly tso6: boolean
  /** Segments UDP super-frames. */
  readonly uso: boolean
  /** The largest frame, link header included, that may be transmitted with `gso`, or received. */
  readonly maxSuperFrame: number
}

/** What every device without offloads says of itself. */
export const NO_OFFLOADS: LinkCapabilities = {
  mac: null,
  txChecksum: false,
  tso4: false,
  tso6: false,
  uso: false,
  maxSuperFrame: 0,
}

/** The receiving side of a device: the stack, or a decorator on the way to it. */
export interface FrameSink {
  /** Where frames have to lie. A device allocates its receive blocks here, and frees them on close. */
  readonly memory: Memory
  onFrame(frame: RxFrame): void
  /** After a run of frames: the stack tells applications, sends ACKs, flushes. Always follows `onFrame`. */
  onBurstEnd(): void
  /** After a `transmit` that was answered `Full`: there is room again. */
  onWritable(): void
  /** The link went away (unplugged, deleted, closed): once, with an error unless `close()` was called. */
  onClosed(error: Error | null): void
}

/**
 * Anything that carries frames: a TAP, a cable, a switch port, a WebSocket, a file being replayed. Decorators
 * (capture, impair) are devices around a device, and pass the capabilities on or lower them.
 */
export interface LinkDevice {
  /** 'ethernet': whole Ethernet II frames without FCS (TAP). 'ip': bare IP packets (TUN, loopback). */
  readonly medium: 'ethernet' | 'ip'
  /** The largest IP packet, in bytes, without link header. */
  readonly mtu: number
  readonly capabilities: LinkCapabilities
  /** Starts delivery. Called once; nothing is delivered before, nor during the call. */
  attach(sink: FrameSink): void
  /** Takes a frame or refuses it, at once; never keeps the descriptor, never calls back into the sink. */
  transmit(frame: TxDescriptor): TransmitResult
  /** End of a burst: whatever the device batches goes out now. */
  flush(): void
  /** Stops delivery and gives everything back; resolves when it is gone. Calling it again does nothing. */
  close(): Promise<void>
}

/** Bytes of an Ethernet II header, which is what a device of that medium adds to `mtu`. */
export const ETHERNET_HEADER = 14

/** The longest ordinary frame of a device, in bytes. */
export function maxFrameLength(device: LinkDevice): number {
  return device.mtu + (device.medium === 'ethernet' ? ETHERNET_HEADER : 0)
}
