import { describe, expect, it } from 'vitest'
import {
  AF_UNSPEC,
  MSG_DONTWAIT,
  MSG_FASTOPEN,
  POLLIN,
  POLLOUT,
  POLLWRNORM,
  SOCK_NONBLOCK,
  SOL_TCP,
  TCP_FASTOPEN,
  TCP_FASTOPEN_CONNECT,
  TCP_INFO,
  TCP_LISTEN,
  TCPI_OPT_SYN_DATA,
  type TcpInfoStruct,
} from '../src/index.ts'
import { ANY, at, failure, finished, now, readText, tcp, text, type World, waits, world } from './support.ts'

/** A server that allows Fast Open. */
function server({ b }: World): number {
  const fd = tcp(b)
  b.sockets.setsockopt(fd, SOL_TCP, TCP_FASTOPEN, 5)
  b.sockets.bind(fd, { ...ANY, port: 80 })
  b.sockets.listen(fd, 5)
  return fd
}

/** A first connection, which brings the client the server's cookie. */
function withCookie(made: World, listener: number): void {
  const { a, b, clock } = made
  const fd = tcp(a)
  expect(finished(made, a.sockets.sendto(fd, text('first'), MSG_FASTOPEN, at(b, 80)))).toBe(5)
  clock.advance(20)
  expect(readText(b, now(b.sockets.accept(listener)))).toBe('first')
}

/** The listener does not know Fast Open any more: no cookie comes. */
function withoutCookie(made: World): void {
  const { a, b, clock } = made
  const sent = b.stack.tcp.counters.fastOpenCookiesSent
  finished(made, a.sockets.sendto(tcp(a), 3, MSG_FASTOPEN, at(b, 80)))
  clock.advance(20)
  expect(b.stack.tcp.counters.fastOpenCookiesSent).toBe(sent)
}

describe('sendto with MSG_FASTOPEN', () => {
  it('without a cookie waits for the handshake; without waiting it is EINPROGRESS, and the data is not taken', () => {
    const made = world()
    const { a, b, clock } = made
    const listener = server(made)
    const fd = tcp(a)
    expect(failure(made, () => a.sockets.sendto(fd, text('x'), MSG_FASTOPEN | MSG_DONTWAIT, at(b, 80)))).toBe(
      'EINPROGRESS',
    )
    expect(failure(made, () => a.sockets.sendto(fd, text('x'), MSG_FASTOPEN | MSG_DONTWAIT, at(b, 80)))).toBe(
      'EALREADY',
    )
    clock.advance(50)
    expect(now(a.sockets.connect(fd, at(b, 80)))).toBe(0)
    const accepted = now(b.sockets.accept(listener))
    expect(failure(made, () => b.sockets.recv(accepted, 9, MSG_DONTWAIT))).toBe('EAGAIN')
    expect(
      failure(made, () => a.sockets.sendto(fd, 1, MSG_FASTOPEN, { family: AF_UNSPEC, address: '', port: 0 })),
    ).toBe('EOPNOTSUPP')
  })

  it('with a cookie the data goes on the SYN, and the server reads it before the handshake is done', () => {
    const made = world()
    const { a, b, clock } = made
    const listener = server(made)
    withCookie(made, listener)
    const fd = tcp(a, SOCK_NONBLOCK)
    expect(now(a.sockets.sendto(fd, text('early'), MSG_FASTOPEN, at(b, 80)))).toBe(5)
    // One way of the cable.
    clock.advance(5)
    expect(readText(b, now(b.sockets.accept(listener)))).toBe('early')
    clock.advance(20)
    const info = a.sockets.getsockopt(fd, SOL_TCP, TCP_INFO) as TcpInfoStruct
    expect(info.tcpi_options & TCPI_OPT_SYN_DATA).toBe(TCPI_OPT_SYN_DATA)
  })

  it('more than a SYN carries: the rest follows once connected', () => {
    const made = world()
    const { a, b, clock } = made
    const listener = server(made)
    withCookie(made, listener)
    const fd = tcp(a)
    const call = waits(a.sockets.sendto(fd, 5000, MSG_FASTOPEN, at(b, 80)))
    expect(finished(made, call)).toBe(5000)
    clock.advance(50)
    const accepted = now(b.sockets.accept(listener))
    expect(now(b.sockets.read(accepted, 9000))).toBe(5000)
  })
})

describe('TCP_FASTOPEN_CONNECT', () => {
  it('connect is 0 at once with a cookie, EISCONN again, writable; the first write sends the SYN', () => {
    const made = world()
    const { a, b, clock } = made
    const listener = server(made)
    withCookie(made, listener)
    const fd = tcp(a, SOCK_NONBLOCK)
    a.sockets.setsockopt(fd, SOL_TCP, TCP_FASTOPEN_CONNECT, 1)
    expect(now(a.sockets.connect(fd, at(b, 80)))).toBe(0)
    expect(failure(made, () => a.sockets.connect(fd, at(b, 80)))).toBe('EISCONN')
    const poll = { fd, events: POLLIN | POLLOUT | POLLWRNORM, revents: 0 }
    now(a.sockets.poll([poll], 0))
    expect(poll.revents).toBe(POLLOUT | POLLWRNORM)
    const before = a.stack.tcp.counters.activeOpens
    clock.advance(50)
    expect(a.stack.tcp.counters.activeOpens).toBe(before)
    expect(now(a.sockets.write(fd, text('lazy')))).toBe(4)
    clock.advance(5)
    expect(readText(b, now(b.sockets.accept(listener)))).toBe('lazy')
  })

  it('without a cookie it asks for one, and connects as usual', () => {
    const made = world()
    const { a, b } = made
    const listener = server(made)
    const fd = tcp(a)
    a.sockets.setsockopt(fd, SOL_TCP, TCP_FASTOPEN_CONNECT, 1)
    expect(finished(made, waits(a.sockets.connect(fd, at(b, 80))))).toBe(0)
    expect(b.stack.tcp.counters.fastOpenCookiesSent).toBe(1)
    const info = b.sockets.getsockopt(listener, SOL_TCP, TCP_INFO) as TcpInfoStruct
    expect(info).toMatchObject({ tcpi_state: TCP_LISTEN, tcpi_sacked: 5 })
    b.sockets.setsockopt(listener, SOL_TCP, TCP_FASTOPEN, 0)
    withoutCookie(made)
  })

  it('closed before anything was written: nothing is sent', () => {
    const made = world()
    const { a, b } = made
    withCookie(made, server(made))
    const fd = tcp(a)
    a.sockets.setsockopt(fd, SOL_TCP, TCP_FASTOPEN_CONNECT, 1)
    const before = a.stack.tcp.counters.activeOpens
    expect(now(a.sockets.connect(fd, at(b, 80)))).toBe(0)
    now(a.sockets.close(fd))
    expect(a.stack.tcp.counters.activeOpens).toBe(before)
  })
})
