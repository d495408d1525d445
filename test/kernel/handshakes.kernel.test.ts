import { Stack, type TcpConnection, type TcpCounters, type TcpSettings } from '@tapwire/stack'
import { createNetns, type Netns, openTap, type TapDevice } from '@tapwire/tap-driver'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { KERNEL_SIDE, STACK_SIDE } from '../../examples/shared/kernel-side.ts'
import { mustRun, runProgram } from '../../examples/shared/programs.ts'
import { parseAddress } from '../../packages/stack/src/index.ts'
import { kernelObstacle, kernelSuite } from '../support/kernel.ts'

const FAMILIES = ['v4', 'v6'] as const

/** Connects as ordinary programs do, sends what it was told to and prints what comes back. */
const CLIENT = `
import socket, sys
host, size = sys.argv[1], int(sys.argv[2])
s = socket.create_connection((host, 7))
s.sendall(b'x' * size)
s.shutdown(socket.SHUT_WR)
total = 0
while True:
    data = s.recv(65536)
    if not data: break
    total += len(data)
print(total)
`

/** The same with the first bytes on the SYN, twice: the first time for the cookie. */
const FAST_CLIENT = `
import socket, sys
host = sys.argv[1]
for turn in range(2):
    s = socket.socket(socket.AF_INET6 if ':' in host else socket.AF_INET)
    s.sendto(b'hello', socket.MSG_FASTOPEN, (host, 7))
    s.shutdown(socket.SHUT_WR)
    print(s.recv(100).decode())
`

/** Answers what comes, and says whether it came with the SYN (TCPI_OPT_SYN_DATA, 32). */
const FAST_SERVER = `
import socket, sys
s = socket.create_server((sys.argv[1], 7), family=socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET)
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 16)
print('ready', flush=True)
for turn in range(2):
    c, _ = s.accept()
    data = c.recv(100)
    options = c.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 8)[5]
    print('SYN' if options & 32 else 'later', data.decode(), flush=True)
    c.sendall(data)
    c.close()
`

kernelSuite('unusual handshakes with the kernel', kernelObstacle(['ip', 'python3', 'sysctl']), () => {
  let netns: Netns
  let tap: TapDevice
  let stack: Stack

  async function start(tcp: TcpSettings): Promise<void> {
    stack = new Stack({ tcp })
    stack.addInterface(tap, { addresses: [`${STACK_SIDE.v4}/24`, `${STACK_SIDE.v6}/64`] })
  }

  const spawn: Netns['spawn'] = (...args) => netns.spawn(...args)

  /** An echo server; it gives back each connection as it was when it opened. */
  function echo(onAccept: () => void = () => {}): TcpConnection[] {
    const accepted: TcpConnection[] = []
    const relay = (connection: TcpConnection): void => {
      const bytes = new Uint8Array(65_536)
      while (connection.readable > 0 && connection.writable > 0) {
        const length = connection.read(bytes.subarray(0, Math.min(bytes.length, connection.writable)))
        connection.write(bytes.subarray(0, length))
      }
      if (connection.ended && connection.readable === 0) connection.close()
    }
    stack.tcp.listen(
      { port: 7 },
      {
        onConnection: (listener) => {
          const connection = listener.accept()
          if (connection === null) return
          accepted.push(connection)
          onAccept()
          connection.handler = { onReadable: relay, onWritable: relay }
        },
      },
    )
    return accepted
  }

  beforeEach(async () => {
    netns = createNetns()
    tap = await openTap({
      name: 'tap0',
      hostAddresses: [`${KERNEL_SIDE.v4}/24`, `${KERNEL_SIDE.v6}/64`],
      netns,
    })
  })

  afterEach(async () => {
    await stack.close()
    await tap.close()
    netns.close()
  })

  it.each(FAMILIES)('R4987-04 it connects by a SYN cookie and keeps its options, %s', async (family) => {
    await start({ synCookies: 'always' })
    // Later an ACK that comes twice, of a connection that is over, counts as one without a cookie.
    let opened: Partial<TcpCounters> = {}
    const accepted = echo(() => {
      opened = { ...stack.tcp.counters }
    })
    const { stdout } = await mustRun('python3', ['-c', CLIENT, STACK_SIDE[family], '100000'], { spawn })
    expect(stdout.trim()).toBe('100000')
    expect(opened).toMatchObject({ synCookiesSent: 1, synCookiesAccepted: 1, synCookiesFailed: 0 })
    expect(stack.tcp.counters).toMatchObject({ synCookiesSent: 1, synCookiesAccepted: 1 })
    const info = accepted[0].info()
    expect(info).toMatchObject({ timestamps: true, sackPermitted: true })
    expect(info.sndWscale).toBeGreaterThan(0)
    expect(info.sndMss).toBeGreaterThan(1400)
  })

  it.each(FAMILIES)(
    'R7413-04 it gets a cookie, and then its data is read from the SYN, %s',
    async (family) => {
      await start({ fastOpenServer: 16 })
      echo()
      const { stdout } = await mustRun('python3', ['-c', FAST_CLIENT, STACK_SIDE[family]], { spawn })
      expect(stdout).toBe('hello\nhello\n')
      expect(stack.tcp.counters).toMatchObject({
        fastOpenCookiesSent: 1,
        fastOpenCookiesRefused: 0,
        fastOpenAccepted: 1,
        retransmitted: 0,
      })
    },
  )

  it.for(FAMILIES)(
    'R7413-03 it gives a cookie, and then reads our data from the SYN, %s',
    async (family, { skip }) => {
      await start({})
      const { status, stderr } = await runProgram('sysctl', ['-w', 'net.ipv4.tcp_fastopen=3'], { spawn })
      if (status !== 0) skip(`the namespace's tcp_fastopen cannot be set: ${stderr.trim()}`)
      let ready = (): void => {}
      const listening = new Promise<void>((resolve) => {
        ready = resolve
      })
      const server = mustRun('python3', ['-c', FAST_SERVER, KERNEL_SIDE[family]], {
        spawn,
        onOutput: (text) => {
          if (text.startsWith('ready')) ready()
        },
      })
      await listening
      for (const text of ['one', 'two']) expect(await ask(text, KERNEL_SIDE[family])).toBe(text)
      expect((await server).stdout).toBe('ready\nlater one\nSYN two\n')
      expect(stack.tcp.counters).toMatchObject({ fastOpenDataAcked: 1, fastOpenFailed: 0 })
    },
  )

  /** A connection of ours with this on its SYN, if a cookie is known. @returns what comes back */
  function ask(text: string, host: string): Promise<string> {
    const bytes = new Uint8Array(100)
    let length = 0
    return new Promise((resolve, reject) => {
      stack.tcp.connect(
        {
          address: parseAddress(host)!,
          port: 7,
          fastOpen: true,
          initialData: new TextEncoder().encode(text),
        },
        {
          onReadable: (connection) => {
            length += connection.read(bytes.subarray(length))
            if (!connection.ended) return
            connection.close()
            resolve(new TextDecoder().decode(bytes.subarray(0, length)))
          },
          onClose: (_, reason) => reject(new Error(String(reason))),
        },
      )
    })
  }
})
