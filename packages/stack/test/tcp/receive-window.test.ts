import { describe, expect, it } from 'vitest'
import { MODERN, ORIGINS, pattern, Script, type ScriptOptions } from './script.ts'

const SCALED = MODERN.filter((option) => option.name !== 'timestamps')
const read = (t: Script, length: number): number => t.connection.read(new Uint8Array(length))

/** T fills the window in segments of `unit`; the application does not read. @returns bytes taken */
function fill(t: Script, unit = 1000): number {
  let next = 1
  for (let left = t.connection.info().rcvWnd; left > 0; left = t.connection.info().rcvWnd) {
    const length = Math.min(unit, left)
    t.send({ flags: 'A', seq: next, ack: 1, data: length })
    next += length
  }
  return next - 1
}

describe.each(ORIGINS)('the window we offer, $name', (origin) => {
  const small: ScriptOptions = { ...origin, tcp: { receiveBuffer: 8192, receiveBufferMax: 8192 } }

  it('MUST-39 SWS-02 a reader that takes byte by byte moves the edge only by a segment or half the buffer', () => {
    const t = new Script(small).established()
    expect(fill(t)).toBe(8192)
    t.skip()
    let edge = 8193
    for (let taken = 1; taken <= 8192; taken++) {
      read(t, 1)
      if (t.pending === 0) continue
      const update = t.next()
      expect(update).toMatchObject({ flags: 'A', ack: 8193, length: 0 })
      const gain = 8193 + update.win - edge
      expect(gain).toBeGreaterThanOrEqual(1000)
      expect(update.win).toBe(taken)
      edge = 8193 + update.win
    }
    expect(edge).toBeGreaterThan(8193 + 4096)
    t.silence()
  })

  it('SHLD-14 the right edge never moves left, whatever the reader does', () => {
    for (const options of [undefined, SCALED]) {
      const t = new Script({ ...origin, tcp: { receiveBuffer: 50_000 } }).established(options)
      const shift = t.connection.info().rcvWscale
      let next = 1
      let edge = 0
      for (let round = 0; round < 400; round++) {
        const room = t.connection.info().rcvWnd
        const length = Math.min(room, 1 + ((round * 7919) % 1460))
        if (length > 0) t.send({ flags: 'A', seq: next, ack: 1, data: length })
        next += length
        if (round % 3 === 0) read(t, (round * 104_729) % 3000)
        while (t.pending > 0) {
          const { ack, win } = t.next()
          // R7323-11: by less than the scale can tell.
          expect(ack + (win << shift)).toBeGreaterThan(edge - (1 << shift))
          edge = Math.max(edge, ack + (win << shift))
        }
      }
      expect(next).toBeGreaterThan(100_000)
    }
  })

  it('R6429-03 a slow reader closes the window, and opens it by one update when it reads on', () => {
    const t = new Script(small).established()
    fill(t)
    let last = t.next()
    while (t.pending > 0) last = t.next()
    expect(last).toMatchObject({ ack: 8193, win: 0 })
    // MUST-66: what comes now is answered, and only its acknowledgement counts.
    t.send({ flags: 'A', seq: 8193, ack: 1, data: 10 }).expect({ ack: 8193, win: 0 })
    expect(t.readAll()).toEqual(pattern(1, 8192))
    t.expect({ ack: 8193, win: 8192 }).silence(1000)
    expect(t.stack.tcp.counters.windowUpdates).toBe(1)
  })

  it('MAY-8 a reader that never reads keeps the window shut for ever, and probes are answered', () => {
    const t = new Script(small).established()
    fill(t)
    t.skip()
    for (let i = 0; i < 20; i++) {
      t.wait(120_000).send({ flags: 'A', seq: 8193, ack: 1, data: 1 })
      t.expect({ flags: 'A', ack: 8193, win: 0 }).silence()
    }
    expect(t.readAll()).toEqual(pattern(1, 8192))
  })

  it('MUST-66 with the window shut ACK and RST are processed', () => {
    const t = new Script(small).established()
    fill(t)
    t.connection.write(new Uint8Array(100))
    t.skip()
    t.send({ flags: 'A', seq: 8193, ack: 101, data: 10 })
    expect(t.connection.unacknowledged).toBe(0)
    t.send({ flags: 'R', seq: 8193 })
    expect(t.events.at(-1)).toBe('close ECONNRESET')
  })

  it('R7323-06 the field is the window shifted right, rounded down', () => {
    for (const [buffer, field] of [
      [1 << 20, 8192],
      [(1 << 20) - 1, 8191],
    ]) {
      const t = new Script({ ...origin, tcp: { receiveBuffer: buffer } }).connect()
      t.next()
      t.send({ flags: 'SA', seq: 0, ack: 1, options: SCALED })
      t.expect({ flags: 'A', win: field })
      expect(t.connection.info().rcvWscale).toBe(7)
    }
  })

  it('R7323-09 R7323-11 what was ever inside a window is taken, and tiny segments do not hold it open', () => {
    const t = new Script({ ...origin, tcp: { receiveBuffer: 8192 } }).established(SCALED)
    let sent = 0
    while (sent < 20_000) {
      t.send({ flags: 'A', seq: 1 + sent, ack: 1, data: 1 })
      if (t.connection.readable === sent) break
      sent++
    }
    // Without a bound of its own, rounding up would hand out a byte of window for each byte that comes.
    expect(sent).toBeLessThanOrEqual(8192 + 128)
    expect(sent).toBeGreaterThanOrEqual(8192)
    expect(t.readAll()).toEqual(pattern(1, sent))
  })

  it('R7323-09 data up to the largest edge ever offered is taken although the field told less since', () => {
    const t = new Script({ ...origin, tcp: { receiveBuffer: 8192 } }).established(SCALED)
    t.send({ flags: 'A', seq: 1, ack: 1, data: 1001 })
    const { ack, win } = t.next()
    const edge = 8193
    expect(ack + (win << 7)).toBeLessThanOrEqual(edge)
    t.send({ flags: 'A', seq: ack, ack: 1, data: edge - ack })
    expect(t.connection.readable).toBe(8192)
  })

  it('a window that cannot be scaled stays within 16 bits, and a fast reader is not charged updates for it', () => {
    const t = new Script({ ...origin, tcp: { receiveBuffer: 200_000 } }).established()
    let next = 1
    for (let i = 0; i < 2000; i++) {
      t.send(
        { flags: 'A', seq: next, ack: 1, data: 1460 },
        { flags: 'A', seq: next + 1460, ack: 1, data: 1460 },
      )
      next += 2920
      read(t, 10_000)
      t.wait(1)
    }
    expect(t.stack.tcp.counters.windowUpdates).toBe(0)
    while (t.pending > 0) expect(t.next().win).toBeGreaterThan(60_000)
  })
})

describe.each(ORIGINS)('window scaling, $name', (origin) => {
  const ws = (shift: number) => [
    { name: 'mss', value: 1460 } as const,
    { name: 'windowScale', shift } as const,
  ]
  /** Of a window that ends in the middle of a segment only the whole ones are used (MUST-38). */
  const whole = (window: number): number => window - (window % 1460)
  const sendable = (t: Script): number => {
    t.connection.write(new Uint8Array(131_072))
    let bytes = 0
    while (t.pending > 0) bytes += t.next().length
    return bytes
  }

  it('R7323-01 R7323-04 a SYN without the option: none in the SYN-ACK, and windows mean what they say', () => {
    const t = new Script({ ...origin, tcp: { initialWindow: 100 } }).listen()
    t.send({ flags: 'S', options: [{ name: 'mss', value: 1460 }] })
    const synAck = t.next()
    expect(synAck.options.some((o) => o.name === 'windowScale')).toBe(false)
    t.send({ flags: 'A', seq: 1, ack: 1, win: 5000 })
    expect(t.connection.info()).toMatchObject({ sndWscale: 0, rcvWscale: 0 })
    expect(sendable(t)).toBe(whole(5000))
  })

  it('R7323-01 our SYN offers it, the SYN-ACK does not: both directions are unscaled', () => {
    const t = new Script({ ...origin, tcp: { initialWindow: 100 } }).connected(undefined, 3000)
    expect(t.connection.info()).toMatchObject({ sndWscale: 0, rcvWscale: 0, sndWnd: 3000 })
    expect(sendable(t)).toBe(whole(3000))
  })

  it('R7323-02 the window of a SYN-ACK is not scaled, nor is ours', () => {
    const t = new Script({ ...origin, tcp: { initialWindow: 100 } }).connect()
    expect(t.next().win).toBe(65_535)
    t.send({ flags: 'SA', seq: 0, ack: 1, win: 1000, options: ws(7) })
    t.skip()
    expect(sendable(t)).toBe(1000)
  })

  it('R7323-05 later windows are shifted by the peer’s shift', () => {
    const t = new Script({ ...origin, tcp: { initialWindow: 100 } }).established(ws(4), 100)
    expect(sendable(t)).toBe(whole(1600))
  })

  it('R7323-07 a shift above 14 is 14', () => {
    for (const shift of [14, 15, 255]) {
      const t = new Script({ ...origin, tcp: { initialWindow: 100 } }).established(ws(shift), 1)
      expect(t.connection.info().sndWscale).toBe(14)
      expect(sendable(t)).toBe(whole(16_384))
    }
  })

  it('R7323-08 a shift of 0 is answered by our own', () => {
    const t = new Script(origin).listen().send({ flags: 'S', options: ws(0) })
    expect(t.next().options).toContainEqual({ name: 'windowScale', shift: 7 })
  })

  it('R7323-03 the option on a later segment changes nothing', () => {
    const t = new Script({ ...origin, tcp: { initialWindow: 100 } }).established(ws(2), 500)
    t.send({ flags: 'A', seq: 1, ack: 1, win: 500, options: [{ name: 'windowScale', shift: 10 }] })
    expect(sendable(t)).toBe(whole(2000))
  })
})

describe('SHLD-14 several ACKs that one segment draws', () => {
  it('promise no more than the buffer has room for, whichever leaves first', () => {
    const tcp = { receiveBuffer: 4096, receiveBufferMax: 200_000 }
    const options = MODERN.filter((option) => option.name !== 'timestamps')
    const t = new Script({ tcp }).established(options)
    t.send({ flags: 'A', seq: 1, ack: 1, data: 1000 }).send({ flags: 'A', seq: 1500, ack: 1, data: 1 }).skip()
    // It repeats what is here already before and behind the gap that it fills: two D-SACKs.
    t.send({ flags: 'A', seq: 501, ack: 1, data: 1201 })
    while (t.pending > 0) {
      const { ack, win } = t.next()
      expect(ack).toBe(1702)
      expect(win << t.connection.info().rcvWscale).toBeLessThanOrEqual(4096 - 1701)
    }
    t.stack.debugInvariants()
  })
})
