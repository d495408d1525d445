import { describe, expect, it } from 'vitest'
import { type packets, SeededRandom, TcpState } from '../../src/index.ts'
import { canMove } from '../../src/tcp/states.ts'
import type { Tcb } from '../../src/tcp/tcb.ts'
import { textEnd } from '../../src/tcp/text-end.ts'
import { TraceKind } from '../../src/tcp/trace.ts'
import { inState, STANDING, STATES, type StateName } from './in-state.ts'
import { MODERN, type Script } from './script.ts'

/** Segments per state: together 200,000. */
const SEGMENTS = 20_000

const FLAGS = ['F', 'S', 'R', 'P', 'A', 'U', 'E', 'W']

class Dice {
  readonly #random: SeededRandom

  constructor(seed: number) {
    this.#random = new SeededRandom(seed)
  }

  below(bound: number): number {
    return this.#random.uint32() % bound
  }

  /** True once in `n` times. */
  one(n: number): boolean {
    return this.below(n) === 0
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]
  }
}

function someFlags(dice: Dice): string {
  if (!dice.one(3)) return dice.pick(['A', 'A', 'PA', 'FA', 'S', 'SA', 'UA', 'PA'])
  return FLAGS.filter(() => dice.one(3)).join('')
}

/** A number near what matters, or anywhere. */
function someSeq(dice: Dice, near: number): number {
  switch (dice.below(6)) {
    case 0:
      return near
    case 1:
      return near + dice.below(200) - 100
    case 2:
      return near + dice.below(140_000) - 70_000
    case 3:
      return dice.below(0x1_0000_0000)
    default:
      return near + dice.below(3000)
  }
}

function someOptions(dice: Dice, t: Script, near: number): packets.TcpOption[] {
  const options: packets.TcpOption[] = []
  if (dice.one(3)) return options
  let room = 40
  for (const one of [
    { name: 'timestamps', value: dice.below(5), echo: dice.below(0x1_0000_0000) },
    { name: 'mss', value: dice.below(65_536) },
    { name: 'windowScale', shift: dice.below(256) },
    { name: 'sackPermitted' },
    {
      name: 'sack',
      blocks: Array.from({ length: 1 + dice.below(2) }, () => {
        const left = someSeq(dice, near) + t.iss
        return [left >>> 0, (left + dice.below(3000) - 100) >>> 0] as [number, number]
      }),
    },
    { name: 'raw', bytes: Uint8Array.from({ length: 4 }, () => dice.below(256)) },
  ] as packets.TcpOption[]) {
    const size = one.name === 'sack' ? 2 + 8 * one.blocks.length : one.name === 'timestamps' ? 10 : 4
    if (!dice.one(3) || size > room) continue
    options.push(one)
    room -= size
  }
  return options
}

function someSegment(dice: Dice, t: Script, tcb: Tcb | null): Uint8Array {
  const rcvNxt = tcb === null ? 2 : (tcb.rcvNxt - t.isn) | 0
  const sndUna = tcb === null ? 2 : (tcb.sndUna - t.iss) | 0
  const bytes = t.build({
    flags: someFlags(dice),
    seq: someSeq(dice, rcvNxt),
    ack: someSeq(dice, sndUna),
    win: dice.pick([0, 1, 10, 1000, 65_535, dice.below(65_536)]),
    data: dice.one(2) ? 0 : dice.below(1460),
    options: someOptions(dice, t, sndUna),
    urgent: dice.below(65_536),
  })
  // Damage that the checksum does not catch is damage after it; this one is dropped at the door.
  if (dice.one(50)) bytes[dice.below(bytes.length)] ^= 1 << dice.below(8)
  return bytes
}

/** As `expect`, where a million of them would take minutes. */
function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(`Not so: ${what}`)
}

/** What holds of every connection between two bursts. */
function checkInvariants(tcb: Tcb): void {
  const { sent, receiveRing, sendRing } = tcb
  const synchronized = tcb.state >= TcpState.Established
  must(tcb.flightSize >= 0, 'SND.UNA <= SND.NXT')
  must(tcb.readable >= 0 && tcb.readable <= receiveRing.capacity, 'readable fits the receive ring')
  must(tcb.sendQueued >= 0 && tcb.sendQueued <= sendRing.capacity, 'what is queued fits the send ring')
  must(tcb.unsent >= 0, 'unsent >= 0')
  must(tcb.sndWnd >= 0, 'SND.WND >= 0')
  must(tcb.cwnd > 0 || !synchronized, 'cwnd > 0')
  if (tcb.outOfOrder !== null) {
    const { count, left } = tcb.outOfOrder
    must(count > 0, 'no empty list of ranges')
    must(((left[0] - tcb.rcvNxt) | 0) > 0, 'a hole before the first range')
    const end = (textEnd(tcb) - tcb.rcvNxt) | 0
    must(tcb.readable + end <= receiveRing.capacity, 'ranges fit the receive ring')
  }
  let count = 0
  let at = sent.head?.start ?? tcb.sndNxt
  must(!synchronized || at === tcb.sndUna, 'the first record starts at SND.UNA')
  for (let record = sent.head; record !== null; record = record.next) {
    must(record.start === at && record.length > 0, 'records follow each other')
    at = record.end
    count++
  }
  must(at === tcb.sndNxt, 'the last record ends at SND.NXT')
  must(sent.count === count, 'records are counted')
}

/** The TCB of the script's connection, while it has one. */
function tcbOf(t: Script): Tcb | null {
  let found: Tcb | null = null
  t.stack.tcp.context.connections.each((tcb) => {
    found = tcb
  })
  return found
}

function applicationActs(dice: Dice, t: Script): void {
  const { connection } = t
  if (connection === undefined || connection.closeReason !== undefined) return
  switch (dice.below(12)) {
    case 0:
      if (connection.writable > 0) connection.write(new Uint8Array(1 + dice.below(5000)))
      return
    case 1:
    case 2:
      connection.read(new Uint8Array(1 + dice.below(3000)))
      return
    case 3:
      t.wait(dice.below(300))
      return
    case 4:
      connection.noDelay = dice.one(2)
      return
    default:
  }
}

function fuzz(state: StateName, seed: number, segments: number): void {
  const dice = new Dice(seed)
  const wrong: string[] = []
  const onTrace = (kind: TraceKind, _time: number, _id: number, from: number, to: number): void => {
    if (kind === TraceKind.State && !canMove(from as TcpState, to as TcpState)) wrong.push(`${from} to ${to}`)
  }
  let left = segments
  let lives = 0
  while (left > 0) {
    const t = inState(state, {
      isn: dice.pick([1000, 0x7fff_ff00, 0xffff_ff00]),
      iss: dice.pick([5000, 0x7fff_ff80, 0xffff_ff80]),
      family: dice.one(4) ? 6 : 4,
      limits: { memory: 4 * 1024 * 1024 },
      tcp: { receiveBuffer: 16_384, receiveBufferMax: 32_768, timestamps: dice.one(2) },
    })
    t.stack.tcp.context.tracer = { onTrace }
    expect(STANDING[state]).toBeDefined()
    lives++
    // A life ends with its connection, or after so many segments.
    for (let n = 0; n < 400 && left > 0; n++) {
      left--
      t.device.receive(someSegment(dice, t, tcbOf(t)))
      applicationActs(dice, t)
      t.stack.tcp.context.connections.each(checkInvariants)
      t.device.sent.length = 0
      const { connections, halfOpen, timeWait } = t.stack.tcp.sizes
      if (connections + halfOpen + timeWait === 0) break
    }
    bury(t)
  }
  expect(lives).toBeGreaterThan(1)
  expect(wrong).toEqual([])
}

/** Everything is let go; after the last timer no memory, no record and no deadline is left. */
function bury(t: Script): void {
  const { tcp, memory, engine } = t.stack
  if (t.connection !== undefined) t.connection.abort()
  t.listener?.close()
  tcp.context.connections.each((tcb) => tcb.connection?.abort())
  t.wait(600_000)
  t.device.sent.length = 0
  expect(tcp.sizes).toEqual({ connections: 0, orphans: 0, halfOpen: 0, timeWait: 0, listeners: 0 })
  expect(engine.timers.size).toBe(0)
  expect(memory.allocated).toBe(baseline())
}

let known = -1
/** What a script without any connection holds: its device's block. */
function baseline(): number {
  if (known < 0) known = inState('SYN-RECEIVED').stack.memory.allocated
  return known
}

describe('random segments at a connection: nothing throws, the books balance, memory comes back', () => {
  it.each(STATES.map((state, i) => ({ state, seed: 1000 + i })))(
    `${SEGMENTS} in $state`,
    ({ state, seed }) => fuzz(state, seed, SEGMENTS),
    120_000,
  )

  it('MODERN options are agreed on and then broken', () => {
    const dice = new Dice(77)
    expect(MODERN.length).toBeGreaterThan(3)
    for (let life = 0; life < 20; life++) {
      const t = inState('SYN-SENT', { tcp: { receiveBuffer: 16_384, receiveBufferMax: 32_768 } })
      t.send({ flags: 'SA', ack: 1, options: MODERN })
      for (let n = 0; n < 300; n++) {
        t.device.receive(someSegment(dice, t, tcbOf(t)))
        applicationActs(dice, t)
        t.stack.tcp.context.connections.each(checkInvariants)
        t.device.sent.length = 0
      }
      bury(t)
    }
  })
})
