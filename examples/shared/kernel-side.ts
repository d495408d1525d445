import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createHttp, createNet, type TapwireHttp, type TapwireNet } from '@tapwire/net-api'
import { type LinkDevice, Stack, type StackOptions } from '@tapwire/stack'
import { createNetns, type Netns, openTap, type TapDevice, type TapOptions } from '@tapwire/tap-driver'
import { type Finished, mustRun, type RunOptions, runProgram, type Spawn } from './programs.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Where the two sides of the wire live. The network exists in the namespace only. */
export const STACK_SIDE = { v4: '10.77.0.2', v6: 'fd77::2' }
export const KERNEL_SIDE = { v4: '10.77.0.1', v6: 'fd77::1' }

export interface KernelSideOptions {
  /** False where this process already stands in a network namespace of its own. Default true. */
  readonly ownNamespace?: boolean
  readonly tap?: Omit<TapOptions, 'netns' | 'hostAddresses'>
  /** Puts something between the TAP and the stack: a capture. */
  readonly wrap?: (device: LinkDevice) => LinkDevice
  readonly stack?: StackOptions
}

/** A stack on a TAP, in a namespace where nothing else is, and the means to run programs on the other side of it. */
export class KernelSide {
  readonly #netns: Netns | null
  readonly tap: TapDevice
  readonly stack: Stack
  readonly net: TapwireNet
  readonly http: TapwireHttp
  readonly #children = new Set<ChildProcess>()

  /** @internal `open` makes it. */
  constructor(netns: Netns | null, tap: TapDevice, { wrap, stack }: KernelSideOptions) {
    this.#netns = netns
    this.tap = tap
    this.stack = new Stack(stack)
    this.stack.addInterface(wrap ? wrap(tap) : tap, {
      addresses: [`${STACK_SIDE.v4}/24`, `${STACK_SIDE.v6}/64`],
    })
    this.net = createNet(this.stack)
    this.http = createHttp(this.net)
  }

  /** @throws the driver's errors: each says what to do */
  static async open(options: KernelSideOptions = {}): Promise<KernelSide> {
    const netns = options.ownNamespace === false ? null : createNetns()
    try {
      const tap = await openTap({
        name: 'tap0',
        ...options.tap,
        hostAddresses: [`${KERNEL_SIDE.v4}/24`, `${KERNEL_SIDE.v6}/64`],
        ...(netns ? { netns } : {}),
      })
      return new KernelSide(netns, tap, options)
    } catch (error) {
      netns?.close()
      throw error
    }
  }

  /** How a person puts a command into the namespace from another terminal. */
  get entering(): string {
    if (this.#netns) return `nsenter --net=${this.#netns.path}`
    return `nsenter --target ${process.pid} --user --net --preserve-credentials`
  }

  get #spawn(): Spawn {
    const netns = this.#netns
    return netns ? (command, args, options) => netns.spawn(command, args, options) : spawn
  }

  /** Runs a program on the kernel's side. Never rejects. */
  run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
    return runProgram(command, args, { ...options, spawn: this.#spawn })
  }

  /** As `run`. @throws Error with what the program said, when it does not end with 0 */
  mustRun(command: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
    return mustRun(command, args, { ...options, spawn: this.#spawn })
  }

  /** Starts a TypeScript program on the kernel's side, with a channel for messages. It ends with this object. */
  startNode(file: URL): ChildProcess {
    const child = this.#spawn(process.execPath, ['--import', 'tsx', fileURLToPath(file)], {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    return this.#keep(child)
  }

  /** Starts a program on the kernel's side that ends with this object, or with this process. */
  start(command: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    // What Ctrl-C or a crash leaves behind would keep the namespace.
    return this.#keep(this.#spawn('setpriv', ['--pdeathsig', 'KILL', '--', command, ...args], options))
  }

  #keep(child: ChildProcess): ChildProcess {
    this.#children.add(child)
    child.once('exit', () => this.#children.delete(child))
    return child
  }

  async close(): Promise<void> {
    this.closeNow()
    await this.stack.close()
    await this.tap.close()
    this.#netns?.close()
  }

  /** For a process that is about to end: device and namespace go with it, its children would not. */
  closeNow(): void {
    for (const child of this.#children) child.kill('SIGKILL')
  }
}
