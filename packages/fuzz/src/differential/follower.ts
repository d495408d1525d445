import { packets } from '@tapwire/stack'
import type { Script, Step } from './script.ts'

const FIN = 0x01
const SYN = 0x02
const RST = 0x04
const ACK = 0x10
const NOTHING = new Uint8Array(0)

/** Numbers within so much of the right edge of the window are told relative to it. */
const NEAR = 5000

/** The peer's own initial sequence number, and its first timestamp. */
const ISN = 0x1000_0000
const FIRST_TIMESTAMP = 1_000_000

/**
 * One script as it is played to one stack: makes the segments from what the stack has said, and writes down what it says in words
 * that do not depend on its choices (initial sequence number, timestamps, windows).
 */
export interface Facts {
  /** From what it expects to the first byte. */
  readonly seq: number
  /** From the first byte to the right edge of the window. */
  readonly room: number
  /** From the last that it has sent to what is acknowledged. */
  readonly ack: number
  /** It has acknowledged our FIN, and so is in CLOSE-WAIT or beyond. */
  readonly finTaken: boolean
  /** Its own FIN has left. */
  readonly finHeard: boolean
  /** Its last SYN has not been answered by a good ACK. */
  readonly opening: boolean
  /** From what was acknowledged before to what is acknowledged; 0 without ACK. */
  readonly news: number
  /** What the peer's window leaves to be sent once it has the segment; less than nothing when it has shrunk. */
  left: number
  /** The echo is of a SYN's timestamp. */
  readonly echoesSyn: boolean
  /** The TSval that is sent, and the one that the stack's last answer echoes; null for none. */
  readonly time: number | null
  readonly recent: number | null
  /** The connection began at the edge of another's window. */
  readonly bornAtEdge: boolean
}

export class Follower {
  readonly script: Script
  /** What the stack said in answer to each step; before the first one at index 0 of its own. */
  readonly heard: string[][] = [[]]
  /** What the segment of each step was to the stack, by what it had said until then. */
  readonly facts: Facts[] = []
  #iss: number | null = null
  /** What the stack expects, and the edge of its window: absolute. */
  #expected = (ISN + 1) >>> 0
  #edge = (ISN + 1 + 65_535) >>> 0
  #edgeKnown = false
  #scale = 0
  /** After the last it has sent: absolute. */
  #sent = 0
  #offered = false
  #timestamp = FIRST_TIMESTAMP
  #echo = 0
  #hasTimestamps = false
  #finHeard = false
  #finsAt: number[] = []
  #acked = false
  /** What the script has acknowledged, and the end of the window that it has left: absolute. */
  #una = 0
  #windowEnd = 0
  #peerScale = 0
  #peerScales = false
  #recent: number | null = null
  #bornAtEdge = false
  #echoesSyn = false

  constructor(script: Script) {
    this.script = script
  }

  /** The segment of a step, to be sent now. */
  segment(step: Step, sourcePort: number, destinationPort: number): packets.TcpFields {
    this.heard.push([])
    const options: packets.TcpOption[] = [...step.options]
    const syn = (step.flags & SYN) !== 0
    let time: number | null = null
    const wanted =
      step.timestamp !== null && (syn ? this.script.timestamps : this.#hasTimestamps || !this.#offered)
    if (wanted && step.timestamp !== null && this.script.timestamps) {
      this.#timestamp = Math.max(this.#timestamp, FIRST_TIMESTAMP)
      const value = (this.#timestamp + step.timestamp) >>> 0
      if (step.timestamp > 0 && step.timestamp < 1000) this.#timestamp = value
      options.push({ name: 'timestamps', value, echo: this.#echo })
      time = (value - FIRST_TIMESTAMP) | 0
    }
    if (syn && !this.#offered) {
      const scale = step.options.find((option) => option.name === 'windowScale')
      this.#peerScales = scale !== undefined
      this.#peerScale = scale?.name === 'windowScale' ? scale.shift : 0
    }
    if (syn) this.#offered = true
    const seq = this.#seqOf(step)
    const ack = (step.flags & ACK) === 0 ? 0 : this.#ackOf(step)
    this.facts.push({
      seq: (seq - this.#expected) | 0,
      room: (this.#edge - seq) | 0,
      ack: (ack - this.#sent) | 0,
      finTaken: this.#finsAt.some((at) => ((this.#expected - at) | 0) > 0),
      finHeard: this.#finHeard,
      opening: !this.#acked,
      news: (step.flags & ACK) === 0 ? 0 : (ack - this.#una) | 0,
      left: 0,
      echoesSyn: this.#echoesSyn,
      time,
      recent: this.#recent,
      bornAtEdge: this.#bornAtEdge,
    })
    this.#noteSent(step, ack)
    this.facts[this.facts.length - 1].left = (this.#windowEnd - this.#sent) | 0
    if ((step.flags & FIN) !== 0) this.#finsAt.push((seq + step.length) >>> 0)
    const { seq: from, room } = this.facts[this.facts.length - 1]
    const good = (step.flags & (ACK | RST | SYN)) === ACK && ack === this.#sent && from >= 0 && room > 0
    if (good && this.#iss !== null && (step.timestamp ?? 0) >= 0) this.#acked = true
    return {
      sourcePort,
      destinationPort,
      flags: step.flags,
      seq,
      ack,
      window: step.window,
      urgentPointer: step.urgent,
      options,
      payload: new Uint8Array(step.length).fill(0x61),
    }
  }

  /** What the stack learns of our window from a segment that it can take. */
  #noteSent({ flags, window, length }: Step, ack: number): void {
    const { seq, room, news, ack: ahead, time, recent } = this.facts[this.facts.length - 1]
    if (
      (flags & (ACK | RST)) !== ACK ||
      (seq < ((flags & SYN) === 0 ? 0 : -1) && seq + length <= 0) ||
      room < 0 ||
      news < 0 ||
      ahead > 0
    )
      return
    if (time !== null && recent !== null && ((time - recent) | 0) < 0) return
    // Not all of them are answered.
    if (seq === 0 && time !== null && recent !== null && time > recent) this.#recent = time
    this.#una = ack
    const scale = (flags & SYN) === 0 && this.#peerScales ? this.#peerScale : 0
    this.#windowEnd = (ack + (window << scale)) >>> 0
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
    // Another number is another connection, after the first has ended.
    if (syn && this.#iss !== seq) {
      this.#iss = seq
      this.#sent = seq
      this.#acked = false
      this.#finHeard = false
      this.#finsAt = []
      this.#una = seq
      this.#windowEnd = (seq + 65_535) >>> 0
      this.#bornAtEdge = this.script.steps[this.facts.length - 1]?.seq[0] === 'edge'
    }
    const length = payload.length + (syn ? 1 : 0) + ((flags & FIN) !== 0 ? 1 : 0)
    const end = (seq + length) >>> 0
    const ahead = (end - this.#sent) | 0
    // Sent before, or a probe: when it comes again is a matter of timers.
    const news = (flags & (ACK | SYN)) === ACK && ack !== this.#expected
    const again = (flags & RST) === 0 && this.#iss !== null && (length > 0 ? ahead <= 0 : ahead < 0 && !news)
    const scale = segment.options.find((option) => option.name === 'windowScale')
    if (syn && scale?.name === 'windowScale') this.#scale = scale.shift
    // An ACK may go with what is sent again; and Linux acknowledges from the end of a window that has shrunk.
    if (again ? news : length === 0 && ahead < 0 && (flags & RST) === 0) {
      this.#write({ ...segment, flags: ACK, seq: this.#sent, payload: NOTHING })
    } else if (!again) this.#write(segment)
    if ((flags & RST) !== 0) return
    if ((flags & FIN) !== 0) this.#finHeard = true
    if (ahead > 0) this.#sent = end
    if ((flags & ACK) !== 0) this.#noteAck(ack, window, syn)
    const stamp = segment.options.find((option) => option.name === 'timestamps')
    if (stamp?.name === 'timestamps') {
      this.#hasTimestamps = true
      this.#echo = stamp.value
      this.#echoesSyn = syn
      this.#recent = stamp.echo === 0 ? null : (stamp.echo - FIRST_TIMESTAMP) | 0
    }
  }

  /** A FIN that goes with data is told as if it came behind: whether it does is the sender's choice. So is whether an ACK goes alone. */
  #write(segment: packets.TcpSegment): void {
    const list = this.heard[this.heard.length - 1]
    const { flags, seq, payload, ack } = segment
    const isAck = (flags & ACK) !== 0 && (flags & RST) === 0
    const before = list.at(-1)
    if (
      isAck &&
      (payload.length > 0 || (flags & FIN) !== 0) &&
      before === this.#words({ ...segment, flags: ACK, payload: NOTHING })
    )
      list.pop()
    if (payload.length > 0 && (flags & FIN) !== 0) {
      list.push(this.#words({ ...segment, flags: flags & ~FIN }))
      list.push(this.#words({ ...segment, seq: (seq + payload.length) >>> 0, ack, payload: NOTHING }))
    } else list.push(this.#words(segment))
  }

  #noteAck(ack: number, window: number, syn: boolean): void {
    if (((ack - this.#expected) | 0) > 0) this.#expected = ack
    const edge = (ack + (window << (syn ? 0 : this.#scale))) >>> 0
    if (((edge - this.#edge) | 0) > 0 || syn || !this.#edgeKnown) this.#edge = edge
    this.#edgeKnown = true
  }

  /** Without PSH, window, own numbers. */
  #words({ flags, seq, ack, payload, options, urgentPointer }: packets.TcpSegment): string {
    if ((flags & RST) !== 0) return this.#reset(seq, flags, ack)
    const parts = [packets.flagsText(flags & ~0x08)]
    parts.push(`seq=${this.#iss === null ? this.#ours(seq) : this.#theirs(seq)}`)
    if ((flags & ACK) !== 0) parts.push(`ack=${this.#ours(ack)}`)
    if (payload.length > 0) parts.push(`len=${payload.length}`)
    if ((flags & 0x20) !== 0) parts.push(`urg=${urgentPointer}`)
    const list =
      (flags & RST) !== 0 ? [] : options.map((option) => this.#option(option)).filter((text) => text !== '')
    return list.length === 0 ? parts.join(' ') : `${parts.join(' ')} <${list.sort().join(', ')}>`
  }

  /**
   * Whether a RST has a timestamp (RFC 7323 section 3.2) and an ACK where its sequence number is the one that is expected anyway, is
   * the sender's choice.
   */
  #reset(seq: number, flags: number, ack: number): string {
    if (seq === 0 && (flags & ACK) !== 0) return `RST seq=zero ack=${this.#ours(ack)}`
    return `RST seq=${this.#iss === null ? this.#ours(seq) : this.#theirs(seq)}`
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
