import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface, type Interface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { type FrameSink, Memory, packets, type RxFrame, TX_HEADROOM, TxDescriptor } from '@tapwire/stack'
import { createNetns, type Netns, openTun, type TapDevice } from '@tapwire/tap-driver'
import { addressBytes, ipPacket } from '../harness/peer-packets.ts'
import { Follower } from './follower.ts'
import { KERNEL_PROGRAM } from './kernel-program.ts'
import { CLOSED_PORT, FIRST_PORT, type Peer, WRITTEN } from './peer.ts'
import { BEHAVIOURS, type Script } from './script.ts'

const KERNEL = '10.88.0.1'
/** Milliseconds after the last segment of a step until the next step: longer than a delayed ACK takes. */
const PAUSE = 320
/** Segments sent before what came back is read. */
const AT_ONCE = 64
/** Frames that may wait for us: the answers to all scripts of a step. */
const QUEUE = 20_000

/** So that what is compared is TCP, and not how often it may say something. */
const SYSCTLS = {
  'net/ipv4/tcp_invalid_ratelimit': '0',
  'net/ipv4/tcp_challenge_ack_limit': '2147483647',
  'net/ipv4/tcp_syncookies': '0',
  'net/ipv4/tcp_max_syn_backlog': '65535',
  'net/core/somaxconn': '65535',
  'net/ipv4/tcp_no_metrics_save': '1',
  'net/ipv4/tcp_max_orphans': '100000',
  'net/ipv4/tcp_rfc1337': '1',
  // Elsewhere by the machine's memory: it decides the window scale.
  'net/ipv4/tcp_rmem': '4096\t131072\t6291456',
  'net/ipv4/tcp_wmem': '4096\t16384\t4194304',
} as const

/** The Linux kernel, in a network namespace of its own, behind a TUN. */
export class KernelPeer implements Peer, FrameSink {
  readonly name = 'kernel'
  readonly memory = new Memory(1 << 20)
  readonly #tun: TapDevice
  readonly #program: ChildProcess
  readonly #lines: Interface
  readonly #descriptor = new TxDescriptor(this.memory)
  readonly #block: number
  readonly #kernel = addressBytes(KERNEL)
  /** Who listens for a remote address and port. */
  readonly #flows = new Map<string, Flow>()
  /** Remote addresses are 10.88.a.b, another for each batch: nothing that is left of a former one is met. */
  #batch = 0

  private constructor(tun: TapDevice, program: ChildProcess, lines: Interface) {
    this.#tun = tun
    this.#program = program
    this.#lines = lines
    this.#block = this.memory.allocate(4096)
    tun.attach(this)
  }

  /** @throws without the privilege to make namespaces and interfaces, or without python3 */
  static async open(): Promise<KernelPeer> {
    const netns = createNetns()
    const hostAddresses = [`${KERNEL}/16`]
    const tun = await openTun({ name: 'tun0', netns, hostAddresses, offload: false, queueLength: QUEUE })
    try {
      await tune(netns)
      const args = ['-c', KERNEL_PROGRAM, KERNEL, String(FIRST_PORT), String(WRITTEN), ...BEHAVIOURS]
      const program = netns.spawn('python3', args, { stdio: ['pipe', 'pipe', 'inherit'] })
      if (program.stdout === null) throw new Error('The program of the kernel side has no output')
      const lines = createInterface(program.stdout)
      const peer = new KernelPeer(tun, program, lines)
      await once(lines, 'line')
      return peer
    } catch (error) {
      await tun.close()
      throw error
    }
  }

  async play(scripts: readonly Script[]): Promise<Follower[]> {
    this.#batch++
    const flows = scripts.map((script, i) => this.#flowOf(script, i))
    for (const flow of flows) this.#flows.set(flow.key, flow)
    const connects = flows.filter(({ script }) => script.opening === 'active')
    this.#tell(
      connects
        .map(({ address, port, script }) => `connect ${address} ${port} ${script.behaviour}\n`)
        .join(''),
    )
    await sleep(PAUSE)
    const longest = Math.max(...scripts.map(({ steps }) => steps.length))
    for (let n = 0; n < longest; n++) {
      await this.#sendAll(flows, (flow) => {
        const step = flow.script.steps[n]
        return step === undefined ? null : flow.follower.segment(step, flow.port, flow.localPort)
      })
      await sleep(PAUSE)
    }
    this.#flows.clear()
    await this.#sendAll(flows, (flow) => flow.follower.reset(flow.port, flow.localPort))
    const done = once(this.#lines, 'line')
    this.#tell('reset\n')
    await done
    await sleep(20)
    return flows.map(({ follower }) => follower)
  }

  async close(): Promise<void> {
    this.#program.stdin?.end()
    this.#program.kill()
    await this.#tun.close()
  }

  #flowOf(script: Script, i: number): Flow {
    const address = `10.88.${1 + (this.#batch % 250)}.${1 + (i % 250)}`
    const port = 10_000 + Math.floor(i / 250) + 100 * Math.floor(this.#batch / 250)
    const localPort =
      script.opening === 'closed' ? CLOSED_PORT : FIRST_PORT + BEHAVIOURS.indexOf(script.behaviour)
    return new Flow(script, address, port, script.opening === 'active' ? 0 : localPort)
  }

  #tell(text: string): void {
    if (text !== '') this.#program.stdin?.write(text)
  }

  async #sendAll(flows: readonly Flow[], make: (flow: Flow) => packets.TcpFields | null): Promise<void> {
    let sent = 0
    for (const flow of flows) {
      const tcp = make(flow)
      if (tcp === null || flow.localPort === 0) continue
      const packet = ipPacket(flow.bytes, this.#kernel, { tcp })
      while (!this.#send(packet)) await sleep(1)
      if (++sent % AT_ONCE === 0) await sleep(0)
    }
    this.#tun.flush()
  }

  /** @returns false when the TUN takes no more for now */
  #send(bytes: Uint8Array): boolean {
    const descriptor = this.#descriptor
    const at = this.#block + TX_HEADROOM
    this.memory.copyIn(at, bytes)
    descriptor.reset(at)
    descriptor.headLength = bytes.length
    const sent = this.#tun.transmit(descriptor) === 0
    this.#tun.flush()
    return sent
  }

  onFrame({ offset, length }: RxFrame): void {
    const { tcp, ipv4 } = packets.decodePacket(this.memory.copyOut(offset, length))
    if (tcp === undefined || ipv4 === undefined) return
    const flow = this.#flows.get(keyOf(ipv4.destination.join('.'), tcp.destinationPort))
    if (flow === undefined) return
    if (flow.localPort === 0) flow.localPort = tcp.sourcePort
    flow.follower.hear(tcp)
  }

  onBurstEnd(): void {}
  onWritable(): void {}
  onClosed(): void {}
}

/** One script, and where it comes from. */
class Flow {
  readonly script: Script
  readonly follower: Follower
  readonly address: string
  readonly bytes: Uint8Array
  readonly port: number
  readonly key: string
  /** 0 until the kernel has chosen it. */
  localPort: number

  constructor(script: Script, address: string, port: number, localPort: number) {
    this.script = script
    this.follower = new Follower(script)
    this.address = address
    this.bytes = addressBytes(address)
    this.port = port
    this.localPort = localPort
    this.key = keyOf(address, port)
  }
}

function keyOf(address: string, port: number): string {
  return `${address}:${port}`
}

/** A shell inside sets what /proc has; what this kernel does not know is left. */
async function tune(netns: Netns): Promise<void> {
  const lines = Object.entries(SYSCTLS).map(([path, value]) => `echo '${value}' > /proc/sys/${path}`)
  const script = lines.map((line) => `${line} 2>/dev/null || true`).join('\n')
  const child = netns.spawn('sh', ['-c', script], { stdio: 'ignore' })
  await once(child, 'exit')
}
