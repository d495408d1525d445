/** Why packets that came in were dropped by IP: each of them counts here once (IP-18). */
export class PacketDrops {
  droppedShort = 0
  /** A version nobody here speaks, or another one than the frame said. */
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
  /** Fragments that break the rules of their own: lengths, offsets, tiny first ones. */
  droppedFragmentInvalid = 0
}

/** Why segments that came in were dropped by TCP, or their text was: each of them counts here once. */
export class SegmentDrops {
  droppedTooShort = 0
  droppedBadOffset = 0
  droppedBadChecksum = 0
  droppedMulticast = 0
  /** Sequence numbers outside of the window: old duplicates, keepalives and window probes among them. */
  droppedOutOfWindow = 0
  /** Old by their timestamp (PAWSEstab). */
  droppedPaws = 0
  droppedNoAck = 0
  /** They acknowledge what was never sent, or was long ago. */
  droppedBadAck = 0
  /** RSTs that are not exactly the next byte, in the window: answered by a challenge (RFC 5961 section 3). */
  droppedChallengedReset = 0
  /** SYNs for a connection that exists (TCPSYNChallenge; RFC 5961 section 4). */
  droppedChallengedSyn = 0
  /** Data after the application had closed: answered by RST (TCPAbortOnData). */
  droppedAfterClose = 0
  /** Data after the peer's own FIN (SEG-23). */
  droppedAfterFin = 0
  /** Data for which the stack had no memory (TCPRcvQDrop, TCPOFODrop). */
  droppedNoMemory = 0
  /** Data that would have made one range more than `limits.outOfOrderRanges` (OfoPruned). */
  droppedTooManyRanges = 0
  /** Neither SYN nor ACK nor anything else that means something in this state. */
  droppedUnexpected = 0
  /** Nobody has such a connection, or listens: answered by RST, unless it is one. */
  droppedNoConnection = 0
  /** What came for a connection in TIME-WAIT, other than its FIN or a bare ACK (RFC 1337 for RSTs). */
  droppedTimeWait = 0
  /** SYNs, and last ACKs of handshakes, that found the accept queue full (ListenOverflows). */
  droppedAcceptQueue = 0
  /** Last ACKs of handshakes that found `limits.connections` reached. */
  droppedConnectionLimit = 0
  /** SYNs that found `limits.halfOpen` reached by other listeners. */
  droppedHalfOpenRefused = 0
}

/** What IP did with the packets of one interface. `packetsIn` is the sum of the others but `packetsOut`. */
export class InterfaceIpCounters extends PacketDrops {
  packetsIn = 0
  /** Handed to a transport; of fragments the datagram they made, by the interface of the last one. */
  delivered = 0
  /** Fragments held, or given up, for reassembly. */
  fragmentsIn = 0
  /** Packets that end with No Next Header (V6-08). */
  noNextHeader = 0
  /** Datagrams that were put together: they are in `delivered`, or dropped, besides their fragments. */
  reassembled = 0
  packetsOut = 0
}

/** What TCP did over one interface. */
export class InterfaceTcpCounters extends SegmentDrops {
  segmentsIn = 0
  segmentsProcessed = 0
  segmentsOut = 0
  /** Segments sent again, whatever the cause. */
  retransmitted = 0
  /** Pieces of data that had arrived before. */
  duplicatesIn = 0
  outOfOrderIn = 0
}

/** What one interface has seen. Plain numbers, safe to read at any time. */
export class InterfaceCounters {
  readonly ip = new InterfaceIpCounters()
  readonly tcp = new InterfaceTcpCounters()
  framesIn = 0
  // NaN at first: see `TcpCounters`.
  bytesIn = Number.NaN
  framesOut = 0
  bytesOut = Number.NaN
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

  constructor() {
    this.bytesIn = 0
    this.bytesOut = 0
  }
}

/** What the IP layer did, over all interfaces and both versions. One counter per reason to drop (IP-18, MART-03). */
export class IpCounters extends PacketDrops {
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

  /** IPv6 packets that end with No Next Header (V6-08): there is nothing to deliver, and nothing wrong. */
  noNextHeader = 0

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
