/** What UDP of one stack has sent, received and dropped, by reason. */
export class UdpCounters {
  /** What IP has delivered (udpInDatagrams and its errors); a super-frame counts once. */
  datagramsIn = 0
  /** More of them than came: for every further socket of a group, and for what was merged into a super-frame. */
  extraCopies = 0
  /** Own multicast and broadcast datagrams that were offered to the sockets of this host, too. */
  loopedBack = 0
  /** Handed to sockets, or to whoever takes strays; with the `dropped…` ones as many as `datagramsIn`, `extraCopies` and `loopedBack` together. */
  delivered = 0
  datagramsOut = 0
  /** Shorter than a header, or a length field that contradicts the packet (UDP-02). */
  droppedLength = 0
  droppedChecksum = 0
  /** IPv6 without a checksum (V6-12). */
  droppedNoChecksum = 0
  /** Nobody listens on that port (UDP-03). */
  droppedNoListener = 0
  /** The socket's queue was full. */
  droppedQueueFull = 0
  /** The stack's memory was. */
  droppedNoMemory = 0
  errorsIn = 0
  /** Errors that quote no socket of ours. */
  errorsUnmatched = 0
  /** Sends the device had no room for. */
  sendFull = 0
  /** Sends that IP refused. */
  sendRefused = 0
  /** Sockets refused because of `limits.udpSockets`. */
  socketsRefused = 0
}
