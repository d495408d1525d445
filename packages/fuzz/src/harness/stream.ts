import type { ConnectionHandler, TcpConnection } from '@tapwire/stack'

/**
 * The reference model of one end of a connection: two streams of bytes, of which each byte is known from its place. What the end
 * reads must be what the other one wrote, from the first byte on, without a gap, and its end after the last.
 */
export class StreamEnd {
  readonly connection: TcpConnection
  readonly #name: string
  readonly #other: () => StreamEnd | undefined
  /** Bytes the connection took, and bytes it gave. */
  sent = 0
  received = 0
  /** Reads by itself whatever comes. */
  eager = true
  /** It shut down, after `sent` bytes. */
  finished = false
  /** It closed or aborted: what it had not read, and what still comes, is lost. */
  gone = false
  /** Somebody has forged a segment: one inside the window may end or stall the connection for good, as RFC 9293 has it. */
  attacked = false
  /** Somebody has forged data: what it reads may be anybody's. */
  forged = false
  /** When it was first seen to be over without another end, in microseconds. */
  overSince: number | undefined = undefined
  /** The first byte that was not what was sent, or -1. */
  wrongAt = -1

  constructor(connection: TcpConnection, other: () => StreamEnd | undefined) {
    this.connection = connection
    this.#other = other
    this.#name = `port ${connection.localPort} to port ${connection.remotePort}`
    connection.handler = this.handler
  }

  readonly handler: ConnectionHandler = {
    onReadable: () => {
      if (this.eager) this.read(Number.POSITIVE_INFINITY)
    },
    onClose: () => {
      if (this.eager) this.read(Number.POSITIVE_INFINITY)
    },
  }

  /** The other end, if it was ever there. */
  get other(): StreamEnd | undefined {
    return this.#other()
  }

  get open(): boolean {
    return !this.finished && !this.gone && this.connection.closeReason === undefined
  }

  write(length: number): void {
    if (!this.open) return
    const { localPort, remotePort } = this.connection
    const bytes = new Uint8Array(length)
    for (let i = 0; i < length; i++) bytes[i] = byteOf(localPort, remotePort, this.sent + i)
    this.sent += this.connection.write(bytes)
  }

  /** Reads by copying, or in place. */
  read(most: number, inPlace = false): void {
    const { connection } = this
    if (this.gone) return
    if (inPlace) {
      const length = Math.min(most, connection.peek())
      connection.consume(length)
      this.received += length
      return
    }
    const bytes = new Uint8Array(Math.min(most, connection.readable))
    const length = connection.read(bytes)
    if (length !== bytes.length)
      throw new Error(`${this.#name}: ${bytes.length} bytes were readable, and ${length} were read`)
    this.#compare(bytes)
    this.received += length
  }

  #compare(bytes: Uint8Array): void {
    if (this.forged || this.wrongAt >= 0) return
    const { localPort, remotePort } = this.connection
    for (let i = 0; i < bytes.length; i++) {
      if (bytes[i] === byteOf(remotePort, localPort, this.received + i)) continue
      this.wrongAt = this.received + i
      return
    }
  }

  shutdown(): void {
    this.finished = true
    this.connection.shutdown()
  }

  close(): void {
    this.finished = true
    this.gone = true
    this.connection.close()
  }

  abort(): void {
    this.finished = true
    this.gone = true
    this.connection.abort()
  }

  /** Nothing is read that was not written, and an end comes after everything. @returns what is wrong, or null */
  problem(): string | null {
    const { connection } = this
    if (this.wrongAt >= 0) return `${this.#name}: byte ${this.wrongAt} is not what was sent`
    if (this.forged) return null
    const { other } = this
    const had = this.received + (this.gone ? 0 : connection.readable)
    const could = other?.sent ?? 0
    if (had > could) return `${this.#name}: ${had} bytes arrived of ${could}`
    if (!connection.ended || this.gone) return null
    if (other === undefined || !other.finished) return `${this.#name}: an end that nobody sent`
    return had === could ? null : `${this.#name}: the end came after ${had} bytes of ${could}`
  }
}

/** Every stream has bytes of its own: byte `at` of what the connection on `from` sends to the port `to`. */
function byteOf(from: number, to: number, at: number): number {
  return (at * 31 + (at >>> 8) * 7 + from * 5 + to) & 255
}
