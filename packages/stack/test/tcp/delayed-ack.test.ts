import { describe, expect, it } from 'vitest'
import { QUICK_ACKS } from '../../src/tcp/delayed-ack.ts'
import { ORIGINS, Script } from './script.ts'

/** Past the ACKs at once of a connection's beginning; the peer's segment size is known to be 1000. */
function settled(origin: (typeof ORIGINS)[number]): { t: Script; next: number } {
  const t = new Script(origin).established()
  let next = 1
  for (let i = 0; i < QUICK_ACKS; i++) {
    t.send({ flags: 'A', seq: next, ack: 1, data: 1000 })
    t.expect({ flags: 'A', ack: next + 1000 }).silence()
    next += 1000
  }
  t.readAll()
  return { t, next }
}

describe.each(ORIGINS)('delayed ACKs, $name', (origin) => {
  it('SHLD-18 MUST-40 R5681-23 one segment waits 40 ms for its ACK, less than half a second', () => {
    const { t, next } = settled(origin)
    t.send({ flags: 'A', seq: next, ack: 1, data: 1000 }).silence(39)
    t.wait(1)
    t.expect({ flags: 'A', ack: next + 1000, length: 0 }).silence(1000)
    expect(t.stack.tcp.counters.delayedAcks).toBe(1)
  })

  it('SHLD-19 R5681-22 every second full-sized segment is acknowledged at once', () => {
    const { t, next } = settled(origin)
    for (let i = 0; i < 6; i += 2) {
      t.send({ flags: 'A', seq: next + i * 1000, ack: 1, data: 1000 }).silence()
      t.send({ flags: 'A', seq: next + (i + 1) * 1000, ack: 1, data: 1000 })
      t.expect({ ack: next + (i + 2) * 1000 }).silence()
    }
  })

  it('R5681-29 SHLD-19 segments that have become smaller than they were count as full', () => {
    const { t, next } = settled(origin)
    t.send({ flags: 'A', seq: next, ack: 1, data: 500 }).silence()
    t.send({ flags: 'A', seq: next + 500, ack: 1, data: 500 })
    t.expect({ ack: next + 1000 })
    expect(t.connection.info().rcvMss).toBe(500)
  })

  it('small messages that were pushed are no measure of the segment size', () => {
    const { t, next } = settled(origin)
    t.send({ flags: 'PA', seq: next, ack: 1, data: 100 }, { flags: 'PA', seq: next + 100, ack: 1, data: 100 })
    t.silence()
    expect(t.connection.info().rcvMss).toBe(1000)
  })

  it('DEL-01 an answer written at once carries the ACK', () => {
    const { t, next } = settled(origin)
    t.connection.handler = { onReadable: (c) => void c.write(new Uint8Array(10)) }
    t.send({ flags: 'PA', seq: next, ack: 1, data: 100 })
    t.expect({ flags: 'PA', seq: 1, ack: next + 100, length: 10 }).silence(100)
  })

  it('DEL-01 an answer written in the next turn carries the ACK, also while ACKs go out at once', () => {
    const t = new Script(origin).established()
    const answer = (): void => void t.connection.write(new Uint8Array(10))
    t.connection.handler = { answersLater: true, onReadable: () => t.clock.soon(answer) }
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 100 }).silence()
    t.wait(0)
    t.expect({ flags: 'PA', seq: 1, ack: 101, length: 10 }).silence(100)
  })

  it('DEL-01 what is not answered in the next turn is acknowledged then', () => {
    const t = new Script(origin).established()
    t.connection.handler = { answersLater: true, onReadable: () => {} }
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 100 }).silence()
    t.wait(0)
    t.expect({ flags: 'A', ack: 101, length: 0 }).silence(100)
    t.send({ flags: 'FA', seq: 101, ack: 1 }).silence()
    t.wait(0)
    t.expect({ flags: 'A', ack: 102, length: 0 }).silence(100)
  })

  it('SHLD-19 R5681-11 bulk data and gaps are not kept waiting for an answer', () => {
    const t = new Script(origin).established()
    t.connection.handler = { answersLater: true, onReadable: () => {} }
    t.send({ flags: 'A', seq: 1, ack: 1, data: 1000 }, { flags: 'A', seq: 1001, ack: 1, data: 1000 })
    t.expect({ flags: 'A', ack: 2001 }).silence()
    t.send({ flags: 'A', seq: 3001, ack: 1, data: 100 })
    t.expect({ flags: 'A', ack: 2001 }).silence(100)
  })

  it('DEL-02 a FIN is acknowledged at once', () => {
    const { t, next } = settled(origin)
    t.send({ flags: 'FA', seq: next, ack: 1, data: 10 })
    t.expect({ flags: 'A', ack: next + 11 }).silence(1000)
  })

  it('R5681-11 R5681-12 R5681-25 out-of-order data, and what fills the gap, is acknowledged at once', () => {
    const { t, next } = settled(origin)
    t.send({ flags: 'A', seq: next + 100, ack: 1, data: 100 })
      .expect({ ack: next })
      .silence()
    t.send({ flags: 'A', seq: next, ack: 1, data: 50 })
      .expect({ ack: next + 50 })
      .silence()
    t.send({ flags: 'A', seq: next + 50, ack: 1, data: 50 })
      .expect({ ack: next + 200 })
      .silence(1000)
  })

  it('R5681-24 never more ACKs than segments', () => {
    const { t, next } = settled(origin)
    const before = t.stack.tcp.counters.segmentsOut
    for (let i = 0; i < 50; i++) {
      t.send({ flags: 'A', seq: next + 777 * i, ack: 1, data: 777 }).wait(i % 60)
      t.readAll()
    }
    t.wait(1000)
    expect(t.stack.tcp.counters.segmentsOut - before).toBeLessThanOrEqual(
      50 + t.stack.tcp.counters.windowUpdates,
    )
    expect(t.stack.tcp.counters.windowUpdates).toBe(0)
  })

  it('after a pause the ACKs are quick again', () => {
    const { t, next } = settled(origin)
    t.wait(5000).skip()
    t.send({ flags: 'A', seq: next, ack: 1, data: 10 })
      .expect({ ack: next + 10 })
      .silence()
  })

  it('SHLD-19 a super-frame of two segments counts as two, one of one as one', () => {
    const { t, next } = settled(origin)
    t.send({ flags: 'A', seq: next, ack: 1, data: 1000, gsoSize: 1000 }).silence()
    t.send({ flags: 'A', seq: next + 1000, ack: 1, data: 8000, gsoSize: 1000 })
    t.expect({ ack: next + 9000 }).silence()
    // It is the unit that tells the peer's segment size.
    expect(t.connection.info().rcvMss).toBe(1000)
    t.send({ flags: 'A', seq: next + 9000, ack: 1, data: 2000, gsoSize: 1000 })
    t.expect({ ack: next + 11_000 }).silence(1000)
  })

  it('delayedAck: 0 acknowledges each segment at the end of its burst', () => {
    const t = new Script({ ...origin, tcp: { delayedAck: 0 } }).established()
    for (let i = 0; i < 40; i++) {
      t.send({ flags: 'A', seq: 1 + 10 * i, ack: 1, data: 10 })
      t.wait(0)
      t.expect({ ack: 11 + 10 * i }).silence()
    }
  })
})
