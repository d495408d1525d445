import { MILLISECOND } from '../core/timer.ts'
import type { Tcb } from './tcb.ts'
import { armStarved } from './timers.ts'
import { ConnectionEvent, notify } from './wants.ts'

/** When the stack had no memory for a write: the next look (Linux waits 2 to 200 ms). */
const STARVED_WAIT = 100 * MILLISECOND

/** The smallest block worth asking for when larger ones are not to be had. */
const SMALLEST = 4096

/**
 * What the send ring may hold now: twice the congestion window, or as often as the algorithm needs it, between the settings'
 * bounds (Linux's auto-tuning). What was SACKed has left the network and only waits for a hole to be filled: with it counted, recovery would run out of new data.
 */
export function sendLimit(tcb: Tcb): number {
  if (tcb.own.sendBuffer > 0) return tcb.own.sendBuffer
  const { sendBuffer, sendBufferMax } = tcb.tcp.config
  const windows = tcb.congestion.sendBufferWindows ?? 2
  return Math.min(sendBufferMax, Math.max(sendBuffer, windows * tcb.cwnd) + tcb.sent.sackedBytes)
}

/** Bytes the application may write now: room in the buffer, and not more unsent ones than it wants (TCP_NOTSENT_LOWAT). */
export function writableBytes(tcb: Tcb): number {
  if (tcb.finQueued || tcb.closeReason !== undefined) return 0
  return Math.max(0, Math.min(sendLimit(tcb) - tcb.sendQueued, tcb.notSentLowWater - tcb.unsent))
}

/**
 * Whether a writer that had to stop is told to go on: with a third of the buffer free, so that it is not woken for
 * every ACK (Linux's sk_stream_write_space), and half of its low-water mark. SACKed bytes are no part of what has to drain.
 */
export function hasRoom(tcb: Tcb): boolean {
  if (!tcb.wantsWritable || tcb.closeReason !== undefined) return false
  const limit = sendLimit(tcb)
  return 3 * (limit - tcb.sendQueued) >= limit - tcb.sent.sackedBytes && 2 * tcb.unsent <= tcb.notSentLowWater
}

/** Data has left for the first time: one that waits for its low-water mark may be due. */
export function afterSend(tcb: Tcb): void {
  if (tcb.wantsWritable && tcb.notSentLowWater !== Number.POSITIVE_INFINITY)
    notify(tcb, ConnectionEvent.Writable)
}

/** Makes the ring hold `length` bytes more, or as many as there is memory for. @returns how many */
export function makeRoom(tcb: Tcb, length: number): number {
  const { sendRing, sendQueued } = tcb
  for (let room = length; room > 0; room = room > SMALLEST ? room >>> 1 : 0) {
    if (sendRing.ensure(sendQueued + room, sendQueued)) return room
    const left = sendRing.capacity - sendQueued
    if (left > 0) return Math.min(left, length)
  }
  return 0
}

/** Nothing could be taken, and nothing in flight will make room: somebody has to look again. */
export function noteStarved(tcb: Tcb): void {
  tcb.tcp.counters.writesNoMemory++
  armStarved(tcb, tcb.tcp.engine.clock.now() + STARVED_WAIT)
}

export function onStarvedTimeout(tcb: Tcb): void {
  if (tcb.wantsWritable) notify(tcb, ConnectionEvent.Writable)
}
