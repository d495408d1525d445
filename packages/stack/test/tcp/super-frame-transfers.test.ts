import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { capture, type ImpairedDevice, impair, SeededRandom, withoutOffloads } from '../../src/index.ts'
import { type DuplexResult, duplex } from './duplex.ts'
import { RunsDevice } from './runs-device.ts'

const MB = 1_000_000
const FAMILIES = [4, 6] as const

/** Data segments for each data frame that left side a: more than one where super-frames did. */
function segmentsPerFrame({ a }: DuplexResult): number {
  return a.tcp.counters.segmentsOut / a.interfaces[1].counters.framesOut
}

describe.each(FAMILIES)('super-frames both ways at once, IPv%i', (family) => {
  it('nothing happens to them: far fewer frames than segments, and nothing is sent again', () => {
    const result = duplex({ family, bytes: 8 * MB })
    expect(segmentsPerFrame(result)).toBeGreaterThan(4)
    expect(result.a.tcp.counters.retransmitted + result.b.tcp.counters.retransmitted).toBe(0)
  })

  it.each([
    { name: '1 % lost', fates: { loss: 0.01 } },
    { name: '5 % lost', fates: { loss: 0.05 } },
    { name: '1 % repeated', fates: { duplicate: 0.01 } },
    { name: '5 % late', fates: { late: 0.05 } },
    { name: '1 % lost, 1 % repeated, 1 % late', fates: { loss: 0.01, duplicate: 0.01, late: 0.01 } },
  ])(
    'R2018-06 R2883-04 they arrive in runs, $name: every byte right, and little is sent twice',
    ({ fates }) => {
      const devices: RunsDevice[] = []
      const result = duplex({
        family,
        bytes: 6 * MB,
        wrap: (device, side) => {
          const runs = new RunsDevice(device, new SeededRandom(side === 'a' ? 3 : 4), fates)
          devices.push(runs)
          return runs
        },
      })
      for (const { seen } of devices) {
        expect(seen.superRuns).toBeGreaterThan(seen.lost)
        expect(seen.superFrames).toBeGreaterThan(30)
      }
      for (const [stack, connection, device] of [
        [result.a, result.ends.a, devices[1]],
        [result.b, result.ends.b, devices[0]],
      ] as const) {
        const { bytesRetransmitted } = connection.info()
        // A run is twelve segments at most; what was late and what an ACK's loss repeats is on top.
        const most = (device.seen.lost + 2 * device.seen.late) * 12 * 1448 + 64_000
        expect(bytesRetransmitted).toBeLessThanOrEqual(most)
        if (fates.loss === undefined) expect(stack.tcp.counters.timeouts).toBe(0)
        if (fates.duplicate !== undefined) expect(stack.tcp.counters.dsacksIn).toBeGreaterThan(0)
      }
    },
  )

  it('MUST-34 readers that take little and late: the window opens and shuts, and super-frames fit it', () => {
    const result = duplex({
      family,
      bytes: 2 * MB,
      rtt: 1,
      pause: 5,
      bite: 20_000,
      tcp: { receiveBuffer: 40_000, receiveBufferMax: 40_000 },
      wrap: (device, side) => new RunsDevice(device, new SeededRandom(side === 'a' ? 5 : 6), { loss: 0.01 }),
    })
    expect(result.b.tcp.counters.zeroWindowsOut).toBeGreaterThan(0)
    expect(segmentsPerFrame(result)).toBeGreaterThan(1.2)
  })

  it.each([1, 2])(
    'R1191-04 R8201-03 the path becomes narrower, %i times, in the middle of the transfer',
    (times) => {
      let link: ImpairedDevice | null = null
      const sizes = [1400, 1300].slice(0, times)
      let next = 0
      const result = duplex({
        family,
        bytes: 4 * MB,
        wrap: (device, side, clock) => {
          if (side === 'a') return device
          link = impair(device, { clock, direction: 'both' })
          return link
        },
        watch: ({ b }) => {
          if (next === sizes.length || b.tcp.counters.bytesIn < ((next + 1) * 4 * MB) / 4) return
          link?.set({ pathMtu: sizes[next++] })
        },
      })
      expect(next).toBe(times)
      expect(result.ends.a.info().pathMtu).toBe(sizes.at(-1))
      expect(result.a.tcp.counters.blackHoles).toBe(0)
      expect(link!.stats.in.tooBigReported).toBeGreaterThan(0)
    },
  )

  it('cut, their checksums completed, then damaged: every damage is found', () => {
    let link: ImpairedDevice | null = null
    const result = duplex({
      family,
      bytes: 3 * MB,
      wrap: (device, side, clock) => {
        if (side === 'a') return device
        link = impair(device, { clock, corrupt: 0.01, seed: 11 })
        return link
      },
    })
    expect(link!.stats.in.corrupted).toBeGreaterThan(10)
    const { counters } = result.b.interfaces[1]
    // Bits of the IP header count elsewhere.
    expect(counters.tcp.droppedBadChecksum).toBeGreaterThan(0.5 * link!.stats.in.corrupted)
  })

  it('one side without offloads: what is cut for it arrives as on a wire, both ways', () => {
    const result = duplex({
      family,
      bytes: 4 * MB,
      wrap: (device, side) => (side === 'a' ? device : withoutOffloads(device)),
    })
    expect(segmentsPerFrame(result)).toBeGreaterThan(2)
    expect(result.b.interfaces[1].counters.tcp.droppedBadChecksum).toBe(0)
  })
})

const hasTshark = spawnSync('tshark', ['--version'], { stdio: 'ignore' }).status === 0
if (!hasTshark) console.log('captures of super-frames are not read by tshark: it is not installed')

/** What tshark says of a capture. */
function tshark(file: string, ...args: string[]): string {
  const checks = ['ip', 'tcp'].flatMap((name) => ['-o', `${name}.check_checksum:TRUE`])
  const { stdout, stderr, status } = spawnSync('tshark', ['-r', file, ...checks, ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  if (status !== 0) throw new Error(stderr)
  return stdout
}

/** SHA-256 of each direction of the only connection, as tshark puts it together. The client's first. */
function streams(file: string): string[] {
  const hashes = [createHash('sha256'), createHash('sha256')]
  for (const line of tshark(file, '-q', '-z', 'follow,tcp,raw,0').split('\n')) {
    const bytes = line.trim()
    if (!/^(?:[0-9a-f]{2})+$/.test(bytes)) continue
    hashes[line.startsWith('\t') ? 1 : 0].update(Buffer.from(bytes, 'hex'))
  }
  return hashes.map((hash) => hash.digest('hex'))
}

describe.skipIf(!hasTshark).each(
  FAMILIES.flatMap((family) => [
    { family, name: 'nothing else', place: 'plain' as const },
    { family, name: 'before 1 % loss', place: 'before' as const },
    { family, name: 'behind 1 % loss', place: 'behind' as const },
    { family, name: 'around runs of segments, 1 % of them lost', place: 'runs' as const },
  ]),
)('a capture of super-frames, IPv$family, $name', ({ family, place }) => {
  it('every packet is whole and right, and its streams are the bytes that were sent', () => {
    const blocks: Uint8Array[] = []
    const sink = (block: Uint8Array): void => {
      blocks.push(block)
    }
    const result = duplex({
      family,
      medium: 'ethernet',
      bytes: MB,
      wrap: (device, side, clock) => {
        if (side === 'a') return device
        if (place === 'plain') return capture(device, sink, { clock })
        if (place === 'before')
          return impair(capture(device, sink, { clock }), { clock, loss: 0.01, seed: 5 })
        if (place === 'behind')
          return capture(impair(device, { clock, loss: 0.01, seed: 5 }), sink, { clock })
        return capture(new RunsDevice(device, new SeededRandom(9), { loss: 0.01 }), sink, { clock })
      },
    })
    const folder = mkdtempSync(join(tmpdir(), 'tapwire-super-'))
    const file = join(folder, 'super.pcapng')
    try {
      writeFileSync(file, Buffer.concat(blocks))
      expect(
        tshark(file, '-Y', '_ws.malformed || _ws.expert.severity >= 0x600000 && !tcp.analysis.flags'),
      ).toBe('')
      for (const protocol of family === 4 ? ['ip', 'tcp'] : ['tcp']) {
        expect(tshark(file, '-Y', `${protocol}.checksum.status && ${protocol}.checksum.status != 1`)).toBe('')
      }
      expect(tshark(file, '-Y', 'tcp.checksum.status == 1').split('\n').length).toBeGreaterThan(30)
      const longest = tshark(file, '-Y', 'tcp.len > 1460', '-T', 'fields', '-e', 'tcp.len')
      if (place === 'behind') expect(longest).toBe('')
      else expect(longest).not.toBe('')
      expect(streams(file)).toEqual([result.hashes.a, result.hashes.b])
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }, 60_000)
})
