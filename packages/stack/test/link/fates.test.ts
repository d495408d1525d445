import { describe, expect, test } from 'vitest'
import type { FateListener, FrameFate } from '../../src/link/frame-fate.ts'
import type { ImpairOptions } from '../../src/link/impair-options.ts'
import { numbered, packet } from './helpers.ts'
import { impaired } from './impaired.ts'

type Told = readonly [frame: number, fate: FrameFate, time: number]

/** Sends so many frames of 64 bytes and lets `time` ms pass. @returns what was told of those that go out */
function fatesOf(options: ImpairOptions, count: number, time = 1000) {
  const told: Told[] = []
  const onFate: FateListener = (direction, frame, fate, at) => {
    expect(direction).toBe('out')
    told.push([frame, fate, at])
  }
  const world = impaired({ direction: 'out', onFate, ...options })
  for (let i = 0; i < count; i++) world.near.send(numbered(i))
  world.clock.advance(time)
  return { ...world, told }
}

const of = (told: readonly Told[], fate: FrameFate): number[] =>
  told.filter(([, name]) => name === fate).map(([frame]) => frame)

describe('the fate of each frame', () => {
  test('is told with the time of its delivery', () => {
    const { told, arrivals } = fatesOf({ latency: 10 }, 3)
    expect(told).toEqual([0, 1, 2].map((i) => [i, 'delivered', 10_000]))
    expect(arrivals).toEqual([10_000, 10_000, 10_000])
  })

  test('is told where nothing is impaired', () => {
    expect(fatesOf({}, 2).told).toEqual([
      [0, 'delivered', 0],
      [1, 'delivered', 0],
    ])
  })

  test('is told before a received frame is handed on, and both directions have numbers of their own', () => {
    const order: string[] = []
    const { near, far, clock } = impaired({
      latency: 1,
      onFate: (direction, frame, fate) => order.push(`${direction} ${frame} ${fate}`),
    })
    near.sink.onReceive = () => order.push('received')
    far.send(numbered(7))
    near.send(numbered(8))
    clock.advance(2)
    expect(order.toSorted()).toEqual(['in 0 delivered', 'out 0 delivered', 'received'])
    expect(order.indexOf('in 0 delivered')).toBeLessThan(order.indexOf('received'))
  })

  test('says what was lost by chance, by the script, by the filter and by the policer, as the counters do', () => {
    const lossy = fatesOf({ loss: 0.5, seed: 3 }, 40)
    expect(of(lossy.told, 'lost')).toHaveLength(lossy.stats.out.lost)
    expect(of(lossy.told, 'delivered')).toEqual(lossy.far.sink.numbers)
    expect(of(fatesOf({ script: [{ nth: 2, do: 'drop' }] }, 3).told, 'scriptDropped')).toEqual([1])
    const filtered = fatesOf({ filter: (_, __, index) => (index === 2 ? 'drop' : 'pass') }, 3)
    expect(of(filtered.told, 'filtered')).toEqual([2])
    const policed = fatesOf({ policer: { rate: 8, burst: 64 } }, 3, 1)
    expect(of(policed.told, 'policed')).toEqual([1, 2])
  })

  test('says who waited for bandwidth, since when and until when, and what the full queue dropped', () => {
    const { told } = fatesOf({ bandwidth: 512_000, queue: { packets: 2 }, latency: 5 }, 4)
    expect(told).toEqual([
      [1, 'queued', 0],
      [2, 'queued', 0],
      [3, 'queueDropped', 0],
      [1, 'dequeued', 1000],
      [2, 'dequeued', 2000],
      [0, 'delivered', 6000],
      [1, 'delivered', 7000],
      [2, 'delivered', 8000],
    ])
  })

  test('says what CoDel dropped, at the time at which it did', () => {
    const { told, stats } = fatesOf({ bandwidth: 64_000, codel: true }, 200, 2000)
    expect(stats.out.codelDropped).toBeGreaterThan(0)
    expect(of(told, 'codelDropped')).toHaveLength(stats.out.codelDropped)
    const queued = new Set(of(told, 'queued'))
    const left = new Set([...of(told, 'dequeued'), ...of(told, 'codelDropped')])
    for (const frame of left) expect(queued).toContain(frame)
  })

  test('tells of damage, of copies and of those that are overtaken, and of each copy its end', () => {
    expect(of(fatesOf({ corrupt: 1 }, 2).told, 'corrupted')).toEqual([0, 1])
    const { told } = fatesOf({ duplicate: 1, latency: 1 }, 2)
    expect(of(told, 'duplicated')).toEqual([0, 1])
    expect(of(told, 'delivered').toSorted()).toEqual([0, 0, 1, 1])
    expect(of(fatesOf({ reorder: 1, latency: 1 }, 2).told, 'reordered')).toEqual([0, 1])
  })

  test('tells of marks and of what was too big', () => {
    const told: Told[] = []
    const { near, clock } = impaired({
      mark: 1,
      pathMtu: 500,
      tooBig: 'silent',
      direction: 'out',
      onFate: (_, frame, fate, at) => told.push([frame, fate, at]),
    })
    const capable = packet()
    capable[15] |= 2
    near.send(capable)
    near.send(numbered(1, 600))
    clock.advance(1)
    expect(of(told, 'marked')).toEqual([0])
    expect(of(told, 'tooBig')).toEqual([1])
  })

  test('no listener but a function is taken', () => {
    expect(() => impaired({ onFate: 3 as never })).toThrow(/onFate/)
  })
})
