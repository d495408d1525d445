import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { BulkGro } from '../src/bulk-gro.ts'

describe('merging by the kernel', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }))
  afterEach(() => void vi.useRealTimers())

  function merging() {
    const told: (boolean | 'closed')[] = []
    const clock = { now: 0 }
    const thread = { set: (on: boolean) => void told.push(on), close: () => void told.push('closed') }
    return { told, clock, gro: new BulkGro(thread, () => clock.now) }
  }

  function send(gro: BulkGro, frames: number, length = 1514): void {
    for (let i = 0; i < frames; i++) gro.note(length)
  }

  it('begins with much at once, and ends with it', () => {
    const { told, clock, gro } = merging()
    send(gro, 256)
    clock.now = 5
    send(gro, 256)
    expect(told).toEqual([true])
    send(gro, 1000)
    vi.advanceTimersByTime(100)
    expect(told).toEqual([true])
    send(gro, 999)
    vi.advanceTimersByTime(100)
    expect(told).toEqual([true, false])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('does not begin where as much takes its time', () => {
    const { told, clock, gro } = merging()
    for (let i = 0; i < 20; i++) {
      send(gro, 256)
      clock.now += 11
    }
    expect(told).toEqual([])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('does not begin for short frames, however many', () => {
    const { told, gro } = merging()
    send(gro, 100_000, 66)
    expect(told).toEqual([])
  })

  it('ends with its device', () => {
    const { told, gro } = merging()
    send(gro, 512)
    gro.close()
    expect(told).toEqual([true, false, 'closed'])
    expect(vi.getTimerCount()).toBe(0)
  })
})
