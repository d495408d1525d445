import {
  createCable,
  type Impairment,
  type Interface,
  impair,
  type LinkDevice,
  packets,
  SeededRandom,
  Stack,
  type TcpSettings,
  VirtualClock,
} from '@tapwire/stack'
import type { Host, Wire } from '../learner/wire.ts'
import { askArp } from './arp.ts'
import { DeviceWire } from './device-wire.ts'
import { Failure } from './failure.ts'
import { type Decoded, FrameLog, type FrameRecord, type Side } from './frame-log.ts'
import { drawLadder } from './ladder.ts'

export const YOU: Host = {
  mac: Uint8Array.of(0x02, 0, 0, 0, 0, 0x01),
  ip: Uint8Array.of(10, 0, 0, 1),
}
export const PEER: Host = {
  mac: Uint8Array.of(0x02, 0, 0, 0, 0, 0x02),
  ip: Uint8Array.of(10, 0, 0, 2),
}

/** What the learner's side does not offer either: SYNs that fit into a line. */
const PLAIN: TcpSettings = { timestamps: false, sack: false, windowScaling: false }

export interface WorldOptions {
  /** Milliseconds from one side to the other; default 10. */
  readonly latency?: number
  /** What else the wire does; see `impair` of `@tapwire/stack`. */
  readonly impairment?: Omit<Impairment, 'latency' | 'filter'>
  /** Decides which frames are lost. */
  readonly lose?: (frame: Decoded, from: Side) => boolean
  /** Settings of the peer's TCP, which offers no options but its MSS unless told to. */
  readonly tcp?: TcpSettings
  /** Whether ARP is answered for the learner, and the peer knows the way from the start. Default true. */
  readonly arp?: boolean
  /** Where the peer's secrets come from; default 1. */
  readonly seed?: number
}

/** What the judge has found: the ladder is added by the world. */
export interface WorldFinding {
  readonly what: string
  readonly expected: string
  readonly actual: string
  /** The frame that is wrong; left out where one is missing. */
  readonly frame?: FrameRecord | undefined
}

/** A wire in virtual time with the learner at one end. */
export class Line {
  readonly clock = new VirtualClock()
  /** The other end. */
  protected readonly peerEnd: LinkDevice
  readonly log = new FrameLog()
  readonly #wire: DeviceWire
  protected readonly options: WorldOptions
  #start = 0
  #thrown: { error: unknown } | null = null

  constructor(options: WorldOptions = {}) {
    this.options = options
    const { clock } = this
    const [yours, peers] = createCable({ clock })
    this.peerEnd = peers
    this.#wire = new DeviceWire(
      impair(yours, {
        ...options.impairment,
        clock,
        seed: options.seed ?? 1,
        latency: options.latency ?? 10,
        filter: (bytes, direction) => this.#pass(bytes, direction === 'out' ? 'you' : 'peer'),
      }),
      {
        clock,
        arpFor: options.arp === false ? null : YOU,
        onArrival: (bytes) => {
          const decoded = packets.decodeFrame(bytes)
          this.log.atYourEnd.push({
            at: this.#elapsed,
            from: 'peer',
            bytes: bytes.slice(),
            decoded,
            lost: false,
          })
        },
        onError: (error) => {
          this.#thrown ??= { error }
        },
      },
    )
  }

  /** The learner's end. */
  get wire(): Wire {
    return this.#wire
  }

  /** What happened until now is not part of the story. */
  begin(): void {
    this.#start = this.clock.now()
    this.log.clear()
  }

  /** Lets milliseconds pass. @throws what the learner's code threw */
  run(ms: number): void {
    this.clock.advance(ms)
    this.#rethrow()
  }

  /** Lets time pass until `done`, or for so many milliseconds. @returns whether it is done */
  runUntil(done: () => boolean, ms: number): boolean {
    const end = this.clock.now() + ms * 1000
    while (!done() && this.clock.next <= end && this.#thrown === null) this.clock.step()
    if (!done() && this.#thrown === null) this.clock.advanceTo(end)
    this.#rethrow()
    return done()
  }

  /** As `runUntil`, where somebody takes part who lives in promises and streams. */
  async play(done: () => boolean, ms: number): Promise<boolean> {
    const is = await this.clock.play(() => this.#thrown !== null || done(), ms)
    this.#rethrow()
    return is
  }

  /** Hands the learner a frame that nobody sent: one that was on its way for very long. */
  deliver(bytes: Uint8Array): void {
    this.#pass(bytes, 'peer')
    this.#wire.deliver(bytes)
  }

  /** @throws Failure, with the ladder */
  fail(mistake: string, finding: WorldFinding): never {
    const { what, expected, actual, frame } = finding
    throw new Failure({
      mistake,
      what,
      expected,
      actual,
      ladder: drawLadder(this.shown, { marked: frame, end: { expected, actual } }),
    })
  }

  /** The frames that belong to the story: ARP only where the learner answers it. */
  get shown(): FrameRecord[] {
    const { frames } = this.log
    return this.options.arp === false ? frames : frames.filter(({ decoded }) => decoded.arp === undefined)
  }

  async close(): Promise<void> {
    await this.peerEnd.close()
  }

  /** Has the peer learn where the learner is, without the learner. */
  protected introduce(): void {
    this.clock.advance(1000)
    if (this.options.arp !== false) {
      this.#wire.transmit(askArp(YOU, PEER.ip))
      this.clock.advance(1000)
    }
    this.begin()
  }

  /** Milliseconds since the story began. */
  get #elapsed(): number {
    return (this.clock.now() - this.#start) / 1000
  }

  #pass(bytes: Uint8Array, from: Side): 'pass' | 'drop' {
    const copy = bytes.slice()
    const decoded = packets.decodeFrame(copy)
    const lost = this.options.lose?.(decoded, from) ?? false
    const record: FrameRecord = { at: this.#elapsed, from, bytes: copy, decoded, lost }
    this.log.frames.push(record)
    if (from === 'you') this.log.atYourEnd.push(record)
    return lost ? 'drop' : 'pass'
  }

  #rethrow(): void {
    if (this.#thrown !== null) throw this.#thrown.error
  }
}

/** A line with a host at its other end that has a whole stack. */
export class World extends Line {
  readonly stack: Stack
  readonly peerInterface: Interface

  constructor(options: WorldOptions = {}) {
    super(options)
    this.stack = new Stack({
      clock: this.clock,
      random: new SeededRandom(options.seed ?? 1),
      limits: { memory: 1 << 24 },
      tcp: { ...PLAIN, ...options.tcp },
    })
    this.peerInterface = this.stack.addInterface(this.peerEnd, {
      addresses: [`${PEER.ip.join('.')}/24`],
      mac: packets.macText(PEER.mac),
      linkLocal: false,
      conflictDetection: 'off',
    })
    this.introduce()
  }

  override async close(): Promise<void> {
    await this.stack.close()
  }
}

/** A line with the judge itself at the other end, who says exactly what it wants to. */
export class ScriptedLine extends Line {
  readonly #peer: DeviceWire

  constructor(options: WorldOptions = {}) {
    super(options)
    this.#peer = new DeviceWire(this.peerEnd, {
      clock: this.clock,
      arpFor: PEER,
      onError: (error) => {
        throw error
      },
    })
  }

  /** Puts a frame on the wire and lets it arrive, with whatever the learner answers at once. */
  say(frame: Uint8Array): void {
    this.#peer.transmit(frame)
    this.run(3 * (this.options.latency ?? 10))
  }
}
