import { expect } from 'vitest'
import { Memory } from '../../src/core/memory.ts'
import { VirtualClock } from '../../src/core/virtual-clock.ts'
import { type CableOptions, createCable } from '../../src/link/cable.ts'
import { TransmitResult } from '../../src/link/device.ts'
import { impair } from '../../src/link/impair.ts'
import type { ImpairOptions } from '../../src/link/impair-options.ts'
import { numbered, Station } from './helpers.ts'

/** A cable with an impaired end, in virtual time: `near` is behind the impairment. */
export function impaired(
  options: ImpairOptions = {},
  cable: CableOptions = {},
  memory = new Memory(1 << 26),
) {
  const clock = new VirtualClock()
  const [left, right] = createCable({ clock, queue: { frames: 20_000, bytes: 16 << 20 }, ...cable })
  const bad = impair(right, { clock, ...options })
  const far = new Station(left, new Memory(1 << 26))
  const near = new Station(bad, memory)
  /** When each frame came to the far end, in microseconds. */
  const arrivals: number[] = []
  far.sink.onReceive = () => arrivals.push(clock.now())
  return { clock, bad, left, far, near, arrivals, stats: bad.stats }
}

export const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

/** Frames that are numbered from 0, all of which are taken. */
export function sendMany(station: Station, count: number, length = 64): void {
  for (let i = 0; i < count; i++) expect(station.send(numbered(i, length))).toBe(TransmitResult.Sent)
}

/** The ECN bits of a frame's IP header. */
export function ecnOf(bytes: Uint8Array, medium: 'ethernet' | 'ip' = 'ethernet'): number {
  const at = medium === 'ethernet' ? 14 : 0
  return bytes[at] >>> 4 === 4 ? bytes[at + 1] & 3 : (bytes[at + 1] >>> 4) & 3
}
