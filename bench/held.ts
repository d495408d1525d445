// What connections cost that are held and not used: memory, processor time, wake-ups. README.md has what was found.
import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createNet } from '@tapwire/net-api'
import { createCable, parseAddress, Stack } from '@tapwire/stack'
import { createNetns, openTap } from '@tapwire/tap-driver'

const HELP = `node --import tsx bench/held.ts [--connections N] [--over tap|cable] [--seconds S]

Opens N connections to a server on createNet(stack), sends a byte over each and back, and holds them.

  --connections N   default 100000
  --over tap        default: the kernel opens them, in a network namespace of its own; needs root and /dev/net/tun
  --over cable      a second stack in the same process does, by the stack's own API: both ends count
  --seconds S       how long it is watched while nothing happens, default 10
  --help

  sudo node --import tsx bench/held.ts --connections 10000
  node --import tsx bench/held.ts --over cable

The status is 1 if connections are missing, or if the stack has a timer or uses the processor while nothing happens.`

/** Of one server port, so that a client's ephemeral ports and file descriptors suffice. */
const PER_PORT = 16_000
const FIRST_PORT = 7000
const AT_ONCE = 64
const SERVER = '10.77.0.2'
const CLIENT = '10.77.0.1'

const byte = new Uint8Array(1)

/** Of a processor: less is V8's housekeeping. */
const NOTHING = 0.005

const { values } = parseArgs({
  options: {
    connections: { type: 'string', default: '100000' },
    over: { type: 'string', default: 'tap' },
    seconds: { type: 'string', default: '10' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
const connections = Number(values.connections)
const seconds = Number(values.seconds)
const right =
  Number.isInteger(connections) && connections > 0 && seconds > 0 && /^(tap|cable)$/.test(values.over)
if (values.help || !right) {
  console.log(HELP)
  process.exit(values.help ? 0 : 2)
}

const ports = Array.from({ length: Math.ceil(connections / PER_PORT) }, (_, i) => ({
  port: FIRST_PORT + i,
  count: Math.min(PER_PORT, connections - i * PER_PORT),
}))
process.exitCode = (await (values.over === 'tap' ? overTap() : overCable())) ? 0 : 1

async function overTap(): Promise<boolean> {
  const netns = createNetns()
  try {
    const tap = await openTap({ name: 'tap0', netns, hostAddresses: [`${CLIENT}/24`] })
    const stack = new Stack()
    stack.addInterface(tap, { addresses: [`${SERVER}/24`] })
    const held = await measure(stack, async (port, count) => {
      const file = fileURLToPath(new URL('held-client.ts', import.meta.url))
      const child = netns.spawn(process.execPath, ['--import', 'tsx', file, SERVER, `${port}`, `${count}`], {
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      })
      await new Promise<void>((resolve, reject) => {
        child.once('message', () => resolve())
        child.once('exit', () => reject(new Error('A client has ended before its connections were there')))
      })
      return () => void child.removeAllListeners('exit').disconnect()
    })
    await stack.close()
    await tap.close()
    return held
  } finally {
    netns.close()
  }
}

async function overCable(): Promise<boolean> {
  const [left, right] = createCable()
  const stack = new Stack()
  const client = new Stack()
  stack.addInterface(left, { addresses: [`${SERVER}/24`] })
  client.addInterface(right, { addresses: [`${CLIENT}/24`] })
  const held = await measure(stack, async (port, count) => {
    let left = count
    const open = async (): Promise<void> => {
      while (left-- > 0) await openOne(client, port)
    }
    await Promise.all(Array.from({ length: AT_ONCE }, open))
    return () => {}
  })
  await Promise.all([stack.close(), client.close()])
  return held
}

function openOne(client: Stack, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    client.tcp.connect(
      { address: parseAddress(SERVER)!, port },
      {
        onConnect: (connection) => void connection.write(byte),
        onReadable: (connection) => {
          connection.read(new Uint8Array(1))
          resolve()
        },
        onClose: (_, reason) => reject(new Error(`A connection has ended: ${reason}`)),
      },
    )
  })
}

/** @param open opens so many connections to a port; @returns whether all are there and quiet */
async function measure(
  stack: Stack,
  open: (port: number, count: number) => Promise<() => void>,
): Promise<boolean> {
  const net = createNet(stack)
  for (const { port } of ports) {
    const server = net.createServer((socket) => {
      socket.on('error', () => {})
      socket.on('data', (data) => socket.write(data))
    })
    server.listen({ port, backlog: 4096 })
  }
  await wait(2000)
  const base = process.memoryUsage.rss()
  const began = performance.now()
  const ends: (() => void)[] = []
  for (const { port, count } of ports) {
    ends.push(await open(port, count))
    const held = stack.tcp.sizes.connections
    console.error(`${held} held after ${((performance.now() - began) / 1000).toFixed(1)} s`)
  }
  await wait(1000)
  const each = (process.memoryUsage.rss() - base) / connections
  await wait(4000)
  const { time, waits } = thread()
  await wait(seconds * 1000)
  const after = thread()
  const held = stack.tcp.sizes.connections
  const used = (after.time - time) / (seconds * 1000)
  const timers = stack.engine.timers.size
  console.log(`connections held           ${held}`)
  console.log(`resident bytes each        ${Math.round(each)}`)
  console.log(`processor, idle            ${(100 * used).toFixed(2)} %`)
  console.log(`waits of the thread, idle  ${after.waits - waits} in ${seconds} s`)
  console.log(`timers of the stack        ${timers}`)
  for (const end of ends) end()
  return held === connections && timers === 0 && used < NOTHING
}

/** Of the thread that the stack runs in: milliseconds of processor time, and how often it has waited for something. */
function thread(): { time: number; waits: number } {
  const task = `/proc/self/task/${process.pid}`
  const [nanoseconds] = readFileSync(`${task}/schedstat`, 'utf8').split(' ')
  const waits = /^voluntary_ctxt_switches:\s+(\d+)/m.exec(readFileSync(`${task}/status`, 'utf8'))?.[1]
  return { time: Number(nanoseconds) / 1e6, waits: Number(waits) }
}
