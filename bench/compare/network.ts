import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createNetns, type Netns } from '@tapwire/tap-driver'
import { mustRun } from '../../examples/shared/programs.ts'

export const ADDRESSES = { load: '10.77.0.1', server: '10.77.0.2' } as const
/** The interface of either end, TAP or veth. */
export const DEVICE = 'wire0'

export type Stack = 'tapwire' | 'kernel'

/** What is measured: a server on one of the stacks, and how packets get to it. */
export interface Target {
  readonly name: string
  readonly stack: Stack
  readonly offload: boolean
  /** Milliseconds that every packet and its answer take longer. */
  readonly rtt: number
}

export const nameOf = ({ stack, offload, rtt }: Omit<Target, 'name'>): string =>
  `${stack === 'tapwire' ? "tapwire's net" : "Node's net"}, offloads ${offload ? 'on' : 'off'}${rtt > 0 ? `, ${rtt} ms` : ''}`

export const targetOf = (stack: Stack, offload: boolean, rtt = 0): Target => ({
  name: nameOf({ stack, offload, rtt }),
  stack,
  offload,
  rtt,
})

/** The same buffers for both, as Linux has them where there is memory; ports for many short connections. */
const SYSCTLS = [
  'tcp_rmem=4096 131072 6291456',
  'tcp_wmem=4096 131072 4194304',
  'tcp_no_metrics_save=1',
  'tcp_tw_reuse=1',
  'ip_local_port_range=1024 65535',
]

/** The processor of each process; null where the scheduler decides. */
export interface Cpus {
  readonly load: number | null
  readonly server: number | null
}

/** One target's network: the load in a namespace of its own, the server beside it (a TAP) or in another (a veth). */
export class Network {
  readonly target: Target
  readonly #load: Netns
  readonly #server: Netns | null
  readonly #cpus: Cpus
  readonly #children = new Set<ChildProcess>()

  private constructor(target: Target, cpus: Cpus) {
    this.target = target
    this.#cpus = cpus
    this.#load = createNetns()
    this.#server = target.stack === 'kernel' ? createNetns() : null
  }

  static async open(target: Target, cpus: Cpus): Promise<Network> {
    const network = new Network(target, cpus)
    try {
      await network.#tune(network.#load)
      if (network.#server !== null) {
        await network.#tune(network.#server)
        await network.#makeVeth(network.#server)
      }
      return network
    } catch (error) {
      network.close()
      throw error
    }
  }

  #tune(netns: Netns): Promise<void> {
    const lines = SYSCTLS.map((line) => line.split('=')).map(
      // A user's own namespace may not have all of them.
      ([name, value]) => `echo '${value}' >/proc/sys/net/ipv4/${name} 2>/dev/null || true`,
    )
    return sh(netns, lines.join('\n'))
  }

  async #makeVeth(server: Netns): Promise<void> {
    await sh(
      this.#load,
      `set -e
      ip link add ${DEVICE} type veth peer name ${DEVICE} netns ${server.path}
      ip addr add ${ADDRESSES.load}/24 dev ${DEVICE}
      ip link set ${DEVICE} up`,
    )
    await sh(server, `set -e\nip addr add ${ADDRESSES.server}/24 dev ${DEVICE}\nip link set ${DEVICE} up`)
    const { offload, rtt } = this.target
    for (const netns of [this.#load, server]) {
      if (!offload) await sh(netns, WITHOUT_OFFLOADS)
      if (rtt > 0)
        await sh(netns, `tc qdisc add dev ${DEVICE} root netem limit 100000 delay ${(rtt * 1000) / 2}us`)
    }
  }

  /**
   * What can only be done when the server is up: CUBIC on both sides, by the route: a namespace may not be allowed to set it by
   * sysctl, and the machine's own may pace.
   */
  async settle(): Promise<void> {
    const route = `ip route change 10.77.0.0/24 dev ${DEVICE}`
    const congestion = `${route} congctl cubic 2>/dev/null || ${route} congctl reno`
    await sh(this.#load, congestion)
    if (this.#server !== null) await sh(this.#server, congestion)
  }

  /** One of the programs of this folder, with a channel for messages; it ends with this object. */
  start(side: 'load' | 'server', file: string, args: readonly string[] = []): ChildProcess {
    const netns = side === 'server' && this.#server !== null ? this.#server : this.#load
    const program = fileURLToPath(new URL(file, import.meta.url))
    const node = [process.execPath, '--expose-gc', '--import', 'tsx', program, ...args]
    const cpu = this.#cpus[side]
    const [command, ...rest] = cpu === null ? node : ['taskset', '-c', String(cpu), ...node]
    const child = netns.spawn(command, rest, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    this.#children.add(child)
    child.once('exit', () => this.#children.delete(child))
    return child
  }

  /** The namespaces, and with them all devices, end with the last process in them. */
  close(): void {
    for (const child of this.#children) child.kill('SIGKILL')
    this.#load.close()
    this.#server?.close()
  }
}

/** Packets of 1,500 bytes with checksums, as on a TAP without offloads. (`gso_max_segs 1` of `ip` makes TCP a hundred times slower.) */
const WITHOUT_OFFLOADS = `ethtool -K ${DEVICE} tso off gso off gro off tx off rx off sg off >/dev/null 2>&1 || true`

async function sh(netns: Netns, script: string): Promise<void> {
  await mustRun('sh', ['-c', script], {
    spawn: (command, args, options) => netns.spawn(command, args, options),
  })
}
