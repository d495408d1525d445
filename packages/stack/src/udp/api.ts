import type { Memory } from '../core/memory.ts'
import { ANY_V4, type IpAddress } from '../ip/address.ts'
import type { NetworkInterface } from '../ip/network.ts'
import type { UdpCounters } from './counters.ts'

/**
 * One datagram that came in, as its handler sees it. One record per stack, overwritten by the next; the bytes are
 * valid until the handler returns.
 */
export class UdpMessage {
  readonly memory: Memory
  /** Where the payload lies in the stack's memory. */
  offset = 0
  length = 0
  remoteAddress: IpAddress = ANY_V4
  remotePort = 0
  /** The address it was sent to, which may be a broadcast or a group (UDP-05). */
  localAddress: IpAddress = ANY_V4
  iface!: NetworkInterface
  /** TTL or hop limit, and the TOS or traffic class byte, as they arrived (UDP-06). */
  ttl = 0
  tos = 0

  constructor(memory: Memory) {
    this.memory = memory
  }

  /** A copy of the payload, to keep. */
  bytes(): Uint8Array {
    return this.memory.copyOut(this.offset, this.length)
  }
}

/** What the network said about datagrams of a connected socket. */
export type UdpError = 'ECONNREFUSED' | 'EHOSTUNREACH' | 'ENETUNREACH' | 'ENETDOWN' | 'EMSGSIZE'

/** What an application is told of its socket, at the end of a burst (see `ConnectionHandler`). */
export interface UdpHandler {
  onMessage(socket: UdpSocket, message: UdpMessage): void
  /** An ICMP error about a datagram of this socket (UDP-04), or its interface went away. The socket stays open. */
  onError?(socket: UdpSocket, error: UdpError): void
  /** After a `send` that returned false: there is room on the device again. */
  onWritable?(socket: UdpSocket): void
  /** A socket that is `paused` has something for `receive`. */
  onReadable?(socket: UdpSocket): void
  /** The stack was closed, and the socket with it. */
  onClose?(socket: UdpSocket): void
}

export interface UdpBindOptions {
  /** The address to receive on: null (default) is every address of both versions (dual-stack `::`). */
  readonly address?: IpAddress | null
  /** 0 (default) takes a free ephemeral port. */
  readonly port?: number
  /** With `::` or null: IPv6 only. Default false. */
  readonly ipv6Only?: boolean
  /** Share address and port with others that say so too; unicast then goes to the last one bound. Default false. */
  readonly reuseAddress?: boolean
}

/** Where one datagram goes, when it is not where `connect` said. */
export interface UdpTarget {
  readonly address: IpAddress
  /** 1 to 65,535 */
  readonly port: number
  /** Source address, for a socket bound to all of them (UDP-05). Default: the rules of RFC 6724. */
  readonly localAddress?: IpAddress | null
}

/** One UDP socket. */
export interface UdpSocket {
  handler: UdpHandler
  /** Free for the owner of the handler. */
  owner: unknown
  /** As bound; `::` for every address. */
  readonly localAddress: IpAddress
  readonly localPort: number
  /** Null while not connected. */
  readonly remoteAddress: IpAddress | null
  readonly remotePort: number
  /** Allows sending to broadcast addresses (UDP-08). Default false. */
  broadcast: boolean
  /** TTL or hop limit of unicast datagrams, 1 to 255; default 64. */
  ttl: number
  /** The same for multicast, and 0: not beyond this host; default 1 (MCAST-02). */
  multicastTtl: number
  /** TOS or traffic class byte; default 0. */
  tos: number
  /** The interface multicast leaves by, by index; 0 (default) lets the routes choose (RFC 1122 section 3.3.4.3). */
  multicastInterface: number
  /** Own multicast also comes to the groups joined on this host (RFC 1112 section 7.1). Default true. */
  multicastLoopback: boolean
  /** Receives every group that anybody on this host has joined, as sockets of Linux do. Default false. */
  multicastAll: boolean
  /** Bytes of memory that waiting datagrams may hold, 1 to `limits.udpReceiveBuffer` (default). */
  receiveBuffer: number
  /** Set DF and refuse what does not fit the path (EMSGSIZE). Default false: large datagrams are fragmented. */
  dontFragment: boolean
  /** Keep what arrives in the queue (which drops when it is full) instead of handing it over. */
  paused: boolean
  /** Bytes of memory that waiting datagrams hold; at most `receiveBuffer`. */
  readonly queuedBytes: number
  /** Datagrams lost because the queue was full. */
  readonly dropped: number
  /**
   * Takes one peer: only its datagrams are received, errors are reported, `send` needs no target.
   * @throws ENETUNREACH, EADDRNOTAVAIL, EACCES (broadcast not allowed), EINVAL (link-local address without zone),
   * EAFNOSUPPORT, ERR_OUT_OF_RANGE
   */
  connect(address: IpAddress, port: number): void
  disconnect(): void
  /**
   * Sends one datagram. @returns false when the device is full: nothing was sent, `onWritable` follows
   * @throws EMSGSIZE, EACCES (broadcast not allowed), ENOTCONN (no target), ENETUNREACH, EADDRNOTAVAIL, EINVAL,
   * EAFNOSUPPORT, ENOBUFS, ERR_OUT_OF_RANGE
   */
  send(bytes: Uint8Array, target?: UdpTarget): boolean
  /**
   * Receives this group as well, on the interface with this index or on every one that is up.
   * @throws ERR_INVALID_ARG_VALUE for what is no group, ENETUNREACH without such an interface
   */
  joinGroup(group: IpAddress, interfaceIndex?: number): void
  /** Leaves it on the interface with this index, or on all of them. */
  leaveGroup(group: IpAddress, interfaceIndex?: number): void
  /**
   * Receives what this source sends to the group, in addition to other sources named before; a membership for all
   * sources becomes one for this alone (RFC 3678 section 4.1.3). Filtered here: routers are asked for the whole group.
   * @throws as `joinGroup`, EADDRNOTAVAIL when it is received already
   */
  joinSource(group: IpAddress, source: IpAddress, interfaceIndex: number): void
  /** The opposite; without its last source the group is left. @throws EINVAL (no member), EADDRNOTAVAIL (not named) */
  leaveSource(group: IpAddress, source: IpAddress, interfaceIndex: number): void
  /** @param interfaceIndex 0 for any */
  isMember(group: IpAddress, interfaceIndex: number): boolean
  /**
   * Takes the oldest datagram of a paused socket. @param read sees it in place, and is not to keep it
   * @returns false when there is none
   */
  receive(read: (message: UdpMessage) => void): boolean
  /** Forgets everything that is queued. No handler is called after it. Calling it again does nothing. */
  close(): void
}

/** The UDP of a stack: `stack.udp`. */
export interface UdpApi {
  readonly counters: UdpCounters
  /** The interface that datagrams to this group leave by and come in by, when nobody says otherwise; 0 for none. */
  groupInterface(group: IpAddress): number
  /** @throws EADDRINUSE, EADDRNOTAVAIL, EMFILE (`limits.udpSockets`), ERR_OUT_OF_RANGE */
  bind(options: UdpBindOptions, handler: UdpHandler): UdpSocket
}
