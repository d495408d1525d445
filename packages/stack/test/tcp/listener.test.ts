import { describe, expect, it } from 'vitest'
import { type ListenOptions, parseAddress } from '../../src/index.ts'
import { inState, openFrom } from './in-state.ts'
import { Script } from './script.ts'

const at = (text: string) => parseAddress(text)!

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
    for (let i = 0; i < flows; i++) openFrom(t, 5000 + i)
    const shares = [first, ...others].map(({ pending }) => pending)
    expect(shares.reduce((sum, share) => sum + share)).toBe(flows)
    expect(Math.min(...shares)).toBeGreaterThan(flows / 10)
    others[0].close()
    // What waited for the one that is gone was reset; new flows find the rest.
    t.expect(...Array.from({ length: shares[1] }, () => ({ flags: 'RA' })))
    for (let i = 0; i < flows; i++) openFrom(t, 6000 + i)
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
    openFrom(t, 5000)
    expect(got).toEqual(['v4 any'])
    const six = new Script({ family: 6 })
    six.stack.tcp.listen({ port: 7, address: at('fd00::1') }, { onConnection: () => got.push('v6') })
    openFrom(six, 5000)
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
    openFrom(t, 6000)
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
