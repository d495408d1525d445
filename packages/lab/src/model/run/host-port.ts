import {
  type FrameSink,
  type LinkCapabilities,
  type LinkDevice,
  NO_OFFLOADS,
  RxFrame,
  TransmitResult,
  type TxDescriptor,
} from '@tapwire/stack'

const LONGEST = 1514

/** What a host's network card tells the world around it. */
export interface PortOwner {
  /** A frame leaves the host. It is the owner's. @returns false when there is no room now */
  leave(frame: Uint8Array): boolean
}

/** The network card of a simulated host: frames go out to its owner as copies, and come in by `deliver`. */
export class HostPort implements LinkDevice {
  readonly medium = 'ethernet'
  readonly mtu = 1500
  readonly capabilities: LinkCapabilities
  /** The power has failed: nothing leaves, and nobody takes what comes. */
  dead = false
  readonly #owner: PortOwner
  readonly #frame = new RxFrame()
  #sink: FrameSink | null = null
  #block = 0

  constructor(mac: Uint8Array, owner: PortOwner) {
    this.capabilities = { ...NO_OFFLOADS, mac }
    this.#owner = owner
  }

  attach(sink: FrameSink): void {
    this.#sink = sink
    this.#block = sink.memory.allocate(2 * LONGEST)
  }

  transmit(frame: TxDescriptor): TransmitResult {
    if (this.dead) return TransmitResult.Sent
    const { length, memory } = frame
    const at = this.#block + LONGEST
    frame.copyTo(memory, at)
    return this.#owner.leave(memory.copyOut(at, length)) ? TransmitResult.Sent : TransmitResult.Full
  }

  flush(): void {}

  close(): Promise<void> {
    return Promise.resolve()
  }

  /** To be followed by `endBurst`. */
  deliver(frame: Uint8Array): void {
    const sink = this.#sink
    if (sink === null || this.dead) return
    sink.memory.copyIn(this.#block, frame)
    this.#frame.offset = this.#block
    this.#frame.length = frame.length
    this.#frame.gsoSize = 0
    this.#frame.checksum = 0
    sink.onFrame(this.#frame)
  }

  endBurst(): void {
    if (!this.dead) this.#sink?.onBurstEnd()
  }

  /** There is room again. */
  writable(): void {
    if (this.dead) return
    this.#sink?.onWritable()
    this.#sink?.onBurstEnd()
  }
}
