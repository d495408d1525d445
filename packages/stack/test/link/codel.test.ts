import { describe, expect, test } from 'vitest'
import { Codel, type CodelQueue } from '../../src/link/codel.ts'
import { numbered, packet } from './helpers.ts'
import { ecnOf, impaired } from './impaired.ts'

const TARGET = 5000
const INTERVAL = 100_000
const MAX_PACKET = 1514

/** A queue whose frames have all waited for as long as the test says. */
class StandingQueue implements CodelQueue {
  bytes = 1_000_000
  sojourn = 2 * TARGET
  now = 0
  readonly ecn: boolean
  readonly drops: number[] = []
  readonly marks: number[] = []
  #next = 0

  constructor(ecn = false) {
    this.ecn = ecn
  }

  get shiftedAt(): number {
    return this.now - this.sojourn
  }

  shift(): number {
    return this.#next++
  }

  mark(): boolean {
    if (this.ecn) this.marks.push(this.now)
    return this.ecn
  }

  drop(): void {
    this.drops.push(this.now)
  }

  /** Takes a frame every millisecond until `end`, in microseconds. */
  run(codel: Codel, end: number): void {
    for (; this.now < end; this.now += 1000) codel.dequeue(this, this.now)
  }
}

/** When a queue that stands from `start` loses its n-th frame (n from 0): the sum of interval / sqrt(k). */
function dropTimes(start: number, end: number, count = 1): number[] {
  const times: number[] = []
  let exact = start
  for (let k = count; ; k++) {
    const at = Math.ceil(exact / 1000) * 1000
    if (at >= end) return times
    times.push(at)
    exact += INTERVAL / Math.sqrt(k)
  }
}

describe('RFC 8289: CoDel', () => {
  test.each([false, true])('section 5.4: drops come at the times of the control law (marks: %s)', (ecn) => {
    const queue = new StandingQueue(ecn)
    queue.run(new Codel(TARGET, INTERVAL, MAX_PACKET), 5_000_000)
    const expected = dropTimes(INTERVAL, 5_000_000)
    expect(ecn ? queue.marks : queue.drops).toEqual(expected)
    expect(ecn ? queue.drops : queue.marks).toEqual([])
    expect(expected.length).toBeGreaterThan(500)
    expect(expected.slice(0, 5)).toEqual([100_000, 200_000, 271_000, 329_000, 379_000])
  })

  test('section 5.2: nothing is dropped while the delay is below target, or not for an interval at a time', () => {
    const queue = new StandingQueue()
    const codel = new Codel(TARGET, INTERVAL, MAX_PACKET)
    queue.sojourn = TARGET - 1
    queue.run(codel, 1_000_000)
    for (let i = 0; i < 50; i++) {
      queue.sojourn = 10 * TARGET
      queue.run(codel, queue.now + 99_000)
      queue.sojourn = TARGET - 1
      queue.run(codel, queue.now + 1000)
    }
    expect(queue.drops).toEqual([])
  })

  test('section 5.2: one frame that waits is no queue, however long it waited', () => {
    const queue = new StandingQueue()
    queue.bytes = MAX_PACKET
    queue.sojourn = 100 * TARGET
    const codel = new Codel(TARGET, INTERVAL, MAX_PACKET)
    queue.run(codel, 2_000_000)
    expect(queue.drops).toEqual([])
    queue.bytes = MAX_PACKET + 1
    queue.run(codel, 2_101_000)
    expect(queue.drops).toEqual([2_100_000])
  })

  test('section 5.5: dropping ends when the delay falls, and soon after goes on at the last rate', () => {
    for (const [pause, remembered] of [
      [200_000, true],
      [3_000_000, false],
    ] as const) {
      const queue = new StandingQueue()
      const codel = new Codel(TARGET, INTERVAL, MAX_PACKET)
      queue.run(codel, 1_000_000)
      const count = queue.drops.length
      expect(count).toBeGreaterThan(20)
      queue.sojourn = TARGET / 2
      queue.run(codel, 1_000_000 + pause)
      expect(queue.drops.length).toBe(count)
      queue.sojourn = 2 * TARGET
      const again = queue.now
      queue.run(codel, again + 500_000)
      // RFC 8289 section 5.5: count goes on from what it has grown by in the last dropping state.
      const from = remembered ? count - 1 : 1
      expect(queue.drops.slice(count)).toEqual(dropTimes(again + INTERVAL, again + 500_000, from))
    }
  })

  test('section 5.5: a link slower than the control law drops several frames for one that is sent', () => {
    const queue = new StandingQueue()
    const codel = new Codel(TARGET, INTERVAL, MAX_PACKET)
    for (; queue.now < 20_000_000; queue.now += 50_000) codel.dequeue(queue, queue.now)
    const perTurn = queue.drops.filter((at) => at === queue.drops.at(-1)).length
    expect(perTurn).toBeGreaterThan(5)
    const exact = dropTimes(INTERVAL, 20_000_000 - 49_000).length
    expect(Math.abs(queue.drops.length - exact)).toBeLessThan(perTurn * 2)
  })
})

describe('a bottleneck with CoDel', () => {
  /** One frame of 1,000 bytes is sent every millisecond; five come every four. */
  function overload(options: object, milliseconds: number, frame = (i: number) => numbered(i, 1000)) {
    const t = impaired({ bandwidth: 8e6, queue: 8 << 20, ...options })
    for (let i = 0; i < milliseconds / 0.8; i++) {
      t.near.send(frame(i))
      t.clock.advance(0.8)
    }
    return t
  }

  test('the first drop comes an interval after the delay has reached the target, and the head goes', () => {
    // Frame i comes at 0.8 i and is sent from i on: it waits for 0.2 i, so frame 25 has waited for 5 ms at 25 ms.
    const before = overload({ codel: true }, 124)
    expect(before.stats.out.codelDropped).toBe(0)
    const { stats, far, clock } = overload({ codel: true }, 200)
    expect(stats.out.codelDropped).toBe(1)
    clock.advance(1000)
    const missing = far.sink.numbers.findIndex((number, i) => number !== i)
    expect(missing).toBe(125)
  })

  test('target and interval are the user’s', () => {
    const { clock, far, stats } = overload({ codel: { target: 1, interval: 20 } }, 30)
    expect(stats.out.codelDropped).toBe(1)
    clock.advance(1000)
    // The target is met from frame 5 on, but two frames, more than the longest one, wait from frame 9 on.
    expect(far.sink.numbers.findIndex((number, i) => number !== i)).toBe(29)
  })

  test('what is dropped and what is delivered is all there was; nothing is left over', () => {
    const { stats, clock, bad } = overload({ codel: true }, 3000)
    clock.advance(5000)
    const { frames, delivered, codelDropped, queued, sojournMost } = stats.out
    expect(delivered + codelDropped).toBe(frames)
    expect(codelDropped).toBeGreaterThan(50)
    expect(queued).toBe(delivered - 1)
    expect(sojournMost).toBeGreaterThan(20_000)
    expect(bad.onTheWay.out).toBe(0)
  })

  test('a link that is just busy enough loses nothing', () => {
    const { near, clock, stats } = impaired({ bandwidth: 8e6, codel: true })
    for (let i = 0; i < 3000; i++) {
      near.send(numbered(i, 1000))
      near.send(numbered(i, 1000))
      clock.advance(2)
    }
    expect(stats.out).toMatchObject({ frames: 6000, delivered: 6000, codelDropped: 0 })
  })

  test('with ecn it marks where it would drop, and drops what cannot be marked', () => {
    const capable = packet({ payload: 946 })
    const plain = Uint8Array.from(capable)
    capable[15] |= 2
    // The checksum of the header goes with it.
    capable[25] -= 2
    const marking = overload({ codel: true, ecn: true }, 1000, () => capable)
    expect(marking.stats.out.codelDropped).toBe(0)
    marking.clock.advance(2000)
    const marked = marking.far.sink.frames.filter((f) => ecnOf(f.bytes) === 3).length
    expect(marking.stats.out).toMatchObject({ marked, codelDropped: 0, queueDropped: 0 })
    const dropping = overload({ codel: true, ecn: true }, 1000, () => plain)
    expect(dropping.stats.out.codelDropped).toBeGreaterThan(15)
    expect(dropping.stats.out.marked).toBe(0)
    expect(Math.abs(marked - dropping.stats.out.codelDropped)).toBeLessThan(marked / 2)
    const silent = overload({ codel: true }, 1000, () => capable)
    expect(silent.stats.out.marked).toBe(0)
    expect(silent.stats.out.codelDropped).toBe(dropping.stats.out.codelDropped)
  })

  test('it can be switched on while a queue stands, and off', () => {
    const t = overload({}, 1000)
    expect(t.stats.out.codelDropped).toBe(0)
    t.bad.set({ codel: true })
    t.clock.advance(150)
    expect(t.stats.out.codelDropped).toBe(1)
    t.bad.set({ codel: false })
    t.clock.advance(2000)
    expect(t.stats.out.codelDropped).toBe(1)
  })
})
