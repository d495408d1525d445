import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { createNet } from '@tapwire/net-api'
import { packets, parseAddress, type RxFrame, Stack, WrappedDevice } from '@tapwire/stack'
import { createNetns, type Netns, openTap, type TapDevice } from '@tapwire/tap-driver'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { KERNEL_SIDE, STACK_SIDE } from '../../examples/shared/kernel-side.ts'
import { libc, O_CLOEXEC } from '../../packages/tap-driver/src/libc.ts'
import { kernelObstacle, kernelSuite } from '../support/kernel.ts'
import type { ConnectorReport } from './connector.ts'
import { type FrameSenderData, Progress } from './frame-sender.ts'

const MILLION = 1_000_000
const PATIENCE = 180_000
const PORT = 7
const OUR_MAC = '02:00:00:00:00:02'
/** Nobody else's: the flood is told from everything else by it. */
const FLOOD_MAC = '02:00:00:00:00:66'
const AF_PACKET = 17
const SOCK_RAW = 3
/** Fewer than the interface's queue of 500 has room for, so that none of the million is lost before it has arrived. */
const WINDOW = 320
/** Between two connections of the honest client, in milliseconds. */
const PAUSE = 5

const macBytes = (text: string): Uint8Array =>
  Uint8Array.from(text.split(':'), (byte) => Number.parseInt(byte, 16))

/** A SYN as a modern client sends it. */
function syn(source: string): Uint8Array {
  const from = parseAddress(source)!
  const to = parseAddress(from.isV4 ? STACK_SIDE.v4 : STACK_SIDE.v6)!
  const addresses = { source: from.toBytes(), destination: to.toBytes() }
  return packets.buildFrame({
    ethernet: { source: macBytes(FLOOD_MAC), destination: macBytes(OUR_MAC) },
    ...(from.isV4 ? { ipv4: { ...addresses, dontFragment: true } } : { ipv6: addresses }),
    tcp: {
      sourcePort: 1,
      destinationPort: PORT,
      seq: 1,
      flags: 2,
      window: 64_240,
      options: [
        { name: 'mss', value: 1460 },
        { name: 'sackPermitted' },
        { name: 'timestamps', value: 1, echo: 0 },
        { name: 'nop' },
        { name: 'windowScale', shift: 7 },
      ],
    },
  })
}

/** Of 32 SYNs: 21 over IPv4 and 8 over IPv6 from far away, and of each version some that claim to come from this link. */
const SOURCES: readonly { share: number; source: string; randomBits: number }[] = [
  { share: 21, source: '64.0.0.0', randomBits: 24 },
  { share: 8, source: '2001:db8::', randomBits: 64 },
  { share: 1, source: '10.77.0.64', randomBits: 6 },
  { share: 2, source: 'fd77::', randomBits: 64 },
]

/** A device that counts the flood's frames as they come in. */
class FloodMeter extends WrappedDevice {
  received = 0

  override onFrame(frame: RxFrame): void {
    const { u8 } = this.memory
    if (u8[frame.offset + 6] === 0x02 && u8[frame.offset + 11] === 0x66) this.received++
    super.onFrame(frame)
  }
}

kernelSuite('a flood of a million forged SYNs over a TAP', kernelObstacle(['ip']), () => {
  let netns: Netns
  let tap: TapDevice
  let meter: FloodMeter
  let stack: Stack
  let client: ChildProcess
  let sender: Worker | null = null
  let socket = -1

  beforeEach(async () => {
    netns = createNetns()
    tap = await openTap({
      name: 'tap0',
      mac: OUR_MAC,
      hostAddresses: [`${KERNEL_SIDE.v4}/24`, `${KERNEL_SIDE.v6}/64`],
      netns,
    })
    stack = new Stack()
    meter = new FloodMeter(tap)
    stack.addInterface(meter, {
      addresses: [`${STACK_SIDE.v4}/24`, `${STACK_SIDE.v6}/64`],
      gateway: [KERNEL_SIDE.v4, KERNEL_SIDE.v6],
    })
    createNet(stack)
      .createServer((connection) => {
        // The client is killed at the end, perhaps in the middle of a connection.
        connection.on('error', () => {}).pipe(connection)
      })
      .listen(PORT)
    const program = fileURLToPath(new URL('connector.ts', import.meta.url))
    const args = ['--import', 'tsx', program, `${PORT}`, `${PAUSE}`, STACK_SIDE.v4, STACK_SIDE.v6]
    client = netns.spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    await once(client, 'message')
  })

  afterEach(async () => {
    await sender?.terminate()
    sender = null
    if (socket >= 0) libc().close(socket)
    socket = -1
    client.kill('SIGKILL')
    await stack.close()
    await tap.close()
    netns.close()
  })

  /** What the honest client has seen since it was last asked. */
  async function report(): Promise<ConnectorReport> {
    client.send('report')
    const [answer] = (await once(client, 'message')) as [ConnectorReport]
    return answer
  }

  /** Sends a million SYNs as fast as the stack takes them. @returns seconds it took, and how many arrived */
  async function flood(whileItLasts: () => void): Promise<{ seconds: number; received: number }> {
    socket = netns.run(() => libc().socket(AF_PACKET, SOCK_RAW | O_CLOEXEC, 0))
    expect(socket).toBeGreaterThanOrEqual(0)
    const shared = new SharedArrayBuffer(16)
    const progress = new Int32Array(shared)
    progress[Progress.Wanted] = MILLION
    const kinds = SOURCES.flatMap((kind) => Array.from({ length: kind.share }, () => kind))
    const workerData: FrameSenderData = {
      socket,
      interfaceIndex: tap.hostIndex,
      templates: kinds.map(({ source }) => syn(source)),
      randomBits: kinds.map(({ randomBits }) => randomBits),
      window: WINDOW,
      shared,
    }
    let started = 0
    const ended = new Promise<void>((resolve, reject) => {
      // A worker has no loader for TypeScript of its own.
      const program = JSON.stringify(new URL('frame-sender.ts', import.meta.url).href)
      const load = `import('tsx/esm/api').then(({ tsImport }) => tsImport(${program}, ${program}))`
      sender = new Worker(load, { eval: true, workerData })
      sender.once('exit', () => resolve())
      sender.once('error', reject)
    })
    let over = false
    const watch = (): void => {
      const { received } = meter
      if (received > 0 && started === 0) started = performance.now()
      Atomics.store(progress, Progress.Received, received)
      Atomics.notify(progress, Progress.Received)
      whileItLasts()
      if (!over) setImmediate(watch)
    }
    watch()
    await ended
    over = true
    return {
      seconds: (performance.now() - started) / 1000,
      received: meter.received,
    }
  }

  it(
    'R4987-01 R4987-02 R4987-04 neither grows memory nor keeps an honest client out',
    async () => {
      await new Promise((resolve) => setTimeout(resolve, 1000))
      const calm = await report()
      const rss = process.memoryUsage().rss
      const allocated = stack.memory.allocated
      let peak = 0
      let halfOpen = 0
      const { seconds, received } = await flood(() => {
        peak = Math.max(peak, stack.memory.allocated)
        halfOpen = Math.max(halfOpen, stack.tcp.sizes.halfOpen)
      })
      const stormy = await report()
      const grown = process.memoryUsage().rss - rss
      const { counters, sizes } = stack.tcp
      const rate = Math.round(received / seconds)
      console.log(
        [
          `${received} SYNs in ${seconds.toFixed(1)} s: ${rate} a second`,
          `time to connect, calm:  ${summary(calm.connects)}; to the first echo ${summary(calm.echoes)}`,
          `time to connect, flood: ${summary(stormy.connects)}; to the first echo ${summary(stormy.echoes)}`,
          `arena: ${allocated} before, ${peak} at most; RSS ${mib(rss)} before, ${mib(grown)} more after`,
          `cookies: ${counters.synCookiesSent} sent, ${counters.synCookiesAccepted} accepted, ${counters.synCookiesFailed} wrong; half open ${halfOpen} at most`,
          `accept queue overflows ${counters.droppedAcceptQueue}, device full ${counters.deviceFull}, retransmitted ${counters.retransmitted}`,
        ].join('\n'),
      )
      expect(received).toBeGreaterThanOrEqual(MILLION)
      expect(seconds, 'more than 16,000 a second, wherever this runs').toBeLessThan(60)
      expect(counters.synCookiesSent).toBeGreaterThan(0.9 * MILLION)
      expect(halfOpen).toBeLessThanOrEqual(stack.limits.synBacklog)
      expect(peak - allocated, 'bytes of the arena').toBeLessThan(16 << 20)
      expect(grown, 'bytes of the process').toBeLessThan(stack.limits.memory)
      expect(calm.errors.concat(stormy.errors)).toEqual([])
      expect(stormy.connects.length).toBeGreaterThan(20)
      expect(stormy.echoes.length).toBeGreaterThanOrEqual(stormy.connects.length - 1)
      expect(counters.synCookiesAccepted).toBeGreaterThan(20)
      // No SYN of the client had to be sent twice in the median; one that was lost costs it a second.
      expect(quantile(stormy.connects, 0.5)).toBeLessThan(500)
      expect(quantile(stormy.connects, 1)).toBeLessThan(5000)
      expect(sizes.connections).toBeLessThanOrEqual(2)
    },
    PATIENCE,
  )
})

function summary(times: readonly number[]): string {
  const at = (share: number): string => quantile(times, share).toFixed(2)
  return `${times.length} connects, median ${at(0.5)} ms, 99 % ${at(0.99)} ms, worst ${at(1)} ms`
}

function quantile(times: readonly number[], share: number): number {
  const sorted = [...times].sort((a, b) => a - b)
  return sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN
}

function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`
}
