import { decodeTrace, formatAddress, type Stack, type TcpTracer, type TraceEvent } from '@tapwire/stack'

/** A trace event with what makes it readable: whose it is, and where its sequence numbers begin. */
export interface TracedEvent {
  readonly event: TraceEvent
  /** `10.77.0.2:80 - 10.77.0.1:40000`: own end first; null for what belongs to no connection, or to one that is over. */
  readonly ends: string | null
  /** Initial sequence numbers: of what the stack sends, and of what it receives. */
  readonly iss: number
  readonly irs: number
}

interface Known {
  readonly ends: string
  readonly iss: number
  irs: number
}

/** More connections than this are not known by name at a time. */
const MOST_KNOWN = 10_000

/** Hands the stack's trace to all who listen; while nobody does the stack has no tracer, and pays nothing. */
export class Tracing implements TcpTracer {
  readonly #stack: Stack
  readonly #tracers = new Set<TcpTracer>()
  readonly #listeners = new Set<(traced: TracedEvent) => void>()
  readonly #known = new Map<number, Known>()

  constructor(stack: Stack) {
    this.#stack = stack
  }

  /** The numbers as they are, for a tracer of somebody else's. @returns ends it */
  add(tracer: TcpTracer): () => void {
    this.#tracers.add(tracer)
    this.#install()
    return () => {
      this.#tracers.delete(tracer)
      this.#install()
    }
  }

  /** @returns ends it */
  listen(listener: (traced: TracedEvent) => void): () => void {
    this.#listeners.add(listener)
    this.#install()
    return () => {
      this.#listeners.delete(listener)
      this.#install()
      if (this.#listeners.size === 0) this.#known.clear()
    }
  }

  #install(): void {
    this.#stack.tcp.context.tracer = this.#tracers.size + this.#listeners.size > 0 ? this : null
  }

  onTrace(...numbers: Parameters<TcpTracer['onTrace']>): void {
    for (const tracer of this.#tracers) tracer.onTrace(...numbers)
    if (this.#listeners.size === 0) return
    const event = decodeTrace(...numbers)
    const known = event.connection === 0 ? undefined : this.#find(event)
    const traced = { event, ends: known?.ends ?? null, iss: known?.iss ?? 0, irs: known?.irs ?? 0 }
    for (const listener of this.#listeners) listener(traced)
  }

  #find({ connection, kind }: TraceEvent): Known | undefined {
    const known = this.#known.get(connection)
    // Between the SYN and its answer the other side's number is not known yet.
    if (known !== undefined && (known.irs !== 0 || kind !== 'state')) return known
    this.#stack.tcp.context.connections.each((tcb) => {
      if (tcb.id !== connection) return
      const ends = `${endText(formatAddress(tcb.local), tcb.localPort)} - ${endText(formatAddress(tcb.remote), tcb.remotePort)}`
      if (this.#known.size >= MOST_KNOWN) this.#known.clear()
      this.#known.set(connection, { ends, iss: tcb.iss, irs: tcb.irs })
    })
    return this.#known.get(connection)
  }
}

export function endText(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
