import type { Limits, TcpSettings } from '@tapwire/stack'
import { describe, expect, it } from 'vitest'
import { type RouteMetrics, translateCommand } from '../src/commands/translate.ts'
import { failure, problem, run, SERVER } from './support.ts'

interface Seen {
  tcp: TcpSettings
  limits: Partial<Limits>
  broken: boolean | null
  route: RouteMetrics
  slept: number
}

function translate(command: string): Seen {
  const seen: Seen = { tcp: {}, limits: {}, broken: null, route: {}, slept: 0 }
  translateCommand(command, {
    setTcp: (settings) => {
      seen.tcp = { ...seen.tcp, ...settings }
    },
    setLimits: (limits) => {
      seen.limits = { ...seen.limits, ...limits }
    },
    breakLink: (broken) => {
      seen.broken = broken
    },
    setRoute: (metrics) => {
      seen.route = metrics
    },
    sleep: (usecs) => {
      seen.slept += usecs
    },
  })
  return seen
}

describe('sysctl', () => {
  it('becomes limits of the stack, as far as those go', () => {
    const { limits } = translate('sysctl -q net.ipv4.tcp_max_orphans=0 net.ipv4.tcp_max_syn_backlog=999999')
    expect(limits).toEqual({ orphans: 0, synBacklog: 65_536 })
    expect(translate('sysctl -q /proc/sys/net/ipv4/tcp_max_tw_buckets=2').limits).toEqual({ timeWait: 2 })
    expect(() => translate('sysctl -q net.ipv4.tcp_max_orphans=many')).toThrow(RangeError)
  })

  it('becomes settings of the stack', () => {
    for (const [command, settings] of [
      ['sysctl -q net.ipv4.tcp_sack=0', { sack: false }],
      [
        'sysctl -w net.ipv4.tcp_timestamps=1 net.ipv4.tcp_window_scaling=0',
        { timestamps: true, windowScaling: false },
      ],
      ['sysctl -q -w net.ipv4.tcp_ecn=2', { ecn: 'passive' }],
      ['sysctl net.ipv4.tcp_congestion_control = reno', { congestion: 'newreno' }],
      [
        'sysctl -w net.ipv4.tcp_rmem="4096 540000 15728640"',
        { receiveBuffer: 540_000, receiveBufferMax: 15_728_640 },
      ],
      ["sysctl -w 'net.ipv4.tcp_wmem=4096 16384 4194304'", { sendBuffer: 16_384, sendBufferMax: 4_194_304 }],
      [
        'sysctl -q net.ipv4.tcp_recovery=0; sysctl -q net.ipv4.tcp_early_retrans=3',
        { rack: false, tailLossProbe: true },
      ],
      [
        '../x/set_sysctls.py /proc/sys/net/ipv4/tcp_frto=0 /proc/sys/net/ipv4/tcp_dsack=0',
        { frto: false, dsack: false },
      ],
      [
        'sysctl -q net.ipv4.tcp_keepalive_time=10 && sysctl -q net.ipv4.tcp_keepalive_probes=3',
        { keepAliveIdle: 10_000, keepAliveCount: 3 },
      ],
      [
        'sysctl -q net.ipv4.tcp_mtu_probing=2 net.ipv4.tcp_base_mss=512',
        { mtuProbing: 'always', baseMss: 512 },
      ],
      ['sysctl -q net.ipv4.tcp_syncookies=2', { synCookies: 'always' }],
      [
        'sysctl -q net.ipv4.tcp_reordering=5 net.ipv4.tcp_notsent_lowat=4294967295',
        { duplicateThreshold: 5, notSentLowWater: 0x7fffffff },
      ],
      ['sysctl -n net.ipv4.tcp_sack', {}],
      ['sysctl -w net.core.somaxconn=128 kern.ipc.soacceptqueue=5 net.inet.tcp.delayed_ack=0', {}],
    ] as const) {
      expect(translate(command).tcp, command).toEqual(settings)
    }
  })

  it('that has no meaning here is refused', () => {
    expect(() => translate('sysctl -w net.ipv4.tcp_frobnicate=1')).toThrow(
      'the sysctl net.ipv4.tcp_frobnicate has no meaning here',
    )
    expect(() => translate('sysctl -w net.ipv4.tcp_congestion_control=vegas')).toThrow(
      "net.ipv4.tcp_congestion_control cannot be 'vegas': cubic, reno and bbr are possible",
    )
    expect(() => translate('sysctl -w net.ipv4.tcp_sack=yes')).toThrow("'yes' is no whole number")
  })

  it('changes a stack that runs', () => {
    const text = `${SERVER.replace('<...>', '<mss 1460,nop,nop,sackOK,nop,wscale 7>')}+0 close(4) = 0
+0 > F. 1:1(0) ack 1
+0 < R. 1:1(0) ack 2 win 0
+0 close(3) = 0
+0 \`sysctl -q net.ipv4.tcp_window_scaling=0\`
+0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 < S 0:0(0) win 32792 <mss 1000,sackOK,nop,wscale 7>
+0 > S. 0:0(0) ack 1 <mss 1460,nop,nop,sackOK>
`
    expect(problem(text)).toBeUndefined()
  })
})

describe('other commands', () => {
  it('what a route says', () => {
    expect(
      translate('ip ro change 192.0.2.1 via 192.168.0.2 dev tun0 mtu lock 1400 advmss 1000').route,
    ).toEqual({
      mtu: 1400,
      advmss: 1000,
    })
    expect(
      translate('ip route change 10.0.0.0/8 initcwnd 20 initrwnd 5 congctl reno rto_min 50ms features ecn')
        .route,
    ).toEqual({
      initcwnd: 20,
      initrwnd: 5,
      congestion: 'reno',
      rtoMin: 50,
      ecn: true,
    })
    expect(translate('ip tcp_metrics flush all')).toEqual(translate('true'))
    expect(() => translate('ip frobnicate')).toThrow("'ip frobnicate' has no meaning here")
  })

  it('a route narrows what is advertised and what is sent', () => {
    const server = (mss: number): string =>
      SERVER.replace('<...>', `<mss ${mss},nop,nop,sackOK,nop,wscale 7>`)
    const route = (metrics: string): string => `0 \`ip route change default via 192.168.0.2 ${metrics}\`\n`
    expect(problem(route('advmss 1200') + server(1200))).toBeUndefined()
    expect(
      problem(`${route('mtu lock 900')}${server(860)}+0 write(4, ..., 1000) = 1000
+0 > . 1:861(860) ack 1\n+0 > P. 861:1001(140) ack 1`),
    ).toBeUndefined()
    expect(
      problem(`${route('initcwnd 2')}${server(1460)}+0 write(4, ..., 3000) = 3000
+0 > . 1:2001(2000) ack 1\n+.1 < . 1:1(0) ack 2001 win 257\n+0 > P. 2001:3001(1000) ack 1`),
    ).toBeUndefined()
  })

  it('a queue without room is a link that loses everything', () => {
    expect(translate('tc qdisc add dev tun0 root pfifo limit 0').broken).toBe(true)
    expect(translate('tc qdisc replace dev tun0 root pfifo limit 10').broken).toBe(false)
    expect(translate('tc qdisc del dev tun0 root').broken).toBe(false)
    const text = `${SERVER}+0 \`tc qdisc replace dev tun0 root pfifo limit 0\`
+0 write(4, ..., 100) = 100
+.1 \`tc qdisc replace dev tun0 root pfifo limit 1000\`
+0~+3 > P. 1:101(100) ack 1
`
    expect(problem(text)).toBeUndefined()
  })

  it('sleep lets time pass', () => {
    expect(translate('sleep 1.5').slept).toBe(1_500_000)
    expect(translate('sleep 2m').slept).toBe(120_000_000)
    expect(translate('usleep 250').slept).toBe(250)
    expect(() => translate('sleep soon')).toThrow("cannot sleep 'soon'")
    expect(run('0 `sleep 2`\n+1 `true`')).toMatchObject({ passed: true, seconds: 2 })
  })

  it('what prepares a kernel, looks at it or cleans up behind it means nothing', () => {
    for (const command of [
      'ethtool -K tun0 tso off gso off',
      'modprobe tcp_bbr',
      'kldload -n cc_htcp',
      'sockstat -4cs -P tcp | grep 8080',
      'nstat -n > /dev/null 2>&1',
      'ss -tn | grep -q ESTAB',
      'sync; true',
      '/tmp/sysctl_restore_1234.sh',
    ]) {
      expect(translate(command), command).toEqual(translate('true'))
    }
  })

  it('what the Linux collections presuppose gives a window scale of 8', () => {
    const text = `0 \`../common/defaults.sh\`\n${SERVER.replace('<...>', '<mss 1460,nop,nop,sackOK,nop,wscale 8>')}`
    expect(problem(text)).toBeUndefined()
  })

  it('anything else is refused, with its line', () => {
    expect(failure('\n\n0 `iptables -A INPUT -j DROP`').message).toContain(
      "test.pkt:3: the command 'iptables'",
    )
    expect(problem('0 `iptables -A INPUT -j DROP`', { options: { ignore_commands: true } })).toBeUndefined()
  })

  it('what the stack cannot be is told with its line', () => {
    expect(
      failure('0 `sysctl -q net.ipv4.tcp_syn_retries=4000`\n+0 socket(..., SOCK_STREAM, 0) = 3').message,
    ).toMatch(/^test.pkt:2: the stack refuses this: .*synRetries/)
  })
})
