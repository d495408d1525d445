import { describe, expect, it } from 'vitest'
import { MODERN, ORIGINS, pattern, Script, type ScriptOptions } from './script.ts'

/** The script with a count of `onUrgent`. */
function listening(options: ScriptOptions, handshake = MODERN): { t: Script; news: number[] } {
  const t = new Script(options).established(handshake)
  const news: number[] = []
  t.connection.handler = { ...t.handler, onUrgent: (c) => news.push(c.urgentLeft) }
  return { t, news }
}

describe.each(ORIGINS)('urgent data from the peer, $name', (origin) => {
  it('MUST-30 R6093-03 it stays in the stream', () => {
    const { t, news } = listening(origin)
    t.send({ flags: 'UPA', seq: 1, ack: 1, data: Uint8Array.of(97, 98, 99), urgent: 2 })
    expect(news).toEqual([2])
    t.expect({ ack: 4 })
    expect([...t.readAll()]).toEqual([97, 98, 99])
    expect(t.connection.urgentLeft).toBe(0)
  })

  it('MUST-32 one notification for each advance of the pointer, none for repetitions', () => {
    const { t, news } = listening(origin)
    t.send({ flags: 'UA', seq: 1, ack: 1, data: 10, urgent: 5 })
    t.send({ flags: 'UA', seq: 1, ack: 1, data: 10, urgent: 5 })
    t.send({ flags: 'UA', seq: 11, ack: 1, data: 10, urgent: -5 & 0xffff })
    expect(news).toEqual([5, 65_541])
    t.send({ flags: 'UA', seq: 21, ack: 1, data: 10, urgent: 3 })
    expect(news).toHaveLength(2)
  })

  it('MUST-31 MUST-33 of any length; what is left shrinks as it is read', () => {
    const { t, news } = listening(origin)
    for (let i = 0; i < 5; i++) {
      t.send({ flags: 'UA', seq: 1 + i * 1000, ack: 1, data: 1000, urgent: 5000 - i * 1000 })
    }
    t.send({ flags: 'A', seq: 5001, ack: 1, data: 1000 })
    expect(news[0]).toBe(5000)
    expect(t.connection.urgentLeft).toBe(5000)
    t.connection.read(new Uint8Array(4999))
    expect(t.connection.urgentLeft).toBe(1)
    t.connection.read(new Uint8Array(1))
    expect(t.connection.urgentLeft).toBe(0)
    expect(t.readAll()).toEqual(pattern(5001, 1000))
  })

  it('MUST-66 a pointer is heard although the window is shut', () => {
    const { t, news } = listening({ ...origin, tcp: { receiveBuffer: 2048, receiveBufferMax: 2048 } })
    t.send({ flags: 'A', seq: 1, ack: 1, data: 2048 })
    expect(t.connection.info().rcvWnd).toBe(0)
    t.send({ flags: 'UA', seq: 2049, ack: 1, data: 1, urgent: 1 })
    expect(news).toEqual([2049])
    expect(t.connection.readable).toBe(2048)
  })

  it('a pointer into what was read is old news', () => {
    const { t, news } = listening(origin)
    t.send({ flags: 'A', seq: 1, ack: 1, data: 100 })
    t.readAll()
    t.send({ flags: 'UA', seq: 101, ack: 1, urgent: 0 })
    expect(news).toEqual([])
  })

  it('a pointer beyond the peer’s FIN ends with it', () => {
    const { t } = listening(origin)
    t.send({ flags: 'UFA', seq: 1, ack: 1, data: 10, urgent: 1000 })
    expect(t.connection.urgentLeft).toBe(10)
    t.readAll()
    expect(t.connection.urgentLeft).toBe(0)
  })

  it('a pointer seen before the data is not undone by the data’s arrival', () => {
    const { t, news } = listening(origin)
    t.send({ flags: 'UA', seq: 101, ack: 1, data: 100, urgent: 100 })
    expect(news).toEqual([200])
    t.send({ flags: 'A', seq: 1, ack: 1, data: 100 })
    expect(t.connection.urgentLeft).toBe(200)
    expect(news).toHaveLength(1)
  })
})

/** URG and the pointer of the last segment sent. */
function pointer(t: Script): number {
  const { bytes } = t.device.sent.at(-1)!
  const tcp = bytes[0] >>> 4 === 4 ? 20 : 40
  return (bytes[tcp + 18] << 8) | bytes[tcp + 19]
}

describe.each(ORIGINS)('urgent data to the peer, $name', (origin) => {
  it('MUST-30 MUST-62 R6093-01 the pointer names the byte after it', () => {
    const t = new Script(origin).established()
    t.connection.noDelay = true
    t.connection.write(pattern(1, 10))
    t.expect({ flags: 'PA', seq: 1, length: 10 })
    expect(t.connection.writeUrgent(Uint8Array.of(1))).toBe(1)
    t.expect({ flags: 'PAU', seq: 11, length: 1 })
    expect(pointer(t)).toBe(1)
    // Acknowledged: no mark any more.
    t.send({ flags: 'A', seq: 1, ack: 12 })
    t.connection.write(pattern(1, 10))
    t.expect({ flags: 'PA', seq: 12 })
    expect(pointer(t)).toBe(0)
  })

  it('MUST-31 every segment up to the mark carries it, retransmissions too', () => {
    const t = new Script(origin).established()
    t.connection.writeUrgent(pattern(1, 3000))
    t.expect({ flags: 'AU', seq: 1 })
    t.expect({ flags: 'AU', seq: 1461 }, { flags: 'PAU', seq: 2921, length: 80 })
    expect(pointer(t)).toBe(80)
    t.wait(1500)
    expect(t.next().flags).toContain('U')
  })

  it('MUST-62 further than 16 bits the pointer says as far as it can', () => {
    const t = new Script({ ...origin, tcp: { initialWindow: 100 } }).established()
    t.connection.writeUrgent(pattern(1, 100_000))
    const first = t.device.sent.find(({ bytes }) => bytes.length > 1000)!
    expect([first.bytes[38], first.bytes[39]]).toEqual([0xff, 0xff])
  })

  it('RFC 9293 section 3.8.6.1: with the window shut the peer still learns that there is urgent data', () => {
    const t = new Script(origin).established()
    t.connection.write(pattern(1, 10))
    t.skip()
    t.send({ flags: 'A', seq: 1, ack: 11, win: 0 })
    t.connection.writeUrgent(pattern(1, 10))
    t.wait(2000)
    expect(t.next().flags).toBe('AU')
  })
})
