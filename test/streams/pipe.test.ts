import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo, Server, Socket } from 'node:net'
import { createNet } from '@tapwire/net-api'
import { createCable, SeededRandom, Stack } from '@tapwire/stack'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const MIB = 1 << 20
/** MiB each way; a smaller number saves time. */
const SIZE = Number(process.env.TAPWIRE_PIPE_MIB ?? 1024) * MIB
const STORE = randomBytes(8 * MIB)

/** Writes `size` bytes in chunks of any length, rests now and then, and minds back-pressure. @returns their hash */
async function send(socket: Socket, size: number, random: SeededRandom): Promise<string> {
  const hash = createHash('sha256')
  for (let left = size; left > 0; ) {
    // Most are small in number of bytes, some are large: every power of two up to 512 KiB is as likely as the next.
    const length = Math.min(left, 1 + (random.uint32() & ((1 << (random.uint32() % 20)) - 1)))
    const from = random.uint32() % (STORE.length - length)
    const chunk = STORE.subarray(from, from + length)
    hash.update(chunk)
    left -= length
    if (!socket.write(chunk)) await once(socket, 'drain')
    if (random.uint32() % 5000 === 0)
      await new Promise((resolve) => setTimeout(resolve, random.uint32() % 20))
  }
  socket.end()
  return hash.digest('hex')
}

/** Reads to the end, and stops for a while now and then. */
function receive(socket: Socket, random: SeededRandom): Promise<{ hash: string; bytes: number }> {
  const hash = createHash('sha256')
  let bytes = 0
  return new Promise((resolve, reject) => {
    socket.on('error', reject)
    socket.on('data', (chunk) => {
      hash.update(chunk)
      bytes += chunk.length
      if (random.uint32() % 2000 !== 0) return
      socket.pause()
      setTimeout(() => socket.resume(), random.uint32() % 20)
    })
    socket.on('end', () => resolve({ hash: hash.digest('hex'), bytes }))
  })
}

describe('a pipe of sockets', () => {
  const stacks: Stack[] = []
  const servers: Server[] = []

  /** Two hosts on a cable. */
  function hosts(): [ReturnType<typeof createNet>, ReturnType<typeof createNet>] {
    const [a, b] = createCable()
    const pair = [new Stack(), new Stack()]
    pair[0].addInterface(a, { addresses: ['10.9.0.1/24'] })
    pair[1].addInterface(b, { addresses: ['10.9.0.2/24'] })
    stacks.push(...pair)
    return [createNet(pair[0]), createNet(pair[1])]
  }

  async function listening(server: Server): Promise<number> {
    servers.push(server)
    server.listen(0)
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }

  beforeEach(() => {
    stacks.length = 0
    servers.length = 0
  })

  afterEach(async () => {
    for (const server of servers) server.close()
    for (const stack of stacks) await stack.close()
  })

  it(`brings ${SIZE / MIB} MiB each way at once, in chunks and pauses of any size`, {
    timeout: 300_000,
  }, async () => {
    const [left, right] = hosts()
    const far = left.createServer({ allowHalfOpen: true })
    const farPort = await listening(far)
    const proxy = right.createServer({ allowHalfOpen: true }, (socket) => {
      const onward = right.connect({ port: farPort, host: '10.9.0.1', allowHalfOpen: true })
      socket.pipe(onward).pipe(socket)
    })
    const port = await listening(proxy)
    const client = left.connect({ port, host: '10.9.0.2', allowHalfOpen: true })
    const [server] = (await once(far, 'connection')) as [Socket]
    const start = performance.now()
    const [sentUp, sentDown, up, down] = await Promise.all([
      send(client, SIZE, new SeededRandom(1)),
      send(server, SIZE, new SeededRandom(2)),
      receive(server, new SeededRandom(3)),
      receive(client, new SeededRandom(4)),
    ])
    const seconds = (performance.now() - start) / 1000
    console.log(`${SIZE / MIB} MiB each way through two connections: ${seconds.toFixed(1)} s`)
    expect([up.bytes, down.bytes]).toEqual([SIZE, SIZE])
    expect(up.hash).toBe(sentUp)
    expect(down.hash).toBe(sentDown)
  })

  it('keeps no more of what a slow reader leaves than the buffers of both ends', async () => {
    const [left, right] = hosts()
    const server = left.createServer()
    const port = await listening(server)
    const client = right.connect(port, '10.9.0.1')
    const [socket] = (await once(server, 'connection')) as [Socket]
    // Who never reads, and who writes as much as he may.
    socket.pause()
    const chunk = STORE.subarray(0, 65_536)
    let written = 0
    const held: number[] = []
    for (let stalls = 0; stalls < 3; ) {
      if (client.write(chunk)) written += chunk.length
      else {
        written += chunk.length
        const drained = once(client, 'drain').then(() => true)
        const waited = new Promise((resolve) => setTimeout(resolve, 300, false))
        if (!(await Promise.race([drained, waited]))) stalls = 3
      }
      held.push(stacks[0].memory.allocated + stacks[1].memory.allocated)
    }
    const most = Math.max(...held)
    console.log(
      `a reader that does not read: ${written} bytes written, ${most} bytes of memory in both stacks`,
    )
    // The rings' default limits, 6 and 4 MiB, and the streams' own at each end.
    expect(written).toBeLessThan(10 * MIB + 4 * 65_536)
    expect(most).toBeLessThan(12 * MIB)
    expect(most).toBeGreaterThanOrEqual(written - 4 * 65_536)
    client.destroy()
    socket.destroy()
  })
})
