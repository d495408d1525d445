import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { SystemClock } from '@tapwire/stack'
import type { Netns, TapDevice } from '@tapwire/tap-driver'
import type { Host, Wire } from '../learner/wire.ts'
import { DeviceWire } from './device-wire.ts'
import { Failure } from './failure.ts'

const TUN = '/dev/net/tun'
const CAP_NET_ADMIN = 12n
const CAP_SYS_ADMIN = 21n
/** The kernel's end of the wire; the learner has the next address. */
const KERNEL = '10.77.0.1'

/** Why the kernel cannot be asked on this machine, by this user; null when it can. */
export function kernelObstacle(programs: readonly string[]): string | null {
  if (process.platform !== 'linux') return 'this is not Linux'
  if (!existsSync(TUN)) return `there is no ${TUN}`
  try {
    accessSync(TUN, constants.R_OK | constants.W_OK)
  } catch {
    return `this user may not open ${TUN}`
  }
  const line = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))
  const effective = BigInt(`0x${line?.[1] ?? '0'}`)
  const has = (capability: bigint): boolean => ((effective >> capability) & 1n) === 1n
  if (!has(CAP_NET_ADMIN) || !has(CAP_SYS_ADMIN)) return 'this user may not make a TAP, as root may'
  const missing = programs.find((name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0)
  return missing === undefined ? null : `${missing} is not installed`
}

export interface Ran {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * The learner's end of a TAP, whose other end is the kernel's in a network namespace that holds nothing else. Namespace and
 * TAP belong to this process alone: they go with it, however it ends.
 */
export class KernelBench {
  readonly you: Host = { mac: Uint8Array.of(0x02, 0, 0, 0, 0, 0x01), ip: Uint8Array.of(10, 77, 0, 2) }
  readonly wire: Wire
  readonly #netns: Netns
  readonly #tap: TapDevice

  private constructor(netns: Netns, tap: TapDevice, onError: (error: unknown) => void) {
    this.#netns = netns
    this.#tap = tap
    this.wire = new DeviceWire(tap, { clock: new SystemClock(), arpFor: this.you, onError })
  }

  /** @param onError is told what the learner's code throws @throws TapError where the kernel refuses */
  static async open(onError: (error: unknown) => void): Promise<KernelBench> {
    // Not before it is needed: the driver loads a native binding.
    const { createNetns, openTap } = await import('@tapwire/tap-driver')
    const netns = createNetns()
    try {
      const tap = await openTap({ name: 'tap0', hostAddresses: [`${KERNEL}/24`], offload: false, netns })
      return new KernelBench(netns, tap, onError)
    } catch (error) {
      netns.close()
      throw error
    }
  }

  /** Runs a program on the kernel's side. Never rejects, and ends it after `timeout` milliseconds. */
  run(command: string, args: readonly string[], timeout: number): Promise<Ran> {
    return new Promise((resolve) => {
      const child: ChildProcess = this.#netns.run(() =>
        // However this process ends, the program does, too: it would keep the namespace.
        spawn('setpriv', ['--pdeathsig', 'KILL', '--', command, ...args], {
          stdio: ['ignore', 'pipe', 'pipe'],
          timeout,
          killSignal: 'SIGKILL',
        }),
      )
      let [stdout, stderr] = ['', '']
      child.stdout?.setEncoding('utf8').on('data', (text: string) => {
        stdout += text
      })
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        stderr += text
      })
      child.on('error', (error) => resolve({ status: null, stdout, stderr: error.message }))
      child.on('close', (status) => resolve({ status, stdout, stderr }))
    })
  }

  /** @throws Failure: a ladder is not kept of what happens in real time */
  fail(mistake: string, what: string, expected: string, actual: string): never {
    throw new Failure({ mistake, what, expected, actual })
  }

  async close(): Promise<void> {
    await this.#tap.close()
    this.#netns.close()
  }
}
