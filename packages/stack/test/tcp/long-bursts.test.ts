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

  it('what is sent late in a long burst is timed by when it leaves', () => {
    const t = new Script({ tcp: { initialWindow: 40 } }).established(MODERN)
    const { device } = t
    const transmit = device.transmit.bind(device)
    // A device that takes a millisecond for each frame.
    device.transmit = (frame) => {
      t.clock.advance(1)
      return transmit(frame)
    }
    t.connection.write(new Uint8Array(32 * 1448))
    expect(t.pending).toBe(32)
    t.skip()
    device.transmit = transmit
    // SACK of the last one alone: its round-trip time is not 42 ms.
    const [left, right] = [t.iss + 1 + 31 * 1448, t.iss + 1 + 32 * 1448].map((edge) => edge >>> 0)
    t.wait(10).send({ flags: 'A', seq: 1, ack: 1, options: [{ name: 'sack', blocks: [[left, right]] }] })
    expect(t.connection.info().minRtt).toBeLessThanOrEqual(18)
  })

  it('what arrives late in a long burst is timed by when it is read', () => {
    const times: number[] = []
    let slow = false
    const t = new Script({
      trace: {
        onTrace(kind, time) {
          if (kind !== TraceKind.Rtt || !slow) return
          times.push(time / 1000)
          t.clock.advance(1)
        },
      },
    }).established(MODERN)
    t.connection.noDelay = true
    for (let i = 0; i < 10; i++) t.connection.write(new Uint8Array(100))
    t.skip().wait(10)
    const sent = t.clock.now() / 1000
    slow = true
    t.send(...Array.from({ length: 10 }, (_, i) => ({ flags: 'A', seq: 1, ack: 1 + 100 * (i + 1) })))
    expect(times[0]).toBe(sent)
    expect(times[9] - sent).toBeGreaterThan(1)
  })
})
