import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createDgram } from '@tapwire/net-api'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { runClient } from '../../examples/iperf3/client.ts'
import { DEFAULT_PARAMS, type Params } from '../../examples/iperf3/params.ts'
import { textReporter } from '../../examples/iperf3/report.ts'
import { Iperf3Server } from '../../examples/iperf3/server.ts'
import { KERNEL_SIDE, KernelSide, STACK_SIDE } from '../../examples/shared/kernel-side.ts'
import { mustRun } from '../../examples/shared/programs.ts'
import { kernelObstacle, kernelSuite } from '../support/kernel.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** Milliseconds: starting programs takes its time where many do. */
const LONG = 60_000

kernelSuite("the example's iperf3 and the kernel's", kernelObstacle(['iperf3']), () => {
  let side: KernelSide
  let server: Iperf3Server
  const said: string[] = []

  const parts = () => ({
    net: side.net,
    dgram: createDgram(side.stack),
    host: { retransmitted: () => side.stack.tcp.counters.retransmitted, congestion: 'cubic' },
    report: textReporter((line) => said.push(line)),
  })

  beforeAll(async () => {
    side = await KernelSide.open()
    server = await Iperf3Server.listen(parts())
  })

  afterAll(async () => {
    server?.close()
    await side?.close()
  })

  interface Report {
    readonly end: {
      readonly streams: readonly object[]
      readonly sum_sent?: { readonly bytes: number }
      readonly sum_received?: { readonly bytes: number }
      readonly sum?: { readonly bytes: number; readonly lost_percent: number }
      readonly sum_received_bidir_reverse?: { readonly bytes: number }
    }
    readonly error?: string
  }

  async function iperf3(...args: string[]): Promise<Report> {
    const { stdout } = await side.mustRun('iperf3', ['-J', '-c', ...args])
    const report = JSON.parse(stdout) as Report
    expect(report.error).toBeUndefined()
    return report
  }

  it.each([
    ['-P 4 -R', 4],
    ['', 1],
    ['--bidir', 2],
    ['-P 3 -N -w 128K -M 1000', 3],
    ['-O 1', 1],
  ])("the kernel's client: iperf3 -t 1 %s", { timeout: LONG }, async (more, streams) => {
    const { end } = await iperf3(STACK_SIDE.v4, '-t', '1', ...more.split(' ').filter((word) => word !== ''))
    expect(end.streams).toHaveLength(streams)
    expect(end.sum_sent?.bytes).toBeGreaterThan(1e6)
    expect(end.sum_received?.bytes).toBeGreaterThan(1e6)
    if (more === '--bidir') expect(end.sum_received_bidir_reverse?.bytes).toBeGreaterThan(1e6)
  })

  // `-k` of a client that receives counts what it reads: blocks of a segment each are read whole.
  it.each(['-n 20M', '-n 20M -R', '-k 200', '-k 14000 -l 1448 -R -P 2', '-n 20M -6'])(
    "the kernel's client: iperf3 %s",
    { timeout: LONG },
    async (more) => {
      const args = more.split(' ').filter((word) => word !== '-6')
      const { end } = await iperf3(more.endsWith('-6') ? STACK_SIDE.v6 : STACK_SIDE.v4, ...args)
      expect(Math.max(end.sum_sent!.bytes, end.sum_received!.bytes)).toBeGreaterThanOrEqual(20e6)
    },
  )

  it.each(['-u -b 4M', '-u -b 4M -R --udp-counters-64bit', '-u -b 4M -P 2'])(
    "the kernel's client: iperf3 -t 1 %s",
    { timeout: LONG },
    async (more) => {
      const { end } = await iperf3(STACK_SIDE.v4, '-t', '1', ...more.split(' '))
      expect(end.sum?.bytes).toBeGreaterThan(200_000)
      expect(end.sum?.lost_percent).toBeLessThan(20)
    },
  )

  it.each<[string, Partial<Params>]>([
    ['one stream', {}],
    ['-P 4 -R', { parallel: 4, reverse: true }],
    ['--bidir', { bidirectional: true }],
    ['UDP', { protocol: 'udp', length: 1400, blocks: 100, bandwidth: 10e6 }],
  ])("the kernel's server, and ours as its client: %s", { timeout: LONG }, async (_, more) => {
    const port = 5300
    const kernel = side.start('iperf3', ['-s', '-1', '-p', `${port}`], { stdio: 'ignore' })
    const gone = new Promise((resolve) => kernel.once('exit', resolve))
    const listens = `:${port.toString(16).toUpperCase()} [0-9A-F]*:0000 0A `
    const tables = ['/proc/self/net/tcp', '/proc/self/net/tcp6']
    while ((await side.run('grep', ['-q', listens, ...tables])).status !== 0);
    const params = { ...DEFAULT_PARAMS, time: 0, blocks: 100, ...more }
    const { own, others } = await runClient({ ...parts(), address: KERNEL_SIDE.v4, port, params })
    const bytes = [...own.streams, ...others.streams].map((stream) => stream.bytes)
    expect(Math.max(...bytes) * own.streams.length).toBeGreaterThanOrEqual((100 * params.length) / 2)
    expect(others.streams.map(({ id }) => id)).toEqual(own.streams.map(({ id }) => id))
    await gone
  })

  it("README's command, shortened, ends with 0", { timeout: LONG }, async () => {
    const command = ['--import', 'tsx', 'examples/iperf3/main.ts']
    const args = ['-s', '--kernel', 'iperf3 -c 10.77.0.2 -P 4 -R -t 1']
    const { stdout } = await mustRun(process.execPath, [...command, ...args], { cwd: root, spawn })
    expect(stdout).toContain('iperf Done.')
  })
})
