import { TapwireError } from './core/errors.ts'

/**
 * Every bound of a stack, in one place: what nobody outside can make it exceed. Each refusal is counted where it
 * happens. A limit that is not given has the default of `DEFAULT_LIMITS`.
 */
export interface Limits {
  /** Bytes of the memory that frames and socket rings lie in; a power of two. Untouched memory costs nothing. */
  readonly memory: number
  /** Neighbours (ARP and NDP entries) kept per interface; the least recently used idle one makes room. */
  readonly neighbours: number
  /** Packets that wait for one neighbour to be resolved; further ones replace the newest, never the first. */
  readonly neighbourQueue: number
  /** Bytes of packets waiting for resolution, over all neighbours of an interface. */
  readonly neighbourQueueBytes: number
  /** Datagrams being put together from fragments. */
  readonly reassemblies: number
  /** The same, from one source address. */
  readonly reassembliesPerSource: number
  /** Bytes of memory they may take together. */
  readonly reassemblyBytes: number
  /** Fragments of one datagram. */
  readonly fragmentsPerDatagram: number
  /** Routes in the table. */
  readonly routes: number
  /** Paths remembered for reuse and path MTU. */
  readonly paths: number
  /** ICMP errors sent per second, after a burst of the same number. */
  readonly icmpErrorsPerSecond: number
  /** Echo requests of our own that wait for a reply. */
  readonly pings: number
  /** Addresses per interface. */
  readonly addressesPerInterface: number
  /** UDP sockets. */
  readonly udpSockets: number
  /** Bytes of datagrams queued for one UDP socket. */
  readonly udpReceiveBuffer: number
  /** TCP connections in any state but TIME-WAIT and SYN-RECEIVED from a listener. */
  readonly connections: number
  /** Closed connections that are left to finish by themselves (FIN-WAIT to LAST-ACK); one more is reset instead. */
  readonly orphans: number
  /** TCP listeners. */
  readonly listeners: number
  /** Half-open connections of one listener (SYN queue). */
  readonly synBacklog: number
  /** Half-open connections of all listeners together. */
  readonly halfOpen: number
  /** Connections in TIME-WAIT; the oldest makes room. */
  readonly timeWait: number
  /**
   * Ranges of out-of-order data kept per connection, or one for each KiB that they span where that is more; data that would
   * make one too many is dropped.
   */
  readonly outOfOrderRanges: number
  /**
   * Records of data in flight to which a connection's peer may have them cut by SACK blocks, some 200 bytes each: one that
   * SACKs single bytes would have a record kept for each. Blocks then count where they cover a record whole.
   */
  readonly sackRecords: number
  /** Records of sent data that are kept for reuse when nobody needs them, in the whole stack. */
  readonly spareRecords: number
  /** Servers whose Fast Open cookie, or failure, a client remembers; the least recently used makes room. */
  readonly fastOpenCookies: number
  /** RST segments sent per second in answer to segments of no connection. */
  readonly resetsPerSecond: number
  /** Challenge ACKs per second (RFC 5961 section 7). */
  readonly challengeAcksPerSecond: number
  /** Bytes waiting in the loopback interface. */
  readonly loopbackQueueBytes: number
}

export const DEFAULT_LIMITS: Limits = {
  memory: 256 * 1024 * 1024,
  neighbours: 1024,
  neighbourQueue: 64,
  neighbourQueueBytes: 1024 * 1024,
  reassemblies: 256,
  reassembliesPerSource: 64,
  reassemblyBytes: 4 * 1024 * 1024,
  fragmentsPerDatagram: 64,
  routes: 1024,
  paths: 4096,
  icmpErrorsPerSecond: 100,
  pings: 1024,
  addressesPerInterface: 64,
  udpSockets: 65_536,
  udpReceiveBuffer: 256 * 1024,
  connections: 262_144,
  orphans: 65_536,
  listeners: 16_384,
  synBacklog: 1024,
  halfOpen: 16_384,
  timeWait: 65_536,
  outOfOrderRanges: 256,
  sackRecords: 16_384,
  spareRecords: 65_536,
  fastOpenCookies: 1024,
  resetsPerSecond: 1000,
  challengeAcksPerSecond: 1000,
  loopbackQueueBytes: 8 * 1024 * 1024,
}

/** Lowest and highest value of each limit. */
export const LIMIT_RANGES: { readonly [K in keyof Limits]: readonly [number, number] } = {
  memory: [1024 * 1024, 1024 * 1024 * 1024],
  neighbours: [1, 65_536],
  neighbourQueue: [1, 1024],
  neighbourQueueBytes: [2048, 64 * 1024 * 1024],
  reassemblies: [1, 65_536],
  reassembliesPerSource: [1, 65_536],
  reassemblyBytes: [2048, 256 * 1024 * 1024],
  fragmentsPerDatagram: [2, 8192],
  routes: [4, 65_536],
  paths: [16, 1_000_000],
  icmpErrorsPerSecond: [0, 1_000_000],
  pings: [0, 32_768],
  addressesPerInterface: [1, 1024],
  udpSockets: [0, 65_536],
  udpReceiveBuffer: [2048, 64 * 1024 * 1024],
  connections: [0, 4_000_000],
  orphans: [0, 4_000_000],
  listeners: [0, 65_536],
  synBacklog: [1, 65_536],
  halfOpen: [1, 1_000_000],
  timeWait: [0, 1_000_000],
  outOfOrderRanges: [1, 4096],
  sackRecords: [1, 1_000_000],
  spareRecords: [0, 4_000_000],
  fastOpenCookies: [1, 65_536],
  resetsPerSecond: [0, 1_000_000],
  challengeAcksPerSecond: [0, 1_000_000],
  loopbackQueueBytes: [128 * 1024, 256 * 1024 * 1024],
}

/** Fills in defaults and checks ranges. @throws ERR_OUT_OF_RANGE naming the limit, its range and the value */
export function resolveLimits(given: Partial<Limits> = {}): Limits {
  const limits: { -readonly [K in keyof Limits]: number } = { ...DEFAULT_LIMITS }
  for (const [name, value] of Object.entries(given)) {
    const range = LIMIT_RANGES[name as keyof Limits]
    if (range === undefined) {
      throw new TapwireError('ERR_INVALID_ARG_VALUE', `There is no limit named '${name}'`)
    }
    if (value === undefined) continue
    if (!Number.isInteger(value) || value < range[0] || value > range[1]) {
      throw new TapwireError(
        'ERR_OUT_OF_RANGE',
        `The limit '${name}' must be an integer from ${range[0]} to ${range[1]}. Received ${value}`,
      )
    }
    limits[name as keyof Limits] = value
  }
  return limits
}
