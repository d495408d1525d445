import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Memory } from '../../src/core/memory.ts'
import { ByteRing } from '../../src/tcp/byte-ring.ts'
import { SeqRanges, SeqRangesPool } from '../../src/tcp/ranges.ts'
import { MODERN, ORIGINS, pattern, SACK_ONLY, Script } from './script.ts'

describe.each(ORIGINS)('out-of-order data, $name', (origin) => {
  it('SHLD-31 MUST-59 segments 2 and 3 before 1: one ACK covers all', () => {
    const t = new Script(origin).established(SACK_ONLY)
    t.send({ flags: 'A', seq: 101, ack: 1, data: 100 }, { flags: 'A', seq: 201, ack: 1, data: 100 })
    t.expect({ flags: 'A', ack: 1 })
    t.send({ flags: 'A', seq: 1, ack: 1, data: 100 })
    t.expect({ flags: 'A', ack: 301, length: 0 }).silence()
    expect(t.readAll()).toEqual(pattern(1, 300))
  })

  it('MUST-59 a hole filled before five queued segments draws one cumulative ACK', () => {
    const t = new Script(origin).established()
    for (let i = 1; i <= 5; i++) t.send({ flags: 'A', seq: 1 + 100 * i, ack: 1, data: 100 })
    t.skip()
    t.send({ flags: 'A', seq: 1, ack: 1, data: 100 })
    t.expect({ flags: 'A', ack: 601 }).silence()
  })

  it('MUST-58 a burst of segments is acknowledged once', () => {
    const t = new Script(origin).established()
    t.send(...Array.from({ length: 8 }, (_, i) => ({ flags: 'A', seq: 1 + 1000 * i, ack: 1, data: 1000 })))
    t.expect({ flags: 'A', ack: 8001 }).silence(1000)
    expect(t.events).toEqual(['readable'])
  })

  it('DEL-02 SEG-22 a FIN that comes before its data waits for it, and is acknowledged at once then', () => {
    const t = new Script(origin).established(SACK_ONLY)
    t.send({ flags: 'FA', seq: 101, ack: 1, data: 100 })
    t.expect({ flags: 'A', ack: 1 })
    expect(t.connection.ended).toBe(false)
    t.send({ flags: 'A', seq: 1, ack: 1, data: 100 })
    t.expect({ flags: 'A', ack: 202 }).silence()
    expect(t.connection.ended).toBe(true)
    expect(t.state).toBe('CLOSE-WAIT')
    expect(t.readAll()).toEqual(pattern(1, 200))
  })

  it('data beyond a FIN that is known does not exist, and a FIN before data that is here is none', () => {
    const t = new Script(origin).established(SACK_ONLY)
    t.send({ flags: 'FA', seq: 101, ack: 1, data: 50 }).skip()
    t.send({ flags: 'A', seq: 141, ack: 1, data: 100 }).skip()
    t.send({ flags: 'A', seq: 1, ack: 1, data: 100 })
    t.expect({ ack: 152 })
    expect(t.readAll()).toEqual(pattern(1, 150))

    const other = new Script(origin).established(SACK_ONLY)
    other.send({ flags: 'A', seq: 201, ack: 1, data: 100 }).skip()
    other.send({ flags: 'FA', seq: 101, ack: 1, data: 50 }).skip()
    other.send({ flags: 'A', seq: 1, ack: 1, data: 200 })
    other.expect({ ack: 301 })
    expect(other.connection.ended).toBe(false)
  })

  it('limits.outOfOrderRanges: one range more is dropped and counted; those that are there grow on', () => {
    const t = new Script({ ...origin, limits: { outOfOrderRanges: 3 } }).established(SACK_ONLY)
    for (let i = 1; i <= 4; i++) t.send({ flags: 'A', seq: 1 + 200 * i, ack: 1, data: 100 })
    expect(t.stack.tcp.counters.droppedTooManyRanges).toBe(1)
    // Touches the third.
    t.send({ flags: 'A', seq: 701, ack: 1, data: 100 })
    expect(t.stack.tcp.counters.droppedTooManyRanges).toBe(1)
    t.skip()
    t.send({ flags: 'A', seq: 1, ack: 1, data: 601 })
    t.expect({ ack: 801 })
    expect(t.readAll()).toEqual(pattern(1, 800))
  })

  it('a large window may have as many ranges as full segments leave in it: every other of 4,000 lost', () => {
    const t = new Script({ ...origin, tcp: { receiveBuffer: 8 << 20 } }).established(MODERN)
    const size = 1448
    for (let i = 1; i < 4000; i += 2) t.send({ flags: 'A', seq: 1 + i * size, ack: 1, data: size }).skip()
    expect(t.stack.tcp.counters.droppedTooManyRanges).toBe(0)
    for (let i = 0; i < 4000; i += 2) t.send({ flags: 'A', seq: 1 + i * size, ack: 1, data: size }).skip()
    expect(t.readAll().length).toBe(4000 * size)
    expect(t.stack.tcp.counters.duplicateBytesIn).toBe(0)
  })
})

describe('any order, any overlap', () => {
  const segment = fc.record({
    place: fc.integer({ min: -2000, max: 30_000 }),
    length: fc.integer({ min: 0, max: 2500 }),
    read: fc.option(fc.integer({ min: 1, max: 5000 }), { freq: 3 }),
  })

  it('R2018-06 the stream is exact, the blocks are what is there, and no memory stays behind', () => {
    fc.assert(
      fc.property(
        fc.array(segment, { minLength: 1, maxLength: 300 }),
        fc.constantFrom(...ORIGINS),
        (segments, origin) => {
          const t = new Script({ ...origin, tcp: { receiveBuffer: 40_000 } }).established(SACK_ONLY)
          const baseline = t.stack.engine.memory.allocated
          const here = new Uint8Array(200_000)
          let rcvNxt = 0
          let taken = 0
          let read = 0
          const buffer = new Uint8Array(5000)
          for (const { place, length, read: want } of segments) {
            const from = Math.max(0, rcvNxt + place)
            const before = t.connection.info().rcvWnd
            t.send({ flags: 'A', seq: 1 + from, ack: 1, data: length })
            const end = Math.min(from + length, rcvNxt + before)
            for (let i = Math.max(from, rcvNxt); i < end; i++) here[i] = 1
            while (here[rcvNxt] === 1) rcvNxt++
            taken = Math.max(taken, rcvNxt)
            expect(t.connection.readable).toBe(rcvNxt - read)
            if (t.pending > 0) {
              let ack = t.next()
              while (t.pending > 0) ack = t.next()
              expect(ack.ack).toBe(1 + rcvNxt)
              checkBlocks(t, ack, here, rcvNxt)
            }
            if (want !== null) {
              const got = t.connection.read(buffer.subarray(0, want))
              expect(buffer.subarray(0, got)).toEqual(pattern(1 + read, got))
              read += got
              t.skip()
            }
          }
          const rest = t.readAll()
          expect(rest).toEqual(pattern(1 + read, rest.length))
          expect(read + rest.length).toBe(rcvNxt)
          t.connection.abort()
          expect(t.stack.engine.memory.allocated).toBe(baseline)
        },
      ),
      { numRuns: 60, seed: 7 },
    )
  })

  function checkBlocks(t: Script, ack: ReturnType<Script['next']>, here: Uint8Array, rcvNxt: number): void {
    const option = ack.options.find((o) => o.name === 'sack')
    if (option === undefined || option.name !== 'sack') return
    for (const [l, r] of option.blocks) {
      const left = ((l - t.isn) | 0) - 1
      const right = ((r - t.isn) | 0) - 1
      expect(right).toBeGreaterThan(left)
      // All of it is here; and what is no D-SACK is a whole island.
      for (let i = Math.max(left, 0); i < right; i++)
        if (here[i] !== 1 && i >= rcvNxt) throw new Error(`hole at ${i}`)
      const duplicate = left < rcvNxt || option.blocks[0][0] === l
      if (!duplicate) expect([here[left - 1], here[right]]).toEqual([0, 0])
    }
  }

  it('ranges stay sorted and apart, and agree with a model that keeps every byte', () => {
    const op = fc.tuple(fc.integer({ min: 0, max: 600 }), fc.integer({ min: 1, max: 60 }))
    fc.assert(
      fc.property(fc.array(op, { maxLength: 400 }), fc.constantFrom(0, 0x7fff_ff00, -200), (ops, origin) => {
        const ranges = new SeqRanges()
        const model = new Uint8Array(700)
        for (const [from, length] of ops) {
          const left = (origin + from) | 0
          const right = (left + length) | 0
          let common = 0
          for (let i = from; i < from + length; i++) common += model[i]
          expect(ranges.overlap(left, right)).toBe(common)
          expect(ranges.firstOverlap(left, right) >= 0).toBe(common > 0)
          expect(ranges.add(left, right, 1000)).toBe(true)
          model.fill(1, from, from + length)
          for (let i = 0; i < ranges.count; i++) {
            expect((ranges.right[i] - ranges.left[i]) | 0).toBeGreaterThan(0)
            if (i > 0) expect((ranges.left[i] - ranges.right[i - 1]) | 0).toBeGreaterThan(0)
          }
        }
        const spans: number[] = []
        for (let i = 0; i < 700; i++) if (model[i] !== (model[i - 1] ?? 0)) spans.push(i)
        const got: number[] = []
        for (let i = 0; i < ranges.count; i++) {
          got.push((ranges.left[i] - origin) | 0, (ranges.right[i] - origin) | 0)
        }
        expect(got).toEqual(spans)
      }),
      { numRuns: 200, seed: 3 },
    )
  })

  it('the ring grows and wraps without losing a byte', () => {
    const op = fc.record({
      put: fc.integer({ min: 0, max: 9000 }),
      hole: fc.integer({ min: 0, max: 3000 }),
      take: fc.integer({ min: 0, max: 9000 }),
    })
    fc.assert(
      fc.property(fc.array(op, { maxLength: 80 }), (ops) => {
        const memory = new Memory(1 << 20)
        const ring = new ByteRing(memory)
        let model: number[] = []
        let next = 0
        for (const { put, hole, take } of ops) {
          if (model.length + put + hole > 100_000) continue
          const bytes = Uint8Array.from({ length: put }, () => next++ & 0xff)
          expect(ring.ensure(model.length + hole + put, model.length)).toBe(true)
          // As out-of-order data: beyond a hole first, then again in its place.
          ring.write(model.length + hole, bytes, 0, put)
          const copy = memory.allocate(Math.max(1, put))
          memory.copyIn(copy, bytes)
          ring.writeFrom(model.length, copy, put)
          memory.free(copy)
          model = model.concat([...bytes])
          const out = new Uint8Array(Math.min(take, model.length))
          ring.read(out, out.length)
          expect([...out]).toEqual(model.slice(0, out.length))
          ring.drop(out.length)
          model = model.slice(out.length)
        }
        ring.release()
        expect(memory.allocated).toBe(0)
      }),
      { numRuns: 60, seed: 5 },
    )
  })
})

describe('lists of ranges that nobody needs', () => {
  it('a thousand are kept, whatever a storm of losses needed', () => {
    const pool = new SeqRangesPool()
    for (let i = 0; i < 5000; i++) pool.give(new SeqRanges())
    expect(pool.spare).toBe(1024)
    for (let i = 0; i < 5000; i++) pool.take()
    expect(pool.spare).toBe(0)
  })
})

describe('MAY-13 a FIN that cannot be, because data behind it is here already', () => {
  it('is not believed, but answered: silence would have its sender repeat it', () => {
    const t = new Script().established()
    t.send({ flags: 'A', seq: 101, ack: 1, data: 50 }).expect({ flags: 'A', ack: 1 })
    t.wait(1000)
    t.send({ flags: 'FA', seq: 1, ack: 1 })
    t.expect({ flags: 'A', ack: 1, length: 0 })
    expect(t.state).toBe('ESTABLISHED')
  })

  it('nor are a second one in another place, and data behind the first', () => {
    const t = new Script().established()
    t.send({ flags: 'FA', seq: 101, ack: 1, data: 50 }).expect({ flags: 'A', ack: 1 })
    t.wait(1000)
    t.send({ flags: 'FA', seq: 1, ack: 1 }).expect({ flags: 'A', ack: 1, length: 0 })
    t.wait(1000)
    t.send({ flags: 'A', seq: 301, ack: 1, data: 10 }).expect({ flags: 'A', ack: 1, length: 0 })
    // The first one counts.
    t.send({ flags: 'A', seq: 1, ack: 1, data: 100 }).expect({ flags: 'A', ack: 152 })
    expect(t.state).toBe('CLOSE-WAIT')
  })
})
