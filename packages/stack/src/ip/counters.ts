/** What one interface has seen. Plain numbers, safe to read at any time. */
export class InterfaceCounters {
  framesIn = 0
  bytesIn = 0
  framesOut = 0
  bytesOut = 0
  /** Transmissions the device had no room for; the frame stayed with its sender. */
  txFull = 0
  /** Transmissions the device will never take: closed, or too long. */
  txRefused = 0
  /** Frames that came after the interface went down. */
  droppedDown = 0
  /** Frames of medium 'ip' whose first byte names no IP version we speak. */
  droppedVersion = 0
  /** Addresses refused because of `limits.addressesPerInterface`. */
  addressesRefused = 0
  /** Exceptions caught at the device's door: each one is a bug in the stack. */
  faults = 0
}

/** What the IP layer did, over all interfaces and both versions. One counter per reason to drop (IP-18). */
export class IpCounters {
  packetsIn = 0
  delivered = 0
  packetsOut = 0
  /** Packets to own addresses, handled inside (IP-25). */
  loopedBack = 0
  /** Fragments sent, and datagrams they were made of. */
  fragmentsOut = 0
  fragmentedOut = 0
  fragmentsIn = 0
  reassembled = 0

  droppedShort = 0
  droppedVersion = 0
  droppedHeaderLength = 0
  droppedTotalLength = 0
  droppedHeaderChecksum = 0
  droppedNotOurs = 0
  /** A source no packet may have (IP-06, MART-01, V6-16). */
  droppedMartianSource = 0
  droppedMartianDestination = 0
  /** Our own address as the source of a packet from outside (MART-02). */
  droppedOwnSource = 0
  /** A unicast packet in a broadcast or multicast frame (IP-10). */
  droppedLinkBroadcast = 0
  droppedOptions = 0
  droppedSourceRoute = 0
  droppedExtensionHeader = 0
  droppedProtocol = 0
  /** IPv6 packets that end with No Next Header (V6-08): there is nothing to deliver, and nothing wrong. */
  noNextHeader = 0

  /** Fragments that break the rules of their own: lengths, offsets, tiny first ones. */
  droppedFragmentInvalid = 0
  /** Datagrams given up because fragments overlapped or contradicted each other. */
  reassemblyOverlaps = 0
  reassemblyTimeouts = 0
  /** Datagrams given up to stay within the limits. */
  reassemblyEvicted = 0
  /** Fragments for which there was no room. */
  reassemblyNoMemory = 0
  /** Fragments that mixed CE with Not-ECT (RFC 3168 section 5.3). */
  reassemblyEcn = 0

  /** Sends without a way to go. */
  outNoRoute = 0
  /** Sends larger than the path, which were not to be fragmented. */
  outTooBig = 0
  /** All 65,536 identifications of a path were used within two minutes (ID-02). */
  outIdsExhausted = 0
  outNoMemory = 0
  /** Fragments of a datagram lost because the device filled up in the middle. */
  outFragmentsLost = 0

  pathsEvicted = 0
  /** Path MTUs lowered, and told values that were ignored. */
  pathMtuReduced = 0
  pathMtuIgnored = 0
  redirectsAccepted = 0
  redirectsIgnored = 0
}
