import { describe, expect, it } from 'vitest'
import { parseAddress } from '../../src/index.ts'
import { MODERN, ORIGINS, pattern, Script, type SentSeg } from './script.ts'

const DAY = 86_400_000

function stamp(segment: SentSeg): { value: number; echo: number } {
  const option = segment.options.find((o) => o.name === 'timestamps')
  if (option === undefined || option.name !== 'timestamps')
    throw new Error(`No timestamps on ${segment.text}`)
  return option
}

/** T sends with this TSval. */
function at(t: Script, value: number, segment: Parameters<Script['send']>[0]): void {
  t.ts!.val = value
  t.send(segment)
}

describe.each(ORIGINS)('timestamps, $name', (origin) => {
  it('R7323-12 every segment carries them once both SYNs did: data, ACK, retransmission, probe, keepalive, FIN, RST', () => {
    const t = new Script(origin).established(MODERN)
    t.connection.setKeepAlive(true, { idle: 10_000, interval: 1000, count: 3 })
    t.send({ flags: 'A', seq: 1, ack: 1, data: 10 })
    stamp(t.next())
    t.connection.write(new Uint8Array(10))
    stamp(t.next())
    t.wait(1500)
    while (t.pending > 0) stamp(t.next())
    t.send({ flags: 'A', seq: 11, ack: 11, win: 0 })
    t.connection.write(new Uint8Array(10))
    t.wait(10_000)
    expect(t.pending).toBeGreaterThan(0)
    while (t.pending > 0) stamp(t.next())
    t.send({ flags: 'A', seq: 11, ack: 11 })
    stamp(t.next())
    t.send({ flags: 'A', seq: 11, ack: 21 })
    t.wait(10_500)
    expect(stamp(t.next())).toBeDefined()
    t.send({ flags: 'A', seq: 11, ack: 21 })
    t.connection.shutdown()
    expect(t.next().flags).toBe('FA')
    t.readAll()
    t.connection.abort()
    const reset = t.next()
    expect(reset.flags).toBe('RA')
    // R7323-19.
    stamp(reset)
  })

  it('R7323-19 a RST that answers a segment with timestamps echoes them, its own clock being 0', () => {
    const TS = [{ name: 'timestamps', value: 777, echo: 5 }] as const
    const t = new Script(origin)
    t.send({ flags: 'PA', seq: 1, ack: 99, data: 10, options: [...TS] })
    expect(stamp(t.next())).toMatchObject({ value: 0, echo: 777 })
    t.send({ flags: 'S', options: MODERN })
    expect(stamp(t.next())).toMatchObject({ value: 0, echo: 1 })
    t.listen().send({ flags: 'A', seq: 1, ack: 99, options: [...TS] })
    expect(stamp(t.next())).toMatchObject({ value: 0, echo: 777 })
    t.send({ flags: 'A', seq: 1, ack: 99 }).expect({ flags: 'R', options: [] })
    const off = new Script({ ...origin, tcp: { timestamps: false } })
    off.send({ flags: 'A', seq: 1, ack: 99, options: [...TS] }).expect({ flags: 'R', options: [] })
  })

  it('R7323-13 a SYN without them: none in the SYN-ACK, and none later', () => {
    const t = new Script(origin).listen().send({ flags: 'S', options: [{ name: 'mss', value: 1460 }] })
    expect(t.next().options.some((o) => o.name === 'timestamps')).toBe(false)
    t.send({ flags: 'A', seq: 1, ack: 1 }).send({ flags: 'A', seq: 1, ack: 1, data: 10 })
    expect(t.next().options).toEqual([])
  })

  it('R7323-16 not agreed on, they are ignored and the segment counts', () => {
    const t = new Script(origin).established()
    t.ts = { val: 5, ecr: 0 }
    t.send({ flags: 'A', seq: 1, ack: 1, data: 10 }).expect({ ack: 11, options: [] })
    t.ts.val = 3
    t.send({ flags: 'A', seq: 11, ack: 1, data: 10 }).expect({ ack: 21, options: [] })
  })

  it('R7323-15 a segment that lacks them does not end the connection; it is taken, as Linux does (R7323-14)', () => {
    const t = new Script(origin).established(MODERN)
    t.send({ flags: 'A', seq: 1, ack: 1, data: 10, options: [] }).expect({ ack: 11 })
    at(t, 2, { flags: 'A', seq: 11, ack: 1, data: 10 })
    t.expect({ ack: 21 })
    expect(t.readAll()).toEqual(pattern(1, 20))
  })

  it('R7323-17 the first SYN echoes nothing', () => {
    const t = new Script(origin).connect()
    expect(stamp(t.next()).echo).toBe(0)
  })

  it('R7323-18 R7323-20 a delayed ACK echoes the earliest segment it covers', () => {
    const t = new Script(origin).established(MODERN)
    for (let i = 0; i < 16; i++) at(t, 2, { flags: 'A', seq: 1 + 1000 * i, ack: 1, data: 1000 })
    t.skip()
    at(t, 10, { flags: 'A', seq: 16_001, ack: 1, data: 100 })
    at(t, 11, { flags: 'A', seq: 16_101, ack: 1, data: 90 })
    t.silence().wait(40)
    expect(stamp(t.next()).echo).toBe(10)
  })

  it('R7323-21 R7323-22 out of order the old one is echoed, filling the hole the new one', () => {
    const t = new Script(origin).established(MODERN)
    at(t, 2, { flags: 'A', seq: 1, ack: 1, data: 100 })
    expect(stamp(t.next()).echo).toBe(2)
    at(t, 3, { flags: 'A', seq: 201, ack: 1, data: 100 })
    expect(stamp(t.next()).echo).toBe(2)
    at(t, 5, { flags: 'A', seq: 101, ack: 1, data: 100 })
    const ack = t.next()
    expect(ack.ack).toBe(301)
    expect(stamp(ack).echo).toBe(5)
  })

  it('R7323-25 an old timestamp in the window is answered and dropped, and changes nothing', () => {
    const t = new Script(origin).established(MODERN)
    at(t, 100, { flags: 'A', seq: 1, ack: 1, data: 10 })
    t.skip()
    at(t, 99, { flags: 'A', seq: 11, ack: 1, data: 10 })
    const ack = t.next()
    expect(ack.ack).toBe(11)
    expect(stamp(ack).echo).toBe(100)
    expect(t.connection.readable).toBe(10)
    // Half the circle ahead is behind.
    at(t, (100 + 2 ** 31) | 0, { flags: 'A', seq: 11, ack: 1, data: 10 })
    expect(t.next().ack).toBe(11)
    at(t, (100 + 2 ** 31 - 1) | 0, { flags: 'A', seq: 11, ack: 1, data: 10 })
    expect(t.next().ack).toBe(21)
  })

  it('R7323-26 a RST is not judged by its timestamp', () => {
    const t = new Script(origin).established(MODERN)
    at(t, 100, { flags: 'A', seq: 1, ack: 1, data: 10 })
    t.readAll()
    at(t, 1, { flags: 'R', seq: 11 })
    expect(t.events.at(-1)).toBe('close ECONNRESET')
  })

  it('R7323-27 what was queued is not judged again', () => {
    const t = new Script(origin).established(MODERN)
    at(t, 2, { flags: 'A', seq: 101, ack: 1, data: 100 })
    t.skip()
    at(t, 9, { flags: 'A', seq: 1, ack: 1, data: 100 })
    expect(t.next().ack).toBe(201)
  })

  it('R7323-28 after 24 idle days the remembered timestamp says nothing', () => {
    const t = new Script(origin).established(MODERN)
    at(t, 1000, { flags: 'A', seq: 1, ack: 1, data: 10 })
    t.skip()
    t.wait(23 * DAY).skip()
    at(t, 500, { flags: 'A', seq: 11, ack: 1, data: 10 })
    expect(t.next().ack).toBe(11)
    t.wait(2 * DAY).skip()
    at(t, 500, { flags: 'A', seq: 11, ack: 1, data: 10 })
    const ack = t.next()
    expect(ack.ack).toBe(21)
    expect(stamp(ack).echo).toBe(500)
  })

  it('R7323-29 the clock ticks once a millisecond', () => {
    const t = new Script(origin).established(MODERN)
    let before = 0
    for (let i = 0; i < 10; i++) {
      t.send({ flags: 'A', seq: 1 + 10 * i, ack: 1, data: 10 })
      const { value } = stamp(t.next())
      if (i > 0) expect((value - before) | 0).toBe(250)
      before = value
      t.wait(250)
    }
  })

  it('R7323-30 two peers see clocks that have nothing in common, one peer always the same', () => {
    const t = new Script(origin)
    const syn = (host: string, port: number): number => {
      t.stack.tcp.connect({ address: parseAddress(host)!, port }, {})
      return stamp(t.next()).value
    }
    const first = syn('10.0.0.2', 80)
    expect(syn('10.0.0.2', 81)).toBe(first)
    const apart = Math.abs((syn('10.0.0.3', 80) - first) | 0)
    expect(apart).toBeGreaterThan(1_000_000)
  })

  it('R7323-31 IPv4 packets say DF', () => {
    const t = new Script(origin).established(MODERN)
    t.connection.write(new Uint8Array(5000))
    for (const { bytes } of t.device.sent) expect(bytes[6] & 0x40).toBe(0x40)
  })

  it('R7323-33 the options of a SYN-ACK are aligned and fit', () => {
    const t = new Script(origin).listen().send({ flags: 'S', options: MODERN })
    t.next()
    const { bytes } = t.device.sent.at(-1)!
    const headerLength = (bytes[20 + 12] >>> 4) * 4
    expect(bytes.length).toBe(20 + headerLength)
    expect(headerLength).toBe(40)
  })

  it('R7323-32 crossing SYNs of which one has them: none afterwards', () => {
    const t = new Script(origin).connect()
    expect(stamp(t.next())).toBeDefined()
    t.send({ flags: 'S', seq: 0, options: [{ name: 'mss', value: 1460 }] })
    expect(t.next().flags).toBe('SA')
    t.send({ flags: 'A', seq: 1, ack: 1 })
    t.connection.write(new Uint8Array(10))
    expect(t.next().options).toEqual([])
  })

  it('R7323-20 R5961-06 a segment whose ACK cannot be leaves TS.Recent alone: a guess must not shut the real peer out', () => {
    const t = new Script(origin).established(MODERN)
    t.connection.write(pattern(1, 10))
    t.skip()
    const now = t.ts!.val
    // A whole window before our SYN, and one beyond what was sent.
    for (const ack of [-70_000, 12]) at(t, now + 1_000_000, { flags: 'PA', seq: 1, ack, data: 5 })
    t.skip()
    at(t, now + 1, { flags: 'PA', seq: 1, ack: 11, data: 7 })
    t.wait(300)
    expect(t.stack.tcp.counters.droppedPaws).toBe(0)
    expect(t.connection.readable).toBe(7)
  })
})
