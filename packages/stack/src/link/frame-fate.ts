import type { Micros } from '../core/timer.ts'
import type { Direction } from './impair-options.ts'

/**
 * What becomes of a frame on an impaired link. The first line ends its way: delivered to the next device, or dropped and why, as
 * `ImpairStats` counts it. The second happens to it on its way: 'queued' is for bandwidth that is used up, 'dequeued' when its turn
 * has come. Each copy of a duplicated frame has its own end, under the same number.
 */
export type FrameFate =
  | 'delivered'
  | 'filtered'
  | 'scriptDropped'
  | 'tooBig'
  | 'lost'
  | 'policed'
  | 'queueDropped'
  | 'codelDropped'
  | 'overflowed'
  | 'refused'
  | 'duplicated'
  | 'corrupted'
  | 'marked'
  | 'reordered'
  | 'queued'
  | 'dequeued'

/**
 * Is told of each frame's fate, in the middle of processing: it must not call the link. What is on the way when the link closes
 * is not told of.
 * @param frame counts the frames of the direction from 0, as for `FrameFilter`; -1 for an ICMP error of the link's own
 * @param time microseconds of the link's clock
 */
export type FateListener = (direction: Direction, frame: number, fate: FrameFate, time: Micros) => void

/** The same within one direction, for a frame that is kept. */
export type TellFate = (slot: number, fate: FrameFate, time: Micros) => void
