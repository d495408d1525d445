import type { MessagePort } from 'node:worker_threads'
import type { RxChecksum } from '@tapwire/stack'
import type { SiblingCounters, SiblingPort } from './messages.ts'

/** Frames that may be on the way to one thread; more are not sent, so that a thread that hangs holds no memory. */
const MOST_ON_THE_WAY = 512

/** The search for the stack that a frame belongs to. */
export interface Search {
  /** Who received it from the kernel. */
  readonly origin: number
  /** Who has not been asked. Empty once everybody has: then it is back at its origin. */
  readonly left: readonly number[]
}

export interface FrameMessage {
  readonly bytes: Uint8Array
  readonly checksum: RxChecksum
  readonly gsoSize: number
  /** Null for a copy that concerns every stack. */
  readonly search: Search | null
}

/** A frame, or the news that one has been dealt with. */
type SiblingMessage = FrameMessage | { readonly done: true }

interface Sibling {
  readonly port: MessagePort
  onTheWay: number
}

/** The other stacks of a group, as one of them sees them: each at the end of a port, gone when its thread is. */
export class Siblings {
  readonly counters: SiblingCounters = {
    shared: 0,
    sharedIn: 0,
    passedOn: 0,
    passedIn: 0,
    cameBack: 0,
    refused: 0,
    notTaken: 0,
  }
  readonly #own: number
  readonly #others = new Map<number, Sibling>()

  /** @param receive takes what the others send */
  constructor(own: number, ports: readonly SiblingPort[], receive: (message: FrameMessage) => void) {
    this.#own = own
    for (const { index, port } of ports) {
      const sibling: Sibling = { port, onTheWay: 0 }
      this.#others.set(index, sibling)
      port.on('close', () => this.#others.delete(index))
      port.on('message', (message: SiblingMessage) => {
        if ('done' in message) {
          sibling.onTheWay--
          return
        }
        port.postMessage({ done: true })
        this.#count(message)
        receive(message)
      })
    }
  }

  /** Sends a copy to every other stack. */
  share(bytes: Uint8Array, checksum: RxChecksum, gsoSize: number): void {
    for (const sibling of this.#others.values()) {
      if (this.#post(sibling, { bytes, checksum, gsoSize, search: null })) this.counters.shared++
    }
  }

  /**
   * Sends a frame that is not ours to the next stack it may belong to; when all have been asked, back to its origin.
   * @param search how far it has come; null when it is us who received it
   * @returns false when it is ours to answer after all
   */
  passOn(frame: Omit<FrameMessage, 'search'>, search: Search | null): boolean {
    let left = search === null ? [...this.#others.keys()] : search.left
    const origin = search?.origin ?? this.#own
    while (left.length > 0) {
      const [next, ...rest] = left as [number, ...number[]]
      left = rest
      if (this.#postTo(next, { ...frame, search: { origin, left } })) return true
    }
    return origin !== this.#own && this.#postTo(origin, { ...frame, search: { origin, left } })
  }

  close(): void {
    for (const { port } of this.#others.values()) port.close()
  }

  #postTo(index: number, message: FrameMessage): boolean {
    const sibling = this.#others.get(index)
    if (sibling === undefined || !this.#post(sibling, message)) return false
    this.counters.passedOn++
    return true
  }

  #post(sibling: Sibling, message: FrameMessage): boolean {
    if (sibling.onTheWay >= MOST_ON_THE_WAY) {
      this.counters.refused++
      return false
    }
    sibling.onTheWay++
    sibling.port.postMessage(message)
    return true
  }

  #count({ search }: FrameMessage): void {
    if (search === null) this.counters.sharedIn++
    else if (search.origin === this.#own) this.counters.cameBack++
    else this.counters.passedIn++
  }
}
