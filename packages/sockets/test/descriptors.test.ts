import { describe, expect, it } from 'vitest'
import {
  AF_INET,
  CONSTANTS,
  ERRNO,
  errnoName,
  errnoText,
  F_DUPFD,
  F_DUPFD_CLOEXEC,
  F_GETFD,
  F_GETFL,
  F_SETFD,
  F_SETFL,
  FD_CLOEXEC,
  FIONBIO,
  IPPROTO_TCP,
  IPPROTO_UDP,
  O_NONBLOCK,
  O_RDWR,
  SO_DOMAIN,
  SO_PROTOCOL,
  SO_TYPE,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  SocketError,
} from '../src/index.ts'
import { ANY, at, connected, failure, finished, listening, now, tcp, udp, world } from './support.ts'

describe('the table of descriptors', () => {
  it('gives the lowest free number from 3', () => {
    const { a } = world()
    expect([tcp(a), tcp(a), udp(a)]).toEqual([3, 4, 5])
    now(a.sockets.close(4))
    expect([tcp(a), tcp(a)]).toEqual([4, 6])
    expect(a.sockets.size).toBe(4)
  })

  it('is bounded: EMFILE from socket, dup and accept, which leaves the connection in its queue', () => {
    const made = world({}, { maxDescriptors: 5 })
    const { a, b, clock } = made
    const listener = listening(b)
    finished(made, a.sockets.connect(tcp(a), at(b, 80)))
    clock.advance(20)
    const other = tcp(b)
    expect(failure(made, () => tcp(b))).toBe('EMFILE')
    expect(failure(made, () => b.sockets.dup(listener))).toBe('EMFILE')
    expect(failure(made, () => b.sockets.accept(listener))).toBe('EMFILE')
    now(b.sockets.close(other))
    expect(now(b.sockets.accept(listener))).toBe(other)
  })

  it('EBADF for numbers that are not open, ENOTSOCK for what is no socket', () => {
    const made = world()
    const { sockets } = made.a
    for (const fd of [0, 3, -1, 1.5, Number.NaN, 1e9])
      expect(failure(made, () => sockets.read(fd, 1))).toBe('EBADF')
    expect(failure(made, () => sockets.close(3))).toBe('EBADF')
    expect(failure(made, () => sockets.read(sockets.epoll_create1(), 1))).toBe('ENOTSOCK')
  })

  it('dup: one socket under two numbers, closed with the last', () => {
    const made = world()
    const { client, server } = connected(made)
    const { a, b, clock } = made
    const twin = a.sockets.dup(client)
    now(a.sockets.close(client))
    expect(now(a.sockets.write(twin, 3))).toBe(3)
    clock.advance(20)
    expect(now(b.sockets.read(server, 9))).toBe(3)
    now(a.sockets.close(twin))
    clock.advance(20)
    expect(now(b.sockets.read(server, 9))).toBe(0)
  })

  it('fcntl and ioctl: F_GETFL, F_SETFL, F_DUPFD, FD_CLOEXEC, FIONBIO', () => {
    const made = world()
    const { a } = made
    const fd = a.sockets.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC)
    expect(a.sockets.fcntl(fd, F_GETFL)).toBe(O_RDWR | O_NONBLOCK)
    expect(a.sockets.fcntl(fd, F_GETFD)).toBe(FD_CLOEXEC)
    a.sockets.fcntl(fd, F_SETFL, 0)
    a.sockets.fcntl(fd, F_SETFD, 0)
    expect([a.sockets.fcntl(fd, F_GETFL), a.sockets.fcntl(fd, F_GETFD)]).toEqual([O_RDWR, 0])
    expect(a.sockets.fcntl(fd, F_DUPFD, 10)).toBe(10)
    expect(a.sockets.fcntl(fd, F_DUPFD_CLOEXEC, 10)).toBe(11)
    expect(a.sockets.fcntl(11, F_GETFD)).toBe(FD_CLOEXEC)
    a.sockets.ioctl(fd, FIONBIO, 1)
    // The flag is the socket's, not the number's.
    expect(a.sockets.fcntl(10, F_GETFL)).toBe(O_RDWR | O_NONBLOCK)
    expect(failure(made, () => a.sockets.fcntl(fd, 99))).toBe('EINVAL')
    expect(failure(made, () => a.sockets.ioctl(fd, 99))).toBe('ENOTTY')
  })

  it('socket: EAFNOSUPPORT, ESOCKTNOSUPPORT, EINVAL, EPROTONOSUPPORT', () => {
    const made = world()
    const { sockets } = made.a
    expect(failure(made, () => sockets.socket(1, SOCK_STREAM))).toBe('EAFNOSUPPORT')
    expect(failure(made, () => sockets.socket(AF_INET, 3))).toBe('ESOCKTNOSUPPORT')
    expect(failure(made, () => sockets.socket(AF_INET, 99))).toBe('EINVAL')
    expect(failure(made, () => sockets.socket(AF_INET, SOCK_STREAM, IPPROTO_UDP))).toBe('EPROTONOSUPPORT')
    const fd = sockets.socket(AF_INET, SOCK_STREAM, IPPROTO_TCP)
    const asked = [SO_TYPE, SO_DOMAIN, SO_PROTOCOL].map((name) => sockets.getsockopt(fd, SOL_SOCKET, name))
    expect(asked).toEqual([SOCK_STREAM, AF_INET, IPPROTO_TCP])
    expect(sockets.getsockopt(udp(made.a), SOL_SOCKET, SO_TYPE)).toBe(SOCK_DGRAM)
  })

  it('a failed accept, bind or connect leaves nothing behind', () => {
    const made = world()
    const { a, b } = made
    const fd = tcp(a)
    expect(failure(made, () => a.sockets.bind(fd, { ...ANY, address: '10.9.9.9' }))).toBe('EADDRNOTAVAIL')
    expect(failure(made, () => a.sockets.connect(fd, { ...at(b, 80), address: '192.0.2.1' }))).toBe(
      'ENETUNREACH',
    )
    expect(a.stack.tcp.sizes.connections).toBe(0)
  })
})

describe('errors and constants', () => {
  it('have Linux numbers and names, both ways', () => {
    expect([ERRNO.EAGAIN, ERRNO.ECONNRESET, ERRNO.EINPROGRESS]).toEqual([11, 104, 115])
    expect(errnoName(110)).toBe('ETIMEDOUT')
    expect(errnoName(9999)).toBeUndefined()
    expect(errnoText('EPIPE')).toBe('Broken pipe')
    expect(new SocketError('EPIPE', 'write').message).toBe('write: EPIPE: Broken pipe')
    for (const [name, value] of Object.entries(CONSTANTS)) expect(value, name).toBeTypeOf('number')
  })

  it('onSigpipe is told of EPIPE, unless MSG_NOSIGNAL asks for silence', () => {
    const signals: number[] = []
    const made = world({}, { onSigpipe: (fd) => signals.push(fd) })
    const fd = tcp(made.a)
    expect(failure(made, () => made.a.sockets.write(fd, 1))).toBe('EPIPE')
    expect(failure(made, () => made.a.sockets.send(fd, 1, CONSTANTS.MSG_NOSIGNAL))).toBe('EPIPE')
    expect(signals).toEqual([fd])
  })
})
