/**
 * Moves segments through one stack and tells, as JSON, what that cost in garbage. It runs in a process of its own, bundled, so
 * that nothing but the stack can have made any; virtual time and a seed make each run the same.
 */
import { culpritsOf, type Garbage, garbageOf } from '../garbage.ts'
import { startTraffic, type TrafficOrder } from './traffic.ts'

export interface Order extends TrafficOrder {
  /** Segments to be counted, and those before them that are not. */
  readonly segments: number
  readonly warmUp: number
}

export interface Cost extends Garbage {
  readonly segments: number
  readonly bytes: number
  readonly retransmitted: number
  /** Who allocated, in bytes a segment, in a further run that is not measured. */
  readonly culprits: readonly string[]
}

async function measure(order: Order): Promise<Cost> {
  const { segments, bytes, step, stack } = startTraffic(order)
  const { counters } = stack.tcp
  const move = (count: number): number => {
    const from = segments()
    while (segments() < from + count) step()
    return segments() - from
  }
  move(order.warmUp)
  const before = { bytes: bytes(), retransmitted: counters.retransmitted }
  let moved = 0
  const garbage = await garbageOf(() => {
    moved = move(order.segments)
  })
  return {
    ...garbage,
    segments: moved,
    bytes: bytes() - before.bytes,
    retransmitted: counters.retransmitted - before.retransmitted,
    culprits: culpritsOf(() => move(order.segments / 4)),
  }
}

const [, , text = '{}'] = process.argv
console.log(JSON.stringify(await measure(JSON.parse(text) as Order)))
