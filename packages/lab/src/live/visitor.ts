import type { WebSocket } from 'ws'

/** Bytes that may be on their way to one page; further messages wait. */
const MOST_UNDERWAY = 1 << 20
/** What may wait, in characters of JSON; beyond it the oldest is left out, and counted. */
export const MOST_WAITING = 8 << 20

/** One page that looks on. However slowly it reads, it costs no more than a bounded queue. */
export class Visitor {
  readonly #socket: Pick<WebSocket, 'send' | 'bufferedAmount'>
  readonly #waiting: string[] = []
  #waitingLength = 0
  #missed = 0

  constructor(socket: Pick<WebSocket, 'send' | 'bufferedAmount'>) {
    this.#socket = socket
  }

  /** Messages that were left out and of which it has not been told yet. */
  get missed(): number {
    return this.#missed
  }

  tell(message: string): void {
    this.#waiting.push(message)
    this.#waitingLength += message.length
    while (this.#waitingLength > MOST_WAITING && this.#waiting.length > 1) {
      this.#waitingLength -= (this.#waiting.shift() as string).length
      this.#missed++
    }
    this.#send()
  }

  #send(): void {
    while (this.#waiting.length > 0 && this.#socket.bufferedAmount < MOST_UNDERWAY) {
      if (this.#missed > 0) {
        this.#socket.send(JSON.stringify({ type: 'missed', messages: this.#missed }))
        this.#missed = 0
      }
      const message = this.#waiting.shift() as string
      this.#waitingLength -= message.length
      this.#socket.send(message, () => this.#send())
    }
  }
}
