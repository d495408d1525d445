import {
  createCable,
  type FrameFate,
  type FrameSink,
  type ImpairedDevice,
  type Impairment,
  impair,
  Memory,
  type RxFrame,
  TransmitResult,
  TxDescriptor,
  type VirtualClock,
} from '@tapwire/stack'
import type { LossCause } from '../recording.ts'
import type { HostName, LinkSettings, Way } from '../scenario.ts'
import { other } from './addresses.ts'
import type { Recorder } from './recorder.ts'
import { type Segment, wayFrom } from './segment.ts'

/** What a frame that has come through the line is handed to. */
export interface LineEnd {
  arrive(segment: Segment, frame: Uint8Array): void
  endBurst(): void
  writable(): void
}

/** Least and most memory for the frames of one way, which may take an eighth of it. */
const LEAST_MEMORY = 32 * 1024 * 1024
const MOST_MEMORY = 512 * 1024 * 1024
const HEADROOM = 64

/** What ends a frame's way, in the recording's words. */
const LOSSES: { readonly [F in FrameFate]?: LossCause } = {
  lost: 'loss',
  queueDropped: 'queue',
  codelDropped: 'codel',
  policed: 'policer',
  tooBig: 'mtu',
  filtered: 'dropped',
  scriptDropped: 'dropped',
  overflowed: 'queue',
  refused: 'gone',
}

/** Enough for all that such a way can hold, with a frame in each block of 2 KiB. */
function memoryFor({ bandwidth = 0, latency, queue = 100 }: LinkSettings): number {
  const packets = (bandwidth * latency) / 8000 / 1000 + queue
  let size = LEAST_MEMORY
  while (size < MOST_MEMORY && size / 8 < packets * 2048) size *= 2
  return size
}

function impairmentOf(settings: LinkSettings): Impairment {
  const {
    latency,
    jitter = 0,
    reorderBy = Math.max(1, latency / 4),
    queue = 100,
    codel = false,
    ecn = false,
  } = settings
  const { bandwidth = Number.POSITIVE_INFINITY, loss = 0, reorder = 0, duplicate = 0, corrupt = 0 } = settings
  return {
    latency,
    jitter,
    bandwidth,
    queue: { packets: queue },
    codel,
    ecn,
    loss,
    reorder,
    // Later by nothing would be no reordering.
    reorderDelay: Math.max(0.001, reorderBy),
    duplicate,
    corrupt,
  }
}

/** One end of the line, from which one way leads: what it sends fares as `impair` has it, and its fate is recorded. */
export class LineSender implements FrameSink {
  readonly memory: Memory
  readonly #way: Way
  readonly #recorder: Recorder
  readonly #device: ImpairedDevice
  readonly #descriptor: TxDescriptor
  readonly #buffer: number
  /** By the link's number of the frame: the segment, and copies of it. */
  readonly #onTheWay = new Map<number, Segment[]>()
  /** What has left the link and not come yet, oldest first. */
  readonly arriving: Segment[] = []
  #waitingPackets = 0
  #waitingBytes = 0
  #end: LineEnd | null = null
  /** The other end: what comes here has been sent by it. */
  peer: LineSender | null = null

  constructor(
    host: HostName,
    device: Parameters<typeof impair>[0],
    clock: VirtualClock,
    seed: number,
    settings: LinkSettings,
    recorder: Recorder,
  ) {
    this.memory = new Memory(memoryFor(settings))
    this.#way = wayFrom(host)
    this.#recorder = recorder
    this.#device = impair(device, {
      clock,
      seed,
      direction: 'out',
      onFate: (_, frame, fate, time) => this.#fate(frame, fate, time / 1000),
      ...impairmentOf(settings),
    })
    this.#descriptor = new TxDescriptor(this.memory)
    this.#buffer = this.memory.allocate(4096) + HEADROOM
    this.#device.attach(this)
  }

  attachEnd(end: LineEnd): void {
    this.#end = end
  }

  change(settings: LinkSettings): void {
    this.#device.set(impairmentOf(settings))
  }

  /** Sends a segment with these bytes, which may differ from what it was. @returns false: there is no room now */
  send(segment: Segment, frame: Uint8Array): boolean {
    const number = this.#device.stats.out.frames
    this.memory.copyIn(this.#buffer, frame)
    this.#descriptor.reset(this.#buffer)
    this.#descriptor.headLength = frame.length
    this.#onTheWay.set(number, [segment])
    if (this.#device.transmit(this.#descriptor) === TransmitResult.Sent) return true
    this.#onTheWay.delete(number)
    return false
  }

  onFrame(frame: RxFrame): void {
    const segment = this.peer?.arriving.shift()
    if (segment === undefined) return
    // Where it lies: whoever takes it copies it at once.
    this.#end?.arrive(segment, this.memory.u8.subarray(frame.offset, frame.offset + frame.length))
    // No line delivers two at the same moment: each is a burst of its own, even where it takes no time to send.
    this.#end?.endBurst()
  }

  onBurstEnd(): void {}

  onWritable(): void {
    this.#end?.writable()
  }

  onClosed(): void {}

  #fate(frame: number, fate: FrameFate, at: number): void {
    const segments = this.#onTheWay.get(frame)
    if (segments === undefined) return
    const [segment] = segments
    switch (fate) {
      case 'duplicated':
        segments.push(this.#recorder.copied(segment))
        return
      case 'corrupted':
        segment.damaged = true
        return
      case 'marked':
        segment.marked = true
        return
      case 'queued':
      case 'dequeued':
        this.#waiting(fate === 'queued' ? 1 : -1, segment, at)
        return
      case 'reordered':
        return
      case 'delivered':
        this.arriving.push(segment)
        break
      default:
        if (fate === 'codelDropped') this.#waiting(-1, segment, at)
        this.#recorder.lost(segment, LOSSES[fate] ?? 'loss', at)
    }
    segments.shift()
    if (segments.length === 0) this.#onTheWay.delete(frame)
  }

  #waiting(change: 1 | -1, { frameLength }: Segment, at: number): void {
    this.#waitingPackets += change
    this.#waitingBytes += change * frameLength
    this.#recorder.queued(this.#way, this.#waitingPackets, this.#waitingBytes, at)
  }
}

/** The line between two hosts, bad in each direction on its own. */
export function createLine(
  clock: VirtualClock,
  seed: number,
  link: Readonly<Record<Way, LinkSettings>>,
  recorder: Recorder,
): Record<HostName, LineSender> {
  // Deep enough for all that may come out of the link at one moment.
  const [a, b] = createCable({ clock, queue: { frames: 16_384, bytes: 8 * 1024 * 1024 } })
  const line = {
    A: new LineSender('A', a, clock, seed, link['A→B'], recorder),
    B: new LineSender('B', b, clock, seed + 1, link['B→A'], recorder),
  }
  for (const host of ['A', 'B'] as const) line[host].peer = line[other(host)]
  return line
}
