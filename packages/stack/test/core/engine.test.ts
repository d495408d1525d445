import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Clock } from '../../src/core/clock.ts'
import { Engine } from '../../src/core/engine.ts'
import { Memory } from '../../src/core/memory.ts'
import { SeededRandom } from '../../src/core/random.ts'
import { NEVER, Timer } from '../../src/core/timer.ts'
import { VirtualClock } from '../../src/core/virtual-clock.ts'

function make(): { clock: VirtualClock; engine: Engine } {
  const clock = new VirtualClock()
  return { clock, engine: new Engine(clock, new Memory(65_536), new SeededRandom(1)) }
}

describe('Engine', () => {
  afterEach(() => {
    vi.restoreAllMocks()
  })

  it('settles once, when the outermost entry leaves: workers in order until none has work, then finishers', () => {
    const { engine } = make()
    const log: string[] = []
    let first = 2
    let second = 1
    engine.addWorker(() => {
      log.push('a')
      return first-- > 0
    })
    engine.addWorker(() => {
      log.push('b')
      return second-- > 0
    })
    engine.addFinisher(() => log.push('flush'))
    engine.enter()
    engine.enter()
    engine.leave()
    expect(log).toEqual([])
    engine.leave()
    expect(log).toEqual(['a', 'b', 'a', 'b', 'a', 'b', 'flush'])
  })

  it('entering from within a worker does not settle again in the middle', () => {
    const { engine } = make()
    const log: string[] = []
    let left = 1
    engine.addWorker(() => {
      log.push('work')
      if (left-- <= 0) return false
      engine.run(() => log.push('nested'))
      return true
    })
    engine.addFinisher(() => log.push('flush'))
    engine.run(() => log.push('body'))
    expect(log).toEqual(['body', 'work', 'nested', 'work', 'flush'])
  })

  it('a finisher can be taken off again', () => {
    const { engine } = make()
    const flush = vi.fn()
    const off = engine.addFinisher(flush)
    engine.run(() => {})
    off()
    off()
    engine.run(() => {})
    expect(flush).toHaveBeenCalledTimes(1)
  })

  it('reads the clock once per burst', () => {
    const { clock, engine } = make()
    const now = vi.spyOn(clock, 'now')
    clock.advanceTo(77)
    now.mockClear()
    engine.run(() => {
      expect(engine.now).toBe(77)
      engine.run(() => {})
    })
    expect(now).toHaveBeenCalledTimes(1)
  })

  it('work without end is cut, flushed, and goes on after the host had its turn', () => {
    const { clock, engine } = make()
    let rounds = 0
    let flushes = 0
    engine.addWorker(() => {
      rounds++
      return rounds < 1000
    })
    engine.addFinisher(() => flushes++)
    engine.run(() => {})
    expect(rounds).toBe(256)
    expect(flushes).toBe(1)
    expect(clock.next).toBe(0)
    while (clock.step());
    expect(rounds).toBe(1000)
    expect(flushes).toBe(4)
  })

  it('what an application throws surfaces at the host, and the stack goes on', () => {
    const { engine } = make()
    const surfaced: (() => void)[] = []
    vi.spyOn(globalThis, 'queueMicrotask').mockImplementation((callback) => surfaced.push(callback))
    const log: string[] = []
    engine.run(() => {
      engine.callOut(() => {
        throw new Error('mine')
      })
      engine.callOut(() => log.push('next'))
    })
    expect(log).toEqual(['next'])
    expect(surfaced).toHaveLength(1)
    expect(surfaced[0]).toThrow('mine')
  })

  it('run gives the result or the error of its body, and settles either way', () => {
    const { engine } = make()
    const flush = vi.fn()
    engine.addFinisher(flush)
    expect(engine.run(() => 5)).toBe(5)
    expect(() =>
      engine.run(() => {
        throw new Error('wrong argument')
      }),
    ).toThrow('wrong argument')
    expect(flush).toHaveBeenCalledTimes(2)
  })

  it('a fault in a worker or a timer does not shut the engine for later bursts', () => {
    const { clock, engine } = make()
    const log: string[] = []
    let faulty = true
    engine.addWorker(() => {
      if (faulty) throw new Error('worker')
      log.push('worked')
      return false
    })
    engine.addFinisher(() => log.push('flush'))
    expect(() => engine.run(() => {})).toThrow('worker')
    faulty = false
    engine.run(() => {})
    expect(log).toEqual(['worked', 'flush'])
    const timer = new Timer(() => {
      throw new Error('timer')
    })
    engine.timers.set(timer, 10)
    expect(() => clock.advanceTo(20)).toThrow('timer')
    engine.timers.set(new Timer(() => log.push('rang')), 30)
    clock.advanceTo(40)
    expect(log).toContain('rang')
  })

  it('keeps one alarm at the next deadline and rings timers at their time, each as one burst', () => {
    const { clock, engine } = make()
    const log: string[] = []
    engine.addFinisher(() => log.push('flush'))
    const timer = (name: string) => new Timer((now) => log.push(`${name} ${now} ${engine.now}`))
    const early = timer('early')
    engine.timers.set(timer('late'), 300)
    expect(clock.next).toBe(300)
    engine.run(() => {
      engine.timers.set(early, 100)
      expect(clock.next).toBe(300)
    })
    expect(clock.next).toBe(100)
    expect(engine.nextDeadline).toBe(100)
    log.length = 0
    clock.advanceTo(1000)
    expect(log).toEqual(['early 100 100', 'flush', 'late 300 300', 'flush'])
    expect(engine.nextDeadline).toBe(NEVER)
    expect(clock.next).toBe(NEVER)
  })

  it('a deadline that moved later costs one look; a cleared one leaves no alarm', () => {
    const { clock, engine } = make()
    const fired: number[] = []
    const timer = new Timer((now) => fired.push(now))
    engine.timers.set(timer, 100)
    engine.timers.set(timer, 500)
    clock.advanceTo(499)
    expect(fired).toEqual([])
    clock.advanceTo(500)
    expect(fired).toEqual([500])
    engine.run(() => {
      engine.timers.set(timer, 900)
    })
    engine.run(() => engine.timers.clear(timer))
    expect(clock.next).toBe(NEVER)
  })

  it('more timers than one turn should fire are fired in the next ones, at the same time', () => {
    const { clock, engine } = make()
    let fired = 0
    for (let i = 0; i < 25_000; i++) engine.timers.set(new Timer(() => fired++), 50)
    expect(clock.step()).toBe(true)
    expect(fired).toBe(10_000)
    clock.advanceTo(50)
    expect(fired).toBe(25_000)
  })

  it('a late ring lets the host deliver what has arrived before deadlines pass', () => {
    let now = 0
    const soon: (() => void)[] = []
    let ring = (): void => {}
    const clock: Clock = {
      epoch: 0,
      now: () => now,
      soon: (callback) => void soon.push(callback),
      alarm: (callback) => {
        ring = callback
        return { set: () => {}, keepAlive: () => {} }
      },
    }
    const engine = new Engine(clock, new Memory(65_536), new SeededRandom(1))
    const log: string[] = []
    const timer = new Timer(() => log.push('timeout'))
    engine.timers.set(timer, 1000)
    now = 50_000
    ring()
    expect(log).toEqual([])
    // What a device does in the turns it is given: the acknowledgement arrives, and nothing is overdue any more.
    soon.shift()?.()
    engine.run(() => engine.timers.set(timer, 90_000))
    soon.shift()?.()
    expect(log).toEqual([])
    now = 90_500
    ring()
    expect(log).toEqual(['timeout'])
  })
})
