import {
  type FrameSink,
  type LinkDevice,
  maxFrameLength,
  RxFrame,
  TapwireError,
  WrappedDevice,
} from '@tapwire/stack'
import type { SiblingPort } from './messages.ts'
import { concernsAll } from './placing.ts'
import { type FrameMessage, type Search, Siblings } from './siblings.ts'

/** An 802.1Q tag may stand in a frame beyond the MTU. */
const VLAN_TAG = 4

/**
 * A queue's device as its stack sees it, next to the stack: what concerns all stacks of the group is copied to the others, and what
 * belongs to another is handed on as the stack asks for it (`takeStray`). What they send comes in as if from the kernel.
 */
export class QueueDevice extends WrappedDevice {
  readonly siblings: Siblings
  readonly #longest: number
  readonly #injected = new RxFrame()
  #block = -1
  /** The frame that is being delivered, and what is known of the search for its owner. */
  #current: RxFrame | null = null
  #search: Search | null = null
  #copy = false

  constructor(device: LinkDevice, own: number, ports: readonly SiblingPort[]) {
    super(device)
    this.#longest = Math.max(maxFrameLength(device), device.capabilities.maxSuperFrame) + VLAN_TAG
    this.siblings = new Siblings(own, ports, (message) => this.#receive(message))
  }

  override attach(sink: FrameSink): void {
    const block = sink.memory.allocate(this.#longest)
    if (block < 0) throw new TapwireError('ENOMEM', 'No memory is left for a receive block')
    super.attach(sink)
    this.#block = block
  }

  override onFrame(frame: RxFrame): void {
    const { memory } = this
    if (concernsAll(memory.view, frame.offset, frame.length, this.medium)) {
      this.siblings.share(memory.copyOut(frame.offset, frame.length), frame.checksum, frame.gsoSize)
    }
    this.#deliver(frame, null, false)
  }

  override onClosed(error: Error | null): void {
    if (this.#block >= 0) this.memory.free(this.#block)
    this.#block = -1
    this.siblings.close()
    super.onClosed(error)
  }

  /** The frame that is being delivered belongs to nothing here. @returns whether another stack has it now */
  readonly takeStray = (): boolean => {
    const frame = this.#current
    if (frame === null || this.#copy) return false
    const { checksum, gsoSize, offset, length } = frame
    return this.siblings.passOn(
      { bytes: this.memory.copyOut(offset, length), checksum, gsoSize },
      this.#search,
    )
  }

  #receive({ bytes, checksum, gsoSize, search }: FrameMessage): void {
    if (this.#block < 0 || bytes.length > this.#longest) {
      this.siblings.counters.notTaken++
      return
    }
    this.memory.copyIn(this.#block, bytes)
    const frame = this.#injected
    frame.offset = this.#block
    frame.length = bytes.length
    frame.checksum = checksum
    frame.gsoSize = gsoSize
    this.#deliver(frame, search, search === null)
    this.sink?.onBurstEnd()
  }

  #deliver(frame: RxFrame, search: Search | null, copy: boolean): void {
    this.#current = frame
    this.#search = search
    this.#copy = copy
    this.sink?.onFrame(frame)
    this.#current = null
  }
}
