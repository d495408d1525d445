import { packets } from '@tapwire/stack'
import { describe, expect, it } from 'vitest'
import { MODERN, Script } from '../../stack/test/tcp/script.ts'
import {
  AF_INET,
  AF_INET6,
  createSockets,
  IP_MTU,
  IP_MTU_DISCOVER,
  IP_PMTUDISC_DONT,
  IP_PMTUDISC_WANT,
  IP_RECVERR,
  IP_TOS,
  IP_TTL,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPV6_TCLASS,
  IPV6_UNICAST_HOPS,
  IPV6_V6ONLY,
  type OptionValue,
  POLLERR,
  POLLIN,
  POLLOUT,
  SIOCINQ,
  SIOCOUTQ,
  SIOCOUTQNSD,
  SO_ACCEPTCONN,
  SO_ERROR,
  SO_KEEPALIVE,
  SO_LINGER,
  SO_OOBINLINE,
  SO_RCVBUF,
  SO_RCVLOWAT,
  SO_RCVTIMEO,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SO_SNDBUF,
  SO_SNDTIMEO,
  SO_TYPE,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_IP,
  SOL_SOCKET,
  SOL_TCP,
  SocketError,
  type Sockets,
  TCP_CA_Open,
  TCP_CONGESTION,
  TCP_CORK,
  TCP_DEFER_ACCEPT,
  TCP_ESTABLISHED,
  TCP_FASTOPEN,
  TCP_FASTOPEN_CONNECT,
  TCP_INFO,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_LINGER2,
  TCP_MAXSEG,
  TCP_NODELAY,
  TCP_NOTSENT_LOWAT,
  TCP_QUICKACK,
  TCP_SYNCNT,
  TCP_USER_TIMEOUT,
  TCP_WINDOW_CLAMP,
  TCPI_OPT_SACK,
  TCPI_OPT_TIMESTAMPS,
  TCPI_OPT_WSCALE,
  type TcpInfoStruct,
} from '../src/index.ts'

/** One end of a wire, and a table of descriptors at the other. */
class Wire extends Script {
  readonly sockets: Sockets = createSockets(this.stack)
  readonly fd: number = this.sockets.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK)

  set(level: number, name: number, value: OptionValue): this {
    this.sockets.setsockopt(this.fd, level, name, value)
    return this
  }

  get(level: number, name: number, fd = this.fd): OptionValue {
    return this.sockets.getsockopt(fd, level, name)
  }

  info(fd = this.fd): TcpInfoStruct {
    return this.sockets.getsockopt(fd, SOL_TCP, TCP_INFO) as TcpInfoStruct
  }

  /** Sends the SYN. */
  open(): this {
    this.sockets.bind(this.fd, { family: AF_INET, address: '10.0.0.1', port: 7 })
    expect(
      code(() => this.sockets.connect(this.fd, { family: AF_INET, address: '10.0.0.2', port: 5000 })),
    ).toBe('EINPROGRESS')
    return this
  }

  /** The handshake, the socket opening. @param win of the peer */
  opened(options: packets.TcpOption[] = [{ name: 'mss', value: 1460 }], win = 65_535): this {
    this.open().expect({ flags: 'S' })
    this.send({ flags: 'SA', seq: 0, ack: 1, options, win })
    const ack = this.next()
    expect(ack.flags).toBe('A')
    this.noteTimestamps(ack)
    return this
  }

  get header(): packets.DecodedFrame {
    return packets.decodePacket(this.device.sent.at(-1)!.bytes)
  }
}

function code(call: () => unknown): string {
  try {
    call()
  } catch (error) {
    expect(error).toBeInstanceOf(SocketError)
    return (error as SocketError).code
  }
  return 'none'
}

describe('getsockopt gives what setsockopt was told', () => {
  // As Linux 6.18 answers: level, name, what it is at first, what is set, what it is then.
  it.each<[string, number, number, OptionValue, OptionValue, OptionValue]>([
    ['SO_REUSEADDR', SOL_SOCKET, SO_REUSEADDR, 0, 7, 1],
    ['SO_REUSEPORT', SOL_SOCKET, SO_REUSEPORT, 0, 1, 1],
    ['SO_KEEPALIVE', SOL_SOCKET, SO_KEEPALIVE, 0, 1, 1],
    ['SO_OOBINLINE', SOL_SOCKET, SO_OOBINLINE, 0, 1, 1],
    ['SO_RCVLOWAT 0 is 1', SOL_SOCKET, SO_RCVLOWAT, 1, 0, 1],
    ['SO_RCVLOWAT', SOL_SOCKET, SO_RCVLOWAT, 1, 50, 50],
    [
      'SO_LINGER',
      SOL_SOCKET,
      SO_LINGER,
      { onoff: 0, linger: 0 },
      { onoff: 1, linger: 5 },
      { onoff: 1, linger: 5 },
    ],
    ['SO_RCVTIMEO', SOL_SOCKET, SO_RCVTIMEO, { sec: 0, usec: 0 }, { sec: 1, usec: 5 }, { sec: 1, usec: 5 }],
    ['SO_SNDTIMEO', SOL_SOCKET, SO_SNDTIMEO, { sec: 0, usec: 0 }, { sec: 0, usec: 9 }, { sec: 0, usec: 9 }],
    ['SO_SNDBUF doubled', SOL_SOCKET, SO_SNDBUF, 131_072, 10_000, 20_000],
    ['SO_SNDBUF at least', SOL_SOCKET, SO_SNDBUF, 131_072, 1, 4608],
    ['SO_SNDBUF at most', SOL_SOCKET, SO_SNDBUF, 131_072, 1e9, 8_388_608],
    ['SO_RCVBUF doubled', SOL_SOCKET, SO_RCVBUF, 131_072, 5000, 10_000],
    ['SO_RCVBUF at least', SOL_SOCKET, SO_RCVBUF, 131_072, 1, 2304],
    ['TCP_NODELAY', SOL_TCP, TCP_NODELAY, 0, 1, 1],
    ['TCP_CORK', SOL_TCP, TCP_CORK, 0, 1, 1],
    ['TCP_KEEPIDLE', SOL_TCP, TCP_KEEPIDLE, 7200, 10, 10],
    ['TCP_KEEPINTVL', SOL_TCP, TCP_KEEPINTVL, 75, 10, 10],
    ['TCP_KEEPCNT', SOL_TCP, TCP_KEEPCNT, 9, 3, 3],
    ['TCP_SYNCNT', SOL_TCP, TCP_SYNCNT, 6, 3, 3],
    ['TCP_LINGER2', SOL_TCP, TCP_LINGER2, 60, 5, 5],
    ['TCP_LINGER2 off', SOL_TCP, TCP_LINGER2, 60, -7, -1],
    ['TCP_LINGER2 at most', SOL_TCP, TCP_LINGER2, 60, 200, 120],
    ['TCP_DEFER_ACCEPT in whole timeouts', SOL_TCP, TCP_DEFER_ACCEPT, 0, 5, 7],
    ['TCP_WINDOW_CLAMP', SOL_TCP, TCP_WINDOW_CLAMP, 0, 10_000, 10_000],
    ['TCP_WINDOW_CLAMP at least', SOL_TCP, TCP_WINDOW_CLAMP, 0, 5, 1152],
    ['TCP_MAXSEG', SOL_TCP, TCP_MAXSEG, 536, 1000, 1000],
    ['TCP_USER_TIMEOUT', SOL_TCP, TCP_USER_TIMEOUT, 0, 3000, 3000],
    ['TCP_CONGESTION', SOL_TCP, TCP_CONGESTION, 'cubic', 'reno', 'reno'],
    ['TCP_QUICKACK', SOL_TCP, TCP_QUICKACK, 1, 0, 0],
    ['TCP_FASTOPEN', SOL_TCP, TCP_FASTOPEN, 0, 5, 5],
    ['TCP_FASTOPEN_CONNECT', SOL_TCP, TCP_FASTOPEN_CONNECT, 0, 1, 1],
    ['TCP_NOTSENT_LOWAT', SOL_TCP, TCP_NOTSENT_LOWAT, 0, 4000, 4000],
    ['IP_TOS without the bits of ECN', SOL_IP, IP_TOS, 0, 0x2b, 0x28],
    ['IP_TTL', SOL_IP, IP_TTL, 64, 5, 5],
    ['IP_TTL -1 gives it back', SOL_IP, IP_TTL, 64, -1, 64],
    ['IP_MTU_DISCOVER', SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_WANT, IP_PMTUDISC_DONT, IP_PMTUDISC_DONT],
    ['IP_RECVERR', SOL_IP, IP_RECVERR, 0, 1, 1],
  ])('%s', (_, level, name, first, value, then) => {
    const wire = new Wire()
    expect(wire.get(level, name)).toEqual(first)
    expect(wire.set(level, name, value).get(level, name)).toEqual(then)
  })

  it.each<[string, number, number, OptionValue, string]>([
    ['TCP_KEEPIDLE 0', SOL_TCP, TCP_KEEPIDLE, 0, 'EINVAL'],
    ['TCP_KEEPCNT 128', SOL_TCP, TCP_KEEPCNT, 128, 'EINVAL'],
    ['TCP_SYNCNT 0', SOL_TCP, TCP_SYNCNT, 0, 'EINVAL'],
    ['TCP_MAXSEG 50', SOL_TCP, TCP_MAXSEG, 50, 'EINVAL'],
    ['TCP_USER_TIMEOUT -1', SOL_TCP, TCP_USER_TIMEOUT, -1, 'EINVAL'],
    ['TCP_CONGESTION unknown', SOL_TCP, TCP_CONGESTION, 'nosuch', 'ENOENT'],
    ['IP_TTL 0', SOL_IP, IP_TTL, 0, 'EINVAL'],
    ['IP_TTL 256', SOL_IP, IP_TTL, 256, 'EINVAL'],
    ['SO_TYPE', SOL_SOCKET, SO_TYPE, 1, 'ENOPROTOOPT'],
    ['SO_RCVTIMEO a whole second of µs', SOL_SOCKET, SO_RCVTIMEO, { sec: 0, usec: 1_000_000 }, 'EDOM'],
    ['an unknown name', SOL_TCP, 9999, 1, 'ENOPROTOOPT'],
    ['an unknown level', 77, 1, 1, 'ENOPROTOOPT'],
    ['a level of IPv6 on IPv4', IPPROTO_IPV6, IPV6_TCLASS, 1, 'ENOPROTOOPT'],
    ['no number', SOL_TCP, TCP_NODELAY, 'yes', 'EINVAL'],
  ])('setsockopt %s fails', (_, level, name, value, error) => {
    expect(code(() => new Wire().set(level, name, value))).toBe(error)
  })

  it('IPv6 has its own names for the same', () => {
    const { sockets } = new Wire()
    const fd = sockets.socket(AF_INET6, SOCK_STREAM)
    const values = [IPV6_UNICAST_HOPS, IPV6_TCLASS, IPV6_V6ONLY].map((name, i) => {
      sockets.setsockopt(fd, IPPROTO_IPV6, name, [9, 0x20, 1][i] as number)
      return sockets.getsockopt(fd, IPPROTO_IPV6, name)
    })
    expect(values).toEqual([9, 0x20, 1])
  })
})

describe('options show on the wire', () => {
  it('IP_TTL, IP_TOS, IP_MTU_DISCOVER from the SYN on', () => {
    const wire = new Wire()
      .set(SOL_IP, IP_TTL, 7)
      .set(SOL_IP, IP_TOS, 0x2b)
      .set(SOL_IP, IP_MTU_DISCOVER, 0)
      .open()
    // The two low bits are ECN's.
    expect(wire.header).toMatchObject({ ipv4: { ttl: 7, tos: 0x28, dontFragment: false } })
  })

  it('TCP_MAXSEG, SO_RCVBUF and TCP_WINDOW_CLAMP in the SYN', () => {
    const wire = new Wire().set(SOL_TCP, TCP_MAXSEG, 900).set(SOL_SOCKET, SO_RCVBUF, 8000).open()
    wire.expect({ win: 8000 })
    const clamped = new Wire().set(SOL_TCP, TCP_WINDOW_CLAMP, 6000).open()
    clamped.expect({ win: 6000 })
  })

  it('TCP_NODELAY sends what Nagle holds; TCP_CORK holds what is short', () => {
    const wire = new Wire().opened()
    wire.sockets.write(wire.fd, 10)
    wire.sockets.write(wire.fd, 10)
    wire.expect({ length: 10 }).silence()
    wire.set(SOL_TCP, TCP_NODELAY, 1).expect({ length: 10 })
    wire.set(SOL_TCP, TCP_CORK, 1)
    wire.sockets.write(wire.fd, 10)
    wire.silence().set(SOL_TCP, TCP_CORK, 0).expect({ length: 10 })
  })

  it('TCP_DEFER_ACCEPT: the listener is readable when data is there', () => {
    const wire = new Wire()
    const { sockets, fd } = wire
    wire.set(SOL_TCP, TCP_DEFER_ACCEPT, 5)
    sockets.bind(fd, { family: AF_INET, address: '0.0.0.0', port: 7 })
    sockets.listen(fd, 1)
    expect(wire.get(SOL_SOCKET, SO_ACCEPTCONN)).toBe(1)
    wire.send({ flags: 'S' }).expect({ flags: 'SA' }).send({ flags: 'A', seq: 1, ack: 1 })
    expect(code(() => sockets.accept(fd))).toBe('EAGAIN')
    wire.send({ flags: 'PA', seq: 1, ack: 1, data: 3 })
    expect(sockets.read(sockets.accept(fd) as number, 9)).toBe(3)
  })

  it('TCP_LINGER2 below 0: RST instead of FIN-WAIT-2', () => {
    const wire = new Wire().opened().set(SOL_TCP, TCP_LINGER2, -1)
    wire.sockets.close(wire.fd)
    wire.expect({ flags: 'FA' }).send({ flags: 'A', seq: 1, ack: 2 }).expect({ flags: 'RA' })
  })

  it('TCP_USER_TIMEOUT: ETIMEDOUT after so many ms without an answer', () => {
    const wire = new Wire().opened().set(SOL_TCP, TCP_USER_TIMEOUT, 2000)
    wire.sockets.write(wire.fd, 10)
    wire.wait(10_000).skip()
    expect(code(() => wire.sockets.read(wire.fd, 1))).toBe('ETIMEDOUT')
  })

  it('accepted sockets have the options of their listener, but not O_NONBLOCK', () => {
    const wire = new Wire()
      .set(SOL_TCP, TCP_NODELAY, 1)
      .set(SOL_SOCKET, SO_SNDBUF, 5000)
      .set(SOL_IP, IP_TTL, 3)
    const { sockets, fd } = wire
    sockets.bind(fd, { family: AF_INET, address: '0.0.0.0', port: 7 })
    sockets.listen(fd, 1)
    wire.send({ flags: 'S', options: MODERN })
    wire.noteTimestamps(wire.next())
    expect(wire.header).toMatchObject({ ipv4: { ttl: 3 } })
    wire.send({ flags: 'A', seq: 1, ack: 1 })
    const accepted = sockets.accept(fd) as number
    expect(wire.get(SOL_TCP, TCP_NODELAY, accepted)).toBe(1)
    expect(wire.get(SOL_SOCKET, SO_SNDBUF, accepted)).toBe(10_000)
    expect(sockets.fcntl(accepted, 3)).toBe(2)
  })
})

describe('what a connection tells', () => {
  it('SIOCINQ, SIOCOUTQ, SIOCOUTQNSD count bytes to read, unacknowledged and unsent', () => {
    const wire = new Wire().opened([{ name: 'mss', value: 1000 }], 2000)
    wire.sockets.write(wire.fd, 5000)
    wire.expect({ length: 1000 }, { length: 1000 })
    wire.send({ flags: 'PA', seq: 1, ack: 1001, win: 1000, data: 70 })
    const asked = [SIOCINQ, SIOCOUTQ, SIOCOUTQNSD].map((request) => wire.sockets.ioctl(wire.fd, request))
    expect(asked).toEqual([70, 4000, 3000])
  })

  it('TCP_INFO in the units of Linux: µs and segments', () => {
    const wire = new Wire()
    wire.open().expect({ flags: 'S' }).wait(100)
    wire.send({ flags: 'SA', seq: 0, ack: 1, options: MODERN })
    wire.noteTimestamps(wire.next())
    const first = wire.info()
    expect(first).toMatchObject({
      tcpi_state: TCP_ESTABLISHED,
      tcpi_ca_state: TCP_CA_Open,
      tcpi_options: TCPI_OPT_TIMESTAMPS | TCPI_OPT_SACK | TCPI_OPT_WSCALE,
      tcpi_rtt: 100_000,
      tcpi_rttvar: 50_000,
      tcpi_rto: 300_000,
      tcpi_ato: 40_000,
      tcpi_snd_cwnd: 10,
      tcpi_snd_ssthresh: 0x7fff_ffff,
      tcpi_snd_mss: 1448,
      tcpi_advmss: 1448,
      tcpi_unacked: 0,
      tcpi_reordering: 3,
      tcpi_min_rtt: 100_000,
      tcpi_pmtu: 1500,
      tcpi_rcv_wscale: 7,
    })
    wire.sockets.write(wire.fd, 3 * 1448 + 10)
    expect(wire.info()).toMatchObject({
      tcpi_unacked: 4,
      tcpi_data_segs_out: 4,
      tcpi_bytes_sent: 4354,
      tcpi_notsent_bytes: 0,
    })
    wire.skip().wait(2000)
    const lost = wire.info()
    expect(lost.tcpi_ca_state).toBe(4)
    expect(lost.tcpi_lost).toBeGreaterThan(0)
    expect(lost.tcpi_snd_cwnd).toBe(1)
    expect(lost.tcpi_total_retrans).toBeGreaterThan(0)
    expect(lost.tcpi_backoff).toBe(lost.tcpi_retransmits)
    for (const [name, value] of Object.entries(lost)) expect(Number.isFinite(value), name).toBe(true)
  })

  it('SO_ERROR gives an error once; an ICMP error of a connection is a soft one, and with IP_RECVERR a hard one', () => {
    for (const receives of [0, 1]) {
      const wire = new Wire().set(SOL_IP, IP_RECVERR, receives).opened()
      wire.sockets.write(wire.fd, 10)
      const quote = wire.device.sent.at(-1)!.bytes.subarray(0, 28)
      wire.device.receive(
        packets.buildFrame({
          ipv4: { source: Uint8Array.of(10, 0, 0, 9), destination: Uint8Array.of(10, 0, 0, 1) },
          icmpv4: { type: 3, code: 1, body: quote },
        }),
      )
      const poll = { fd: wire.fd, events: POLLIN | POLLOUT, revents: 0 }
      wire.sockets.poll([poll], 0)
      expect((poll.revents & POLLERR) !== 0).toBe(receives === 1)
      expect(wire.get(SOL_SOCKET, SO_ERROR)).toBe(113)
      expect(wire.get(SOL_SOCKET, SO_ERROR)).toBe(0)
    }
  })

  it('IP_MTU: ENOTCONN without a connection', () => {
    const wire = new Wire()
    expect(code(() => wire.get(SOL_IP, IP_MTU))).toBe('ENOTCONN')
    expect(wire.opened().get(IPPROTO_TCP, TCP_MAXSEG)).toBe(1460)
    expect(wire.get(SOL_IP, IP_MTU)).toBe(1500)
  })
})
