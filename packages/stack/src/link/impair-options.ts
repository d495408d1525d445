import type { Clock } from '../core/clock.ts'
import { TapwireError } from '../core/errors.ts'

/** 'out': what the stack transmits through the impaired device; 'in': what it receives. */
export type Direction = 'in' | 'out'

/**
 * Decides about single frames: for "drop the third data segment".
 * @param frame the frame's bytes, only until it returns
 * @param index counts the frames of this direction from 0, each super-frame as the frames it was cut into
 */
export type FrameFilter = (frame: Uint8Array, direction: Direction, index: number) => 'pass' | 'drop'

/**
 * What happens to frames on an impaired link, for each direction on its own. Frames go through it in this order:
 * filter, loss, duplicate, corrupt, bandwidth with its queue, latency with jitter or reorder.
 */
export interface Impairment {
  /** Milliseconds that each frame takes, 0 (default) to 3,600,000. */
  readonly latency?: number
  /**
   * Milliseconds by which the latency of each frame varies at most, up and down, evenly distributed; 0 (default) to
   * 3,600,000. Frames keep their order: one that would overtake arrives together with the one before.
   */
  readonly jitter?: number
  /** Bits per second, link headers included, FCS and preamble not; from 1; default Infinity. */
  readonly bandwidth?: number
  /**
   * Bytes that may wait while `bandwidth` is used up, besides the frame that is being sent; what comes on top is
   * dropped (tail drop). 0 to 64 MiB, default 256 KiB.
   */
  readonly queue?: number
  /** Probability that a frame is lost, 0 (default) to 1. */
  readonly loss?: number
  /** Probability that a frame comes twice, 0 (default) to 1. */
  readonly duplicate?: number
  /** Probability that a frame skips `latency`, and so overtakes those on the way, 0 (default) to 1. */
  readonly reorder?: number
  /** Probability that one bit of a frame, any bit, is flipped, 0 (default) to 1. */
  readonly corrupt?: number
  /** Called for each frame, if given. What it throws drops the frame. */
  readonly filter?: FrameFilter | null
}

export interface ImpairOptions extends Impairment {
  /** Which direction is impaired; default 'both'. Wrap twice for two different ones. */
  readonly direction?: Direction | 'both'
  /** The same seed gives the same fate to the same frames; default 1. */
  readonly seed?: number
  /** Where time comes from; default: real time. */
  readonly clock?: Clock
}

/** What `impair` uses: everything is given, times are in microseconds. */
export interface ResolvedImpairment {
  readonly latency: number
  readonly jitter: number
  readonly bandwidth: number
  readonly queue: number
  readonly loss: number
  readonly duplicate: number
  readonly reorder: number
  readonly corrupt: number
  readonly filter: FrameFilter | null
}

const LONGEST_MS = 3_600_000
const LARGEST_QUEUE = 64 * 1024 * 1024
const DEFAULT_QUEUE = 256 * 1024

export const NO_IMPAIRMENT: ResolvedImpairment = {
  latency: 0,
  jitter: 0,
  bandwidth: Number.POSITIVE_INFINITY,
  queue: DEFAULT_QUEUE,
  loss: 0,
  duplicate: 0,
  reorder: 0,
  corrupt: 0,
  filter: null,
}

/** What is given over what was. @throws ERR_OUT_OF_RANGE, ERR_INVALID_ARG_VALUE */
export function resolveImpairment(given: Impairment, was: ResolvedImpairment): ResolvedImpairment {
  const resolved: ResolvedImpairment = {
    latency: within('latency', given.latency, 0, LONGEST_MS, was.latency, 1000),
    jitter: within('jitter', given.jitter, 0, LONGEST_MS, was.jitter, 1000),
    bandwidth: within('bandwidth', given.bandwidth, 1, Number.POSITIVE_INFINITY, was.bandwidth, 1),
    queue: within('queue', given.queue, 0, LARGEST_QUEUE, was.queue, 1),
    loss: within('loss', given.loss, 0, 1, was.loss, 1),
    duplicate: within('duplicate', given.duplicate, 0, 1, was.duplicate, 1),
    reorder: within('reorder', given.reorder, 0, 1, was.reorder, 1),
    corrupt: within('corrupt', given.corrupt, 0, 1, was.corrupt, 1),
    filter: given.filter === undefined ? was.filter : given.filter,
  }
  if (resolved.reorder > 0 && resolved.latency === 0) {
    throw new TapwireError(
      'ERR_INVALID_ARG_VALUE',
      "'reorder' needs a 'latency': without one there is nothing on the way to overtake",
    )
  }
  return resolved
}

function within(
  name: string,
  given: number | undefined,
  low: number,
  high: number,
  was: number,
  unit: number,
): number {
  if (given === undefined) return was
  if (given >= low && given <= high) return given * unit
  throw new TapwireError('ERR_OUT_OF_RANGE', `'${name}' must be from ${low} to ${high}. Received ${given}`)
}
