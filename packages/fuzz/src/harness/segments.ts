import type { packets } from '@tapwire/stack'
import type { Dice } from '../dice.ts'
import { nudge } from '../mutators/mutate.ts'
import type { Flow } from './flows.ts'

const FLAGS = [
  0x10, 0x10, 0x10, 0x18, 0x18, 0x11, 0x19, 0x02, 0x12, 0x04, 0x14, 0x38, 0x50, 0x90, 0x00, 0x01, 0x03, 0x29,
]

/** Where a number of a segment stands to the edges of the window it has to fit in. */
function nearEdge(dice: Dice, left: number, window: number): number {
  const at = dice.pick([
    left,
    left,
    left,
    left - 1,
    left + 1,
    left + window,
    left + window - 1,
    left + window + 1,
  ])
  if (dice.one(4)) return (left + dice.below(Math.max(1, window))) >>> 0
  return (dice.one(8) ? at + nudge(dice) : at) >>> 0
}

/** A segment from the peer of a live connection: right, or at the edges of its windows, with any flags. */
export function segmentFor(dice: Dice, flow: Flow): packets.TcpFields {
  const flags = dice.one(6) ? dice.below(256) : dice.pick(FLAGS)
  const window = flow.window << Math.min(14, flow.scale)
  const payload = dice.one(2) ? dice.bytes(dice.pick([1, 1, 10, 100, 536, 1000, 1400])) : new Uint8Array(0)
  return {
    sourcePort: flow.remotePort,
    destinationPort: flow.localPort,
    seq: dice.one(2) ? flow.expects : nearEdge(dice, flow.expects, window),
    ack: dice.one(2) ? flow.next : nearEdge(dice, (flow.next - dice.below(5000)) >>> 0, 5000),
    flags,
    window: dice.pick([0xffff, 0xffff, 1000, 1, 0, dice.below(0x10000)]),
    urgentPointer: dice.one(8) ? dice.below(2000) : 0,
    options: optionsFor(dice, flow, (flags & 0x02) !== 0),
    payload,
  }
}

/** Options that suit the connection, mostly; at most 40 bytes. */
export function optionsFor(dice: Dice, flow: Flow, syn: boolean): packets.TcpOption[] {
  const options: packets.TcpOption[] = []
  let room = 40
  const add = (length: number, option: packets.TcpOption): void => {
    if (length > room) return
    options.push(option)
    room -= length
  }
  if (flow.hasTimestamps ? !dice.one(10) : dice.one(10)) {
    const echo = (flow.timestamp - dice.below(4) * dice.below(200)) >>> 0
    const value = dice.one(12) ? dice.uint32() : 1_000_000 + dice.below(1000)
    add(10, { name: 'timestamps', value, echo })
  }
  if (syn || dice.one(40)) {
    if (!dice.one(4)) add(4, { name: 'mss', value: dice.pick([1460, 1440, 536, 88, 1, 0, 0xffff]) })
    if (!dice.one(3)) add(3, { name: 'windowScale', shift: dice.pick([0, 2, 7, 14, 15, 255]) })
    if (!dice.one(3)) add(2, { name: 'sackPermitted' })
    if (dice.one(4)) add(10, { name: 'fastOpen', cookie: dice.bytes(dice.pick([0, 4, 8])) })
  }
  if (dice.one(4)) {
    const blocks: [number, number][] = []
    for (let n = 1 + dice.below(4); n > 0; n--) {
      const left = (flow.next - dice.below(20_000)) >>> 0
      blocks.push([left, (left + dice.below(3000)) >>> 0])
    }
    add(2 + 8 * blocks.length, { name: 'sack', blocks })
  }
  if (dice.one(12)) add(4, { name: 'userTimeout', minutes: dice.one(2), value: dice.below(0x8000) })
  if (dice.one(12))
    add(6, { name: 'unknown', kind: dice.pick([6, 14, 19, 29, 30, 253]), data: dice.bytes(4) })
  if (dice.one(12)) add(1, { name: 'nop' })
  if (dice.one(20)) add(room, { name: 'raw', bytes: dice.bytes(room) })
  return options
}
