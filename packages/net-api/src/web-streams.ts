import {
  type CloseReason,
  type ConnectionHandler,
  type ConnectOptions,
  type ListenOptions,
  TapwireError,
  type TcpApi,
  type TcpConnection,
  type TcpListener,
} from '@tapwire/stack'

/*
 * Connections as web streams, for browsers and workers, where there is no Node. The shape is that of the Direct Sockets
 * draft of the WICG (https://wicg.github.io/direct-sockets/): `readable`, `writable`, `closed`.
 */

/** The most bytes of one chunk that is read without a buffer of the reader's own. */
const CHUNK = 65_536

/** A connection as a pair of streams. The whole stack needs nothing of Node; neither does this. */
export interface WebConnection {
  /**
   * What the peer sends; a byte stream, so that a reader may bring its own buffer. Bytes leave the stack's ring only when
   * they are asked for: who does not read closes the peer's window. `cancel` throws away what is still to come.
   */
  readonly readable: ReadableStream<Uint8Array>
  /**
   * What goes to the peer. A write is done when the send ring has all of it; `close` when the peer has acknowledged the
   * FIN and all before it; `abort` resets the connection.
   */
  readonly writable: WritableStream<Uint8Array>
  /** Settled when the connection is over: rejected with a `TapwireError` (ECONNRESET, ETIMEDOUT, …) when it failed. */
  readonly closed: Promise<void>
  /** The connection itself, for its addresses, settings and figures. Its handler is taken. */
  readonly connection: TcpConnection
}

/**
 * Opens a connection. @param tcp `stack.tcp`
 * @throws (rejects) what `tcp.connect` throws, ECONNREFUSED, ETIMEDOUT, …
 */
export async function connectStreams(tcp: TcpApi, options: ConnectOptions): Promise<WebConnection> {
  const streams = new Streams()
  const connected = new Promise<void>((resolve, reject) => {
    streams.onConnect = resolve
    streams.closed.then(resolve, reject)
  })
  streams.open(tcp.connect(options, streams))
  await connected
  return streams
}

/** A listening port whose connections come as a stream. */
export interface WebListener {
  /** Each is taken from the accept queue when it is asked for: the backlog holds the rest. `cancel` closes the listener. */
  readonly connections: ReadableStream<WebConnection>
  readonly listener: TcpListener
}

/** @throws what `tcp.listen` throws */
export function listenStreams(tcp: TcpApi, options: ListenOptions): WebListener {
  let arrived: () => void = () => {}
  let end: (error: Error) => void = () => {}
  const listener = tcp.listen(options, {
    onConnection: () => arrived(),
    onClose: (_listener, reason) => end(failure(reason ?? 'ENETDOWN')),
  })
  const connections = new ReadableStream<WebConnection>(
    {
      start: (controller) => {
        end = (error) => controller.error(error)
      },
      pull: async (controller) => {
        let connection = listener.accept()
        while (connection === null) {
          await new Promise<void>((resolve) => {
            arrived = resolve
          })
          connection = listener.accept()
        }
        controller.enqueue(toWebStreams(connection))
      },
      cancel: () => listener.close(),
    },
    { highWaterMark: 0 },
  )
  return { connections, listener }
}

/** Makes streams of a connection that is open already, such as an accepted one; its handler is replaced. */
export function toWebStreams(connection: TcpConnection): WebConnection {
  const streams = new Streams()
  connection.handler = streams
  streams.open(connection)
  return streams
}

/** The types of Node leave out what its controllers have. */
type AbortableController = WritableStreamDefaultController & { readonly signal: AbortSignal }

class Streams implements WebConnection, ConnectionHandler {
  connection!: TcpConnection
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream<Uint8Array>
  readonly closed: Promise<void>
  onConnect: () => void = () => {}
  #closeWith!: (reason: CloseReason) => void
  #reader!: ReadableByteStreamController
  #writer!: AbortableController
  /** Wakes what waits for bytes, for room, for the acknowledgement of the FIN. */
  #wakeReader: () => void = nothing
  #wakeWriter: () => void = nothing
  #roomAgain = false
  #finAcked = false
  #discarding = false

  constructor() {
    this.closed = new Promise((resolve, reject) => {
      this.#closeWith = (reason) => (reason === null ? resolve() : reject(failure(reason)))
    })
    // Who watches the streams need not watch this promise as well.
    this.closed.catch(nothing)
    this.readable = new ReadableStream(
      {
        type: 'bytes',
        start: (controller) => {
          this.#reader = controller
        },
        pull: () => this.#pull(),
        cancel: () => this.#cancel(),
      },
      { highWaterMark: 0 },
    )
    this.writable = new WritableStream({
      start: (controller) => {
        this.#writer = controller as AbortableController
        // At once: the stream itself would first wait for the write, or the close, that hangs.
        this.#writer.signal.addEventListener('abort', () => this.#abort())
      },
      write: (chunk) => this.#write(chunk),
      close: () => this.#close(),
    })
  }

  open(connection: TcpConnection): void {
    this.connection = connection
    if (connection.closeReason !== undefined) this.onClose(connection, connection.closeReason)
  }

  onReadable(connection: TcpConnection): void {
    if (this.#discarding) connection.consume(connection.readable)
    else this.#wakeReader()
  }

  onWritable(): void {
    this.#roomAgain = true
    this.#wakeWriter()
  }

  onFinAcked(): void {
    this.#finAcked = true
    this.#wakeWriter()
  }

  onClose(_connection: TcpConnection, reason: CloseReason): void {
    this.#closeWith(reason)
    if (reason !== null) this.#writer.error(failure(reason))
    // What came before a reset is not thrown away: the reader meets the error behind it.
    this.#wakeReader()
    this.#wakeWriter()
  }

  async #pull(): Promise<void> {
    const { connection } = this
    while (connection.readable === 0 && !connection.ended && connection.closeReason === undefined) {
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve
      })
    }
    if (this.#discarding) return
    if (connection.readable > 0) this.#deliver()
    else if (connection.closeReason) this.#reader.error(failure(connection.closeReason))
    else this.#finish()
  }

  #deliver(): void {
    const request = this.#reader.byobRequest
    const view = request?.view
    if (request && view) {
      request.respond(this.connection.read(new Uint8Array(view.buffer, view.byteOffset, view.byteLength)))
      return
    }
    const chunk = new Uint8Array(Math.min(this.connection.readable, CHUNK))
    this.connection.read(chunk)
    this.#reader.enqueue(chunk)
  }

  /** The peer's FIN. */
  #finish(): void {
    this.#reader.close()
    this.#reader.byobRequest?.respond(0)
  }

  #cancel(): void {
    this.#discarding = true
    this.#wakeReader()
    this.connection.consume(this.connection.readable)
  }

  async #write(chunk: Uint8Array): Promise<void> {
    if (!(chunk instanceof Uint8Array)) {
      // The stream is broken then: nobody could close, or abort, the connection by it any more.
      this.#abort()
      throw new TapwireError('ERR_INVALID_ARG_TYPE', 'A chunk has to be a Uint8Array: encode text first')
    }
    for (let sent = 0; ; ) {
      this.#roomAgain = false
      sent += this.connection.write(chunk, sent)
      if (sent === chunk.length) return
      // On a loopback the room may have been made while the write was going on.
      if (!this.#roomAgain) await this.#woken()
      this.#checkFailure()
    }
  }

  async #close(): Promise<void> {
    this.connection.shutdown()
    while (!this.#finAcked && this.connection.closeReason === undefined) await this.#woken()
    if (!this.#finAcked) this.#checkFailure()
  }

  /** @throws why the connection is over, if it failed or was aborted */
  #checkFailure(): void {
    const { signal } = this.#writer
    if (signal.aborted) throw signal.reason
    const { closeReason } = this.connection
    if (closeReason) throw failure(closeReason)
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wakeWriter = resolve
    })
  }

  #abort(): void {
    this.connection.abort()
    this.#closeWith(null)
    this.#wakeReader()
    this.#wakeWriter()
    if (!this.#discarding) this.#reader.error(failure('ECONNRESET'))
  }
}

function nothing(): void {}

const SENTENCES: { readonly [R in Exclude<CloseReason, null>]: string } = {
  ECONNRESET: 'The connection was reset',
  ECONNREFUSED: 'Nobody listens at that address and port',
  ETIMEDOUT: 'The peer did not answer',
  EHOSTUNREACH: 'The host cannot be reached',
  ENETUNREACH: 'No route leads to that address',
  ENETDOWN: 'The interface is gone',
  ENOBUFS: 'The stack has no memory left for the connection',
}

function failure(reason: Exclude<CloseReason, null>): TapwireError {
  return new TapwireError(reason, SENTENCES[reason])
}
