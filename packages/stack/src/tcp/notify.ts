import { awaitAnswer, Turns } from './awaited-answer.ts'
import { connectionOf } from './connection.ts'
import { hasRoom } from './send-buffer.ts'
import type { Tcb } from './tcb.ts'
import { ConnectionEvent } from './wants.ts'

/**
 * Tells a connection's application what has happened since it was last told. Events that come while it is being told
 * put the connection on the list again.
 */
export function dispatchEvents(tcb: Tcb): void {
  const { events } = tcb
  tcb.events = 0
  tcb.notifyQueued = false
  // Not accepted yet: whoever accepts it is told then.
  if (tcb.listener !== null) {
    if (tcb.listener.handler?.answersLater) awaitAnswer(tcb, Turns.Accepts)
    return
  }
  if ((events & ConnectionEvent.Connect) !== 0) call(tcb, ConnectionEvent.Connect)
  if ((events & ConnectionEvent.Urgent) !== 0) call(tcb, ConnectionEvent.Urgent)
  if ((events & ConnectionEvent.Readable) !== 0) call(tcb, ConnectionEvent.Readable)
  if ((events & ConnectionEvent.Writable) !== 0 && hasRoom(tcb)) {
    tcb.wantsWritable = false
    call(tcb, ConnectionEvent.Writable)
  }
  if ((events & ConnectionEvent.FinAcked) !== 0) call(tcb, ConnectionEvent.FinAcked)
  if ((events & ConnectionEvent.SoftError) !== 0) call(tcb, ConnectionEvent.SoftError)
  if ((events & ConnectionEvent.Close) !== 0) call(tcb, ConnectionEvent.Close)
}

function call(tcb: Tcb, event: number): void {
  const { handler } = tcb
  if (handler === null) return
  const connection = connectionOf(tcb)
  try {
    switch (event) {
      case ConnectionEvent.Connect:
        handler.onConnect?.(connection)
        return
      case ConnectionEvent.Readable:
        handler.onReadable?.(connection)
        if (handler.answersLater) awaitAnswer(tcb, Turns.Told)
        return
      case ConnectionEvent.Writable:
        handler.onWritable?.(connection)
        return
      case ConnectionEvent.FinAcked:
        handler.onFinAcked?.(connection)
        return
      case ConnectionEvent.Urgent:
        handler.onUrgent?.(connection)
        return
      case ConnectionEvent.SoftError:
        handler.onSoftError?.(connection, tcb.softNews)
        return
      default:
        if (tcb.closeReason !== undefined) handler.onClose?.(connection, tcb.closeReason)
    }
  } catch (error) {
    tcb.tcp.engine.callOut(() => {
      throw error
    })
  }
}
