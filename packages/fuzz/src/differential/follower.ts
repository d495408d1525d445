import { packets } from '@tapwire/stack'
import type { Script, Step } from './script.ts'

const FIN = 0x01
const SYN = 0x02
const RST = 0x04
const ACK = 0x10

/** Numbers within so much of the right edge of the window are told relative to it. */
const NEAR = 5000

/** The peer's own initial sequence number, and its first timestamp. */
export const ISN = 0x1000_0000
const FIRST_TIMESTAMP = 1_000_000

/**
 * One script as it is played to one stack: makes the segments from what the stack has said, and writes down what it says in words
 * that do not depend on its choices (initial sequence number, timestamps, windows).
 */
export class Follower {
  readonly script: Script
  /** What the stack said in answer to each step; before the first one at index 0 of its own. */
  readonly heard: string[][] = [[]]
  #iss: number | null = null
  /** What the stack expects, and the edge of its window: absolute. */
  #expected = (ISN + 1) >>> 0
  #edge = (ISN + 1 + 65_535) >>> 0
  #scale = 0
  /** After the last it has sent: absolute. */
  #sent = 0
  #offered = false
  #timestamp = FIRST_TIMESTAMP
  #echo = 0
  #hasTimestamps = false

  constructor(script: Script) {
    this.script = script
  }

  /** The segment of a step, to be sent now. */
  segment(step: Step, sourcePort: number, destinationPort: number): packets.TcpFields {
    this.heard.push([])
    const options: packets.TcpOption[] = [...step.options]
    const syn = (step.flags & SYN) !== 0
    const wanted =
      step.timestamp !== null && (syn ? this.script.timestamps : this.#hasTimestamps || !this.#offered)
    if (wanted && step.timestamp !== null && this.script.timestamps) {
      this.#timestamp = Math.max(this.#timestamp, FIRST_TIMESTAMP)
      const value = (this.#timestamp + step.timestamp) >>> 0
      if (step.timestamp > 0 && step.timestamp < 1000) this.#timestamp = value
      options.push({ name: 'timestamps', value, echo: this.#echo })
    }
    if (syn) this.#offered = true
    return {
      sourcePort,
      destinationPort,
      flags: step.flags,
      seq: this.#seqOf(step),
      ack: (step.flags & ACK) === 0 ? 0 : this.#ackOf(step),
      window: step.window,
      urgentPointer: step.urgent,
      options,
      payload: new Uint8Array(step.length).fill(0x61),
    }
  }

  #seqOf({ seq: [anchor, offset] }: Step): number {
    const from = anchor === 'expected' ? this.#expected : anchor === 'edge' ? this.#edge : ISN
    return (from + offset) >>> 0
  }

  #ackOf({ ack: [anchor, offset] }: Step): number {
    const from = anchor === 'sent' ? this.#sent : (this.#iss ?? 0)
    return (from + offset) >>> 0
  }

  /** Ends what is left: a RST where the stack expects it. */
  reset(sourcePort: number, destinationPort: number): packets.TcpFields {
    return { sourcePort, destinationPort, flags: RST | ACK, seq: this.#expected, ack: this.#sent, window: 0 }
  }

  /** The stack has sent a segment. */
  hear(segment: packets.TcpSegment): void {
    const { flags, seq, ack, payload, window } = segment
    const syn = (flags & SYN) !== 0
    if (syn && this.#iss === null) {
      this.#iss = seq
      this.#sent = seq
    }
    const length = payload.length + (syn ? 1 : 0) + ((flags & FIN) !== 0 ? 1 : 0)
    const end = (seq + length) >>> 0
    const ahead = (end - this.#sent) | 0
    // Sent before, or a probe: when it comes again is a matter of timers.
    const again = (flags & RST) === 0 && this.#iss !== null && (length > 0 ? ahead <= 0 : ahead < 0)
    const scale = segment.options.find((option) => option.name === 'windowScale')
    if (syn && scale?.name === 'windowScale') this.#scale = scale.shift
    if (!again) this.heard[this.heard.length - 1].push(this.#words(segment))
    if ((flags & RST) !== 0) return
    if (ahead > 0) this.#sent = end
    if ((flags & ACK) !== 0) this.#noteAck(ack, window, syn)
    const stamp = segment.options.find((option) => option.name === 'timestamps')
    if (stamp?.name === 'timestamps') {
      this.#hasTimestamps = true
      this.#echo = stamp.value
    }
  }

  #noteAck(ack: number, window: number, syn: boolean): void {
    if (((ack - this.#expected) | 0) > 0) this.#expected = ack
    const edge = (ack + (window << (syn ? 0 : this.#scale))) >>> 0
    if (((edge - this.#edge) | 0) > 0 || syn) this.#edge = edge
  }

  /** Without PSH, window, own numbers. */
  #words({ flags, seq, ack, payload, options, urgentPointer }: packets.TcpSegment): string {
    const parts = [packets.flagsText(flags & ~0x08)]
    parts.push(`seq=${this.#iss === null ? this.#ours(seq) : this.#theirs(seq)}`)
    if ((flags & ACK) !== 0) parts.push(`ack=${this.#ours(ack)}`)
    if (payload.length > 0) parts.push(`len=${payload.length}`)
    if ((flags & 0x20) !== 0) parts.push(`urg=${urgentPointer}`)
    const list = options.map((option) => this.#option(option)).filter((text) => text !== '')
    return list.length === 0 ? parts.join(' ') : `${parts.join(' ')} <${list.sort().join(', ')}>`
  }

  #option(option: packets.TcpOption): string {
    switch (option.name) {
      case 'nop':
      case 'end':
        return ''
      case 'timestamps':
        return option.echo === 0 ? 'TS 0' : `TS ${(option.echo - FIRST_TIMESTAMP) | 0}`
      case 'sack':
        return `sack ${option.blocks.map(([left, right]) => `${this.#ours(left)}-${this.#ours(right)}`).join(' ')}`
      case 'mss':
        return `mss ${option.value}`
      case 'windowScale':
        return `wscale ${option.shift}`
      default:
        return option.name
    }
  }

  /** A number of the stack's. */
  #theirs(seq: number): string {
    return String((seq - (this.#iss as number)) | 0)
  }

  /** A number of the script's: relative to its SYN, or to the edge of the window, which is the stack's choice. */
  #ours(seq: number): string {
    const fromEdge = (seq - this.#edge) | 0
    if (Math.abs(fromEdge) <= NEAR) return fromEdge >= 0 ? `edge+${fromEdge}` : `edge${fromEdge}`
    return String((seq - ISN) | 0)
  }
}
