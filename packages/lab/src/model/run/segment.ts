import type { LossCause, Prompt, RetransmissionCause, SegmentKind, SegmentRecord } from '../recording.ts'
import type { HostName, Way } from '../scenario.ts'
import type { Conversation } from './conversations.ts'
import { eachOption, Flag, flagLetters, type Headers, Option, TCP } from './headers.ts'

/** A segment while it is being recorded. */
export class Segment implements SegmentRecord {
  readonly number: number
  readonly way: Way
  readonly from: SegmentRecord['from']
  flow = 0
  readonly sentAt: number
  arrivedAt: number | null = null
  lost: { readonly at: number; readonly why: LossCause } | null = null
  damaged = false
  kind: SegmentKind = 'ack'
  again: RetransmissionCause | null = null
  seq = 0
  ack: number | null = null
  length = 0
  flags = ''
  window = 0
  sack: readonly (readonly [number, number])[] = NO_RANGES
  frame: Uint8Array
  frameLength: number
  label = ''
  marked = false
  prompt: Prompt | null = null
  copyOf: number | null = null
  #conversation: Conversation | null = null

  constructor(number: number, way: Way, from: SegmentRecord['from'], sentAt: number, frame: Uint8Array) {
    this.number = number
    this.way = way
    this.from = from
    this.sentAt = sentAt
    this.frame = frame
    this.frameLength = frame.length
  }

  /** Whose it is: no part of what is told of it. */
  get conversation(): Conversation | null {
    return this.#conversation
  }

  set conversation(conversation: Conversation | null) {
    this.#conversation = conversation
  }
}

export const NO_RANGES: readonly (readonly [number, number])[] = []

/** Whose connection a segment belongs to, for numbers that people can read. */
export interface Numbers {
  /** The sender's own numbers, those of whoever it sends to, and the shift of its windows. */
  readonly seq: (seq: number) => number
  readonly ack: (ack: number) => number
  readonly shift: number
}

/** Fills in what the headers say. */
export function describeSegment(segment: Segment, headers: Headers, numbers: Numbers): void {
  const { flags } = headers
  segment.kind = kindOf(headers)
  segment.flags = flagLetters(flags)
  segment.seq = numbers.seq(headers.seq)
  segment.ack = (flags & Flag.Ack) === 0 ? null : numbers.ack(headers.ack)
  segment.length = headers.length
  segment.window = (flags & Flag.Syn) === 0 ? headers.window << numbers.shift : headers.window
  segment.sack = sackOf(segment.frame, headers, numbers)
  segment.label = labelOf(segment)
}

function kindOf({ protocol, flags, length }: Headers): SegmentKind {
  if (protocol !== TCP) return 'icmp'
  if ((flags & Flag.Rst) !== 0) return 'rst'
  if ((flags & Flag.Syn) !== 0) return 'syn'
  if ((flags & Flag.Fin) !== 0) return 'fin'
  return length > 0 ? 'data' : 'ack'
}

function sackOf(frame: Uint8Array, headers: Headers, numbers: Numbers): Segment['sack'] {
  if (headers.payload - headers.transport < 32) return NO_RANGES
  let blocks: [number, number][] | null = null
  eachOption(frame, headers, (kind, at, length) => {
    if (kind !== Option.Sack) return
    const view = new DataView(frame.buffer, frame.byteOffset + at, length)
    blocks = []
    for (let i = 0; i + 8 <= length; i += 8) {
      blocks.push([numbers.ack(view.getUint32(i)), numbers.ack(view.getUint32(i + 4))])
    }
  })
  return blocks ?? NO_RANGES
}

/** `SYN`, `SYN ACK`, `seq 1:1461 ack 1 win 64240`, `ack 2921 win 64240 sack 4381:5841`. */
export function labelOf(
  segment: Pick<Segment, 'kind' | 'seq' | 'ack' | 'length' | 'flags' | 'window' | 'sack'>,
): string {
  const { kind, seq, ack, length, flags, window, sack } = segment
  if (kind === 'syn' && length === 0) return syn(flags)
  const range = `seq ${seq}${length > 0 ? `:${seq + length}` : ''}`
  const acknowledgement = ack === null ? '' : ` ack ${ack}`
  const ecn = `${flags.includes('E') ? ' ECE' : ''}${flags.includes('W') ? ' CWR' : ''}`
  if (kind === 'syn') return `${syn(flags)} ${range}`
  if (kind === 'rst') return `RST ${range}${acknowledgement}`
  if (kind === 'fin') return `FIN ${range}${acknowledgement}${ecn}`
  if (kind === 'probe') return `probe ${range}${acknowledgement} win ${window}`
  if (kind === 'data') return `${range}${acknowledgement} win ${window}${ecn}`
  const blocks = sack.map(([left, right]) => ` ${left}:${right}`).join('')
  return `ack ${ack ?? 0} win ${window}${blocks === '' ? '' : ` sack${blocks}`}${ecn}`
}

function syn(flags: string): string {
  return flags.includes('A') ? 'SYN ACK' : 'SYN'
}

/** Where a segment goes to. */
export const receiverOf = (way: Way): HostName => (way === 'A→B' ? 'B' : 'A')
export const senderOf = (way: Way): HostName => (way === 'A→B' ? 'A' : 'B')
export const wayFrom = (host: HostName): Way => (host === 'A' ? 'A→B' : 'B→A')
