import type { ByteRing } from './byte-ring.ts'
import type { TcpCounters } from './counters.ts'
import type { Tcb } from './tcb.ts'

/** Neither of them knows the connection, or it would never be forgotten. */
interface LeftBehind {
  readonly ring: ByteRing
  readonly counters: TcpCounters
}

const registry = new FinalizationRegistry<LeftBehind>(({ ring, counters }) => {
  if (ring.block < 0) return
  ring.release()
  counters.forgottenReleased++
})

/**
 * A connection that is over is in no table any more, and no limit counts it; but what it has received and nobody has read still
 * takes up memory. An application that lets go of it without `close()` would lose that for good: it comes back when the
 * garbage collector has taken the connection. Once per connection with unread data at its end, so it costs nothing elsewhere.
 */
export function releaseWhenForgotten(tcb: Tcb): void {
  registry.register(tcb, { ring: tcb.receiveRing, counters: tcb.tcp.counters })
}
