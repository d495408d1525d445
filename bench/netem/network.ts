import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createNetns, type Netns } from '@tapwire/tap-driver'
import { mustRun } from '../../examples/shared/programs.ts'
import type { Cell } from './cells.ts'

export const CLIENT = '10.78.1.2'
export const SERVERS = { kernel: '10.78.2.2', tapwire: '10.78.3.2' } as const
/** The router's own addresses, which the ends have as their gateway. */
export const GATEWAYS = { client: '10.78.1.1', kernel: '10.78.2.1', tapwire: '10.78.3.1' } as const
export const TAP = 'tap0'

/** A full-sized packet with its Ethernet header, which netem counts as well. */
const FRAME_BITS = 1514 * 8
/** Packets; for what is no bottleneck. */
const AMPLE = 20_000
/** Milliseconds by which those that are not overtaking are late. */
const REORDERED_BY = 5

/**
 * Buffers as the kernel has them where there is memory, and as tapwire has them: start, and where auto-tuning ends. What one
 * connection has learnt must not help the next one.
 */
const SYSCTLS = [
  'tcp_rmem=4096 131072 6291456',
  'tcp_wmem=4096 131072 4194304',
  'tcp_no_metrics_save=1',
  'tcp_sack=1',
  'tcp_timestamps=1',
  'tcp_window_scaling=1',
]

/**
 * Client, router and two servers, each in a network namespace of its own: the kernel's server on a veth, tapwire's on a TAP in
 * the router's namespace. Both are behind the same queues.
 */
export class Network {
  readonly client: Netns
  readonly router: Netns
  readonly server: Netns
  readonly #children = new Set<ChildProcess>()

  private constructor() {
    this.client = createNetns()
    this.router = createNetns()
    this.server = createNetns()
  }

  static async open(): Promise<Network> {
    const network = new Network()
    try {
      await network.#build()
      return network
    } catch (error) {
      network.close()
      throw error
    }
  }

  async #build(): Promise<void> {
    const { client, router, server } = this
    // netem takes a packet that is to be segmented for one: so nobody makes such packets. A veth has no GRO by itself.
    await sh(
      router,
      `set -e
      ip link add rc type veth peer name eth0 netns ${client.path}
      ip link add rs type veth peer name eth0 netns ${server.path}
      ip addr add ${GATEWAYS.client}/24 dev rc
      ip addr add ${GATEWAYS.kernel}/24 dev rs
      ip link set rc up gso_max_segs 1
      ip link set rs up gso_max_segs 1
      echo 1 >/proc/sys/net/ipv4/ip_forward`,
    )
    await this.#buildEnd(client, CLIENT, GATEWAYS.client)
    await this.#buildEnd(server, SERVERS.kernel, GATEWAYS.kernel)
  }

  /** CUBIC by the route: a namespace may not be allowed to set it by sysctl, and the machine's default may be another. */
  async #buildEnd(netns: Netns, address: string, gateway: string): Promise<void> {
    const sysctls = SYSCTLS.map((line) => line.split('=')).map(
      ([name, value]) => `echo '${value}' >/proc/sys/net/ipv4/${name}`,
    )
    await sh(
      netns,
      `set -e
      ip addr add ${address}/24 dev eth0
      ip link set eth0 up gso_max_segs 1
      ip route add default via ${gateway} congctl cubic
      ${sysctls.join('\n')}`,
    )
  }

  /**
   * Fresh queues for one run, both ways, in front of the client and of either server. Each way has half of the delay, and the
   * rate; what troubles the data is on its way only.
   */
  async impair(cell: Cell, rate: number): Promise<void> {
    const data = (device: string): string => impairments(device, cell, rate, true)
    const acks = (device: string): string => impairments(device, cell, rate, false)
    const [toClient, toServer] = cell.direction === 'sending' ? [data, acks] : [acks, data]
    await sh(this.router, `set -e\n${toClient('rc')}\n${toServer('rs')}\n${toServer(TAP)}`)
  }

  /** One of the bundled programs, with a channel for messages; it ends with this object. */
  startNode(netns: Netns, file: string): ChildProcess {
    const child = netns.spawn(process.execPath, [fileURLToPath(new URL(file, import.meta.url))], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    this.#children.add(child)
    child.once('exit', () => this.#children.delete(child))
    return child
  }

  /** The namespaces, and with them all devices, end with the last process in them. */
  close(): void {
    for (const child of this.#children) child.kill('SIGKILL')
    for (const netns of [this.client, this.router, this.server]) netns.close()
  }
}

function impairments(device: string, cell: Cell, rate: number, data: boolean): string {
  const { rtt, trouble } = cell
  const delay = rtt / 2
  const reorders = data && trouble === 'reordering'
  const loss = data && trouble.startsWith('loss') ? ` ${trouble.replace(' %', '%')}` : ''
  // netem's limit counts what is under way as well: half a round trip, and a queue of a whole one.
  const limit = data ? Math.ceil((rate * 1000 * (delay + rtt)) / FRAME_BITS) : AMPLE
  const first = reorders ? delay - REORDERED_BY : delay
  const lines = [
    `tc qdisc del dev ${device} root 2>/dev/null || true`,
    `tc qdisc add dev ${device} root handle 1: netem limit ${limit} delay ${first}ms${loss} rate ${rate}mbit`,
  ]
  // A quarter does not wait here, and overtakes what does.
  if (reorders) {
    lines.push(
      `tc qdisc add dev ${device} parent 1:1 handle 2: netem limit ${AMPLE} delay ${REORDERED_BY}ms reorder 25%`,
    )
  }
  return lines.join('\n')
}

async function sh(netns: Netns, script: string): Promise<string> {
  const { stdout } = await mustRun('sh', ['-c', script], {
    spawn: (command, args, options) => netns.spawn(command, args, options),
  })
  return stdout
}
