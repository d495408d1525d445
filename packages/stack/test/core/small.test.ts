import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { Emitter } from '../../src/core/emitter.ts'
import * as seq from '../../src/core/seq.ts'
import { WorkQueue } from '../../src/core/work-queue.ts'

describe('sequence arithmetic (SEG-30)', () => {
  const i32 = fc.integer({ min: -0x80000000, max: 0x7fffffff })

  it('orders numbers by their distance, across every wrap', () => {
    fc.assert(
      fc.property(i32, fc.integer({ min: 1, max: 0x7fffffff }), (a, distance) => {
        const b = seq.seqAdd(a, distance)
        expect(b).toBe(b | 0)
        expect([seq.seqLt(a, b), seq.seqLeq(a, b), seq.seqGt(a, b), seq.seqGeq(a, b)]).toEqual([
          true,
          true,
          false,
          false,
        ])
        expect([seq.seqLt(b, a), seq.seqLeq(b, a), seq.seqGt(b, a), seq.seqGeq(b, a)]).toEqual([
          false,
          false,
          true,
          true,
        ])
        expect(seq.seqDiff(b, a)).toBe(distance)
        expect(seq.seqDiff(a, b)).toBe(-distance)
        expect([seq.seqMax(a, b), seq.seqMax(b, a)]).toEqual([b, b])
        expect([seq.seqMin(a, b), seq.seqMin(b, a)]).toEqual([a, a])
        expect(seq.seqAdd(b, -distance)).toBe(a)
      }),
      { numRuns: 2000 },
    )
  })

  it.each([
    [0xffffffff | 0, 0],
    [0x7fffffff, 0x80000000 | 0],
    [0xffffff00 | 0, 0x100],
  ])('%i comes before %i', (a, b) => {
    expect(seq.seqLt(a, b)).toBe(true)
    expect(seq.seqGt(b, a)).toBe(true)
    expect(seq.seqLeq(a, a) && seq.seqGeq(a, a)).toBe(true)
    expect(seq.seqLt(a, a) || seq.seqGt(a, a)).toBe(false)
  })
})

describe('WorkQueue', () => {
  it('is first in, first out, however it grows and wraps', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.nat(30), fc.constant('take' as const)), { maxLength: 100 }),
        (steps) => {
          const queue = new WorkQueue<{ id: number }>()
          const model: { id: number }[] = []
          let id = 0
          for (const step of steps) {
            if (step === 'take') {
              for (let i = 0; i < 7; i++) expect(queue.shift()).toBe(model.shift() ?? null)
            } else {
              for (let i = 0; i < step; i++) {
                const item = { id: id++ }
                queue.push(item)
                model.push(item)
              }
            }
            expect(queue.size).toBe(model.length)
          }
          while (model.length > 0) expect(queue.shift()).toBe(model.shift())
          expect(queue.shift()).toBeNull()
        },
      ),
    )
  })
})

describe('Emitter', () => {
  it('a listener that throws hides the event from nobody; its error surfaces at the host', () => {
    const emitter = new Emitter<{ news: [number] }>()
    const surfaced: (() => void)[] = []
    const microtask = vi
      .spyOn(globalThis, 'queueMicrotask')
      .mockImplementation((callback) => surfaced.push(callback))
    const log: string[] = []
    emitter.on('news', (n) => {
      log.push(`first ${n}`)
      throw new Error('mine')
    })
    emitter.on('news', (n) => log.push(`second ${n}`))
    emitter.emit('news', 5)
    microtask.mockRestore()
    expect(log).toEqual(['first 5', 'second 5'])
    expect(surfaced).toHaveLength(1)
    expect(surfaced[0]).toThrow('mine')
  })

  interface Events {
    data: [number, string]
    end: []
  }

  it('calls listeners in order with the arguments, until they stop listening', () => {
    const emitter = new Emitter<{ [K in keyof Events]: Events[K] }>()
    const log: string[] = []
    const off = emitter.on('data', (n, text) => log.push(`a${n}${text}`))
    emitter.on('data', (n) => log.push(`b${n}`))
    emitter.emit('end')
    emitter.emit('data', 1, 'x')
    off()
    off()
    emitter.emit('data', 2, 'y')
    expect(log).toEqual(['a1x', 'b1', 'b2'])
  })

  it('who listens twice stops listening once at a time', () => {
    const emitter = new Emitter<{ [K in keyof Events]: Events[K] }>()
    let count = 0
    const listener = () => count++
    const off = emitter.on('end', listener)
    emitter.on('end', listener)
    emitter.emit('end')
    expect(count).toBe(2)
    off()
    emitter.emit('end')
    expect(count).toBe(3)
  })

  it('a listener may add and remove others while an event is told', () => {
    const emitter = new Emitter<{ [K in keyof Events]: Events[K] }>()
    const log: string[] = []
    emitter.on('end', () => {
      log.push('first')
      off()
      emitter.on('end', () => log.push('added'))
    })
    const off = emitter.on('end', () => log.push('second'))
    emitter.emit('end')
    expect(log).toEqual(['first', 'second'])
    emitter.emit('end')
    expect(log).toEqual(['first', 'second', 'first', 'added'])
  })
})
