import type { AddressInfo, Server } from 'node:net'
import type { TapwireNet } from './create-net.ts'

/** Open at once: as many turns in one round of the event loop as on a busy server. */
const AT_ONCE = 32

/** What the first connection carries there and back, in bytes: enough for windows and buffers to have grown. */
const BULK = 4 * 1024 * 1024
const CHUNK = 256 * 1024

export interface WarmUpOptions {
  /** How many connections are made, at least 1. Default 3,000: after fewer, V8 has not compiled all that belongs to one. */
  readonly connections?: number
}

/**
 * Compiles, before the first peer waits for it, what a connection takes: V8 interprets a function until it has run a thousand times
 * or so, and the first two thousand connections of a process cost twice what later ones do. For a server that expects many at once
 * when it starts. The stack connects to itself, over 127.0.0.1 of its own, with the sockets of `net`; that takes 0.8 s of processor time,
 * and can be seen in the stack's counters and, for a minute, in its TIME-WAIT.
 *
 * Under a clock that somebody else moves it needs that clock to go on.
 * @throws what `listen` and `connect` say, such as ENETDOWN after the stack was closed
 */
export async function warmUp(net: TapwireNet, { connections = 3_000 }: WarmUpOptions = {}): Promise<void> {
  const servers = [echo(net, false), echo(net, true)]
  try {
    const ports = await Promise.all(servers.map(listening))
    let left = connections - 1
    await use(net, ports[0], BULK)
    const lane = async (): Promise<void> => {
      // Some are closed without a word.
      while (left-- > 0) await use(net, ports[left & 1], left % 9 === 0 ? 0 : 1)
    }
    await Promise.all(Array.from({ length: AT_ONCE }, lane))
  } finally {
    for (const server of servers) server.close()
  }
}

/** Applications end a connection in either way: the stream does it by itself, or they do. */
function echo(net: TapwireNet, allowHalfOpen: boolean): Server {
  return net.createServer({ allowHalfOpen, noDelay: true }, (socket) => {
    // The client's end tells.
    socket.on('error', () => {})
    socket.on('data', (bytes) => socket.write(bytes))
    if (allowHalfOpen) socket.on('end', () => socket.end())
  })
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}

/** Opens a connection, sends `bytes`, waits for them to come back, and closes. */
function use(net: TapwireNet, port: number, bytes: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true })
    let missing = bytes
    socket.on('connect', () => {
      if (bytes === 0) socket.end()
      for (let rest = bytes; rest > 0; rest -= CHUNK) socket.write(Buffer.alloc(Math.min(rest, CHUNK)))
    })
    socket.on('data', ({ length }) => {
      missing -= length
      if (missing === 0) socket.end()
    })
    socket.on('error', reject)
    socket.on('close', () => resolve())
  })
}
