import type { CloseReason, Stack, TcpConnection, TcpListener } from '@tapwire/stack'
import { requireAddress } from '@tapwire/stack'
import { YOU } from './world.ts'

/** An application of the peer's: what its connection has brought, and what became of it. */
export class PeerApp {
  connection: TcpConnection | null = null
  /** The handshake is done. */
  open = false
  /** The learner's side has sent its FIN, and everything before it is here. */
  ended = false
  closed: { reason: CloseReason } | null = null
  /** While true, what arrives stays in the peer's buffer, and its window closes. */
  sleeps: boolean
  readonly #pieces: Uint8Array[] = []
  #unsent: Uint8Array = new Uint8Array(0)
  #shuts = false

  constructor(sleeps = false) {
    this.sleeps = sleeps
  }

  get received(): Uint8Array {
    return Uint8Array.from(this.#pieces.flatMap((piece) => [...piece]))
  }

  get receivedLength(): number {
    return this.#pieces.reduce((sum, { length }) => sum + length, 0)
  }

  serve(connection: TcpConnection): void {
    this.connection = connection
    connection.handler = {
      onConnect: () => {
        this.open = true
        this.#push()
      },
      onReadable: () => this.#pull(),
      onWritable: () => this.#push(),
      onClose: (_, reason) => {
        this.closed = { reason }
      },
    }
  }

  /** Sends bytes as fast as TCP lets it. */
  write(bytes: Uint8Array): void {
    this.#unsent = Uint8Array.from([...this.#unsent, ...bytes])
    this.#push()
  }

  /** Sends FIN after everything written. */
  shutdown(): void {
    this.#shuts = true
    this.#push()
  }

  /** Reads what waits, and goes on reading. */
  wake(): void {
    this.sleeps = false
    this.#pull()
  }

  #pull(): void {
    const { connection } = this
    if (connection === null || this.sleeps) return
    while (connection.readable > 0) {
      const piece = new Uint8Array(connection.readable)
      connection.read(piece)
      this.#pieces.push(piece)
    }
    this.ended ||= connection.ended
  }

  #push(): void {
    const { connection } = this
    if (connection === null || this.closed !== null) return
    if (this.#unsent.length > 0) this.#unsent = this.#unsent.subarray(connection.write(this.#unsent))
    if (this.#unsent.length > 0 || !this.#shuts) return
    this.#shuts = false
    connection.shutdown()
  }
}

export interface PeerSettings {
  /** The MSS that the peer offers. Default 1,000, which keeps numbers round. */
  readonly maxSegment?: number
  /** Bytes that may wait to be read. */
  readonly receiveBuffer?: number
}

/** Has the peer listen; what connects is an `app`'s. */
export function listenOn(stack: Stack, port: number, app: PeerApp, settings: PeerSettings = {}): TcpListener {
  return stack.tcp.listen(
    { port, settings: { maxSegment: 1000, ...settings } },
    {
      onConnection: (listener) => {
        const connection = listener.accept()
        if (connection === null) return
        app.open = true
        app.serve(connection)
      },
    },
  )
}

/** Has the peer connect to the learner. */
export function connectTo(stack: Stack, port: number, app: PeerApp, localPort = 40_000): void {
  const address = requireAddress(YOU.ip.join('.'))
  const connection = stack.tcp.connect({ address, port, localPort, settings: { maxSegment: 1000 } }, {})
  app.serve(connection)
}
