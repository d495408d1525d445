import { SegmentDrops } from '../ip/counters.ts'

/**
 * What the TCP of a stack has counted since it began. In parentheses: the name of the same, or nearly the same, in RFC 4022 or
 * in Linux's `netstat -s`. Every segment that comes in counts once more, in `segmentsProcessed` or by the reason why not.
 */
export class TcpCounters extends SegmentDrops {
  /** Segments IP has delivered, bad ones too (InSegs); a super-frame counts once. */
  segmentsIn = 0
  /** Those of them that were used: their ACK, their text, or what they ask for. */
  segmentsProcessed = 0
  /** Segments the device took (OutSegs); a super-frame counts as the segments it becomes. */
  segmentsOut = 0
  // NaN until the constructor has set them to 0, so that the fields are made for floats. The 2^31st byte would otherwise change
  // the shape of the object, and all code compiled for it would be thrown away (87 functions and 3 MB, measured).
  bytesIn = Number.NaN
  bytesOut = Number.NaN
  /** Segments sent again, whatever the cause (RetransSegs), and the causes: recovery, timeout, SYN or SYN-ACK, tail loss probe. */
  retransmitted = 0
  fastRetransmits = 0
  timeoutRetransmits = 0
  synRetransmits = 0
  probeRetransmits = 0
  /** Retransmission timeouts (TCPTimeouts). */
  timeouts = 0
  /** Fast recoveries entered (TCPSackRecovery, TCPRenoRecovery), and those of them without SACK. */
  fastRecoveries = 0
  renoRecoveries = 0
  /** Retransmissions found lost before a timeout (TCPLostRetransmit). */
  lostRetransmissions = 0
  /** Tail loss probes sent (TCPLossProbes), and those that have repaired a loss (TCPLossProbeRecovery). */
  tailProbes = 0
  tailProbeRecoveries = 0
  /** Recoveries, timeouts included, that proved needless and were taken back. */
  undos = 0
  /** Those of them proven by D-SACK (TCPDSACKUndo) and by a timestamp (TCPFullUndo); the others are `spuriousTimeouts`. */
  undosByDsack = 0
  undosByEcho = 0
  /** Timeouts that F-RTO found spurious (TCPSpuriousRTOs). */
  spuriousTimeouts = 0
  /** D-SACKs received (TCPDSACKRecv) and sent (TCPDSACKOldSent). */
  dsacksIn = 0
  dsacksOut = 0
  /** Segments found delivered after what was sent later (TCPSACKReorder). */
  reordered = 0
  /** Times a receiver took back what it had SACKed (TCPSACKReneging). */
  sackReneges = 0
  duplicateAcksIn = 0
  /** Data segments that a router has marked instead of dropping them (CE, RFC 3168). */
  congestionMarksIn = 0
  /** Reductions of the window because the peer told of such marks. */
  ecnReductions = 0
  /** RSTs believed, sent (OutRsts), and not sent because of `limits.resetsPerSecond`. */
  resetsIn = 0
  resetsOut = 0
  resetsSuppressed = 0
  /** Challenge ACKs owed (TCPChallengeACK), and not sent because of their limits (TCPACKSkippedChallenge). */
  /** SYNs that came again before their SYN-ACK was due once more. */
  synAcksSuppressed = 0
  challengeAcks = 0
  challengeAcksSuppressed = 0
  /** Data segments that came before what lies before them (TCPOFOQueue). */
  outOfOrderIn = 0
  /** Payload bytes that arrived more than once, and the pieces they came in. */
  duplicateBytesIn = 0
  duplicatesIn = 0
  /** SYNs of our own (ActiveOpens), handshakes of listeners that were done (PassiveOpens), connects that failed (AttemptFails). */
  activeOpens = 0
  passiveOpens = 0
  failedConnects = 0
  /** Calls of `connect` refused because of `limits.connections`. */
  connectsRefused = 0
  established = 0
  accepted = 0
  /** Connections that ended from ESTABLISHED or CLOSE-WAIT at once (EstabResets). */
  establishedResets = 0
  /** Connections that ended with ETIMEDOUT (TCPAbortOnTimeout), and by the peer's RST. */
  abortedOnTimeout = 0
  abortedByPeer = 0
  /** `close` with data unread (TCPAbortOnClose), which resets. */
  abortedUnread = 0
  /** The peer's window was shut, and ours was (TCPFromZeroWindowAdv, TCPToZeroWindowAdv). */
  zeroWindowsIn = 0
  zeroWindowsOut = 0
  /** Window probes (TCPWinProbe) and keepalives (TCPKeepAlive) sent. */
  zeroWindowProbes = 0
  keepaliveProbes = 0
  /** ACKs that were made to wait, and those that the timer then sent (DelayedACKs). */
  delayedAcks = 0
  delayedAckTimeouts = 0
  /** ACKs for nothing but the window that reading has opened. */
  windowUpdates = 0
  /** ICMP errors about TCP, those that quote no connection, and those outside of what is in flight (OutOfWindowIcmps). */
  icmpErrorsIn = 0
  icmpErrorsUnmatched = 0
  icmpErrorsOutOfWindow = 0
  /** Black holes suspected: large packets that vanish without a word (RFC 4821 section 7.7). */
  blackHoles = 0
  /** Path MTU probes sent. */
  mtuProbes = 0
  /** Writes of which nothing could be taken because the stack's memory was full. */
  writesNoMemory = 0
  /** SYNs that were answered with a cookie instead of a record. */
  synCookiesSent = 0
  synCookiesAccepted = 0
  /** ACKs that came to a listener while its cookies were good, and brought none. */
  synCookiesFailed = 0
  /** Fast Open, the server's side: cookies given out, and those that came with a SYN and were wrong. */
  fastOpenCookiesSent = 0
  fastOpenCookiesRefused = 0
  /** Connections that were made by the data on their SYN. */
  fastOpenAccepted = 0
  /** SYNs with a good cookie that found too many of these whose handshake was not done. */
  fastOpenQueueFull = 0
  /** The client's side: connections of whose SYN some data was acknowledged, and attempts that did not come through. */
  fastOpenDataAcked = 0
  fastOpenFailed = 0
  /** Servers forgotten because of `limits.fastOpenCookies`. */
  fastOpenCookiesEvicted = 0
  timeWaits = 0
  timeWaitReused = 0
  /** Times a device was full when a segment was ready. */
  deviceFull = 0
  /** Segments whose options could be read in part only: used nevertheless (MUST-7). */
  malformedOptions = 0
  /** Half-open connections given up for a newer one, because of `limits.synBacklog` and of `limits.halfOpen`. */
  droppedSynBacklog = 0
  droppedHalfOpenLimit = 0
  timeWaitOverflow = 0
  /** Records that SACK blocks would have cut, but for `limits.sackRecords`. */
  sackCutsRefused = 0
  /** Records of sent data let go because of `limits.spareRecords`. */
  spareRecordsReleased = 0
  /** Connections that were forgotten, over and with unread data, and gave back its memory when they were collected. */
  forgottenReleased = 0
  /** Connections reset at their close because of `limits.orphans`. */
  orphansRefused = 0
  /** Closed connections given up because their peer kept its window shut, or memory ran short. */
  orphansGivenUp = 0
  /** Listeners refused because of `limits.listeners`. */
  listenersRefused = 0

  constructor() {
    super()
    this.bytesIn = 0
    this.bytesOut = 0
  }
}
