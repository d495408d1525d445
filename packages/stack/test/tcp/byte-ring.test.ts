import { describe, expect, it } from 'vitest'
import { Memory } from '../../src/core/memory.ts'
import { ByteRing } from '../../src/tcp/byte-ring.ts'

const KIB = 1024

describe('the block of a ring', () => {
  it('is as large as the last one at once, for a stream', () => {
    const memory = new Memory(16 * KIB * KIB)
    const ring = new ByteRing(memory)
    expect(ring.ensure(600 * KIB, 0)).toBe(true)
    expect(ring.capacity).toBe(1024 * KIB)
    ring.release()
    expect(memory.allocated).toBe(0)
    expect(ring.ensure(64 * KIB, 0)).toBe(true)
    expect(ring.capacity).toBe(1024 * KIB)
  })

  it('is the smallest for a little, whatever it was before', () => {
    const ring = new ByteRing(new Memory(16 * KIB * KIB))
    ring.ensure(600 * KIB, 0)
    ring.release()
    ring.ensure(100, 0)
    expect(ring.capacity).toBe(4 * KIB)
  })

  it('is no larger than needed when memory is scarce', () => {
    const memory = new Memory(4 * KIB * KIB)
    const ring = new ByteRing(memory)
    ring.ensure(600 * KIB, 0)
    ring.release()
    memory.allocate(2 * KIB * KIB)
    ring.ensure(64 * KIB, 0)
    expect(ring.capacity).toBe(64 * KIB)
  })

  it('keeps what was there when it jumps to the last size', () => {
    const memory = new Memory(16 * KIB * KIB)
    const ring = new ByteRing(memory)
    ring.ensure(600 * KIB, 0)
    ring.release()
    ring.ensure(4 * KIB, 0)
    ring.write(0, new Uint8Array(4 * KIB), 0, 4 * KIB)
    ring.drop(3 * KIB)
    const bytes = Uint8Array.from({ length: 3 * KIB }, (_, i) => i % 251)
    ring.write(0, bytes, 0, bytes.length)
    ring.ensure(20 * KIB, bytes.length)
    const read = new Uint8Array(bytes.length)
    ring.read(read, read.length)
    expect(ring.capacity).toBe(1024 * KIB)
    expect(read).toEqual(bytes)
  })
})
