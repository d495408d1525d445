import { type ConnectionHandler, type Stack, type TcpConnection, warmUpTcp } from '@tapwire/stack'

const BACKLOG = 4096

/** The benchmark's contract on the stack's own API: what is left of a figure when the streams of `net` are taken away. */
export async function serveContract(stack: Stack, warm = false): Promise<void> {
  if (warm) await warmUpTcp(stack)
  const serve = (port: number, make: () => ConnectionHandler): void => {
    stack.tcp.listen(
      { port, backlog: BACKLOG },
      {
        onConnection: (listener) => {
          for (let next = listener.accept(); next !== null; next = listener.accept()) {
            next.noDelay = true
            next.handler = make()
          }
        },
      },
    )
  }
  const echo = new Echo(stack)
  serve(7, () => echo)
  serve(9, () => new Discard())
  serve(19, () => new Chargen())
}

const scratch = new Uint8Array(65_536)

/** Written from where it lies; what the send ring does not take waits in the receive ring, and closes the peer's window. */
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

class Discard implements ConnectionHandler {
  #bytes = 0

  /** Looks at where the bytes are, and lets them go. */
  onReadable(connection: TcpConnection): void {
    for (let length = connection.peek(); length > 0; length = connection.peek()) {
      this.#bytes += length
      connection.consume(length)
    }
    if (!connection.ended) return
    connection.write(new TextEncoder().encode(String(this.#bytes)))
    connection.close()
  }

  onClose(connection: TcpConnection): void {
    connection.close()
  }
}

class Chargen implements ConnectionHandler {
  #line = ''
  #left = 0

  onReadable(connection: TcpConnection): void {
    const length = connection.read(scratch)
    if (length === 0 || this.#line.endsWith('\n')) return
    this.#line += new TextDecoder().decode(scratch.subarray(0, length))
    if (!this.#line.endsWith('\n')) return
    this.#left = Number.parseInt(this.#line, 10)
    this.onWritable(connection)
  }

  onWritable(connection: TcpConnection): void {
    while (this.#left > 0) {
      const part = this.#left >= scratch.length ? scratch : scratch.subarray(0, this.#left)
      const taken = connection.write(part)
      this.#left -= taken
      if (taken < part.length) return
    }
    connection.close()
  }

  onClose(connection: TcpConnection): void {
    connection.close()
  }
}
