import type { Dice } from '../dice.ts'
import { mendChecksums } from './checksums.ts'
import { double, layoutOf, putDouble } from './layout.ts'
import { LIES, lie } from './lies.ts'

const EDGES = [0, 1, 0x7f, 0x80, 0xff]

/** Options of TCP as they are spliced in: right ones, and some whose length is not their own. */
const OPTIONS: readonly (readonly number[])[] = [
  [1],
  [0],
  [2, 4, 5, 180],
  [2, 4, 0, 0],
  [3, 3, 14],
  [3, 3, 255],
  [4, 2],
  [5, 10, 0, 0, 0, 1, 0, 0, 0, 9],
  [5, 2],
  [5, 9, 0, 0, 0, 1, 0, 0, 0],
  [8, 10, 0, 0, 0, 1, 0, 0, 0, 0],
  [8, 8, 0, 0, 0, 1, 0, 0],
  [28, 4, 0x80, 1],
  [34, 2],
  [34, 10, 1, 2, 3, 4, 5, 6, 7, 8],
  [253, 4, 0xf9, 0x89],
  [77, 0],
  [77, 1],
  [77, 255],
]

/** One kind of damage: takes a packet and gives another one. */
type Mutator = (dice: Dice, bytes: Uint8Array, ip: number) => Uint8Array

const flipBit: Mutator = (dice, bytes) => {
  const copy = bytes.slice()
  copy[dice.below(copy.length)] ^= 1 << dice.below(8)
  return copy
}

const setByte: Mutator = (dice, bytes, ip) => {
  const copy = bytes.slice()
  // Headers are where it hurts.
  const at = dice.one(3) ? dice.below(copy.length) : Math.min(copy.length - 1, ip + dice.below(80))
  copy[at] = dice.one(2) ? dice.pick(EDGES) : dice.below(256)
  return copy
}

const truncate: Mutator = (dice, bytes) => bytes.slice(0, dice.below(bytes.length + 1))

const extend: Mutator = (dice, bytes) => {
  const longer = new Uint8Array(bytes.length + dice.below(64))
  longer.set(bytes)
  return longer
}

const tell: Mutator = (dice, bytes, ip) => lie(bytes, ip, dice.pick(LIES), dice.below(0x10000))

/** Sequence or acknowledgement number, flags, window or urgent pointer. */
const changeSegment: Mutator = (dice, bytes, ip) => {
  const { upper, upperEnd, protocol } = layoutOf(bytes, ip)
  if (protocol !== 6 || upper < 0 || upperEnd - upper < 20) return setByte(dice, bytes, ip)
  const copy = bytes.slice()
  const which = dice.below(5)
  if (which < 2) {
    const at = upper + 4 + 4 * which
    putDouble(copy, at, double(copy, at) + nudge(dice))
  } else if (which === 2) copy[upper + 13] = dice.below(256)
  else {
    const at = upper + (which === 3 ? 14 : 18)
    copy[at] = dice.pick(EDGES)
    copy[at + 1] = dice.pick(EDGES)
  }
  return copy
}

/** Puts an option somewhere between those of a segment, over what is there. */
const spliceOption: Mutator = (dice, bytes, ip) => {
  const { upper, upperEnd, protocol } = layoutOf(bytes, ip)
  if (protocol !== 6 || upper < 0 || upperEnd - upper < 24) return setByte(dice, bytes, ip)
  const copy = bytes.slice()
  const room = Math.max(4, (copy[upper + 12] >>> 4) * 4 - 20)
  const option = dice.pick(OPTIONS)
  for (let i = 0, at = upper + 20 + dice.below(room); i < option.length && at < upperEnd; i++, at++)
    copy[at] = option[i]
  return copy
}

const MUTATORS: readonly Mutator[] = [
  flipBit,
  setByte,
  truncate,
  extend,
  tell,
  tell,
  changeSegment,
  changeSegment,
  spliceOption,
]

/** How far a sequence number is moved: mostly within a window, sometimes to its antipode, sometimes anywhere. */
export function nudge(dice: Dice): number {
  const which = dice.below(6)
  if (which === 0) return dice.uint32()
  if (which === 1) return 0x7fff_ffff + dice.below(3)
  if (which === 2) return dice.below(3) - 1
  return dice.below(8192) - 4096
}

/**
 * Damages a packet in one to three ways that know its format, and puts its checksums right again seven times out of eight.
 * @param ip where IP starts in `bytes`: 0, or 14 behind an Ethernet header
 * @returns a new packet; the given one stays as it is
 */
export function mutatePacket(dice: Dice, bytes: Uint8Array, ip: number): Uint8Array {
  let mutated = bytes
  for (let n = 1 + dice.below(3); n > 0; n--) {
    if (mutated.length === 0) return mutated
    mutated = dice.pick(MUTATORS)(dice, mutated, ip)
  }
  if (!dice.one(8)) mendChecksums(mutated, ip)
  return mutated
}
