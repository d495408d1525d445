import { expect } from 'vitest'
import { type packets, type TcpTracer, TraceKind } from '../../src/index.ts'
import { Script, type ScriptOptions, type Seg } from './script.ts'

/** Payload bytes of every full segment of these scripts. */
export const SIZE = 1000

/** What T offers: nothing but an MSS, SACK, or SACK with timestamps. */
export type Kind = 'plain' | 'sack' | 'timestamps'

const OPTIONS: { readonly [K in Kind]: packets.TcpOption[] } = {
  plain: [{ name: 'mss', value: SIZE }],
  sack: [{ name: 'mss', value: SIZE }, { name: 'sackPermitted' }],
  timestamps: [
    { name: 'mss', value: SIZE + 12 },
    { name: 'sackPermitted' },
    { name: 'timestamps', value: 1, echo: 0 },
  ],
}

export interface SenderOptions extends ScriptOptions {
  kind?: Kind
  /** Round-trip time of the handshake in ms; default 100, so that the RTO is 300 ms. */
  rtt?: number
  win?: number
}

interface AckWith {
  readonly n: number
  readonly runs?: readonly (readonly [number, number])[]
  readonly echo?: number
  readonly win?: number
}

/**
 * A script in which only the stack sends, with NewReno unless told otherwise: T acknowledges, by numbers of segments. Segment n is bytes
 * [1 + n * SIZE, 1 + (n + 1) * SIZE) of the sequence space.
 */
export class SenderScript extends Script {
  readonly kind: Kind
  readonly traced: { kind: number; a: number; b: number; c: number; at: number }[]

  constructor(options: SenderOptions = {}) {
    const { kind = 'sack', rtt = 100, win = 65_535, tcp, ...rest } = options
    const traced: SenderScript['traced'] = []
    const trace: TcpTracer = {
      onTrace: (kind, time, _, a, b, c) => traced.push({ kind, a, b, c, at: time / 1000 }),
    }
    super({ trace, tcp: { congestion: 'newreno', ...tcp }, ...rest })
    this.traced = traced
    this.kind = kind
    this.connect()
    const syn = this.next()
    expect(syn.flags).toBe('S')
    this.wait(rtt)
    this.send({ flags: 'SA', seq: 0, ack: 1, win, options: this.#synOptions(syn.options) })
    const ack = this.next()
    expect(ack).toMatchObject({ flags: 'A', seq: 1, ack: 1 })
    this.noteTimestamps(ack)
    this.silence()
  }

  /** The application writes so many segments. */
  write(segments: number): this {
    expect(this.connection.write(new Uint8Array(segments * SIZE).fill(7))).toBe(segments * SIZE)
    return this
  }

  /** The stack has sent exactly these, in this order. */
  expectSegments(...numbers: number[]): this {
    for (const n of numbers) this.expect({ seq: 1 + n * SIZE, length: SIZE })
    return this.silence()
  }

  /**
   * T has everything before segment `n`, and of what follows the given runs [from, to), the newest first.
   * @param echo the TSecr, by default that of the newest segment looked at
   */
  ack(n: number, ...runs: [from: number, to: number][]): this {
    return this.ackWith({ n, runs })
  }

  ackWith(what: AckWith): this {
    this.send(this.#ackSegment(what))
    return this
  }

  /** The packet, for bursts of several. */
  buildAck(what: AckWith): Uint8Array {
    return this.build(this.#ackSegment(what))
  }

  #ackSegment({ n, runs = [], echo, win }: AckWith): Seg {
    const options: packets.TcpOption[] = []
    if (this.ts !== null) {
      this.ts.val++
      options.push({ name: 'timestamps', value: this.ts.val, echo: echo ?? this.ts.ecr })
    }
    if (runs.length > 0) {
      const edge = (x: number): number => (this.iss + 1 + Math.round(x * SIZE)) >>> 0
      options.push({ name: 'sack', blocks: runs.map(([from, to]) => [edge(from), edge(to)]) })
    }
    return {
      flags: 'A',
      seq: 1,
      ack: 1 + Math.round(n * SIZE),
      options,
      ...(win === undefined ? {} : { win }),
    }
  }

  /** Looks at the next segment and keeps its timestamp for the ACKs that follow. */
  override next(): ReturnType<Script['next']> {
    const segment = super.next()
    const option = segment.options.find((o) => o.name === 'timestamps')
    if (this.ts !== null && option?.name === 'timestamps') this.ts.ecr = option.value
    return segment
  }

  get info(): ReturnType<Script['connection']['info']> {
    return this.connection.info()
  }

  get counters(): Script['stack']['tcp']['counters'] {
    return this.stack.tcp.counters
  }

  /** How often the tracer was told this. */
  count(kind: TraceKind): number {
    return this.traced.filter((t) => t.kind === kind).length
  }

  /**
   * Grows the congestion window by acknowledging everything after a round trip, until it holds `segments`, and leaves
   * nothing in flight. @returns the number of the next segment
   */
  open(segments: number, rtt = 100): number {
    let n = 0
    while (this.info.cwnd < segments * SIZE) {
      const burst = Math.floor(this.info.cwnd / SIZE)
      this.write(burst)
      this.skip()
      this.wait(rtt)
      n += burst
      this.ack(n)
      this.skip()
    }
    this.skip()
    return n
  }

  #synOptions(syn: packets.TcpOption[]): packets.TcpOption[] {
    const mine = syn.find((o) => o.name === 'timestamps')
    return OPTIONS[this.kind].map((option) =>
      option.name === 'timestamps' && mine?.name === 'timestamps' ? { ...option, echo: mine.value } : option,
    )
  }
}

export { TraceKind }
