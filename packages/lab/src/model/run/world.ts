import { type Stack, type TcpConnection, VirtualClock } from '@tapwire/stack'
import type { Prompt } from '../recording.ts'
import type { Action, HostName, Scenario, Way } from '../scenario.ts'
import { other, type Places, placesOf } from './addresses.ts'
import { Conversations } from './conversations.ts'
import { Headers } from './headers.ts'
import { createHost } from './host.ts'
import { HostPort } from './host-port.ts'
import { createLine, type LineSender } from './line.ts'
import { flipBits, Meddling } from './meddling.ts'
import { answerNeighbour, bytesOf, isHousekeeping, same } from './neighbours.ts'
import { Recorder, type RunLimits } from './recorder.ts'
import { Between } from './router.ts'
import { receiverOf, type Segment, wayFrom } from './segment.ts'

const HOSTS = ['A', 'B'] as const
const TIMER: Prompt = { by: 'timer' }
const APPLICATION: Prompt = { by: 'application' }

/** Everything that runs in a scenario but its applications: two hosts, and what is between them, under one clock. */
export class World {
  readonly scenario: Scenario
  readonly clock = new VirtualClock()
  readonly places: Places
  readonly recorder: Recorder
  readonly stacks: Record<HostName, Stack>
  readonly meddling: Meddling
  readonly #ports: Record<HostName, HostPort>
  readonly #line: Readonly<Record<HostName, LineSender>>
  readonly #between: Between
  readonly #headers = new Headers()
  /** What the hosts are doing now. */
  readonly #prompts: Record<HostName, Prompt> = { A: TIMER, B: TIMER }

  constructor(scenario: Scenario, flowOf: (portA: number, portB: number) => number, limits: RunLimits) {
    const { clock } = this
    this.scenario = scenario
    this.places = placesOf(scenario)
    this.recorder = new Recorder(scenario, new Conversations(flowOf), limits)
    this.meddling = new Meddling(scenario)
    this.#between = new Between(this.places, scenario.router)
    this.#ports = { A: this.#createPort('A'), B: this.#createPort('B') }
    this.#line = createLine(clock, scenario.seed, scenario.link, this.recorder)
    this.stacks = { A: this.#createStack('A', 1), B: this.#createStack('B', 2) }
    for (const host of HOSTS) this.#line[host].attachEnd(this.#endAt(host))
    // What a host says of itself when it comes up is no part of the run.
    clock.advance(0)
  }

  get time(): number {
    return this.clock.now() / 1000
  }

  /** Does something at a time of the run, in milliseconds. */
  at(time: number, what: () => void): void {
    const alarm = this.clock.alarm(() => {
      this.recorder.time = this.time
      what()
    })
    alarm.set(Math.max(this.clock.now(), Math.round(time * 1000)))
  }

  /** An application does something: what leaves then leaves for that. */
  as(host: HostName, flow: number, what: () => void): void {
    // With its host it is gone, too.
    if (this.#ports[host].dead) return
    const before = this.#prompts[host]
    const calling = this.recorder.calling
    if (before === TIMER) this.#prompts[host] = APPLICATION
    this.recorder.calling = flow
    what()
    this.recorder.calling = calling
    this.#prompts[host] = before
    this.recorder.book.touchFlow(flow)
  }

  /** The same in a turn of its own, in which no time has passed. */
  soon(host: HostName, flow: number, what: () => void): void {
    this.clock.soon(() => {
      this.recorder.time = this.time
      this.as(host, flow, what)
    })
  }

  /** Takes a first look at everything. */
  begin(): void {
    this.recorder.book.sample(this.#find)
  }

  /** Rings the next alarm. @returns false when there is none until `deadline` (milliseconds) */
  step(deadline: number): boolean {
    const { clock, recorder } = this
    if (clock.next > deadline * 1000 || recorder.stopped !== null) return false
    recorder.time = Math.max(clock.next, clock.now()) / 1000
    clock.step()
    recorder.time = this.time
    for (const host of HOSTS) recorder.book.timeWaits(host, this.stacks[host].tcp.sizes.timeWait)
    recorder.book.sample(this.#find)
    if (recorder.full) recorder.stopped = 'tooManySegments'
    return true
  }

  /** The host's power fails. */
  kill(host: HostName): void {
    this.#ports[host].dead = true
    void this.stacks[host].close()
  }

  /** The power is back: the same address and card, and a stack that remembers nothing. */
  revive(host: HostName): void {
    if (!this.#ports[host].dead) return
    this.#ports[host] = this.#createPort(host)
    this.stacks[host] = this.#createStack(host, 3)
  }

  /** A frame that somebody else puts on the way: it takes half the latency, and no chance. */
  forge(way: Way, frame: Uint8Array): void {
    const segment = this.recorder.sent(way, 'forger', frame, { by: 'person' })
    const host = receiverOf(way)
    const half = this.meddling.link[way].latency / 2
    this.at(this.time + half, () => {
      this.#arrive(host, segment, frame)
      this.#endBurst(host)
    })
  }

  act(action: Action): void {
    if (action.do === 'dropNext') this.meddling.dropNext(action.way, action.data ?? false)
    else if (action.do === 'link') {
      const settings = this.meddling.change(action.way, action.set)
      this.#line[action.way === 'A→B' ? 'A' : 'B'].change(settings)
    }
  }

  readonly #find = (host: HostName, id: number): TcpConnection | null =>
    this.stacks[host].tcp.connectionById(id)

  #createPort(host: HostName): HostPort {
    return new HostPort(this.places[host].mac, { leave: (frame) => this.#leave(host, frame) })
  }

  #createStack(host: HostName, salt: number): Stack {
    const { scenario, clock, places } = this
    const flood = scenario.flows.find((flow) => flow.app === 'synFlood')
    const port = this.#ports[host]
    return createHost(host, scenario.hosts[host], places, port, {
      clock,
      seed: Math.imul(scenario.seed, 4) + salt,
      synBacklog: flood === undefined ? null : flood.backlog,
      trace: {
        onTrace: (kind, time, connection, a, b, c, d) => {
          if (!port.dead) this.recorder.trace(host, kind, time, connection, a, b, c, d)
        },
      },
    })
  }

  #endAt(host: HostName) {
    return {
      arrive: (segment: Segment, frame: Uint8Array): void => this.#arrive(host, segment, frame),
      endBurst: (): void => this.#endBurst(host),
      writable: (): void => this.#ports[host].writable(),
    }
  }

  #arrive(host: HostName, segment: Segment, frame: Uint8Array): void {
    const { recorder } = this
    recorder.time = this.time
    const port = this.#ports[host]
    if (port.dead) {
      recorder.lost(segment, 'gone')
      return
    }
    this.#prompts[host] = { by: 'segment', segment: segment.number }
    recorder.incoming(host, segment)
    port.deliver(frame)
    recorder.incoming(host, null)
    // What each segment of a burst has changed.
    recorder.book.sample(this.#find)
  }

  #endBurst(host: HostName): void {
    this.#ports[host].endBurst()
    this.#prompts[host] = TIMER
  }

  #leave(host: HostName, frame: Uint8Array): boolean {
    if (isHousekeeping(frame)) {
      this.#answer(host, frame)
      return true
    }
    if (!this.#headers.read(frame)) return true
    this.recorder.time = this.time
    const segment = this.recorder.sent(wayFrom(host), host, frame, this.#prompts[host])
    return this.#send(host, segment, frame)
  }

  #send(host: HostName, segment: Segment, frame: Uint8Array): boolean {
    const { recorder, meddling } = this
    const settings = meddling.link[segment.way]
    const headers = this.#headers
    if (!headers.read(frame)) return true
    const mischief = meddling.judge(segment)
    if (mischief.drop) {
      recorder.lost(segment, 'dropped')
      return true
    }
    const verdict = this.#between.take(
      host,
      frame,
      headers,
      settings.mtu ?? Number.POSITIVE_INFINITY,
      settings.icmp ?? true,
    )
    if (verdict.do === 'nowhere') {
      recorder.lost(segment, 'gone')
      return true
    }
    if (verdict.do === 'tooBig') {
      recorder.lost(segment, 'mtu')
      if (verdict.answer !== null) this.#tell(host, verdict.answer, segment)
      return true
    }
    segment.damaged = mischief.flips.length > 0
    const onWire = segment.damaged ? flipBits(verdict.frame, mischief.flips) : verdict.frame
    if (this.#line[host].send(segment, onWire)) return true
    recorder.unsend(segment)
    return false
  }

  /** An ICMP error goes back to the host, by the line's other way. */
  #tell(host: HostName, answer: Uint8Array, about: Segment): void {
    const from = other(host)
    const prompt: Prompt = { by: 'segment', segment: about.number }
    const segment = this.recorder.sent(wayFrom(from), 'router', answer, prompt)
    this.#line[from].send(segment, answer)
  }

  /** The link knows all neighbours, and tells at once. */
  #answer(host: HostName, question: Uint8Array): void {
    const { places, scenario } = this
    const { gatewayMac } = places[host]
    const peer = places[other(host)]
    const peerAddress = bytesOf(peer.address)
    const answer = answerNeighbour(question, (address) =>
      !scenario.router && same(address, peerAddress) ? peer.mac : gatewayMac,
    )
    if (answer === null) return
    this.clock.soon(() => {
      this.#ports[host].deliver(answer)
      this.#ports[host].endBurst()
    })
  }
}
