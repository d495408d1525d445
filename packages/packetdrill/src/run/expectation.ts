import type { PacketSpec, ScriptEvent, Usecs } from '../language/ast.ts'
import { ACK, SYN } from '../language/flags.ts'
import { ScriptError } from '../language/source.ts'
import { differences } from './compare.ts'
import type { Flow } from './flow.ts'
import type { Flows } from './flows.ts'
import type { Host } from './host.ts'
import { packetText, seconds } from './packet-text.ts'
import { type ScriptClock, START } from './script-clock.ts'
import { concernsScripts, continues, joined, readSent, type Sent, sentToScript } from './sent.ts'
import type { RunSettings } from './settings.ts'
import { type Due, rangeText, type Timing } from './timing.ts'

/** How long a packet that may come at any time is waited for. */
const LONGEST_WAIT = 3600 * 1_000_000
/** The tick of the stack's timestamp clock, in microseconds. */
const LIVE_TICK = 1000

/** What the stack sends, held against what the script says. */
export class Expectation {
  readonly #file: string
  readonly #settings: RunSettings
  readonly #clock: ScriptClock
  readonly #timing: Timing
  readonly #flows: Flows
  readonly #waiting: Sent[] = []

  constructor(file: string, settings: RunSettings, clock: ScriptClock, timing: Timing, flows: Flows) {
    this.#file = file
    this.#settings = settings
    this.#clock = clock
    this.#timing = timing
    this.#flows = flows
  }

  /** Sent, and not expected by any event so far. */
  get unexpected(): readonly Sent[] {
    return this.#waiting
  }

  /** Reads what has been sent since the last look. */
  collect(host: Host): void {
    for (const packet of host.link.sent) {
      const sent = readSent(packet)
      if (concernsScripts(sent)) this.#waiting.push(sent)
    }
    host.link.sent.length = 0
  }

  /** Waits for the packet of an event and checks it. @returns the packet as it was sent @throws ScriptError */
  expect(event: ScriptEvent, spec: PacketSpec, due: Due, host: Host): string {
    const deadline = START + (due.to === null ? this.#timing.now + LONGEST_WAIT : due.to + due.tolerance)
    const sent = this.#next(host, spec, deadline)
    if (sent === null) this.#missing(event, spec, due, deadline)
    const flow = this.#flows.outgoing(sent)
    if (flow !== null) learn(flow, spec, sent)
    const actual = sentToScript(sent, flow)
    const found = [
      ...differences(spec, actual, this.#settings),
      ...(flow === null ? [] : this.#timestampDifference(spec, sent, flow)),
    ]
    const at = sent.time - START
    const late = this.#timing.problem(due, at)
    if (found.length === 0 && sent.frame.problems.length === 0 && late === null) {
      this.#timing.passed(event, due, at)
      return `${seconds(at)} ${packetText(shown(spec, actual))}`
    }
    const reasons = [
      ...(found.length === 0 ? [] : [`differs in ${found.join(', ')}`]),
      ...(late === null ? [] : [`was sent ${late.reason}`]),
      ...sent.frame.problems.map((problem) => `has a ${problem}`),
    ]
    const expectedAt = late?.expected ?? (due.from === null ? '*' : rangeText(due.from, due.to ?? due.from))
    this.#fail(event, `the packet ${reasons.join(' and ')}`, [
      `expected: ${expectedAt} ${packetText(spec)}`,
      `actual:   ${seconds(at)} ${packetText(shown(spec, actual))}`,
    ])
  }

  #fail(event: ScriptEvent, reason: string, details: string[]): never {
    throw new ScriptError(this.#file, event.line, reason, details)
  }

  #missing(event: ScriptEvent, spec: PacketSpec, due: Due, deadline: Usecs): never {
    const at = due.from === null ? '*' : rangeText(due.from, due.to ?? due.from)
    this.#fail(event, 'the packet was not sent', [
      `expected: ${at} ${packetText(spec)}`,
      `actual:   nothing until ${seconds(deadline - START)}`,
    ])
  }

  /** The oldest packet that waits, or the first that is sent before `deadline`; joined with what continues it. */
  #next(host: Host, spec: PacketSpec, deadline: Usecs): Sent | null {
    const first = this.#take(host, deadline)
    const { content } = spec
    if (first === null || content.protocol !== 'tcp' || this.#settings.strictSegments) return first
    return this.#join(host, first, content.length, deadline)
  }

  #take(host: Host, deadline: Usecs): Sent | null {
    this.#awaitOne(host, deadline)
    return this.#waiting.shift() ?? null
  }

  #awaitOne(host: Host, deadline: Usecs): void {
    this.#clock.settle()
    this.collect(host)
    while (this.#waiting.length === 0 && this.#clock.next <= deadline) {
      this.#clock.step()
      this.collect(host)
    }
  }

  /** All but the last piece have the first one's size, as what the kernel cuts at the MSS. */
  #join(host: Host, first: Sent, length: number, deadline: Usecs): Sent {
    const size = first.frame.tcp?.payload.length ?? 0
    let whole = first
    let sum = size
    let last = size
    while (size > 0 && sum < length && last === size) {
      this.#awaitOne(host, deadline)
      const next = this.#waiting[0]
      if (next === undefined || !continues(first, sum, next)) break
      last = next.frame.tcp?.payload.length ?? 0
      if (last > size || sum + last > length || !this.#fits(size)) break
      this.#waiting.shift()
      whole = joined(whole, next)
      sum += last
    }
    return whole
  }

  /** `--mss` says how long the pieces are. */
  #fits(size: number): boolean {
    const { mss } = this.#settings
    return mss === 0 || size % mss === 0
  }

  /** TSval, where the script says how long a tick of its clock is: both clocks must have gone on equally long. */
  #timestampDifference(spec: PacketSpec, sent: Sent, flow: Flow): string[] {
    const both = timestampsOf(spec, sent)
    const base = flow.timestampBase
    if (both === null || base === null) return []
    flow.sawTimestamp(both.script, both.live, sent.time)
    const tick = this.#settings.timestampTick
    if (tick === 0) return []
    const script = ((both.script - base.script) | 0) * tick
    const live = ((both.live - base.live) | 0) * LIVE_TICK
    const rounding = tick === LIVE_TICK ? 0 : tick
    const allowed = this.#settings.exact ? rounding : this.#settings.tolerance + tick
    return Math.abs(script - live) <= allowed ? [] : ['option TS val']
  }
}

/** TSval as the script has it and as it was sent, where both have one. */
function timestampsOf({ content }: PacketSpec, { frame }: Sent): { script: number; live: number } | null {
  if (content.protocol !== 'tcp' || content.options === null) return null
  const expected = content.options.find((option) => option.name === 'TS')
  const actual = frame.tcp?.options.find((option) => option.name === 'timestamps')
  if (expected?.name !== 'TS' || actual?.name !== 'timestamps' || expected.value === null) return null
  return { script: expected.value, live: actual.value }
}

/** The first packet of a connection, and each new SYN, tells how the script's numbers are to be read. */
function learn(flow: Flow, spec: PacketSpec, sent: Sent): void {
  const { content } = spec
  const { frame } = sent
  if (content.protocol !== 'tcp' || frame.tcp === undefined) return
  const timestamps = timestampsOf(spec, sent)
  if (timestamps !== null && flow.timestampBase === null) {
    flow.sawTimestamp(timestamps.script, timestamps.live, sent.time)
  }
  if ((frame.tcp.flags & SYN) === 0) return
  if (flow.localShift === null || flow.awaitsSyn) {
    flow.localShift = (frame.tcp.seq - ((content.flags & SYN) === 0 ? 0 : content.seq)) >>> 0
    flow.awaitsSyn = false
    flow.pastSyn = false
  }
  // A cookie that the stack makes up: the script may call it what it likes.
  if ((frame.tcp.flags & ACK) === 0) return
  const expected = content.options?.find((option) => option.name === 'FO')
  const given = frame.tcp.options.find((option) => option.name === 'fastOpen')
  if (expected?.name === 'FO' && expected.cookie !== null && given?.name === 'fastOpen') {
    flow.cookies.learn(expected.cookie, given.cookie)
  }
}

/** Of what was sent, the parts that the script says something about: the rest would only hide the difference. */
function shown(expected: PacketSpec, actual: ReturnType<typeof sentToScript>): Omit<PacketSpec, 'kind'> {
  const { ecn, tos, ttl, flowLabel } = expected.ip
  const ip = {
    ...(ecn === undefined ? {} : { ecn: actual.ip.ecn }),
    ...(tos === undefined ? {} : { tos: actual.ip.tos }),
    ...(ttl === undefined ? {} : { ttl: actual.ip.ttl }),
    ...(flowLabel === undefined ? {} : { flowLabel: actual.ip.flowLabel }),
  }
  const { direction, content, ports } = actual
  return expected.ports === undefined || ports === undefined
    ? { direction, content, ip }
    : { direction, content, ip, ports }
}
