import type { SocketAddress } from './api.ts'
import { O_NONBLOCK } from './constants.ts'
import { SocketError } from './errno.ts'
import type { Waiting } from './waiting.ts'
import { WaitQueue } from './waiting.ts'

/** What a descriptor stands for (an open file description): several may stand for one, and a call that waits keeps it. */
export abstract class OpenFile {
  /** Who wants to know when something about it changes. */
  readonly changed = new WaitQueue()
  nonblocking = false
  /** Descriptors and waiting calls. */
  references = 0

  /** All poll bits that hold now. */
  abstract poll(): number
  /** Nobody has it any more. `linger`: whether SO_LINGER counts (not when the process ends). */
  abstract release(linger: boolean): void

  /** A call that waits keeps the file. @returns what ends that */
  readonly hold = (): (() => void) => {
    this.references++
    return () => {
      if (--this.references === 0) this.release(true)
    }
  }

  get statusFlags(): number {
    return this.nonblocking ? O_NONBLOCK : 0
  }
}

/** What the sockets of both kinds have. */
export abstract class SocketFile extends OpenFile {
  readonly domain: number
  readonly type: number
  readonly protocol: number
  /** SO_RCVTIMEO and SO_SNDTIMEO in microseconds; Infinity for none. */
  receiveTimeout = Number.POSITIVE_INFINITY
  sendTimeout = Number.POSITIVE_INFINITY
  /** sk_err: given once, to whoever asks first. */
  error: SocketError['code'] | null = null
  readonly waiting: Waiting

  constructor(waiting: Waiting, domain: number, type: number, protocol: number) {
    super()
    this.waiting = waiting
    this.domain = domain
    this.type = type
    this.protocol = protocol
  }

  abstract localName(): SocketAddress
  abstract peerName(): SocketAddress

  /** sock_error(): the error that waits, which is then forgotten. */
  takeError(): SocketError['code'] | null {
    const { error } = this
    this.error = null
    return error
  }

  throwError(): void {
    const error = this.takeError()
    if (error !== null) throw new SocketError(error)
  }
}
