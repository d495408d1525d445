import type { packets } from '@tapwire/stack'
import type { Dice } from '../dice.ts'

/*
 * Scripts of segments that are played to two stacks. All numbers are relative: sequence numbers to the script's own SYN, which has 0;
 * acknowledgement numbers to the SYN of the stack under test.
 */

/** What the application on the stack does with its connections, by its own hand and without being told more. */
export const BEHAVIOURS = ['hold', 'drain', 'shut', 'write', 'writeShut', 'closeAtEnd', 'close'] as const
export type Behaviour = (typeof BEHAVIOURS)[number]

/** Whether the stack waits for a connection, begins one, or has nobody there. */
export type Opening = 'passive' | 'active' | 'closed'

/** Where a number is counted from. */
export type SeqAnchor =
  /** What the stack expects, as its last ACK said. */
  | 'expected'
  /** The right edge of the window, as its last ACK said. */
  | 'edge'
  /** The script's SYN. */
  | 'start'
export type AckAnchor =
  /** What the stack has sent, all of it. */
  | 'sent'
  /** Its SYN. */
  | 'start'

export interface Step {
  readonly flags: number
  readonly seq: readonly [SeqAnchor, number]
  readonly ack: readonly [AckAnchor, number]
  readonly length: number
  readonly window: number
  /** The timestamp to send: later than the last by so many; null sends none. */
  readonly timestamp: number | null
  readonly urgent: number
  readonly options: readonly packets.TcpOption[]
}

export interface Script {
  readonly id: number
  readonly opening: Opening
  readonly behaviour: Behaviour
  /** Steps of it that bring the connection where it is to be; they are as a peer would send them. */
  readonly prelude: number
  readonly steps: readonly Step[]
  /** Timestamps were offered on the SYN. */
  readonly timestamps: boolean
}

const FIN = 0x01
const SYN = 0x02
const RST = 0x04
const PSH = 0x08
const ACK = 0x10
const URG = 0x20

/** What the SYN offers. */
function synOptions(dice: Dice): packets.TcpOption[] {
  const options: packets.TcpOption[] = []
  if (!dice.one(6)) options.push({ name: 'mss', value: dice.pick([1460, 1460, 1000, 536]) })
  if (!dice.one(3)) options.push({ name: 'sackPermitted' })
  if (!dice.one(3)) options.push({ name: 'windowScale', shift: dice.pick([0, 7]) })
  return options
}

const PLAIN: Omit<Step, 'flags'> = {
  seq: ['expected', 0],
  ack: ['sent', 0],
  length: 0,
  window: 0xffff,
  timestamp: 1,
  urgent: 0,
  options: [],
}

/** Makes one script. The same seed makes the same one. */
export function makeScript(dice: Dice, id: number): Script {
  const opening = dice.pick(['passive', 'passive', 'passive', 'passive', 'active', 'closed'] as const)
  const behaviour = dice.pick(BEHAVIOURS)
  const timestamps = dice.one(2)
  const steps = opening === 'closed' ? [] : preludeOf(dice, opening, timestamps)
  const prelude = steps.length
  for (let n = dice.between(1, 5); n > 0; n--) steps.push(anyStep(dice, prelude === 0))
  return { id, opening, behaviour, prelude, steps, timestamps }
}

/** To LISTEN, SYN-SENT, SYN-RECEIVED, ESTABLISHED, or what follows from there when the peer has closed. */
function preludeOf(dice: Dice, opening: Opening, timestamps: boolean): Step[] {
  const depth = dice.pick([0, 1, 2, 2, 2, 2, 2, 3, 3])
  const timestamp = timestamps ? 1 : null
  const plain = { ...PLAIN, timestamp }
  const options = synOptions(dice)
  const steps: Step[] = []
  const syn: Step = { ...plain, flags: SYN, seq: ['start', 0], ack: ['start', 0], options }
  if (opening === 'active') {
    if (depth >= 1) steps.push({ ...syn, flags: SYN | ACK, ack: ['sent', 0] })
  } else {
    if (depth >= 1) steps.push(syn)
    if (depth >= 2) steps.push({ ...plain, flags: ACK })
  }
  if (depth >= 3) steps.push({ ...plain, flags: FIN | ACK })
  return steps
}

const FLAGS = [
  ACK,
  ACK,
  ACK,
  ACK,
  ACK | PSH,
  ACK | PSH,
  ACK | FIN,
  ACK | FIN,
  ACK | PSH | FIN,
  SYN,
  SYN | ACK,
  RST,
  RST | ACK,
  FIN,
  0,
  SYN | FIN,
  SYN | RST,
  ACK | URG,
  ACK | SYN | FIN,
  ACK | RST | FIN,
]

/** Offsets that are at, beside, and away from an edge. */
const BESIDE = [
  0, 0, 0, 0, -1, 1, -2, 2, -100, 100, -1000, 1000, 1460, -1461, 3000, -3000, 40_000, -70_000, 0x7fff_fff0,
  -0x7fff_fff0,
]

const NEAR = BESIDE.filter((offset) => Math.abs(offset) <= 3000)

function anyStep(dice: Dice, noConnection: boolean): Step {
  const anchor = noConnection
    ? 'start'
    : dice.pick(['expected', 'expected', 'expected', 'expected', 'edge'] as const)
  const flags = dice.one(12) ? dice.below(64) : dice.pick(FLAGS)
  const hasData = dice.one(2)
  return {
    flags,
    // The size of the window is the stack's choice: far from its edge nothing could be compared.
    seq: [anchor, dice.one(2) ? 0 : dice.pick(anchor === 'edge' ? NEAR : BESIDE)],
    ack: noConnection ? ['start', dice.pick(BESIDE)] : ['sent', dice.one(2) ? 0 : dice.pick(BESIDE)],
    length: hasData ? dice.pick([1, 10, 100, 500, 1400]) : 0,
    window: dice.pick([0xffff, 0xffff, 0xffff, 1000, 0]),
    timestamp: dice.one(8) ? null : dice.pick([1, 1, 1, 1, 0, -1, -500, 100_000, 0x7000_0000]),
    urgent: (flags & URG) !== 0 ? dice.pick([0, 1, 10, 2000]) : 0,
    options: dice.one(10) ? synOptions(dice) : [],
  }
}

/** E.g. 'SYN,ACK seq=expected+1 ack=sent len=100'. */
export function stepText({ flags, seq, ack, length, window, timestamp, urgent, options }: Step): string {
  const names = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG'].filter((_, bit) => (flags & (1 << bit)) !== 0)
  const place = ([anchor, offset]: readonly [string, number]): string =>
    `${anchor}${offset === 0 ? '' : offset > 0 ? `+${offset}` : offset}`
  const parts = [names.join(',') || 'none', `seq=${place(seq)}`]
  if ((flags & ACK) !== 0) parts.push(`ack=${place(ack)}`)
  parts.push(`len=${length}`, `win=${window}`)
  if (timestamp !== null) parts.push(`TS${timestamp >= 0 ? '+' : ''}${timestamp}`)
  if (urgent > 0) parts.push(`urg=${urgent}`)
  if (options.length > 0) parts.push(`<${options.map((option) => option.name).join(', ')}>`)
  return parts.join(' ')
}
