import { hostThrow } from '../core/host.ts'
import { type KnownOptions, refuseUnknown } from '../core/known-options.ts'
import type { Memory } from '../core/memory.ts'
import { type DecodedFrame, decodeFrame, decodePacket } from '../wire/packet.ts'
import { TcpFlag as Flag, tcpFlags } from '../wire/tcp.ts'
import type { LinkDevice } from './device.ts'
import type { Direction } from './impair-options.ts'
import { oneOf, refuse, whole, within } from './option-checks.ts'
import { TransportLayout } from './transport-layout.ts'

/**
 * What is to happen to one frame. 'corrupt' flips the last bit of its IP packet, 'mark' sets Congestion Experienced if
 * its sender does ECN, 'delay' adds milliseconds to its latency, so that frames behind it overtake it.
 */
export type Fate =
  | { readonly do: 'drop' | 'duplicate' | 'corrupt' | 'mark' }
  | { readonly do: 'delay' /** Milliseconds, 0 to 3,600,000. */; readonly delay: number }

/** @param packet the frame's layers, with copies of its bytes @param index counts the direction's frames from 0 */
export type PacketPredicate = (packet: DecodedFrame, direction: Direction, index: number) => boolean

/**
 * Which frames are meant. Of TCP, whole packets only: 'data' has payload, 'ack' is an ACK and nothing else, 'syn'
 * (SYN-ACK too), 'fin' and 'rst' have the flag. 'any' is every frame, of any kind.
 */
export type PacketMatch = 'any' | 'tcp' | 'data' | 'ack' | 'syn' | 'fin' | 'rst' | 'udp' | PacketPredicate

/** One line of a script, e.g. `{ nth: 3, match: 'data', do: 'drop' }`. */
export type FateRule = Fate & {
  /** Default 'any'. */
  readonly match?: PacketMatch
  /** Which of the matching frames of a direction, counted from 1: one, or some. Default: each. */
  readonly nth?: number | readonly number[]
}

/** Decides frame by frame; null lets it pass. What it throws drops the frame. */
export type FateFunction = (packet: DecodedFrame, direction: Direction, index: number) => Fate | null

/**
 * Fates of chosen packets: a function, or rules. Each rule counts all frames that it matches; the first rule that means
 * a frame decides.
 */
export type FateScript = FateFunction | readonly FateRule[]

const DEEDS = ['drop', 'delay', 'duplicate', 'corrupt', 'mark'] as const
const MATCHES = ['any', 'tcp', 'data', 'ack', 'syn', 'fin', 'rst', 'udp'] as const
const LONGEST_MS = 3_600_000
const RULE: KnownOptions<FateRule> & { delay: unknown } = { match: true, nth: true, do: true, delay: true }

/** @throws ERR_OUT_OF_RANGE, ERR_INVALID_ARG_VALUE */
export function checkScript(script: FateScript | null): FateScript | null {
  if (script === null || typeof script === 'function') return script
  if (!Array.isArray(script)) refuse('script', 'a function, an array of rules, or null', script)
  script.forEach((rule: FateRule, i: number) => {
    const name = `script[${i}]`
    if (typeof rule !== 'object' || rule === null) refuse(name, 'an object', rule)
    refuseUnknown(`parts of '${name}'`, rule, RULE)
    checkFate(name, rule)
    if (typeof rule.match !== 'function') oneOf(`${name}.match`, rule.match, MATCHES, 'any')
    const all = Array.isArray(rule.nth) ? rule.nth : [rule.nth]
    for (const nth of all) whole(`${name}.nth`, nth, 1, Number.MAX_SAFE_INTEGER, 1)
  })
  return script
}

/** @throws ERR_OUT_OF_RANGE, ERR_INVALID_ARG_VALUE */
function checkFate(name: string, fate: Fate): void {
  if (typeof fate !== 'object') refuse(name, 'a fate or null', fate)
  if (!DEEDS.includes(fate.do)) oneOf<string>(`${name}.do`, String(fate.do), DEEDS, '')
  if (fate.do === 'delay') within(`${name}.delay`, fate.delay ?? Number.NaN, 0, LONGEST_MS, 0)
}

/** A script that is being played to one direction. */
export class ScriptPlayer {
  readonly #script: FateScript
  readonly #medium: LinkDevice['medium']
  readonly #direction: Direction
  readonly #layout = new TransportLayout()
  /** How many frames each rule has matched. */
  readonly #counts: number[]

  constructor(script: FateScript, medium: LinkDevice['medium'], direction: Direction) {
    this.#script = script
    this.#medium = medium
    this.#direction = direction
    this.#counts = typeof script === 'function' ? [] : script.map(() => 0)
  }

  /** What happens to the next frame, or null. Where the user's function throws, its error surfaces and the frame is dropped. */
  next(memory: Memory, offset: number, length: number, index: number): Fate | null {
    try {
      return this.#ask(memory, offset, length, index)
    } catch (error) {
      hostThrow(error)
      return { do: 'drop' }
    }
  }

  #ask(memory: Memory, offset: number, length: number, index: number): Fate | null {
    const script = this.#script
    if (typeof script !== 'function') return this.#nextByRules(script, memory, offset, length, index)
    const fate = script(this.#decode(memory, offset, length), this.#direction, index)
    if (fate === null || fate === undefined) return null
    checkFate('fate', fate)
    return fate
  }

  #nextByRules(
    rules: readonly FateRule[],
    memory: Memory,
    offset: number,
    length: number,
    index: number,
  ): Fate | null {
    let fate: FateRule | null = null
    let decoded: DecodedFrame | null = null
    const { view } = memory
    const isTransport = this.#layout.parse(view, offset, length, length, this.#medium)
    for (let i = 0; i < rules.length; i++) {
      const rule = rules[i]
      const match = rule.match ?? 'any'
      if (typeof match === 'function') {
        decoded ??= this.#decode(memory, offset, length)
        if (!match(decoded, this.#direction, index)) continue
      } else if (match !== 'any' && !(isTransport && this.#matches(match, view, offset))) continue
      const count = ++this.#counts[i]
      if (fate === null && isMeant(rule.nth, count)) fate = rule
    }
    return fate
  }

  #matches(match: Exclude<PacketMatch, PacketPredicate>, view: DataView, offset: number): boolean {
    const layout = this.#layout
    if (!layout.isTcp) return match === 'udp'
    const flags = tcpFlags(view, offset + layout.transport)
    const length = layout.end - layout.payload
    switch (match) {
      case 'tcp':
        return true
      case 'data':
        return length > 0
      case 'ack':
        return length === 0 && (flags & (Flag.Ack | Flag.Syn | Flag.Fin | Flag.Rst)) === Flag.Ack
      case 'syn':
        return (flags & Flag.Syn) !== 0
      case 'fin':
        return (flags & Flag.Fin) !== 0
      case 'rst':
        return (flags & Flag.Rst) !== 0
      default:
        return false
    }
  }

  #decode(memory: Memory, offset: number, length: number): DecodedFrame {
    const bytes = memory.copyOut(offset, length)
    return this.#medium === 'ethernet' ? decodeFrame(bytes) : decodePacket(bytes)
  }
}

function isMeant(nth: FateRule['nth'], count: number): boolean {
  if (nth === undefined) return true
  return typeof nth === 'number' ? nth === count : nth.includes(count)
}
