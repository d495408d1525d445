import type { TraceEvent } from '@tapwire/stack'
import type { Paint } from '../terminal.ts'
import type { TracedEvent } from './tracing.ts'

/** Told of every segment or nearly: only where everything is wanted. */
const CHATTY: ReadonlySet<TraceEvent['kind']> = new Set([
  'segmentIn',
  'segmentOut',
  'rtt',
  'appLimited',
  'reorderingWindow',
])

/** @param all also what is told with nearly every segment */
export function isWanted({ event }: TracedEvent, all: boolean): boolean {
  return all || !CHATTY.has(event.kind)
}

/** The lines of a trace; times count from the first of them. */
export class TraceWriter {
  readonly #json: boolean
  readonly #paint: Paint
  #first: number | null = null

  constructor(json: boolean, paint: Paint) {
    this.#json = json
    this.#paint = paint
  }

  /** E.g. `0.001234 #1 10.77.0.2:80 - 10.77.0.1:40000 ESTABLISHED > FIN-WAIT-1`. */
  line(traced: TracedEvent): string {
    const { event, ends } = traced
    if (this.#json) return toJson({ ...event, ends })
    this.#first ??= event.time
    const who =
      event.connection === 0 ? 'no connection' : `#${event.connection}${ends === null ? '' : ` ${ends}`}`
    const text = describe(traced)
    const loud = /^(retransmits|timeout|lost|drops|.*window is shut)/.test(text)
    const time = this.#paint('dim', ((event.time - this.#first) / 1000).toFixed(6))
    return `${time} ${this.#paint('cyan', who)} ${loud ? this.#paint('yellow', text) : text}`
  }
}

/** JSON has no Infinity, which some windows are. */
export function toJson(value: object): string {
  return JSON.stringify(value, (_, inner) => (inner === Number.POSITIVE_INFINITY ? 1e308 : inner))
}

/** `ssthresh` before the first reduction is as large as it gets. */
const NO_THRESHOLD = 2 ** 31 - 1

function threshold(bytes: number): string {
  return bytes >= NO_THRESHOLD ? 'none yet' : String(bytes)
}

function whose(owner: 'peer' | 'own'): string {
  return owner === 'peer' ? "the peer's" : 'our'
}

function milliseconds(value: number): string {
  return `${value < 10 ? value.toFixed(2) : Math.round(value)} ms`
}

function describe({ event, iss, irs }: TracedEvent): string {
  const sent = (seq: number): number => (seq - iss) | 0
  const range = (seq: number, length: number): string => `${sent(seq)}:${sent(seq + length)}`
  switch (event.kind) {
    case 'state':
      return `${event.from} > ${event.to}`
    case 'cwnd':
      return `cwnd ${event.cwnd}, ssthresh ${threshold(event.ssthresh)}, in flight ${event.inFlight}`
    case 'rtt':
      return `round trip ${milliseconds(event.sample)}, SRTT ${milliseconds(event.srtt)}, RTO ${milliseconds(event.rto)}`
    case 'retransmit':
      return `retransmits ${range(event.seq, event.length)} (${event.cause})`
    case 'recoveryEnter':
      return `recovery begins, until ${sent(event.point)} is acknowledged (${event.algorithm}): cwnd ${event.cwnd}, ssthresh ${threshold(event.ssthresh)}`
    case 'recoveryExit':
      return `recovery is over (${event.algorithm}): cwnd ${event.cwnd}, ssthresh ${threshold(event.ssthresh)}`
    case 'markedLost':
      return `lost: ${range(event.seq, event.length)}`
    case 'timeout':
      return `timeout, the next after ${milliseconds(event.rto)} (${event.backoff} in a row)`
    case 'zeroWindow':
      return `${whose(event.whose)} window is shut`
    case 'windowOpen':
      return `${whose(event.whose)} window is open: ${event.window}`
    case 'windowUpdate':
      return `${whose(event.whose)} window is ${event.window} (was ${event.before})`
    case 'undo':
      return `the reduction was needless (${event.proof}): cwnd ${event.cwnd}, ssthresh ${threshold(event.ssthresh)}`
    case 'segmentIn':
      return `receives ${event.flags} seq ${(event.seq - irs) | 0} ack ${sent(event.ack)} len ${event.length}`
    case 'segmentOut':
      return `sends ${event.flags} seq ${sent(event.seq)} ack ${(event.ack - irs) | 0} len ${event.length}`
    case 'ecn':
      return `ECN ${event.what}: cwnd ${event.cwnd}, ssthresh ${threshold(event.ssthresh)}`
    case 'appLimited':
      return `the application has no more to send: in flight ${event.inFlight}, cwnd ${event.cwnd}`
    case 'keepaliveProbe':
      return `keepalive probe ${event.number}`
    case 'windowProbe':
      return `window probe ${event.number}`
    case 'tailProbe':
      return `tail loss probe up to ${sent(event.end)}${event.retransmission ? ', sent again' : ''}`
    case 'reorderingWindow':
      return `waits ${milliseconds(event.window)} for what may have been overtaken`
    case 'pathMtu':
      return `path MTU ${event.mtu} (was ${event.before}; ${event.cause})`
    case 'drop':
      return `drops a segment: ${event.reason} (seq ${(event.seq - irs) | 0}, ${event.length} bytes)`
  }
}
