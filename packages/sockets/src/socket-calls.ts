import type { Stack } from '@tapwire/stack'
import type {
  ControlMessage,
  EpollEvent,
  Incoming,
  MessageHeader,
  OptionValue,
  Outgoing,
  PollFd,
  Received,
  Result,
  SocketAddress,
  Sockets,
  SocketsOptions,
} from './api.ts'
import { Bindings } from './bindings.ts'
import { Sink, Source } from './buffers.ts'
import {
  AF_INET,
  AF_INET6,
  EPOLL_CLOEXEC,
  IPPROTO_TCP,
  IPPROTO_UDP,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_TCP,
  TCP_CM_INQ,
} from './constants.ts'
import { DatagramSocket } from './datagram-socket.ts'
import { Descriptors } from './descriptors.ts'
import { EpollFile } from './epoll.ts'
import { asSocketError, SocketError } from './errno.ts'
import type { OpenFile, SocketFile } from './file.ts'
import { control, request } from './file-control.ts'
import { getOption, setOption } from './options.ts'
import { pollFiles } from './poll.ts'
import { acceptFrom, listenOn } from './stream-accept.ts'
import { lingerOn } from './stream-ending.ts'
import { readStream } from './stream-read.ts'
import { StreamSocket } from './stream-socket.ts'
import { writeStream } from './stream-write.ts'
import { Waiting } from './waiting.ts'

const TYPE_FLAGS = SOCK_NONBLOCK | SOCK_CLOEXEC
const DEFAULT_DESCRIPTORS = 1024

/** Finds whom a call is for, and gives errors their name. */
export class SocketCalls implements Sockets {
  readonly #stack: Stack
  readonly #files: Descriptors
  readonly #bindings: Bindings
  readonly #waiting: Waiting
  readonly #sigpipe: (fd: number) => void

  constructor(stack: Stack, { maxDescriptors = DEFAULT_DESCRIPTORS, onSigpipe = () => {} }: SocketsOptions) {
    if (!Number.isInteger(maxDescriptors) || maxDescriptors < 4 || maxDescriptors > 1_048_576) {
      throw new RangeError(
        `'maxDescriptors' must be an integer from 4 to 1048576. Received ${maxDescriptors}`,
      )
    }
    this.#stack = stack
    this.#files = new Descriptors(maxDescriptors)
    this.#bindings = new Bindings(stack)
    this.#waiting = new Waiting(stack.clock)
    this.#sigpipe = onSigpipe
  }

  get size(): number {
    return this.#files.size
  }

  socket(domain: number, type: number, protocol = 0): number {
    return this.#call('socket', () => {
      const kind = type & ~TYPE_FLAGS
      if (domain !== AF_INET && domain !== AF_INET6) throw new SocketError('EAFNOSUPPORT')
      if (kind !== SOCK_STREAM && kind !== SOCK_DGRAM) {
        throw new SocketError(kind > 0 && kind < 11 ? 'ESOCKTNOSUPPORT' : 'EINVAL')
      }
      const fitting = kind === SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP
      if (protocol !== 0 && protocol !== fitting) throw new SocketError('EPROTONOSUPPORT')
      this.#files.place()
      const socket =
        kind === SOCK_STREAM
          ? new StreamSocket(this.#waiting, this.#stack, this.#bindings, domain, fitting)
          : new DatagramSocket(this.#waiting, this.#stack, domain, fitting)
      return this.#add(socket, type)
    })
  }

  bind(fd: number, address: SocketAddress): 0 {
    return this.#call('bind', () => done(this.#socket(fd).bind(address)))
  }

  listen(fd: number, backlog: number): 0 {
    return this.#call('listen', () => done(listenOn(this.#stream(fd), backlog)))
  }

  accept(fd: number): Result<number> {
    return this.#call('accept', () => this.#accept(fd, 0))
  }

  accept4(fd: number, flags: number): Result<number> {
    return this.#call('accept4', () => {
      if ((flags & ~TYPE_FLAGS) !== 0) throw new SocketError('EINVAL')
      return this.#accept(fd, flags)
    })
  }

  connect(fd: number, address: SocketAddress): Result<0> {
    return this.#call('connect', () => this.#socket(fd).connect(address))
  }

  read(fd: number, into: Incoming): Result<number> {
    return this.#call('read', () => this.#readAll(fd, [into]))
  }

  readv(fd: number, into: readonly Incoming[]): Result<number> {
    return this.#call('readv', () => this.#readAll(fd, into))
  }

  write(fd: number, bytes: Outgoing): Result<number> {
    return this.#call('write', () => this.#send(fd, [bytes], 0, null))
  }

  writev(fd: number, bytes: readonly Outgoing[]): Result<number> {
    return this.#call('writev', () => this.#send(fd, bytes, 0, null))
  }

  send(fd: number, bytes: Outgoing, flags = 0): Result<number> {
    return this.#call('send', () => this.#send(fd, [bytes], flags, null))
  }

  sendto(fd: number, bytes: Outgoing, flags: number, to: SocketAddress | null = null): Result<number> {
    return this.#call('sendto', () => this.#send(fd, [bytes], flags, to))
  }

  sendmsg(fd: number, message: MessageHeader, flags = 0): Result<number> {
    return this.#call('sendmsg', () => this.#send(fd, message.iov, flags, message.name ?? null))
  }

  recv(fd: number, into: Incoming, flags = 0): Result<number> {
    return this.#call('recv', () => this.#receive(fd, [into], flags, {}))
  }

  recvfrom(fd: number, into: Incoming, flags = 0): Result<Received> {
    return this.#call('recvfrom', () => {
      const told: Told = {}
      const length = this.#receive(fd, [into], flags, told)
      const received = (bytes: number): Received => ({ length: bytes, address: told.name ?? null })
      return typeof length === 'number' ? received(length) : this.#waiting.map(length, received)
    })
  }

  recvmsg(fd: number, message: MessageHeader, flags = 0): Result<number> {
    return this.#call('recvmsg', () => {
      const told: Told = {}
      const socket = this.#socket(fd)
      const length = this.#receive(fd, message.iov, flags, told)
      const fill = (bytes: number): number => {
        message.name = told.name ?? null
        message.flags = told.flags ?? 0
        message.control = told.control ?? unreadMessages(socket)
        return bytes
      }
      return typeof length === 'number' ? fill(length) : this.#waiting.map(length, fill)
    })
  }

  shutdown(fd: number, how: number): 0 {
    return this.#call('shutdown', () => done(this.#socket(fd).shutdown(how)))
  }

  close(fd: number): Result<0> {
    return this.#call('close', () => {
      const file = this.#files.remove(fd)
      EpollFile.forget(file, fd)
      const lingering = file.references === 1 && file instanceof StreamSocket ? lingerOn(file) : 0
      if (--file.references === 0) file.release(true)
      return lingering
    })
  }

  poll(fds: readonly PollFd[], timeoutMs: number): Result<number> {
    return this.#call('poll', () => pollFiles(this.#waiting, (fd) => this.#files.find(fd), fds, timeoutMs))
  }

  fcntl(fd: number, command: number, argument = 0): number {
    return this.#call('fcntl', () => control(this.#files, fd, command, argument))
  }

  ioctl(fd: number, name: number, argument = 0): number {
    return this.#call('ioctl', () => request(this.#files.get(fd), name, argument))
  }

  getsockopt(fd: number, level: number, name: number): OptionValue {
    return this.#call('getsockopt', () => getOption(this.#socket(fd), level, name))
  }

  setsockopt(fd: number, level: number, name: number, value: OptionValue): 0 {
    return this.#call('setsockopt', () => done(setOption(this.#socket(fd), level, name, value)))
  }

  getsockname(fd: number): SocketAddress {
    return this.#call('getsockname', () => this.#socket(fd).localName())
  }

  getpeername(fd: number): SocketAddress {
    return this.#call('getpeername', () => this.#socket(fd).peerName())
  }

  dup(fd: number): number {
    return this.#call('dup', () => this.#files.add(this.#files.get(fd), false))
  }

  epoll_create1(flags = 0): number {
    return this.#call('epoll_create1', () => {
      if ((flags & ~EPOLL_CLOEXEC) !== 0) throw new SocketError('EINVAL')
      return this.#files.add(new EpollFile(this.#waiting), (flags & EPOLL_CLOEXEC) !== 0)
    })
  }

  epoll_ctl(epfd: number, operation: number, fd: number, event?: EpollEvent): 0 {
    return this.#call('epoll_ctl', () => {
      const epoll = this.#files.get(epfd)
      const file = this.#files.get(fd)
      if (!(epoll instanceof EpollFile) || epoll === file) throw new SocketError('EINVAL')
      return done(epoll.control(operation, fd, file, event))
    })
  }

  epoll_wait(epfd: number, maxEvents: number, timeoutMs: number): Result<EpollEvent[]> {
    return this.#call('epoll_wait', () => {
      const epoll = this.#files.get(epfd)
      if (!(epoll instanceof EpollFile) || !(maxEvents > 0)) throw new SocketError('EINVAL')
      return epoll.wait(maxEvents, timeoutMs)
    })
  }

  closeAll(): void {
    this.#waiting.interrupt('EINTR')
    for (const fd of this.#files.numbers()) {
      const file = this.#files.remove(fd)
      EpollFile.forget(file, fd)
      if (--file.references === 0) file.release(false)
    }
  }

  #accept(fd: number, flags: number): Result<number> {
    const socket = this.#stream(fd)
    // Before anything is taken out of the queue.
    this.#files.place()
    return acceptFrom(socket, (accepted) => this.#add(accepted, flags))
  }

  #readAll(fd: number, into: readonly Incoming[]): Result<number> {
    const sink = new Sink(into)
    const socket = this.#socket(fd)
    // As System V has it: sockets of Linux do not even look.
    return sink.length === 0 ? 0 : receiveFrom(socket, sink, 0, {})
  }

  #receive(fd: number, into: readonly Incoming[], flags: number, told: Told): Result<number> {
    const socket = this.#socket(fd)
    return receiveFrom(socket, new Sink(into), flags, told)
  }

  #send(fd: number, bytes: readonly Outgoing[], flags: number, to: SocketAddress | null): Result<number> {
    const socket = this.#socket(fd)
    const source = new Source(bytes)
    if (socket instanceof StreamSocket) return writeStream(socket, source, flags, to, () => this.#sigpipe(fd))
    return socket.send(source, flags, to)
  }

  #add(socket: SocketFile, flags: number): number {
    socket.nonblocking = (flags & SOCK_NONBLOCK) !== 0
    try {
      return this.#files.add(socket, (flags & SOCK_CLOEXEC) !== 0)
    } catch (error) {
      socket.release(false)
      throw error
    }
  }

  #socket(fd: number): StreamSocket | DatagramSocket {
    const file: OpenFile = this.#files.get(fd)
    if (file instanceof StreamSocket || file instanceof DatagramSocket) return file
    throw new SocketError('ENOTSOCK')
  }

  #stream(fd: number): StreamSocket {
    const socket = this.#socket(fd)
    if (socket instanceof StreamSocket) return socket
    throw new SocketError('EOPNOTSUPP')
  }

  /** Every call goes through here: what it throws is a `SocketError` with the call's name. */
  #call<T>(name: string, body: () => T): T {
    const outer = this.#waiting.syscall
    this.#waiting.syscall = name
    try {
      return body()
    } catch (error) {
      throw asSocketError(error, name)
    } finally {
      this.#waiting.syscall = outer
    }
  }
}

/** What receiving tells beside the number of bytes. */
export interface Told {
  name?: SocketAddress | null
  flags?: number
  control?: ControlMessage[]
}

function receiveFrom(
  socket: StreamSocket | DatagramSocket,
  sink: Sink,
  flags: number,
  told: Told,
): Result<number> {
  if (socket instanceof StreamSocket) {
    return readStream(socket, sink, flags, (answer) => {
      told.flags = answer
    })
  }
  return socket.receive(sink, flags, told)
}

/** What TCP_INQ adds: the bytes that are left, or 1 where only the end is. */
function unreadMessages(socket: StreamSocket | DatagramSocket): ControlMessage[] {
  if (!(socket instanceof StreamSocket) || !socket.options.tellsUnread) return []
  const data = socket.inOrder === 0 && socket.done ? 1 : socket.inOrder
  return [{ level: SOL_TCP, type: TCP_CM_INQ, data }]
}

function done(_: unknown): 0 {
  return 0
}
