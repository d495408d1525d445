import type { packets } from '@tapwire/stack'

export const FIN = 1
export const SYN = 2
export const RST = 4

/** a - b, as numbers of a ring. */
export function seqDiff(a: number, b: number): number {
  return (a - b) | 0
}

/** The number behind a segment: SYN and FIN take one each. */
export function endOf({ seq, flags, payload }: packets.TcpSegment): number {
  return (seq + payload.length + (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0)) >>> 0
}

export function mark(notes: string[], note: string): void {
  if (!notes.includes(note)) notes.push(note)
}

/** Bounds of what is remembered of one way. */
const MOST_GAPS = 32
const MOST_SENT = 512
/** Milliseconds in which something that was overtaken comes, where no round trip was seen. */
const USUAL_PATIENCE = 3

/** One way of a connection: what its sender has sent and told. */
export class TcpWay {
  known = false
  /** What relative numbers count from. */
  base = 0
  /** Behind the last byte sent. */
  next: number | null = null
  /** The last ACK that this side sent, and the window with it (scaled). */
  ackOfIt: number | null = null
  window: number | null = null
  /** How often it sent the same ACK again. */
  duplicates = 0
  probe: 'keepalive' | 'window probe' | null = null
  /** The window's shift, once its SYN was seen; null where it had no such option, or was not seen. */
  #scale: number | null = null
  #synSeen = false
  #synAt: number | null = null
  #roundTrip: number | null = null
  readonly #gaps: [left: number, right: number, time: number][] = []
  #sent: [seq: number, time: number][] = []

  begin(base: number): void {
    this.known = true
    this.base = base >>> 0
  }

  readSynOptions(options: readonly packets.TcpOption[]): void {
    this.#synSeen = true
    this.#scale = null
    for (const option of options) if (option.name === 'windowScale') this.#scale = Math.min(14, option.shift)
  }

  /** RFC 7323 section 2.2: never in a SYN, and only where both have said so. */
  scaled(window: number, other: TcpWay, flags: number): number {
    if (flags & SYN || this.#scale === null || (other.#synSeen && other.#scale === null)) return window
    return window << this.#scale
  }

  /** How late a segment may come that was overtaken. */
  get patience(): number {
    return this.#roundTrip === null ? USUAL_PATIENCE : Math.max(USUAL_PATIENCE, this.#roundTrip * 0.75)
  }

  sent(segment: packets.TcpSegment, time: number): void {
    const end = endOf(segment)
    if (end !== segment.seq) {
      this.#sent.push([segment.seq, time])
      if (this.#sent.length > MOST_SENT) this.#sent.shift()
      if (segment.flags & SYN) this.#synAt ??= time
    }
    // The handshake's last ACK shows the whole round trip, wherever this is seen.
    else if (this.#synAt !== null && this.#roundTrip === null) this.#roundTrip = time - this.#synAt
    if (this.next === null || seqDiff(end, this.next) > 0) this.next = end
  }

  told(ack: number, window: number): void {
    if (this.ackOfIt !== null && seqDiff(ack, this.ackOfIt) < 0) return
    this.ackOfIt = ack
    this.window = window
  }

  acknowledged(ack: number): void {
    while (this.#sent.length > 0 && seqDiff(this.#sent[0][0], ack) < 0) this.#sent.shift()
  }

  /** When the segment that begins there was sent last; null where that is not known. */
  sentBefore(seq: number): number | null {
    for (let i = this.#sent.length - 1; i >= 0; i--) if (this.#sent[i][0] === seq) return this.#sent[i][1]
    return null
  }

  addGap(left: number, right: number, time: number): void {
    this.#gaps.push([left, right, time])
    if (this.#gaps.length > MOST_GAPS) this.#gaps.shift()
  }

  /** Fills (a part of) a gap. @returns when it was noticed, or null where there is none */
  takeGap(left: number, right: number): number | null {
    const at = this.#gaps.findIndex(([l, r]) => seqDiff(left, l) >= 0 && seqDiff(right, r) <= 0)
    if (at < 0) return null
    const [l, r, time] = this.#gaps[at]
    const rest = [
      [l, left, time],
      [right, r, time],
    ].filter(([a, b]) => seqDiff(b, a) > 0) as [number, number, number][]
    this.#gaps.splice(at, 1, ...rest)
    return time
  }
}
