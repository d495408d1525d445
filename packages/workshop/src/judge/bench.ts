import { Failure } from './failure.ts'
import { type Line, ScriptedLine, World, type WorldOptions } from './world.ts'

/** What a judge works with: it keeps what a case has made, to show it and to put it away. */
export class Bench {
  /** What the learner's functions were asked and said, one line each. */
  readonly calls: string[] = []
  readonly lines: Line[] = []

  /** A wire with a whole stack at its other end. */
  world(options?: WorldOptions): World {
    const world = new World(options)
    this.lines.push(world)
    return world
  }

  /**
   * As `world`, with a peer that begins with sequence number `isn` if it connects at once. A stack's choice moves with the time
   * (RFC 6528), so the world waits for its moment, which takes up to five hours and is over at once.
   */
  worldWithIsn(isn: number, connect: (world: World) => void, options?: WorldOptions): World {
    const trial = new World(options)
    connect(trial)
    trial.run(100)
    const natural = trial.log.segments('peer')[0].tcp.seq
    trial.close()
    const world = this.world(options)
    world.run(((isn - natural) >>> 0) * 0.004)
    world.begin()
    connect(world)
    return world
  }

  /** A wire with the judge at its other end. */
  scripted(options?: WorldOptions): ScriptedLine {
    const line = new ScriptedLine(options)
    this.lines.push(line)
    return line
  }

  /** Calls a function of the learner's and notes what came of it. */
  call<T>(text: string, fn: () => T): T {
    const result = fn()
    this.calls.push(`${text} = ${show(result)}`)
    return result
  }

  /** @throws Failure without a ladder: nothing was sent */
  fail(mistake: string, what: string, expected: unknown, actual: unknown): never {
    throw new Failure({ mistake, what, expected: show(expected), actual: show(actual) })
  }

  async close(): Promise<void> {
    for (const line of this.lines) await line.close()
  }
}

/** Bytes as people write them: `00 01 f2`, the middle of many left out. */
export function hex(bytes: Uint8Array, most = 32): string {
  const pairs = Array.from(bytes.subarray(0, most), (byte) => byte.toString(16).padStart(2, '0'))
  return bytes.length > most ? `${pairs.join(' ')} ... (${bytes.length} bytes)` : pairs.join(' ')
}

/** A value as it would stand in a program, in one line. */
export function show(value: unknown): string {
  if (typeof value === 'string') return value
  if (value instanceof Uint8Array) return value.length === 0 ? 'no bytes' : `bytes ${hex(value, 12)}`
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).map(([name, field]) => `${name}: ${show(field)}`)
    return `{ ${fields.join(', ')} }`
  }
  return String(value)
}
