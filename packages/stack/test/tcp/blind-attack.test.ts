import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../src/index.ts'
import { Blast } from './blast.ts'
import { MODERN, ORIGINS, pattern, Script, type Seg } from './script.ts'

const PATIENCE = 240_000
const TURNS = 20
const CHUNK = 100

const ATTACKS: { name: string; segment: Seg }[] = [
  { name: 'RST', segment: { flags: 'R' } },
  { name: 'SYN', segment: { flags: 'S' } },
  { name: 'FIN', segment: { flags: 'FA' } },
  { name: 'ACK', segment: { flags: 'A', win: 0 } },
  { name: 'data', segment: { flags: 'PA', data: 10 } },
]

/** Both sides of the connection say something, and each hears what the other said. */
class Talk {
  readonly #t: Script
  heard = 0

  constructor(t: Script) {
    this.#t = t
  }

  turn(): void {
    const t = this.#t
    const at = this.heard + 1
    t.wait(1000).skip()
    t.ts!.val++
    t.send({ flags: 'PA', seq: at, ack: at, data: CHUNK, win: 512 })
    expect(t.readAll(), 'what T said').toEqual(pattern(at, CHUNK))
    t.connection.write(pattern(at, CHUNK))
    const said: number[] = []
    while (t.pending > 0) {
      const segment = t.next()
      expect(segment.flags).not.toContain('R')
      if (segment.length > 0) said.push(...segment.payload)
    }
    expect(Uint8Array.from(said), 'what the stack said').toEqual(pattern(at, CHUNK))
    this.heard += CHUNK
    t.send({ flags: 'A', seq: at + CHUNK, ack: at + CHUNK, win: 512 })
  }
}

describe.each(ORIGINS)('somebody who knows addresses and ports, and guesses, $name', (origin) => {
  const tries = origin.name === 'ordinary' ? 1_000_000 : 100_000

  it.each(ATTACKS)(
    `R5961-01 R5961-03 R5961-04 R5961-06 ${tries} forged segments, $name, neither end the connection nor change a byte`,
    { timeout: PATIENCE },
    ({ segment }) => {
      const t = new Script(origin).established(MODERN, 512)
      const { counters, sizes } = t.stack.tcp
      const memory = t.stack.memory.allocated
      const talk = new Talk(t)
      const random = new SeededRandom(tries)
      const blast = new Blast(t, { options: [], ...segment })
      // The whole sequence space in even steps from a random place: with a million the window is hit fifteen times.
      const step = Math.floor(2 ** 32 / tries)
      let seq = random.uint32()
      for (let sent = 0; sent < tries; sent++) {
        if (sent % (tries / TURNS) === 0) talk.turn()
        seq = (seq + step) >>> 0
        blast.seq(seq).ack(random.uint32()).fire()
        if (sent % 100 !== 0) continue
        t.clock.advance(1)
        t.device.sent.length = 0
        t.skip()
      }
      talk.turn()
      expect(t.state).toBe('ESTABLISHED')
      expect(t.events.filter((event) => event !== 'readable')).toEqual([])
      expect(t.connection).toMatchObject({
        readable: 0,
        ended: false,
        unacknowledged: 0,
        closeReason: undefined,
      })
      expect(t.connection.info().bytesReceived).toBe(talk.heard)
      expect(sizes).toEqual({ connections: 1, orphans: 0, halfOpen: 0, timeWait: 0, listeners: 1 })
      expect(t.stack.memory.allocated).toBe(memory)
      // R5961-07: two in a second at the most.
      expect(counters.challengeAcks).toBeLessThanOrEqual((2 * t.clock.now()) / 1_000_000)
      if (segment.flags === 'S') expect(counters.challengeAcks).toBeGreaterThan(0)
      else expect(counters.droppedOutOfWindow).toBeGreaterThan(tries * 0.99)
    },
  )

  it('R5961-03 a RST at every number of the window but the next one: challenged, now and then', () => {
    const t = new Script(origin).established(MODERN, 512)
    const talk = new Talk(t)
    const blast = new Blast(t, { flags: 'R', options: [] })
    talk.turn()
    const next = origin.isn + 1 + talk.heard
    const window = t.connection.info().rcvWnd
    for (let offset = 1; offset < window; offset++) blast.seq(next + offset).fire()
    talk.turn()
    expect(t.stack.tcp.counters.challengeAcks).toBe(1)
    blast.seq(next + CHUNK).fire()
    expect(t.events).toContain('close ECONNRESET')
  })

  it('R5961-06 an ACK of what lies before our SYN was never earned, however large the window', () => {
    const t = new Script(origin).established(MODERN, 65_535)
    t.connection.write(pattern(1, 100))
    t.skip()
    t.send({ flags: 'PA', seq: 1, ack: -1000, data: 10 })
    expect(t.connection.readable).toBe(0)
    expect(t.stack.tcp.counters).toMatchObject({ droppedBadAck: 1, challengeAcks: 1 })
    // An old one that was once right still counts.
    t.skip().send({ flags: 'PA', seq: 1, ack: 1, data: 10 })
    expect(t.connection.readable).toBe(10)
  })
})
