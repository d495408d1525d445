import { describe, expect, it } from 'vitest'
import { MODERN, ORIGINS, pattern, SACK_ONLY, Script, type ScriptOptions } from './script.ts'

const code = (act: () => unknown): unknown => {
  try {
    act()
  } catch (error) {
    return (error as { code?: unknown }).code
  }
  return undefined
}

describe('what an application may ask', () => {
  it('write: nothing of nothing, from a start within the bytes, and not after the end', () => {
    const t = new Script().established()
    expect(t.connection.write(new Uint8Array(0))).toBe(0)
    expect(t.connection.write(pattern(1, 10), 10)).toBe(0)
    t.silence()
    expect(t.connection.write(pattern(1, 10), 4)).toBe(6)
    expect(t.next().payload).toEqual(pattern(5, 6))
    for (const start of [-1, 11, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(code(() => t.connection.write(pattern(1, 10), start))).toBe('ERR_OUT_OF_RANGE')
    }
    t.silence()
    t.connection.shutdown()
    expect(code(() => t.connection.write(pattern(1, 1)))).toBe('EPIPE')
    expect(t.connection.writable).toBe(0)
  })

  it('write: what is no Uint8Array may throw, and the stack goes on', () => {
    const t = new Script().established()
    expect(() => t.connection.write([1, 2, 3] as unknown as Uint8Array, 1)).toThrow(TypeError)
    t.silence()
    expect(t.connection.write(new Uint8Array(3))).toBe(3)
    t.expect({ length: 3 })
  })

  it('consume: only what is there, in whole bytes', () => {
    const t = new Script().established()
    t.send({ flags: 'A', seq: 1, ack: 1, data: 100 })
    for (const length of [-1, 101, 0.5, Number.NaN]) {
      expect(code(() => t.connection.consume(length))).toBe('ERR_OUT_OF_RANGE')
    }
    t.connection.consume(0)
    expect(t.connection.peek()).toBe(100)
    t.connection.consume(99)
    expect(t.readAll()).toEqual(pattern(100, 1))
    expect(t.connection.peek()).toBe(0)
    expect(t.connection.read(new Uint8Array(10))).toBe(0)
  })

  it('a write takes what the buffer holds; onWritable comes once, with a third of it free', () => {
    const options: ScriptOptions = { tcp: { sendBuffer: 30_000, sendBufferMax: 30_000 } }
    const t = new Script(options).established()
    expect(t.connection.write(pattern(1, 50_000))).toBe(30_000)
    expect(t.connection.write(pattern(1, 1))).toBe(0)
    t.skip()
    t.send({ flags: 'A', seq: 1, ack: 9001 })
    expect(t.events).toEqual([])
    expect(t.connection.writable).toBe(9000)
    t.send({ flags: 'A', seq: 1, ack: 10_001 })
    expect(t.events).toEqual(['writable'])
    t.send({ flags: 'A', seq: 1, ack: 14_601 })
    expect(t.events).toEqual(['writable'])
    // Nobody was refused anything since.
    expect(t.connection.write(pattern(1, 100))).toBe(100)
    t.skip().send({ flags: 'A', seq: 1, ack: 14_601 + 1460 })
    expect(t.events).toEqual(['writable'])
  })

  it('what was SACKed does not count as buffered: a recovery is fed with new data', () => {
    const t = new Script({ tcp: { sendBuffer: 29_200, sendBufferMax: 60_000 } }).established(SACK_ONLY)
    expect(t.connection.write(pattern(1, 50_000))).toBe(29_200)
    const edge = (n: number): number => (t.iss + n) >>> 0
    t.send({
      flags: 'A',
      seq: 1,
      ack: 1,
      options: [{ name: 'sack', blocks: [[edge(1461), edge(14_601)]] }],
    })
    expect(t.connection.writable).toBe(13_140)
    t.skip()
    t.send({ flags: 'A', seq: 1, ack: 1, options: [{ name: 'sack', blocks: [[edge(1461), edge(16_061)]] }] })
    expect(t.connection.writable).toBe(14_600)
    expect(t.events).toEqual(['writable'])
  })

  it('what is written before the handshake is done leaves after it', () => {
    const t = new Script().connect()
    expect(t.connection.write(pattern(1, 100))).toBe(100)
    t.expect({ flags: 'S' })
    t.send({ flags: 'SA', seq: 0, ack: 1 })
    t.expect({ flags: 'PA', seq: 1, ack: 1, length: 100 }).silence()
  })

  it('the not-sent low-water mark: no more waits unsent, and onWritable comes when half has left', () => {
    const t = new Script({ tcp: { initialWindow: 4 } }).established()
    t.connection.notSentLowWater = 4000
    expect(t.connection.write(pattern(1, 50_000))).toBe(4000)
    t.skip()
    // Four segments may fly; what left made room.
    expect(t.events).toEqual(['writable'])
    let written = 4000
    for (let n = 1; n > 0; written += n) n = t.connection.write(pattern(1 + written, 50_000))
    expect(t.connection.info().unsent).toBeLessThanOrEqual(4000)
    expect(t.connection.writable).toBeLessThan(1)
    t.events.length = 0
    t.skip().send({ flags: 'A', seq: 1, ack: 2921 })
    expect(t.connection.info().unsent).toBeLessThanOrEqual(4000)
    expect(t.events).toEqual(['writable'])
    for (const bad of [0, -1, Number.NaN]) {
      expect(code(() => (t.connection.notSentLowWater = bad))).toBe('ERR_OUT_OF_RANGE')
    }
  })
})

describe('memory that is used up', () => {
  const tiny: ScriptOptions = {
    limits: { memory: 1024 * 1024 },
    tcp: { sendBuffer: 400_000, receiveBuffer: 60_000 },
  }

  /** Takes all blocks there are. */
  function exhaust(t: Script): number[] {
    const { memory } = t.stack.engine
    const blocks: number[] = []
    for (let size = 1 << 19; size >= 1024; size >>= 1) {
      for (let block = memory.allocate(size); block >= 0; block = memory.allocate(size)) blocks.push(block)
    }
    return blocks
  }

  it('a write takes less, or nothing; when there is memory again the writer is told', () => {
    const t = new Script(tiny).established()
    const blocks = exhaust(t)
    expect(t.connection.write(pattern(1, 100))).toBe(0)
    expect(t.stack.tcp.counters.writesNoMemory).toBe(1)
    t.silence(99)
    for (const block of blocks) t.stack.engine.memory.free(block)
    expect(t.events).toEqual([])
    t.wait(1)
    expect(t.events).toEqual(['writable'])
    expect(t.connection.write(pattern(1, 100))).toBe(100)
    t.expect({ flags: 'PA', length: 100 })
  })

  it('a write takes as much as the largest block there is', () => {
    const t = new Script(tiny).established()
    const blocks = exhaust(t)
    const { memory } = t.stack.engine
    // The first is the largest: half of it comes back.
    memory.free(blocks[0])
    const half = memory.allocate(memory.size / 8)
    const taken = t.connection.write(pattern(1, 400_000))
    expect(taken).toBeGreaterThan(50_000)
    expect(taken).toBeLessThan(400_000)
    memory.free(half)
    expect(t.connection.unacknowledged).toBe(taken)
  })

  it('data that finds no memory is dropped, counted and answered; sent again it arrives', () => {
    const t = new Script(tiny).established(SACK_ONLY)
    t.send({ flags: 'A', seq: 1, ack: 1, data: 100 }).skip()
    const blocks = exhaust(t)
    t.send({ flags: 'A', seq: 101, ack: 1, data: 1000 })
    expect(t.connection.readable).toBe(1100)
    // The ring is full: the next does not fit.
    t.skip()
    t.send({ flags: 'A', seq: 1101, ack: 1, data: 1400 }, { flags: 'A', seq: 2501, ack: 1, data: 1400 })
    t.skip()
    t.send({ flags: 'A', seq: 3901, ack: 1, data: 1400 })
    t.expect({ flags: 'A', ack: 3901 })
    t.send({ flags: 'A', seq: 8001, ack: 1, data: 1400 })
    t.expect({ flags: 'A', ack: 3901, options: [] })
    expect(t.stack.tcp.counters.droppedNoMemory).toBe(2)
    for (const block of blocks) t.stack.engine.memory.free(block)
    t.send({ flags: 'A', seq: 3901, ack: 1, data: 1400 }).expect({ ack: 5301 })
    expect(t.readAll()).toEqual(pattern(1, 5300))
  })
})

describe.each(ORIGINS)('a device that is full, $name', (origin) => {
  it('nothing has happened: data, ACK and FIN leave when there is room, as they are by then', () => {
    const t = new Script(origin).established(SACK_ONLY)
    t.device.full = true
    t.connection.write(pattern(1, 100))
    expect(t.connection.info().inFlight).toBe(0)
    t.send({ flags: 'A', seq: 1, ack: 1, data: 100 })
    t.connection.write(pattern(101, 100))
    t.connection.shutdown()
    t.silence()
    expect(t.stack.tcp.counters.deviceFull).toBeGreaterThan(0)
    t.device.writable()
    t.expect({ flags: 'FPA', seq: 1, ack: 101, length: 200 }).silence()
  })

  it('an ACK that a peer without SACK is owed for each segment leaves later', () => {
    const t = new Script(origin).established()
    t.device.full = true
    t.send({ flags: 'A', seq: 101, ack: 1, data: 100 })
    t.device.writable()
    t.expect({ flags: 'A', ack: 1 }).silence()
  })

  it('a window update leaves later', () => {
    const t = new Script({ ...origin, tcp: { receiveBuffer: 4096, receiveBufferMax: 4096 } }).established()
    t.send({ flags: 'A', seq: 1, ack: 1, data: 4096 }).skip()
    t.device.full = true
    t.readAll()
    t.device.writable()
    t.expect({ ack: 4097, win: 4096 }).silence()
  })

  it('a retransmission leaves later, and once', () => {
    const t = new Script(origin).established()
    t.connection.write(pattern(1, 100))
    t.expect({ length: 100 })
    t.device.full = true
    t.wait(1200)
    t.device.writable()
    t.expect({ flags: 'PA', seq: 1, length: 100 }).silence()
  })

  it('probes and keepalives that found no room are asked again by their timers', () => {
    const t = new Script(origin).established()
    t.connection.write(pattern(1, 10))
    t.skip().send({ flags: 'A', seq: 1, ack: 11, win: 0 })
    t.connection.write(pattern(1, 10))
    t.device.full = true
    t.wait(30_000)
    t.device.writable()
    t.skip()
    t.wait(60_000)
    expect(t.next()).toMatchObject({ flags: 'A', seq: 10, length: 0 })
    t.send({ flags: 'A', seq: 1, ack: 11, win: 1000 })
    t.skip().send({ flags: 'A', seq: 1, ack: 21 })
    t.connection.setKeepAlive(true, { idle: 1000, interval: 1000, count: 3 })
    t.device.full = true
    t.wait(1500)
    t.device.writable()
    t.skip().wait(1000)
    expect(t.next()).toMatchObject({ seq: 20, length: 0 })
  })

  it('a device that is full again and again loses and repeats nothing', () => {
    const got = new Uint8Array(50_000)
    let next = 1
    const u = new Script({ ...origin, tcp: { initialWindow: 100 } }).established(MODERN)
    u.device.room = 1
    u.connection.write(pattern(1, 50_000))
    for (let i = 0; i < 200; i++) {
      while (u.pending > 0) {
        const segment = u.next()
        expect(segment.seq).toBe(next)
        got.set(segment.payload, next - 1)
        next += segment.length
      }
      u.device.room = 1
      u.device.writable()
    }
    expect(next).toBe(50_001)
    expect(got).toEqual(pattern(1, 50_000))
  })
})
