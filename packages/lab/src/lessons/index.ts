import { blindInjection } from './blind-injection.ts'
import { bufferbloat } from './bufferbloat.ts'
import { congestionAvoidance } from './congestion-avoidance.ts'
import { delayedAck } from './delayed-ack.ts'
import { ecn } from './ecn.ts'
import { fairness } from './fairness.ts'
import { fastRetransmit } from './fast-retransmit.ts'
import { halfClose } from './half-close.ts'
import { handshake } from './handshake.ts'
import { keepalive } from './keepalive.ts'
import type { Lesson } from './lesson.ts'
import { lostSyn } from './lost-syn.ts'
import { nagle } from './nagle.ts'
import { pathMtu } from './pmtu-black-hole.ts'
import { rack } from './rack.ts'
import { receiveWindow } from './receive-window.ts'
import { rstChallenge } from './rst-challenge.ts'
import { rtoKarn } from './rto-karn.ts'
import { sack } from './sack.ts'
import { sequenceNumbers } from './sequence-numbers.ts'
import { sillyWindow } from './silly-window.ts'
import { simultaneousOpen } from './simultaneous-open.ts'
import { slowStart } from './slow-start.ts'
import { spuriousTimeout } from './spurious-timeout.ts'
import { synFlood } from './syn-flood.ts'
import { tailLoss } from './tail-loss.ts'
import { timeWait } from './time-wait.ts'
import { windowScaling } from './window-scaling.ts'

export { type Inline, inline } from './inline.ts'
export type * from './lesson.ts'

/** In the order in which they are taught. */
export const LESSONS: readonly Lesson[] = [
  handshake,
  sequenceNumbers,
  lostSyn,
  simultaneousOpen,
  delayedAck,
  nagle,
  receiveWindow,
  sillyWindow,
  slowStart,
  windowScaling,
  rtoKarn,
  fastRetransmit,
  sack,
  rack,
  tailLoss,
  spuriousTimeout,
  congestionAvoidance,
  fairness,
  bufferbloat,
  ecn,
  pathMtu,
  halfClose,
  timeWait,
  keepalive,
  rstChallenge,
  blindInjection,
  synFlood,
]
