import { expect, test, vi } from 'vitest'
import type { FateScript } from '../../src/link/scripted.ts'
import { MAC_A, MAC_B, numbered, packet, parsePacket, text } from './helpers.ts'
import { ecnOf, impaired, range } from './impaired.ts'

const FIN = 1
const SYN = 2
const RST = 4
const ACK = 16

/** Sends TCP packets of these flags and payload lengths, 1 ms apart; their ids count from 0. */
function play(script: FateScript, segments: [number, number][], options: object = {}) {
  const t = impaired({ latency: 5, script, ...options })
  segments.forEach(([flags, payload], id) => {
    t.near.send(packet({ flags, payload, id }))
    t.clock.advance(1)
  })
  t.clock.advance(1000)
  return { ...t, ids: t.far.sink.frames.map((f) => parsePacket(f.bytes).id) }
}

const CONVERSATION: [number, number][] = [
  [SYN, 0],
  [ACK, 0],
  [ACK, 100],
  [ACK, 100],
  [ACK, 0],
  [ACK, 100],
  [ACK | FIN, 10],
  [ACK | FIN, 0],
  [RST, 0],
]

test('"drop the third data segment"', () => {
  const { ids, stats } = play([{ nth: 3, match: 'data', do: 'drop' }], CONVERSATION)
  expect(ids).toEqual([0, 1, 2, 3, 4, 6, 7, 8])
  expect(stats.out).toMatchObject({ scripted: 1, scriptDropped: 1, lost: 0, filtered: 0, delivered: 8 })
})

test.each([
  ['any', [0, 1, 2, 3, 4, 5, 6, 7, 8]],
  ['tcp', [0, 1, 2, 3, 4, 5, 6, 7, 8]],
  ['data', [2, 3, 5, 6]],
  ['ack', [1, 4]],
  ['syn', [0]],
  ['fin', [6, 7]],
  ['rst', [8]],
  ['udp', []],
] as const)('%s means those it says', (match, dropped) => {
  const { ids } = play([{ match, do: 'drop' }], CONVERSATION)
  expect(range(9).filter((id) => !ids.includes(id))).toEqual(dropped)
})

test('udp, VLAN tags, IPv6 and bare IP packets are told apart; what is no IP packet is only any', () => {
  const { clock, near, far } = impaired({ script: [{ match: 'udp', do: 'drop' }] })
  near.send(packet({ protocol: 'udp' }))
  near.send(packet({ protocol: 'udp', version: 6 }))
  near.send(packet({ protocol: 'udp', vlan: true }))
  near.send(packet({ protocol: 'tcp', version: 6 }))
  near.send(numbered(4))
  clock.advance(1)
  expect(far.sink.frames.length).toBe(2)
  const bare = impaired({ script: [{ match: 'data', nth: 2, do: 'drop' }] }, { medium: 'ip' })
  for (const version of [4, 6, 6] as const) bare.near.send(packet({ medium: 'ip', version }))
  bare.clock.advance(1)
  expect(bare.far.sink.frames.map((f) => f.bytes[0] >>> 4)).toEqual([4, 6])
})

test('delay lets the frames behind overtake; nothing else changes', () => {
  const { arrivals, ids } = play(
    [{ nth: [1, 3], match: 'data', do: 'delay', delay: 2.5 }],
    CONVERSATION.slice(2, 7),
  )
  expect(ids).toEqual([1, 2, 0, 4, 3])
  expect(arrivals).toEqual([6000, 7000, 7500, 9000, 10_500])
})

test('delay comes on top of bandwidth and queue too', () => {
  const script: FateScript = [{ nth: 1, do: 'delay', delay: 100 }]
  const { clock, near, far, arrivals, bad } = impaired({ bandwidth: 8e6, script, latency: 1 })
  for (let i = 0; i < 3; i++) near.send(numbered(i, 1000))
  clock.advance(1000)
  expect(far.sink.numbers).toEqual([1, 2, 0])
  expect(arrivals).toEqual([3000, 4000, 102_000])
  // A slot that is used again has forgotten it, also where the delayed frame was dropped on the way.
  bad.set({ script: [{ match: 'any', nth: 2, do: 'delay', delay: 100 }], queue: 0 })
  for (let i = 10; i < 12; i++) near.send(numbered(i, 1000))
  clock.advance(10)
  bad.set({ queue: 10_000 })
  for (let i = 20; i < 24; i++) near.send(numbered(i, 1000))
  clock.advance(10)
  expect(far.sink.numbers.slice(3)).toEqual([10, 20, 21, 22, 23])
})

test('duplicate brings it twice, corrupt flips the last bit of the packet, mark sets CE', () => {
  const twice = play([{ nth: 2, match: 'data', do: 'duplicate' }], CONVERSATION.slice(2, 6))
  expect(twice.ids).toEqual([0, 1, 1, 2, 3])
  expect(twice.stats.out.duplicated).toBe(1)

  const damaged = play([{ nth: 1, match: 'data', do: 'corrupt' }], CONVERSATION.slice(2, 4))
  const [first, second] = damaged.far.sink.frames.map((f) => f.bytes)
  expect(parsePacket(first).valid).toBe(false)
  expect(parsePacket(second).valid).toBe(true)
  const whole = packet({ flags: ACK, payload: 100, id: 0 })
  whole[whole.length - 1] ^= 128
  expect(text(first)).toBe(text(whole))
  expect(damaged.stats.out.corrupted).toBe(1)

  // Ethernet padding is not the packet.
  const padded = impaired({ script: [{ do: 'corrupt' }] })
  const short = new Uint8Array(60)
  short.set(packet({ protocol: 'udp', payload: 3 }))
  padded.near.send(short)
  padded.clock.advance(1)
  short[14 + 20 + 8 + 2] ^= 128
  expect(text(padded.far.sink.frames[0].bytes)).toBe(text(short))

  const ect = packet({ version: 6 })
  ect[15] |= 0x20
  const marked = impaired({ script: [{ nth: 2, do: 'mark' }] })
  for (let i = 0; i < 3; i++) marked.near.send(ect)
  marked.clock.advance(1)
  expect(marked.far.sink.frames.map((f) => ecnOf(f.bytes))).toEqual([2, 3, 2])
  expect(marked.stats.out.marked).toBe(1)
})

test('of several rules the first decides, and each counts what it matches', () => {
  const { ids } = play(
    [
      { nth: 2, match: 'data', do: 'drop' },
      { nth: 3, match: 'tcp', do: 'duplicate' },
      { nth: 4, match: 'tcp', do: 'duplicate' },
    ],
    CONVERSATION,
  )
  expect(ids).toEqual([0, 1, 2, 2, 4, 5, 6, 7, 8])
})

test('a predicate sees the decoded packet, the direction and the index', () => {
  const seen: unknown[] = []
  const { ids, far, near, clock } = play(
    [
      {
        match: (p, direction, index) => {
          seen.push([p.tcp?.payload.length ?? p.ethernet?.type, direction, index])
          return p.ipv4?.identification === 3
        },
        do: 'drop',
      },
    ],
    CONVERSATION.slice(0, 5),
  )
  expect(ids).toEqual([0, 1, 2, 4])
  far.send(numbered(1, 64, MAC_A, MAC_B))
  clock.advance(10)
  expect(near.sink.frames.length).toBe(1)
  expect(seen).toEqual([
    [0, 'out', 0],
    [0, 'out', 1],
    [100, 'out', 2],
    [100, 'out', 3],
    [0, 'out', 4],
    [0x88b5, 'in', 0],
  ])
})

test('a function decides by itself', () => {
  const { ids, arrivals } = play(
    (p, _direction, index) => {
      if (index === 1) return { do: 'drop' }
      if (index === 2) return { do: 'delay', delay: 1.5 }
      return (p.tcp?.flags ?? 0) & FIN ? { do: 'duplicate' } : null
    },
    CONVERSATION.slice(0, 7),
  )
  expect(ids).toEqual([0, 3, 2, 4, 5, 6, 6])
  expect(arrivals.slice(0, 3)).toEqual([5000, 8000, 8500])
})

test('what a script’s function throws, or answers wrongly, drops the frame; the error surfaces on its own', async () => {
  const uncaught = vi.fn()
  const { clock, near, far, stats } = impaired({
    script: (_packet, _direction, index) => {
      if (index === 0) throw new Error('mine')
      // biome-ignore lint/suspicious/noExplicitAny: a wrong answer is what this is about
      if (index === 1) return { do: 'vanish' } as any
      if (index === 2) return { do: 'delay', delay: -1 }
      return null
    },
  })
  const listeners = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', uncaught)
  for (let i = 0; i < 4; i++) near.send(numbered(i))
  await new Promise((resolve) => setImmediate(resolve))
  process.removeAllListeners('uncaughtException')
  for (const listener of listeners) process.on('uncaughtException', listener)
  clock.advance(0)
  expect(far.sink.numbers).toEqual([3])
  expect(stats.out.scriptDropped).toBe(3)
  expect(uncaught.mock.calls.map(([error]) => [error.code, error.message])).toEqual([
    [undefined, 'mine'],
    ['ERR_INVALID_ARG_VALUE', expect.stringContaining("'fate.do' must be")],
    ['ERR_OUT_OF_RANGE', expect.stringContaining("'fate.delay' must be from 0")],
  ])
})

test('each direction counts for itself; a script set anew counts from the start; other changes leave its counts', () => {
  const script: FateScript = [{ nth: 2, do: 'drop' }]
  const { clock, near, far, bad } = impaired({ script })
  near.send(numbered(0))
  far.send(numbered(0))
  clock.advance(0)
  bad.set({ latency: 1 })
  near.send(numbered(1))
  clock.advance(2)
  bad.set({ script: [...script] }, 'out')
  for (let i = 2; i < 5; i++) near.send(numbered(i))
  for (let i = 1; i < 3; i++) far.send(numbered(i))
  clock.advance(2)
  expect(far.sink.numbers).toEqual([0, 2, 4])
  expect(near.sink.numbers).toEqual([0, 2])
  bad.set({ script: null })
  for (let i = 5; i < 9; i++) near.send(numbered(i))
  clock.advance(2)
  expect(far.sink.numbers).toEqual([0, 2, 4, 5, 6, 7, 8])
})
