/**
 * How much processor time a segment takes, in units of a loop that is none of the stack's: what machine this is, and who else
 * is using it, is in both. Writes JSON; runs in a process of its own, bundled, as `segments.child.ts`.
 */
import type { FrameSink, LinkDevice, TransmitResult, TxDescriptor } from '../../src/index.ts'
import { garbageOf } from '../garbage.ts'
import { startTraffic, type TrafficOrder } from './traffic.ts'

export interface SpeedOrder extends TrafficOrder {
  /** In each repetition. */
  readonly segments: number
  readonly repetitions: number
  /** Bytes of each frame that a slow device looks at, one by one; 0 for none. */
  readonly slowBy: number
}

export interface Speed {
  /** The calibration loops that one segment takes, of the fastest repetition of each. */
  readonly loops: number
  readonly nanoseconds: number
  /** Bytes left in the heap for each segment. */
  readonly garbage: number
}

const WARM_UP = 300_000
const LOOPS = 300
const SIZE = 1460
const block = new Uint8Array(4 * SIZE)
const view = new DataView(block.buffer)
const table = new Map<number, { count: number }>()
for (let i = 0; i < 64; i++) table.set(i * 7919, { count: 0 })

/** What a stack does, done otherwise: reading by a view, moving bytes, looking up, counting in objects. */
function calibrationLoop(i: number): number {
  let sum = 0
  for (let at = 0; at < SIZE; at += 4) sum = (sum + view.getInt32(at)) | 0
  block.copyWithin(SIZE, 0, SIZE)
  for (let k = 0; k < 16; k++) {
    const entry = table.get(((i + k) & 63) * 7919)!
    entry.count = (entry.count + sum) & 0xffff
    sum ^= entry.count
  }
  view.setInt32(i & 1023, sum)
  return sum
}

let kept = 0

function calibrate(): number {
  return nanosecondsOf(() => {
    for (let i = 0; i < LOOPS; i++) kept ^= calibrationLoop(i)
    return LOOPS
  })
}

/** Of this process only: what others take does not count. @param work returns how many things it has done */
function nanosecondsOf(work: () => number): number {
  const before = process.cpuUsage()
  let done = 0
  // Processor time is told in steps; a repetition is long enough for them not to matter.
  do done += work()
  while (process.cpuUsage(before).user < 2000)
  const { user, system } = process.cpuUsage(before)
  return ((user + system) * 1000) / done
}

/** A device that dawdles over every frame. */
class Slow implements LinkDevice {
  readonly #device: LinkDevice
  readonly #bytes: number
  #seen = 0

  constructor(device: LinkDevice, bytes: number) {
    this.#device = device
    this.#bytes = bytes
  }

  get medium(): LinkDevice['medium'] {
    return this.#device.medium
  }

  get mtu(): number {
    return this.#device.mtu
  }

  get capabilities(): LinkDevice['capabilities'] {
    return this.#device.capabilities
  }

  attach(sink: FrameSink): void {
    this.#device.attach(sink)
  }

  transmit(frame: TxDescriptor): TransmitResult {
    const { u8 } = frame.memory
    for (let i = 0; i < this.#bytes; i++) this.#seen = (this.#seen + u8[frame.headOffset + (i & 15)]) | 0
    return this.#device.transmit(frame)
  }

  flush(): void {
    this.#device.flush()
  }

  close(): Promise<void> {
    return this.#device.close()
  }
}

async function measure(order: SpeedOrder): Promise<Speed> {
  const { slowBy, segments, repetitions } = order
  const traffic = startTraffic(order, (device) => (slowBy > 0 ? new Slow(device, slowBy) : device))
  const move = (count: number): number => {
    const from = traffic.segments()
    while (traffic.segments() < from + count) traffic.step()
    return traffic.segments() - from
  }
  move(WARM_UP)
  for (let i = 0; i < 20; i++) calibrate()
  let [segment, loop] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  for (let i = 0; i < repetitions; i++) {
    loop = Math.min(loop, calibrate())
    segment = Math.min(
      segment,
      nanosecondsOf(() => move(segments)),
    )
  }
  // What is compiled late leaves something once; what is made for every segment is there every time.
  let garbage = Number.POSITIVE_INFINITY
  for (let i = 0; i < 3; i++) {
    let moved = 0
    const { heapGrowth } = await garbageOf(() => {
      moved = move(segments * 5)
    })
    garbage = Math.min(garbage, heapGrowth / moved)
  }
  return { loops: segment / loop, nanoseconds: segment, garbage }
}

const [, , text = '{}'] = process.argv
const speed = await measure(JSON.parse(text) as SpeedOrder)
console.log(JSON.stringify(kept === 0.5 ? null : speed))
