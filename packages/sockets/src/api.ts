import type { TcpInfoStruct } from './tcp-info.ts'

/** sockaddr_in and sockaddr_in6 in one: `AF_INET` with 'a.b.c.d', `AF_INET6` with '::1'. */
export interface SocketAddress {
  /** AF_INET, AF_INET6; AF_UNSPEC in `connect` dissolves an association. */
  readonly family: number
  readonly address: string
  readonly port: number
  /** `sin6_scope_id`: the interface's index, for link-local addresses. Default 0. */
  readonly scopeId?: number
}

/**
 * A call that waits: a promise, with what has become of it beside it, for programs that look instead of awaiting. A rejection that nobody
 * awaits is not reported to the host.
 */
export interface PendingCall<T> extends Promise<T> {
  readonly settled: boolean
  /** When it ended, in microseconds of the stack's clock; NaN while it has not. */
  readonly settledAt: number
  /** What it gave, once settled without error. */
  readonly value: T | undefined
  /** What it failed with. */
  readonly error: Error | undefined
}

/** What a call gives: at once where that is possible, else when it can be had. Errors are `SocketError`, thrown or rejected. */
export type Result<T> = T | PendingCall<T>

/** Bytes to be sent; a number stands for so many zeros. */
export type Outgoing = Uint8Array | number
/** Where received bytes go; a number takes so many and forgets them. */
export type Incoming = Uint8Array | number

export interface Linger {
  readonly onoff: number
  /** Seconds. */
  readonly linger: number
}

export interface TimeVal {
  readonly sec: number
  readonly usec: number
}

/** What `setsockopt` takes and `getsockopt` gives: numbers; SO_LINGER a `Linger`, SO_RCVTIMEO and SO_SNDTIMEO a `TimeVal`, TCP_CONGESTION its name, TCP_INFO a record. */
export type OptionValue = number | string | Linger | TimeVal | TcpInfoStruct

/** One of the messages that `recvmsg` gives beside the data. */
export interface ControlMessage {
  readonly level: number
  readonly type: number
  readonly data: number | ExtendedError
}

/** sock_extended_err, from the error queue (IP_RECVERR). */
export interface ExtendedError {
  readonly errno: number
  /** SO_EE_ORIGIN_ICMP, SO_EE_ORIGIN_ICMP6, SO_EE_ORIGIN_LOCAL. */
  readonly origin: number
  readonly type: number
  readonly code: number
  readonly info: number
  readonly data: number
}

/** msghdr. `recvmsg` fills in `name`, `flags` and `control`. */
export interface MessageHeader {
  name?: SocketAddress | null
  iov: readonly (Uint8Array | number)[]
  flags?: number
  control?: ControlMessage[]
}

export interface Received {
  /** Bytes; with MSG_TRUNC the datagram's whole length. */
  readonly length: number
  /** Where it came from; null on a stream. */
  readonly address: SocketAddress | null
}

export interface PollFd {
  readonly fd: number
  readonly events: number
  revents: number
}

export interface EpollEvent {
  readonly events: number
  readonly data: number
}

export interface SocketsOptions {
  /** Descriptors that may be open at a time (RLIMIT_NOFILE), 4 to 1,048,576; default 1,024. */
  readonly maxDescriptors?: number
  /** Is told of SIGPIPE: a write to what is shut down, without MSG_NOSIGNAL. Nothing else happens then but EPIPE. */
  readonly onSigpipe?: (fd: number) => void
}

/**
 * The calls of the BSD socket API over one stack: a process, as it were, with its table of descriptors. Named as in C, with errors as
 * `SocketError` instead of -1 and errno. Each may throw EBADF, ENOTSOCK, EINVAL, and what its manual page has.
 */
export interface Sockets {
  /** Descriptors that are open. */
  readonly size: number
  /** @throws EAFNOSUPPORT, EPROTONOSUPPORT, ESOCKTNOSUPPORT, EINVAL, EMFILE, ENOBUFS */
  socket(domain: number, type: number, protocol?: number): number
  /** @throws EADDRINUSE, EADDRNOTAVAIL, EAFNOSUPPORT, EINVAL (bound already) */
  bind(fd: number, address: SocketAddress): 0
  /** @throws EADDRINUSE, EOPNOTSUPP, EINVAL (connected) */
  listen(fd: number, backlog: number): 0
  /** @throws EAGAIN, EINVAL (does not listen), EMFILE, EOPNOTSUPP */
  accept(fd: number): Result<number>
  /** @param flags SOCK_NONBLOCK, SOCK_CLOEXEC */
  accept4(fd: number, flags: number): Result<number>
  /** @throws EINPROGRESS, EALREADY, EISCONN, ECONNREFUSED, ETIMEDOUT, ENETUNREACH, EADDRNOTAVAIL, … */
  connect(fd: number, address: SocketAddress): Result<0>
  read(fd: number, into: Incoming): Result<number>
  write(fd: number, bytes: Outgoing): Result<number>
  readv(fd: number, into: readonly Incoming[]): Result<number>
  writev(fd: number, bytes: readonly Outgoing[]): Result<number>
  send(fd: number, bytes: Outgoing, flags?: number): Result<number>
  sendto(fd: number, bytes: Outgoing, flags: number, to?: SocketAddress | null): Result<number>
  sendmsg(fd: number, message: MessageHeader, flags?: number): Result<number>
  recv(fd: number, into: Incoming, flags?: number): Result<number>
  recvfrom(fd: number, into: Incoming, flags?: number): Result<Received>
  recvmsg(fd: number, message: MessageHeader, flags?: number): Result<number>
  /** @param how SHUT_RD, SHUT_WR, SHUT_RDWR @throws ENOTCONN */
  shutdown(fd: number, how: number): 0
  /** Waits only with SO_LINGER. */
  close(fd: number): Result<0>
  /** @param timeoutMs below 0 waits for ever, 0 not at all @returns how many have something in `revents` */
  poll(fds: readonly PollFd[], timeoutMs: number): Result<number>
  fcntl(fd: number, command: number, argument?: number): number
  ioctl(fd: number, request: number, argument?: number): number
  getsockopt(fd: number, level: number, name: number): OptionValue
  setsockopt(fd: number, level: number, name: number, value: OptionValue): 0
  getsockname(fd: number): SocketAddress
  getpeername(fd: number): SocketAddress
  dup(fd: number): number
  epoll_create1(flags?: number): number
  epoll_ctl(epfd: number, operation: number, fd: number, event?: EpollEvent): 0
  epoll_wait(epfd: number, maxEvents: number, timeoutMs: number): Result<EpollEvent[]>
  /** As when a process ends: every descriptor is closed, without lingering; calls that wait fail with EINTR. */
  closeAll(): void
}
