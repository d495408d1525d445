import type { Socket } from 'node:net'
import { createNet } from '@tapwire/net-api'
import { createCable, type ImpairOptions, impair, SeededRandom, Stack, VirtualClock } from '@tapwire/stack'
import { describe, expect, test } from 'vitest'
import { logged, pattern, sequence, sha256 } from './support/helpers.ts'

const KIB = 1024

/** Two hosts over a bad cable. */
function badWire(seed: number, impairment: ImpairOptions) {
  const clock = new VirtualClock()
  const [a, b] = createCable({ clock })
  const left = new Stack({ clock, random: new SeededRandom(seed) })
  const right = new Stack({ clock, random: new SeededRandom(seed + 1000) })
  left.addInterface(impair(a, { ...impairment, clock, seed }), { addresses: ['10.9.0.1/24', 'fd09::1/64'] })
  right.addInterface(b, { addresses: ['10.9.0.2/24', 'fd09::2/64'] })
  return { clock, server: createNet(left), client: createNet(right) }
}

/** Writes `bytes` in chunks of any size, as fast as the socket takes them, and ends. */
function send(socket: Socket, bytes: Buffer, seed: number): void {
  const random = sequence(seed)
  let at = 0
  const more = (): void => {
    while (at < bytes.length) {
      const length = random(6) === 0 ? random(60_000) : random(3000)
      const room = socket.write(bytes.subarray(at, at + length))
      at += length
      if (!room) return
    }
    socket.off('drain', more)
    socket.end()
  }
  socket.on('drain', more)
  more()
}

/** Reads to the end, with pauses of up to 200 ms. */
function receive(socket: Socket, clock: VirtualClock, seed: number, done: (hash: string) => void): void {
  const random = sequence(seed)
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    if (random(20) > 0) return
    socket.pause()
    clock.alarm(() => socket.resume()).set(clock.now() + random(200_000))
  })
  socket.on('end', () => done(sha256(Buffer.concat(chunks))))
}

const WIRES: Record<string, ImpairOptions> = {
  'a perfect wire': {},
  'loss 3 %': { latency: 10, loss: 0.03 },
  'loss 10 %': { latency: 10, loss: 0.1 },
  reordering: { latency: 20, reorder: 0.1 },
  'duplicates and jitter': { latency: 20, jitter: 15, duplicate: 0.05 },
  'flipped bits': { latency: 5, corrupt: 0.02 },
  'all of it on a narrow line': {
    latency: 30,
    jitter: 5,
    loss: 0.02,
    reorder: 0.05,
    duplicate: 0.02,
    corrupt: 0.01,
    bandwidth: 5e6,
    queue: 32 * KIB,
  },
}

describe.each(Object.entries(WIRES))('over %s', (_name, impairment) => {
  test.each([1, 2])(
    'NF-02, NF-03, NF-08 both directions at once arrive whole, and both ends close (seed %i)',
    async (seed) => {
      const { clock, server, client } = badWire(seed, impairment)
      const up = pattern(300 * KIB + seed)
      const down = pattern(500 * KIB + 3 * seed)
      const hashes: Record<string, string> = {}
      const log: string[] = []
      const listener = server.createServer({ allowHalfOpen: true }, (socket) => {
        logged(socket, ['error', 'close'], log, 'server ')
        receive(socket, clock, seed, (hash) => {
          hashes.up = hash
        })
        send(socket, down, seed + 1)
        listener.close()
      })
      listener.listen(80)
      const here = client.connect({
        port: 80,
        host: seed % 2 === 0 ? '10.9.0.1' : 'fd09::1',
        allowHalfOpen: true,
      })
      logged(here, ['error', 'close'], log, 'client ')
      receive(here, clock, seed + 2, (hash) => {
        hashes.down = hash
      })
      send(here, up, seed + 3)
      expect(await clock.play(() => log.length === 2)).toBe(true)
      expect(log.toSorted()).toEqual(['client close false', 'server close false'])
      expect(hashes).toEqual({ up: sha256(up), down: sha256(down) })
    },
  )
})
