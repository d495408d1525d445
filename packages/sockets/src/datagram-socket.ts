import type { IpAddress, Stack, UdpError, UdpMessage, UdpSocket, UdpTarget } from '@tapwire/stack'
import { ANY_V4, ANY_V6, LOOPBACK_V4, LOOPBACK_V6, readAddress, tellAddress } from './address.ts'
import type { ControlMessage, ExtendedError, Result, SocketAddress } from './api.ts'
import type { Sink, Source } from './buffers.ts'
import {
  AF_INET,
  AF_UNSPEC,
  IP_RECVERR,
  IPV6_RECVERR,
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  MSG_FASTOPEN,
  MSG_MORE,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  POLLRDHUP,
  POLLRDNORM,
  POLLWRBAND,
  POLLWRNORM,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SO_EE_ORIGIN_ICMP,
  SO_EE_ORIGIN_ICMP6,
  SOCK_DGRAM,
  SOL_IP,
  SOL_IPV6,
} from './constants.ts'
import { ERRNO, SocketError } from './errno.ts'
import { SocketFile } from './file.ts'
import { BLOCKED, type Blocked, tryAgain, type Waiting } from './waiting.ts'

interface Datagram {
  readonly bytes: Uint8Array
  readonly address: SocketAddress
}

/** ICMP errors that may wait to be read with MSG_ERRQUEUE. */
const MOST_ERRORS = 64
const LARGEST = 65_535

/** A UDP socket. It has a port from `bind`, `connect` or the first datagram on. */
export class DatagramSocket extends SocketFile {
  readonly stack: Stack
  socket: UdpSocket | null = null
  reuseAddress = false
  reusePort = false
  ipv6Only = false
  broadcast = false
  receiveErrors = false
  receiveBuffer = 0
  sendBuffer = 0
  ttl = 64
  tos = 0
  mtuDiscover = 1
  receiveShut = false
  sendShut = false
  /** Sending waits for the device. */
  full = false
  #head: Datagram | null = null
  #corked: Uint8Array[] = []
  readonly #errors: ExtendedError[] = []

  constructor(waiting: Waiting, stack: Stack, domain: number, protocol: number) {
    super(waiting, domain, SOCK_DGRAM, protocol)
    this.stack = stack
  }

  bind(given: SocketAddress): void {
    const address = readAddress(this.domain, given)
    if (this.socket !== null) throw new SocketError('EINVAL')
    this.#open(address, given.port)
  }

  #open(address: IpAddress, port: number): UdpSocket {
    const socket = this.stack.udp.bind(
      { address, port, ipv6Only: this.ipv6Only, reuseAddress: this.reuseAddress || this.reusePort },
      {
        onMessage: () => {},
        onReadable: () => this.changed.wake(),
        onWritable: () => {
          this.full = false
          this.changed.wake()
        },
        onError: (_, error) => this.#noteError(error),
        onClose: () => {
          this.error = 'ENETDOWN'
          this.changed.wake()
        },
      },
    )
    socket.paused = true
    this.socket = socket
    this.applyOptions()
    return socket
  }

  /** Puts what `setsockopt` has said into the stack's socket. */
  applyOptions(): void {
    const { socket } = this
    if (socket === null) return
    socket.broadcast = this.broadcast
    socket.ttl = this.ttl
    socket.tos = this.tos
    socket.dontFragment = this.mtuDiscover >= 2
    if (this.receiveBuffer > 0) {
      socket.receiveBuffer = Math.min(this.receiveBuffer, this.stack.limits.udpReceiveBuffer)
    }
  }

  get #bound(): UdpSocket {
    return this.socket ?? this.#open(this.domain === AF_INET ? ANY_V4 : ANY_V6, 0)
  }

  connect(given: SocketAddress): 0 {
    if (given.family === AF_UNSPEC) {
      this.socket?.disconnect()
      return 0
    }
    const address = orLoopback(readAddress(this.domain, given))
    this.#bound.connect(address, given.port)
    return 0
  }

  shutdown(how: number): void {
    if (how !== SHUT_RD && how !== SHUT_WR && how !== SHUT_RDWR) throw new SocketError('EINVAL')
    if (how !== SHUT_WR) this.receiveShut = true
    if (how !== SHUT_RD) this.sendShut = true
    this.changed.wake()
    if (this.socket === null || this.socket.remoteAddress === null) throw new SocketError('ENOTCONN')
  }

  localName(): SocketAddress {
    const { socket, domain } = this
    if (socket === null) return tellAddress(domain, domain === AF_INET ? ANY_V4 : ANY_V6, 0)
    return tellAddress(domain, socket.localAddress, socket.localPort)
  }

  peerName(): SocketAddress {
    const remote = this.socket?.remoteAddress ?? null
    if (this.socket === null || remote === null) throw new SocketError('ENOTCONN')
    return tellAddress(this.domain, remote, this.socket.remotePort)
  }

  // ---- sending -----------------------------------------------------------------------------------------------

  send(source: Source, flags: number, to: SocketAddress | null): Result<number> {
    if ((flags & (MSG_OOB | MSG_FASTOPEN)) !== 0) throw new SocketError('EOPNOTSUPP')
    if (source.length > LARGEST) throw new SocketError('EMSGSIZE')
    const target = this.#target(to)
    const { length } = source
    if ((flags & MSG_MORE) !== 0 || this.#corked.length > 0) {
      this.#corked.push(source.rest())
      if (this.#corkedLength() > LARGEST) {
        this.#corked.pop()
        throw new SocketError('EMSGSIZE')
      }
      if ((flags & MSG_MORE) !== 0) return length
    }
    const bytes = this.#corked.length > 0 ? this.#uncork() : source.rest()
    const attempt = (): number | Blocked => {
      this.throwError()
      if (this.sendShut) throw new SocketError('EPIPE')
      if (this.#bound.send(bytes, target)) return length
      this.full = true
      return BLOCKED
    }
    const patience = this.nonblocking || (flags & MSG_DONTWAIT) !== 0 ? 0 : this.sendTimeout
    return this.waiting.call(attempt, [this.changed], patience, tryAgain, this.hold)
  }

  #target(to: SocketAddress | null): UdpTarget | undefined {
    if (to !== null && to.family !== AF_UNSPEC) {
      const address = orLoopback(readAddress(this.domain, to))
      if (to.port === 0) throw new SocketError('EINVAL')
      return { address, port: to.port }
    }
    if (this.socket === null || this.socket.remoteAddress === null) throw new SocketError('EDESTADDRREQ')
    return undefined
  }

  #corkedLength(): number {
    return this.#corked.reduce((sum, part) => sum + part.length, 0)
  }

  #uncork(): Uint8Array {
    const all = new Uint8Array(this.#corkedLength())
    let at = 0
    for (const part of this.#corked) {
      all.set(part, at)
      at += part.length
    }
    this.#corked = []
    return all
  }

  // ---- receiving ---------------------------------------------------------------------------------------------

  receive(
    sink: Sink,
    flags: number,
    told: { name?: SocketAddress | null; flags?: number; control?: ControlMessage[] },
  ): Result<number> {
    if ((flags & MSG_OOB) !== 0) throw new SocketError('EOPNOTSUPP')
    if ((flags & MSG_ERRQUEUE) !== 0) return this.#receiveError(told)
    const attempt = (): number | Blocked => {
      this.throwError()
      const datagram = this.head()
      if (datagram === null) return this.receiveShut && patience > 0 ? 0 : BLOCKED
      if ((flags & MSG_PEEK) === 0) this.#head = null
      const { bytes, address } = datagram
      const length = Math.min(bytes.length, sink.length)
      sink.put(bytes.subarray(0, length))
      told.name = address
      told.flags = bytes.length > length ? MSG_TRUNC : 0
      return (flags & MSG_TRUNC) !== 0 ? bytes.length : length
    }
    const patience = this.nonblocking || (flags & MSG_DONTWAIT) !== 0 ? 0 : this.receiveTimeout
    return this.waiting.call(attempt, [this.changed], patience, tryAgain, this.hold)
  }

  /** The oldest datagram, which stays where it is. */
  head(): Datagram | null {
    if (this.#head === null) this.socket?.receive((message) => this.#keep(message))
    return this.#head
  }

  #keep(message: UdpMessage): void {
    const address = tellAddress(this.domain, message.remoteAddress, message.remotePort)
    this.#head = { bytes: message.bytes(), address }
  }

  #receiveError(told: { flags?: number; control?: ControlMessage[] }): number {
    const error = this.#errors.shift()
    if (error === undefined) throw new SocketError('EAGAIN')
    const v4 = this.domain === AF_INET
    told.flags = MSG_ERRQUEUE
    told.control = [{ level: v4 ? SOL_IP : SOL_IPV6, type: v4 ? IP_RECVERR : IPV6_RECVERR, data: error }]
    // The datagram that caused it is not kept.
    return 0
  }

  /** __udp4_lib_err(): without IP_RECVERR only what is final, and only for those who have one peer. */
  #noteError(error: UdpError): void {
    const isHard = error === 'ECONNREFUSED' || error === 'ENETDOWN'
    if (!this.receiveErrors && !isHard) return
    this.error = error
    if (this.receiveErrors && this.#errors.length < MOST_ERRORS)
      this.#errors.push(extended(error, this.domain))
    this.changed.wake()
  }

  // ---- readiness and the end ---------------------------------------------------------------------------------

  /** datagram_poll(). */
  override poll(): number {
    let bits = 0
    if (this.error !== null || this.#errors.length > 0) bits |= POLLERR
    if (this.receiveShut) bits |= POLLRDHUP | POLLIN | POLLRDNORM
    if (this.receiveShut && this.sendShut) bits |= POLLHUP
    if (this.head() !== null) bits |= POLLIN | POLLRDNORM
    if (!this.full) bits |= POLLOUT | POLLWRNORM | POLLWRBAND
    return bits
  }

  override release(): void {
    this.socket?.close()
    this.socket = null
    this.#head = null
    this.#corked = []
  }
}

function orLoopback(address: IpAddress): IpAddress {
  if (!address.isUnspecified) return address
  return address.isV4 ? LOOPBACK_V4 : LOOPBACK_V6
}

/** What an ICMP error of this meaning says: destination unreachable, or packet too big. */
function extended(error: UdpError, domain: number): ExtendedError {
  const v4 = domain === AF_INET
  const [type, code] = v4 ? ICMP_CODES[error] : ICMP6_CODES[error]
  const origin = v4 ? SO_EE_ORIGIN_ICMP : SO_EE_ORIGIN_ICMP6
  return { errno: ERRNO[error], origin, type, code, info: 0, data: 0 }
}

const ICMP_CODES: { readonly [K in UdpError]: readonly [type: number, code: number] } = {
  ECONNREFUSED: [3, 3],
  EHOSTUNREACH: [3, 1],
  ENETUNREACH: [3, 0],
  ENETDOWN: [3, 0],
  EMSGSIZE: [3, 4],
}

const ICMP6_CODES: { readonly [K in UdpError]: readonly [type: number, code: number] } = {
  ECONNREFUSED: [1, 4],
  EHOSTUNREACH: [1, 3],
  ENETUNREACH: [1, 0],
  ENETDOWN: [1, 0],
  EMSGSIZE: [2, 0],
}
