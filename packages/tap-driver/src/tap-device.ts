import { EventEmitter } from 'node:events'
import { isMainThread } from 'node:worker_threads'
import {
  ETHERNET_HEADER,
  type FrameSink,
  Gso,
  type LinkCapabilities,
  type LinkDevice,
  TapwireError,
  TransmitResult,
  type TxDescriptor,
} from '@tapwire/stack'
import { BulkGro } from './bulk-gro.ts'
import { Errno, errnoName } from './errno.ts'
import { Drained, FrameReader } from './frame-reader.ts'
import { FrameWriter } from './frame-writer.ts'
import { type Libc, libc, type PollHandle, type PollInterest } from './libc.ts'
import { runInNetns } from './netns.ts'
import { type CheckedOptions, checkOptions, formatMac, type TapOptions } from './options.ts'
import { clearOffloads, type OpenTun, openTun as openTunFd } from './tun-fd.ts'

/** The longest IP packet, which is the longest super-frame less its link header. */
const MAX_IP_PACKET = 65535
/** An 802.1Q tag may stand in a received frame beyond the MTU. */
const VLAN_TAG = 4

/**
 * After so many frames out the loop turns: a large window lets thousands go at once, and 4 MiB of them, in frames of 1,500 bytes, took it
 * 13 ms (measured), for which every timer had to wait. This many take about 2.
 */
const FRAMES_PER_TURN = 512

/** What went through a device, in frames as the kernel hands them over: a super-frame counts as one. */
export interface TapCounters {
  rxFrames: number
  rxBytes: number
  /** Received but longer than the MTU allows, or with an offload that was not negotiated. */
  rxDropped: number
  txFrames: number
  txBytes: number
  /** The kernel had no room, or this turn of the event loop has had its share: the stack tries again. */
  txFull: number
  /** Frames that can never leave: too long, malformed, or after the device went away. */
  txRefused: number
  /** Lost because the interface was down on the kernel's side, as on a pulled cable. */
  txDropped: number
}

interface TapEvents {
  /** The device went away by itself. Emitted only when somebody listens, so it can never end the process. */
  error: [Error]
  /** Once: with the error, or null after `close()`. */
  close: [Error | null]
}

/**
 * A Linux TAP (medium 'ethernet') or TUN (medium 'ip') interface: the stack is at one end of the wire, the kernel
 * at the other. Keeps the process alive from `attach` to `close`. Made by `openTap` and `openTun`.
 */
export class TapDevice extends EventEmitter<TapEvents> implements LinkDevice {
  readonly medium: 'ethernet' | 'ip'
  readonly mtu: number
  readonly capabilities: LinkCapabilities
  /** The interface's name on the kernel's side. */
  readonly name: string
  /** The interface's index on the kernel's side, in its namespace. */
  readonly hostIndex: number
  /** The link-layer address of the *kernel's* end, like '8e:1f:00:aa:bb:cc'; null for a TUN. */
  readonly hostMac: string | null
  readonly counters: Readonly<TapCounters>

  readonly #libc: Libc
  readonly #fd: number
  readonly #persistent: boolean
  readonly #borrowed: boolean
  readonly #virtio: boolean
  readonly #gro: BulkGro | null
  readonly #counters: TapCounters
  readonly #writer: FrameWriter
  readonly #longestFrame: number
  readonly #maxSuperFrame: number
  readonly #drainNow = (): void => this.#drain()
  /**
   * Reads at once, so that those who are told of it have their turn in this round of the loop. What is thrown is thrown again outside:
   * the binding would hold it back until JavaScript next runs for another reason (measured: until the next timer).
   */
  readonly #onPoll = (status: number, events: PollInterest): void => {
    if (events.writable) this.#hasRoom = true
    if (status < 0) this.#pollFailed = true
    try {
      this.#drain()
    } catch (error) {
      setImmediate(() => {
        throw error
      })
    }
  }
  /**
   * A thread that ends, as by an exception, runs its event loop once more: a frame that is read then ends the whole process, for
   * JavaScript cannot be called any more. And descriptors outlive their thread.
   */
  readonly #onThreadExit = (): void => this.#finish(null)
  readonly #onTurn = (): void => {
    this.#awaitsTurn = false
    this.#outInTurn = 0
    if (this.#open) this.#sink?.onWritable()
  }
  #sink: FrameSink | null = null
  #reader: FrameReader | null = null
  /** Referenced as long as the device is open: collected, it would go silent. */
  #poll: PollHandle | null = null
  #open = true
  #scheduled = false
  #pollFailed = false
  #awaitsRoom = false
  #hasRoom = false
  /** Frames out since a turn began, as far as is known. */
  #outInTurn = 0
  #awaitsTurn = false

  constructor(options: Pick<CheckedOptions, 'medium' | 'mac'>, tun: OpenTun, c: Libc = libc()) {
    super()
    const ethernet = options.medium === 'ethernet'
    const linkHeader = ethernet ? ETHERNET_HEADER : 0
    this.medium = options.medium
    this.mtu = tun.host.mtu
    this.name = tun.name
    this.hostIndex = tun.host.index
    this.hostMac = ethernet ? formatMac(tun.host.mac) : null
    const { checksum, tso4, tso6, uso } = tun.offloads
    this.#maxSuperFrame = tso4 || tso6 ? MAX_IP_PACKET + linkHeader : 0
    this.capabilities = {
      mac: options.mac,
      txChecksum: checksum,
      tso4,
      tso6,
      uso,
      maxSuperFrame: this.#maxSuperFrame,
    }
    this.#libc = c
    this.#fd = tun.fd
    this.#persistent = tun.persistent
    this.#borrowed = tun.borrowed ?? false
    this.#virtio = tun.virtio
    this.#gro = tun.gro === null ? null : new BulkGro(tun.gro)
    this.#longestFrame = this.mtu + linkHeader
    this.#writer = new FrameWriter(c, tun.fd, tun.virtio)
    this.#counters = {
      rxFrames: 0,
      rxBytes: Number.NaN,
      rxDropped: 0,
      txFrames: 0,
      txBytes: Number.NaN,
      txFull: 0,
      txRefused: 0,
      txDropped: 0,
    }
    // The fields are made for floats so, and the 2^31st byte does not change the object's shape.
    this.#counters.rxBytes = 0
    this.#counters.txBytes = 0
    this.counters = this.#counters
  }

  /** Whether frames can still come and go. */
  get isOpen(): boolean {
    return this.#open
  }

  /** Whether the kernel merges what is sent in bulk (the option `gro`). */
  get gro(): boolean {
    return this.#gro !== null
  }

  attach(sink: FrameSink): void {
    if (!this.#open) throw new TapwireError('ENETDOWN', `The device ${this.name} is closed.`)
    if (this.#sink !== null)
      throw new TapwireError('EALREADY', `The device ${this.name} is attached already.`)
    this.#reader = new FrameReader(this.#libc, this.#fd, sink, this.#counters, {
      virtio: this.#virtio,
      linkHeader: this.#longestFrame - this.mtu,
      longest: Math.max(this.#maxSuperFrame, this.#longestFrame) + VLAN_TAG,
    })
    this.#sink = sink
    this.#poll = this.#libc.poll(this.#fd, { readable: true, writable: false }, this.#onPoll)
    if (!isMainThread) process.once('exit', this.#onThreadExit)
  }

  transmit(frame: TxDescriptor): TransmitResult {
    const length = frame.headLength + frame.payloadLength + frame.payload2Length
    if (!this.#open || length > (frame.gso === Gso.None ? this.#longestFrame : this.#maxSuperFrame)) {
      this.#counters.txRefused++
      return TransmitResult.Refused
    }
    if (this.#outInTurn >= FRAMES_PER_TURN) return this.#fullForThisTurn()
    if (this.#writer.write(frame) < 0) return this.#notWritten(frame, this.#libc.errno())
    this.#outInTurn++
    this.#counters.txFrames++
    this.#counters.txBytes += length
    if (this.#gro !== null) this.#gro.note(length)
    return TransmitResult.Sent
  }

  /** Nothing to do: every frame has gone to the kernel already. */
  flush(): void {}

  /** Gives everything back; an interface that was made here is removed. Calling it again does nothing. */
  close(): Promise<void> {
    this.#finish(null)
    return Promise.resolve()
  }

  #fullForThisTurn(): TransmitResult {
    this.#counters.txFull++
    if (!this.#awaitsTurn) {
      this.#awaitsTurn = true
      setImmediate(this.#onTurn)
    }
    return TransmitResult.Full
  }

  #notWritten(frame: TxDescriptor, errno: number): TransmitResult {
    switch (errno) {
      case Errno.EINTR:
        return this.transmit(frame)
      case Errno.EAGAIN:
      case Errno.ENOBUFS:
      case Errno.ENOMEM:
        this.#counters.txFull++
        this.#waitForRoom()
        return TransmitResult.Full
      case Errno.EIO:
        // The interface is down, not gone: frames are lost as on a pulled cable until it comes up again.
        this.#counters.txDropped++
        return TransmitResult.Sent
      case Errno.EBADFD:
      case Errno.EBADF:
      case Errno.ENODEV:
      case Errno.ENXIO:
        // The reader finds out in its own turn: nothing may call back into the sink from here.
        this.#schedule()
    }
    this.#counters.txRefused++
    return TransmitResult.Refused
  }

  #waitForRoom(): void {
    if (this.#awaitsRoom || this.#poll === null) return
    this.#awaitsRoom = true
    this.#poll.start({ readable: true, writable: true }, this.#onPoll)
  }

  /** What went away is told in a turn of its own. */
  #schedule(): void {
    this.#pollFailed = true
    if (this.#scheduled || !this.#open) return
    this.#scheduled = true
    setImmediate(this.#drainNow)
  }

  #drain(): void {
    this.#scheduled = false
    if (!this.#open || this.#reader === null) return
    if (!this.#awaitsTurn) this.#outInTurn = 0
    if (this.#hasRoom) {
      this.#hasRoom = false
      this.#awaitsRoom = false
      this.#poll?.start({ readable: true, writable: false }, this.#onPoll)
      this.#sink?.onWritable()
      if (!this.#open) return
    }
    if (this.#reader.drain() === Drained.Gone) this.#vanished(this.#reader.errno)
    else if (this.#pollFailed) this.#vanished(Errno.EBADFD)
  }

  #vanished(errno: number): void {
    this.#finish(
      new TapwireError(
        'ENETDOWN',
        `The interface ${this.name} is gone: it was deleted on the kernel's side (${errnoName(errno)}).`,
      ),
    )
  }

  #finish(error: Error | null): void {
    if (!this.#open) return
    this.#open = false
    if (!isMainThread) process.off('exit', this.#onThreadExit)
    this.#poll?.close()
    this.#poll = null
    this.#gro?.close()
    if (!this.#borrowed) {
      if (this.#persistent && error === null) clearOffloads(this.#fd, this.#libc)
      this.#libc.close(this.#fd)
    }
    this.#reader?.close()
    this.#sink?.onClosed(error)
    if (error !== null && this.listenerCount('error') > 0) this.emit('error', error)
    this.emit('close', error)
  }
}

/**
 * Opens a TAP interface: a device that carries Ethernet frames to and from the kernel.
 * @throws TapError (see there for codes), TapwireError ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE, ERR_OUT_OF_RANGE
 */
export async function openTap(options: TapOptions = {}): Promise<TapDevice> {
  return open(checkOptions('ethernet', options))
}

/** Opens a TUN interface: a device that carries bare IP packets to and from the kernel. Throws as `openTap`. */
export async function openTun(options: TapOptions = {}): Promise<TapDevice> {
  return open(checkOptions('ip', options))
}

function open(options: CheckedOptions): TapDevice {
  const tun =
    options.netns === null ? openTunFd(options) : runInNetns(options.netns, () => openTunFd(options))
  return new TapDevice(options, tun)
}
