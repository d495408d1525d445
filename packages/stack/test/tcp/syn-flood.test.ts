import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../src/index.ts'
import { requirePrefix } from '../../src/ip/address-text.ts'
import { Blast } from './blast.ts'
import { MODERN, Script, type ScriptOptions } from './script.ts'

const MILLION = 1_000_000
const PATIENCE = 240_000

/** It listens, and 10.0.0.0/16 lies behind its one interface. */
function server(options: ScriptOptions): Script {
  const t = new Script(options).listen()
  t.stack.ip.addRoute(requirePrefix('10.0.0.0/16'), { iface: t.stack.interfaces[1] })
  return t
}

/** A legitimate client connects, among thousands of SYN-ACKs for nobody. @returns milliseconds it took */
function connectsThrough(t: Script, port: number, meanwhile: () => void): number {
  const before = t.clock.now()
  t.remotePort = port
  t.ts = null
  t.skip().send({ flags: 'S', options: MODERN })
  const synAck = t.next()
  expect(synAck.flags).toBe('SA')
  const { iss } = t
  t.noteTimestamps(synAck)
  t.ts!.val = 2
  // A round trip of 10 ms, in which the flood goes on.
  meanwhile()
  t.clock.advance(10)
  t.skip()
  t.iss = iss
  t.send({ flags: 'PA', seq: 1, ack: 1, data: 10 }).expect({ flags: 'A', seq: 1, ack: 11 })
  expect(t.connection.remotePort).toBe(port)
  expect(t.readAll()).toHaveLength(10)
  t.connection.abort()
  t.skip()
  return (t.clock.now() - before) / 1000
}

describe('a flood of a million forged SYNs', () => {
  it.each([true, false])(
    'R4987-01 R4987-02 SYN cookies %s: tables and memory stay in their limits, and an honest client connects at once',
    { timeout: PATIENCE },
    (synCookies) => {
      // Without cookies a client has the time it takes to fill the queue: 16,384 records are 160 ms of this flood.
      const limits = { synBacklog: 16_384, halfOpen: 16_384 }
      const t = server({ tcp: { synCookies }, ...(synCookies ? {} : { limits }) })
      const { tcp, memory, engine } = t.stack
      const flood = new Blast(t, { flags: 'S', options: MODERN })
      const random = new SeededRandom(1)
      const before = memory.allocated
      let sent = 0
      const burst = () => {
        for (let i = 0; i < 1000; i++, sent++) {
          flood.source(0x1000 + (random.uint32() & 0x7fff)).port(1024 + (random.uint32() & 0x7fff))
          flood.seq(random.uint32()).fire()
        }
        t.device.sent.length = 0
      }
      const took: number[] = []
      while (sent < MILLION) {
        burst()
        t.clock.advance(10)
        t.skip()
        if (sent % 50_000 === 0) took.push(connectsThrough(t, 60_000 + took.length, burst))
      }
      expect(tcp.counters.segmentsIn).toBeGreaterThan(MILLION)
      expect(tcp.sizes.halfOpen).toBeLessThanOrEqual(synCookies ? 1024 : 16_384)
      expect(tcp.sizes.connections).toBe(0)
      expect(engine.timers.size).toBeLessThanOrEqual(tcp.sizes.halfOpen + 8)
      expect(memory.allocated).toBe(before)
      expect(took).toHaveLength(20)
      expect(Math.max(...took)).toBe(10)
      if (synCookies) expect(tcp.counters.synCookiesSent).toBeGreaterThan(900_000)
      else expect(tcp.counters.droppedSynBacklog).toBeGreaterThan(900_000)
      // Afterwards all is as before.
      t.wait(300_000)
      expect(tcp.sizes.halfOpen).toBe(0)
      expect(engine.timers.size).toBe(0)
    },
  )

  it.each(['A', 'PA'])(
    'R4987-04 a million %s with guessed cookies make no connection',
    { timeout: PATIENCE },
    (flags) => {
      const t = server({ tcp: { synCookies: 'always' } })
      const { tcp } = t.stack
      const random = new SeededRandom(2)
      const guess = new Blast(t, { flags, ...(flags === 'PA' ? { data: 4 } : {}) })
      for (let sent = 0; sent < MILLION; sent++) {
        if (sent % 1000 === 0) {
          t.clock.advance(10)
          // Cookies are good all the time.
          t.remotePort = 60_000
          t.send({ flags: 'S', options: MODERN })
          t.device.sent.length = 0
        }
        guess.source(0x1000 + (random.uint32() & 0x7fff)).port(1024 + (random.uint32() & 0x7fff))
        guess.seq(random.uint32()).ack(random.uint32()).fire()
      }
      expect(tcp.counters).toMatchObject({ synCookiesFailed: MILLION, synCookiesAccepted: 0 })
      expect(tcp.sizes).toMatchObject({ connections: 0, halfOpen: 0 })
      // RFC 9293 wants a RST for each, the limit a thousand a second.
      expect(tcp.counters.resetsOut).toBeLessThanOrEqual(11_000)
      expect(tcp.counters.resetsSuppressed).toBeGreaterThan(980_000)
    },
  )
})
