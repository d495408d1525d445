// iperf3 on tapwire. See options.ts for its use.
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createDgram } from '@tapwire/net-api'
import { deviceObstacle } from '../shared/kernel-obstacle.ts'
import { KERNEL_SIDE, KernelSide, STACK_SIDE } from '../shared/kernel-side.ts'
import { runClient } from './client.ts'
import type { Host } from './measurement.ts'
import { HELP, type Options, readOptions } from './options.ts'
import { textReporter } from './report.ts'
import { Iperf3Server } from './server.ts'

/** IPv4 and TCP, without options. */
const HEADERS = 40
/** Milliseconds for the kernel's side to listen. */
const PATIENCE = 10_000

async function openSide({ tap, offload, params }: Options): Promise<KernelSide> {
  const obstacle = deviceObstacle()
  if (obstacle !== null) throw new Error(`the kernel cannot be the peer here: ${obstacle}`)
  const { window, mss } = params
  const buffers = {
    receiveBuffer: window,
    receiveBufferMax: window,
    sendBuffer: window,
    sendBufferMax: window,
  }
  return KernelSide.open({
    ownNamespace: tap === null,
    tap: { name: tap ?? 'tap0', offload, ...(mss > 0 ? { mtu: mss + HEADERS } : {}) },
    ...(window > 0 ? { stack: { tcp: buffers } } : {}),
  })
}

const hostOf = ({ stack }: KernelSide): Host => ({
  retransmitted: () => stack.tcp.counters.retransmitted,
  congestion: 'cubic',
})

/** The command of `--kernel`, by a shell, on the kernel's side. */
function startCommand(side: KernelSide, command: string): { child: ChildProcess; ended: Promise<number> } {
  const child = side.start('sh', ['-c', `exec ${command}`], { stdio: ['ignore', 'inherit', 'inherit'] })
  const ended = once(child, 'exit').then(([status]) => (status as number | null) ?? 1)
  return { child, ended }
}

async function serve(side: KernelSide, options: Options): Promise<number> {
  const server = await Iperf3Server.listen({
    net: side.net,
    dgram: createDgram(side.stack),
    host: hostOf(side),
    // With a client in the same terminal, it is the client that reports.
    report: textReporter(options.kernel === null ? console.log : () => {}, console.error),
    port: options.port,
  })
  try {
    if (options.kernel !== null) return await startCommand(side, options.kernel).ended
    const inside = options.tap === null ? `${side.entering} ` : ''
    console.log(
      `Serving at ${STACK_SIDE.v4} and ${STACK_SIDE.v6}, port ${options.port}, until Ctrl-C. To measure:`,
    )
    console.log(`  ${inside}iperf3 -c ${STACK_SIDE.v4} -P 4 -R\n`)
    do {
      await once(server, 'done')
    } while (!options.oneOff)
    return 0
  } finally {
    server.close()
  }
}

async function measure(side: KernelSide, options: Options): Promise<number> {
  const command = options.kernel === null ? null : startCommand(side, options.kernel)
  if (command !== null) await untilListening(side, options)
  try {
    await runClient({
      net: side.net,
      dgram: createDgram(side.stack),
      host: hostOf(side),
      report: textReporter(console.log),
      address: options.address,
      port: options.port,
      params: options.params,
      interval: options.interval,
    })
    return 0
  } finally {
    command?.child.kill()
    await command?.ended
  }
}

/** A program takes a moment until it listens; trying a connection would be a test to iperf3. */
async function untilListening(side: KernelSide, { address, port }: Options): Promise<void> {
  const deadline = performance.now() + PATIENCE
  // A listening socket of /proc/net/tcp: its port, a remote address, and 0A for LISTEN.
  const socket = `:${port.toString(16).toUpperCase().padStart(4, '0')} [0-9A-F]*:0000 0A `
  const tables = ['/proc/self/net/tcp', '/proc/self/net/tcp6']
  while ((await side.run('grep', ['-q', socket, ...tables])).status !== 0) {
    if (performance.now() > deadline) throw new Error(`nothing listens at ${address}, port ${port}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2))
  if (options === null) {
    console.log(HELP)
    return 0
  }
  const side = await openSide(options)
  for (const [signal, number] of [
    ['SIGINT', 2],
    ['SIGTERM', 15],
  ] as const) {
    process.once(signal, () => {
      side.closeNow()
      process.exit(128 + number)
    })
  }
  process.once('exit', () => side.closeNow())
  try {
    const where = options.tap === null ? 'a network namespace of its own' : 'this network'
    console.log(`tapwire is ${STACK_SIDE.v4}, the kernel ${KERNEL_SIDE.v4}, on ${side.tap.name} in ${where}`)
    return options.mode === 'server' ? await serve(side, options) : await measure(side, options)
  } finally {
    await side.close()
  }
}

main().then(
  (status) => process.exit(status),
  (error: unknown) => {
    console.error(`tapwire: ${error instanceof Error ? error.message : String(error)}`)
    process.exit(1)
  },
)
