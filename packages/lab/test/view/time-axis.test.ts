import { describe, expect, it } from 'vitest'
import { type AxisOptions, countShown, layOut } from '../../src/view/ladder/time-axis.ts'
import { makeRecording } from '../fixtures/recording.ts'

const { segments } = makeRecording(40)
const options: AxisOptions = {
  scale: 4,
  gap: 17,
  even: false,
  horizon: Number.POSITIVE_INFINITY,
  limit: Number.POSITIVE_INFINITY,
  flightOf: () => 20,
}

describe('the axis of the ladder', () => {
  it('rises with time, and finds each time again', () => {
    const layout = layOut(segments, options)
    let before = -1
    for (let time = 0; time < 300; time += 0.5) {
      const y = layout.yOf(time)
      expect(y).toBeGreaterThanOrEqual(before)
      before = y
    }
    for (const time of [3, 17.5, 41, 99]) expect(layout.timeOf(layout.yOf(time))).toBeCloseTo(time, 6)
  })

  it('knows the first and the last place of an instant that is spread', () => {
    const burst = segments
      .slice(0, 5)
      .map((segment) => ({ ...segment, way: 'A→B' as const, sentAt: 10, arrivedAt: 30 }))
    const layout = layOut(burst, options)
    expect(layout.firstYOf(10)).toBeCloseTo(40, 6)
    expect(layout.yOf(10)).toBeCloseTo(40 + 4 * 17, 6)
    expect(layout.firstYOf(20)).toBe(layout.yOf(20))
  })

  it('gives every end on a side room for its label', () => {
    const { startY, endY } = layOut(segments, options)
    for (const side of ['A→B', 'B→A'] as const) {
      const ends = segments.map(({ way }, at) => (way === side ? startY[at] : endY[at])).sort((a, b) => a - b)
      for (let at = 1; at < ends.length; at++)
        expect(ends[at] - ends[at - 1]).toBeGreaterThanOrEqual(17 - 1e-9)
    }
  })

  it('draws every millisecond alike where that is asked for', () => {
    const layout = layOut(segments, { ...options, even: true })
    for (const [at, { sentAt }] of segments.entries()) expect(layout.startY[at]).toBeCloseTo(sentAt * 4, 6)
    expect(layout.folds).toEqual([])
  })

  it('folds a stretch in which nothing is on its way', () => {
    const late = segments.slice(0, 3).map((segment, number) => ({
      ...segment,
      number,
      sentAt: number * 1000,
      arrivedAt: number * 1000 + 20,
    }))
    const layout = layOut(late, options)
    expect(layout.folds.map(({ from, to }) => [from, to])).toEqual([
      [20, 1000],
      [1020, 2000],
    ])
    expect(layout.height).toBeLessThan(500)
  })

  it('draws what arrives at once, as a live stack sees it, in the order in which it was', () => {
    const live = segments.slice(0, 6).map((segment) => ({ ...segment, sentAt: 5, arrivedAt: 5 }))
    const { startY, endY } = layOut(live, options)
    for (const at of live.keys()) {
      expect(endY[at]).toBeGreaterThan(startY[at])
      if (at > 0) expect(startY[at] - startY[at - 1]).toBeCloseTo(17, 6)
    }
  })

  it('leaves out what lies beyond the horizon, and what is sent at the moment that a lesson asks about', () => {
    expect(countShown(segments, 40, Number.POSITIVE_INFINITY)).toBe(4)
    expect(countShown(segments, 40, 40)).toBe(2)
    // What is lost at once when it is sent is what the lesson shows.
    const gone = segments.map((segment) =>
      segment.sentAt === 40 ? { ...segment, lost: { at: 40, why: 'dropped' as const } } : segment,
    )
    expect(countShown(gone, 40, 40)).toBe(4)
  })
})
