import { TapwireError } from './core/errors.ts'
import { LOOPBACK_V4 } from './ip/address.ts'
import type { Stack } from './stack.ts'
import type { CloseReason, ConnectionHandler, TcpConnection } from './tcp/api.ts'

/** Open at once: bursts are as on a busy server. */
const AT_ONCE = 32

/** What the first connection carries there and back, in bytes: enough for windows and buffers to have grown. */
const BULK = 4 * 1024 * 1024

/**
 * Compiles, before the first peer waits for it, what a connection takes: a JavaScript engine interprets a function until it has run
 * a thousand times or so, and the first two thousand connections of a process cost twice what later ones do. The stack connects to
 * itself, over 127.0.0.1, which is to be seen in its counters and, for a minute, in TIME-WAIT. For programs on this API; `warmUp` of
 * `@tapwire/net-api` does it for sockets.
 *
 * Under a clock that somebody else moves it needs that clock to go on.
 * @param connections how many, at least 1
 * @throws what `listen` and `connect` throw, and whatever ends a connection, such as ENETDOWN where the stack is closed
 */
export async function warmUpTcp(stack: Stack, connections = 3_000): Promise<void> {
  const echo = new Echo(stack)
  const listener = stack.tcp.listen(
    { address: LOOPBACK_V4 },
    {
      onConnection: (from) => {
        for (let next = from.accept(); next !== null; next = from.accept()) {
          // As most programs do: what has never changed is compiled as a constant, and thrown away when it does.
          next.noDelay = true
          next.handler = echo
        }
      },
    },
  )
  const { localPort } = listener
  try {
    await visit(stack, localPort, BULK, 1)
    for (let left = connections - 1; left > 0; left -= AT_ONCE) {
      // The host has other things to do.
      await new Promise<void>((resolve) => stack.clock.soon(resolve))
      await visit(stack, localPort, 1, Math.min(left, AT_ONCE))
    }
  } finally {
    listener.close()
  }
}

/** So many connections at once: each sends `bytes`, waits for them to come back, and closes. */
async function visit(stack: Stack, port: number, bytes: number, count: number): Promise<void> {
  // Begun in one entry, or each would be over before the next one begins.
  const visits = stack.engine.run(() => Array.from({ length: count }, () => visitOnce(stack, port, bytes)))
  await Promise.all(visits)
}

function visitOnce({ tcp }: Stack, port: number, bytes: number): Promise<void> {
  return new Promise((resolve, reject) => {
    tcp.connect({ address: LOOPBACK_V4, port }, new Visitor(bytes, resolve, reject))
  })
}

class Echo implements ConnectionHandler {
  readonly #memory: Uint8Array

  constructor(stack: Stack) {
    this.#memory = stack.memory.u8
  }

  onReadable(connection: TcpConnection): void {
    for (let length = connection.peek(); length > 0; length = connection.peek()) {
      const { peekOffset } = connection
      const taken = connection.write(this.#memory.subarray(peekOffset, peekOffset + length))
      connection.consume(taken)
      if (taken < length) return
    }
    if (connection.ended) connection.close()
  }

  onWritable(connection: TcpConnection): void {
    this.onReadable(connection)
  }

  onClose(connection: TcpConnection): void {
    connection.close()
  }
}

const scratch = new Uint8Array(64 * 1024)

class Visitor implements ConnectionHandler {
  readonly #resolve: () => void
  readonly #reject: (error: Error) => void
  #unsent: number
  #unread: number

  constructor(bytes: number, resolve: () => void, reject: (error: Error) => void) {
    this.#unsent = bytes
    this.#unread = bytes
    this.#resolve = resolve
    this.#reject = reject
  }

  onConnect(connection: TcpConnection): void {
    this.onWritable(connection)
  }

  onWritable(connection: TcpConnection): void {
    while (this.#unsent > 0) {
      const part = this.#unsent < scratch.length ? scratch.subarray(0, this.#unsent) : scratch
      const taken = connection.write(part)
      this.#unsent -= taken
      if (taken < part.length) return
    }
  }

  onReadable(connection: TcpConnection): void {
    for (let length = connection.read(scratch); length > 0; length = connection.read(scratch))
      this.#unread -= length
    if (this.#unread === 0) connection.shutdown()
  }

  onClose(connection: TcpConnection, reason: CloseReason): void {
    connection.close()
    if (reason === null && this.#unread === 0) this.#resolve()
    else
      this.#reject(new TapwireError(reason ?? 'ECONNRESET', 'A connection of the stack to itself has ended'))
  }
}
