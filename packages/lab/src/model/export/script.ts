import type { CallRecord, Recording, SegmentRecord } from '../recording.ts'
import { SequenceCounter } from '../run/flow-numbers.ts'
import { Headers, TCP } from '../run/headers.ts'
import type { HostName, HostSettings, Scenario } from '../scenario.ts'
import { type ScriptNumbers, scriptPacket } from './script-line.ts'

export interface ScriptOptions {
  /** Whose stack the script tests; the other host's segments are what it is sent. */
  readonly host: HostName
  readonly flow: number
}

/** The listener's, and the connection's descriptor in the script. */
const LISTENER = 3
const ACCEPTED = 4

/**
 * One end of one connection as a packetdrill script: its application's calls, what comes to it, and what its stack has to send, at the
 * times of the recording. It passes against the stack that made the recording, `tapwire-packetdrill`'s; against another one it says
 * where that differs.
 * @throws RangeError where the recording has no such connection, or is of a live stack, whose application's calls nobody knows
 */
export function toScript(recording: Recording, { host, flow }: ScriptOptions): string {
  const { scenario, calls } = recording
  if (scenario === null || calls === undefined) {
    throw new RangeError(
      'Only a simulated run can be made a script: of a live stack nobody knows what its application asked for',
    )
  }
  const settings = scenario.flows[flow]
  if (settings === undefined) throw new RangeError(`There is no connection ${flow} in this run`)
  const writer = new ScriptWriter(recording, scenario, host, flow)
  return [
    ...heading(recording, host, flow),
    ...optionLines(scenario, host, flow),
    '',
    ...writer.lines(calls),
    '',
  ].join('\n')
}

function heading({ scenario }: Recording, host: HostName, flow: number): string[] {
  const title = scenario?.title === '' ? 'A run of the lab' : (scenario?.title ?? '')
  return [
    `// ${title.replace(/[\r\n]+/g, ' ')}`,
    `// Host ${host}, connection ${flow}, as the tapwire lab recorded it.`,
  ]
}

const TCP_OPTIONS: readonly (keyof HostSettings)[] = [
  'sack',
  'rack',
  'tailLossProbe',
  'timestamps',
  'windowScaling',
  'ecn',
  'delayedAck',
  'quickAck',
  'initialWindow',
  'slowStartAfterIdle',
  'synCookies',
  'mtuProbing',
  'minRto',
  'initialRto',
]

function optionLines(scenario: Scenario, host: HostName, flow: number): string[] {
  const settings = scenario.hosts[host]
  const { congestion = settings.congestion, keepAlive = 0 } = scenario.flows[flow]
  const given: Readonly<Record<string, unknown>> = {
    // What scripts presuppose unless they say otherwise is the other way round.
    mtuProbing: 'blackHole',
    ...Object.fromEntries(
      TCP_OPTIONS.flatMap((name) => (settings[name] === undefined ? [] : [[name, settings[name]]])),
    ),
    ...(congestion === undefined ? {} : { congestion }),
    ...bufferSettings(settings),
    ...(keepAlive > 0 ? { keepAliveIdle: keepAlive, keepAliveInterval: keepAlive } : {}),
  }
  const lines = Object.entries(given).map(([name, value]) => `--tcp=${name}=${value}`)
  // The segments of the run are the segments of the script: none is put together of several.
  return [...(scenario.ip === 6 ? ['--ip_version=ipv6'] : []), '--strict_segments', ...lines]
}

/** What a stack takes for a buffer at least; below that it is for the socket to say. */
const LEAST_BUFFER = 2048

/** Fixed ones: a socket's own option would be doubled and bounded. */
function bufferSettings({
  sendBuffer = 0,
  receiveBuffer = 0,
}: HostSettings): Readonly<Record<string, unknown>> {
  return {
    ...(sendBuffer < LEAST_BUFFER ? {} : { sendBuffer, sendBufferMax: sendBuffer }),
    ...(receiveBuffer < LEAST_BUFFER
      ? {}
      : { receiveBuffer, receiveBufferMax: receiveBuffer, receiveBufferTuning: false }),
  }
}

class ScriptWriter {
  readonly #recording: Recording
  readonly #scenario: Scenario
  readonly #host: HostName
  readonly #flow: number
  readonly #numbers = { own: new SequenceCounter(), peer: new SequenceCounter() }
  readonly #headers = new Headers()
  readonly #lines: string[] = []
  #fd = LISTENER
  #closed = false

  constructor(recording: Recording, scenario: Scenario, host: HostName, flow: number) {
    this.#recording = recording
    this.#scenario = scenario
    this.#host = host
    this.#flow = flow
  }

  lines(calls: readonly CallRecord[]): readonly string[] {
    const own = calls.filter(({ host, flow }) => host === this.#host && flow === this.#flow)
    this.#open(own[0]?.call === 'connect')
    let next = 0
    for (const [i, { time, host, flow, event, segment }] of this.#recording.events.entries()) {
      while (next < own.length && own[next].event < i) this.#call(own[next++])
      if (host !== this.#host || flow !== this.#flow || segment === null) continue
      const about = this.#recording.segments[segment]
      if (event.kind === 'segmentOut') this.#packet(time, about, '>')
      else if (event.kind === 'segmentIn') this.#packet(time, about, '<')
      else if (about.kind === 'icmp') this.#icmp(time, about)
    }
    while (next < own.length) this.#call(own[next++])
    return this.#lines
  }

  #say(time: number, what: string): void {
    this.#lines.push(`${(time / 1000).toFixed(6)} ${what}`)
  }

  #open(active: boolean): void {
    const { sendBuffer, receiveBuffer, maxSegment } = this.#scenario.hosts[this.#host]
    const { nagle = true, keepAlive = 0 } = this.#scenario.flows[this.#flow]
    const set = (level: string, name: string, value: number): void =>
      this.#say(0, `setsockopt(${LISTENER}, ${level}, ${name}, [${value}], 4) = 0`)
    this.#say(0, `socket(..., SOCK_STREAM, IPPROTO_TCP) = ${LISTENER}`)
    if (sendBuffer !== undefined && sendBuffer < LEAST_BUFFER) set('SOL_SOCKET', 'SO_SNDBUF', sendBuffer)
    if (receiveBuffer !== undefined && receiveBuffer < LEAST_BUFFER)
      set('SOL_SOCKET', 'SO_RCVBUF', receiveBuffer)
    if (maxSegment !== undefined) set('SOL_TCP', 'TCP_MAXSEG', maxSegment)
    if (!nagle) set('SOL_TCP', 'TCP_NODELAY', 1)
    if (active) {
      if (keepAlive > 0) set('SOL_SOCKET', 'SO_KEEPALIVE', 1)
      this.#say(0, `fcntl(${LISTENER}, F_SETFL, O_RDWR|O_NONBLOCK) = 0`)
      return
    }
    this.#say(0, `bind(${LISTENER}, ..., ...) = 0`)
    this.#say(0, `listen(${LISTENER}, 511) = 0`)
  }

  #call({ time, call, bytes }: CallRecord): void {
    if (this.#closed) return
    switch (call) {
      case 'connect':
        this.#say(time, `connect(${LISTENER}, ..., ...) = -1 EINPROGRESS (Operation now in progress)`)
        return
      case 'accept':
        this.#fd = ACCEPTED
        this.#say(time, `accept(${LISTENER}, ..., ...) = ${ACCEPTED}`)
        return
      case 'write':
      case 'read':
        this.#say(time, `${call}(${this.#fd}, ..., ${bytes}) = ${bytes}`)
        return
      case 'shutdown':
        this.#say(time, `shutdown(${this.#fd}, SHUT_WR) = 0`)
        return
      case 'abort':
        this.#say(time, `setsockopt(${this.#fd}, SOL_SOCKET, SO_LINGER, {onoff=1, linger=0}, 8) = 0`)
        this.#say(time, `close(${this.#fd}) = 0`)
        this.#closed = true
        return
      case 'close':
        this.#say(time, `close(${this.#fd}) = 0`)
        this.#closed = true
    }
  }

  #packet(time: number, segment: SegmentRecord, way: '<' | '>'): void {
    const headers = this.#headers
    if (!headers.read(segment.frame) || headers.protocol !== TCP || !this.#isOurs(segment)) return
    const { own, peer } = this.#numbers
    const [from, to] = way === '>' ? [own, peer] : [peer, own]
    // Another SYN with another number is counted from the first one's, as the runner does.
    if (segment.kind === 'syn' && segment.from !== 'forger' && !from.known) from.begin(headers.seq)
    const text = scriptPacket(segment, way, numbersOf(from, to))
    if (text !== null) this.#say(time, text)
    from.used((headers.seq + segment.length) >>> 0)
  }

  /** What quotes us is numbered as we are. */
  #icmp(time: number, segment: SegmentRecord): void {
    const { own, peer } = this.#numbers
    const text = scriptPacket(segment, '<', numbersOf(peer, own))
    const line = `${(time / 1000).toFixed(6)} ${text}`
    // Of several events about it the first one counts.
    if (text !== null && this.#lines.at(-1) !== line) this.#lines.push(line)
  }

  /** With the flood of a scenario comes much to the same port that is not of this connection. */
  #isOurs({ way }: SegmentRecord): boolean {
    const { sourcePort, destinationPort } = this.#headers
    const portA = way === 'A→B' ? sourcePort : destinationPort
    const end = this.#recording.ends.find(({ host, flow }) => host === 'A' && flow === this.#flow)
    return end === undefined || end.address.endsWith(`:${portA}`)
  }
}

function numbersOf(from: SequenceCounter, to: SequenceCounter): ScriptNumbers {
  return { seq: (raw) => from.relative(raw) >>> 0, ack: (raw) => to.relative(raw) >>> 0 }
}
