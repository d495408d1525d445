import { describe, expect, it } from 'vitest'
import { IpAddress, parseAddress, SeededRandom, Stack, VirtualClock } from '../../src/index.ts'
import { FourTupleTable } from '../../src/tcp/four-tuple-table.ts'
import { initialSequence, isnAfter, timestampOffset } from '../../src/tcp/isn.ts'
import { Script } from './script.ts'

const at = (text: string) => parseAddress(text)!
const HERE = at('10.0.0.1')
const PEER = at('10.0.0.2')

function context(seed: number) {
  return new Stack({ clock: new VirtualClock(), random: new SeededRandom(seed) }).tcp.context
}

describe('initial sequence numbers', () => {
  it('MUST-8 R6528-01 the same tuple a second later: 250,000 more', () => {
    const t = new Script().connect()
    t.next()
    const first = t.iss
    t.connection.abort()
    t.wait(1000).connect()
    t.next()
    expect((t.iss - first) | 0).toBe(250_000)
  })

  it('MUST-8 and over the wrap of the 4 µs clock', () => {
    const tcp = context(1)
    const seconds = 2 ** 32 * 4
    const before = initialSequence(tcp, HERE, 7, PEER, 5000, seconds - 4)
    const after = initialSequence(tcp, HERE, 7, PEER, 5000, seconds + 4)
    expect((after - before) | 0).toBe(2)
  })

  it('MUST-9 SHLD-1 no fixed difference between neighbouring ports, peers or own addresses', () => {
    const tcp = context(1)
    const differences = new Set<number>()
    const isns = Array.from({ length: 1000 }, (_, port) =>
      initialSequence(tcp, HERE, 7, PEER, 1000 + port, 0),
    )
    for (let i = 1; i < isns.length; i++) differences.add((isns[i] - isns[i - 1]) | 0)
    expect(differences.size).toBeGreaterThan(990)
    expect(initialSequence(tcp, HERE, 8, PEER, 1000, 0)).not.toBe(isns[0])
    expect(initialSequence(tcp, at('10.0.0.3'), 7, PEER, 1000, 0)).not.toBe(isns[0])
    expect(initialSequence(tcp, HERE, 7, at('10.0.0.4'), 1000, 0)).not.toBe(isns[0])
  })

  it('MUST-9 R6528-02 another start has other offsets', () => {
    const one = context(1)
    const two = context(2)
    const differences = new Set(
      Array.from(
        { length: 100 },
        (_, port) =>
          (initialSequence(one, HERE, 7, PEER, port, 0) - initialSequence(two, HERE, 7, PEER, port, 0)) | 0,
      ),
    )
    expect(differences.size).toBe(100)
  })

  it('R7323-30 timestamps of two peers are unrelated, those of one peer are not', () => {
    const tcp = context(1)
    expect(timestampOffset(tcp, HERE, PEER)).not.toBe(timestampOffset(tcp, HERE, at('10.0.0.9')))
    expect(timestampOffset(tcp, HERE, PEER)).toBe(timestampOffset(tcp, HERE, PEER))
  })

  it('MAY-2 an ISN after TIME-WAIT lies beyond what was sent, and follows the clock if that is further', () => {
    expect(isnAfter(100, 200)).toBe(65_737)
    expect(isnAfter(1_000_000, 200)).toBe(1_000_000)
    expect(isnAfter(0x7fff_0000, 0x7fff_ffff)).toBe((0x7fff_ffff + 65_537) | 0)
  })
})

const EPHEMERAL_FIRST = 32_768
const EPHEMERAL_COUNT = 32_768

describe('ephemeral ports', () => {
  const connect = (t: Script, address = '10.0.0.2', port = 80) =>
    t.stack.tcp.connect({ address: at(address), port }, {})

  it('R6056-01 they spread over the range, are all different, and avoid listeners', () => {
    const t = new Script()
    const listening = t.stack.tcp.listen({}, { onConnection: () => {} }).localPort
    const ports = Array.from({ length: 1000 }, (_, i) => connect(t, '10.0.0.2', 1 + i).localPort)
    expect(ports).not.toContain(listening)
    for (const port of ports) {
      expect(port).toBeGreaterThanOrEqual(EPHEMERAL_FIRST)
      expect(port).toBeLessThan(EPHEMERAL_FIRST + EPHEMERAL_COUNT)
    }
    const eighths = new Set(ports.map((port) => (port - EPHEMERAL_FIRST) >>> 12))
    expect(eighths.size).toBe(8)
  })

  it('R6056-01 the range is a setting, for connections and for listeners', () => {
    const t = new Script({ tcp: { ephemeralPorts: [1024, 1031] } })
    const listening = t.stack.tcp.listen({}, { onConnection: () => {} }).localPort
    const ports = Array.from({ length: 7 }, () => connect(t).localPort)
    expect([listening, ...ports].sort()).toEqual([1024, 1025, 1026, 1027, 1028, 1029, 1030, 1031])
    expect(() => connect(t)).toThrow(expect.objectContaining({ code: 'EADDRNOTAVAIL' }))
    const one = new Script({ tcp: { ephemeralPorts: [65_535, 65_535] } })
    expect(connect(one).localPort).toBe(65_535)
  })

  it('R6056-03 a range of two ports: the third connection to one peer is EADDRNOTAVAIL', () => {
    const t = new Script({ tcp: { ephemeralPorts: [50_000, 50_001] } })
    expect([connect(t).localPort, connect(t).localPort].sort()).toEqual([50_000, 50_001])
    expect(() => connect(t)).toThrow(expect.objectContaining({ code: 'EADDRNOTAVAIL' }))
    expect(() => connect(t, '10.0.0.3')).not.toThrow()
  })

  it.each([[[0, 5]], [[6, 5]], [[1, 65_536]], [[1.5, 5]], [[5]], [[5, 6, 7]]])(
    'R6056-01 %j is no range',
    (range) => {
      expect(() => new Script({ tcp: { ephemeralPorts: range as never } })).toThrow(
        expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }),
      )
    },
  )

  it('R6056-02 towards different peers they do not follow each other', () => {
    const t = new Script()
    const ports = Array.from({ length: 100 }, (_, i) => connect(t, `10.0.0.${i + 10}`).localPort)
    const steps = ports.slice(1).filter((port, i) => port - ports[i] === 1)
    expect(steps.length).toBeLessThan(5)
  })

  it('R6056-02 another start begins elsewhere', () => {
    const first = new Set(
      [1, 2, 3, 4, 5].map(
        (seed) => connect(new Script({ random: new SeededRandom(seed) } as object)).localPort,
      ),
    )
    expect(first.size).toBeGreaterThan(1)
  })

  it('R6056-03 when all are taken: EADDRNOTAVAIL; one given back is found', () => {
    const t = new Script()
    const all = Array.from({ length: EPHEMERAL_COUNT }, () => {
      const connection = connect(t)
      t.device.sent.length = 0
      return connection
    })
    expect(new Set(all.map((c) => c.localPort)).size).toBe(EPHEMERAL_COUNT)
    expect(() => connect(t)).toThrow(expect.objectContaining({ code: 'EADDRNOTAVAIL' }))
    // Towards somebody else they are all free.
    expect(() => connect(t, '10.0.0.3')).not.toThrow()
    const { localPort } = all[12_345]
    all[12_345].abort()
    expect(connect(t).localPort).toBe(localPort)
  })
})

describe('the table of connections', () => {
  interface Entry {
    local: IpAddress
    remote: IpAddress
    localPort: number
    remotePort: number
    hash: number
    hashNext: Entry | null
  }
  const entry = (a: number, b: number, localPort: number, remotePort: number): Entry => ({
    local: IpAddress.v4(a),
    remote: IpAddress.v4(b),
    localPort,
    remotePort,
    hash: 0,
    hashNext: null,
  })

  it('holds what a Map holds, through growth and removal', () => {
    const table = new FourTupleTable<Entry>(1, 2)
    const model = new Map<string, Entry>()
    const random = new SeededRandom(3)
    const key = (e: Entry) => `${e.local.a3} ${e.remote.a3} ${e.localPort} ${e.remotePort}`
    for (let i = 0; i < 20_000; i++) {
      const e = entry(random.uint32() % 4, random.uint32() % 16, random.uint32() % 4, random.uint32() % 32)
      const there = table.get(e.local, e.localPort, e.remote, e.remotePort)
      expect(there).toBe(model.get(key(e)) ?? null)
      if (there === null) {
        table.add(e)
        model.set(key(e), e)
      } else if (random.uint32() % 2 === 0) {
        table.remove(there)
        model.delete(key(e))
      }
      expect(table.size).toBe(model.size)
    }
    const seen = new Set<Entry>()
    table.each((e) => {
      seen.add(e)
      if (e.localPort === 1) table.remove(e)
    })
    expect(seen.size).toBe(model.size)
    for (const e of model.values()) {
      expect(table.get(e.local, e.localPort, e.remote, e.remotePort)).toBe(e.localPort === 1 ? null : e)
    }
  })

  it('removing what is not there does nothing', () => {
    const table = new FourTupleTable<Entry>(1, 2)
    table.add(entry(1, 2, 3, 4))
    table.remove(entry(1, 2, 3, 5))
    expect(table.size).toBe(1)
  })

  it('the two versions do not meet: ::10.0.0.1 is not 10.0.0.1', () => {
    const table = new FourTupleTable<Entry>(1, 2)
    const v4 = entry(0x0a000001, 0x0a000002, 7, 8)
    table.add(v4)
    expect(table.get(new IpAddress(0, 0, 0, 0x0a000001), 7, v4.remote, 8)).toBe(null)
    expect(table.get(v4.local, 7, v4.remote, 8)).toBe(v4)
  })
})
