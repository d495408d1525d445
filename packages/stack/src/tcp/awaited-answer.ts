import type { TcpContext } from './context.ts'
import type { Tcb } from './tcb.ts'
import { wantOutput } from './wants.ts'

/*
 * An application that acts in a turn of the host's loop of its own, as Node's sockets do, answers after the end of the burst: the ACK
 * of a request or a FIN has left by then, and the answer is a second packet. So what is owed to the peer waits for that turn, which
 * is nothing beside the delay that an ACK may have anyway (MUST-40, DEL-01).
 */

/** Turns that pass before a connection's application has acted: one when it was told, two when it has to accept it first. */
export const Turns = { Told: 1, Accepts: 2 } as const

/** The application has been told of what came, and will act soon. */
export function awaitAnswer(tcb: Tcb, turns: number): void {
  if (!tcb.ackNow || tcb.answerTurns > 0) return
  tcb.answerTurns = turns
  tcb.tcp.answers.push(tcb)
}

/** Bulk data, and what tells of gaps, is acknowledged at once (SHLD-19, R5681-11). */
export function awaitsAnswer(tcb: Tcb): boolean {
  return tcb.answerTurns > 0 && tcb.outOfOrder === null && tcb.unackedBytes < 2 * tcb.rcvMss
}

/** All applications have been told, and have asked for their turns: what was put on the list since waits until these are over. */
export function waitForAnswers(tcp: TcpContext): void {
  const count = tcp.answers.size - tcp.answersTimed
  if (count === 0) return
  tcp.answersTimed += count
  tcp.engine.clock.soon(() => tcp.engine.run(() => turnPassed(tcp, count)))
}

/** What was not answered is acknowledged now. */
function turnPassed(tcp: TcpContext, count: number): void {
  tcp.answersTimed -= count
  for (let left = count; left > 0; left--) {
    const tcb = tcp.answers.shift() as Tcb
    tcb.answerTurns--
    if (!tcb.ackNow) tcb.answerTurns = 0
    else if (tcb.answerTurns > 0) tcp.answers.push(tcb)
    else wantOutput(tcb)
  }
}
