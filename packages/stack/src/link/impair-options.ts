import type { Clock } from '../core/clock.ts'
import type { CodelOptions } from './codel.ts'
import type { FateListener } from './frame-fate.ts'
import type { GilbertElliott } from './gilbert-elliott.ts'
import type { JitterDistribution } from './jitter.ts'
import type { PolicerOptions } from './policer.ts'
import type { FateScript } from './scripted.ts'

/** 'out': what the stack transmits through the impaired device; 'in': what it receives. */
export type Direction = 'in' | 'out'

/**
 * Decides about single frames: for "drop the third data segment".
 * @param frame the frame's bytes, only until it returns
 * @param index counts the frames of this direction from 0, each super-frame as the frames it was cut into
 */
export type FrameFilter = (frame: Uint8Array, direction: Direction, index: number) => 'pass' | 'drop'

/** A bound in bytes, in frames, or both; what is not given does not bound. */
export interface QueueBound {
  readonly bytes?: number
  readonly packets?: number
}

/**
 * What happens to frames on an impaired link, for each direction on its own. Frames go through it in this order:
 * filter, script, pathMtu, loss, duplicate, corrupt, policer, mark, bandwidth with its queue, latency with jitter or
 * reorder. What is not used draws no random numbers, and each kind has a sequence of its own.
 */
export interface Impairment {
  /** Milliseconds that each frame takes, 0 (default) to 3,600,000. */
  readonly latency?: number
  /**
   * Milliseconds by which the latency of each frame varies, 0 (default) to 3,600,000: at most by as much, up and down,
   * evenly distributed, unless `jitterDistribution` says otherwise. It never is below 0.
   */
  readonly jitter?: number
  /** Default 'uniform'. */
  readonly jitterDistribution?: JitterDistribution
  /** How much the deviation of one frame resembles that of the one before, 0 (default, not at all) to 0.9999. */
  readonly jitterCorrelation?: number
  /**
   * Whether frames keep their order under `jitter`: one that would overtake arrives together with the one before.
   * Default true.
   */
  readonly jitterInOrder?: boolean
  /** Bits per second, link headers included, FCS and preamble not; from 1; default Infinity. */
  readonly bandwidth?: number
  /**
   * Bytes that may wait while `bandwidth` is used up, besides the frame that is being sent; what comes on top is
   * dropped (tail drop). 0 to 64 MiB, default 256 KiB. Or a bound in frames, 0 to 65,536, or both.
   */
  readonly queue?: number | QueueBound
  /** Whether CoDel (RFC 8289) looks after the queue; its parameters, or true for the usual ones. Default false. */
  readonly codel?: boolean | CodelOptions
  /**
   * Whether frames of ECN-capable senders are marked Congestion Experienced (RFC 3168) where CoDel or a full queue
   * would drop them. A full queue takes marked frames up to twice its bound. Default false.
   */
  readonly ecn?: boolean
  /**
   * Marks ECN-capable frames that have to wait where, with them, more than as many bytes wait (or frames); others pass.
   * 0 to Infinity (default).
   */
  readonly markAbove?: number | QueueBound
  /** Probability that an ECN-capable frame is marked Congestion Experienced, 0 (default) to 1. */
  readonly mark?: number
  /** Drops what exceeds a rate, queueing nothing. Default null. A bucket that is newly set is full. */
  readonly policer?: PolicerOptions | null
  /** Probability that a frame is lost, 0 (default) to 1, or a model of losses in bursts. */
  readonly loss?: number | GilbertElliott
  /** Probability that a frame comes twice, 0 (default) to 1. */
  readonly duplicate?: number
  /** Probability that a frame skips `latency`, and so overtakes those on the way, 0 (default) to 1. */
  readonly reorder?: number
  /**
   * Milliseconds by which a reordered frame comes later instead, so that others overtake it; 0 (default: it skips the
   * latency) to 3,600,000.
   */
  readonly reorderDelay?: number
  /**
   * Reorders every so many frames, 1 to 2^31 - 1, or 0 (default) for no rule. With `reorder` too, a frame at this distance
   * from the last reordered one, or further, is reordered with that probability.
   */
  readonly reorderGap?: number
  /** Probability that bits of a frame, any bits, are flipped, 0 (default) to 1. */
  readonly corrupt?: number
  /** How many different ones then, 1 (default) to 64. */
  readonly corruptBits?: number
  /** Bytes of the largest IP packet that passes, 68 to Infinity (default). Nothing is fragmented: larger ones are dropped. */
  readonly pathMtu?: number
  /**
   * Whether whoever sent a packet larger than `pathMtu` is told: 'icmp' (default) sends Fragmentation Needed (RFC 1191;
   * to IPv4 packets that must not be fragmented) or Packet Too Big (RFC 8201) back, in the name of the packet's
   * destination; 'silent' makes a black hole.
   */
  readonly tooBig?: 'icmp' | 'silent'
  /** Fates for chosen packets: "drop the third data segment". Default null. Set anew, it counts from the start. */
  readonly script?: FateScript | null
  /** Called for each frame, if given. What it throws drops the frame. */
  readonly filter?: FrameFilter | null
}

export interface ImpairOptions extends Impairment {
  /** Which direction is impaired; default 'both'. Wrap twice, or use `set`, for two different ones. */
  readonly direction?: Direction | 'both'
  /** An integer. The same seed gives the same fate to the same frames; default 1. */
  readonly seed?: number
  /** Where time comes from; default: real time. */
  readonly clock?: Clock
  /** Is told what becomes of each frame. Default: nobody, at the cost of a null check. */
  readonly onFate?: FateListener | null
}
