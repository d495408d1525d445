import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Memory, MIN_BLOCK } from '../../src/core/memory.ts'

const SIZE = 1 << 18

describe('Memory', () => {
  it('takes a power of two from 64 KiB to 1 GiB, and says so', () => {
    for (const wrong of [0, -1, 65_535, 100_000, 2 ** 31, 1.5, Number.NaN]) {
      expect(() => new Memory(wrong)).toThrow(
        expect.objectContaining({
          code: 'ERR_OUT_OF_RANGE',
          message: expect.stringContaining(`Received ${wrong}`),
        }),
      )
    }
    expect(new Memory(65_536).size).toBe(65_536)
  })

  it('random allocating and freeing never overlaps, is counted, and merges back into one block', () => {
    const step = fc.oneof(
      fc.record({ size: fc.oneof(fc.nat(5000), fc.nat(SIZE)) }),
      fc.record({ free: fc.nat(1000) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const memory = new Memory(SIZE)
        const held: { offset: number; size: number }[] = []
        let refused = 0
        for (const action of steps) {
          if ('free' in action) {
            if (held.length === 0) continue
            const [block] = held.splice(action.free % held.length, 1)
            memory.free(block.offset)
          } else {
            const size = Memory.blockSize(action.size)
            const offset = memory.allocate(action.size)
            if (offset < 0) refused++
            else {
              expect(size).toBeGreaterThanOrEqual(Math.max(MIN_BLOCK, action.size))
              expect(offset % size).toBe(0)
              expect(offset + size).toBeLessThanOrEqual(SIZE)
              for (const other of held) {
                expect(offset + size <= other.offset || other.offset + other.size <= offset).toBe(true)
              }
              held.push({ offset, size })
            }
          }
          expect(memory.allocated).toBe(held.reduce((sum, block) => sum + block.size, 0))
          expect(memory.exhausted).toBe(refused)
        }
        for (const block of held) memory.free(block.offset)
        expect(memory.allocated).toBe(0)
        expect(memory.allocate(SIZE)).toBe(0)
      }),
      { numRuns: 300 },
    )
  })

  it('is used to the last block, and refuses only then', () => {
    const memory = new Memory(SIZE)
    const offsets = new Set<number>()
    for (let i = 0; i < SIZE / MIN_BLOCK; i++) offsets.add(memory.allocate(1))
    expect(offsets.size).toBe(SIZE / MIN_BLOCK)
    expect(offsets.has(-1)).toBe(false)
    expect(memory.allocate(1)).toBe(-1)
    expect(memory.exhausted).toBe(1)
    // Every second block free: half the memory, but no two blocks in a row.
    for (const offset of offsets) if ((offset / MIN_BLOCK) % 2 === 0) memory.free(offset)
    expect(memory.allocate(MIN_BLOCK + 1)).toBe(-1)
    expect(memory.allocate(MIN_BLOCK)).toBeGreaterThanOrEqual(0)
  })

  it('refuses more than there is, however much', () => {
    const memory = new Memory(SIZE)
    for (const size of [SIZE + 1, 2 ** 31, 2 ** 32 + 1, 2 ** 53, Number.POSITIVE_INFINITY]) {
      expect(memory.allocate(size)).toBe(-1)
    }
    expect(memory.exhausted).toBe(5)
    expect(memory.allocated).toBe(0)
  })

  it('freeing what is not allocated throws and changes nothing', () => {
    const memory = new Memory(SIZE)
    const block = memory.allocate(4096)
    for (const wrong of [block + 1, block + MIN_BLOCK, 8192, -1, -MIN_BLOCK, SIZE, 2 ** 32 - MIN_BLOCK]) {
      expect(() => memory.free(wrong)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }))
    }
    expect(memory.allocated).toBe(4096)
    memory.free(block)
    expect(() => memory.free(block)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }))
    expect(memory.allocated).toBe(0)
  })

  it('moves overlapping ranges both ways, and copies in, out and across', () => {
    const memory = new Memory(65_536)
    const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
    memory.copyIn(100, bytes)
    memory.move(102, 100, 8)
    expect([...memory.copyOut(100, 10)]).toEqual([1, 2, 1, 2, 3, 4, 5, 6, 7, 8])
    memory.move(100, 102, 8)
    expect([...memory.copyOut(100, 8)]).toEqual([...bytes])
    const other = new Memory(65_536)
    memory.copyTo(other, 5, 100, 8)
    expect([...other.copyOut(5, 8)]).toEqual([...bytes])
    memory.copyTo(memory, 101, 100, 8)
    expect([...memory.copyOut(100, 9)]).toEqual([1, ...bytes])
  })

  it('takes all back at once for the next user, as one whole block', () => {
    const memory = new Memory(SIZE)
    for (const size of [1, 5000, SIZE / 4]) memory.allocate(size)
    expect(memory.allocate(SIZE)).toBe(-1)
    memory.reset()
    expect([memory.allocated, memory.exhausted]).toEqual([0, 0])
    expect(memory.allocate(SIZE)).toBe(0)
    memory.free(0)
    expect(memory.allocated).toBe(0)
  })
})
