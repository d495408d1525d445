import type { EpollEvent, Result } from './api.ts'
import {
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLLERR,
  EPOLLET,
  EPOLLHUP,
  EPOLLIN,
  EPOLLONESHOT,
  EPOLLRDNORM,
} from './constants.ts'
import { SocketError } from './errno.ts'
import { OpenFile } from './file.ts'
import { patienceOf } from './poll.ts'
import { BLOCKED, type Blocked, type Waiting } from './waiting.ts'

interface Interest {
  readonly file: OpenFile
  readonly fd: number
  events: number
  data: number
  /** EPOLLET: something has happened since it was last told. */
  fresh: boolean
  /** EPOLLONESHOT, and told. */
  disabled: boolean
  readonly wake: () => void
}

const ALWAYS = EPOLLERR | EPOLLHUP

/** An epoll instance: those it watches, level- or edge-triggered. */
export class EpollFile extends OpenFile {
  readonly #waiting: Waiting
  readonly #interests: Interest[] = []
  static readonly #watchers = new WeakMap<OpenFile, Set<EpollFile>>()

  constructor(waiting: Waiting) {
    super()
    this.#waiting = waiting
  }

  control(operation: number, fd: number, file: OpenFile, event: EpollEvent | undefined): void {
    const at = this.#interests.findIndex((interest) => interest.fd === fd && interest.file === file)
    if (operation === EPOLL_CTL_ADD) {
      if (at >= 0) throw new SocketError('EEXIST')
      if (file instanceof EpollFile) throw new SocketError('EINVAL')
      this.#add(fd, file, required(event))
      return
    }
    const interest = this.#interests[at]
    if (operation !== EPOLL_CTL_DEL && operation !== EPOLL_CTL_MOD) throw new SocketError('EINVAL')
    if (interest === undefined) throw new SocketError('ENOENT')
    if (operation === EPOLL_CTL_DEL) this.#remove(at)
    else this.#change(interest, required(event))
  }

  #add(fd: number, file: OpenFile, { events, data }: EpollEvent): void {
    const wake = (): void => {
      interest.fresh = true
      this.changed.wake()
    }
    const interest: Interest = { file, fd, events: events >>> 0, data, fresh: true, disabled: false, wake }
    this.#interests.push(interest)
    file.changed.add(wake)
    const watchers = EpollFile.#watchers.get(file)
    if (watchers === undefined) EpollFile.#watchers.set(file, new Set([this]))
    else watchers.add(this)
    this.changed.wake()
  }

  #change(interest: Interest, { events, data }: EpollEvent): void {
    interest.events = events >>> 0
    interest.data = data
    interest.fresh = true
    interest.disabled = false
    this.changed.wake()
  }

  #remove(at: number): void {
    const [interest] = this.#interests.splice(at, 1)
    if (interest !== undefined) interest.file.changed.remove(interest.wake)
  }

  /** A descriptor is closed: with the last one for a file, nobody watches it any more. */
  static forget(file: OpenFile, fd: number): void {
    for (const epoll of EpollFile.#watchers.get(file) ?? []) {
      const at = epoll.#interests.findIndex((interest) => interest.file === file && interest.fd === fd)
      if (at >= 0) epoll.#remove(at)
    }
  }

  wait(most: number, timeoutMs: number): Result<EpollEvent[]> {
    const attempt = (): EpollEvent[] | Blocked => {
      const ready = this.#take(most)
      return ready.length > 0 ? ready : BLOCKED
    }
    return this.#waiting.call(attempt, [this.changed], patienceOf(timeoutMs), () => [], this.hold)
  }

  #take(most: number): EpollEvent[] {
    const ready: EpollEvent[] = []
    for (const interest of this.#interests) {
      if (ready.length === most) break
      const events = this.#bitsOf(interest)
      if (events === 0) continue
      interest.fresh = false
      if ((interest.events & EPOLLONESHOT) !== 0) interest.disabled = true
      ready.push({ events, data: interest.data })
    }
    return ready
  }

  #bitsOf({ file, events, fresh, disabled }: Interest): number {
    if (disabled || ((events & EPOLLET) !== 0 && !fresh)) return 0
    return file.poll() & (events | ALWAYS)
  }

  override poll(): number {
    return this.#interests.some((interest) => this.#bitsOf(interest) !== 0) ? EPOLLIN | EPOLLRDNORM : 0
  }

  override release(): void {
    while (this.#interests.length > 0) this.#remove(0)
  }
}

function required(event: EpollEvent | undefined): EpollEvent {
  if (event === undefined) throw new SocketError('EFAULT')
  return event
}
