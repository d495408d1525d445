import { TapwireError } from '../core/errors.ts'
import type { Memory } from '../core/memory.ts'
import { completeChecksum, completeChecksumAt } from './checksum-offload.ts'
import {
  type FrameSink,
  Gso,
  type LinkCapabilities,
  type LinkDevice,
  maxFrameLength,
  RxChecksum,
  RxFrame,
  TransmitResult,
  TxDescriptor,
} from './device.ts'
import { checkChanges, checkDirection, checkOptions, resolveImpairment } from './impair-check.ts'
import type { Direction, Impairment, ImpairOptions } from './impair-options.ts'
import type { ImpairStats } from './impair-stats.ts'
import { ImpairedPath, type PathOwner } from './impaired-path.ts'
import { clockOf } from './memory-link.ts'
import { Segmenter } from './segment.ts'
import { tooBigErrorLength, writeTooBigError } from './too-big.ts'
import { withoutOffloadCapabilities } from './without-offloads.ts'

/** A device whose frames are lost, delayed, reordered, repeated or damaged on purpose. */
export interface ImpairedDevice extends LinkDevice {
  /** Counters, `in` for received and `out` for transmitted frames. */
  readonly stats: { readonly in: Readonly<ImpairStats>; readonly out: Readonly<ImpairStats> }
  /** Frames that are on the way now. */
  readonly onTheWay: { readonly in: number; readonly out: number }
  /** Bytes that wait for `bandwidth` now, besides the frame being sent. */
  readonly waiting: { readonly in: number; readonly out: number }
  /**
   * Changes what is given and leaves the rest, from the next frame on.
   * @param direction default: what `impair` was given
   * @throws ERR_OUT_OF_RANGE, ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE; nothing has changed then
   */
  set(changes: Impairment, direction?: Direction | 'both'): void
}

/**
 * Wraps a device so that its frames fare as on a bad link, each direction with a state of its own; see `Impairment`
 * for what can happen to them. It works on the frames of a wire: it offers no offloads, cuts received super-frames
 * and completes checksums, so that damage can be seen. The same seed gives the same fate to the same frames.
 *
 * @throws ERR_OUT_OF_RANGE, ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE for options out of their range
 */
export function impair(device: LinkDevice, options: ImpairOptions = {}): ImpairedDevice {
  return new Impaired(device, options)
}

class Impaired implements ImpairedDevice, FrameSink, PathOwner {
  readonly medium: LinkDevice['medium']
  readonly mtu: number
  readonly capabilities: LinkCapabilities
  readonly stats: { readonly in: ImpairStats; readonly out: ImpairStats }
  readonly #device: LinkDevice
  readonly #direction: Direction | 'both'
  readonly #longest: number
  readonly #in: ImpairedPath
  readonly #out: ImpairedPath
  readonly #segmenter = new Segmenter()
  readonly #rx = new RxFrame()
  #tx: TxDescriptor | null = null
  #sink: FrameSink | null = null
  /** `Full` was answered, and `onWritable` is owed. */
  #wantsRoom = false
  #closed = false
  /** The device is gone; the sink is told when it has been given what was on the way. */
  #ending = false
  #error: Error | null = null

  constructor(device: LinkDevice, options: ImpairOptions) {
    this.#device = device
    this.medium = device.medium
    this.mtu = device.mtu
    this.capabilities = withoutOffloadCapabilities(device)
    this.#longest = maxFrameLength(device)
    checkOptions(options)
    const clock = clockOf(options.clock)
    const seed = options.seed ?? 1
    const listener = options.onFate ?? null
    this.#in = new ImpairedPath('in', clock, seed, this.#longest, this, listener)
    this.#out = new ImpairedPath('out', clock, seed, this.#longest, this, listener)
    this.#direction = options.direction ?? 'both'
    this.stats = { in: this.#in.stats, out: this.#out.stats }
    this.#change(options, this.#direction)
  }

  get onTheWay(): { in: number; out: number } {
    return { in: this.#in.framesOnTheWay, out: this.#out.framesOnTheWay }
  }

  get waiting(): { in: number; out: number } {
    return { in: this.#in.waitingBytes, out: this.#out.waitingBytes }
  }

  get memory(): Memory {
    return (this.#sink as FrameSink).memory
  }

  set(changes: Impairment, direction: Direction | 'both' = this.#direction): void {
    checkChanges(changes)
    checkDirection(direction)
    this.#change(changes, direction)
  }

  attach(sink: FrameSink): void {
    if (this.#sink !== null)
      throw new TapwireError('EALREADY', 'This device already has somebody attached to it')
    if (this.#closed) throw new TapwireError('ENETDOWN', 'This device has been closed')
    this.#sink = sink
    this.#tx = new TxDescriptor(sink.memory)
    this.#in.open(sink.memory)
    this.#out.open(sink.memory)
    try {
      this.#device.attach(this)
    } catch (error) {
      this.#sink = null
      throw error
    }
  }

  transmit(frame: TxDescriptor): TransmitResult {
    const out = this.#out
    if (this.#closed || this.#ending || this.#sink === null) return TransmitResult.Refused
    if (out.blocked) {
      this.#wantsRoom = true
      return TransmitResult.Full
    }
    if (frame.gso !== Gso.None) return this.#transmitSegments(frame)
    const length = frame.length
    if (length === 0 || length > this.#longest) return TransmitResult.Refused
    if (frame.checksumStart < 0 && out.transparent) return this.#pass(frame)
    const slot = out.take(length)
    if (slot >= 0) {
      const at = out.offsetOf(slot)
      frame.copyTo(this.memory, at)
      if (frame.checksumStart >= 0) {
        completeChecksumAt(this.memory.view, at, length, frame.checksumStart, frame.checksumOffset)
      }
      out.admit(slot)
      out.run()
    }
    return TransmitResult.Sent
  }

  flush(): void {
    this.#device.flush()
  }

  close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true
      this.#in.close()
      this.#out.close()
      if (this.#ending) this.#sink?.onClosed(this.#error)
    }
    return this.#device.close()
  }

  onFrame(frame: RxFrame): void {
    if (this.#closed) return
    const path = this.#in
    const memory = this.memory
    if (frame.gsoSize > 0) {
      this.#receiveSegments(frame)
      return
    }
    if (frame.checksum === RxChecksum.Partial) {
      completeChecksum(memory.view, frame.offset, frame.length, this.medium)
    }
    frame.checksum = RxChecksum.Unverified
    if (path.transparent) {
      path.passed(frame.length)
      this.#sink?.onFrame(frame)
      return
    }
    const slot = path.take(frame.length)
    if (slot < 0) return
    memory.move(path.offsetOf(slot), frame.offset, frame.length)
    path.admit(slot)
    path.run()
  }

  onBurstEnd(): void {
    if (!this.#closed) this.#sink?.onBurstEnd()
  }

  onWritable(): void {
    this.#outDue()
  }

  onClosed(error: Error | null): void {
    if (this.#ending) return
    this.#out.close()
    this.#error = error
    if (this.#closed || this.#in.idle) {
      this.#ending = true
      this.#closed = true
      this.#in.close()
      this.#sink?.onClosed(error)
    } else this.#ending = true
  }

  forward(direction: Direction, offset: number, length: number): boolean {
    return direction === 'in' ? this.#receive(offset, length) : this.#send(offset, length)
  }

  due(direction: Direction): void {
    if (direction === 'in') this.#inDue()
    else this.#outDue()
  }

  tooBig(direction: Direction, offset: number, length: number, mtu: number): void {
    const errorLength = tooBigErrorLength(this.memory, offset, length, this.medium)
    if (errorLength === 0) return
    const path = direction === 'in' ? this.#in : this.#out
    const back = direction === 'in' ? this.#out : this.#in
    const slot = back.takeOwn(errorLength)
    if (slot < 0) return
    path.stats.tooBigReported++
    writeTooBigError(this.memory, offset, this.medium, mtu, back.offsetOf(slot), errorLength)
    back.inject(slot)
  }

  #change(changes: Impairment, direction: Direction | 'both'): void {
    // Both are checked before either changes.
    const incoming = direction === 'out' ? null : resolveImpairment(changes, this.#in.impairment)
    const outgoing = direction === 'in' ? null : resolveImpairment(changes, this.#out.impairment)
    if (incoming !== null) this.#in.change(incoming)
    if (outgoing !== null) this.#out.change(outgoing)
  }

  /** Nothing happens to this frame, so the device's answer is the answer. */
  #pass(frame: TxDescriptor): TransmitResult {
    const result = this.#device.transmit(frame)
    if (result === TransmitResult.Sent) this.#out.passed(frame.length)
    else if (result === TransmitResult.Full) this.#wantsRoom = true
    return result
  }

  #transmitSegments(frame: TxDescriptor): TransmitResult {
    const count = this.#segmenter.startDescriptor(frame, this.medium)
    if (count === 0 || this.#segmenter.longest > this.#longest) return TransmitResult.Refused
    this.#admitSegments(this.#out, count)
    return TransmitResult.Sent
  }

  #receiveSegments(frame: RxFrame): void {
    const count = this.#segmenter.startFrame(this.memory, frame, this.medium)
    if (count === 0 || this.#segmenter.longest > this.#longest) {
      this.#in.stats.malformed++
      return
    }
    this.#admitSegments(this.#in, count)
  }

  #admitSegments(path: ImpairedPath, count: number): void {
    const segmenter = this.#segmenter
    for (let i = 0; i < count && !this.#closed; i++) {
      const slot = path.take(segmenter.lengthOf(i))
      if (slot < 0) continue
      segmenter.write(i, this.memory, path.offsetOf(slot))
      path.admit(slot)
      path.run()
    }
  }

  #receive(offset: number, length: number): boolean {
    const frame = this.#rx
    frame.offset = offset
    frame.length = length
    frame.checksum = RxChecksum.Unverified
    frame.gsoSize = 0
    this.#sink?.onFrame(frame)
    return true
  }

  #send(offset: number, length: number): boolean {
    const frame = this.#tx as TxDescriptor
    frame.reset(offset)
    frame.headLength = length
    const result = this.#device.transmit(frame)
    if (result === TransmitResult.Refused) this.#out.stats.refused++
    return result !== TransmitResult.Full
  }

  #inDue(): void {
    if (this.#closed) return
    if (this.#in.run() > 0) this.#sink?.onBurstEnd()
    if (!this.#ending || this.#closed || !this.#in.idle) return
    this.#closed = true
    this.#in.close()
    this.#sink?.onClosed(this.#error)
  }

  #outDue(): void {
    if (this.#closed) return
    if (this.#out.run() > 0) this.#device.flush()
    if (!this.#wantsRoom || this.#out.blocked) return
    this.#wantsRoom = false
    this.#sink?.onWritable()
  }
}
