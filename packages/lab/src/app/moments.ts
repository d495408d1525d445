import type { Recording } from '../model/recording.ts'

/** The next time after `time` at which something is to be seen: a segment leaves, ends, or a stack decides; or null. */
export function nextMoment(recording: Recording, time: number): number | null {
  let next = Number.POSITIVE_INFINITY
  for (const moment of momentsOf(recording)) if (moment > time + EPSILON && moment < next) next = moment
  return next === Number.POSITIVE_INFINITY ? null : next
}

/** The last time before `time`, or 0. */
export function previousMoment(recording: Recording, time: number): number {
  let last = 0
  for (const moment of momentsOf(recording)) if (moment < time - EPSILON && moment > last) last = moment
  return last
}

/** Less than the stacks' clocks can tell: a microsecond. */
const EPSILON = 0.0005

function* momentsOf({ segments, events }: Recording): Generator<number> {
  for (const { sentAt, arrivedAt, lost } of segments) {
    yield sentAt
    if (arrivedAt !== null) yield arrivedAt
    else if (lost !== null) yield lost.at
  }
  for (const { time } of events) yield time
}

/** Whether a segment is on its way at that time. */
export function isAnythingOnTheWay({ segments }: Recording, time: number): boolean {
  for (let at = segments.length - 1; at >= 0; at--) {
    const { sentAt, arrivedAt, lost } = segments[at]
    if (sentAt > time) continue
    const end = arrivedAt ?? lost?.at ?? Number.POSITIVE_INFINITY
    if (end > time) return true
    // Far back nothing is on its way any more: a path holds no more than this at once.
    if (time - sentAt > 20_000) return false
  }
  return false
}

const lasts = new WeakMap<Recording, number>()

/** When the last thing happened in a run that is over. */
export function lastMoment(recording: Recording): number {
  let last = lasts.get(recording)
  if (last === undefined) {
    last = 0
    for (const moment of momentsOf(recording)) if (moment > last) last = moment
    lasts.set(recording, last)
  }
  return last
}
