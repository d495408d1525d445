/** How far loss recovery is. */
export const RecoveryState = {
  /** Nothing is known to be lost. */
  Open: 0,
  /** Fast recovery, until `recoveryPoint` is acknowledged. */
  Recovery: 1,
  /** After a retransmission timeout, until `recoveryPoint` is acknowledged. */
  Loss: 2,
} as const
export type RecoveryState = (typeof RecoveryState)[keyof typeof RecoveryState]

/** Larger than any window: "ssthresh arbitrarily high" (R5681-05). */
export const INFINITE_SSTHRESH = 0x7fff_ffff
