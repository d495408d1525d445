import { impair } from '@tapwire/stack'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { MEBIBYTE, payloadHash } from '../../examples/main/payload.ts'
import type { TransferReport } from '../../examples/main/tasks.ts'
import { STACK_SIDE } from '../../examples/shared/kernel-side.ts'
import { exchange, sha256, wordBytes } from '../support/exchange.ts'
import { kernelObstacle, kernelSuite } from '../support/kernel.ts'
import { Peers } from '../support/peers.ts'
import { Routed, type RoutedEnd } from '../support/routed.ts'

const LONG = 600_000
const NETEM = ['loss', '5%', 'delay', '10ms', 'reorder', '10%']

async function openWithNetem(): Promise<Peers> {
  const peers = await Peers.open()
  const { side } = peers
  const args = ['qdisc', 'add', 'dev', side.tap.name, 'root', 'netem', ...NETEM]
  const { status, stderr } = await side.run('tc', args)
  if (status === 0) return peers
  await peers.close()
  throw new Error(`this kernel has no netem, as tc says (${stderr.trim()}); npm run test:netem brings one`)
}

/** Kernels are built without netem, too: trying is the only way to know. */
async function netemObstacle(): Promise<string | null> {
  const obstacle = kernelObstacle(['tc'])
  if (obstacle !== null) return obstacle
  try {
    await (await openWithNetem()).close()
    return null
  } catch (error) {
    return (error as Error).message
  }
}

interface BadLink {
  readonly name: string
  readonly obstacle: string | null
  readonly open: () => Promise<Peers>
  /** Of each transfer. */
  readonly mebibytes: number
}

function badLink({ name, obstacle, open, mebibytes }: BadLink): void {
  const size = mebibytes * MEBIBYTE

  kernelSuite(`5 % loss, 10 ms, 10 % reordered: ${name}`, obstacle, () => {
    let peers: Peers

    beforeAll(async () => {
      peers = await open()
    })

    afterAll(() => peers?.close())

    type Transfer = (address: string) => Promise<TransferReport>

    /** Both versions at the same time, each a flow of its own: the link is idle most of the time. */
    async function overBoth(what: string, transfer: Transfer): Promise<void> {
      const overOne = async (version: 'v4' | 'v6'): Promise<void> => {
        const { bytes, sha256, seconds } = await transfer(STACK_SIDE[version])
        console.log(`${name}, ${what} over IP${version}: ${(bytes / MEBIBYTE / seconds).toFixed(1)} MiB/s`)
        expect([version, bytes, sha256]).toEqual([version, size, payloadHash(size)])
      }
      await Promise.all([overOne('v4'), overOne('v6')])
    }

    it(
      `takes ${mebibytes} MiB with equal hash, over IPv4 and IPv6`,
      () => overBoth('kernel to stack', (address) => peers.client.upload(address, size, () => {})),
      LONG,
    )

    it(
      `gives ${mebibytes} MiB with equal hash, over IPv4 and IPv6`,
      () => overBoth('stack to kernel', (address) => peers.client.download(address, size, () => {})),
      LONG,
    )
  })
}

/** One end loses none of its 256 frames in one round of thirteen; in none of eight, once in 10^9. */
const MOST_ROUNDS = 8

const retransmitted = (ends: readonly RoutedEnd[]): readonly number[] =>
  ends.map(({ stack }) => stack.tcp.counters.retransmitted)

const netem = await netemObstacle()

kernelSuite('super-frames over a router, 1 % of them lost by tc netem on both links', netem, () => {
  let routed: Routed

  beforeAll(async () => {
    routed = await Routed.open()
    for (const { tap } of [routed.a, routed.b]) {
      const args = ['qdisc', 'add', 'dev', tap.name, 'root', 'netem', 'loss', '1%', 'delay', '2ms']
      await routed.run('tc', args)
    }
  })

  afterAll(() => routed?.close())

  for (const version of ['v4', 'v6'] as const) {
    it(
      `both ways at once with equal hash, IP${version}`,
      async () => {
        const bytes = 16 * MEBIBYTE
        const [fromA, fromB] = [wordBytes('a', bytes), wordBytes('b', bytes)]
        const ends = [routed.a, routed.b]
        const before = retransmitted(ends)
        const spared = (): boolean => retransmitted(ends).some((count, end) => count === before[end])
        for (let round = 0; round < MOST_ROUNDS && (round === 0 || spared()); round++) {
          const { a, b } = await routed.connect(version)
          const [aGot, bGot] = await Promise.all([exchange(a, fromA), exchange(b, fromB)])
          expect(aGot).toEqual({ bytes, sha256: sha256(fromB) })
          expect(bGot).toEqual({ bytes, sha256: sha256(fromA) })
        }
        expect(spared()).toBe(false)
        for (const { tap } of ends) expect(tap.counters.rxBytes / tap.counters.rxFrames).toBeGreaterThan(1514)
      },
      LONG,
    )
  }
})

const impaired = { loss: 0.05, latency: 10, reorder: 0.1 }

badLink({
  name: "tc netem on the namespace's side",
  obstacle: netem,
  open: openWithNetem,
  mebibytes: 64,
})
badLink({
  name: 'impair() on what the kernel sends',
  obstacle: kernelObstacle([]),
  open: () => Peers.open({ wrap: (tap) => impair(tap, { ...impaired, direction: 'in', seed: 5 }) }),
  mebibytes: 64,
})
badLink({
  name: 'impair() on what the stack sends',
  obstacle: kernelObstacle([]),
  open: () => Peers.open({ wrap: (tap) => impair(tap, { ...impaired, direction: 'out', seed: 7 }) }),
  // At what NewReno makes of 5 % loss this takes half a minute already.
  mebibytes: 16,
})
