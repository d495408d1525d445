import type { Results, StreamResult } from './results.ts'
import type { Stream } from './stream.ts'

/** What is not the streams' own. */
export interface Host {
  /** Segments that the stack has sent again, ever; null where nobody knows. */
  readonly retransmitted: (() => number) | null
  readonly congestion: string
}

/** What was seen of one stream between two moments. */
export interface Sight {
  readonly id: number
  readonly sends: boolean
  /** Seconds since the beginning. */
  readonly from: number
  readonly to: number
  readonly bytes: number
  readonly packets: number
  readonly errors: number
  /** Seconds. */
  readonly jitter: number
  readonly omitted: boolean
}

export interface MeasurementOptions {
  readonly streams: readonly Stream[]
  readonly host: Host
  /** Seconds. */
  readonly omit: number
  readonly interval: number
  readonly onInterval: (sights: readonly Sight[]) => void
}

interface Marks {
  bytes: number
  packets: number
  errors: number
}

/** The time of a test in which bytes move: looks at the streams every so often, and adds up at the end. */
export class Measurement {
  readonly #options: MeasurementOptions
  readonly #marks: Marks[]
  readonly #cpu = process.cpuUsage()
  readonly #born = performance.now()
  readonly #retransmitted: number
  #began = this.#born
  #last = 0
  #omitting: boolean
  #timers: NodeJS.Timeout[] = []
  #sum: Results | null = null

  constructor(options: MeasurementOptions) {
    this.#options = options
    this.#omitting = options.omit > 0
    this.#retransmitted = options.host.retransmitted?.() ?? 0
    this.#marks = options.streams.map(() => ({ bytes: 0, packets: 0, errors: 0 }))
  }

  start(): void {
    const { streams, omit, interval } = this.#options
    if (this.#omitting) this.#timers.push(setTimeout(() => this.#endOmission(), omit * 1000))
    this.#timers.push(setInterval(() => this.#look(), interval * 1000))
    for (const stream of streams) stream.start()
  }

  /** Seconds since what counts began. */
  get seconds(): number {
    return (performance.now() - this.#began) / 1000
  }

  /** Bytes of all streams that count so far. */
  get moved(): number {
    return this.#options.streams.reduce((sum, { counts }) => sum + counts.bytes, 0)
  }

  #endOmission(): void {
    this.#look()
    for (const { counts } of this.#options.streams) counts.omit()
    for (const mark of this.#marks) mark.bytes = mark.packets = mark.errors = 0
    this.#omitting = false
    this.#began = performance.now()
    this.#last = 0
    clearInterval(this.#timers.pop())
    this.#timers.push(setInterval(() => this.#look(), this.#options.interval * 1000))
  }

  #look(): void {
    const to = this.seconds
    // What is left of an interval at the end says little.
    if (to - this.#last < 0.01) return
    const sights = this.#options.streams.map(({ id, sends, counts }, i) => {
      const mark = this.#marks[i]
      const { bytes, packets, errors, jitter } = counts
      const sight = {
        id,
        sends,
        from: this.#last,
        to,
        bytes: bytes - mark.bytes,
        packets: packets - mark.packets,
        errors: errors - mark.errors,
        jitter,
        omitted: this.#omitting,
      }
      Object.assign(mark, { bytes, packets, errors })
      return sight
    })
    this.#last = to
    this.#options.onInterval(sights)
  }

  /** Stops all streams and adds up; again, it is the same sum. */
  end(): Results {
    if (this.#sum !== null) return this.#sum
    for (const timer of this.#timers) clearTimeout(timer)
    for (const stream of this.#options.streams) stream.stop()
    const seconds = this.seconds
    this.#look()
    const { user, system } = process.cpuUsage(this.#cpu)
    const lifetime = performance.now() - this.#born
    const { host, streams } = this.#options
    // The stack counts for all connections together: the first stream that sends tells of all.
    let retransmits = host.retransmitted === null ? -1 : host.retransmitted() - this.#retransmitted
    const result = ({ id, sends, counts }: Stream): StreamResult => {
      const { bytes, jitter, errors, packets } = counts
      const own = sends ? retransmits : -1
      if (sends && retransmits > 0) retransmits = 0
      return { id, bytes, retransmits: own, jitter, errors, packets, seconds }
    }
    this.#sum = {
      cpu: (user + system) / (10 * lifetime),
      hasRetransmits: host.retransmitted !== null && streams.some(({ sends }) => sends),
      congestion: host.congestion,
      streams: streams.map(result),
    }
    return this.#sum
  }

  /** Ends without a sum. */
  cancel(): void {
    for (const timer of this.#timers) clearTimeout(timer)
    for (const stream of this.#options.streams) stream.close()
  }
}
