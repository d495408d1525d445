import type { ChildProcess } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { type FrameSink, Memory, type RxFrame, TxDescriptor } from '@tapwire/stack'
import { createNetns, type Netns } from '../src/index.ts'
import { libc } from '../src/libc.ts'
import { checkOptions } from '../src/options.ts'
import { openTun } from '../src/tun-fd.ts'

/** Why tests against the kernel cannot run here, or null when they can. */
export function whyNoKernel(): string | null {
  if (process.platform !== 'linux') return `this is ${process.platform}, not Linux`
  if (!existsSync('/dev/net/tun')) return 'there is no /dev/net/tun'
  try {
    const netns = createNetns()
    try {
      libc().close(netns.run(() => openTun(checkOptions('ethernet', {}))).fd)
    } finally {
      netns.close()
    }
    return null
  } catch (error) {
    return (error as Error).message
  }
}

/** A namespace of the test's own, gone at its end; nobody outside can see it. */
export async function inNetns<T>(test: (netns: Netns) => Promise<T>): Promise<T> {
  const netns = createNetns()
  try {
    return await test(netns)
  } finally {
    netns.close()
  }
}

/** A frame as it came in, copied. */
export interface SeenFrame {
  readonly bytes: Uint8Array
  readonly checksum: number
  readonly gsoSize: number
}

/** A sink that keeps what it is given, with room to send from. */
export class Recorder implements FrameSink {
  readonly memory = new Memory(1 << 20)
  readonly frames: SeenFrame[] = []
  readonly closings: (Error | null)[] = []
  bursts = 0
  writables = 0
  onFrameHook: ((frame: RxFrame) => void) | null = null
  readonly #waiting: { wanted: (frame: SeenFrame) => boolean; resolve: (frame: SeenFrame) => void }[] = []

  onFrame(frame: RxFrame): void {
    const seen = {
      bytes: this.memory.copyOut(frame.offset, frame.length),
      checksum: frame.checksum,
      gsoSize: frame.gsoSize,
    }
    this.frames.push(seen)
    this.onFrameHook?.(frame)
    for (const { wanted, resolve } of this.#waiting) if (wanted(seen)) resolve(seen)
  }
  onBurstEnd(): void {
    this.bursts++
  }
  onWritable(): void {
    this.writables++
  }
  onClosed(error: Error | null): void {
    this.closings.push(error)
  }

  /** The first frame that fits, whether it is here already or still to come. */
  frame(wanted: (frame: SeenFrame) => boolean): Promise<SeenFrame> {
    const here = this.frames.find(wanted)
    if (here !== undefined) return Promise.resolve(here)
    return new Promise((resolve) => this.#waiting.push({ wanted, resolve }))
  }

  /** A descriptor of this memory whose pieces are copies of the given bytes, each in a block of its own. */
  descriptor(head: Uint8Array, payload: Uint8Array = NOTHING, payload2: Uint8Array = NOTHING): TxDescriptor {
    const frame = new TxDescriptor(this.memory)
    frame.headOffset = this.#place(head, 16)
    frame.headLength = head.length
    frame.payloadOffset = this.#place(payload, 0)
    frame.payloadLength = payload.length
    frame.payload2Offset = this.#place(payload2, 0)
    frame.payload2Length = payload2.length
    return frame
  }

  #place(bytes: Uint8Array, room: number): number {
    const block = this.memory.allocate(room + bytes.length)
    this.memory.copyIn(block + room, bytes)
    return block + room
  }
}

const NOTHING = new Uint8Array(0)

/** What the process has open, to see that nothing is left. */
export function openFds(): number {
  return readdirSync('/proc/self/fd').length
}

/** A program inside the namespace: its lines of output, and its end. */
export interface Child {
  /** The next line of standard output. @throws when the program ends first */
  line(): Promise<string>
  /** Its exit code and everything it said that no `line()` took. */
  readonly ended: Promise<{ code: number | null; output: string }>
  kill(): void
}

/** Runs JavaScript in a Node of its own inside the namespace, on the kernel's sockets. */
export function runNode(netns: Netns, code: string): Child {
  return watch(netns.spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'pipe'] }))
}

export function watch(child: ChildProcess): Child {
  let output = ''
  let done = false
  const waiting: (() => void)[] = []
  const wake = () => {
    for (const resume of waiting.splice(0)) resume()
  }
  const take = (chunk: Buffer) => {
    output += chunk.toString()
    wake()
  }
  child.stdout?.on('data', take)
  child.stderr?.on('data', take)
  const ended = new Promise<{ code: number | null; output: string }>((resolve) => {
    child.on('close', (code) => {
      done = true
      wake()
      resolve({ code, output })
    })
  })
  return {
    ended,
    kill: () => child.kill('SIGKILL'),
    async line() {
      for (;;) {
        const end = output.indexOf('\n')
        if (end >= 0) {
          const line = output.slice(0, end)
          output = output.slice(end + 1)
          return line
        }
        if (done) throw new Error(`the child ended: ${output}`)
        await new Promise<void>((resolve) => waiting.push(resolve))
      }
    },
  }
}
