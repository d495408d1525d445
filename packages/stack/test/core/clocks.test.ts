import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { SystemClock } from '../../src/core/clock.ts'
import { NEVER } from '../../src/core/timer.ts'
import { VirtualClock } from '../../src/core/virtual-clock.ts'

describe('VirtualClock', () => {
  it('starts at 0 on a fixed date and stands still', () => {
    const clock = new VirtualClock()
    expect(clock.now()).toBe(0)
    expect(new Date(clock.epoch / 1000).toISOString()).toBe('2026-01-01T00:00:00.000Z')
    expect(new VirtualClock({ epoch: 5 }).epoch).toBe(5)
    expect(clock.next).toBe(NEVER)
    expect(clock.step()).toBe(false)
    expect(clock.now()).toBe(0)
  })

  it('rings alarms at their own time, in order, on the way', () => {
    const clock = new VirtualClock()
    const rung: string[] = []
    const ring = (name: string) => clock.alarm(() => rung.push(`${name}@${clock.now()}`))
    ring('late').set(3000)
    ring('early').set(1000)
    ring('tie').set(1000)
    ring('after').set(4001)
    clock.advance(4)
    expect(rung).toEqual(['early@1000', 'tie@1000', 'late@3000'])
    expect(clock.now()).toBe(4000)
    expect(clock.next).toBe(4001)
  })

  it('an alarm is one wake-up: setting it again moves it, NEVER cancels', () => {
    const clock = new VirtualClock()
    let rung = 0
    const alarm = clock.alarm(() => rung++)
    alarm.set(10)
    alarm.set(20)
    clock.advanceTo(15)
    expect(rung).toBe(0)
    clock.advanceTo(20)
    expect(rung).toBe(1)
    alarm.set(30)
    alarm.set(NEVER)
    clock.advanceTo(1000)
    expect(rung).toBe(1)
  })

  it('soon comes after what runs now, before later alarms, in order', () => {
    const clock = new VirtualClock()
    const rung: string[] = []
    clock.alarm(() => rung.push('alarm')).set(1)
    clock.soon(() => {
      rung.push('first')
      clock.soon(() => rung.push('third'))
    })
    clock.soon(() => rung.push('second'))
    expect(rung).toEqual([])
    clock.advanceTo(1)
    expect(rung).toEqual(['first', 'second', 'third', 'alarm'])
  })

  it('a deadline in the past rings now, and time does not go back', () => {
    const clock = new VirtualClock()
    clock.advanceTo(100)
    let at = -1
    clock
      .alarm(() => {
        at = clock.now()
      })
      .set(50)
    expect(clock.step()).toBe(true)
    expect(at).toBe(100)
    for (const wrong of [99, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => clock.advanceTo(wrong)).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }))
    }
    expect(() => clock.advance(-1)).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }))
    expect(clock.now()).toBe(100)
  })

  it('a callback may let more time pass', () => {
    const clock = new VirtualClock()
    clock.alarm(() => clock.advanceTo(500)).set(10)
    clock.advanceTo(20)
    expect(clock.now()).toBe(500)
  })

  it('runUntil ends when the condition holds, when nothing is left, or at the limit', () => {
    const clock = new VirtualClock()
    let count = 0
    const alarm = clock.alarm(() => {
      count++
      if (count < 10) alarm.set(clock.now() + 1_000_000)
    })
    alarm.set(1_000_000)
    expect(clock.runUntil(() => count === 3)).toBe(true)
    expect(clock.now()).toBe(3_000_000)
    expect(clock.runUntil(() => count === 9, 1500)).toBe(false)
    expect(count).toBe(4)
    expect(clock.runUntil(() => count === 99)).toBe(false)
    expect(count).toBe(10)
    expect(clock.runUntil(() => true)).toBe(true)
  })

  it('play lets promises run before each jump', async () => {
    const clock = new VirtualClock()
    const wait = (microseconds: number): Promise<void> =>
      new Promise((resolve) => clock.alarm(resolve).set(clock.now() + microseconds))
    const seen: number[] = []
    const program = async (): Promise<void> => {
      for (let i = 0; i < 3; i++) {
        await wait(1000)
        await Promise.resolve()
        seen.push(clock.now())
      }
    }
    let done = false
    void program().then(() => {
      done = true
    })
    expect(await clock.play(() => done)).toBe(true)
    expect(seen).toEqual([1000, 2000, 3000])
    expect(await clock.play(() => false, 1)).toBe(false)
  })
})

describe('SystemClock', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('counts whole microseconds and knows the date', () => {
    const clock = new SystemClock()
    const before = clock.now()
    vi.advanceTimersByTime(5)
    expect(clock.now() - before).toBe(5000)
    expect(Number.isInteger(clock.now())).toBe(true)
    expect(Number.isInteger(clock.epoch)).toBe(true)
    expect(Math.abs(clock.epoch + clock.now() - Date.now() * 1000)).toBeLessThan(1_000_000)
  })

  it('never counts in numbers of 32 bits, which code would be compiled for that is thrown away after 36 minutes', () => {
    expect(new SystemClock().now()).toBeGreaterThanOrEqual(2 ** 32)
  })

  it('rings once, not before the deadline', () => {
    const clock = new SystemClock()
    const rung: number[] = []
    const alarm = clock.alarm(() => rung.push(clock.now()))
    const start = clock.now()
    alarm.set(start + 10_500)
    vi.advanceTimersByTime(10)
    expect(rung).toEqual([])
    vi.advanceTimersByTime(1)
    expect(rung).toEqual([start + 11_000])
    vi.advanceTimersByTime(1000)
    expect(rung).toHaveLength(1)
  })

  it('moving the deadline later keeps the one timer, earlier replaces it, NEVER cancels it', () => {
    const clock = new SystemClock()
    let rung = 0
    const alarm = clock.alarm(() => rung++)
    const start = clock.now()
    const setTimeout = vi.spyOn(globalThis, 'setTimeout')
    alarm.set(start + 10_000)
    for (let i = 1; i <= 100; i++) alarm.set(start + 10_000 + i * 1000)
    expect(setTimeout).toHaveBeenCalledTimes(1)
    expect(vi.getTimerCount()).toBe(1)
    vi.advanceTimersByTime(109)
    expect(rung).toBe(0)
    vi.advanceTimersByTime(1)
    expect(rung).toBe(1)
    alarm.set(start + 500_000)
    alarm.set(start + 200_000)
    expect(vi.getTimerCount()).toBe(1)
    vi.advanceTimersByTime(90)
    expect(rung).toBe(2)
    alarm.set(start + 300_000)
    alarm.set(NEVER)
    expect(vi.getTimerCount()).toBe(0)
    vi.advanceTimersByTime(1000)
    expect(rung).toBe(2)
  })

  it('a deadline in the past rings at once; one beyond the longest timer of Node rings in time', () => {
    const clock = new SystemClock()
    let rung = 0
    const alarm = clock.alarm(() => rung++)
    alarm.set(clock.now() - 1)
    vi.advanceTimersByTime(1)
    expect(rung).toBe(1)
    const days = 60
    alarm.set(clock.now() + days * 86_400_000_000)
    vi.advanceTimersByTime(days * 86_400_000 - 1)
    expect(rung).toBe(1)
    vi.advanceTimersByTime(1)
    expect(rung).toBe(2)
  })

  it('soon waits for the host, but no timer', () => {
    const clock = new SystemClock()
    let called = false
    clock.soon(() => {
      called = true
    })
    expect(called).toBe(false)
    vi.advanceTimersByTime(0)
    expect(called).toBe(true)
  })
})
