import type { Socket } from 'node:net'
import { COOKIE_LENGTH, isCookie } from './cookie.ts'
import { ProtocolError, State } from './protocol.ts'
import { take } from './take.ts'

/** Connections that have not said yet who they are: more are hung up on. */
const MAX_NEWCOMERS = 256
/** Milliseconds in which a client says it. */
const PATIENCE = 10_000

/** Reads the cookie of every new connection; what has none is closed, and counted. */
export class Newcomers {
  #waiting = 0
  #accepted = 0
  /** Connections without a cookie: another protocol, a port scan, or too many at once. */
  refused = 0

  /** @returns the cookie and which connection it is, in the order of accepting; null when it is gone */
  async welcome(socket: Socket): Promise<{ cookie: Buffer; order: number } | null> {
    const order = this.#accepted++
    socket.on('error', () => {})
    if (this.#waiting >= MAX_NEWCOMERS) return this.#refuse(socket)
    this.#waiting++
    try {
      const cookie = await take(socket, COOKIE_LENGTH, PATIENCE)
      return isCookie(cookie) ? { cookie, order } : this.#refuse(socket)
    } catch (error) {
      if (error instanceof ProtocolError) return this.#refuse(socket)
      throw error
    } finally {
      this.#waiting--
    }
  }

  #refuse(socket: Socket): null {
    this.refused++
    socket.destroy()
    return null
  }
}

/** Says that a test is going on, and hangs up. */
export function turnAway(socket: Socket): void {
  socket.end(Buffer.of(State.AccessDenied & 0xff))
  // A client that does not hang up in its turn would keep the connection half-open.
  socket.setTimeout(PATIENCE, () => socket.destroy()).resume()
}
