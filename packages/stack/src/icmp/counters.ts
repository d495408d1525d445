/** What ICMP and ICMPv6 of one stack have seen, answered and refused to answer. */
export class IcmpCounters {
  /** What IP has delivered: the `dropped…` ones but broadcast echoes, and the `…In` ones (icmpInMsgs). */
  messagesIn = 0
  droppedShort = 0
  droppedChecksum = 0
  /** Types nobody here knows or answers (ICMP-01, ICMP-07, ICMP-12, IC6-01). */
  droppedType = 0
  /** Echo requests to broadcast or, in IPv4, to a group (ICMP-11). */
  droppedBroadcastEcho = 0
  echoRequestsIn = 0
  /** Requests are answered, lost, or dropped as broadcast. */
  echoRepliesOut = 0
  echoRepliesIn = 0
  /** Echo replies that no ping of ours waits for. */
  echoRepliesUnexpected = 0
  /** Replies the device had no room for. */
  echoRepliesLost = 0

  errorsIn = 0
  /** Errors that quote nothing we could have sent. */
  errorsInUnmatched = 0
  errorsOut = 0
  /** Errors not sent because the rules forbid it (ICMP-03, IC6-03). */
  errorsForbidden = 0
  /** Errors not sent because there were too many (ICMP-13, IC6-04). */
  errorsLimited = 0
  /** Errors that found no way, or no room on the device. */
  errorsLost = 0
  redirectsIn = 0
  neighbourDiscoveryIn = 0
  listenerDiscoveryIn = 0
  /** IGMP messages, which IP delivers beside ICMP's. */
  igmpMessagesIn = 0
  /** Group membership (IGMP and MLD): reports sent and lost, queries heard, and messages that break the rules. */
  groupReportsOut = 0
  groupReportsLost = 0
  groupQueriesIn = 0
  groupQueriesIgnored = 0
  pingsOut = 0
  /** Pings refused because of `limits.pings`. */
  pingsRefused = 0
}
