import type { ConnectionHandler, TcpConnection } from '@tapwire/stack'
import type { CallRecord } from '../recording.ts'
import { textAt } from './text.ts'

/**
 * What an application at one end of a connection does with it: it writes what it was asked to, and reads what it may. It acts in a
 * turn of its own, as a process does that its kernel wakes: what the stack owes at once has left by then.
 */
export class EndOfFlow implements ConnectionHandler {
  connection: TcpConnection | null = null
  /** Bytes that are to be written, and how many the connection has taken. */
  #wanted = 0
  #written = 0
  #closing = false
  /** It has sent its FIN. */
  #closed = false
  #over = false
  /** Bytes read so far. */
  received = 0
  /** The other side has sent all it will. */
  ended = false
  /** How many bytes may be read now. */
  appetite = Number.POSITIVE_INFINITY
  /** Told after each read. */
  onRead: () => void = () => {}
  /** Told once, when all has been read that the other side has sent. */
  onEnd: () => void = () => {}
  onOpen: () => void = () => {}
  readonly #later: (what: () => void) => void
  #reading = false

  readonly #note: (call: CallRecord['call'], bytes: number) => void

  /** @param later calls back in the application's next turn @param note is told of each call */
  constructor(later: (what: () => void) => void, note: (call: CallRecord['call'], bytes: number) => void) {
    this.#later = later
    this.#note = note
  }

  /** Takes over a connection that is there. */
  adopt(connection: TcpConnection): void {
    this.connection = connection
    connection.handler = this
    this.#note('accept', 0)
    this.#later(() => {
      this.onOpen()
      this.#push()
      this.read()
    })
  }

  /** Writes so many more bytes, as soon as there is room. */
  write(bytes: number): void {
    this.#wanted += bytes
    this.#push()
  }

  /** A person ends it for the application, which will do no more with it. */
  end(how: 'close' | 'abort'): void {
    const { connection } = this
    if (connection === null || this.#over) return
    this.#over = true
    this.#closed = true
    this.#note(how, 0)
    connection[how]()
  }

  /** Sends a FIN behind everything. */
  finish(): void {
    this.#closing = true
    this.#push()
  }

  /** Reads what there is, as far as the appetite goes. */
  read(): void {
    const { connection } = this
    if (connection === null || this.#over) return
    const length = Math.min(connection.readable, this.appetite)
    if (length > 0) {
      this.appetite -= length
      this.received += length
      this.#note('read', length)
      connection.consume(length)
      this.onRead()
    }
    if (!connection.ended || connection.readable > 0 || this.ended) return
    this.ended = true
    this.onEnd()
  }

  onConnect(connection: TcpConnection): void {
    this.connection = connection
    this.#later(() => {
      this.onOpen()
      this.#push()
    })
  }

  onReadable(): void {
    if (this.#reading) return
    this.#reading = true
    this.#later(() => {
      this.#reading = false
      this.read()
    })
  }

  onWritable(): void {
    this.#later(() => this.#push())
  }

  onClose(): void {
    this.connection?.close()
  }

  #push(): void {
    const { connection } = this
    if (connection === null || this.#closed || connection.closeReason !== undefined) return
    while (this.#written < this.#wanted) {
      const bytes = textAt(this.#written, this.#wanted - this.#written)
      const taken = this.#write(connection, bytes)
      this.#written += taken
      if (taken < bytes.length) return
    }
    if (this.#closing && !this.#closed) {
      this.#closed = true
      this.#note('shutdown', 0)
      connection.shutdown()
    }
  }

  /** Told before what it causes, and only of what is taken. */
  #write(connection: TcpConnection, bytes: Uint8Array): number {
    const room = Math.min(bytes.length, connection.writable)
    if (room > 0) this.#note('write', room)
    return connection.write(bytes)
  }
}
