import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { capture, type ImpairedDevice, impair, type LinkDevice, type TcpSettings } from '@tapwire/stack'
import { afterEach, expect, it } from 'vitest'
import { KERNEL_SIDE, KernelSide, STACK_SIDE } from '../../examples/shared/kernel-side.ts'
import { exchange, exchangeProgram, sha256, wordBytes } from '../support/exchange.ts'
import { kernelObstacle, kernelSuite } from '../support/kernel.ts'
import { Routed } from '../support/routed.ts'
import { countPackets, streamHashes } from '../support/tshark.ts'

const LONG = 120_000
const MEBIBYTE = 1 << 20
const VERSIONS = ['v4', 'v6'] as const

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** Blocks of a capture, and what tshark has to say of them. */
class Tape {
  readonly #blocks: Uint8Array[] = []
  readonly sink = (block: Uint8Array): void => {
    this.#blocks.push(block)
  }

  /** How many packets match a filter of tshark. */
  async count(filter: string): Promise<number> {
    return this.#read((file) => countPackets(file, filter))
  }

  /** No packet is cut, too long or wrongly summed; the first connection's streams are `opener` and `other`. */
  async check(opener: string, other: string): Promise<void> {
    await this.#read(async (file) => {
      expect(await countPackets(file, '_ws.malformed')).toBe(0)
      // Where a sum comes out as 0 Linux writes its other form (CSUM_MANGLED_0), which tshark lets only UDP have.
      const mangled = `(tcp.checksum == 0xffff && (ip.src == ${KERNEL_SIDE.v4} || ipv6.src == ${KERNEL_SIDE.v6}))`
      for (const name of ['ip', 'tcp']) {
        const status = `${name}.checksum.status`
        expect(await countPackets(file, `${status} && ${status} != 1 && !${mangled}`)).toBe(0)
      }
      expect(await countPackets(file, 'tcp.checksum.status == 1')).toBeGreaterThan(100)
      expect(await streamHashes(file)).toEqual([opener, other])
    })
  }

  async #read<T>(look: (file: string) => Promise<T>): Promise<T> {
    const folder = mkdtempSync(join(tmpdir(), 'tapwire-super-'))
    const file = join(folder, 'super.pcapng')
    try {
      writeFileSync(file, Buffer.concat(this.#blocks))
      return await look(file)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

interface Trial {
  readonly wrap?: (tap: LinkDevice) => LinkDevice
  readonly bytes?: number
  /** Of the stack. */
  readonly tcp?: TcpSettings
  /** Milliseconds of rest after each reading. */
  readonly pauses?: { readonly kernel?: number; readonly stack?: number }
  /** Settings of the kernel's side, below /proc/sys/net/ipv4. */
  readonly settings?: Readonly<Record<string, string>>
  /** When the connection is there. */
  readonly meanwhile?: (socket: Socket, side: KernelSide) => void
}

/** The kernel's Node connects to the stack; both send at once and read to the end; every byte is checked. */
async function withKernel(version: 'v4' | 'v6', trial: Trial = {}): Promise<KernelSide> {
  const { bytes = 4 * MEBIBYTE, pauses = {}, settings = {}, wrap } = trial
  const side = await KernelSide.open(wrap === undefined ? {} : { wrap })
  closing.push(() => side.close())
  side.stack.tcp.configure(trial.tcp ?? {})
  for (const [name, value] of Object.entries(settings)) {
    await side.mustRun('sh', ['-c', `echo '${value}' > /proc/sys/net/ipv4/${name}`])
  }
  const server = side.net.createServer({ allowHalfOpen: true }).listen(7)
  await once(server, 'listening')
  const program = exchangeProgram(STACK_SIDE[version], 7, 'kernel', bytes, pauses.kernel)
  const client = side.mustRun(process.execPath, ['-e', program], { timeout: LONG })
  const [socket] = (await once(server, 'connection')) as [Socket]
  trial.meanwhile?.(socket, side)
  const stackGot = await exchange(socket, wordBytes('stack', bytes), pauses.stack)
  const kernelGot = JSON.parse((await client).stdout)
  expect(stackGot).toEqual({ bytes, sha256: sha256(wordBytes('kernel', bytes)) })
  expect(kernelGot).toEqual({ bytes, sha256: sha256(wordBytes('stack', bytes)) })
  server.close()
  return side
}

const hashes = (bytes: number): [string, string] => [
  sha256(wordBytes('kernel', bytes)),
  sha256(wordBytes('stack', bytes)),
]

kernelSuite('super-frames between the stack and the kernel', kernelObstacle(['tshark']), () => {
  for (const version of VERSIONS) {
    it(
      `arrive whole, both ways at once, as the capture shows, IP${version}`,
      async () => {
        const tape = new Tape()
        const side = await withKernel(version, {
          wrap: (tap) => capture(tap, tape.sink),
          bytes: 2 * MEBIBYTE,
        })
        const { rxFrames, rxBytes, txFrames, txBytes } = side.tap.counters
        expect(txBytes / txFrames).toBeGreaterThan(1514)
        expect(rxBytes / rxFrames).toBeGreaterThan(1514)
        await tape.check(...hashes(2 * MEBIBYTE))
      },
      LONG,
    )

    for (const [name, build] of [
      ['capture around impair', (tap, tape) => capture(impair(tap, { loss: 0.01, seed: 3 }), tape.sink)],
      ['impair around capture', (tap, tape) => impair(capture(tap, tape.sink), { loss: 0.01, seed: 3 })],
    ] as [string, (tap: LinkDevice, tape: Tape) => LinkDevice][]) {
      it(
        `1 % lost, ${name}, IP${version}`,
        async () => {
          const tape = new Tape()
          const bytes = 3 * MEBIBYTE
          const side = await withKernel(version, { bytes, wrap: (tap) => build(tap, tape) })
          expect(side.stack.tcp.counters.retransmitted).toBeGreaterThan(0)
          await tape.check(...hashes(bytes))
        },
        LONG,
      )
    }

    it(
      `MUST-34 the kernel takes its window back while super-frames are on the way, IP${version}`,
      async () => {
        const side = await withKernel(version, {
          bytes: 2 * MEBIBYTE,
          pauses: { kernel: 4 },
          settings: { tcp_shrink_window: '1', tcp_rmem: '4096 65536 131072' },
        })
        expect(side.stack.tcp.counters.zeroWindowsIn).toBeGreaterThan(0)
      },
      LONG,
    )

    it(
      `the kernel's window is less than a super-frame, IP${version}`,
      async () => {
        const side = await withKernel(version, {
          bytes: 2 * MEBIBYTE,
          settings: { tcp_rmem: '4096 8192 16384' },
        })
        expect(side.tap.counters.txBytes / side.tap.counters.txFrames).toBeGreaterThan(1000)
      },
      LONG,
    )

    it(
      `our window is small, and the reader slow, IP${version}`,
      async () => {
        const side = await withKernel(version, {
          bytes: MEBIBYTE,
          pauses: { stack: 5 },
          tcp: { receiveBuffer: 32_768, receiveBufferMax: 32_768 },
        })
        expect(side.stack.tcp.counters.zeroWindowsOut).toBeGreaterThan(0)
      },
      LONG,
    )

    it(
      `R1191-01 R8201-03 the path becomes narrower in the middle, IP${version}`,
      async () => {
        let link: ImpairedDevice | null = null
        const side = await withKernel(version, {
          bytes: 8 * MEBIBYTE,
          wrap: (tap) => {
            link = impair(tap, { latency: 1 })
            return link
          },
          meanwhile: (socket) => {
            const look = setInterval(() => {
              if (socket.bytesRead < MEBIBYTE) return
              clearInterval(look)
              link!.set({ pathMtu: 1300 })
            }, 1)
            socket.once('close', () => clearInterval(look))
          },
        })
        expect(link!.stats.in.tooBigReported).toBeGreaterThan(0)
        expect(link!.stats.out.tooBigReported).toBeGreaterThan(0)
        expect(side.stack.tcp.counters.blackHoles).toBe(0)
      },
      LONG,
    )

    it(
      `damage on what the kernel left partial is found, IP${version}`,
      async () => {
        let link: ImpairedDevice | null = null
        const side = await withKernel(version, {
          wrap: (tap) => {
            link = impair(tap, { corrupt: 0.01, seed: 5 })
            return link
          },
        })
        expect(link!.stats.in.corrupted).toBeGreaterThan(5)
        expect(side.stack.interfaces[1].counters.tcp.droppedBadChecksum).toBeGreaterThan(0)
      },
      LONG,
    )
  }
})

/** Both stacks send to each other at once over the router; every byte is checked. */
async function across(routed: Routed, version: 'v4' | 'v6', bytes: number, meanwhile?: (b: Socket) => void) {
  const { a, b } = await routed.connect(version)
  meanwhile?.(b)
  const [fromA, fromB] = [wordBytes('a', bytes), wordBytes('b', bytes)]
  const [aGot, bGot] = await Promise.all([exchange(a, fromA), exchange(b, fromB)])
  expect(aGot).toEqual({ bytes, sha256: sha256(fromB) })
  expect(bGot).toEqual({ bytes, sha256: sha256(fromA) })
}

async function openRouted(...options: Parameters<typeof Routed.open>): Promise<Routed> {
  const routed = await Routed.open(...options)
  closing.push(() => routed.close())
  return routed
}

kernelSuite('super-frames that the kernel forwards', kernelObstacle(['tshark', 'ip']), () => {
  for (const version of VERSIONS) {
    it(
      `whole to a link that takes them, IP${version}`,
      async () => {
        const routed = await openRouted()
        await across(routed, version, 8 * MEBIBYTE)
        for (const { tap } of [routed.a, routed.b]) {
          expect(tap.counters.rxBytes / tap.counters.rxFrames).toBeGreaterThan(1514)
        }
      },
      LONG,
    )

    it(
      `in segments that the kernel cut of ours, 1 % of them lost: SACK goes through the super-frames, IP${version}`,
      async () => {
        const tape = new Tape()
        const routed = await openRouted({
          b: {
            tap: { offload: false },
            wrap: (tap) => impair(capture(tap, tape.sink), { loss: 0.01, latency: 1, seed: 7 }),
          },
        })
        const bytes = 3 * MEBIBYTE
        await across(routed, version, bytes)
        const { counters } = routed.a.stack.tcp
        expect(counters.retransmitted).toBeGreaterThan(5)
        expect(routed.a.tap.counters.txBytes / routed.a.tap.counters.txFrames).toBeGreaterThan(1600)
        // Not the whole of every super-frame that lost a segment: at most three times what was lost.
        expect(counters.retransmitted).toBeLessThan(0.03 * counters.segmentsOut + 20)
        await tape.check(sha256(wordBytes('a', bytes)), sha256(wordBytes('b', bytes)))
      },
      LONG,
    )

    it(
      `R3168-06 R3168-07 marked on the way: each reduction is told once, though it leaves in a super-frame, IP${version}`,
      async () => {
        const tape = new Tape()
        let link: ImpairedDevice | null = null
        const routed = await openRouted({
          a: { tcp: { ecn: true } },
          b: {
            tap: { offload: false },
            wrap: (tap) => {
              link = impair(capture(tap, tape.sink), { latency: 1, mark: 0.002, seed: 4 })
              return link
            },
          },
        })
        await across(routed, version, 8 * MEBIBYTE)
        expect(link!.stats.in.marked).toBeGreaterThan(0)
        expect(routed.a.tap.counters.txBytes / routed.a.tap.counters.txFrames).toBeGreaterThan(1600)
        const { ecnReductions } = routed.a.stack.tcp.counters
        expect(ecnReductions).toBeGreaterThan(0)
        expect(routed.b.stack.tcp.counters.congestionMarksIn).toBe(link!.stats.in.marked)
        // The SYN has CWR as well.
        const told = await tape.count(`tcp.flags.cwr == 1 && tcp.dstport == 7 && tcp.flags.syn == 0`)
        expect(told).toBeGreaterThan(0)
        expect(told).toBeLessThanOrEqual(ecnReductions)
      },
      LONG,
    )

    it(
      `R1191-04 R8201-03 to a link that becomes too narrow on the way: the kernel says so of the super-frame, IP${version}`,
      async () => {
        const routed = await openRouted()
        let narrowed = false
        await across(routed, version, 16 * MEBIBYTE, (b) => {
          const look = setInterval(() => {
            if (b.bytesRead < 2 * MEBIBYTE) return
            clearInterval(look)
            narrowed = true
            void routed.run('ip', ['link', 'set', 'dev', 'tap1', 'mtu', '1300'])
          }, 1)
        })
        expect(narrowed).toBe(true)
        const { counters } = routed.a.stack.tcp
        expect(counters.icmpErrorsIn).toBeGreaterThan(0)
        expect(counters.blackHoles).toBe(0)
      },
      LONG,
    )
  }
})
