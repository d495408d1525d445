import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { KernelClient, StackClient } from '../demo/client.ts'
import { payload, startDemoServer } from '../demo/server.ts'
import { demoSteps } from '../demo/steps.ts'
import { Status } from '../failure.ts'
import { inWorld } from '../session.ts'
import { paintFor, say, type Terminal } from '../terminal.ts'
import { readWorldOptions, type WorldOptions } from '../world/options.ts'

interface DemoOptions {
  readonly size: number
  readonly requests: number
}

/** `tapwire demo`. @returns 0 when every step was right */
export async function demo(terminal: Terminal, _: readonly string[], given: object): Promise<number> {
  const { size, requests } = given as DemoOptions
  const asked = readWorldOptions(given, { offload: true })
  const options: WorldOptions = asked.device === null ? { ...asked, device: { kind: 'virtual' } } : asked
  const { stdout, env } = terminal
  const paint = paintFor(stdout, env)
  return inWorld(terminal, options, { command: 'demo' }, async ({ world }) => {
    say(stdout, `tapwire: ${world.description}\n`)
    const folder = await mkdtemp(join(tmpdir(), 'tapwire-demo-'))
    const stop = await startDemoServer(world.stack)
    try {
      const file = join(folder, 'payload')
      await pipeline(Readable.from(payload(size << 20)), createWriteStream(file))
      const far = world.otherSide.stack
      const client = far === null ? new KernelClient(world.otherSide, folder) : new StackClient(far)
      let right = 0
      const steps = demoSteps(world.own, file, { mebibytes: size, requests })
      for (const { name, run } of steps) {
        if (terminal.interrupted.aborted) return Status.Done
        try {
          say(stdout, `  ${paint('green', '✔')} ${name}: ${await run(client)}`)
          right++
        } catch (error) {
          if (terminal.interrupted.aborted) return Status.Done
          say(stdout, `  ${paint('red', '✘')} ${name}: ${(error as Error).message}`)
        }
      }
      const { segmentsIn, segmentsOut, retransmitted } = world.stack.tcp.counters
      const count = (value: number): string => value.toLocaleString('en')
      say(
        stdout,
        `\n${right} of ${steps.length} steps were right, by ${client.by}; ${count(segmentsIn)} segments in, ${count(segmentsOut)} out, ${count(retransmitted)} sent again.`,
      )
      if (asked.device === null)
        say(stdout, 'With --tap tap0 the kernel is the other side (as root, or under `unshare -Urn`).')
      return right === steps.length ? Status.Done : Status.Failed
    } finally {
      stop()
      await rm(folder, { recursive: true, force: true })
    }
  })
}
