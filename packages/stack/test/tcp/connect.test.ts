import { describe, expect, it, vi } from 'vitest'
import { packets, parseAddress } from '../../src/index.ts'
import { inState } from './in-state.ts'
import { ORIGINS, pattern, Script } from './script.ts'

const at = (text: string) => parseAddress(text)!

describe.each([...ORIGINS, { name: 'IPv6', isn: 1000, family: 6 as const }])(
  'active open, $name',
  (origin) => {
    it.each([-5, 0, 2, 1000])(
      'SEG-07 SYN-SENT: an ACK of %i draws RST of that number, and the attempt goes on',
      (ack) => {
        const t = inState('SYN-SENT', origin)
        t.send({ flags: 'SA', seq: 0, ack }).expect({ flags: 'R', seq: ack }).silence()
        expect(t.state).toBe('SYN-SENT')
        t.wait(1100).expect({ flags: 'S', seq: 0 })
        t.send({ flags: 'SA', seq: 0, ack: 1 }).expect({ flags: 'A', seq: 1, ack: 1 }).silence()
        expect(t.events).toEqual(['connect'])
      },
    )

    it('SEG-09 text and FIN on the SYN-ACK count', () => {
      const t = inState('SYN-SENT', origin)
      t.send({ flags: 'SA', seq: 0, ack: 1, data: pattern(1, 20) })
        .expect({ flags: 'A', seq: 1, ack: 21 })
        .silence()
      expect(t.readAll()).toEqual(pattern(1, 20))
      const fin = inState('SYN-SENT', origin)
      fin.send({ flags: 'SFA', seq: 0, ack: 1, data: pattern(1, 20) }).expect({ flags: 'A', seq: 1, ack: 22 })
      expect(fin.state).toBe('CLOSE-WAIT')
    })

    it.each(['A', 'FA', 'PA', 'F', ''])(
      'SEG-11 SEG-25 SYN-SENT: "%s" without SYN or RST is dropped',
      (flags) => {
        const t = inState('SYN-SENT', origin)
        t.send({ flags, seq: 0, ack: 1, data: 5 }).silence()
        expect(t.state).toBe('SYN-SENT')
        expect(t.connection.readable).toBe(0)
      },
    )

    it('data written before the handshake follows it at once, with the FIN', () => {
      const t = inState('SYN-SENT', origin)
      expect(t.connection.write(new Uint8Array(100))).toBe(100)
      t.connection.shutdown()
      t.silence()
      t.send({ flags: 'SA', seq: 0, ack: 1 }).expect({ flags: 'FPA', seq: 1, ack: 1, length: 100 }).silence()
    })
  },
)

describe('MUST-22 the SYN and patience', () => {
  it('R6298-01 it is sent again after 1, 2, 4 … seconds, then ETIMEDOUT', () => {
    const t = new Script().connect()
    t.wait(300_000)
    const times: number[] = []
    while (t.pending > 0) times.push(Math.round(t.next().at / 1000))
    expect(times).toEqual([0, 1, 3, 7, 15, 31, 63])
    expect(t.events).toEqual(['close ETIMEDOUT'])
    expect(t.stack.tcp.counters.failedConnects).toBe(1)
  })

  it('MUST-23 seven retries give three minutes; the default is Linux’s 127 seconds', () => {
    const t = new Script({ tcp: { synRetries: 7 } }).connect()
    t.wait(180_000)
    expect(t.events).toEqual([])
    t.wait(120_000)
    expect(t.events).toEqual(['close ETIMEDOUT'])
  })

  it('MUST-21 the application’s own limit holds for the SYN too', () => {
    const t = new Script().connect()
    t.connection.userTimeout = 5000
    t.wait(4900)
    expect(t.events).toEqual([])
    t.wait(200)
    expect(t.events).toEqual(['close ETIMEDOUT'])
  })

  it('MUST-20 SHLD-9 after three tries the next hop is doubted, and the application told', () => {
    const t = new Script().connect()
    const heard: string[] = []
    let doubts = 0
    t.stack.tcp.context.connections.each(({ path }) => {
      vi.spyOn(path, 'suspect').mockImplementation(() => void doubts++)
    })
    t.connection.handler = { ...t.handler, onSoftError: (_, reason) => heard.push(`${reason}`) }
    t.wait(6900)
    expect(heard).toEqual([])
    t.wait(200)
    expect(heard).toEqual(['ETIMEDOUT'])
    expect(doubts).toBe(1)
  })

  it('a device that is full loses the SYN as a wire would', () => {
    const t = new Script()
    t.device.full = true
    t.connect()
    t.device.full = false
    t.wait(50).expect({ flags: 'S' })
    t.send({ flags: 'SA', ack: 1 }).expect({ flags: 'A' })
  })
})

describe('MUST-20 data and patience', () => {
  it('SHLD-9 SHLD-10 the application hears of the third timeout; MUST-20 the path is doubted; R2 ends it', () => {
    const t = inState('ESTABLISHED', { tcp: { retries: 5 } })
    const heard: number[] = []
    const doubts: number[] = []
    t.stack.tcp.context.connections.each(({ path }) => {
      vi.spyOn(path, 'suspect').mockImplementation(() => doubts.push(t.stack.tcp.counters.timeouts))
    })
    t.connection.handler = { ...t.handler, onSoftError: () => heard.push(t.stack.tcp.counters.timeouts) }
    t.connection.write(new Uint8Array(100))
    t.wait(600_000)
    expect(heard).toEqual([3])
    expect(doubts).toEqual([3])
    expect(t.events).toEqual(['close ETIMEDOUT'])
    expect(t.stack.tcp.counters.timeouts).toBe(5)
  })

  it('SHLD-11 by default data is tried for more than 100 seconds', () => {
    const t = inState('ESTABLISHED')
    t.connection.write(new Uint8Array(100))
    t.wait(100_000)
    expect(t.events).toEqual([])
    t.wait(3_600_000)
    expect(t.events).toEqual(['close ETIMEDOUT'])
    expect(t.stack.tcp.sizes.connections).toBe(0)
    expect(t.stack.engine.timers.size).toBe(0)
  })

  it('MUST-21 the application’s own limit, shorter and longer, for one connection', () => {
    const t = new Script({ tcp: { retries: 3 } }).listen()
    const reasons = new Map<number, number>()
    const started = t.clock.now()
    for (const [port, timeout] of [
      [5000, 0],
      [5001, 700],
      [5002, 60_000],
    ]) {
      t.remotePort = port
      t.skip().send({ flags: 'S' })
      t.next()
      t.send({ flags: 'A', seq: 1, ack: 1 })
      t.connection.userTimeout = timeout
      t.connection.handler = {
        onClose: (connection) => reasons.set(connection.remotePort, (t.clock.now() - started) / 1000),
      }
      t.connection.write(new Uint8Array(10))
    }
    t.wait(600_000)
    expect(reasons.get(5001)).toBeLessThan(reasons.get(5000)!)
    expect(reasons.get(5001)).toBeGreaterThanOrEqual(700)
    expect(reasons.get(5000)).toBeLessThan(20_000)
    expect(reasons.get(5002)).toBeLessThanOrEqual(60_000)
  })

  it.each([-1, 1.5, 2 ** 31])('a user timeout of %d is ERR_OUT_OF_RANGE', (value) => {
    const t = inState('ESTABLISHED')
    expect(() => {
      t.connection.userTimeout = value
    }).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }))
    t.connection.userTimeout = 5
    expect(t.connection.userTimeout).toBe(5)
  })
})

describe('whom and from where', () => {
  const connect = (t: Script, address: string, more: object = {}) =>
    t.stack.tcp.connect({ address: at(address), port: 9, ...more }, {})

  it.each(['255.255.255.255', '10.0.0.255', '224.0.0.1', '239.1.2.3', 'ff02::1', '0.0.0.0', '::'])(
    'MUST-46 %s cannot be connected to, and nothing is sent',
    (address) => {
      const t = new Script()
      expect(() => connect(t, address)).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^E/) }),
      )
      t.silence(10_000)
      expect(t.stack.tcp.sizes.connections).toBe(0)
    },
  )

  it('no route is ENETUNREACH, a foreign local address EADDRNOTAVAIL', () => {
    const t = new Script()
    expect(() => connect(t, '192.0.2.1')).toThrow(expect.objectContaining({ code: 'ENETUNREACH' }))
    expect(() => connect(t, '10.0.0.2', { localAddress: at('10.0.0.77') })).toThrow(
      expect.objectContaining({ code: 'EADDRNOTAVAIL' }),
    )
    expect(() => connect(t, '10.0.0.2', { port: 0 })).toThrow(
      expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }),
    )
  })

  const sources = (t: Script) =>
    t.device.sent
      .map(({ bytes }) => packets.decodePacket(bytes))
      .flatMap((frame) => {
        const ip = frame.ipv4 ?? frame.ipv6
        return frame.tcp === undefined || ip === undefined ? [] : [packets.ipText(ip.source)]
      })

  it('MUST-43 MUST-44 MUST-45 the source is what was asked for or what the routes choose, and stays', () => {
    const t = new Script()
    const [, iface] = t.stack.interfaces
    iface.addAddress({ address: at('10.0.0.5'), length: 24 })
    t.device.sent.length = 0
    connect(t, '10.0.0.2', { localAddress: at('10.0.0.5') })
    expect(sources(t)).toEqual(['10.0.0.5'])
    const chosen = connect(t, 'fd00::2')
    expect(sources(t)).toEqual(['10.0.0.5', 'fd00::1'])
    iface.addAddress({ address: at('fd00::3'), length: 128 })
    t.wait(1100)
    expect(sources(t).slice(2)).toEqual(['10.0.0.5', 'fd00::1'])
    expect(chosen.localAddress.equals(at('fd00::1'))).toBe(true)
  })

  it('the same tuple twice is EADDRINUSE', () => {
    const t = inState('SYN-SENT')
    expect(() => t.connect()).toThrow(expect.objectContaining({ code: 'EADDRINUSE' }))
    t.connection.abort()
    expect(() => t.connect()).not.toThrow()
  })
})
