import type { StreamEnd } from '@tapwire/fuzz'
import { describe, expect, it } from 'vitest'
import { randomBelow, SeededRandom } from '../../src/core/random.ts'
import { debugInvariants } from './invariants.ts'
import { Pair } from './pair.ts'

const CONNECTIONS = 10_000
/** As many begin in one go. */
const GENERATION = 100
const PORT = 7
/** A port where nobody listens. */
const CLOSED_PORT = 9

/** How a connection may live. The last three end without the other side's help. */
const LIVES = [
  'close',
  'halfClose',
  'reset',
  'refused',
  'idle',
  'unread',
  'vanish',
  'vanishEarly',
  'noSynAck',
] as const
type Life = (typeof LIVES)[number]

const TCP = { timeWait: 500, finWait2: 2000, retries: 4, synRetries: 2, synAckRetries: 2 } as const

/** Frames of connections whose ports are in `cut` are lost from then on. */
function cutter(cut: Set<number>): (frame: Uint8Array) => 'pass' | 'drop' {
  return (frame) => {
    const at = frame[0] >>> 4 === 4 ? 20 : 40
    const ports = [(frame[at] << 8) | frame[at + 1], (frame[at + 2] << 8) | frame[at + 3]]
    return ports.some((port) => cut.has(port)) ? 'drop' : 'pass'
  }
}

class World {
  readonly pair = new Pair({ seed: 3, tcp: TCP })
  readonly random = new SeededRandom(4)
  readonly cut = new Set<number>()
  readonly lived: Record<Life, number> = Object.fromEntries(LIVES.map((life) => [life, 0])) as Record<
    Life,
    number
  >
  readonly ended: Record<string, number> = {}
  #nextPort = 10_000

  constructor() {
    this.pair.link.set({
      latency: 4,
      jitter: 3,
      loss: 0.02,
      duplicate: 0.01,
      reorder: 0.02,
      filter: cutter(this.cut),
    })
    this.pair.listen(0, PORT)
    this.pair.listen(1, PORT)
  }

  /** A hundred lives begin, go on side by side and end. */
  generation(): void {
    const { pair, random, cut } = this
    const lives = Array.from({ length: GENERATION }, () => this.#begin())
    for (let moment = 0; moment < 12; moment++) {
      for (const { end, life, port } of lives) this.#act(end, life, port, moment)
      pair.clock.advance(randomBelow(random, 60))
      for (const stack of pair.stacks) debugInvariants(stack)
    }
    const isOver = (): boolean => {
      // Those who were accepted only now go at once.
      for (const { end } of lives) this.#part(end)
      return lives.every(({ end }) => isEnded(end) && isEnded(end.other))
    }
    if (!pair.clock.runUntil(isOver, 1_200_000)) throw new Error(`Some never end: ${stuck(lives)}`)
    for (const { end } of lives) {
      const reason = String(end.connection.closeReason)
      this.ended[reason] = (this.ended[reason] ?? 0) + 1
      expect(end.problem()).toBeNull()
      end.close()
      end.other?.close()
    }
    pair.ends.clear()
    cut.clear()
  }

  #begin(): { end: StreamEnd; life: Life; port: number } {
    const { random } = this
    const life = LIVES[randomBelow(random, LIVES.length)]
    this.lived[life]++
    const port = this.#nextPort
    this.#nextPort = port >= 60_000 ? 10_000 : port + 1
    if (life === 'noSynAck') this.cut.add(port)
    const side = randomBelow(random, 2) === 0 ? 0 : 1
    const family = randomBelow(random, 2) === 0 ? 4 : 6
    return { end: this.pair.connect(side, port, life === 'refused' ? CLOSED_PORT : PORT, family), life, port }
  }

  #act(end: StreamEnd, life: Life, port: number, moment: number): void {
    const { random } = this
    const { other } = end
    for (const one of [end, other]) {
      if (one === undefined) continue
      if (life === 'unread') one.eager = false
      if (life !== 'idle') one.write(randomBelow(random, 4000))
    }
    if (moment === 0 && life === 'vanishEarly') this.cut.add(port)
    if (moment < 6) return
    if (life === 'vanish') this.cut.add(port)
    if (life === 'reset' && moment === 6) (randomBelow(random, 2) === 0 ? end : (other ?? end)).abort()
    if (life === 'halfClose' && moment === 6) end.shutdown()
    if (life === 'halfClose' && moment === 9) other?.shutdown()
    if (life === 'close' && moment === 8) end.close()
  }

  /** Nobody is left waiting for somebody who waits as well. */
  #part(end: StreamEnd): void {
    for (const one of [end, end.other]) {
      if (one === undefined || one.gone) continue
      one.connection.setKeepAlive(true, { idle: 2000, interval: 500, count: 3 })
      one.close()
    }
  }
}

function stuck(lives: readonly { readonly end: StreamEnd; readonly life: Life }[]): string {
  const left = lives.filter(({ end }) => !isEnded(end) || !isEnded(end.other))
  return left
    .map(({ end, life }) => `${life}: ${end.connection.state}, ${end.other?.connection.state}`)
    .join('; ')
}

function isEnded(end: StreamEnd | undefined): boolean {
  return end === undefined || end.connection.closeReason !== undefined
}

describe('from the first SYN to nothing', () => {
  it(`${CONNECTIONS} connections live and leave nothing behind`, { timeout: 300_000 }, async () => {
    const world = new World()
    const { pair } = world
    for (let i = 0; i < CONNECTIONS / GENERATION; i++) {
      world.generation()
      // TIME-WAIT, SYN-RECEIVED of those who never came back, and what the cable still holds.
      pair.clock.advance(30_000)
      expect(pair.leftovers(), `after generation ${i}`).toEqual([])
    }
    expect(pair.faults).toEqual([])
    for (const life of LIVES) expect(world.lived[life], life).toBeGreaterThan(CONNECTIONS / LIVES.length / 2)
    for (const reason of ['null', 'ECONNRESET', 'ECONNREFUSED', 'ETIMEDOUT']) {
      expect(world.ended[reason], reason).toBeGreaterThan(CONNECTIONS / 100)
    }
    for (const stack of pair.stacks) await stack.close()
    pair.clock.advance(1000)
    for (const stack of pair.stacks) expect(stack.engine.timers.size).toBe(0)
  })
})
