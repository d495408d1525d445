import { describe, expect, it } from 'vitest'
import { type ListenOptions, packets, parseAddress, type TcpConnection } from '../../src/index.ts'
import { inState } from './in-state.ts'
import { ORIGINS, Script } from './script.ts'

const at = (text: string) => parseAddress(text)!

/** T opens from a port of its own; `t.iss` is that connection's afterwards. */
function open(t: Script, port: number): void {
  t.remotePort = port
  t.send({ flags: 'S' }).expect({ flags: 'SA', ack: 1 })
  t.send({ flags: 'A', seq: 1, ack: 1 })
}

describe('who may listen where', () => {
  const matrix: [first: ListenOptions, second: ListenOptions, clash: boolean][] = [
    [{ address: at('0.0.0.0') }, { address: at('0.0.0.0') }, true],
    [{ address: at('::') }, { address: at('::') }, true],
    [{}, { address: at('0.0.0.0') }, true],
    [{}, { address: at('10.0.0.1') }, true],
    [{}, { address: at('fd00::1') }, true],
    [{ ipv6Only: true }, { address: at('0.0.0.0') }, false],
    [{ ipv6Only: true }, { address: at('10.0.0.1') }, false],
    [{ ipv6Only: true }, { address: at('fd00::1') }, true],
    [{ ipv6Only: true }, {}, true],
    [{ address: at('0.0.0.0') }, { address: at('10.0.0.1') }, true],
    [{ address: at('0.0.0.0') }, { address: at('fd00::1') }, false],
    [{ address: at('10.0.0.1') }, { address: at('127.0.0.1') }, false],
    [{ address: at('10.0.0.1') }, { address: at('10.0.0.1') }, true],
    [{ address: at('10.0.0.1') }, { address: at('fd00::1') }, false],
    [{ address: at('fd00::1') }, { address: at('::1') }, false],
  ]
  const text = (o: ListenOptions) =>
    `${JSON.stringify(o.address?.a3 ?? 'any')}${o.ipv6Only ? ' only v6' : ''}`
  it.each(matrix.map(([a, b, clash]) => ({ a, b, clash, name: `${text(a)} and ${text(b)}` })))(
    '$name: EADDRINUSE $clash, in either order',
    ({ a, b, clash }) => {
      for (const [first, second] of [
        [a, b],
        [b, a],
      ]) {
        const { tcp } = new Script().stack
        const handler = { onConnection: () => {} }
        const listener = tcp.listen({ ...first, port: 80 }, handler)
        const again = () => tcp.listen({ ...second, port: 80 }, handler)
        if (clash) expect(again).toThrow(expect.objectContaining({ code: 'EADDRINUSE' }))
        else expect(again).not.toThrow()
        tcp.listen({ ...second, port: 81 }, handler)
        listener.close()
        if (clash) expect(again).not.toThrow()
      }
    },
  )

  it('an address of another host is EADDRNOTAVAIL', () => {
    const { tcp } = new Script().stack
    expect(() => tcp.listen({ address: at('10.0.0.9'), port: 80 }, { onConnection: () => {} })).toThrow(
      expect.objectContaining({ code: 'EADDRNOTAVAIL' }),
    )
  })

  it('port 0 takes a free ephemeral port', () => {
    const { tcp } = new Script().stack
    const ports = Array.from({ length: 100 }, () => tcp.listen({}, { onConnection: () => {} }).localPort)
    expect(new Set(ports).size).toBe(100)
    expect(Math.min(...ports)).toBeGreaterThanOrEqual(32_768)
  })

  it.each([{ port: -1 }, { port: 65_536 }, { port: 1.5 }, { backlog: 0 }, { backlog: 65_536 }])(
    '%j is ERR_OUT_OF_RANGE',
    (options) => {
      const { tcp } = new Script().stack
      expect(() => tcp.listen(options, { onConnection: () => {} })).toThrow(
        expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }),
      )
    },
  )

  it('limits.listeners: one more is ENOBUFS', () => {
    const { tcp } = new Script({ limits: { listeners: 2 } }).stack
    const listen = () => tcp.listen({}, { onConnection: () => {} })
    const first = listen()
    listen()
    expect(listen).toThrow(expect.objectContaining({ code: 'ENOBUFS' }))
    first.close()
    expect(listen).not.toThrow()
  })

  it('reusePort: listeners that all allow it share a port, each flow having one of them', () => {
    const t = new Script()
    const handler = { onConnection: () => {} }
    const first = t.stack.tcp.listen({ port: 7, reusePort: true }, handler)
    const greedy = () => t.stack.tcp.listen({ port: 7 }, handler)
    expect(greedy).toThrow(expect.objectContaining({ code: 'EADDRINUSE' }))
    const others = [1, 2, 3].map(() => t.stack.tcp.listen({ port: 7, reusePort: true }, handler))
    const flows = 200
    for (let i = 0; i < flows; i++) open(t, 5000 + i)
    const shares = [first, ...others].map(({ pending }) => pending)
    expect(shares.reduce((sum, share) => sum + share)).toBe(flows)
    expect(Math.min(...shares)).toBeGreaterThan(flows / 10)
    others[0].close()
    // What waited for the one that is gone was reset; new flows find the rest.
    t.expect(...Array.from({ length: shares[1] }, () => ({ flags: 'RA' })))
    for (let i = 0; i < flows; i++) open(t, 6000 + i)
    const left = [first, others[1], others[2]].map(({ pending }) => pending)
    expect(left.reduce((sum, share) => sum + share)).toBe(2 * flows - shares[1])
    for (const listener of [first, others[1], others[2]]) listener.close()
    expect(greedy).not.toThrow()
  })

  it("reusePort: one that shares and one that does not are in each other's way", () => {
    const { tcp } = new Script().stack
    const handler = { onConnection: () => {} }
    tcp.listen({ port: 7, address: at('10.0.0.1') }, handler)
    const sharing = () => tcp.listen({ port: 7, reusePort: true }, handler)
    expect(sharing).toThrow(expect.objectContaining({ code: 'EADDRINUSE' }))
  })

  it('the most specific listener gets the SYN', () => {
    const t = new Script()
    const got: string[] = []
    const listen = (name: string, options: ListenOptions) =>
      t.stack.tcp.listen({ ...options, port: 7 }, { onConnection: () => got.push(name) })
    listen('v4 any', { address: at('0.0.0.0') })
    listen('v6 any', { ipv6Only: true })
    open(t, 5000)
    expect(got).toEqual(['v4 any'])
    const six = new Script({ family: 6 })
    six.stack.tcp.listen({ port: 7, address: at('fd00::1') }, { onConnection: () => got.push('v6') })
    open(six, 5000)
    expect(got).toEqual(['v4 any', 'v6'])
  })

  it.each([
    { family: 4, ipv6Only: true, answer: 'RA' },
    { family: 4, ipv6Only: false, answer: 'SA' },
    { family: 6, ipv6Only: true, answer: 'SA' },
    { family: 6, ipv6Only: false, answer: 'SA' },
  ] as const)(
    'dual stack: IPv$family with ipv6Only $ipv6Only draws $answer',
    ({ family, ipv6Only, answer }) => {
      const t = new Script({ family })
      t.stack.tcp.listen({ port: 7, ipv6Only }, { onConnection: () => {} })
      t.send({ flags: 'S' }).expect({ flags: answer })
    },
  )

  it('MUST-43 a listener on one address is not there for another', () => {
    const t = new Script()
    t.stack.tcp.listen({ port: 7, address: at('127.0.0.1') }, { onConnection: () => {} })
    t.send({ flags: 'S' }).expect({ flags: 'RA' })
  })

  it('MUST-42 a half-open record on the port does not prevent LISTEN', () => {
    const t = inState('SYN-SENT')
    t.listen()
    t.remotePort = 6000
    t.iss = 0
    open(t, 6000)
    expect(t.connection.remotePort).toBe(6000)
  })

  it('MUST-41 start, stop and restart of a listener do not touch its connections', () => {
    const t = inState('ESTABLISHED')
    t.listener.close()
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 10 }).expect({ flags: 'A', ack: 11 })
    t.listen()
    t.send({ flags: 'PA', seq: 11, ack: 1, data: 10 }).expect({ flags: 'A', ack: 21 })
    expect(t.readAll()).toHaveLength(20)
    t.listener.close()
    t.connection.write(new Uint8Array(3))
    t.expect({ length: 3 })
  })
})

describe.each(ORIGINS)('the accept queue, $name', (origin) => {
  it('holds as many as the backlog says; a further handshake is not completed, and comes through later', () => {
    const t = new Script(origin).listen({ backlog: 2, accept: false })
    open(t, 5000)
    open(t, 5001)
    expect(t.listener.pending).toBe(2)
    t.remotePort = 5002
    t.send({ flags: 'S' }).silence()
    expect(t.stack.tcp.counters.droppedAcceptQueue).toBe(1)
    expect(t.listener.accept()?.remotePort).toBe(5000)
    open(t, 5002)
    expect(t.listener.pending).toBe(2)
    expect(t.listener.accept()?.remotePort).toBe(5001)
    expect(t.listener.accept()?.remotePort).toBe(5002)
    expect(t.listener.accept()).toBe(null)
    expect(t.stack.tcp.counters).toMatchObject({ accepted: 3, passiveOpens: 3 })
  })

  it('full when the last ACK comes: the record waits, and the next segment completes it', () => {
    const t = new Script(origin).listen({ backlog: 1, accept: false })
    t.remotePort = 5001
    t.send({ flags: 'S' }).expect({ flags: 'SA' })
    const { iss } = t
    open(t, 5000)
    t.iss = iss
    t.remotePort = 5001
    t.send({ flags: 'A', seq: 1, ack: 1 }).silence()
    expect(t.stack.tcp.counters.droppedAcceptQueue).toBe(1)
    expect(t.stack.tcp.sizes).toMatchObject({ connections: 1, halfOpen: 1 })
    t.listener.accept()
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 10 }).expect({ flags: 'A', seq: 1, ack: 11 })
    t.accept()
    expect(t.readAll()).toHaveLength(10)
  })

  it('SHLD-4 full when a SYN would end TIME-WAIT: it is dropped, and the record stays', () => {
    const t = new Script(origin).listen({ backlog: 1, accept: false })
    open(t, 5000)
    t.accept()
    t.connection.shutdown()
    t.expect({ flags: 'FA' })
    t.send({ flags: 'FA', seq: 1, ack: 2 }).expect({ flags: 'A', ack: 2 })
    open(t, 5001)
    t.remotePort = 5000
    t.send({ flags: 'S', seq: 3 }).silence()
    expect(t.stack.tcp.sizes).toMatchObject({ connections: 1, timeWait: 1 })
    expect(t.stack.tcp.counters).toMatchObject({ droppedAcceptQueue: 1, timeWaitReused: 0 })
    t.listener.accept()
    t.send({ flags: 'S', seq: 3 }).expect({ flags: 'SA' })
    expect(t.stack.tcp.sizes).toMatchObject({ halfOpen: 1, timeWait: 0 })
  })

  it('what came before accept is told to the new handler', () => {
    const t = new Script(origin).listen({ accept: false })
    open(t, 5000)
    t.send({ flags: 'FPA', seq: 1, ack: 1, data: 10 }).expect({ ack: 12 })
    expect(t.events).toEqual([])
    t.stack.engine.run(() => t.accept())
    expect(t.events).toEqual(['readable'])
    expect(t.connection).toMatchObject({ readable: 10, ended: true })
  })

  it('MUST-32 urgent data that came before accept is told to the new handler', () => {
    const t = new Script(origin).listen({ accept: false })
    open(t, 5000)
    t.send({ flags: 'UPA', seq: 1, ack: 1, data: 10, urgent: 4 })
    const news: number[] = []
    t.stack.engine.run(() => {
      const connection = t.listener.accept()
      if (connection !== null) connection.handler = { onUrgent: (c) => news.push(c.urgentLeft) }
    })
    expect(news).toEqual([4])
  })

  it('a connection reset while it waited is still handed out, and says so', () => {
    const t = new Script(origin).listen({ accept: false })
    open(t, 5000)
    t.send({ flags: 'R', seq: 1 })
    expect(t.listener.pending).toBe(1)
    t.stack.engine.run(() => t.accept())
    expect(t.events).toEqual(['close ECONNRESET'])
  })

  it('closing the listener resets what waits, forgets what is half open, and leaves what was accepted', () => {
    const t = new Script(origin).listen()
    open(t, 5000)
    const accepted: TcpConnection = t.connection
    t.listener.handler = { onConnection: () => {} }
    open(t, 5001)
    t.remotePort = 5002
    t.send({ flags: 'S' }).expect({ flags: 'SA' })
    t.listener.close()
    t.expect({ flags: 'RA' }).silence()
    expect(t.stack.tcp.sizes).toEqual({ connections: 1, orphans: 0, halfOpen: 0, timeWait: 0, listeners: 0 })
    expect(accepted.closeReason).toBeUndefined()
    t.silence(300_000)
    t.listener.close()
    expect(t.listener.accept()).toBe(null)
  })

  it('a throwing onConnection does not stop the stack', () => {
    const t = new Script(origin)
    const thrown: unknown[] = []
    const keep = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.once('uncaughtException', (error) => thrown.push(error))
    t.stack.tcp.listen(
      { port: 7 },
      {
        onConnection: () => {
          throw new Error('mine')
        },
      },
    )
    open(t, 5000)
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 1 }).expect({ ack: 2 })
    return new Promise<void>((resolve) =>
      setImmediate(() => {
        for (const listener of keep) process.on('uncaughtException', listener)
        expect(thrown).toHaveLength(1)
        resolve()
      }),
    )
  })
})

describe('accept outside of the callbacks of the stack', () => {
  function waiting(): Script {
    const t = new Script().listen({ accept: false })
    t.send({ flags: 'S', options: [{ name: 'mss', value: 1460 }] }).next()
    t.send({ flags: 'A', seq: 1, ack: 1 }).send({ flags: 'PA', seq: 1, ack: 1, data: 10 })
    return t.skip()
  }

  it('what has come meanwhile is told soon, and not before the call returns: no traffic is needed', () => {
    const t = waiting()
    t.accept()
    expect(t.events).toEqual([])
    t.wait(0)
    expect(t.events).toEqual(['readable'])
    expect(t.readAll()).toHaveLength(10)
  })

  it('so is its end', () => {
    const t = waiting()
    t.send({ flags: 'R', seq: 11 })
    t.accept()
    t.wait(0)
    expect(t.events).toEqual(['readable', 'close ECONNRESET'])
  })

  it('nothing has come: nothing is told, and nothing wakes', () => {
    const t = new Script().listen({ accept: false })
    t.send({ flags: 'S' }).next()
    t.send({ flags: 'A', seq: 1, ack: 1 })
    t.accept()
    expect(t.clock.next).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('the SYN queue', () => {
  it('SEG-16 the same SYN again: the same SYN-ACK again', () => {
    const t = inState('SYN-RECEIVED')
    const { iss } = t
    t.send({ flags: 'S' }).expect({ flags: 'SA', seq: 0, ack: 1 }).silence()
    expect(t.iss).toBe(iss)
    expect(t.stack.tcp.sizes.halfOpen).toBe(1)
  })

  it('SEG-16 the same SYN a hundred times more: one SYN-ACK in half a second, so that nobody is flooded through us', () => {
    const t = inState('SYN-RECEIVED', { tcp: { initialRto: 60_000 } })
    for (let i = 0; i < 100; i++) t.send({ flags: 'S' }).wait(10)
    expect(t.pending).toBe(2)
    expect(t.stack.tcp.counters.synAcksSuppressed).toBe(98)
    t.skip().wait(500)
    t.send({ flags: 'S' }).expect({ flags: 'SA', seq: 0, ack: 1 }).silence()
    t.send({ flags: 'A', seq: 1, ack: 1 })
    expect(t.state).toBe('ESTABLISHED')
  })

  it('SEG-15 an ACK of the wrong number draws RST; the record stays, and the right one still works', () => {
    const t = inState('SYN-RECEIVED')
    t.send({ flags: 'A', seq: 1, ack: 0 }).expect({ flags: 'R', seq: 0 }).silence()
    expect(t.listener.pending).toBe(0)
    t.send({ flags: 'A', seq: 1, ack: 1 }).silence()
    expect(t.state).toBe('ESTABLISHED')
  })

  it('R4987-01 the SYN-ACK is sent again a bounded number of times, ever later, then forgotten', () => {
    const t = new Script({ tcp: { synAckRetries: 3 } }).listen()
    t.send({ flags: 'S' })
    t.wait(120_000)
    const times = [t.next(), t.next(), t.next(), t.next()].map((segment) => segment.at)
    t.silence()
    expect(times.slice(1).map((time, i) => Math.round(time - times[i]))).toEqual([1000, 2000, 4000])
    expect(t.stack.tcp.sizes.halfOpen).toBe(0)
    t.send({ flags: 'A', seq: 1, ack: 1 }).expect({ flags: 'R', seq: 1 })
  })

  it('R4987-05 a lost last ACK: data that carries it completes the handshake', () => {
    const t = inState('SYN-RECEIVED')
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 10 }).expect({ flags: 'A', seq: 1, ack: 11 })
    expect(t.readAll()).toHaveLength(10)
  })

  it('data that overtakes the last ACK completes it too', () => {
    const t = inState('SYN-RECEIVED')
    t.send({ flags: 'PA', seq: 11, ack: 1, data: 10 }).expect({ flags: 'A', ack: 1 })
    expect(t.state).toBe('ESTABLISHED')
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 10 }).expect({ flags: 'A', ack: 21 })
  })

  it('R4987-01 R4987-02 limits.synBacklog: a flood is bounded, and who is honest still gets in', () => {
    const t = new Script({ limits: { synBacklog: 16 }, tcp: { synCookies: false } }).listen()
    const before = t.stack.memory.allocated
    for (let port = 10_000; port < 11_000; port++) {
      t.remotePort = port
      t.send({ flags: 'S' })
    }
    expect(t.stack.tcp.sizes.halfOpen).toBe(16)
    expect(t.stack.tcp.counters.droppedSynBacklog).toBe(984)
    expect(t.stack.memory.allocated).toBe(before)
    t.skip()
    open(t, 5000)
    expect(t.state).toBe('ESTABLISHED')
  })

  it('R4987-01 limits.halfOpen: over all listeners', () => {
    const t = new Script({ limits: { halfOpen: 8 }, tcp: { synCookies: false } }).listen()
    t.stack.tcp.listen({ port: 8 }, { onConnection: () => {} })
    for (let port = 10_000; port < 10_010; port++) {
      t.remotePort = port
      t.localPort = port % 2 === 0 ? 7 : 8
      t.send({ flags: 'S' })
    }
    expect(t.stack.tcp.sizes.halfOpen).toBe(8)
    expect(t.stack.tcp.counters.droppedHalfOpenLimit).toBe(2)
    t.wait(300_000)
    expect(t.stack.tcp.sizes.halfOpen).toBe(0)
    expect(t.stack.engine.timers.size).toBe(0)
  })

  it('R4987-02 existing connections do not feel a flood', () => {
    const t = inState('ESTABLISHED', { limits: { synBacklog: 16 } })
    const { iss } = t
    for (let port = 10_000; port < 10_100; port++) {
      t.remotePort = port
      t.send({ flags: 'S' })
    }
    t.skip()
    t.remotePort = 5000
    t.iss = iss
    t.send({ flags: 'PA', seq: 1, ack: 1, data: 10 }).expect({ flags: 'A', ack: 11 })
  })

  it('R4987-03 a half-open record is a fraction of a connection', () => {
    const t = new Script({ limits: { halfOpen: 20_000, synBacklog: 20_000 } }).listen()
    const syn = t.build({ flags: 'S' })
    expect(packets.decodePacket(syn).problems).toEqual([])
    const before = t.stack.memory.allocated
    for (let port = 10_000; port < 20_000; port++) {
      t.remotePort = port
      t.send({ flags: 'S' })
      t.device.sent.length = 0
    }
    expect(t.stack.tcp.sizes).toMatchObject({ halfOpen: 10_000, connections: 0 })
    expect(t.stack.memory.allocated).toBe(before)
  })

  it('limits.connections: no more are made, and the record waits for room', () => {
    const t = new Script({ limits: { connections: 1 } }).listen()
    open(t, 5000)
    const first = t.connection
    t.remotePort = 5001
    t.send({ flags: 'S' }).expect({ flags: 'SA' })
    t.send({ flags: 'A', seq: 1, ack: 1 }).silence()
    expect(t.stack.tcp.counters.droppedConnectionLimit).toBe(1)
    expect(() => t.stack.tcp.connect({ address: at('10.0.0.2'), port: 1 }, {})).toThrow(
      expect.objectContaining({ code: 'ENOBUFS' }),
    )
    expect(t.stack.tcp.counters).toMatchObject({ droppedConnectionLimit: 1, connectsRefused: 1 })
    first.abort()
    t.skip().send({ flags: 'PA', seq: 1, ack: 1, data: 5 }).expect({ flags: 'A', ack: 6 })
    expect(t.connection.remotePort).toBe(5001)
  })
})
