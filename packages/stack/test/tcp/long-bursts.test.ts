import { describe, expect, it } from 'vitest'
import { TraceKind } from '../../src/index.ts'
import { MODERN, Script } from './script.ts'

describe('bursts that take their time', () => {
  it('what is sent after a slow application is timed by when it leaves', () => {
    const t = new Script().established(MODERN)
    t.connection.handler = {
      onReadable: (connection) => {
        t.clock.advance(40)
        connection.write(new Uint8Array(100))
      },
    }
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 10 })
    expect(t.next()).toMatchObject({ length: 100, at: 40 })
    t.wait(10).send({ flags: 'A', seq: 11, ack: 101 })
    // Not 50: the application's 40 ms are none of the path's.
    expect(t.connection.info().srtt).toBe(10)
  })

  it('what arrives late in a long burst is timed by when it is read', () => {
    const times: number[] = []
    const t = new Script({
      trace: {
        onTrace(kind, time) {
          if (kind !== TraceKind.Rtt) return
          times.push(time / 1000)
          t.clock.advance(1)
        },
      },
    }).established(MODERN)
    const start = t.clock.now() / 1000
    t.connection.noDelay = true
    for (let i = 0; i < 10; i++) t.connection.write(new Uint8Array(100))
    t.skip().wait(10)
    const sent = t.clock.now() / 1000
    times.length = 0
    t.send(...Array.from({ length: 10 }, (_, i) => ({ flags: 'A', seq: 1, ack: 1 + 100 * (i + 1) })))
    expect(times.map((time) => time - sent)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 8, 8])
    expect(sent - start).toBe(10)
  })
})
