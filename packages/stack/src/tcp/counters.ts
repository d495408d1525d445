/** What the TCP of a stack has counted since it began. */
export class TcpCounters {
  segmentsIn = 0
  segmentsOut = 0
  bytesIn = 0
  bytesOut = 0
  /** Segments sent again, whatever the cause. */
  retransmitted = 0
  /** Retransmission timeouts. */
  timeouts = 0
  /** Fast recoveries entered. */
  fastRecoveries = 0
  /** Retransmissions found lost before a timeout. */
  lostRetransmissions = 0
  /** Tail loss probes sent. */
  tailProbes = 0
  /** Recoveries, timeouts included, that proved needless and were taken back. */
  undos = 0
  /** Timeouts that F-RTO found spurious. */
  spuriousTimeouts = 0
  /** D-SACKs received. */
  dsacksIn = 0
  /** Times a receiver took back what it had SACKed. */
  sackReneges = 0
  duplicateAcksIn = 0
  /** Data segments that a router has marked instead of dropping them (CE, RFC 3168). */
  congestionMarksIn = 0
  /** Reductions of the window because the peer told of such marks. */
  ecnReductions = 0
  resetsIn = 0
  resetsOut = 0
  resetsSuppressed = 0
  challengeAcks = 0
  challengeAcksSuppressed = 0
  outOfOrderIn = 0
  /** Payload bytes that arrived more than once. */
  duplicateBytesIn = 0
  activeOpens = 0
  passiveOpens = 0
  failedConnects = 0
  established = 0
  accepted = 0
  zeroWindowProbes = 0
  keepaliveProbes = 0
  delayedAcks = 0
  windowUpdates = 0
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
  // Dropped segments and refused requests, by reason.
  droppedTooShort = 0
  droppedBadOffset = 0
  droppedBadChecksum = 0
  droppedMulticast = 0
  malformedOptions = 0
  droppedOutOfWindow = 0
  droppedPaws = 0
  droppedNoAck = 0
  droppedBadAck = 0
  droppedAfterClose = 0
  droppedNoMemory = 0
  droppedTooManyRanges = 0
  droppedUnexpected = 0
  droppedSynBacklog = 0
  droppedHalfOpenLimit = 0
  droppedAcceptQueue = 0
  droppedConnectionLimit = 0
  timeWaitOverflow = 0
  /** Listeners refused because of `limits.listeners`. */
  listenersRefused = 0
}
