import { type ImpairedDevice, type ImpairOptions, impair } from '@tapwire/stack'
import { afterEach, expect, it } from 'vitest'
import { MEBIBYTE, payloadHash } from '../../examples/main/payload.ts'
import { STACK_SIDE } from '../../examples/shared/kernel-side.ts'
import { kernelObstacle, kernelSuite } from '../support/kernel.ts'
import { Peers } from '../support/peers.ts'

const LONG = 120_000
const SIZE = 6 * MEBIBYTE

kernelSuite('a bad network in real time, with the kernel on the other side', kernelObstacle([]), () => {
  let peers: Peers | null = null

  afterEach(async () => {
    await peers?.close()
    peers = null
  })

  async function open(options: ImpairOptions): Promise<{ link: ImpairedDevice; peers: Peers }> {
    let link: ImpairedDevice | null = null
    const opened = await Peers.open({
      wrap: (tap) => {
        link = impair(tap, options)
        return link
      },
    })
    peers = opened
    if (link === null) throw new Error('not wrapped')
    return { link, peers: opened }
  }

  for (const version of ['v4', 'v6'] as const) {
    it(
      `R3168-06 the kernel's ECN is told by marks of CoDel alone, IP${version}`,
      async () => {
        // What the kernel sends again, when the machine is slow, is not ECN-capable (RFC 3168 section 6.1.5): CoDel drops that.
        const capable = new Set<number>()
        const dropped: number[] = []
        const { link, peers } = await open({
          direction: 'in',
          latency: 5,
          bandwidth: 30e6,
          queue: 1 << 20,
          codel: true,
          ecn: true,
          script: ({ ipv4, ipv6 }, _, index) => {
            if (((ipv4?.tos ?? ipv6?.trafficClass ?? 0) & 3) !== 0) capable.add(index)
            return null
          },
          onFate: (_, frame, fate) => {
            if (fate === 'codelDropped') dropped.push(frame)
          },
        })
        await peers.side.mustRun('sh', ['-c', 'echo 1 > /proc/sys/net/ipv4/tcp_ecn'])
        const { bytes, sha256, seconds } = await peers.client.upload(STACK_SIDE[version], SIZE, () => {})
        expect([bytes, sha256]).toEqual([SIZE, payloadHash(SIZE)])
        const { stats } = link
        expect(stats.in.marked).toBeGreaterThan(0)
        expect(peers.side.stack.tcp.counters.congestionMarksIn).toBe(stats.in.marked)
        expect(capable.size).toBeGreaterThan(SIZE / 1500)
        expect(dropped.filter((frame) => capable.has(frame))).toEqual([])
        expect(stats.in).toMatchObject({ codelDropped: dropped.length, queueDropped: 0, lost: 0 })
        // No faster than the bottleneck, headers included.
        expect((bytes * 8) / seconds).toBeLessThan(30e6)
        expect((bytes * 8) / seconds).toBeGreaterThan(10e6)
      },
      LONG,
    )

    it(
      `R1191-01 R8201-03 both sides mind the ICMP of a path that is too narrow, IP${version}`,
      async () => {
        const { link, peers } = await open({ pathMtu: 1300, latency: 1 })
        // In this order: a kernel that has learned of the path offers an MSS that fits it.
        for (const transfer of ['download', 'upload'] as const) {
          const { bytes, sha256 } = await peers.client[transfer](STACK_SIDE[version], SIZE, () => {})
          expect([transfer, bytes, sha256]).toEqual([transfer, SIZE, payloadHash(SIZE)])
        }
        for (const { tooBig, tooBigReported } of [link.stats.in, link.stats.out]) {
          expect(tooBigReported).toBeGreaterThan(0)
          // What was on the way when the news came; no more.
          expect(tooBig).toBeLessThan(100)
        }
        expect(peers.side.stack.tcp.counters.blackHoles).toBe(0)
      },
      LONG,
    )
  }

  it(
    'a policer holds the kernel to its rate',
    async () => {
      const rate = 40e6
      const { link, peers } = await open({ direction: 'in', policer: { rate, burst: 200_000 }, latency: 2 })
      const { bytes, sha256, seconds } = await peers.client.upload(STACK_SIDE.v4, SIZE, () => {})
      expect([bytes, sha256]).toEqual([SIZE, payloadHash(SIZE)])
      expect(link.stats.in.policed).toBeGreaterThan(0)
      expect(((bytes - 200_000) * 8) / seconds).toBeLessThan(rate)
      expect((bytes * 8) / seconds).toBeGreaterThan(rate / 8)
    },
    LONG,
  )

  it(
    'the third data segment that the kernel sends is dropped, and comes again',
    async () => {
      const { link, peers } = await open({
        direction: 'in',
        script: [{ nth: 3, match: 'data', do: 'drop' }],
      })
      const { bytes, sha256 } = await peers.client.upload(STACK_SIDE.v4, MEBIBYTE, () => {})
      expect([bytes, sha256]).toEqual([MEBIBYTE, payloadHash(MEBIBYTE)])
      expect(link.stats.in).toMatchObject({ scripted: 1, scriptDropped: 1 })
      expect(peers.side.stack.tcp.counters.outOfOrderIn).toBeGreaterThan(0)
    },
    LONG,
  )
})
