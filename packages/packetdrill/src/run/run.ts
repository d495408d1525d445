import { type CaptureSink, TapwireError } from '@tapwire/stack'
import { type CommandTarget, type RouteMetrics, translateCommand } from '../commands/translate.ts'
import type { PacketSpec, Script, ScriptEvent } from '../language/ast.ts'
import { ACK, FIN, RST, SYN } from '../language/flags.ts'
import { hexBytes } from '../language/hex.ts'
import { ScriptError } from '../language/source.ts'
import { Assertions } from './assertions.ts'
import { buildPacket, type Ends, endsOf } from './build-packet.ts'
import { Calling } from './calling.ts'
import { Expectation } from './expectation.ts'
import type { Flow } from './flow.ts'
import { begins, Flows } from './flows.ts'
import { Host } from './host.ts'
import { packetText, seconds, withoutTime } from './packet-text.ts'
import { ScriptClock, START } from './script-clock.ts'
import { sentToScript } from './sent.ts'
import type { RunSettings } from './settings.ts'
import { Timing } from './timing.ts'

/** What scripts call the cookie of a server that has not given it to them yet. */
const COOKIE_NAME = 'TFO_COOKIE'

/** One script against one stack, in virtual time. */
export class Run {
  readonly #script: Script
  readonly #defines: ReadonlyMap<string, string>
  readonly #settings: RunSettings
  readonly #sink: CaptureSink | null
  readonly #ends: Ends
  readonly #clock = new ScriptClock()
  readonly #timing: Timing
  readonly #flows: Flows
  readonly #expectation: Expectation
  readonly #calling: Calling
  readonly #assertions: Assertions
  readonly #print: (line: string) => void
  /** Made by the first event that needs it: the commands before it say how. */
  #host: Host | null = null
  #route: RouteMetrics = {}
  #broken = false

  constructor(
    script: Script,
    settings: RunSettings,
    defines: ReadonlyMap<string, string>,
    sink: CaptureSink | null,
    print: (line: string) => void,
  ) {
    const { file } = script
    this.#script = script
    this.#defines = defines
    this.#settings = settings
    this.#sink = sink
    this.#ends = endsOf(settings)
    this.#timing = new Timing(this.#clock, settings)
    this.#flows = new Flows(settings)
    this.#expectation = new Expectation(file, settings, this.#clock, this.#timing, this.#flows)
    this.#calling = new Calling(file, settings, this.#clock, this.#timing, this.#flows, defines)
    this.#assertions = new Assertions(print)
    this.#print = print
  }

  /** Microseconds of virtual time that have passed. */
  get elapsed(): number {
    return this.#timing.now
  }

  /** @throws ScriptError for whatever is not as the script says */
  play(): void {
    let over = false
    try {
      for (const event of this.#script.events) this.#guarded(event)
      if (this.#host !== null) this.#end(this.#host)
      over = true
    } finally {
      this.#close(over)
    }
  }

  /** A stack that is broken may not even be closed: what broke it is what is to be told. */
  #close(over: boolean): void {
    let leaked = 0
    try {
      leaked = this.#host?.close() ?? 0
    } catch (error) {
      if (over) throw error
    }
    const last = this.#script.events.at(-1)
    if (over && leaked > 0 && last !== undefined) {
      this.#fail(last, `the stack is broken: closed, it keeps ${leaked} bytes of its memory`)
    }
  }

  /** What the stack refuses to be, or throws, is told with the line that it happened in. */
  #guarded(event: ScriptEvent): void {
    try {
      this.#happen(event)
    } catch (error) {
      if (error instanceof TapwireError) this.#fail(event, `the stack refuses this: ${error.message}`)
      // Numbers that no field, no buffer and no clock can have.
      if (error instanceof RangeError) this.#fail(event, `this cannot be: ${error.message}`)
      if (error instanceof ScriptError) throw error
      this.#faulty(event, error)
    }
    const fault = this.#host?.fault
    if (fault !== undefined) this.#faulty(event, fault)
  }

  #happen(event: ScriptEvent): void {
    const due = this.#timing.due(event)
    const { body } = event
    if (body.kind === 'packet' && body.direction === 'out') {
      const host = this.#needHost()
      this.#tell(this.#expectation.expect(event, body, due, host))
      this.#calling.look(host)
      return
    }
    if (due.from !== null) this.#clock.advanceTo(START + due.from)
    this.#clock.settle()
    if (this.#host !== null) this.#calling.look(this.#host)
    // The call before it may have to return first.
    if (body.kind === 'call') this.#calling.awaitReturn(this.#needHost())
    this.#timing.passed(event, due, this.#timing.now)
    this.#tell(`${seconds(this.#timing.now)} ${withoutTime(event.text)}`)
    if (body.kind === 'packet') this.#inject(event, body)
    else if (body.kind === 'call') this.#calling.make(event, body, due, this.#needHost())
    else if (body.kind === 'code') this.#assert(event, body.text)
    else this.#command(event, body.text)
    this.#clock.settle()
    if (this.#host !== null) this.#calling.look(this.#host)
  }

  #tell(line: string): void {
    if (this.#settings.verbose) this.#print(line)
  }

  #needHost(): Host {
    if (this.#host !== null) return this.#host
    const host = new Host(this.#clock, this.#settings, this.#sink)
    this.#host = host
    host.link.broken = this.#broken
    // The Linux collections say with it what a kernel with a certain key gives out.
    const cookie = this.#defines.get(COOKIE_NAME)
    if (cookie !== undefined) this.#flows.cookies.learn(hexBytes(cookie), host.fastOpenCookie())
    if (this.#route.mtu !== undefined) host.setPathMtu(this.#route.mtu)
    return host
  }

  #fail(event: ScriptEvent, reason: string, details: string[] = []): never {
    throw new ScriptError(this.#script.file, event.line, reason, details)
  }

  /** A fault of the stack, or of this runner: told with the script's line, and whence it came. */
  #faulty(event: ScriptEvent, error: unknown): never {
    this.#fail(event, `the stack is broken: ${(error as Error).stack ?? String(error)}`)
  }

  // ---- what comes in ---------------------------------------------------------------------------------------

  #inject(event: ScriptEvent, spec: PacketSpec): void {
    const host = this.#needHost()
    const flow = this.#flows.incoming(spec)
    note(flow, spec)
    try {
      host.link.inject(buildPacket(spec, flow, this.#ends))
    } catch (error) {
      if (error instanceof RangeError) this.#fail(event, error.message)
      throw error
    }
  }

  #assert(event: ScriptEvent, code: string): void {
    const { sockets } = this.#needHost()
    const fd = this.#flows.current?.fd ?? this.#calling.lastFd
    const problem = this.#assertions.run(code, sockets, fd)
    if (problem !== null) this.#fail(event, problem.reason, problem.details)
  }

  // ---- commands --------------------------------------------------------------------------------------------

  #command(event: ScriptEvent, text: string): void {
    try {
      translateCommand(text, this.#commandTarget)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      if (this.#settings.ignoreCommands) return
      this.#fail(event, `${error.message} (--ignore-commands goes on without)`, [`\`${text}\``])
    }
  }

  readonly #commandTarget: CommandTarget = {
    setTcp: (settings) => {
      if (this.#host === null) this.#settings.tcp = { ...this.#settings.tcp, ...settings }
      else this.#host.setTcp(settings)
    },
    // A stack keeps the limits that it was made with: they count for commands before the first event.
    setLimits: (limits) => {
      this.#settings.limits = { ...this.#settings.limits, ...limits }
    },
    breakLink: (broken) => {
      this.#broken = broken
      if (this.#host !== null) this.#host.link.broken = broken
    },
    setRoute: (metrics) => {
      this.#route = { ...this.#route, ...metrics }
      this.#useRoute(metrics)
    },
    sleep: (usecs) => {
      this.#clock.advanceTo(this.#clock.now() + usecs)
      this.#clock.settle()
    },
  }

  #useRoute({ mtu, advmss, initcwnd, congestion, rtoMin, ecn }: RouteMetrics): void {
    const { setTcp } = this.#commandTarget
    if (mtu !== undefined) {
      this.#host?.setPathMtu(mtu)
      this.#settings.routeMss = mtu - (this.#ends.v6 ? 60 : 40)
    }
    if (advmss !== undefined) this.#settings.routeMss = advmss
    if (initcwnd !== undefined) setTcp({ initialWindow: initcwnd })
    if (congestion !== undefined)
      setTcp({ congestion: congestion === 'reno' ? 'newreno' : (congestion as 'cubic') })
    if (rtoMin !== undefined) setTcp({ minRto: rtoMin })
    if (ecn === true) setTcp({ ecn: true })
  }

  // ---- the end ---------------------------------------------------------------------------------------------

  #end(host: Host): void {
    this.#calling.awaitReturn(host)
    this.#clock.settle()
    this.#expectation.collect(host)
    if (this.#settings.exact) this.#refuseUnexpected()
    // What was said is over: connections that still stand are reset.
    for (const flow of this.#flows.all)
      if (flow.protocol === 'tcp' && flow.localPort !== 0) this.#reset(host, flow)
  }

  /** What was sent before the last event, and is not in the script. */
  #refuseUnexpected(): void {
    const [sent] = this.#expectation.unexpected
    if (sent === undefined || sent.time - START >= this.#timing.now) return
    const { direction, content } = sentToScript(sent, this.#flows.outgoing(sent))
    this.#fail(
      this.#script.events[this.#script.events.length - 1],
      'a packet was sent that is not in the script',
      [
        'expected: nothing',
        `actual:   ${seconds(sent.time - START)} ${packetText({ direction, content, ip: {} })}`,
      ],
    )
  }

  #reset(host: Host, flow: Flow): void {
    const spec: PacketSpec = {
      kind: 'packet',
      direction: 'in',
      ip: {},
      content: { protocol: 'tcp', flags: RST, seq: flow.remoteNext, length: 0, window: 0, options: [] },
    }
    host.link.inject(buildPacket(spec, flow, this.#ends))
    this.#clock.settle()
  }
}

/** Keeps what the script's side has sent: how far it is, and whether it begins anew. */
function note(flow: Flow, { content }: PacketSpec): void {
  if (content.protocol !== 'tcp') return
  const { flags, seq, length } = content
  if (begins(flags)) {
    if (flow.pastSyn || (flow.remoteSyn !== null && flow.remoteSyn !== seq)) flow.awaitsSyn = true
    flow.remoteSyn = seq
  } else flow.pastSyn = true
  const control = ((flags & SYN) === 0 ? 0 : 1) + ((flags & FIN) === 0 ? 0 : 1)
  if ((flags & (RST | ACK)) !== RST) flow.remoteNext = (seq + length + control) >>> 0
}
