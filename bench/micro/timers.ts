import { Timer, TimerQueue } from '../../packages/stack/src/core/timer.ts'
import type { Case } from './case.ts'

const CONNECTIONS = 1000

/** A connection's deadline is a field; the queue knows the earliest one, and looks again when it fires. */
class Lazy {
  deadline = Number.NaN
  readonly timer = new Timer(() => {})
}

const queue = new TimerQueue()
const lazy = Array.from({ length: CONNECTIONS }, () => new Lazy())
let now = 0

function postpone(): number {
  const connection = lazy[now++ % CONNECTIONS]
  connection.deadline = now + 200_000
  queue.setEarlier(connection.timer, connection.deadline)
  return connection.deadline
}

const eager = Array.from({ length: CONNECTIONS }, () => new Timer(() => {}))

function move(): number {
  const timer = eager[now++ % CONNECTIONS]
  queue.set(timer, now + 200_000)
  return timer.slot
}

const handles = new Array<NodeJS.Timeout | undefined>(CONNECTIONS)
const nothing = (): void => {}

function hostTimer(): number {
  const i = now++ % CONNECTIONS
  clearTimeout(handles[i])
  handles[i] = setTimeout(nothing, 200)
  handles[i].unref()
  return i
}

export const TIMERS: Case = {
  name: 'the retransmission timer, moved by every ACK, of 1,000 connections',
  ways: [
    { name: 'a field, and a queue that looks again', times: 1, run: postpone },
    { name: 'the queue, told every time', times: 1, run: move },
    { name: 'clearTimeout and setTimeout', times: 1, run: hostTimer },
  ],
}
