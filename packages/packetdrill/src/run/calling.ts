import {
  errnoText,
  isErrnoName,
  type PendingCall,
  SO_TYPE,
  SOCK_DGRAM,
  SOL_SOCKET,
  SOL_TCP,
  type SocketAddress,
  SocketError,
  TCP_MAXSEG,
} from '@tapwire/sockets'
import type { CallSpec, ScriptEvent, Usecs } from '../language/ast.ts'
import { ScriptError } from '../language/source.ts'
import { Arguments } from './arguments.ts'
import { CALLS, type Made } from './calls.ts'
import type { Flows } from './flows.ts'
import type { Host } from './host.ts'
import { seconds, withoutTime } from './packet-text.ts'
import { type ScriptClock, START } from './script-clock.ts'
import type { RunSettings } from './settings.ts'
import { type Due, milliseconds, type Timing } from './timing.ts'

type Outcome = { readonly value: unknown } | { readonly error: SocketError }

/** A call that has not returned yet. */
interface Blocked {
  readonly event: ScriptEvent
  readonly spec: CallSpec
  readonly args: Arguments
  readonly made: Made
  readonly call: PendingCall<unknown>
  readonly due: Due
}

/** The calls of a script: made, and held against what they are to give. */
export class Calling {
  readonly #file: string
  readonly #settings: RunSettings
  readonly #clock: ScriptClock
  readonly #timing: Timing
  readonly #flows: Flows
  readonly #defines: ReadonlyMap<string, string>
  /** The script's descriptors and the live ones. */
  readonly #fds = new Map<number, number>()
  #blocked: Blocked | null = null
  /** The live descriptor that was made last. */
  lastFd: number | null = null

  constructor(
    file: string,
    settings: RunSettings,
    clock: ScriptClock,
    timing: Timing,
    flows: Flows,
    defines: ReadonlyMap<string, string>,
  ) {
    this.#file = file
    this.#settings = settings
    this.#clock = clock
    this.#timing = timing
    this.#flows = flows
    this.#defines = defines
  }

  /** Makes the call of an event. A process has one thread here: a call that still waits returns first. @throws ScriptError */
  make(event: ScriptEvent, spec: CallSpec, due: Due, host: Host): void {
    const args = new Arguments(this.#file, event.line, spec.args, this.#defines)
    const perform = Object.hasOwn(CALLS, spec.name) ? CALLS[spec.name] : undefined
    if (perform === undefined) this.#fail(event, `the call '${spec.name}' is not known`)
    this.#announce(spec, args, host)
    let made: Made | null = null
    let outcome: Outcome | null = null
    try {
      made = perform(args, {
        sockets: host.sockets,
        settings: this.#settings,
        fd: (script) => this.#fds.get(script) ?? script,
      })
    } catch (error) {
      if (!(error instanceof SocketError)) throw error
      outcome = { error }
    }
    this.#clock.settle()
    if (made !== null && isPending(made.result)) {
      this.#blocked = { event, spec, args, made, call: made.result, due }
      if (due.until === null) this.#returnsAtOnce(this.#blocked)
      return
    }
    outcome ??= { value: made?.result }
    this.#checkEnd(event, due, this.#timing.now)
    this.#checkOutcome(event, spec, args, made, outcome, host)
  }

  /** Looks whether the call that waits has returned, and checks what it gave. @throws ScriptError */
  look(host: Host): void {
    const blocked = this.#blocked
    if (blocked === null || !blocked.call.settled) return
    this.#blocked = null
    const { event, spec, args, made, call, due } = blocked
    this.#checkEnd(event, due, call.settledAt - START)
    this.#checkOutcome(event, spec, args, made, outcomeOf(call), host)
  }

  /** Waits for the call that still waits, as long as it may. @throws ScriptError */
  awaitReturn(host: Host): void {
    this.look(host)
    const blocked = this.#blocked
    if (blocked === null) return
    const { until, tolerance } = blocked.due
    this.#stepUntil(blocked.call, START + (until ?? this.#timing.now) + tolerance)
    this.look(host)
    if (this.#blocked === null) return
    this.#fail(blocked.event, 'the call has not returned', [
      `expected: ${seconds(until ?? 0)} ${callText(blocked.event)}`,
      `actual:   it still waits at ${seconds(this.#timing.now)}`,
    ])
  }

  /** What only a timer that is due can end is no blocking call to speak of. */
  #returnsAtOnce(blocked: Blocked): void {
    this.#stepUntil(blocked.call, this.#clock.now() + blocked.due.tolerance)
    if (blocked.call.settled) return
    this.#fail(blocked.event, 'the call blocks', [
      `expected: ${callText(blocked.event)}`,
      'actual:   it waits (a call that is to wait has the time of its end, as in 0.1...0.3)',
    ])
  }

  #stepUntil(call: PendingCall<unknown>, deadline: Usecs): void {
    this.#clock.settle()
    while (!call.settled && this.#clock.next <= deadline) this.#clock.step()
  }

  /** Says to whom the packets belong that a call is about to cause. */
  #announce(spec: CallSpec, args: Arguments, host: Host): void {
    if (spec.name !== 'connect') return
    const fd = this.#fds.get(args.number(0))
    if (fd === undefined || this.#flows.all.some((flow) => flow.fd === fd && flow.localShift !== null)) return
    const datagrams = quietly(() => host.sockets.getsockopt(fd, SOL_SOCKET, SO_TYPE)) === SOCK_DGRAM
    const address = args.address(1)
    const port = typeof address === 'symbol' ? this.#settings.connectPort : address.port
    const bound = quietly(() => host.sockets.getsockname(fd))?.port ?? 0
    this.#flows.connects(datagrams ? 'udp' : 'tcp', bound, port).fd = fd
  }

  #checkEnd(event: ScriptEvent, due: Due, actual: Usecs): void {
    if (due.until === null) return
    const tolerance = Math.max(due.tolerance, this.#shareOf(due))
    const difference = actual - due.until
    if (Math.abs(difference) <= tolerance) return
    const late = `${milliseconds(Math.abs(difference))} too ${difference < 0 ? 'early' : 'late'}`
    this.#fail(event, `the call returned ${late}`, [
      `expected: ${seconds(due.until)} ${callText(event)}`,
      `actual:   ${seconds(actual)}`,
    ])
  }

  /** The longer a call waits, the less exactly its end is known. */
  #shareOf({ from, until }: Due): Usecs {
    if (this.#settings.exact || until === null) return 0
    return Math.floor((until - (from ?? until)) * this.#settings.toleranceShare)
  }

  #checkOutcome(
    event: ScriptEvent,
    spec: CallSpec,
    args: Arguments,
    made: Made | null,
    outcome: Outcome,
    host: Host,
  ): void {
    const expected =
      spec.result === null || spec.result.kind === 'ellipsis' ? null : args.numberOf(spec.result)
    if ('error' in outcome || made === null) {
      const { code } = (outcome as { error: SocketError }).error
      if (expected === null || (expected === -1 && (spec.errno === undefined || spec.errno === code))) return
      this.#wrongResult(event, spec, `-1 ${code} (${isErrnoName(code) ? errnoText(code) : ''})`)
    }
    const { value } = outcome as { value: unknown }
    const actual = made.number(value)
    if (made.descriptor === true && expected !== null && expected >= 0 && actual >= 0) {
      this.#bindDescriptor(spec, expected, actual, host)
    } else if (expected !== null && expected !== actual) this.#wrongResult(event, spec, String(actual))
    if (spec.name === 'listen')
      this.#flows.listens(host.sockets.getsockname(this.#fds.get(args.number(0)) ?? -1).port)
    const problems = made.outputs?.(value) ?? []
    if (problems.length > 0) this.#fail(event, 'the call gave other values', [callText(event), ...problems])
  }

  #bindDescriptor(spec: CallSpec, script: number, live: number, host: Host): void {
    this.#fds.set(script, live)
    // A number that has been closed comes again.
    for (const flow of this.#flows.all) if (flow.fd === live) flow.fd = null
    if (!spec.name.startsWith('epoll')) this.lastFd = live
    if (spec.name === 'socket') this.#limitMss(live, host)
    if (!spec.name.startsWith('accept')) return
    const peer: SocketAddress | undefined = quietly(() => host.sockets.getpeername(live))
    const flow = this.#flows.all.findLast(
      ({ protocol, remotePort }) => protocol === 'tcp' && remotePort === peer?.port,
    )
    if (flow !== undefined) flow.fd = live
  }

  /** What a route says of the MSS, each socket is told: there is one route. */
  #limitMss(fd: number, host: Host): void {
    const { routeMss } = this.#settings
    if (routeMss > 0) quietly(() => host.sockets.setsockopt(fd, SOL_TCP, TCP_MAXSEG, routeMss))
  }

  #wrongResult(event: ScriptEvent, spec: CallSpec, actual: string): never {
    const text = callText(event)
    const head = text.slice(0, text.lastIndexOf(') =') + 3)
    this.#fail(event, `${spec.name} gave another result`, [
      `expected: ${text}`,
      `actual:   ${head} ${actual}`,
    ])
  }

  #fail(event: ScriptEvent, reason: string, details: string[] = []): never {
    throw new ScriptError(this.#file, event.line, reason, details)
  }
}

function isPending(result: unknown): result is PendingCall<unknown> {
  return result instanceof Promise
}

function outcomeOf(call: PendingCall<unknown>): Outcome {
  if (call.error === undefined) return { value: call.value }
  if (call.error instanceof SocketError) return { error: call.error }
  throw call.error
}

function quietly<T>(body: () => T): T | undefined {
  try {
    return body()
  } catch (error) {
    if (error instanceof SocketError) return undefined
    throw error
  }
}

function callText({ text }: ScriptEvent): string {
  return withoutTime(text)
}
