/**
 * What one Ethernet interface has seen, dropped and decided, by reason. Plain numbers that only grow; read them at
 * any time. Every frame that is dropped counts in exactly one `drop…` field.
 */
export class EthernetCounters {
  /** Frames that came in, whatever became of them. */
  framesIn = 0
  /** Frames the device took, ARP and neighbour discovery included. */
  framesOut = 0
  /** Control frames (ARP, NDP) that a full or closed device did not take; their timers try again. */
  controlNotSent = 0

  /** Shorter than an Ethernet header (ETH-06). */
  dropRunt = 0
  /** For another station's unicast address (ETH-05). */
  dropForeign = 0
  /** For a multicast group nobody here joined (ETH-05). */
  dropNotJoined = 0
  /** The source is our own address: a loop, or somebody pretending. */
  dropOwnSource = 0
  /** The source is a group address, which no station has. */
  dropGroupSource = 0
  /** 802.1Q or 802.1ad tag (ETH-06). */
  dropVlan = 0
  /** An EtherType, or an LLC header, nobody here speaks (ETH-03, ETH-06). */
  dropUnknownType = 0
  /** An 802.3 length that the frame does not have (ETH-03). */
  dropBadLength = 0

  /** ARP that is too short, or not Ethernet and IPv4, or neither request nor reply (ARP-01). */
  dropArpMalformed = 0
  /** ARP whose sender hardware address is a group or zero address (ARP-08). */
  dropArpBadHardware = 0
  /** ARP whose sender IP may not be learned: broadcast, multicast, loopback or our own (ARP-09). */
  dropArpBadSender = 0
  /** The sender's hardware address was not the frame's source: allowed, but rare (ARP-10). */
  arpSourceMismatch = 0
  arpRequestsIn = 0
  arpRepliesIn = 0
  arpRequestsOut = 0
  arpRepliesOut = 0

  /** Neighbour discovery that breaks a validity rule (ND-01 to ND-05). */
  dropNdInvalid = 0
  /** Valid messages a host has no use for: router solicitations, and redirects with nobody to take them. */
  dropNdIgnored = 0
  ndSolicitsIn = 0
  ndAdvertsIn = 0
  ndSolicitsOut = 0
  ndAdvertsOut = 0
  routerAdvertsIn = 0
  redirectsIn = 0

  /** Neighbours that were forgotten to make room for another. */
  neighboursEvicted = 0
  /** Neighbours that found no room: every entry was in use. */
  neighboursRefused = 0
  /** Resolutions that ended without an answer. */
  neighboursFailed = 0
  /** Neighbours that stopped answering probes (RFC 7048). */
  neighboursUnreachable = 0
  /** Packets copied to wait for a resolution. */
  packetsQueued = 0
  /** Waiting packets replaced or refused because one neighbour's queue was full. */
  dropQueueFull = 0
  /** Waiting packets refused because all queues together were full, or memory was. */
  dropQueueBytes = 0
  /** Packets for a neighbour that found no room in the table. */
  dropNoNeighbour = 0
  /** Waiting packets that the device could not take any more. */
  dropQueueRefused = 0

  /** Somebody else was seen using an address of ours. */
  addressConflicts = 0
  /** Addresses given up because of that. */
  addressesLost = 0
  /** Announcements sent to keep one (RFC 5227 section 2.4). */
  addressesDefended = 0
}
