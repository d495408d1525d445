import { describe, expect, it } from 'vitest'
import { ORIGINS, pattern, Script, type ScriptOptions } from './script.ts'

const bytes = (length: number): Uint8Array => pattern(1, length)

/** Everything sent since the last look: [first, end) of each data segment. */
function sent(t: Script): [number, number][] {
  const ranges: [number, number][] = []
  while (t.pending > 0) {
    const { seq, length } = t.next()
    if (length > 0) ranges.push([seq, seq + length])
  }
  return ranges
}

describe.each(ORIGINS)('the send window, $name', (origin) => {
  const wide: ScriptOptions = { ...origin, tcp: { initialWindow: 100 } }

  it('SHLD-28 MUST-61 SHLD-27 SEG-34 whole segments, and PSH on the last', () => {
    const t = new Script(origin).established()
    t.connection.write(bytes(3000))
    t.expect(
      { flags: 'A', seq: 1, length: 1460 },
      { flags: 'A', seq: 1461, length: 1460 },
      { flags: 'PA', seq: 2921, length: 80 },
    ).silence()
  })

  it('MUST-60 a single byte leaves at once', () => {
    const t = new Script(origin).established()
    t.connection.write(bytes(1))
    t.expect({ flags: 'PA', seq: 1, length: 1 })
  })

  it('SHLD-7 SHLD-27 Nagle: small writes wait for the ACK of the one before, and leave as one', () => {
    const t = new Script(origin).established()
    t.connection.write(bytes(1))
    t.expect({ length: 1 })
    for (let i = 0; i < 3; i++) t.connection.write(bytes(100))
    t.silence(20)
    t.send({ flags: 'A', seq: 1, ack: 2 })
    t.expect({ flags: 'PA', seq: 2, length: 300 }).silence()
  })

  it('SHLD-7 Nagle holds nothing once a full segment is there', () => {
    const t = new Script(origin).established()
    t.connection.write(bytes(1))
    t.expect({ length: 1 })
    t.connection.write(bytes(1000))
    t.silence()
    t.connection.write(bytes(500))
    t.expect({ flags: 'A', seq: 2, length: 1460 }).silence()
  })

  it('MUST-17 noDelay sends each write at once, and what waits when it is set', () => {
    const t = new Script(origin).established()
    t.connection.write(bytes(1))
    t.connection.write(bytes(1))
    t.expect({ length: 1 }).silence()
    t.connection.noDelay = true
    t.expect({ seq: 2, length: 1 })
    t.connection.write(bytes(1))
    t.expect({ seq: 3, length: 1 }).silence()
  })

  it('MAY-16 cork holds what is not full for 200 ms, or until it is pulled', () => {
    const t = new Script(origin).established()
    t.connection.cork = true
    t.connection.write(bytes(1500))
    t.expect({ length: 1460 }).silence()
    t.connection.cork = false
    t.expect({ seq: 1461, length: 40 })
    t.send({ flags: 'A', seq: 1, ack: 1501 })
    t.connection.cork = true
    t.connection.write(bytes(10))
    t.silence(199)
    t.wait(1)
    t.expect({ seq: 1501, length: 10 })
  })

  it('a cork’s limit that passes with nothing to send does not let the next bytes out', () => {
    const t = new Script(origin).established()
    t.connection.cork = true
    t.connection.write(bytes(1460))
    t.expect({ length: 1460 })
    t.send({ flags: 'A', seq: 1, ack: 1461 })
    t.wait(300)
    t.connection.write(bytes(10))
    t.silence(150)
    t.wait(100)
    t.expect({ length: 10 })
  })

  it('MUST-38 SHLD-28 a window of ten bytes is not worth a segment until the override timeout', () => {
    const t = new Script(wide).established()
    t.connection.write(bytes(30_000))
    sent(t)
    t.send({ flags: 'A', seq: 1, ack: 29_201, win: 0 })
    t.connection.write(bytes(30_000))
    t.silence()
    t.send({ flags: 'A', seq: 1, ack: 30_001, win: 10 })
    const from = t.clock.now()
    t.silence(99)
    while (t.pending === 0) t.wait(10)
    expect(t.clock.now() - from).toBeLessThanOrEqual(1_010_000)
    t.expect({ seq: 30_001, length: 10 })
  })

  it('MUST-38 a window that opens by a segment is used at once', () => {
    const t = new Script(wide).established()
    t.connection.write(bytes(30_000))
    sent(t)
    t.send({ flags: 'A', seq: 1, ack: 30_001, win: 0 })
    t.connection.write(bytes(30_000))
    t.silence()
    t.send({ flags: 'A', seq: 1, ack: 30_001, win: 1500 })
    expect(sent(t)).toEqual([[30_001, 31_461]])
  })

  it('SWS-01 a peer with a tiny buffer gets segments of half of it or more', () => {
    const t = new Script(wide).established(undefined, 500)
    t.connection.write(bytes(5000))
    expect(sent(t)).toEqual([[1, 501]])
    // The reader takes a little: less than half of the largest window is not worth it.
    t.send({ flags: 'A', seq: 1, ack: 501, win: 249 }).silence(50)
    t.send({ flags: 'A', seq: 1, ack: 501, win: 250 })
    expect(sent(t)).toEqual([[501, 751]])
  })

  it('MUST-34 SHLD-15 a window that shrinks below what is in flight stops new data, and later goes on', () => {
    const t = new Script(wide).established()
    t.connection.write(bytes(14_600))
    expect(sent(t).at(-1)).toEqual([13_141, 14_601])
    t.connection.write(bytes(10_000))
    t.skip()
    t.send({ flags: 'A', seq: 1, ack: 1461, win: 2000 })
    expect(sent(t).every(([, end]) => end <= 24_601)).toBe(true)
    const t2 = new Script(wide).established(undefined, 14_600)
    t2.connection.write(bytes(30_000))
    expect(sent(t2).at(-1)).toEqual([13_141, 14_601])
    t2.send({ flags: 'A', seq: 1, ack: 1461, win: 2000 }).silence()
    t2.send({ flags: 'A', seq: 1, ack: 14_601, win: 2000 })
    expect(sent(t2)).toEqual([[14_601, 16_061]])
    t2.send({ flags: 'A', seq: 1, ack: 16_061, win: 20_000 })
    expect(sent(t2).at(-1)![1]).toBe(30_001)
  })

  it('MAY-7 SHLD-16 what was sent before the window shrank is repeated beyond its edge', () => {
    const t = new Script(wide).established()
    t.connection.write(bytes(4380))
    sent(t)
    t.send({ flags: 'A', seq: 1, ack: 1461, win: 1000 }).wait(1000)
    expect(sent(t)).toContainEqual([1461, 2921])
    t.send({ flags: 'A', seq: 1, ack: 2921, win: 1000 }).wait(3000)
    expect(sent(t)).toContainEqual([2921, 4381])
    t.send({ flags: 'A', seq: 1, ack: 4381, win: 1000 })
    expect(t.connection.unacknowledged).toBe(0)
  })

  it('SHLD-16 MUST-35 SHLD-17 shrunk to nothing, the first byte is tried again without end while the peer answers', () => {
    const t = new Script(wide).established()
    t.connection.write(bytes(4380))
    sent(t)
    t.send({ flags: 'A', seq: 1, ack: 1461, win: 0 })
    const times: number[] = []
    for (let i = 0; i < 4000 && times.length < 40; i++) {
      t.wait(1000)
      while (t.pending > 0) {
        const segment = t.next()
        expect(segment.seq).toBeLessThanOrEqual(1461)
        times.push(segment.at)
        t.send({ flags: 'A', seq: 1, ack: 1461, win: 0 })
      }
    }
    expect(times).toHaveLength(40)
    expect(t.state).toBe('ESTABLISHED')
    // Exponentially later, up to the cap of two minutes.
    expect(times[3] - times[2]).toBeGreaterThan(1.5 * (times[2] - times[1]))
    expect(times.at(-1)! - times.at(-2)!).toBeGreaterThanOrEqual(119_000)
    t.send({ flags: 'A', seq: 1, ack: 1461, win: 10_000 })
    t.wait(120_000)
    expect(sent(t).at(-1)![1]).toBeGreaterThan(1461)
  })

  it('R7323-10 what lies beyond a window that shrank is sent again once, and not for ever', () => {
    const t = new Script(wide).established()
    t.connection.write(bytes(14_600))
    sent(t)
    t.send({ flags: 'A', seq: 1, ack: 1461, win: 3000 })
    const counts = new Map<number, number>()
    for (let i = 0; i < 100; i++) {
      t.wait(1000)
      for (const [seq, end] of sent(t)) {
        for (let at = seq; at < end; at += 1460) counts.set(at, (counts.get(at) ?? 0) + 1)
        t.send({ flags: 'A', seq: 1, ack: 1461, win: 3000 })
      }
    }
    for (const [seq, count] of counts) if (seq >= 1461 + 3000) expect(count, `${seq}`).toBeLessThanOrEqual(1)
  })
})

describe.each(ORIGINS)('the zero window, $name', (origin) => {
  function shut(options: ScriptOptions = origin): Script {
    const t = new Script(options).established()
    t.connection.write(bytes(1000))
    t.expect({ length: 1000 })
    t.wait(100)
    t.send({ flags: 'A', seq: 1, ack: 1001, win: 0 })
    t.connection.write(bytes(1000))
    t.silence()
    return t
  }

  it('SHLD-29 SHLD-30 MUST-36 the first probe follows after an RTO, the next exponentially later, up to a cap', () => {
    const t = shut()
    const from = t.clock.now() / 1000
    const rto = t.connection.info().rto
    const times: number[] = []
    const start = t.device.sent.length
    t.wait(20 * 60_000)
    for (const { at } of t.device.sent.slice(start)) times.push(at - from)
    expect(times[0]).toBeCloseTo(rto, 0)
    for (let i = 1; i < 8; i++) {
      expect(times[i] - times[i - 1]).toBeCloseTo(Math.min(120_000, rto * 2 ** i), 0)
    }
    t.expect({ flags: 'A', seq: 1000, length: 0 })
  })

  it('MUST-37 a peer that answers every probe is never given up', () => {
    const t = shut()
    for (let hour = 0; hour < 48; hour++) {
      for (let i = 0; i < 60; i++) {
        t.wait(60_000)
        if (t.pending > 0) t.skip().send({ flags: 'A', seq: 1, ack: 1001, win: 0 })
      }
    }
    expect(t.state).toBe('ESTABLISHED')
    t.skip()
    t.send({ flags: 'A', seq: 1, ack: 1001, win: 5000 })
    t.expect({ flags: 'PA', seq: 1001, length: 1000 })
  })

  it('a peer that does not answer any more is given up after `retries` probes', () => {
    const t = shut({ ...origin, tcp: { retries: 5 } })
    t.wait(10 * 60_000)
    expect(t.events.at(-1)).toBe('close ETIMEDOUT')
    expect(t.stack.tcp.counters.zeroWindowProbes).toBe(5)
  })

  it('MUST-37 a peer that has answered many probes is given up after as many in a row as any other', () => {
    const t = shut({ ...origin, tcp: { retries: 5, maxRto: 4000 } })
    for (let answered = 0; answered < 20; answered++) {
      while (t.pending === 0) t.wait(100)
      t.skip()
      t.send({ flags: 'A', seq: 1, ack: 1001, win: 0 })
    }
    t.wait(18_000)
    expect(t.events).not.toContain('close ETIMEDOUT')
    t.wait(10_000)
    expect(t.events.at(-1)).toBe('close ETIMEDOUT')
    expect(t.stack.tcp.counters.zeroWindowProbes).toBe(25)
  })

  it('MUST-21 the user timeout counts from the first probe, however long the peer had nothing to say before', () => {
    const t = new Script(origin).established()
    t.connection.write(bytes(1000))
    t.expect({ length: 1000 })
    t.send({ flags: 'A', seq: 1, ack: 1001, win: 0 })
    t.connection.userTimeout = 5000
    t.wait(60_000).silence()
    t.connection.write(bytes(1000))
    while (t.pending === 0) t.wait(50)
    const from = t.clock.now() / 1000
    expect(t.events).not.toContain('close ETIMEDOUT')
    t.wait(4900)
    expect(t.events).not.toContain('close ETIMEDOUT')
    t.wait(200)
    expect(t.events.at(-1)).toBe('close ETIMEDOUT')
    expect(t.clock.now() / 1000 - from).toBeLessThan(5200)
  })

  it('MUST-36 a FIN alone waits for a window as well', () => {
    const t = new Script(origin).established()
    t.connection.write(bytes(100))
    t.expect({ length: 100 })
    t.send({ flags: 'A', seq: 1, ack: 101, win: 0 })
    t.connection.shutdown()
    t.silence()
    t.wait(5000)
    expect(t.next()).toMatchObject({ flags: 'A', seq: 100 })
    t.skip()
    t.send({ flags: 'A', seq: 1, ack: 101, win: 1 })
    t.expect({ flags: 'FA', seq: 101 })
  })

  it('SHLD-15 a window that is full to the byte has no room for the FIN', () => {
    const t = new Script(origin).established(undefined, 100)
    t.connection.write(bytes(100))
    t.connection.shutdown()
    t.expect({ flags: 'PA', seq: 1, length: 100 }).silence()
    t.send({ flags: 'A', seq: 1, ack: 101, win: 100 })
    t.expect({ flags: 'FA', seq: 101 })
  })

  it('R6429-03 a lost window update is made up for by the next probe’s answer', () => {
    const t = shut()
    t.wait(10_000)
    t.skip()
    t.send({ flags: 'A', seq: 1, ack: 1001, win: 65_535 })
    t.expect({ flags: 'PA', seq: 1001, length: 1000 })
    t.send({ flags: 'A', seq: 1, ack: 2001 })
    t.skip().silence(600_000)
  })
})

describe('windows of 16 bits', () => {
  it('MUST-1 a window of 65,535 is not negative', () => {
    const t = new Script({ tcp: { initialWindow: 100 } }).established(undefined, 0xffff)
    t.connection.write(bytes(131_072))
    expect(sent(t).at(-1)![1] - 1).toBe(65_535 - (65_535 % 1460))
  })
})
