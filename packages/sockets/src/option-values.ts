import type { Linger, OptionValue, TimeVal } from './api.ts'
import { SocketError } from './errno.ts'

/** An int. @throws EINVAL for anything else */
export function numberOf(value: OptionValue): number {
  if (typeof value !== 'number' || !Number.isInteger(value)) throw new SocketError('EINVAL')
  return value | 0
}

export function flagOf(value: OptionValue): boolean {
  return numberOf(value) !== 0
}

/** An int from `low` to `high`. @throws EINVAL beyond */
export function rangeOf(value: OptionValue, low: number, high: number): number {
  const number = numberOf(value)
  if (number < low || number > high) throw new SocketError('EINVAL')
  return number
}

/** A struct linger, as seconds; null for off. */
export function lingerOf(value: OptionValue): number | null {
  if (typeof value !== 'object' || !('onoff' in value)) throw new SocketError('EINVAL')
  const { onoff, linger } = value
  if (!Number.isInteger(onoff) || !Number.isInteger(linger)) throw new SocketError('EINVAL')
  return onoff === 0 ? null : Math.max(0, linger)
}

export function lingerValue(seconds: number | null): Linger {
  return { onoff: seconds === null ? 0 : 1, linger: seconds ?? 0 }
}

/** A struct timeval, as microseconds: zero is for ever. @throws EDOM for a fraction of a second or more */
export function timeOf(value: OptionValue): number {
  if (typeof value !== 'object' || !('sec' in value)) throw new SocketError('EINVAL')
  const { sec, usec } = value
  if (!Number.isInteger(sec) || !Number.isInteger(usec)) throw new SocketError('EINVAL')
  if (usec < 0 || usec >= 1_000_000) throw new SocketError('EDOM')
  // A time that has passed: not at all.
  if (sec < 0) return 0
  return sec === 0 && usec === 0 ? Number.POSITIVE_INFINITY : sec * 1_000_000 + usec
}

export function timeValue(micros: number): TimeVal {
  if (micros === Number.POSITIVE_INFINITY) return { sec: 0, usec: 0 }
  return { sec: Math.floor(micros / 1_000_000), usec: micros % 1_000_000 }
}
