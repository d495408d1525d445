import type { HostName } from '../scenario.ts'
import { other } from './addresses.ts'
import { FlowNumbers } from './flow-numbers.ts'
import { eachOption, Flag, type Headers, Option } from './headers.ts'
import type { Numbers } from './segment.ts'

/** One connection, or an attempt at one, as its segments show it. */
export class Conversation {
  readonly flow: number
  readonly numbers = new FlowNumbers()
  /** The flags of each side's last SYN. */
  readonly #synFlags: Record<HostName, number> = { A: 0, B: 0 }

  constructor(flow: number) {
    this.flow = flow
  }

  /** What a SYN says of its sender's numbers and windows. @returns whether it is one that was sent before */
  learnSyn(from: HostName, frame: Uint8Array, headers: Headers): boolean {
    const counter = this.numbers.seq[from]
    // When both open at once, a SYN is followed by a SYN ACK with the same number: that is not the same once more.
    const again = counter.known && counter.isn === headers.seq && this.#synFlags[from] === headers.flags
    this.#synFlags[from] = headers.flags
    counter.begin(headers.seq)
    let shift = -1
    eachOption(frame, headers, (kind, at, length) => {
      if (kind === Option.WindowScale && length === 1) shift = Math.min(frame[at], 14)
    })
    this.numbers.scale[from] = shift
    return again
  }

  /** @param real it was really sent, and not forged: what it uses is used */
  numbersOf(from: HostName, headers: Headers, real: boolean): Numbers {
    const { seq, scale, scaled } = this.numbers
    const own = seq[from]
    const peer = seq[other(from)]
    return {
      seq: (number) => {
        const relative = own.relative(number)
        if (real && (headers.flags & Flag.Rst) === 0) own.used((number + headers.length) >>> 0)
        return relative
      },
      ack: (number) => peer.relative(number),
      shift: scaled ? scale[from] : 0,
    }
  }
}

/** By ports: what the two hosts say to each other. Those that opened none are of flow 0. */
export class Conversations {
  readonly #all = new Map<number, Conversation>()
  readonly #flowOf: (portA: number, portB: number) => number

  constructor(flowOf: (portA: number, portB: number) => number) {
    this.#flowOf = flowOf
  }

  /** The conversation of a segment that A or B has sent. */
  of(from: HostName, sourcePort: number, destinationPort: number): Conversation {
    const portA = from === 'A' ? sourcePort : destinationPort
    const portB = from === 'A' ? destinationPort : sourcePort
    const key = portA * 0x10000 + portB
    let found = this.#all.get(key)
    if (found === undefined) {
      found = new Conversation(this.#flowOf(portA, portB))
      this.#all.set(key, found)
    }
    return found
  }

  /** Where one may stand for long, so many are kept: the oldest ones go. */
  keep(most: number): void {
    for (const key of this.#all.keys()) {
      if (this.#all.size <= most) return
      this.#all.delete(key)
    }
  }
}
