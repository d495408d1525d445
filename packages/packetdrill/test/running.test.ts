import { packets, pcapng } from '@tapwire/stack'
import { describe, expect, it } from 'vitest'
import { failure, problem, run, SERVER } from './support.ts'

const VERSIONS = ['ipv4', 'ipv6', 'ipv4-mapped-ipv6'] as const

describe('time', () => {
  // A datagram is answered by nothing, so that only the times differ.
  const UDP = `0 socket(..., SOCK_DGRAM, IPPROTO_UDP) = 3
+0 bind(3, ..., ...) = 0
+0 connect(3, ..., ...) = 0
`

  it('absolute: since the beginning', () => {
    expect(
      run(`${UDP}.5 write(3, ..., 1) = 1\n.5 > udp (1)\n2 write(3, ..., 1) = 1\n2 > udp (1)`),
    ).toMatchObject({
      passed: true,
      seconds: 2,
    })
  })

  it('relative: since the time that the script gave the event before', () => {
    // The second packet is 3 ms early by the script; what follows counts from the script's time all the same.
    const text = `${UDP}+1 write(3, ..., 1) = 1\n+.003 > udp (1)\n+1 write(3, ..., 1) = 1\n2.003 > udp (1)\n`
    expect(run(text)).toMatchObject({ passed: true, seconds: 2.003 })
  })

  it('relative to an event whose time was left open: since it happened', () => {
    for (const open of ['*', '+0~+5', '0~10']) {
      const text = `${UDP}+1 write(3, ..., 1) = 1\n${open} > udp (1)\n+1 write(3, ..., 1) = 1\n2 > udp (1)`
      expect(run(text), open).toMatchObject({ passed: true, seconds: 2 })
    }
  })

  it('a range: at both ends, and not beyond', () => {
    const sent = (range: string): string | undefined =>
      failureOf(
        `--tolerance_usecs=0\n--tolerance_percent=0\n${UDP}1 write(3, ..., 1) = 1\n${range} > udp (1)`,
      )
    expect(sent('1~2')).toBeUndefined()
    expect(sent('.5~1')).toBeUndefined()
    expect(sent('1.001~2')).toBe('the packet was sent 1 ms too early')
    expect(sent('.5~.999')).toBe('the packet was sent 1 ms too late')
  })

  it('tolerance: 4 ms, or an eighth of the time since the last event', () => {
    const early = (by: string): string | undefined =>
      failureOf(`${UDP}1 write(3, ..., 1) = 1\n+${by} > udp (1)`)
    expect(early('.004')).toBeUndefined()
    expect(early('.0047')).toBe('the packet was sent 4.7 ms too early')
    const slow = `${SERVER}+0 write(4, ..., 10) = 10\n+0 > P. 1:11(10) ack 1\n`
    // The retransmission comes after 200 ms at least: an eighth of a second off a script that says 1 s later.
    expect(failureOf(`${slow}+0~+3 > P. 1:11(10) ack 1`)).toBeUndefined()
    expect(failureOf(`--tolerance_usecs=5000000\n${slow}+0 > P. 1:11(10) ack 1`)).toBeUndefined()
    expect(failureOf(`--tolerance_percent=0\n${UDP}1 write(3, ..., 1) = 1\n+.0041 > udp (1)`)).toBe(
      'the packet was sent 4.1 ms too early',
    )
  })

  it('exact: none at all', () => {
    expect(failureOf(`--exact\n${UDP}1 write(3, ..., 1) = 1\n+0 > udp (1)`)).toBeUndefined()
    expect(failureOf(`--exact\n${UDP}1 write(3, ..., 1) = 1\n+.000001 > udp (1)`)).toBe(
      'the packet was sent 0.001 ms too early',
    )
  })

  it('an hour passes at once', () => {
    const began = performance.now()
    expect(run(`${UDP}3600 write(3, ..., 1) = 1\n3600 > udp (1)`)).toMatchObject({
      passed: true,
      seconds: 3600,
    })
    expect(performance.now() - began).toBeLessThan(5000)
  })

  it('a script goes before the timers of its instant', () => {
    const text = `0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0
+0 connect(3, ..., ...) = -1 EINPROGRESS
+0 > S 0:0(0) <...>
1 < S. 0:0(0) ack 1 win 1000 <mss 1000>
+0 > . 1:1(0) ack 1
`
    expect(problem(`--exact\n${text}+0 close(3) = 0`)).toBeUndefined()
  })
})

function failureOf(text: string): string | undefined {
  return run(text).error?.reason
}

describe('connections', () => {
  const CLIENT = `0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
0...0.1 connect(3, ..., ...) = 0
+0 > S 0:0(0) win 65535 <mss MSS,sackOK,TS val 100 ecr 0,nop,wscale 7>
+.1 < S. 0:0(0) ack 1 win 5792 <mss 1000,sackOK,TS val 700 ecr 100,nop,wscale 7>
+0 > . 1:1(0) ack 1 <nop,nop,TS val 200 ecr 700>
+0 write(3, ..., 100) = 100
+0 > P. 1:101(100) ack 1 <nop,nop,TS val 200 ecr 700>
+.1 < . 1:1(0) ack 101 win 257 <nop,nop,TS val 800 ecr 200>
+0 close(3) = 0
+0 > F. 101:101(0) ack 1 <nop,nop,TS val 300 ecr 800>
+.1 < F. 1:1(0) ack 102 win 257 <nop,nop,TS val 900 ecr 300>
+0 > . 102:102(0) ack 2 <nop,nop,TS val 400 ecr 900>
`

  for (const version of VERSIONS) {
    it(`a client over ${version}`, () => {
      const mss = version === 'ipv6' ? '1440' : '1460'
      const options = { ip_version: version, tcp_ts_tick_usecs: 1000 }
      expect(problem(`--exact\n${CLIENT.replace('MSS', mss)}`, { options })).toBeUndefined()
    })

    it(`a server over ${version}`, () => {
      const text = `${SERVER}+0 write(4, ..., 1000) = 1000\n+0 > P. 1:1001(1000) ack 1\n+0 < R. 1:1(0) ack 1 win 0
+0 read(4, ..., 100) = -1 ECONNRESET (Connection reset by peer)`
      expect(problem(text, { options: { ip_version: version } })).toBeUndefined()
    })

    it(`datagrams and what ICMP says of them over ${version}`, () => {
      const text = `0 socket(..., SOCK_DGRAM, IPPROTO_UDP) = 3
+0 bind(3, ..., ...) = 0
+0 < udp (1000)
+0 recvfrom(3, ..., 2000, 0, ..., ...) = 1000
+0 connect(3, ..., ...) = 0
+0 write(3, ..., 100) = 100
+0 > udp (100)
+0 < icmp unreachable port_unreachable [udp (100)]
+0 write(3, ..., 100) = -1 ECONNREFUSED (Connection refused)`
      expect(problem(text, { options: { ip_version: version } })).toBeUndefined()
    })

    it(`nobody listens: over ${version}`, () => {
      expect(
        problem('0 < udp (10)\n+0 > icmp unreachable port_unreachable [udp (10)]', {
          options: { ip_version: version },
        }),
      ).toBeUndefined()
      const text = '0 < S 0:0(0) win 1000\n+0 > R. 0:0(0) ack 1\n+0 < . 5:5(0) ack 77 win 10\n+0 > R 77:77(0)'
      expect(problem(text, { options: { ip_version: version } })).toBeUndefined()
    })
  }

  it('a path that gets narrower, in the words of both versions', () => {
    const text = (error: string): string => `${SERVER}+0 write(4, ..., 1000) = 1000
+0 > P. 1:1001(1000) ack 1
+.01 < icmp ${error} [1:1001(1000)]
+0 > . 1:N(LENGTH) ack 1
`
    const v4 = text('unreachable frag_needed mtu 640').replace('1:N(LENGTH)', '1:601(600)')
    expect(problem(v4)).toBeUndefined()
    const wide = (error: string): string =>
      `--mtu=1500\n${SERVER.replace('mss 1000', 'mss 1440')}+0 write(4, ..., 1440) = 1440
+0 > P. 1:1441(1440) ack 1
+.01 < icmp ${error} [1:1441(1440)]
+0 > . 1:1221(1220) ack 1
`
    for (const error of ['packet_too_big mtu 1280', 'unreachable frag_needed mtu 1280']) {
      expect(problem(wide(error), { options: { ip_version: 'ipv6' } }), error).toBeUndefined()
    }
  })

  it('several at a time, told apart by their ports', () => {
    const text = `0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 5) = 0
+0 < 1001 > 8080 S 0:0(0) win 1000 <mss 1000>
+0 > 8080 > 1001 S. 0:0(0) ack 1 <...>
+0 < 1002 > 8080 S 5000:5000(0) win 1000 <mss 1000>
+0 > 8080 > 1002 S. 0:0(0) ack 5001 <...>
+0 < 1001 > 8080 . 1:1(0) ack 1 win 1000
+0 < 1002 > 8080 . 5001:5001(0) ack 1 win 1000
+0 accept(3, ..., ...) = 4
+0 accept(3, ..., ...) = 5
+0 write(5, ..., 10) = 10
+0 > 8080 > 1002 P. 1:11(10) ack 5001
+0 write(4, ..., 20) = 20
+0 > 8080 > 1001 P. 1:21(20) ack 1
`
    expect(problem(text)).toBeUndefined()
    expect(failure(text.replace('8080 > 1002 P.', '8080 > 1001 P.')).reason).toContain('ports')
  })

  it('one after the other, with the same ports and descriptors', () => {
    const server = `+0 < 1001 > 8080 S 0:0(0) win 1000 <mss 1000>
+0 > 8080 > 1001 S. 0:0(0) ack 1 <...>
+0 < 1001 > 8080 . 1:1(0) ack 1 win 1000
+0 accept(3, ..., ...) = 4
+0 write(4, ..., 10) = 10
+0 > P. 1:11(10) ack 1
+0 < R. 1:1(0) ack 11 win 0
+0 close(4) = 0
`
    const listen = SERVER.split('\n').slice(0, 4).join('\n')
    expect(problem(`${listen}\n${server}+1 ${server.slice(3)}`)).toBeUndefined()
    const client = `+1 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, {sa_family = AF_INET, sin_port = htons(5000), sin_addr = INADDR_ANY}, 16) = 0
+0...+0.1 connect(3, ..., ...) = 0
+0 > S 0:0(0) <...>
+.1 < S. 0:0(0) ack 1 win 1000 <mss 1000>
+0 > . 1:1(0) ack 1
+0 %{ assert tcpi_state == TCP_ESTABLISHED }%
+0 < R 1:1(0) win 0
+0 close(3) = 0
`
    expect(problem(client + client)).toBeUndefined()
  })

  it('sequence numbers of the other side that wrap around', () => {
    const text = `${SERVER}+0 < P. 1:101(100) ack 1 win 257\n+0~+.1 > . 1:1(0) ack 101
+0 < . 201:301(100) ack 1 win 257\n+0 > . 1:1(0) ack 101 <nop,nop,sack 201:301>`
    for (const remote_isn of [0, 0x7fffffff, 0xffffff9c, 0xffffffff]) {
      expect(problem(text, { options: { remote_isn } }), String(remote_isn)).toBeUndefined()
    }
  })

  it('marks of ECN, both ways', () => {
    const text = `\`sysctl -q net.ipv4.tcp_ecn=1\`
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0
+0 connect(3, ..., ...) = -1 EINPROGRESS
+0 > [noecn] SEW 0:0(0) <...>
+.1 < [noecn] SE. 0:0(0) ack 1 win 1000 <mss 1000>
+0 > [noecn] . 1:1(0) ack 1
+0 write(3, ..., 100) = 100
+0 > [ect01] P. 1:101(100) ack 1
+0 < [ce] P. 1:11(10) ack 101 win 1000
+0~+.1 > [noecn] E. 101:101(0) ack 11
`
    expect(problem(text.replace('`sysctl', '0 `sysctl'))).toBeUndefined()
  })
})

describe('blocking calls', () => {
  it('begin and return when the script says', () => {
    const text = `0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0...0.2 accept(3, ..., ...) = 4
+.1 < S 0:0(0) win 1000 <mss 1000>
+0 > S. 0:0(0) ack 1 <...>
+.1 < . 1:1(0) ack 1 win 257
+0...0.5 read(4, ..., 1000) = 100
+.3 < P. 1:101(100) ack 1 win 257
`
    expect(problem(text.replace('0.5', '0.3'))).toBeUndefined()
    expect(failure(text).reason).toBe('the call returned 200 ms too early')
  })

  it('that fail', () => {
    expect(
      problem(`0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0...0.1 connect(3, ..., ...) = -1 ECONNREFUSED (Connection refused)
+0 > S 0:0(0) <...>
+.1 < R. 0:0(0) ack 1 win 0`),
    ).toBeUndefined()
  })

  it('poll with a time to wait', () => {
    expect(
      problem(
        `${SERVER}+0...0.05 poll([{fd=4, events=POLLIN, revents=0}], 1, 50) = 0
+.1...0.2 poll([{fd=4, events=POLLIN, revents=POLLIN}], 1, 1000) = 1
+.1 < P. 1:101(100) ack 1 win 257`
          .replace('+.1...0.2', '.25...0.35')
          .replace('+0...0.05', '.1...0.15'),
      ),
    ).toBeUndefined()
  })
})

describe('segments that follow each other', () => {
  const WRITE = `${SERVER}+0 write(4, ..., 4500) = 4500\n`

  it('are joined up to the length that is expected', () => {
    expect(problem(`${WRITE}+0 > P. 1:4501(4500) ack 1`)).toBeUndefined()
    expect(problem(`${WRITE}+0 > . 1:2001(2000) ack 1\n+0 > P. 2001:4501(2500) ack 1`)).toBeUndefined()
    expect(
      problem(
        `${WRITE}+0 > . 1:1001(1000) ack 1\n+0 > . 1001:4001(3000) ack 1\n+0 > P. 4001:4501(500) ack 1`,
      ),
    ).toBeUndefined()
  })

  it('must have one size, but for the last', () => {
    expect(failure(`${WRITE}+0 > . 1:1501(1500) ack 1`).reason).toBe('the packet differs in length')
    expect(failure(`--mss=900\n${WRITE}+0 > P. 1:4501(4500) ack 1`).reason).toContain('length')
    expect(problem(`--mss=500\n${WRITE}+0 > P. 1:4501(4500) ack 1`)).toBeUndefined()
    const two = `${SERVER}+0 setsockopt(4, SOL_TCP, TCP_NODELAY, [1], 4) = 0\n+0 write(4, ..., 500) = 500
+0 write(4, ..., 1000) = 1000\n`
    expect(failure(`${two}+0 > P. 1:1501(1500) ack 1`).reason).toContain('length')
    expect(problem(`${two}+0 > P. 1:501(500) ack 1\n+0 > P. 501:1501(1000) ack 1`)).toBeUndefined()
  })

  it('are not joined with --strict_segments', () => {
    expect(failure(`--strict_segments\n${WRITE}+0 > P. 1:4501(4500) ack 1`).reason).toContain('length')
  })
})

describe('segments that come in', () => {
  it('may be larger than the MTU', () => {
    const text = `${SERVER}+0 < P. 1:20001(20000) ack 1 win 257
+0~+.1 > . 1:1(0) ack 20001
+0 read(4, ..., 30000) = 20000`
    expect(problem(text)).toBeUndefined()
    expect(problem(text, { options: { ip_version: 'ipv6' } })).toBeUndefined()
  })

  it('but not larger than IP can say', () => {
    expect(failure(`${SERVER}+0 < P. 1:66001(66000) ack 1 win 257`).reason).toBe(
      'a packet of 66040 bytes is too long for IP',
    )
  })

  it('need a window, and options that are all told', () => {
    expect(failure(`${SERVER}+0 < . 1:1(0) ack 1`).reason).toBe(
      "a packet that comes in needs a window ('win')",
    )
    expect(failure(`${SERVER}+0 < . 1:1(0) ack 1 win 1 <...>`).reason).toBe(
      'a packet that comes in cannot have options <...>',
    )
  })
})

describe('leniency', () => {
  const off = (text: string, option: string): void => {
    expect(run(text).passed, 'strict').toBe(false)
    expect(problem(text, { options: { [option]: true } }), option).toBeUndefined()
  }

  it('is for one thing at a time, and off unless asked for', () => {
    const write = `${SERVER}+0 write(4, ..., 1000) = 1000\n`
    off(`${write}+0 > . 1:1001(1000) ack 1`, 'lenient_psh')
    off(`${write}+0 > P. 1:1001(1000) ack 1 win 3`, 'lenient_window')
    off(SERVER.replace('<...>', '<sackOK,mss 1460,wscale 7>'), 'lenient_option_order')
    off(SERVER.replace('<...>', '<mss 1460,nop,nop,sackOK,nop,wscale 9>'), 'lenient_wscale')
    off('0 `frobnicate`', 'ignore_commands')
  })
})

describe('timestamps', () => {
  const text = (value: number): string => `${SERVER.replace(
    'sackOK,nop,nop,nop,',
    'sackOK,TS val 5 ecr 0,nop,',
  )
    .replace('ack 1 <...>', 'ack 1 <mss 1460,sackOK,TS val 1000 ecr 5,nop,wscale 7>')
    .replace('ack 1 win 257', 'ack 1 win 257 <nop,nop,TS val 6 ecr 1000>')}+.4 write(4, ..., 10) = 10
+0 > P. 1:11(10) ack 1 <nop,nop,TS val ${value} ecr 6>`

  it('TSval is not checked unless the script says how its clock ticks', () => {
    expect(problem(text(77))).toBeUndefined()
    expect(problem(`--tcp_ts_tick_usecs=1000\n${text(1500)}`)).toBeUndefined()
    expect(failure(`--tcp_ts_tick_usecs=1000\n${text(1600)}`).reason).toBe(
      'the packet differs in option TS val',
    )
    expect(problem(`--tcp_ts_tick_usecs=10000\n${text(1050)}`)).toBeUndefined()
  })

  it('the echo is', () => {
    expect(
      failure(
        text(77)
          .replace('ecr 6>', 'ecr 7>')
          .replace(/TS val 6 ecr 7/, 'TS val 6 ecr 1000'),
      ).reason,
    ).toBe('the packet differs in option TS')
  })
})

describe('cookies of Fast Open', () => {
  const LISTEN = `0 \`sysctl -q net.ipv4.tcp_fastopen=3\`
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0
+0 bind(3, ..., ...) = 0
+0 setsockopt(3, SOL_TCP, TCP_FASTOPEN, [5], 4) = 0
+0 listen(3, 5) = 0
`
  const DATA = `+0 < S 1000:1100(100) win 1000 <mss 1000,FO C,nop,nop>
+0 > S. 0:0(0) ack 1101 <mss 1460>
+0 accept(3, ..., ...) = 4
+0 read(4, ..., 1000) = 100
`

  it('are what the script calls them, once the stack has given one', () => {
    const text = `${LISTEN}+0 < S 0:0(0) win 1000 <mss 1000,FO,nop,nop>
+0 > S. 0:0(0) ack 1 <mss 1460,FO 0011223344556677,nop,nop>
+0 < R. 1:1(0) ack 1 win 0
+0 ${DATA.replace('+0 ', '').replace('FO C', 'FO 0011223344556677')}`
    expect(problem(text)).toBeUndefined()
    expect(
      failure(
        text.replace(
          'FO 0011223344556677,nop,nop>\n+0 > S. 0:0(0) ack 1101',
          'FO 7711223344556677,nop,nop>\n+0 > S. 0:0(0) ack 1101',
        ),
      ).reason,
    ).toContain('ack')
  })

  it('TFO_COOKIE is good from the start', () => {
    const text = LISTEN + DATA.replace('FO C', 'FO TFO_COOKIE')
    expect(problem(text, { defines: { TFO_COOKIE: '3021b9d889017eeb' } })).toBeUndefined()
  })
})

describe('captures', () => {
  it('have every packet with its time, as pcapng', () => {
    const chunks: Uint8Array[] = []
    run(`${SERVER}+0 write(4, ..., 100) = 100\n+0 > P. 1:101(100) ack 1`, {
      capture: (chunk) => chunks.push(chunk),
    })
    const file = pcapng.readPcapng(Buffer.concat(chunks))
    const lines = file?.packets.map(({ bytes }) => packets.describePacket(bytes).replace(/seq.*/, ''))
    expect(lines).toEqual([
      'TCP 192.0.2.1:50001 > 192.168.0.1:8080 SYN ',
      'TCP 192.168.0.1:8080 > 192.0.2.1:50001 SYN,ACK ',
      'TCP 192.0.2.1:50001 > 192.168.0.1:8080 ACK ',
      'TCP 192.168.0.1:8080 > 192.0.2.1:50001 PSH,ACK ',
      // What was said is over.
      'TCP 192.0.2.1:50001 > 192.168.0.1:8080 RST ',
    ])
    const times = file?.packets.map(({ time }) => (time - (file.packets[0]?.time ?? 0)) / 1e6)
    expect(times).toEqual([0, 0, 0.1, 0.1, 0.1])
  })
})
