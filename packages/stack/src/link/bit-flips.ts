import type { Memory } from '../core/memory.ts'
import { randomBelow, type SeededRandom } from '../core/random.ts'
import { ETHERNET_HEADER, type LinkDevice } from './device.ts'

/**
 * Flips bits anywhere in a frame. To flip different ones the frame is cut into as many equal runs of bits, and one bit
 * of each is flipped.
 */
export function flipBits(
  memory: Memory,
  offset: number,
  length: number,
  count: number,
  random: SeededRandom,
): void {
  const bits = length * 8
  const flips = Math.min(count, bits)
  for (let i = 0; i < flips; i++) {
    const start = Math.floor((bits * i) / flips)
    const end = Math.floor((bits * (i + 1)) / flips)
    flip(memory, offset, start + randomBelow(random, end - start))
  }
}

/** Flips the last bit of the IP packet, not of the padding behind it; of a frame that is none, its last. */
export function flipLastBit(
  memory: Memory,
  offset: number,
  length: number,
  medium: LinkDevice['medium'],
): void {
  const start = medium === 'ethernet' ? ETHERNET_HEADER : 0
  let end = length
  if (length >= start + 20) {
    const { view } = memory
    const version = view.getUint8(offset + start) >>> 4
    if (version === 4) end = Math.min(end, start + view.getUint16(offset + start + 2))
    else if (version === 6) end = Math.min(end, start + 40 + view.getUint16(offset + start + 4))
  }
  flip(memory, offset, Math.max(end, 1) * 8 - 1)
}

/** @param bit counted from the frame's first, the lowest of a byte first */
function flip(memory: Memory, offset: number, bit: number): void {
  memory.u8[offset + (bit >>> 3)] ^= 1 << (bit & 7)
}
