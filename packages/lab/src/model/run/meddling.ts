import type { Action, LinkSettings, Scenario, Way } from '../scenario.ts'
import type { Segment } from './segment.ts'

/** What is done to a segment on purpose when it is sent. */
export interface Mischief {
  readonly drop: boolean
  /** Bits of the frame that come wrong. */
  readonly flips: readonly number[]
}

const NONE: Mischief = { drop: false, flips: [] }

/** Decides about the segments that somebody has chosen: by the link's settings, or by hand. */
export class Meddling {
  readonly #link: Record<Way, LinkSettings>
  /** By number. */
  readonly #drops = new Set<number>()
  readonly #flips = new Map<number, number[]>()
  readonly #next: Record<Way, { any: number; data: number }> = {
    'A→B': { any: 0, data: 0 },
    'B→A': { any: 0, data: 0 },
  }
  /** Segments that each way has seen: with data, and all. */
  readonly #seen: Record<Way, { data: number; any: number }> = {
    'A→B': { data: 0, any: 0 },
    'B→A': { data: 0, any: 0 },
  }

  constructor({ link, actions }: Scenario) {
    this.#link = { ...link }
    for (const action of actions) this.#remember(action)
  }

  get link(): Readonly<Record<Way, LinkSettings>> {
    return this.#link
  }

  change(way: Way, set: Partial<LinkSettings>): LinkSettings {
    this.#link[way] = { ...this.#link[way], ...set }
    return this.#link[way]
  }

  dropNext(way: Way, dataOnly: boolean): void {
    this.#next[way][dataOnly ? 'data' : 'any']++
  }

  judge(segment: Segment): Mischief {
    const { way, number } = segment
    const seen = this.#seen[way]
    const isData = segment.length > 0
    const { dropAny = [], dropData = [] } = this.#link[way]
    let drop = this.#drops.has(number) || dropAny.includes(seen.any)
    if (isData && dropData.includes(seen.data)) drop = true
    if (this.#isNext(way, isData)) drop = true
    seen.any++
    if (isData) seen.data++
    const flips = this.#flips.get(number)
    if (!drop && flips === undefined) return NONE
    return { drop, flips: flips ?? [] }
  }

  #isNext(way: Way, isData: boolean): boolean {
    const next = this.#next[way]
    if (isData && next.data > 0) {
      next.data--
      return true
    }
    if (next.any === 0) return false
    next.any--
    return true
  }

  #remember(action: Action): void {
    if (action.do === 'drop') this.#drops.add(action.segment)
    else if (action.do === 'flip') {
      const bits = this.#flips.get(action.segment) ?? []
      this.#flips.set(action.segment, [...bits, action.bit])
    }
  }
}

/** A copy of the frame with these bits turned; those beyond its end are left out. */
export function flipBits(frame: Uint8Array, bits: readonly number[]): Uint8Array {
  const bytes = frame.slice()
  for (const bit of bits) if (bit >>> 3 < bytes.length) bytes[bit >>> 3] ^= 0x80 >>> (bit & 7)
  return bytes
}
