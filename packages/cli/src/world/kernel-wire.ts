import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { constants as system } from 'node:os'
import { createNetns, type Netns, openTap, openTun, runInNetns, TapError } from '@tapwire/tap-driver'
import { undoAtEnd } from '../ending.ts'
import { Failure, Status } from '../failure.ts'
import { type Addresses, withoutLength } from './addresses.ts'
import type { WorldOptions } from './options.ts'
import type { Captured, OtherSide, Output, Wire } from './world.ts'

const TUN = '/dev/net/tun'

/** A TAP or TUN with the kernel at its other end, in a namespace where one was named. @throws Failure */
export async function openKernelWire(options: WorldOptions, addresses: Addresses): Promise<Wire> {
  const { kind, name } = options.device as { kind: 'tap' | 'tun'; name: string }
  try {
    const space = openNamespace(options.netns)
    try {
      const open = kind === 'tap' ? openTap : openTun
      const device = await open({
        name,
        offload: options.offload,
        ...(options.mtu === null ? {} : { mtu: options.mtu }),
        ...(space.netns === null ? {} : { netns: space.netns }),
        // A device that is there already has been set up by somebody: it is left as it is, unless addresses are asked for.
        ...(options.hostAddresses === null && hasInterface(space, name)
          ? {}
          : { hostAddresses: addresses.far }),
      })
      const where = space.netns === null ? '' : ` in the network namespace ${options.netns}`
      return {
        device,
        description: `${device.name}${where}: ${addresses.own.map(withoutLength).join(' and ')} here, the kernel on the other side`,
        otherSide: new KernelSide(space, addresses.own.map(withoutLength)),
      }
    } catch (error) {
      space.close()
      throw error
    }
  } catch (error) {
    throw deviceFailure(error, kind)
  }
}

interface Namespace {
  /** As the driver wants it; null where the process itself is. */
  readonly netns: string | null
  /** What stands before a command that is to run there. */
  readonly entering: string
  close(): void
}

/** The one of that name, or a new one that goes in the end. */
function openNamespace(name: string | null): Namespace {
  if (name === null) return { netns: null, entering: ownEntering(), close() {} }
  const entering = name.includes('/') ? `nsenter --net=${name} ` : `ip netns exec ${name} `
  if (name.includes('/') || existsSync(`/run/netns/${name}`)) return { netns: name, entering, close() {} }
  const made: Netns = createNetns(name)
  return { netns: name, entering, close: undoAtEnd(() => made.close()) }
}

/** Under `unshare -Urn` another terminal has to enter; elsewhere it is there already. */
function ownEntering(): string {
  const line = readFileSync('/proc/self/uid_map', 'utf8').trim()
  return /^0\s+0\s+4294967295$/.test(line) ? '' : `nsenter -t ${process.pid} -U -n --preserve-credentials `
}

function hasInterface({ netns }: Namespace, name: string): boolean {
  const read = (): string => readFileSync('/proc/thread-self/net/dev', 'utf8')
  const table = netns === null ? read() : runInNetns(netns, read)
  return table.split('\n').some((line) => line.trim().startsWith(`${name}:`))
}

class KernelSide implements OtherSide {
  readonly #space: Namespace
  readonly #own: readonly string[]
  readonly stack = null
  readonly #children = new Map<ChildProcess, () => void>()

  constructor(space: Namespace, own: readonly string[]) {
    this.#space = space
    this.#own = own
  }

  howToReach(commandFor: (host: string, port: number) => string, port: number): Promise<readonly string[]> {
    return Promise.resolve(this.#own.map((host) => `${this.#space.entering}${commandFor(host, port)}`))
  }

  run(command: string, { stdout, stderr }: Output): Promise<number> {
    const own = stdout === process.stdout && stderr === process.stderr
    const child = this.#start(command, own ? 'inherit' : 'pipe')
    child.stdout?.pipe(stdout, { end: false })
    child.stderr?.pipe(stderr, { end: false })
    return ended(child)
  }

  async capture(command: string): Promise<Captured> {
    const child = this.#start(command, 'pipe')
    let output = ''
    let errors = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      errors += text
    })
    return { status: await ended(child), output, errors }
  }

  #start(command: string, stdio: 'inherit' | 'pipe'): ChildProcess {
    const { netns } = this.#space
    // A group of its own: all of what the shell starts is ended with it.
    const start = (): ChildProcess =>
      spawn('/bin/sh', ['-c', command], { stdio: ['ignore', stdio, stdio], detached: true })
    const child = netns === null ? start() : runInNetns(netns, start)
    this.#children.set(
      child,
      undoAtEnd(() => kill(child)),
    )
    return child
  }

  close(): Promise<void> {
    for (const end of this.#children.values()) end()
    this.#space.close()
    return Promise.resolve()
  }
}

function ended(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status, signal) =>
      resolve(status ?? 128 + (signal === null ? 0 : (system.signals[signal] ?? 0))),
    )
  })
}

function kill(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // It has just ended by itself.
  }
}

function deviceFailure(error: unknown, kind: string): unknown {
  if (!(error instanceof TapError)) return error
  const { code } = error
  if (code === 'EPERM' || code === 'EACCES') return new Failure(missingPrivilege(kind), Status.NoDevice)
  if (code === 'ENODEV' || code === 'ENOTSUP')
    return new Failure(
      `${error.message.replace(/\.$/, '')}; --virtual works without a device`,
      Status.NoDevice,
    )
  return new Failure(error.message, Status.NoDevice)
}

/** `unshare` makes everybody root of a network of their own, but opens no device that is shut. */
function missingPrivilege(kind: string): string {
  const otherwise = 'take --virtual, which needs nothing'
  try {
    accessSync(TUN, constants.R_OK | constants.W_OK)
  } catch {
    return `--${kind} needs ${TUN}, which this user may not open: run it as root, or ${otherwise}`
  }
  return `--${kind} needs the capabilities CAP_NET_ADMIN and (with --netns) CAP_SYS_ADMIN: run it as root, or put \`unshare -Urn\` before it for a network of its own, or ${otherwise}`
}
