/** What one direction of an impaired link has counted. Times are in microseconds. */
export interface ImpairStats {
  /** Frames that came to the impairment, each super-frame as the frames it was cut into. */
  frames: number
  bytes: number
  /** Frames that left it. */
  delivered: number
  /** Dropped by the filter. */
  filtered: number
  /** Frames for which the script had something in store. */
  scripted: number
  /** Dropped by the script. */
  scriptDropped: number
  /** Dropped because they were larger than `pathMtu`. */
  tooBig: number
  /** ICMP errors about those, sent back: counted in the direction of the frame that was too big. */
  tooBigReported: number
  lost: number
  duplicated: number
  corrupted: number
  /** Frames that skipped the latency, or came later by `reorderDelay`. */
  reordered: number
  /** Dropped by the policer. */
  policed: number
  /** Frames marked Congestion Experienced that had not been before. */
  marked: number
  /** Frames that have waited in the queue and left it to be sent. */
  queued: number
  /** How long those waited, together and at most. */
  sojournTotal: number
  sojournMost: number
  /** The most that has waited, besides the frame being sent. */
  queueMostBytes: number
  queueMostPackets: number
  /** Dropped because `queue` was full. */
  queueDropped: number
  /** Dropped by CoDel. */
  codelDropped: number
  /** ICMP errors that this direction carried for the other one. */
  injected: number
  /** Dropped because more was on the way than one direction may keep: 32 MiB or an eighth of the memory. */
  overflowed: number
  /** Super-frames that could not be cut into frames. */
  malformed: number
  /** Frames the next device refused for good. */
  refused: number
}

export function newImpairStats(): ImpairStats {
  return {
    frames: 0,
    bytes: 0,
    delivered: 0,
    filtered: 0,
    scripted: 0,
    scriptDropped: 0,
    tooBig: 0,
    tooBigReported: 0,
    lost: 0,
    duplicated: 0,
    corrupted: 0,
    reordered: 0,
    policed: 0,
    marked: 0,
    queued: 0,
    sojournTotal: 0,
    sojournMost: 0,
    queueMostBytes: 0,
    queueMostPackets: 0,
    queueDropped: 0,
    codelDropped: 0,
    injected: 0,
    overflowed: 0,
    malformed: 0,
    refused: 0,
  }
}
