import type { PollFd, Result } from './api.ts'
import { POLLERR, POLLHUP, POLLNVAL } from './constants.ts'
import { SocketError } from './errno.ts'
import type { OpenFile } from './file.ts'
import { BLOCKED, type Blocked, type Waiting } from './waiting.ts'

/** poll(2). A number below 0 is passed over; one that is not open has POLLNVAL. */
export function pollFiles(
  waiting: Waiting,
  find: (fd: number) => OpenFile | null,
  fds: readonly PollFd[],
  timeoutMs: number,
): Result<number> {
  const patience = patienceOf(timeoutMs)
  const files = fds.map(({ fd }) => (fd < 0 ? null : find(fd)))
  const attempt = (): number | Blocked => {
    let ready = 0
    for (let i = 0; i < fds.length; i++) {
      const entry = fds[i] as PollFd
      entry.revents = bitsOf(entry, files[i] ?? null)
      if (entry.revents !== 0) ready++
    }
    return ready > 0 ? ready : BLOCKED
  }
  const open = files.filter((file) => file !== null)
  const hold = (): (() => void) => {
    const ends = open.map((file) => file.hold())
    return () => {
      for (const end of ends) end()
    }
  }
  return waiting.call<number>(
    attempt,
    open.map((file) => file.changed),
    patience,
    () => 0,
    hold,
  )
}

/** Milliseconds as `poll` and `epoll_wait` have them. @throws EINVAL */
export function patienceOf(timeoutMs: number): number {
  if (typeof timeoutMs !== 'number' || Number.isNaN(timeoutMs)) throw new SocketError('EINVAL')
  return timeoutMs < 0 ? Number.POSITIVE_INFINITY : timeoutMs * 1000
}

function bitsOf({ fd, events }: PollFd, file: OpenFile | null): number {
  if (fd < 0) return 0
  return file === null ? POLLNVAL : file.poll() & (events | POLLERR | POLLHUP)
}
