import { describe, expect, it } from 'vitest'
import type { packets } from '../../src/index.ts'
import { MODERN, ORIGINS, pattern, Script, type SentSeg } from './script.ts'

const ON = { userTimeoutOption: true }
const field = (g: number, value: number): packets.TcpOption[] => [
  { name: 'userTimeout', minutes: g === 1, value },
]

function told(segment: SentSeg): number | undefined {
  const option = segment.options.find((o) => o.name === 'userTimeout')
  return option !== undefined && option.name === 'userTimeout'
    ? option.value * (option.minutes ? 60 : 1)
    : undefined
}

/** Seconds until a write that nobody answers ends the connection. */
function patience(t: Script): number {
  t.connection.write(pattern(1, 10))
  const from = t.clock.now()
  for (let i = 0; i < 100_000 && t.connection.closeReason === undefined; i++) t.wait(100)
  expect(t.connection.closeReason).toBe('ETIMEDOUT')
  return (t.clock.now() - from) / 1e6
}

describe.each(ORIGINS)('the user timeout option, $name', (origin) => {
  it('R5482-01 what the application sets is told once, with the next segment; zero never', () => {
    const t = new Script({ ...origin, tcp: ON }).established(MODERN)
    t.connection.userTimeout = 0
    t.connection.write(pattern(1, 10))
    expect(told(t.next())).toBeUndefined()
    t.send({ flags: 'A', seq: 1, ack: 11 })
    t.connection.userTimeout = 300_000
    t.connection.write(pattern(1, 5000))
    const first = t.next()
    expect(told(first)).toBe(300)
    expect(first.length).toBe(1444)
    expect(told(t.next())).toBeUndefined()
  })

  it('R5482-01 more seconds than 15 bits are told in minutes', () => {
    const t = new Script({ ...origin, tcp: ON }).established()
    t.connection.userTimeout = 40_000_000
    t.connection.write(pattern(1, 10))
    expect(told(t.next())).toBe(Math.ceil(40_000 / 60) * 60)
  })

  it('R5482-02 the peer’s is taken, within limits', () => {
    for (const [options, seconds] of [
      [field(0, 300), 300],
      [field(1, 5), 300],
      // L_LIMIT and U_LIMIT.
      [field(0, 1), 100],
      [field(1, 0x7fff), 3600],
    ] as const) {
      const t = new Script({ ...origin, tcp: ON }).established()
      t.send({ flags: 'A', seq: 1, ack: 1, options: options as packets.TcpOption[] })
      expect(t.connection.userTimeout).toBe(seconds * 1000)
      if (seconds <= 300) expect(patience(t)).toBeCloseTo(seconds, 0)
    }
  })

  it('R5482-01 zero is reserved, and ignored', () => {
    const t = new Script({ ...origin, tcp: ON }).established()
    t.send({ flags: 'A', seq: 1, ack: 1, options: field(0, 0) })
    expect(t.connection.userTimeout).toBe(0)
  })

  it('R5482-03 the application’s own stands', () => {
    const t = new Script({ ...origin, tcp: ON }).established()
    t.connection.userTimeout = 120_000
    t.send({ flags: 'A', seq: 1, ack: 1, options: field(0, 600) })
    expect(t.connection.userTimeout).toBe(120_000)
    expect(patience(t)).toBeCloseTo(120, 0)
  })

  it('R5482-04 without the setting the option is nothing, either way', () => {
    const t = new Script(origin).established()
    t.send({ flags: 'A', seq: 1, ack: 1, options: field(0, 300) })
    expect(t.connection.userTimeout).toBe(0)
    t.connection.userTimeout = 200_000
    t.connection.write(pattern(1, 10))
    expect(told(t.next())).toBeUndefined()
  })

  it('a user timeout longer than the retries would take is kept', () => {
    const t = new Script({ ...origin, tcp: { retries: 3 } }).established()
    t.connection.userTimeout = 200_000
    expect(patience(t)).toBeCloseTo(200, 0)
  })

  it('MUST-37 with the window shut it counts from the last answer', () => {
    const t = new Script(origin).established()
    t.connection.userTimeout = 60_000
    t.connection.write(pattern(1, 10))
    t.skip().send({ flags: 'A', seq: 1, ack: 11, win: 0 })
    t.connection.write(pattern(1, 10))
    for (let i = 0; i < 300; i++) {
      t.wait(1000)
      if (t.pending > 0) t.skip().send({ flags: 'A', seq: 1, ack: 11, win: 0 })
    }
    expect(t.state).toBe('ESTABLISHED')
    const from = t.clock.now()
    while (t.connection.closeReason === undefined) t.wait(100)
    expect((t.clock.now() - from) / 1e6).toBeLessThanOrEqual(61)
  })
})
